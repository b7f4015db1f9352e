"""One page per workload: what it is, who runs it, and which system reaches a rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import msgspec

from docgen import formatting as fmt
from docgen.catalog import Catalog, Entry, Target, Workload
from docgen.views import figures, links, profile
from docgen.views.lookup import Lookup, none_cell, scenario_title, scenario_word, variant
from docgen.views.measure import accuracy_of, best, measurements, state_of
from docgen.views.model import Config, Evidence, Page, Part, Table
from docgen.views.text import code, in_cell, inline, slug

_RATES = (1_000, 10_000, 100_000, 1_000_000)
"""Rates that a reader may want to reach, in samples or queries per second."""

_KEY_FIELDS = (
    "precision",
    "batch_size",
    "gpu_batch_size",
    "lanes",
    "gpu_copy_streams",
    "gpu_inference_streams",
    "tensor_parallelism",
    "pipeline_parallelism",
    "max_queue_delay_us",
    "target_latency_ms",
    "target_qps",
    "expected_latency_ms",
)
"""Fields that stand in the comparison of settings, where entries have them."""

_SHARES = {"reference_accuracy"}
_LARGE = {"flops_per_sample": "FLOP", "parameters": ""}
_LABELS = {
    "dataset": "Data set",
    "flops_per_sample": "FLOP per sample",
    "answer_dtype": "Answer type",
    "mlperf": "MLPerf benchmark",
}
_HIDDEN = {"task", "loadgen_name"}


_NAMED = 2
"""Targets that a sentence names one by one; of more it says how many."""


def parts(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Part]:
    """Yield the list of workloads and a page of each."""
    del config
    frame = Catalog(
        dialect=catalog.dialect,
        root=catalog.root,
        packages=catalog.packages,
        targets=catalog.targets,
        workloads=catalog.workloads,
        fields=catalog.fields,
    )
    yield Part(make=partial(_list, frame), catalog=frame, words=("workloads",))
    for workload in catalog.workloads:
        entries = tuple(e for e in catalog.entries if e.workload == workload.name)
        mine = msgspec.structs.replace(frame, entries=entries)
        yield Part(
            make=partial(_pages, mine, workload, evidence),
            catalog=mine,
            words=("workloads", workload.name),
        )


def _list(catalog: Catalog) -> Iterable[Page]:
    """Yield the list of workloads."""
    yield Page(
        path="workloads/index.md",
        template="workloads.md.j2",
        context={"workloads": [(w, inline(_task(w))) for w in catalog.workloads]},
    )


def _pages(catalog: Catalog, workload: Workload, evidence: Evidence) -> Iterable[Page]:
    """Yield the page of a workload from a Catalog with its entries alone."""
    yield _page(workload, Lookup(catalog), evidence)


def _page(workload: Workload, lookup: Lookup, evidence: Evidence) -> Page:
    """Return the page of one workload."""
    entries = [
        e
        for t in lookup.targets_of(workload.name)
        for e in lookup.entries_of(t.name, workload.name)
    ]
    scenarios = lookup.scenarios(entries)
    return Page(
        path=links.workload_page(workload.name),
        template="workload.md.j2",
        context={
            "workload": workload,
            "label": f"workload-{slug(workload.name)}",
            "task": inline(_task(workload)),
            "properties": _properties(workload),
            "targets": _targets(workload, scenarios, lookup, evidence),
            "scenarios": [
                (scenario_title(s), slug(s), _settings(workload, s, lookup)) for s in scenarios
            ],
            "accuracy": _accuracy(entries, lookup, evidence),
            "bounds": _bounds(entries, lookup),
            "rates": _rates(workload, lookup),
            "foreign": lookup.foreign,
        },
    )


def _task(workload: Workload) -> str:
    """Return what a workload's model does."""
    return str(workload.properties.get("task", "") or workload.doc.partition("\n")[0])


def _properties(workload: Workload) -> Table:
    """Return everything else that is stated about a workload."""
    rows = [
        (
            _LABELS.get(name, name.replace("_", " ").capitalize()),
            _property(name, item, workload.units.get(name, "")),
            inline(workload.docs.get(name, "")),
        )
        for name, item in workload.properties.items()
        if name not in _HIDDEN and item not in (None, "", [], {})
    ]
    return Table(headers=("What", "Value", "Meaning"), rows=tuple(rows), name="bench-properties")


def _property(name: str, item: Any, unit: str) -> str:
    """Return one property in words: shares as percentages, tensors with their shape."""
    if name in _SHARES and isinstance(item, int | float):
        return fmt.percent(float(item))
    if name in _LARGE and isinstance(item, int | float):
        return fmt.si(float(item), _LARGE[name])
    if isinstance(item, Mapping) and "shape" in item:
        shape = " \u00d7 ".join(str(extent) for extent in item["shape"])
        return f"{code(str(item.get('name', '')))} {inline(str(item.get('dtype', '')))}, {shape}"
    return inline(fmt.value(item, unit))


def _targets(workload: Workload, scenarios: list[str], lookup: Lookup, evidence: Evidence) -> Table:
    """Return targets by scenarios: measured where it was, else expected."""
    rows = []
    for target in lookup.targets_of(workload.name):
        entries = lookup.entries_of(target.name, workload.name)
        cells = []
        for scenario in scenarios:
            plain = next((e for e in entries if e.scenario == scenario), None)
            cells.append(_cell(plain, lookup, evidence) if plain else none_cell())
        rows.append((links.target(target.name, target.title), *cells))
    headers = ("Target", *(scenario_title(s) for s in scenarios))
    return Table(headers=headers, rows=tuple(rows), name="bench-matrix", stub=1)


def _cell(entry: Entry, lookup: Lookup, evidence: Evidence) -> str:
    """Return the figure of one entry with its badge."""
    if lookup.foreign:
        figure = figures.expected_text(entry, lookup)
        return links.config(entry, "configured" if figure == none_cell() else figure)
    state, _ = state_of(evidence, entry)
    found = best(measurements(evidence, entry))
    if found:
        figure = links.config(entry, figures.measured_text(found))
        return f"**{figure}** {links.badge(state)} ({', '.join(found.labels)})"
    return f"{links.config(entry, figures.expected_text(entry, lookup))} {links.badge(state)}"


def _settings(workload: Workload, scenario: str, lookup: Lookup) -> Table:
    """Return the fields that decide most, by target."""
    entries = [
        e
        for t in lookup.targets_of(workload.name)
        for e in lookup.entries_of(t.name, workload.name)
        if e.scenario == scenario
    ]
    names = [n for n in _KEY_FIELDS if any(n in e.values for e in entries)]
    rows = []
    for entry in entries:
        words = variant(entry).partition(", ")[2]
        target = lookup.targets.get(entry.target)
        title = (target.title if target else entry.target) + (f" ({words})" if words else "")
        cells = [links.config(entry, title)]
        for name in names:
            spec, value = lookup.spec(name, scenario), entry.values.get(name)
            text = fmt.value(value.resolved, spec.unit if spec else "") if value else none_cell()
            cells.append(in_cell(value.resolved, spec.unit if spec else "") if value else text)
        rows.append(tuple(cells))
    heads = [links.field(s) if (s := lookup.spec(n, scenario)) else code(n) for n in names]
    numeric = tuple(i for i, n in enumerate(names, start=1) if n != "precision")
    headers = ("Target", *heads)
    return Table(headers=headers, rows=tuple(rows), numeric=numeric, name="bench-wide")


def _accuracy(entries: list[Entry], lookup: Lookup, evidence: Evidence) -> Table:
    """Return the accuracy runs that are stored."""
    rows = []
    for entry in entries:
        run = accuracy_of(measurements(evidence, entry))
        if run is None or run.accuracy is None:
            continue
        target = lookup.targets.get(entry.target)
        part = run.accuracy
        rows.append(
            (
                links.config(entry, target.title if target else entry.target),
                fmt.percent(part["value"]),
                f"at least {fmt.percent(part['goal'])}",
                fmt.percent(part["reference"]),
                fmt.count(int(part["samples"]), "sample"),
                fmt.day(run.created),
                links.badge(run.state),
            )
        )
    headers = ("Target", "Accuracy", "Goal", "Reference", "Judged", "Date", "State")
    return Table(headers=headers, rows=tuple(rows), numeric=(1, 2, 3, 4))


def _bounds(entries: list[Entry], lookup: Lookup) -> list[tuple[str, str, str]]:
    """Return the latency bounds that entries set: variant and targets, bound, percentile."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for entry in entries:
        bound = entry.values.get("target_latency_ms")
        share = entry.values.get("target_latency_percentile")
        if bound is None:
            continue
        spec = lookup.spec("target_latency_ms", entry.scenario)
        limit = fmt.value(bound.resolved, spec.unit if spec else "ms")
        percentile = fmt.value(share.resolved) if share else "99"
        held = found.setdefault((variant(entry), limit, percentile), [])
        held.append(entry.target)
    several = {key[0] for key in found if sum(key[0] == other[0] for other in found) > 1}
    return [
        (f"{key[0]} on {_some(names)}" if key[0] in several else key[0], *key[1:])
        for key, names in found.items()
    ]


def _some(names: list[str]) -> str:
    """Return up to two target names, or how many there are."""
    return " and ".join(names) if len(names) <= _NAMED else f"{len(names)} targets"


def _rates(workload: Workload, lookup: Lookup) -> list[tuple[str, Table]]:
    """Return, per scenario with a rate, how many systems reach a rate."""
    found = []
    for scenario in ("offline", "server"):
        rows = [
            row
            for target in lookup.targets_of(workload.name)
            if not profile.is_cpu(target)
            and (row := _rate_row(target, workload, scenario, lookup)) is not None
        ]
        if rows:
            unit = "samples/s" if scenario == "offline" else "queries/s"
            heads = tuple(f"for {fmt.quantity(rate, unit)}" for rate in _RATES)
            headers = ("System", "Expected each", "Per device", *heads)
            numeric = tuple(range(1, len(headers)))
            table = Table(headers=headers, rows=tuple(rows), numeric=numeric, name="bench-wide")
            found.append((scenario_title(scenario), table))
    return found


def _rate_row(
    target: Target, workload: Workload, scenario: str, lookup: Lookup
) -> tuple[str, ...] | None:
    """Return how many systems of a target reach each rate; None without an expectation."""
    entry = next(
        (
            e
            for e in lookup.entries_of(target.name, workload.name)
            if scenario_word(e.scenario) == scenario
        ),
        None,
    )
    expected = lookup.expected(entry) if entry else None
    if expected is None or expected[1] <= 0:
        return None
    _, rate, unit = expected
    return (
        links.target(target.name, target.title),
        fmt.quantity(rate, unit),
        fmt.quantity(rate / target.devices, unit),
        *(fmt.exact(math.ceil(wanted / rate)) for wanted in _RATES),
    )
