"""Commands in fences and inline code: words, environment, and the folder they run in."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

PLACEHOLDER = re.compile(r"[<>{}$*\[\]?|`]|\.\.\.|…")
"""Parts that stand for something that the reader fills in."""

SHELLS = frozenset(
    {"", "sh", "bash", "shell", "console", "shell-session", "zsh", "{snippet}", "shellsession",
     "terminal", "bash-session"}
)  # fmt: skip
"""Languages of fences that may hold commands."""

_ANGLED = re.compile(r"<([\w ./|,-]+)>")
_BRACKETED = re.compile(r"\[([\w./-]+(?: [\w./-]+)+)\]")
_PROMPT = re.compile(r"^\s*(?:\([\w.-]+\)\s*)?(?:[\w.@:~/-]*\s*)?[$%]\s+(?=\S)")
_ASSIGN = re.compile(r"^([A-Za-z_]\w*)=(.*)$", re.DOTALL)
_TAKES_WORD = ("-o", "-W", "-I", "-l")
_PLAIN = re.compile(r"[ \t\r\n!#-%(-:=?-\[\]-{}~]*")
_WRAPPERS = frozenset({"sudo", "time", "nohup", "exec", "command"})


@dataclass(frozen=True)
class Invocation:
    """One command as the reader would type it."""

    words: tuple[str, ...]
    """Its words, without prompt, `sudo` and assignments."""
    line: int
    """Line of the document that it begins in."""
    environment: dict[str, str] = field(default_factory=dict)
    """Variables that are set in front of it."""
    folder: str | None = ""
    """Folder that it runs in, relative to the root; None where nobody knows."""
    prompted: bool = False
    """Whether it stands behind a prompt."""


def invocations(text: str, line: int, folder: str | None = "") -> Iterator[Invocation]:
    """Yield the commands of a text in order; `cd` is followed.

    Args:
        text: Shell text; where some lines have a prompt, the others are output.
        line: Line of the document that the text begins in.
        folder: Folder that the first command runs in.
    """
    lines = text.splitlines()
    prompts = [bool(_PROMPT.match(one)) for one in lines]
    only_prompted = any(prompts)
    here = folder
    for number, one in _joined(lines):
        prompted = prompts[number]
        if only_prompted and not prompted:
            continue
        command = _PROMPT.sub("", one) if prompted else one
        for words, environment in _split(command):
            if words and words[0] in ("cd", "pushd"):
                here = _moved(here, words[1] if len(words) > 1 else "")
            yield Invocation(words, line + number, environment, here, prompted)


def folder_after(text: str, folder: str | None) -> str | None:
    """Return the folder that the commands of a text end in."""
    for one in invocations(text, 1, folder):
        folder = one.folder
    return folder


def _joined(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield lines with their number; those that a backslash or an open quote goes on are one."""
    held, start = "", 0
    for number, one in enumerate(lines):
        start = start if held else number
        if one.rstrip().endswith("\\"):
            held += one.rstrip()[:-1] + " "
            continue
        yield start, held + one
        held = ""
    if held:
        yield start, held


@lru_cache(maxsize=4096)
def _split(command: str) -> tuple[tuple[tuple[str, ...], dict[str, str]], ...]:
    """Return words and environment of each command of a line."""
    return tuple(_commands(command))


def _words(text: str) -> list[str]:
    """Return the words of a line; raise ValueError where a quote stays open."""
    if _PLAIN.fullmatch(text):
        return text.split()
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)


def _commands(command: str) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """Yield words and environment of each command of a line."""
    try:
        words = _words(_ANGLED.sub(_filled, _BRACKETED.sub(_filled, command.strip())))
    except ValueError:
        return
    held: list[str] = []
    target_follows = False
    for word in words:
        if word.startswith("#"):
            break
        if word and set(word) <= set(";&|<>"):
            redirects = bool(set(word) & {"<", ">"})
            if redirects and held and held[-1].isdigit():
                held.pop()
            if not redirects:
                yield _environment(held)
                held = []
            target_follows = redirects
        elif target_follows:
            target_follows = False
        else:
            held.append(word)
    yield _environment(held)


def _filled(match: re.Match[str]) -> str:
    """Return a part that the reader fills in, as one word."""
    return "{" + match.group(1).replace(" ", "_") + "}"


def _environment(words: list[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return a command without what stands in front of it, and the variables set there."""
    environment: dict[str, str] = {}
    rest = list(words)
    while rest:
        match = _ASSIGN.match(rest[0])
        if match:
            environment[match.group(1)] = match.group(2)
        elif rest[0] not in _WRAPPERS and rest[0] != "env":
            break
        rest.pop(0)
    return tuple(rest), environment


def _moved(here: str | None, there: str) -> str | None:
    """Return the folder after `cd`; None where it cannot be known."""
    if PLACEHOLDER.search(there) or there.startswith(("/", "~", "-")) or here is None:
        return None
    moved = posixpath.normpath(posixpath.join(here, there)) if there else None
    return "" if moved == "." else moved


def make_words(one: Invocation) -> tuple[str, str, list[str], dict[str, str]]:
    """Return the file and the folder that `make` is given, its targets and its variables."""
    makefile = folder = ""
    wanted: list[str] = []
    given = dict(one.environment)
    words = iter(one.words[1:])
    for word in words:
        if word in ("-f", "--file", "--makefile"):
            makefile = next(words, "").removeprefix("./")
        elif word in ("-C", "--directory"):
            folder = next(words, "")
        elif word in _TAKES_WORD:
            next(words, "")
        elif match := _ASSIGN.match(word):
            given[match.group(1)] = match.group(2)
        elif not word.startswith("-") and not word.isdecimal():
            wanted.append(word)
    return makefile, folder, wanted, given
