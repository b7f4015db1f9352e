"""Claims in commands of a tree's own console scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from docgen.catalog import Flag
from docgen.prose import shell
from docgen.prose.model import Verdict
from docgen.prose.names import nearest
from docgen.prose.rules.base import broken, held
from docgen.prose.rules.options import BUILT_IN, OptionChecker, pairs, sure
from docgen.prose.rules.table import COMMAND, FLAG

_NAME = re.compile(r"^[A-Za-z_][\w.%/-]*$")


class ConsoleChecker(OptionChecker):
    """Judges commands of console scripts."""

    def console(self, one: shell.Invocation) -> Iterator[Verdict]:
        """Yield the verdicts on a command of one of the tree's console scripts."""
        name, place = one.words[0], 1
        while place < len(one.words) and f"{name} {one.words[place]}" in self.facts.consoles:
            name = f"{name} {one.words[place]}"
            place += 1
        command = self.facts.consoles.get(name)
        if command is None:
            return
        group = any(known.startswith(f"{name} ") for known in self.facts.consoles)
        rest = one.words[place:]
        if group and rest and _NAME.match(rest[0]):
            wrong = f"{name} {rest[0]}"
            names = [k for k in self.facts.consoles if k.startswith(f"{name} ")]
            near = nearest(wrong, names)
            yield broken(
                self.document,
                one.line,
                COMMAND,
                wrong,
                f"{name} has no command {rest[0]}",
                source=self.facts.consoles[near].source if near else command.source,
                nearest=near,
                edit=sure(wrong, near, names),
            )
            return
        yield held(self.document, one.line, COMMAND.code, name, command.source)
        known = {n: f for f in command.flags for n in f.names if n.startswith("-")}
        for flag, value in pairs(list(rest)):
            found = known.get(flag)
            if found is None and (flag in BUILT_IN or _is_negative(known, flag)):
                continue
            if found is None:
                near = nearest(flag, known)
                yield broken(
                    self.document,
                    one.line,
                    FLAG,
                    f"{name} {flag}",
                    f"{name} has no option {flag}",
                    source=command.source,
                    nearest=near,
                    edit=sure(flag, near, list(known)),
                )
                continue
            yield from self.flag_value(flag, value, found, one.line)


def _is_negative(known: Mapping[str, Flag], flag: str) -> bool:
    """Tell whether a flag is the other half of one that is declared as `--a/--no-a`."""
    return any(flag in re.split(r"[/\s]+", name) for name in known)
