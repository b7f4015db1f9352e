"""The field reference: every setting, its limits, and who sets it away from its default."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from docgen import formatting as fmt
from docgen.catalog import Catalog, Entry, FieldSpec, Json
from docgen.views import links
from docgen.views.lookup import Lookup, is_set, scenario_title, value_label, variant
from docgen.views.model import Config, Evidence, Page, Table
from docgen.views.text import code, in_cell, inline, prose, slug


@dataclass(frozen=True, kw_only=True)
class FieldPart:
    """One field as the page shows it."""

    spec: FieldSpec
    """Its declaration."""
    label: str
    """Label of its heading."""
    doc: str
    """What it does, safe to stand in a page."""
    table: Table
    """Type, unit, limits, default, group, LoadGen key."""
    source: str
    """Link to its declaration."""
    users: tuple[tuple[str, int, str], ...]
    """Value, number of entries that have it, links to them; most common first."""
    count: int
    """Entries that set it."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The fields that one class declares."""

    name: str
    """Name of the class."""
    label: str
    """Label of its heading."""
    scope: str
    """Scenarios that its fields belong to."""
    parts: tuple[FieldPart, ...]
    """Its fields in order of declaration."""


def pages(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Page]:
    """Yield the field reference."""
    del evidence, config
    lookup = Lookup(catalog)
    owners: dict[str, list[FieldSpec]] = defaultdict(list)
    for spec in catalog.fields:
        owners[spec.owner].append(spec)
    users = _users(lookup)
    yield Page(
        path="reference/fields.md",
        template="fields.md.j2",
        context={
            "unused": _unused(catalog, users) if lookup.foreign else None,
            "overview": _overview(lookup) if lookup.foreign else None,
            "undeclared": _undeclared(lookup) if lookup.foreign else [],
            "owners": [
                Owner(
                    name=name,
                    label=f"fields-{slug(name)}",
                    scope=_scope(specs[0]),
                    parts=tuple(_part(s, users) for s in specs),
                )
                for name, specs in owners.items()
            ],
        },
    )


def _overview(lookup: Lookup) -> Table:
    """Return every declared field that configurations have: how many, whose, which values."""
    found: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    specs: dict[tuple[str, str], FieldSpec] = {}
    for entry in lookup.entries.values():
        for name in entry.values:
            spec = lookup.spec(name, entry.scenario)
            if spec is not None:
                found[spec.owner, name].append(entry)
                specs[spec.owner, name] = spec
    rows = []
    for key, entries in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        values = [e.values[key[1]].resolved for e in entries]
        distinct = len({fmt.value(v) for v in values})
        rows.append(
            (
                links.field(specs[key]),
                _range(values, specs[key]),
                str(len(entries)),
                str(len({e.target for e in entries})),
                str(distinct),
            )
        )
    headers = ("Field", "Range, or most common value", "Configurations", "Systems", "Values")
    return Table(headers=headers, rows=tuple(rows), numeric=(2, 3, 4), name="bench-overview")


def _range(values: list[Json], spec: FieldSpec) -> str:
    """Return least and greatest of numbers; of other values the most common one."""
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) == len(values):
        ends = [inline(fmt.value(end, spec.unit)) for end in (min(numbers), max(numbers))]
        return " to ".join(dict.fromkeys(ends))
    shown, number = Counter(in_cell(v, spec.unit) for v in values).most_common(1)[0]
    return shown if number == len(values) else f"{shown} ({number}\u202f\u00d7)"


def _undeclared(lookup: Lookup) -> list[str]:
    """Return the fields that configurations set and that nothing declares, with how many do."""
    count = Counter(
        name
        for entry in lookup.catalog.entries
        for name in entry.values
        if lookup.spec(name, entry.scenario) is None
    )
    return [f"{code(name)} ({number})" for name, number in sorted(count.items())]


def _users(lookup: Lookup) -> dict[tuple[str, str], dict[str, dict[str, list[str]]]]:
    """Return links to entries by owner and field, printed value, and target.

    Only values that somebody set, and that are not the default anyway.
    """
    found: dict[tuple[str, str], dict[str, dict[str, list[str]]]] = defaultdict(dict)
    for target in lookup.ordered():
        for entry in lookup.entries_of(target.name):
            page = _page_link(entry) if lookup.foreign else ""
            for name, value in entry.values.items():
                spec = lookup.spec(name, entry.scenario)
                if spec is None or not is_set(value.chain, value.kind):
                    continue
                if not spec.required and value.resolved == spec.default:
                    continue
                by_target = found[(spec.owner, name)].setdefault(
                    in_cell(value.resolved, spec.unit), {}
                )
                by_target.setdefault(target.title, []).append(page or _link(entry, name))
    return found


def _link(entry: Entry, name: str) -> str:
    """Return a link to a value of an entry."""
    return links.ref(value_label(entry, name), f"{entry.workload} {variant(entry)}")


def _page_link(entry: Entry) -> str:
    """Return a link to the page that has the values of an entry, for trees of others.

    Why: such trees have thousands of entries, and one page would have a link to every value.
    """
    return links.doc(links.settings_page(entry.target, entry.workload), entry.workload)


def _counted(found: list[str]) -> str:
    """Return links one after another, each once, with how often it stands there if repeated."""
    counts = Counter(found)
    return ", ".join(f"{link} ({n}\u202f\u00d7)" if n > 1 else link for link, n in counts.items())


def _user_lines(mine: dict[str, dict[str, list[str]]]) -> tuple[tuple[str, int, str], ...]:
    """Return value, number of entries and links by target; most common values first."""
    lines = [
        (
            value,
            sum(len(entries) for entries in targets.values()),
            "; ".join(f"{inline(t)}: {_counted(entries)}" for t, entries in targets.items()),
        )
        for value, targets in mine.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line[1], line[0])))


def _part(
    spec: FieldSpec, users: dict[tuple[str, str], dict[str, dict[str, list[str]]]]
) -> FieldPart:
    """Return one field as the page shows it."""
    lines = _user_lines(users.get((spec.owner, spec.name), {}))
    return FieldPart(
        spec=spec,
        label=f"field-{slug(spec.owner)}-{slug(spec.name)}",
        doc=prose(spec.doc),
        table=_table(spec),
        source=links.src(spec.source),
        users=lines,
        count=sum(number for _, number, _ in lines),
    )


def _unused(catalog: Catalog, users: Mapping[tuple[str, str], object]) -> list[str]:
    """Return links to the fields that no configuration sets."""
    return [links.field(s) for s in catalog.fields if (s.owner, s.name) not in users]


def _table(spec: FieldSpec) -> Table:
    """Return the declaration of a field as one row."""
    cells = {
        "Type": code(spec.type),
        "Unit": fmt.unit_word(spec.unit),
        "Allowed": _allowed(spec),
        "Default": "required" if spec.required else inline(fmt.value(spec.default, spec.unit)),
        "Group": inline(spec.group),
        "LoadGen key": code(spec.loadgen_key),
    }
    shown = {head: cell for head, cell in cells.items() if cell}
    return Table(headers=tuple(shown), rows=(tuple(shown.values()),), name="bench-field")


def _allowed(spec: FieldSpec) -> str:
    """Return the limits of a field in words."""
    if spec.choices:
        return ", ".join(code(str(choice)) for choice in spec.choices)
    if spec.low is not None and spec.high is not None:
        return f"{_end(spec.low)} to {_end(spec.high)}"
    if spec.low is not None:
        return f"at least {_end(spec.low)}"
    return f"at most {_end(spec.high)}" if spec.high is not None else ""


def _end(number: float) -> str:
    """Return one end of an interval."""
    return fmt.exact(int(number) if float(number).is_integer() else number)


def _scope(spec: FieldSpec) -> str:
    """Return the scenarios whose entries have a field."""
    return ", ".join(scenario_title(s) for s in spec.scenarios) or "all scenarios"
