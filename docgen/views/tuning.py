"""The fields that matter most in each scenario, and which way to turn them."""

from __future__ import annotations

from dataclasses import dataclass

from docgen import formatting as fmt
from docgen.catalog import Entry, Target
from docgen.views.lookup import Lookup, scenario_word
from docgen.views.profile import is_cpu

_MOST = 3
"""How many fields are named a scenario."""

_ADVICE: dict[str, tuple[tuple[str, str, str], ...]] = {
    "offline": (
        (
            "batch_size",
            "Up, until throughput stops rising or memory is full",
            "Nothing waits for a single answer here, so a larger batch only costs memory.",
        ),
        (
            "lanes",
            "Up by one, as long as throughput rises",
            "A second lane prepares its batch while the first one computes.",
        ),
        (
            "target_qps",
            "To the throughput that the last run measured",
            "It only sizes the query: too low ends the run early, too high makes it hours long.",
        ),
    ),
    "server": (
        (
            "target_qps",
            "Up, until the 99th percentile meets the bound; then down by 2 %",
            "It is the rate that the run proves.",
        ),
        (
            "max_queue_delay_us",
            "Up for fuller batches, down for lower latency",
            "Every microsecond of waiting is spent from the latency bound.",
        ),
        (
            "batch_size",
            "To the number of queries that arrive within one inference",
            "Larger batches than arrive in time never fill.",
        ),
    ),
    "single-stream": (
        (
            "use_cuda_graph",
            "On, where shapes do not change",
            "At batch 1 the launches of the kernels cost more than the kernels.",
        ),
        (
            "intra_op_threads",
            "Up to the physical cores, then stop",
            "One sample at a time: only more threads in one inference shorten it.",
        ),
        (
            "lanes",
            "Keep it at 1",
            "There is never more than one sample in flight.",
        ),
        (
            "expected_latency_ms",
            "To the latency that the last run measured",
            "It only sizes the prepared list of queries.",
        ),
    ),
    "multi-stream": (
        (
            "batch_size",
            "To the samples of one query",
            "A whole query is then one inference.",
        ),
        (
            "use_cuda_graph",
            "On, where shapes do not change",
            "Batches are small enough for launches to show.",
        ),
        (
            "intra_op_threads",
            "Up to the physical cores, then stop",
            "One query at a time: only more threads in one inference shorten it.",
        ),
        (
            "expected_latency_ms",
            "To the latency of a query that the last run measured",
            "It only sizes the prepared list of queries.",
        ),
    ),
}
"""Per scenario, in order of effect: field, direction, reason. The scenario's own mechanics
(LoadGen) decide the order, not the target; figures come from the entry."""

_GPU_ONLY = {"use_cuda_graph"}
_CPU_ONLY = {"intra_op_threads"}


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One field to tune."""

    field: str
    """Name of the field."""
    owner: str
    """Class that declares it."""
    now: str
    """Value of the entry, with unit."""
    direction: str
    """Which way to turn it."""
    reason: str
    """Why it matters."""
    entry: Entry
    """Entry whose value is shown."""


def advice(entry: Entry, target: Target, lookup: Lookup) -> list[Advice]:
    """Return the three fields of an entry that matter most, in order of effect."""
    found = []
    skipped = _GPU_ONLY if is_cpu(target) else _CPU_ONLY
    for name, direction, reason in _ADVICE.get(scenario_word(entry.scenario), ()):
        value = entry.values.get(name)
        if value is None or name in skipped:
            continue
        spec = lookup.spec(name, entry.scenario)
        found.append(
            Advice(
                field=name,
                owner=spec.owner if spec else "",
                now=fmt.value(value.resolved, spec.unit if spec else ""),
                direction=direction,
                reason=reason,
                entry=entry,
            )
        )
    return found[:_MOST]
