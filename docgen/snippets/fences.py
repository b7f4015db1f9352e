"""Finds the `{snippet}` directives of a MyST text, with exact line numbers.

Only what MyST would execute as a directive counts: a directive shown inside a code
block is an example and is left alone; one inside another directive is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

NAME = "snippet"
"""Name of the directive."""

_OPENER = re.compile(r"^([ \t]*)(`{3,}|~{3,}|:{3,})[ \t]*(.*)$")
_INFO = re.compile(r"^\{([^}]+)\}[ \t]*(.*)$")
_OPTION = re.compile(r"^[ \t]*:([A-Za-z][\w-]*):(?:[ \t]+(.*?))?[ \t]*$")
_MORE = re.compile(r"^[ \t]*:(?!::)(?:[ \t]+(.*?))?[ \t]*$")

_LITERAL = {
    "code", "code-block", "code-cell", "sourcecode", "parsed-literal", "literalinclude", "math",
    "eval-rst", "raw", "mermaid", "graphviz", "csv-table", "highlight", "include",
}  # fmt: skip
"""Directives whose body is not MyST text."""


@dataclass(frozen=True)
class Option:
    """One `:name: value` line of a directive."""

    name: str
    """Name as written."""
    value: str
    """Value without quotes; lines of a block joined by newlines."""
    line: int
    """Line it starts on, from 1."""


@dataclass
class Directive:
    """A `{snippet}` directive as written."""

    argument: str
    """What follows the name."""
    line: int
    """Line of the opening fence, from 1."""
    end_line: int
    """Line of the closing fence; the last line of the text where it is missing."""
    closed: bool
    """Whether there is a closing fence."""
    options: list[Option] = field(default_factory=list)
    """Options in order; a name may come more than once."""
    body: str = ""
    """The commands, without the fence's indentation."""


def find(text: str) -> Iterator[Directive]:
    """Yield the snippet directives of a text in order."""
    yield from _scan(text.split("\n"), 0, len(text.split("\n")))


def _scan(lines: list[str], start: int, end: int) -> Iterator[Directive]:
    """Yield the directives between two line indices."""
    at = start
    while at < end:
        opener = _OPENER.match(lines[at])
        if opener is None or (opener[2][0] == "`" and "`" in opener[3]):
            at += 1
            continue
        close = _closing(lines, at, end, opener[2])
        name, argument = _info(opener[3])
        if name == NAME:
            found = Directive(argument, at + 1, min(close + 1, len(lines)), close < end)
            indent = len(opener[1].expandtabs(4))
            _read([_dedent(line, indent) for line in lines[at + 1 : close]], found)
            yield found
        elif name and name not in _LITERAL:
            yield from _scan(lines, at + 1, min(close, end))
        at = close + 1


def _info(text: str) -> tuple[str, str]:
    """Return name and argument of a directive; empty for a plain code block."""
    match = _INFO.match(text.strip())
    return (match[1].strip(), " ".join(match[2].split())) if match else ("", "")


def _closing(lines: list[str], at: int, end: int, fence: str) -> int:
    """Return the index of the line that closes a fence; `end` where none does.

    A colon fence of the same length nests; a fence of backticks or tildes never does.
    """
    depth = 1
    pattern = re.compile(rf"^[ \t]*({re.escape(fence[0])}{{{len(fence)},}})[ \t]*(.*)$")
    for index in range(at + 1, end):
        match = pattern.match(lines[index])
        if match is None:
            continue
        if not match[2]:
            depth -= 1
            if depth == 0:
                return index
        elif fence[0] == ":" and len(match[1]) == len(fence) and match[2].startswith("{"):
            depth += 1
    return end


def _read(inner: list[str], found: Directive) -> None:
    """Fill in options and body from the lines between the fences."""
    used = _options(inner, found.line + 1, found.options)
    while used < len(inner) and not inner[used].strip():
        used += 1
    found.body = "\n".join(inner[used:]).rstrip()


def _dedent(line: str, indent: int) -> str:
    """Return a line without at most `indent` leading blanks."""
    line = line.expandtabs(4) if line[:indent].count("\t") else line
    return line[min(indent, len(line) - len(line.lstrip(" "))) :]


def _options(inner: list[str], first: int, found: list[Option]) -> int:
    """Read the option lines at the start of a body; return how many lines they take."""
    dashed = bool(inner) and inner[0].startswith("---")
    if dashed:
        inner = ["", *(re.sub(r"^([A-Za-z][\w-]*):", r":\1:", t) for t in inner[1:])]
    used = 1 if dashed else 0
    while used < len(inner):
        if dashed and inner[used].startswith("---"):
            return used + 1
        option = _OPTION.match(inner[used])
        more = None if option else _MORE.match(inner[used])
        if option is not None:
            found.append(Option(option[1], _unquote(option[2] or ""), first + used))
        elif found and (more is not None or dashed):
            _extend(found, (more[1] or "") if more is not None else inner[used].strip())
        else:
            break
        used += 1
    return used


def _extend(found: list[Option], text: str) -> None:
    """Add a continuation line to the last option; `|` opens a block of lines."""
    last = found[-1]
    before = "" if last.value in ("|", ">", "|-", ">-") else last.value
    value = f"{before}\n{text}" if before else text
    found[-1] = Option(last.name, value, last.line)


def _unquote(value: str) -> str:
    """Return a value without the quotes around it."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value
