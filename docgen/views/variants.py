"""The variants of one workload on one target as tables: figures and environment."""

from __future__ import annotations

from collections import defaultdict

from docgen import formatting as fmt
from docgen.catalog import Entry
from docgen.views import figures, links
from docgen.views.lookup import Lookup, none_cell, variant
from docgen.views.measure import accuracy_of, best, measurements, state_of
from docgen.views.model import Evidence, Table
from docgen.views.text import code, inline


def environment(entries: list[Entry]) -> Table:
    """Return the variables of the environment that configurations set, one row each."""
    found: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        for name, value in entry.environment.items():
            found[name, fmt.value(value.resolved)].append(entry)
    rows = tuple(
        (
            code(name),
            code(shown),
            ", ".join(variant(e) for e in holders),
            links.src(holders[0].environment[name].source),
        )
        for (name, shown), holders in found.items()
    )
    return Table(headers=("Variable", "Value", "Set for", "Where"), rows=rows)


def variants(entries: list[Entry], lookup: Lookup, evidence: Evidence) -> Table:
    """Return the table of the variants: what is expected, what was measured."""
    if lookup.foreign:
        return _configured(entries, lookup)
    rows = []
    for entry in entries:
        found = measurements(evidence, entry)
        timed, judged = best(found), accuracy_of(found)
        state, _ = state_of(evidence, entry)
        rows.append(
            (
                links.config(entry, variant(entry)),
                figures.expected_text(entry, lookup),
                figures.qualified_text(timed),
                figures.ratio_text(timed, entry, lookup),
                fmt.percent(judged.accuracy["value"])
                if judged and judged.accuracy
                else none_cell(),
                links.badge(state),
                links.src(entry.source, entry.set_by.rpartition(".")[2]),
            )
        )
    headers = ("Variant", "Expected", "Measured", "Ratio", "Accuracy", "State", "Set in")
    return Table(headers=headers, rows=tuple(rows), numeric=(1, 2, 3, 4), name="bench-variants")


def _configured(entries: list[Entry], lookup: Lookup) -> Table:
    """Return the table of the variants of a tree that others wrote: nothing is measured."""
    rows = tuple(
        (
            links.config(entry, variant(entry)),
            figures.expected_text(entry, lookup),
            inline(entry.setting.harness) or none_cell(),
            links.src(entry.source, entry.set_by.rpartition(".")[2]),
        )
        for entry in entries
    )
    headers = ("Variant", "Expected", "Harness", "Set in")
    return Table(headers=headers, rows=rows, numeric=(1,), name="bench-variants")
