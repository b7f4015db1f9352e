"""Values of the source for the middle of a sentence, so that prose need not repeat them.

Pages use them through the roles `value`, `count` and `command`; `docgen check` resolves
them without Sphinx, so a role that names nothing is found before a site is built.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

from docgen.catalog import Catalog, Command, Source
from docgen.errors import Problem, UsageError

ROLES = ("value", "count", "command")
"""Names of the roles."""

_COUNTS: dict[str, Callable[[Catalog], int]] = {
    "targets": lambda c: len(c.targets),
    "workloads": lambda c: len(c.workloads),
    "entries": lambda c: len(c.entries),
    "scenarios": lambda c: len({e.scenario for e in c.entries}),
    "fields": lambda c: len({f.name for f in c.fields}),
    "policies": lambda c: len(c.policies),
    "terms": lambda c: len(c.terms),
    "commands": lambda c: sum(" " in command.name for command in c.commands),
    "messages": lambda c: len(c.failures),
}


def resolve(role: str, words: str, catalog: Catalog) -> tuple[str, Source | None]:
    """Return the text that a role stands for, and where the source says so.

    Args:
        role: `value`, `count` or `command`.
        words: What stands between its backticks.
        catalog: What the source says.

    Raises:
        UsageError: The words name nothing; with the nearest right ones.
    """
    words = " ".join(words.split())
    if role == "count":
        return _count(words, catalog)
    if role == "command":
        return _command(words, catalog)
    return _value(words, catalog)


def is_command(words: str, catalog: Catalog) -> bool:
    """Tell whether a line starts with a console script of the source; others are not judged."""
    first = words.split()[:1]
    return any(command.name.split()[:1] == first for command in catalog.commands)


def _count(words: str, catalog: Catalog) -> tuple[str, Source | None]:
    """Return how many of a kind there are: `targets`, or `entries of TARGET`."""
    kind, _, rest = words.partition(" of ")
    if rest:
        if kind != "entries":
            raise _unknown("count", words, [f"entries of {rest}"])
        names = [t.name for t in catalog.targets]
        if rest not in names:
            raise _unknown("count", words, [f"entries of {name}" for name in names])
        return str(len(catalog.entries_of(rest))), catalog.target(rest).source
    if kind not in _COUNTS:
        raise _unknown("count", words, _COUNTS)
    return str(_COUNTS[kind](catalog)), None


def _command(words: str, catalog: Catalog) -> tuple[str, Source | None]:
    """Return a command as written, if the console scripts have it with these options."""
    try:
        parts = shlex.split(words)
    except ValueError as error:
        raise _unknown("command", words, []) from error
    command = _longest(parts, catalog)
    if command is None:
        names = [c.name for c in catalog.commands]
        leaves = [n for n in names if not any(other.startswith(f"{n} ") for other in names)]
        raise _unknown("command", words, leaves)
    known = [n for f in command.flags for name in f.names for n in name.split("/")]
    for part in parts[len(command.name.split()) :]:
        option = part.partition("=")[0]
        if option.startswith("-") and option not in known and option not in ("-h", "--help"):
            near = [f"{command.name} {name}" for name in known if name.startswith("-")]
            raise _unknown("command", f"{command.name} {option}", near)
    return words, command.source


def _longest(parts: list[str], catalog: Catalog) -> Command | None:
    """Return the command that a line starts with, the most exact one."""
    by_name = {c.name: c for c in catalog.commands}
    for length in range(len(parts), 0, -1):
        found = by_name.get(" ".join(parts[:length]))
        if found is not None:
            group = any(name.startswith(f"{found.name} ") for name in by_name)
            rest = parts[length : length + 1]
            return None if group and rest and not rest[0].startswith("-") else found
    return None


def _value(words: str, catalog: Catalog) -> tuple[str, Source | None]:
    """Return one value: of an entry, a target, a workload, a policy, or an option's default."""
    first, _, last = words.rpartition(" ")
    if last.startswith("--"):
        return _default(first, last, catalog)
    for entry in catalog.entries:
        if entry.key == first and last in entry.values:
            value = entry.values[last]
            unit = next((f.unit for f in catalog.fields if f.name == last), "")
            return with_unit(value.resolved, unit), value.source
    for target in catalog.targets:
        if target.name == first and last in target.facts:
            fact = target.facts[last]
            return with_unit(fact.value, fact.unit), fact.source
    for workload in catalog.workloads:
        if workload.name == first and last in workload.properties:
            unit = workload.units.get(last, "")
            return with_unit(workload.properties[last], unit), workload.source
    for policy in catalog.policies:
        if policy.id == words and policy.value is not None:
            return with_unit(policy.value, policy.unit), policy.source
    raise _unknown("value", words, _values(first, catalog))


def _default(command: str, option: str, catalog: Catalog) -> tuple[str, Source | None]:
    """Return the default of an option."""
    found = next((c for c in catalog.commands if c.name == command), None)
    if found is None:
        raise _unknown("value", command, [c.name for c in catalog.commands])
    flag = next((f for f in found.flags if option in f.names), None)
    if flag is None or flag.default is None:
        names = [n for f in found.flags if f.default is not None for n in f.names]
        raise _unknown("value", f"{command} {option}", [f"{command} {n}" for n in names])
    return with_unit(flag.default, ""), flag.source


def _values(first: str, catalog: Catalog) -> Iterable[str]:
    """Yield what could have been meant by the words of a value."""
    for entry in catalog.entries:
        if entry.key == first:
            yield from (f"{first} {name}" for name in entry.values)
    for target in catalog.targets:
        if target.name == first:
            yield from (f"{first} {name}" for name in target.facts)
    for workload in catalog.workloads:
        if workload.name == first:
            yield from (f"{first} {name}" for name in workload.properties)
    yield from (p.id for p in catalog.policies if p.value is not None)


def with_unit(value: Any, unit: str) -> str:
    """Return a value with its unit as pages show it: whole numbers without a point."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        text = str(value)
    else:
        text = f"{int(value):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
        if isinstance(value, float) and not value.is_integer():
            text = f"{value:g}"
    gap = "\N{NO-BREAK SPACE}" if unit else ""
    return f"{text}{gap}{unit}"


def _unknown(role: str, words: str, known: Iterable[str]) -> UsageError:
    """Return the error of words that name nothing."""
    near = get_close_matches(words, list(known), n=1, cutoff=0.4)
    do = f"did you mean {near[0]!r}?" if near else "see `docgen export` for what there is"
    return UsageError(Problem(f"{{{role}}}", "words that name something", repr(words), do))
