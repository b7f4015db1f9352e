"""Expected and measured figures of an entry as words, and the plot that compares them."""

from __future__ import annotations

from docgen import formatting as fmt
from docgen.catalog import Entry
from docgen.views.lookup import Lookup, none_cell, scenario_title
from docgen.views.measure import Measurement, judged
from docgen.views.model import Bar, Evidence, Plot
from docgen.views.text import slug

_DRAWN = tuple(f"latency_p{share}_ms" for share in (50, 90, 95, 97, 99))
"""Percentiles that a plot shows; the extremes stand in its table, they would dwarf the rest."""


def exists(evidence: Evidence, snippet_id: str) -> bool:
    """Tell whether there is a snippet of that name."""
    return judged(evidence, snippet_id) is not None


def expected_text(entry: Entry, lookup: Lookup) -> str:
    """Return what an entry expects to measure, with unit; a dash where it states nothing."""
    expected = lookup.expected(entry)
    return fmt.quantity(expected[1], expected[2]) if expected else none_cell()


def measured_text(found: Measurement | None) -> str:
    """Return the measured figure of an entry, with unit; a dash where there is none."""
    return found.primary.text if found and found.primary else none_cell()


def qualified_text(found: Measurement | None) -> str:
    """Return the measured figure with the words that qualify it; a dash where there is none."""
    return f"{measured_text(found)} ({', '.join(found.labels)})" if found else none_cell()


def comparable(found: Measurement, entry: Entry, lookup: Lookup) -> tuple[float, str] | None:
    """Return the primary figure where it is of the same unit as the expected one."""
    expected = lookup.expected(entry)
    primary = found.primary
    if expected is None or primary is None or primary.unit != expected[2] or not expected[1]:
        return None
    return primary.value, primary.unit


def ratio_text(found: Measurement | None, entry: Entry, lookup: Lookup) -> str:
    """Return measured divided by expected; a dash where they cannot be compared."""
    expected = lookup.expected(entry)
    pair = comparable(found, entry, lookup) if found else None
    if pair is None or expected is None:
        return none_cell()
    return fmt.ratio(pair[0] / expected[1])


def plot(found: Measurement, entry: Entry, lookup: Lookup) -> Plot | None:
    """Return the plot of one measured entry; None where nothing can be drawn.

    Rates stand beside the expected rate; latencies as percentiles beside the bound
    or the expected latency.
    """
    latencies = [f for f in found.latencies() if f.unit == "ms" and f.name in _DRAWN]
    if entry.scenario != "offline" and latencies:
        bars = [Bar(label=f.words, value=f.value) for f in latencies]
        return _plot(entry, "latency percentiles", "ms", [*bars, *_limits(entry, lookup)])
    pair = comparable(found, entry, lookup)
    expected = lookup.expected(entry)
    if pair is None or expected is None:
        return None
    bars = [
        Bar(label="measured", value=pair[0]),
        Bar(label="expected", value=expected[1], kind="expected"),
    ]
    return _plot(entry, "throughput", pair[1], bars)


def _limits(entry: Entry, lookup: Lookup) -> list[Bar]:
    """Return the latency that an entry must meet, or that it expects."""
    bound = entry.values.get("target_latency_ms")
    if bound is not None and isinstance(bound.resolved, int | float):
        return [Bar(label="bound", value=float(bound.resolved), kind="bound")]
    expected = lookup.expected(entry)
    if expected is not None and expected[2] == "ms":
        return [Bar(label="expected", value=expected[1], kind="expected")]
    return []


def _plot(entry: Entry, what: str, unit: str, bars: list[Bar]) -> Plot:
    """Return a plot beside the guide of the entry's target."""
    name = slug(entry.key.split("/", 1)[-1].replace("/", "-").replace("@", "-"))
    return Plot(
        path=f"targets/{entry.target}/{name}.svg",
        title=f"{_title(entry)}: {what}",
        unit=unit,
        bars=tuple(bars),
    )


def _title(entry: Entry) -> str:
    """Return workload and scenario of an entry in words."""
    return f"{entry.workload} {scenario_title(entry.scenario)}"
