"""What a keeper of the harness must know: undocumented, unmeasured, suspicious, broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from docgen.catalog import Catalog, Diagnostic
from docgen.evidence import State
from docgen.foreign import OURS
from docgen.views import links
from docgen.views.lookup import Lookup
from docgen.views.measure import best, measurements
from docgen.views.model import Config, Evidence, Judged, Page, Table
from docgen.views.text import code, inline, slug

_BROKEN = (State.FAILED, State.STALE)
_TOLD = "undocumented"


def pages(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Page]:
    """Yield the health page."""
    del config
    lookup = Lookup(catalog)
    undocumented = _undocumented(catalog)
    judged = _judged(evidence)
    broken = [j for j in judged if j.state in _BROKEN]
    unmeasured = Table(headers=(), rows=()) if lookup.foreign else _unmeasured(lookup, evidence)
    yield Page(
        path="health.md",
        template="health.md.j2",
        context={
            "summary": _summary(catalog, undocumented, unmeasured, broken),
            "undocumented": undocumented,
            "told": any(d.code == _TOLD for d in catalog.diagnostics),
            "diagnostics": _diagnostics(catalog),
            "unmeasured": unmeasured,
            "broken": _table(broken),
            "states": _states(judged),
            "foreign": lookup.foreign,
        },
    )


def _summary(
    catalog: Catalog,
    undocumented: list[tuple[str, str]],
    unmeasured: Table,
    broken: list[Judged],
) -> Table:
    """Return what is counted, and how many there are."""
    left = Counter(d.code for d in catalog.diagnostics)
    measured = (
        ("Targets with unmeasured configurations", str(len(unmeasured.rows))),
        ("Stale or failing commands", str(len(broken))),
    )
    rows = [
        *([("Undocumented objects", str(len(undocumented)))] if undocumented else []),
        *(measured if catalog.dialect == OURS else ()),
        *((f"Diagnostics {code(name)}", str(number)) for name, number in sorted(left.items())),
    ]
    return Table(headers=("What", "Number"), rows=tuple(rows), numeric=(1,))


def _undocumented(catalog: Catalog) -> list[tuple[str, str]]:
    """Return name and place of everything public that has no docstring.

    Nothing where the reader of the source has told of it already.
    """
    if any(d.code == _TOLD for d in catalog.diagnostics):
        return []
    found = [(f"{f.owner}.{f.name}", f.source) for f in catalog.fields if not f.doc.strip()]
    found += [(f"{w.enum}.{w.name}", w.source) for w in catalog.words if not w.doc.strip()]
    found += [(p.id, p.source) for p in catalog.policies if not p.rule.strip()]
    found += [(f.code, f.source) for f in catalog.failures if not f.doc.strip()]
    found += [
        (i.name, i.source)
        for i in catalog.api
        if not i.doc.strip() and not any(p.startswith("_") for p in i.name.split("."))
    ]
    return [(code(name), links.src(source)) for name, source in found]


def _diagnostics(catalog: Catalog) -> list[tuple[str, str, Table]]:
    """Return code, label and findings of each kind of diagnostic."""
    codes = sorted({d.code for d in catalog.diagnostics})
    return [
        (
            name,
            f"diagnostics-{slug(name)}",
            _findings([d for d in catalog.diagnostics if d.code == name]),
        )
        for name in codes
    ]


def _findings(items: list[Diagnostic]) -> Table:
    """Return findings as a table."""
    rows = tuple((links.src(d.source), d.severity, inline(d.message)) for d in items)
    return Table(headers=("Place", "Severity", "Message"), rows=rows)


def _unmeasured(lookup: Lookup, evidence: Evidence) -> Table:
    """Return the targets that have entries without a measurement."""
    rows = []
    for target in lookup.ordered():
        entries = lookup.entries_of(target.name)
        open_ones = sum(best(measurements(evidence, e)) is None for e in entries)
        if open_ones:
            name = links.target(target.name, target.title)
            rows.append((name, f"{open_ones} of {len(entries)}"))
    return Table(headers=("Target", "Without measurement"), rows=tuple(rows), numeric=(1,))


def _judged(evidence: Evidence) -> list[Judged]:
    """Return every judged snippet once, in the order of its identity."""
    return sorted(evidence.judged, key=lambda j: j.snippet.id)


def _states(judged: list[Judged]) -> Table:
    """Return how many snippets are in each state."""
    number = Counter(j.state for j in judged)
    rows = tuple((links.badge(s.value), str(number[s])) for s in State if number[s])
    return Table(headers=("State", "Commands"), rows=rows, numeric=(1,))


def _table(judged: list[Judged]) -> Table:
    """Return broken snippets with the reason of each."""
    rows = tuple(
        (
            code(j.snippet.id),
            links.badge(j.state.value),
            inline(j.reason),
            links.src(j.snippet.source),
        )
        for j in judged
    )
    return Table(headers=("Command", "State", "Reason", "Place"), rows=rows)
