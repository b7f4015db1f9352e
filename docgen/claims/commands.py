"""Commands held against a tree: make targets, programs, options and their values.

Nothing is executed. A part that the tree lacks is a finding that does not hold, with
the nearest right name; a part that cannot be decided from the files is left out.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from docgen.catalog import Catalog, Flag, MakeTarget, Source
from docgen.claims.arguments import CLOSED, PYTHON

MAX_CALLS = 200
"""Targets that are followed from one target to what its recipe makes."""

_VARIABLE = re.compile(r"^([A-Za-z_]\w*)=(.*)$", re.DOTALL)
_ENDS = ("|", "||", "&&", ";", ">", ">>", "2>&1", "&", "#")
_TAKES_WORD = ("-f", "--file", "--makefile", "-C", "--directory", "-o", "-W", "-I")
_PLACEHOLDER = re.compile(r"[<>{}$*\[\]]|\.\.\.")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One part of a command, and whether the tree has it."""

    kind: str
    """`target`, `variable`, `program`, `flag` or `value`."""
    claimed: str
    """The part as written."""
    holds: bool
    """Whether the tree has it."""
    line: int = 0
    """Line of the document that it stands in; 0 where there is none."""
    source: Source | None = None
    """Where the tree has it, or where it says what else is allowed."""
    nearest: str = ""
    """Nearest right name, where it does not hold and one is near."""
    detail: str = ""
    """What is wrong, in words; empty where it holds."""


_Inside = tuple[dict[str, MakeTarget], list[tuple[re.Pattern[str], MakeTarget]]]


class Tools:
    """What a tree offers to those who type commands."""

    def __init__(self, catalog: Catalog) -> None:
        """Index the make targets, programs, options and the names of configurations."""
        self.makes = catalog.makes
        self.checked: dict[tuple[str, int], tuple[Finding, ...]] = {}
        """What `check_command` found, by text and line: guides repeat their commands."""
        self._files: dict[str, _Inside] = {}
        self._reached: dict[int, list[MakeTarget]] = {}
        self._anywhere = {t.name: t for t in reversed(catalog.makes)}
        self.programs = {
            c.name.removeprefix(PYTHON): c for c in catalog.commands if c.name.startswith(PYTHON)
        }
        self.fields = {s.name: s for s in catalog.fields if CLOSED not in s.limits}
        self._known = {
            "benchmarks": _benchmarks(catalog),
            "scenarios": {e.scenario for e in catalog.entries}
            | {w.name for w in catalog.words if w.enum == "Scenario"},
        }

    def target(self, name: str, makefile: str = "") -> MakeTarget | None:
        """Return the target that make would take for a name; None where there is none."""
        plain, patterns = self._inside(makefile)
        if name in plain:
            return plain[name]
        return next((t for pattern, t in patterns if pattern.fullmatch(name)), None)

    def _inside(self, makefile: str) -> _Inside:
        """Return the targets of a Makefile: plain ones by name, and patterns."""
        if makefile not in self._files:
            plain: dict[str, MakeTarget] = {}
            patterns: list[tuple[re.Pattern[str], MakeTarget]] = []
            for target in self._of(makefile):
                if target.pattern:
                    text = re.escape(target.name).replace("%", "(.+)", 1)
                    patterns.append((re.compile(text), target))
                else:
                    plain.setdefault(target.name, target)
            self._files[makefile] = plain, patterns
        return self._files[makefile]

    def _of(self, makefile: str) -> list[MakeTarget]:
        """Return the targets of the Makefile that is read by itself, or of one named."""
        return [t for t in self.makes if makefile in (t.makefile, t.source.path)]

    def names(self, makefile: str = "") -> list[str]:
        """Return the names of all targets of the Makefile that is read by itself or named."""
        return [t.name for t in self._of(makefile)]

    def reached(self, target: MakeTarget) -> list[MakeTarget]:
        """Return a target and those that it makes, in the order in which they are met."""
        if id(target) not in self._reached:
            self._reached[id(target)] = self._reach(target)
        return self._reached[id(target)]

    def _reach(self, target: MakeTarget) -> list[MakeTarget]:
        """Return a target and those that it makes, found anew."""
        found, open_ones, seen = [target], [target], {id(target)}
        while open_ones and len(found) < MAX_CALLS:
            one = open_ones.pop(0)
            for name in (*one.needs, *one.calls):
                other = self.target(name, one.makefile) or self._anywhere.get(name)
                if other is not None and id(other) not in seen:
                    seen.add(id(other))
                    found.append(other)
                    open_ones.append(other)
        return found

    def programs_of(self, target: MakeTarget, variable: str) -> list[str]:
        """Return the programs that get a variable of make as arguments, via calls too."""
        runs = [run for one in self.reached(target) for run in one.runs]
        return list(dict.fromkeys(r.program for r in runs if variable in r.variables))

    def flag(self, name: str, programs: Iterable[str]) -> tuple[Source, tuple[str, ...]] | None:
        """Return place and choices of an option of some programs, or of a declared field."""
        for program in programs:
            command = self.programs.get(program)
            for flag in command.flags if command is not None else ():
                if name in flag.names:
                    return flag.source, _choices(flag)
        spec = self.fields.get(name.lstrip("-")) if name.startswith("--") else None
        if spec is None:
            return None
        return spec.source, tuple(str(choice) for choice in spec.choices)

    def flags(self, programs: Iterable[str]) -> list[str]:
        """Return the names of every option that some programs may take."""
        own = [n for p in programs if p in self.programs for f in self.programs[p].flags
               for n in f.names]  # fmt: skip
        return [*own, *(f"--{name}" for name in self.fields)]

    def values(self, flag: str) -> set[str]:
        """Return the words that an option names configurations by; empty for the others."""
        return self._known.get(flag.lstrip("-"), set())


def check_command(text: str, tools: Tools, line: int = 0) -> list[Finding]:
    """Return what is claimed by the commands in a text, each part with whether it holds.

    Args:
        text: Shell text; lines of several commands are taken one by one.
        tools: What the tree offers.
        line: Line of the document that the text begins in; 0 for none.
    """
    if (text, line) not in tools.checked:
        tools.checked[text, line] = tuple(_check(text, tools, line))
    return list(tools.checked[text, line])


def _check(text: str, tools: Tools, line: int) -> list[Finding]:
    """Return what is claimed by the commands in a text."""
    findings: list[Finding] = []
    joined = text.replace("\\\n", " ")
    for number, one in enumerate(joined.splitlines()):
        at = line + number if line else 0
        for words in _commands(one):
            if words[0] == "make":
                findings += _make(words[1:], tools, at)
            elif re.fullmatch(r"python[\d.]*", words[0]):
                findings += _python(words[1:], tools, at)
    return findings


def _commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of a line, without prompt, `sudo` and environment."""
    try:
        words = shlex.split(text.strip().removeprefix("$ "), comments=True)
    except ValueError:
        return
    held: list[str] = []
    for word in [*words, ";"]:
        end = word in _ENDS
        if not end:
            held.append(word.rstrip(";") if word.endswith(";") else word)
        if end or word.endswith(";"):
            while held and (held[0] == "sudo" or _VARIABLE.match(held[0])):
                held.pop(0)
            if held:
                yield held
            held = []


def _make(words: list[str], tools: Tools, line: int) -> Iterator[Finding]:
    """Yield the findings of `make` with its words."""
    makefile, wanted, given = "", [], []
    rest = iter(words)
    for word in rest:
        if word in _TAKES_WORD:
            value = next(rest, "")
            makefile = value.removeprefix("./") if word in _TAKES_WORD[:3] else makefile
        elif match := _VARIABLE.match(word):
            given.append((match.group(1), match.group(2)))
        elif not word.startswith("-") and not word.isdecimal():  # `-j 4`
            wanted.append(word)
    targets = []
    for name in wanted:
        if _PLACEHOLDER.search(name):
            continue
        target = tools.target(name, makefile)
        names = tools.names(makefile)
        if target is None:
            where = f" in {makefile}" if makefile else ""
            yield _missing(("target", name), names, f"no target of that name{where}", line)
            continue
        targets.append(target)
        yield Finding(kind="target", claimed=name, holds=True, line=line, source=target.source)
    for variable, value in given:
        yield from _variable(variable, value, targets, tools, line)


def _variable(
    variable: str, value: str, targets: list[MakeTarget], tools: Tools, line: int
) -> Iterator[Finding]:
    """Yield the findings of `VARIABLE=value`: whether a target uses it, and its options."""
    reached = [one for target in targets for one in tools.reached(target)]
    user = next((t for t in reached if variable in t.variables), None)
    if targets and user is None:
        known = [name for t in reached for name in t.variables]
        yield _missing(("variable", variable), known, "no recipe of the target uses it", line)
    elif user is not None:
        yield Finding(kind="variable", claimed=variable, holds=True, line=line, source=user.source)
        programs = [p for t in targets for p in tools.programs_of(t, variable)]
        if value.startswith("-") and programs:
            try:
                yield from _options(shlex.split(value), programs, tools, line)
            except ValueError:
                return


def _python(words: list[str], tools: Tools, line: int) -> Iterator[Finding]:
    """Yield the findings of `python` with its words; programs that nobody knows are left out."""
    module, rest = ("", words)
    if len(words) > 1 and words[0] == "-m":
        module, rest = words[1], words[2:]
    elif words and words[0].endswith(".py"):
        module = words[0].removesuffix(".py").removeprefix("./").replace("/", ".")
        rest = words[1:]
    command = tools.programs.get(module)
    if command is not None:
        yield Finding(kind="program", claimed=module, holds=True, line=line, source=command.source)
        yield from _options(rest, [module], tools, line)


def _options(words: list[str], programs: list[str], tools: Tools, line: int) -> Iterator[Finding]:
    """Yield the findings of options and their values."""
    place = 0
    while place < len(words):
        word = words[place]
        place += 1
        if not word.startswith("-") or _PLACEHOLDER.search(word.partition("=")[0]):
            continue
        name, sign, value = word.partition("=")
        if not sign and place < len(words) and not words[place].startswith("-"):
            value = words[place]
        known = tools.flag(name, programs)
        if known is None:
            names = tools.flags(programs)
            yield _missing(("flag", name), names, "no option of that name", line)
            continue
        source, choices = known
        yield Finding(kind="flag", claimed=name, holds=True, line=line, source=source)
        yield from _values(name, value, (source, choices), tools, line)


def _values(
    flag: str, value: str, known: tuple[Source, tuple[str, ...]], tools: Tools, line: int
) -> Iterator[Finding]:
    """Yield a finding for the value of an option whose allowed ones are known."""
    source, choices = known
    if not value or _PLACEHOLDER.search(value):
        return
    names = tools.values(flag)
    allowed = {name.lower() for name in names} if names else set(choices)
    if not allowed:
        return
    for part in value.split(",") if names else [value]:
        claimed = f"{flag}={part}"
        if (part.lower() if names else part) in allowed:
            yield Finding(kind="value", claimed=claimed, holds=True, line=line, source=source)
            continue
        shown = ", ".join(sorted(choices or names)[:8])
        detail = f"none of its values: {shown}"
        missing = _missing(
            ("value", claimed), [f"{flag}={a}" for a in sorted(allowed)], detail, line
        )
        yield dataclasses.replace(missing, source=source)


def _missing(part: tuple[str, str], names: Iterable[str], detail: str, line: int) -> Finding:
    """Return a finding that does not hold, with the nearest right name."""
    kind, claimed = part
    near = get_close_matches(claimed, list(dict.fromkeys(names)), n=1, cutoff=0.6)
    return Finding(
        kind=kind,
        claimed=claimed,
        holds=False,
        line=line,
        nearest=near[0] if near else "",
        detail=detail,
    )


def _choices(flag: Flag) -> tuple[str, ...]:
    """Return the values that an option allows; none for one that takes no value."""
    return () if flag.is_flag else flag.choices


def _benchmarks(catalog: Catalog) -> set[str]:
    """Return every name that a benchmark of the tree goes by."""
    names: set[str] = set()
    for workload in catalog.workloads:
        aliases = workload.properties.get("aliases") or ()
        names |= {workload.title, workload.name, *(a for a in aliases if isinstance(a, str))}
    return names
