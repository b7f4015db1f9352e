"""Makefiles read as text: targets, what they need, and which programs their recipes run.

Nothing is executed: `$(shell ...)` and what it gives stay unknown, and a target whose
name depends on it is left out. Both branches of a condition count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from docgen.catalog import MakeRun, MakeTarget, Source
from docgen.claims.variables import Variables

FIRST = ("GNUmakefile", "makefile", "Makefile")
"""Files that make reads without being told, in its order."""

MAX_FILES = 200
"""Makefiles that are read of one tree."""

MAX_BYTES = 1_000_000
"""Longest Makefile that is read."""

MAX_TARGETS = 5_000
"""Targets that are kept of one tree."""

_ASSIGN = re.compile(r"^(?:export\s+|override\s+)*([^\s:#=+?!]+)\s*(\+=|\?=|::?:?=|=)\s*(.*)$")
_INCLUDE = re.compile(r"^(?:-include|sinclude|include)\s+(.+)$")
_DEFINE = re.compile(r"^(?:export\s+|override\s+)*define\s+(\S+)\s*(?:[:?+]?=)?\s*$")
_START = re.compile(r"^(ifeq|ifneq|ifdef|ifndef)\b")
_WORDS = re.compile(r"\$[({](\w+)[)}]")
_MAKE = re.compile(
    r"(?:\$[({]MAKE[)}]|(?<![\w./`-])make)((?:[ \t]+(?:\$\(\w+\)|[^\s;&|()'\"`])+)+)"
)
_PROGRAM = re.compile(
    r"(?:\$[({]\w*PYTHON\w*[)}]|(?<![\w./-])python3?)\s+"
    r"(?:-m\s+([\w.]+)|([\w./-]+\.py))([^|&;\n]*)"
)


@dataclass
class _Rule:
    """A rule while its recipe is read."""

    names: list[str]
    """Targets on its left side."""
    source: Source
    """Where it stands."""
    needs: list[str]
    """What stands behind the colon."""
    conditional: bool
    """Whether it stands in a branch of a condition."""
    recipe: list[str] = field(default_factory=list)
    """Lines of its recipe."""


def makefiles(root: Path) -> list[Path]:
    """Return the Makefiles at the root of a tree: the one that make reads first, then others."""
    try:
        names = sorted(p.name for p in root.iterdir() if p.is_file())
    except OSError:
        return []
    first = [name for name in FIRST if name in names][:1]
    rest = [n for n in names if n.startswith("Makefile.") or n.endswith(".mk")]
    return [root / name for name in (*first, *rest)][:MAX_FILES]


def read_makefiles(root: Path) -> tuple[MakeTarget, ...]:
    """Return the targets of a tree's Makefiles, each once, as make would find them first.

    Targets that are only found with `make -f FILE` carry that file in `makefile`.
    """
    found: dict[tuple[str, str], MakeTarget] = {}
    included: set[str] = set()
    for number, path in enumerate(makefiles(root)):
        first = number == 0 and path.name in FIRST
        if path.name in included:
            continue
        reader = _Reader(root)
        reader.file(path)
        included |= reader.seen
        for target in reader.targets("" if first else path.name):
            if len(found) < MAX_TARGETS:
                found.setdefault((target.makefile, target.name), target)
    return tuple(found.values())


class _Reader:
    """Reads one Makefile and what it includes."""

    def __init__(self, root: Path) -> None:
        """Start with the variables that make itself sets."""
        self.root = root.resolve()
        self.variables = Variables({"CURDIR": ".", "MAKE": "make"})
        self.seen: set[str] = set()
        self.rules: list[_Rule] = []
        self.phony: set[str] = set()
        self._depth = 0
        self._rule: _Rule | None = None

    def file(self, path: Path) -> None:
        """Read a file; one out of the tree, too long or unreadable is passed over."""
        try:
            real = path.resolve()
            name = real.relative_to(self.root).as_posix()
            if name in self.seen or len(self.seen) >= MAX_FILES or not real.is_file():
                return
            if real.stat().st_size > MAX_BYTES:
                return
            text = real.read_bytes().decode(errors="replace")
        except (OSError, ValueError):
            return
        self.seen.add(name)
        depth, self._depth = self._depth, self._depth
        body: list[str] | None = None
        defined = ""
        for number, line in _logical(text):
            if body is not None:
                if line.strip().startswith("endef"):
                    self.variables.set(
                        defined, "=", "\n".join([*body, ""]), certain=self._depth == 0
                    )
                    body = None
                else:
                    body.append(line)
            elif start := _DEFINE.match(line.strip()):
                defined, body, self._rule = start.group(1), [], None
            else:
                self._line(line, Source(path=name, line=number), real)
        self._depth, self._rule = depth, None

    def _line(self, line: str, source: Source, path: Path) -> None:
        """Take one logical line."""
        if line.startswith("\t") and self._rule is not None:
            self._rule.recipe.append(line[1:])
            return
        text = _uncommented(line).strip()
        if not text or self._condition(text):
            return
        if included := _INCLUDE.match(text):
            for names in self.variables.expand(included.group(1)):
                for name in names.split():
                    self.file(self.root / name)
                    self.file(path.parent / name)
            return
        if assigned := _ASSIGN.match(text):
            name, sign, value = assigned.groups()
            self.variables.set(name, sign, value, certain=self._depth == 0)
            self._rule = None
            return
        self._rule_of(text, source)

    def _condition(self, text: str) -> bool:
        """Tell whether a line opens, turns or closes a condition."""
        if _START.match(text):
            self._depth += 1
        elif text == "endif":
            self._depth = max(0, self._depth - 1)
        elif not re.match(r"^else\b", text):
            return False
        return True

    def _rule_of(self, text: str, source: Source) -> None:
        """Take a rule; one that only sets a variable for its target is none."""
        text, _, inline = text.partition(";")
        left, colon, right = _split_rule(text)
        self._rule = None
        if not colon or _ASSIGN.match(right.strip()):
            return
        names = [n for full in self.variables.expand(left) for n in full.split()]
        needs = [n for full in self.variables.expand(right) for n in full.split()]
        if names == [".PHONY"]:
            self.phony.update(needs)
            return
        names = [n for n in dict.fromkeys(names) if not re.match(r"^\.[A-Z_]+$", n)]
        if names:
            needs = [n for n in dict.fromkeys(needs) if n not in ("|", ":")]
            self._rule = _Rule(names, source, needs, self._depth > 0)
            self._rule.recipe += [inline] if inline.strip() else []
            self.rules.append(self._rule)

    def targets(self, makefile: str) -> Iterator[MakeTarget]:
        """Yield every target; several rules of one target are joined as make joins them."""
        joined: dict[str, list[_Rule]] = {}
        for rule in self.rules:
            for name in rule.names:
                joined.setdefault(name, []).append(rule)
        for name, rules in joined.items():
            made = next((r for r in reversed(rules) if r.recipe), rules[0])
            recipe = self._unfolded("\n".join(made.recipe))
            yield MakeTarget(
                name=name,
                source=made.source,
                makefile=makefile,
                phony=name in self.phony,
                pattern="%" in name,
                conditional=all(r.conditional for r in rules),
                needs=tuple(dict.fromkeys(n for r in rules for n in r.needs)),
                variables=tuple(dict.fromkeys(_WORDS.findall(recipe))),
                calls=tuple(dict.fromkeys(_called(recipe))),
                runs=tuple(_runs(recipe)),
            )

    def _unfolded(self, recipe: str) -> str:
        """Return a recipe with the canned recipes of `define` in their places."""

        def body(match: re.Match[str]) -> str:
            """Return the lines of one variable, where it has several."""
            values = self.variables.raw(match.group(1))
            return next((v for v in values if "\n" in v), match.group())

        return _WORDS.sub(body, recipe)


def _called(recipe: str) -> Iterator[str]:
    """Yield the targets that a recipe makes with make itself."""
    for match in _MAKE.finditer(recipe):
        words = iter(match.group(1).split())
        for word in words:
            if word in ("-f", "-C", "-j"):
                next(words, None)
            elif re.fullmatch(r"[\w.%/-]+", word) and not word.startswith("-"):
                yield word


def _runs(recipe: str) -> Iterator[MakeRun]:
    """Yield the Python programs that a recipe starts."""
    for match in _PROGRAM.finditer(recipe.replace("\\\n", " ")):
        module, path, words = match.groups()
        program = module or path.removesuffix(".py").strip("./").replace("/", ".")
        yield MakeRun(
            program=program,
            variables=tuple(dict.fromkeys(_WORDS.findall(words))),
            flags=tuple(re.findall(r"--[\w-]+(?:=[\"']?[^\s\"'$]+)?", words.replace('"', ""))),
        )


def _split_rule(text: str) -> tuple[str, str, str]:
    """Return the two sides of a rule's colon; colons in `$(...)` are no colons."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter in "({") - (letter in ")}")
        if letter == ":" and depth == 0:
            return text[:place], ":", text[place + 1 :].lstrip(":")
    return text, "", ""


def _uncommented(line: str) -> str:
    """Return a line without its comment; an escaped mark is none."""
    return re.sub(r"(?<!\\)#.*$", "", line)


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with their number; lines that a backslash continues are joined."""
    held, start = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        start = start if held else number
        if line.endswith("\\") and not line.endswith("\\\\"):
            held += line[:-1] + " "
            continue
        yield start, held + (line.lstrip() if held else line)
        held = ""
    if held:
        yield start, held
