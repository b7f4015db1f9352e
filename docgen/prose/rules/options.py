"""Claims in options: whether a program has them, and what values they take."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

import msgspec

from docgen.catalog import Flag, Source
from docgen.prose import shell
from docgen.prose.facts import Facts
from docgen.prose.model import Block, Document, Edit, Verdict
from docgen.prose.names import nearest, plain
from docgen.prose.rules.base import broken, held
from docgen.prose.rules.table import FLAG, FLAG_VALUE, NO_CONFIG

BUILT_IN = frozenset({"--help", "-h", "--version"})
"""Options that every program has."""

SURE = 0.89
"""Similarity from which a near name is taken for the same word with a slip."""

_APART = 0.05
"""How much nearer than the next one such a name must be."""

_SHOWN = 12
"""Allowed values that a finding lists."""

_OPTION_SPAN = re.compile(r"^-+[A-Za-z][\w.-]*(?:=\S*)?$")
_OPTION_WORD = re.compile(r"(?<![\w/=-])--[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?:=\w+)?(?![\w-])")
_OPTION = re.compile(r"^-+[A-Za-z][\w.-]*$")


@dataclass
class OptionChecker:
    """Judges options of the programs of a tree."""

    document: Document
    """Document that they stand in."""
    facts: Facts
    """The tree that they are held against."""

    def own_options(
        self, words: Iterable[str], known: Mapping[str, Flag | None], path: str, line: int
    ) -> Iterator[Verdict]:
        """Yield the verdicts on the options of one program."""
        for name, value in pairs(list(words)):
            flag = known.get(name)
            if flag is None and (name in BUILT_IN or abbreviates(name, known)):
                continue
            if flag is None:
                yield self._no_flag(name, list(known), f"{path} has no option {name}", path, line)
                continue
            yield from self.flag_value(name, value, flag, line)

    def _no_flag(self, name: str, known: list[str], truth: str, path: str, line: int) -> Verdict:
        """Return the verdict on an option that a program lacks."""
        near = nearest(name, [k for k in known if k.startswith("--")])
        elsewhere = self.facts.knows(name.lstrip("-").replace("-", "_"))
        return broken(
            self.document,
            line,
            FLAG,
            name,
            truth,
            source=Source(path=path, line=1),
            nearest=near,
            severity="warning" if elsewhere and path else "",
        )

    def flag_value(self, name: str, value: str, flag: Flag, line: int) -> Iterator[Verdict]:
        """Yield the verdicts on an option and the value it is given."""
        source = flag.source
        yield held(self.document, line, FLAG.code, name, source)
        choices = flag.choices or _literal_choices(flag.type)
        named = self.facts.named_by(name) if self.facts.console_names else {}
        if named and value and not shell.PLACEHOLDER.search(value) and not value.isupper():
            yield self._one_of(name, value, named, line)
            return
        takes_none = flag.is_flag
        if choices and not takes_none and value and not shell.PLACEHOLDER.search(value):
            yield self._choice(name, value, choices, source, line)

    def _one_of(self, name: str, value: str, named: dict[str, Source], line: int) -> Verdict:
        """Return the verdict on the name of a target or workload."""
        claimed = f"{name}={value}"
        if value in named:
            return held(self.document, line, FLAG_VALUE.code, claimed, named[value])
        near = nearest(value, named)
        truth = f"the tree has no {name.lstrip('-')} {value}"
        source = named[near] if near else next(iter(named.values()))
        return broken(self.document, line, FLAG_VALUE, claimed, truth, source=source, nearest=near)

    def _choice(
        self, name: str, value: str, choices: Iterable[str], source: Source | None, line: int
    ) -> Verdict:
        """Return the verdict on a value out of a closed list."""
        allowed = [str(c) for c in choices]
        claimed = f"{name}={value}"
        if value in allowed or _same_number(value, allowed):
            return held(self.document, line, FLAG_VALUE.code, claimed, source)
        near = nearest(value, allowed, 0.5)
        shown = ", ".join(allowed[:_SHOWN]) + (", ..." if len(allowed) > _SHOWN else "")
        truth = f"{name} takes {shown}"
        edit = sure(value, near, allowed)
        return broken(
            self.document, line, FLAG_VALUE, claimed, truth, source=source, nearest=near, edit=edit
        )

    def options(self, words: list[str], programs: list[str], line: int) -> Iterator[Verdict]:
        """Yield the verdicts on options that a variable of make passes on."""
        tools = self.facts.tools
        names = tools.flags(programs)
        if not tools.fields and any(map(self._takes_more, programs)):
            return
        for name, value in pairs(words):
            known = tools.flag(name, programs) if re.match(r"^--?[A-Za-z]", name) else None
            if known is None and (name in BUILT_IN or abbreviates(name, dict.fromkeys(names))):
                continue
            if known is None:
                at_dashes = re.match(r"^--?[A-Za-z]", name) is not None
                path = self.facts.module(programs[0]) if programs else ""
                some = " and ".join(programs[:2])
                truth = f"{some} {'have' if len(programs) > 1 else 'has'} no option {name}"
                near = nearest(name, names)
                at = tools.flag(near, programs) if near else None
                yield broken(
                    self.document,
                    line,
                    FLAG,
                    name,
                    truth,
                    source=at[0] if at else (Source(path=path, line=1) if path else None),
                    nearest=near,
                    edit=sure(name, near, names),
                    severity="warning" if self.facts.quotes(name.lstrip("-")) and at_dashes else "",
                )
                continue
            source, choices = known
            yield held(self.document, line, FLAG.code, name, source)
            yield from self._values(name, value, source, choices, line)

    def _takes_more(self, program: str) -> bool:
        """Tell whether a program that make starts may have options that do not stand in it."""
        path = self.facts.module(program)
        return not path or self.facts.takes_more(path)

    def _values(
        self, name: str, value: str, source: Source, choices: tuple[str, ...], line: int
    ) -> Iterator[Verdict]:
        """Yield the verdicts on the value of an option whose allowed ones are known."""
        if not value or shell.PLACEHOLDER.search(value) or value.startswith("comma,"):
            return
        known = {
            "--benchmarks": self.facts.benchmark_names,
            "--scenarios": self.facts.scenario_names,
        }.get(name)
        if not known:
            if choices:
                yield self._choice(name, value, choices, source, line)
            return
        for part in filter(None, value.split(",")):
            yield from self._named(name, part, known, line)

    def _named(
        self, name: str, part: str, known: dict[str, tuple[str, Source]], line: int
    ) -> Iterator[Verdict]:
        """Yield the verdict on the name of a benchmark or scenario."""
        claimed = f"{name}={part}"
        found = known.get(plain(part))
        if found is None:
            near = nearest(plain(part), known)
            names = list(dict.fromkeys(text for text, _ in known.values()))
            shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
            yield broken(
                self.document,
                line,
                FLAG_VALUE,
                claimed,
                f"{name} takes {shown}",
                source=known[near][1] if near else next(iter(known.values()))[1],
                nearest=known[near][0] if near else "",
            )
        elif name == "--benchmarks" and not self.facts.has_config(part):
            truth = f"no system of the tree has a configuration of {found[0]}"
            yield broken(self.document, line, NO_CONFIG, claimed, truth, source=found[1])
        else:
            yield held(self.document, line, FLAG_VALUE.code, claimed, found[1])


def pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each option with the value that follows it."""
    for place, word in enumerate(words):
        name, sign, value = word.partition("=")
        if not _OPTION.match(name):
            continue
        follows = place + 1 < len(words) and not words[place + 1].startswith("-")
        yield name, value if sign else (words[place + 1] if follows else "")


def _literal_choices(kind: str) -> tuple[str, ...]:
    """Return the words of a type that is written as `Choice([...])`."""
    match = re.search(r"Choice\((\[[^\]]*\])", kind)
    try:
        found = ast.literal_eval(match.group(1)) if match else ()
    except (ValueError, SyntaxError):
        return ()
    return tuple(str(word) for word in found)


def _same_number(value: str, allowed: list[str]) -> bool:
    """Tell whether a value is one of some numbers, written in another way."""
    try:
        return float(value) in {float(one) for one in allowed}
    except ValueError:
        return False


def abbreviates(name: str, known: Mapping[str, Flag | None]) -> bool:
    """Tell whether a word is short for an option, or several short ones in one."""
    if name.startswith("--"):
        return any(k.startswith(name) for k in known)
    return len(name) > len("-x") and name[:2] in known


def sure(old: str, near: str, names: Iterable[str]) -> Edit | None:
    """Return the edit to a near name where no other is nearly as near."""
    if not near:
        return None
    scores = sorted(
        (SequenceMatcher(None, old, name).ratio() for name in dict.fromkeys(names)), reverse=True
    )
    alone = len(scores) == 1 or scores[0] - scores[1] >= _APART
    return Edit(old=old, new=near) if scores[0] >= SURE and alone else None


def together(flags: list[Flag]) -> dict[str, Flag]:
    """Return the options of one program, or of several that may be meant, by name."""
    known: dict[str, Flag] = {}
    for flag in flags:
        for name in flag.names:
            before = known.get(name)
            both = (*before.choices, *flag.choices) if before is not None else flag.choices
            any_value = before is not None and not (before.choices and flag.choices)
            known[name] = msgspec.structs.replace(flag, choices=() if any_value else both)
    return known


def options_of(block: Block) -> Iterator[tuple[str, int]]:
    """Yield the options that the words of a block name, with their lines."""
    for span in block.spans:
        if span.kind == "code" and _OPTION_SPAN.match(span.text):
            yield span.text, span.line
    text = re.sub(r"`[^`]*`", lambda m: " " * len(m.group()), block.text)
    for match in _OPTION_WORD.finditer(text):
        yield match.group(), block.line + text.count("\n", 0, match.start())
