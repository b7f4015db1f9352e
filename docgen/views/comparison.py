"""All targets beside each other: facts, key settings, expected and measured figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from docgen.catalog import Catalog, Entry, Target
from docgen.views import figures, links, profile
from docgen.views.lookup import Lookup, none_cell, scenario_title, scenario_word
from docgen.views.measure import best, measurements
from docgen.views.model import Bar, Config, Evidence, Output, Page, Plot, Table
from docgen.views.text import in_cell, inline, slug

_KEY_FIELDS = ("precision", "batch_size", "gpu_batch_size", "lanes", "tensor_parallelism")
_LOG_SPAN = 100.0
"""From this ratio of the greatest to the least rate on, the axis is logarithmic."""


def pages(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Output]:
    """Yield the comparison of all targets and its plots."""
    del config
    lookup = Lookup(catalog)
    plots = [p for w in lookup.workloads if (p := _plot(w, lookup)) is not None]
    yield from plots
    drawn = {p.path: p for p in plots}
    yield Page(
        path="compare.md",
        template="compare.md.j2",
        context={
            "facts": _facts(lookup),
            "foreign": lookup.foreign,
            "workloads": [
                (
                    lookup.title(w),
                    f"compare-{slug(w)}",
                    drawn.get(_path(w)),
                    _figures(w, lookup, evidence),
                )
                for w in lookup.workloads
            ],
        },
    )


def _facts(lookup: Lookup) -> Table:
    """Return the facts of all targets."""
    targets = lookup.ordered()
    names = list(dict.fromkeys(n for t in targets for n in t.facts))
    if lookup.foreign:
        names = [n for n in names if _is_short(n, targets)]
    heads, cells = profile.fact_columns(targets, names)
    rows = tuple(
        (links.target(t.name, t.title), inline(t.family), str(t.devices), *shown)
        for t, shown in zip(targets, cells, strict=True)
    )
    headers = ("Target", "Family", "Devices", *heads)
    words = {3 + i for i, n in enumerate(names) if lookup.foreign and _is_text(n, targets)}
    numeric = tuple(i for i in range(2, len(headers)) if i not in words)
    return Table(headers=headers, rows=rows, numeric=numeric, name="bench-wide")


def _is_short(name: str, targets: Sequence[Target]) -> bool:
    """Tell whether a fact fits a column: no list, and not the name of the system once more."""
    values = [t.facts[name].value for t in targets if name in t.facts]
    return name != "system_id" and not any(isinstance(v, list | dict) for v in values)


def _is_text(name: str, targets: Sequence[Target]) -> bool:
    """Tell whether a fact is a word rather than a number."""
    return any(isinstance(t.facts[name].value, str) for t in targets if name in t.facts)


def _figures(workload: str, lookup: Lookup, evidence: Evidence) -> Table:
    """Return key settings, expected and measured figures of one workload."""
    targets = lookup.targets_of(workload)
    every = [e for t in targets for e in lookup.entries_of(t.name, workload)]
    scenarios = lookup.scenarios(every)
    names = [n for n in _KEY_FIELDS if any(n in e.values for e in every)]
    rows = []
    for target in targets:
        entries = {e.scenario: e for e in reversed(lookup.entries_of(target.name, workload))}
        first = next((entries[s] for s in scenarios if s in entries), None)
        rows.append(
            (
                links.doc(links.settings_page(target.name, workload), target.title),
                *(_value(first, name, lookup) for name in names),
                *(_figure(entries.get(s), lookup, evidence) for s in scenarios),
            )
        )
    lead = scenario_title(scenarios[0]) if scenarios else ""
    headers = (
        "Target",
        *(f"{n.replace('_', ' ').capitalize()} ({lead})" for n in names),
        *(scenario_title(s) for s in scenarios),
    )
    numeric = tuple(range(2, len(headers)))
    return Table(headers=headers, rows=tuple(rows), numeric=numeric, name="bench-wide")


def _value(entry: Entry | None, name: str, lookup: Lookup) -> str:
    """Return one value of an entry; a dash where it has none."""
    value = entry.values.get(name) if entry else None
    if entry is None or value is None:
        return none_cell()
    spec = lookup.spec(name, entry.scenario)
    return in_cell(value.resolved, spec.unit if spec else "")


def _figure(entry: Entry | None, lookup: Lookup, evidence: Evidence) -> str:
    """Return the measured figure in bold, else the expected one."""
    if entry is None:
        return none_cell()
    found = best(measurements(evidence, entry))
    if found is not None:
        return f"**{figures.measured_text(found)}** measured ({', '.join(found.labels)})"
    return figures.expected_text(entry, lookup)


def _plot(workload: str, lookup: Lookup) -> Plot | None:
    """Return the plot of expected Offline rates; None with fewer than two targets."""
    bars = []
    for target in lookup.targets_of(workload):
        rate = _rate(target, workload, lookup)
        if rate:
            bars.append(Bar(label=target.title, value=rate, kind="expected"))
    if len(bars) < 2:  # noqa: PLR2004 - one bar compares nothing
        return None
    values = [b.value for b in bars]
    return Plot(
        path=_path(workload),
        title=f"{lookup.title(workload)} Offline: expected throughput, not measured",
        unit="samples/s",
        bars=tuple(bars),
        log=max(values) / min(values) > _LOG_SPAN,
    )


def _path(workload: str) -> str:
    """Return the place of a comparison's plot."""
    return f"workloads/{slug(workload)}-expected.svg"


def _rate(target: Target, workload: str, lookup: Lookup) -> float:
    """Return the expected Offline rate of the plain variant; 0 where there is none."""
    for entry in lookup.entries_of(target.name, workload):
        expected = lookup.expected(entry)
        if scenario_word(entry.scenario) == "offline" and expected is not None:
            return expected[1]
    return 0.0
