"""Tables of a guide: what is supported, what went wrong, what is likely to."""

from __future__ import annotations

from collections.abc import Mapping

from docgen.catalog import Entry, Target
from docgen.evidence import State
from docgen.views import figures, links
from docgen.views.lookup import Lookup, causes, none_cell, scenario_title, scenario_word, variant
from docgen.views.measure import Measurement, best, state_of
from docgen.views.model import Evidence, Table
from docgen.views.text import code, first_sentence, inline, slug

_CAUSES = {
    "offline": ("min-duration",),
    "server": ("latency-bound", "early-stopping"),
    "single-stream": ("ran-out-of-queries", "early-stopping"),
    "multi-stream": ("ran-out-of-queries", "early-stopping"),
}
"""Causes of an INVALID run that each scenario's mechanics bring about most."""

_MENDS = {
    State.FAILED: "See the output of the command.",
    State.STALE: "Run the command again.",
}
"""What to do about a snippet that is not well."""


def matrix(
    target: Target,
    workloads: list[str],
    runs: dict[str, tuple[Measurement, ...]],
    lookup: Lookup,
    evidence: Evidence,
) -> Table:
    """Return workloads by scenarios: what is supported, measured, expected."""
    every = lookup.entries_of(target.name) if lookup.foreign else lookup.entries.values()
    scenarios = lookup.scenarios(every)
    rows = []
    others = [] if lookup.foreign else [w for w in lookup.workloads if w not in workloads]
    names = workloads + others
    for workload in names:
        entries = lookup.entries_of(target.name, workload)
        cells = []
        for scenario in scenarios:
            mine = [e for e in entries if e.scenario == scenario]
            cells.append("\n\n".join(_support(e, runs, lookup, evidence) for e in mine))
        head = links.doc(links.workload_page(workload), lookup.title(workload))
        rows.append((head, *(c or "no configuration" for c in cells)))
    headers = ("Workload", *(scenario_title(s) for s in scenarios))
    return Table(headers=headers, rows=tuple(rows), name="bench-matrix", stub=1)


def _support(
    entry: Entry,
    runs: dict[str, tuple[Measurement, ...]],
    lookup: Lookup,
    evidence: Evidence,
) -> str:
    """Return the cell of one entry: badge, measured figure, expected figure."""
    words = variant(entry).partition(", ")[2]
    if lookup.foreign:
        figure = figures.expected_text(entry, lookup)
        shown = "configured" if figure == none_cell() else figure
        return (f"{words}: " if words else "") + links.config(entry, shown)
    state, _ = state_of(evidence, entry)
    found = best(runs[entry.key])
    lines = [f"{words}:"] if words else []
    if found is not None and found.primary is not None:
        lines.append(f"**{links.config(entry, found.primary.text)}** measured")
        lines.append(f"({', '.join(found.labels)})")
        lines.append(f"{figures.expected_text(entry, lookup)} expected")
    else:
        lines.append(f"{links.config(entry, figures.expected_text(entry, lookup))} expected")
    lines.append(links.badge(state))
    return "\\\n".join(lines)


def problems(
    entries: list[Entry],
    runs: dict[str, tuple[Measurement, ...]],
    lookup: Lookup,
    evidence: Evidence,
) -> Table:
    """Return what went wrong on a target and how to mend it."""
    rows = []
    for entry in entries:
        name = links.config(entry, f"{lookup.title(entry.workload)}, {variant(entry)}")
        for run in runs[entry.key]:
            rows += [(name, *_cause(cause, lookup)) for cause in run.causes]
        rows += [
            (name, f"{links.badge(j.state.value)} {inline(j.reason)}", _MENDS[j.state])
            for j in evidence.measurements(entry.key)
            if j.state in _MENDS
        ]
    return Table(headers=("Where", "Problem", "Mend"), rows=tuple(dict.fromkeys(rows)))


def _cause(cause: Mapping[str, str], lookup: Lookup) -> tuple[str, str]:
    """Return a cause of a stored record with its mend; its code links to its section."""
    name = cause.get("code", "")
    known = any(w.value == name for w in causes(lookup.catalog))
    shown = links.ref(slug(name), name) if known else code(name)
    return f"{shown}: {inline(cause.get('text', ''))}", inline(cause.get("do", ""))


def likely_causes(entries: list[Entry], lookup: Lookup) -> Table:
    """Return the causes of an INVALID run that the scenarios of a target can meet."""
    words = {str(w.value): w for w in causes(lookup.catalog)}
    rows = []
    for scenario in lookup.scenarios(entries):
        for name in _CAUSES.get(scenario_word(scenario), ()):
            if name in words:
                meaning = first_sentence(words[name].doc)
                rows.append((scenario_title(scenario), links.ref(slug(name), name), meaning))
    return Table(headers=("Scenario", "Code", "Meaning"), rows=tuple(rows))
