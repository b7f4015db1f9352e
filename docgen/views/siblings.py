"""What differs between two targets: facts and settings, nothing that is equal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from docgen.catalog import Entry, Target
from docgen.views import links, profile
from docgen.views.lookup import Lookup, none_cell, variant
from docgen.views.model import Table
from docgen.views.text import code, in_cell

_KEY_PARTS = frozenset({"system", "benchmark", "scenario"})
"""Fields that repeat the key of an entry in some trees."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The differences of a target to another one."""

    other: Target
    """The other target."""
    facts: Table
    """Facts that differ."""
    settings: Table
    """Values that differ, by entry and field."""
    only_here: tuple[str, ...]
    """Workload and variant of entries that only this target has."""
    only_there: tuple[str, ...]
    """Workload and variant of entries that only the other has."""


def compare(target: Target, other: Target, lookup: Lookup) -> Comparison:
    """Return the differences of a target to another one."""
    mine = {_place(e): e for e in lookup.entries_of(target.name)}
    theirs = {_place(e): e for e in lookup.entries_of(other.name)}
    headers = (target.title, other.title)
    rows = [
        row
        for place in mine
        if place in theirs
        for row in _rows(mine[place], theirs[place], lookup)
    ]
    return Comparison(
        other=other,
        facts=Table(headers=("Fact", *headers), rows=_facts(target, other), numeric=(1, 2)),
        settings=Table(
            headers=("Configuration", "Field", *headers), rows=tuple(rows), numeric=(2, 3)
        ),
        only_here=tuple(_words(e, lookup) for p, e in mine.items() if p not in theirs),
        only_there=tuple(_words(e, lookup) for p, e in theirs.items() if p not in mine),
    )


def powers(entries: list[Entry], lookup: Lookup) -> Table:
    """Return MaxP and MaxQ beside each other: every value that differs where both exist."""
    pairs: dict[tuple[str, ...], dict[str, Entry]] = {}
    for entry in entries:
        setting = entry.setting
        place = (entry.workload, entry.scenario, setting.accuracy, setting.harness)
        pairs.setdefault(place, {}).setdefault(setting.power.lower(), entry)
    rows = [
        (*row, _ratio(pair["maxp"], pair["maxq"], name))
        for pair in pairs.values()
        if {"maxp", "maxq"} <= set(pair)
        for name, row in _named_rows(pair["maxp"], pair["maxq"], lookup)
    ]
    headers = ("Configuration", "Field", "MaxP", "MaxQ", "MaxQ / MaxP")
    return Table(headers=headers, rows=tuple(rows), numeric=(2, 3, 4))


def _ratio(mine: Entry, theirs: Entry, field: str) -> str:
    """Return the ratio of two numbers, the second by the first; a dash where there is none."""
    pair = [e.values[field].resolved if field in e.values else None for e in (mine, theirs)]
    numbers = [n for n in pair if isinstance(n, int | float) and not isinstance(n, bool)]
    if len(numbers) != len(pair) or not numbers[0]:
        return none_cell()
    return f"{numbers[1] / numbers[0]:.2f}"


def _facts(target: Target, other: Target) -> tuple[tuple[str, ...], ...]:
    """Return the facts that differ."""
    rows = []
    if target.devices != other.devices:
        rows.append(("Devices", str(target.devices), str(other.devices)))
    theirs = {label: text for label, text, _ in profile.facts(other)}
    mine = {label: text for label, text, _ in profile.facts(target)}
    for label in dict.fromkeys([*mine, *theirs]):
        pair = mine.get(label, none_cell()), theirs.get(label, none_cell())
        if pair[0] != pair[1]:
            rows.append((label, *pair))
    return tuple(rows)


def _rows(mine: Entry, theirs: Entry, lookup: Lookup) -> list[tuple[str, ...]]:
    """Return the fields whose values differ between two entries."""
    return [row for _, row in _named_rows(mine, theirs, lookup)]


def _named_rows(
    mine: Entry, theirs: Entry, lookup: Lookup
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield name and row of each field that differs; one that only one of them sets too."""
    for name in dict.fromkeys([*mine.values, *theirs.values]):
        value, other = mine.values.get(name), theirs.values.get(name)
        if name in _KEY_PARTS or (value and other and other.resolved == value.resolved):
            continue
        if (value is None or other is None) and not lookup.foreign:
            continue
        spec = lookup.spec(name, mine.scenario)
        unit = spec.unit if spec else ""
        yield (
            name,
            (
                links.config(mine, _words(mine, lookup)),
                links.field(spec) if spec else code(name),
                in_cell(value.resolved, unit) if value else none_cell(),
                in_cell(other.resolved, unit) if other else none_cell(),
            ),
        )


def _place(entry: Entry) -> str:
    """Return an entry's key without its target."""
    return entry.key.partition("/")[2]


def _words(entry: Entry, lookup: Lookup) -> str:
    """Return workload and variant of an entry in words."""
    return f"{lookup.title(entry.workload)}, {variant(entry)}"
