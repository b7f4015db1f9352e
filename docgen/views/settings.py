"""Settings of one workload on one target: fields by variants, each value with its story."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from docgen import formatting as fmt
from docgen.catalog import Catalog, Entry, FieldSpec, Target
from docgen.views import figures, links, variants
from docgen.views.lookup import (
    Lookup,
    group_order,
    is_set,
    none_cell,
    scenario_title,
    value_label,
    variant,
)
from docgen.views.model import Config, Evidence, Page, Part, Table
from docgen.views.rejected import rejections
from docgen.views.stories import stories
from docgen.views.text import LONGEST_CELL, code, first_sentence, inline, raw, slug


@dataclass(frozen=True, kw_only=True)
class Group:
    """Fields that a reader tunes together."""

    title: str
    """Heading."""
    label: str
    """Label of the heading."""
    table: Table
    """Fields by variants."""


def parts(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Part]:
    """Yield the settings page of every target and workload that has entries."""
    del config
    lookup = Lookup(catalog)
    for target in catalog.targets:
        for workload in lookup.workloads_of(target.name):
            known = lookup.workloads.get(workload)
            mine = Catalog(
                dialect=catalog.dialect,
                root=catalog.root,
                packages=catalog.packages,
                targets=(target,),
                workloads=(known,) if known else (),
                fields=catalog.fields,
                entries=lookup.held_by(target.name, workload),
            )
            yield Part(
                make=partial(_pages, mine, workload, evidence),
                catalog=mine,
                words=("settings", workload),
            )


def _pages(catalog: Catalog, workload: str, evidence: Evidence) -> Iterable[Page]:
    """Yield the page of one workload on the only target of a Catalog."""
    yield _page(catalog.targets[0], workload, Lookup(catalog), evidence)


def _page(target: Target, workload: str, lookup: Lookup, evidence: Evidence) -> Page:
    """Return the page of one workload on one target."""
    entries = lookup.entries_of(target.name, workload)
    known = lookup.workloads.get(workload)
    accuracy = next((f"accuracy:{e.key}" for e in entries if _known(evidence, e)), "")
    return Page(
        path=links.settings_page(target.name, workload),
        template="settings.md.j2",
        context={
            "target": target,
            "workload": workload,
            "workload_title": lookup.title(workload),
            "workload_defined": known is not None,
            "label": f"{slug(target.name)}-{slug(workload)}",
            "entries": entries,
            "variants": variants.variants(entries, lookup, evidence),
            "docs": [(variant(e), inline(e.doc)) for e in entries if e.doc],
            "groups": _groups(target, workload, entries, lookup),
            "defaults": _defaults(entries, lookup),
            "environment": variants.environment(entries),
            "commands": [
                (variant(e), e, f"run:{e.key}")
                for e in entries
                if figures.exists(evidence, f"run:{e.key}")
            ],
            "accuracy": accuracy,
            "foreign": lookup.foreign,
            "rejected": rejections(
                [e for e in lookup.rejected_of(target.name) if e.workload == workload]
            ),
        },
    )


def _known(evidence: Evidence, entry: Entry) -> bool:
    """Tell whether an entry has an accuracy snippet."""
    return figures.exists(evidence, f"accuracy:{entry.key}")


def _groups(target: Target, workload: str, entries: list[Entry], lookup: Lookup) -> list[Group]:
    """Return the fields that somebody set, by group, in the order in which a reader tunes."""
    if lookup.foreign:
        return _scenarios(target, workload, entries, lookup)
    names: dict[str, list[str]] = defaultdict(list)
    for name in _field_names(entries):
        values = [e.values[name] for e in entries if name in e.values]
        if any(is_set(v.chain, v.kind) for v in values):
            names[_group(name, entries, lookup)].append(name)
    return [
        Group(
            title=group.capitalize(),
            label=f"{slug(target.name)}-{slug(workload)}-{slug(group)}",
            table=_table(names[group], entries, lookup),
        )
        for group in sorted(names, key=group_order)
    ]


def _scenarios(target: Target, workload: str, entries: list[Entry], lookup: Lookup) -> list[Group]:
    """Return the fields by scenario: trees of others group no fields, and have many variants."""
    found = []
    for scenario in lookup.scenarios(entries):
        mine = [e for e in entries if e.scenario == scenario]
        label = f"{slug(target.name)}-{slug(workload)}-values-{slug(scenario)}"
        table = _table(_field_names(mine), mine, lookup)
        found.append(Group(title=scenario_title(scenario), label=label, table=_slim(table)))
    return found


def _slim(table: Table) -> Table:
    """Return a table without the columns of single variants where they are all empty."""
    if any(any(row[2:]) for row in table.rows):
        return table
    rows = tuple(row[:2] for row in table.rows)
    return replace(table, headers=table.headers[:2], rows=rows, numeric=(1,))


def _table(names: list[str], entries: list[Entry], lookup: Lookup) -> Table:
    """Return the fields of a group by variants; no column `All` where it would be empty."""
    headers = ("Field", "All", *(variant(e) for e in entries))
    rows = [_row(name, entries, lookup) for name in names]
    if not any(row[1] for row in rows):
        headers = (headers[0], *headers[2:])
        rows = [(row[0], *row[2:]) for row in rows]
    elif len(entries) == 1:
        headers = (headers[0], headers[2])
        rows = [(row[0], row[1]) for row in rows]
    return Table(
        headers=headers,
        rows=tuple(rows),
        numeric=tuple(range(1, len(headers))),
        name="bench-settings",
        stub=1,
    )


def _row(name: str, entries: list[Entry], lookup: Lookup) -> tuple[str, ...]:
    """Return one field: once where it is equal everywhere, else by variant."""
    holders = [e for e in entries if name in e.values]
    spec = lookup.spec(name, holders[0].scenario)
    head = _field_cell(name, spec)
    distinct = {repr(e.values[name].resolved) for e in holders}
    if len(distinct) == 1 and len(holders) == len(entries):
        return (head, _cell(name, holders, spec), *("" for _ in entries))
    cells = [
        _cell(name, [e], lookup.spec(name, e.scenario)) if name in e.values else none_cell()
        for e in entries
    ]
    return (head, "", *cells)


def _field_cell(name: str, spec: FieldSpec | None) -> str:
    """Return a field's name as a link, with what it does in one sentence."""
    if spec is None:
        return code(name)
    return f"{links.field(spec)}\n\n{first_sentence(spec.doc)}".strip()


def _cell(name: str, entries: list[Entry], spec: FieldSpec | None) -> str:
    """Return a value that some entries share: the value, and on demand how it came about."""
    unit = spec.unit if spec else ""
    shown = entries[0].values[name]
    text = fmt.value(shown.resolved, unit)
    plain = isinstance(shown.resolved, int | float) or shown.resolved is None
    labels = [f"({value_label(e, name)})=" for e in entries]
    ids = [slug(f"{e.key.split('/', 2)[-1]}-{name}") for e in entries]
    more = "".join(f'<span id="{raw(i)}"></span>' for i in ids[1:])
    told = stories(name, entries, unit)
    word = "why" if "Why:" in told else "source"
    return "\n".join(
        [
            *labels,
            *_shown(text, plain=plain),
            "",
            f'<details class="bench-why" id="{raw(ids[0])}"><summary>{word}</summary>{more}',
            "",
            told,
            "",
            "</details>",
        ]
    )


def _shown(text: str, *, plain: bool) -> list[str]:
    """Return a value for a cell; a long one opens on demand."""
    if plain:
        return [f"**{text}**"]
    if len(text) <= LONGEST_CELL:
        return [code(text)]
    head = f'<details class="bench-value"><summary>{fmt.count(len(text), "character")}</summary>'
    return ["", head, "", code(text), "", "</details>"]


def _defaults(entries: list[Entry], lookup: Lookup) -> Table:
    """Return the fields that no variant sets, with the value that they all have."""
    rows = []
    for name in _field_names(entries):
        holders = [e for e in entries if name in e.values]
        if any(is_set(e.values[name].chain, e.values[name].kind) for e in holders):
            continue
        spec = lookup.spec(name, holders[0].scenario)
        scope = "all" if len(holders) == len(entries) else ", ".join(variant(e) for e in holders)
        shown = fmt.value(holders[0].values[name].resolved, spec.unit if spec else "")
        rows.append(
            (
                links.field(spec) if spec else code(name),
                shown if _is_plain(holders[0].values[name].resolved) else code(shown),
                scope,
                first_sentence(spec.doc) if spec else "",
            )
        )
    headers = ("Field", "Value", "Variants", "What it does")
    return Table(headers=headers, rows=tuple(rows), numeric=(1,), name="bench-defaults")


def _is_plain(resolved: object) -> bool:
    """Tell whether a value is a number or a word of ours, rather than text of a config."""
    return resolved is None or isinstance(resolved, int | float)


def _field_names(entries: list[Entry]) -> list[str]:
    """Return the fields of some entries, in order of declaration."""
    names: dict[str, None] = {}
    for entry in entries:
        names.update(dict.fromkeys(entry.values))
    return list(names)


def _group(name: str, entries: list[Entry], lookup: Lookup) -> str:
    """Return the group of a field; `other` where its declaration names none."""
    for entry in entries:
        if name in entry.values:
            spec = lookup.spec(name, entry.scenario)
            if spec and spec.group:
                return spec.group
    return "other"
