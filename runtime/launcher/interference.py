"""What the backgrounds cost the main workload: figures with them beside figures without.

Each repeat measures both, one right after the other and in alternating order, so that a drift
of the machine falls on both alike. The ratio of each pair is one observation; the interval is
Student's on the logarithms of the ratios.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

CONFIDENCE = 0.95
"""Confidence of the intervals."""

SHOWN = (
    "samples_per_s",
    "queries_per_s",
    "queries_per_s_scheduled",
    "latency_mean_ms",
    "latency_p50_ms",
    "latency_p90_ms",
    "latency_p99_ms",
)
"""Metrics that are compared, as far as a scenario has them."""

LEAST_PAIRS = 2
"""Pairs from which on an interval can be given."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One metric of the main workload, summed up over its copies."""

    value: float
    """Of a rate the sum, of a latency the worst."""
    unit: str
    """Unit."""
    better: str
    """`higher` or `lower`."""
    primary: bool
    """Whether it judges the scenario."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One metric with and without backgrounds."""

    name: str
    """Name of the metric."""
    unit: str
    """Unit of the values."""
    better: str
    """`higher` or `lower`."""
    primary: bool
    """Whether it judges the scenario."""
    alone: tuple[float, ...]
    """Values alone, one for each pair."""
    together: tuple[float, ...]
    """Values with the backgrounds, in the order of `alone`."""
    ratio: float
    """Geometric mean of together / alone; 1 is no interference."""
    low: float | None
    """Lower end of the 95 % interval; None where one pair is too few."""
    high: float | None
    """Upper end."""

    @property
    def cost(self) -> float:
        """Return the loss as a share: 0.1 is a rate 10 % lower, or a latency 10 % higher."""
        return 1 - self.ratio if self.better == "higher" else self.ratio - 1

    @property
    def clear(self) -> bool | None:
        """Return whether the interval excludes 1; None where there is no interval."""
        if self.low is None or self.high is None:
            return None
        return not self.low <= 1 <= self.high


Measured = Mapping[str, Figure]
"""Figures of one round by metric."""


def compare(pairs: Sequence[tuple[Measured, Measured]], copies: int = 1) -> tuple[Comparison, ...]:
    """Return the comparison of every metric that all rounds have, the primary one first.

    Args:
        pairs: Figures alone and with the others, pair by pair.
        copies: Main members that run together; alone there is one, so its rate counts as
            often.
    """
    if not pairs:
        return ()
    found = []
    for name in SHOWN:
        rows = [(a.get(name), b.get(name)) for a, b in pairs]
        both = [(a, b) for a, b in rows if a and b and a.value > 0 and b.value > 0]
        # a rate that does not judge the scenario was dictated, or says the same once more
        if len(both) == len(pairs) and (both[0][0].primary or name.startswith("latency")):
            found.append(_comparison(name, both, copies))
    return tuple(sorted(found, key=lambda c: not c.primary))


def _comparison(name: str, rows: Sequence[tuple[Figure, Figure]], copies: int) -> Comparison:
    """Return one comparison."""
    first = rows[0][0]
    times = copies if first.better == "higher" else 1
    alone = tuple(a.value * times for a, _ in rows)
    together = tuple(b.value for _, b in rows)
    ratio, low, high = ratio_interval(alone, together)
    return Comparison(
        name=name,
        unit=first.unit,
        better=first.better,
        primary=first.primary,
        alone=alone,
        together=together,
        ratio=ratio,
        low=low,
        high=high,
    )


def ratio_interval(
    below: Sequence[float], above: Sequence[float]
) -> tuple[float, float | None, float | None]:
    """Return the geometric mean of above / below and the ends of its 95 % interval.

    Args:
        below: Denominators, positive.
        above: Numerators, positive, pair by pair.

    Returns:
        Ratio, lower and upper end; the ends are None for a single pair.
    """
    logs = [math.log(a / b) for a, b in zip(above, below, strict=True)]
    mean = fmean(logs)
    if len(logs) < LEAST_PAIRS:
        return math.exp(mean), None, None
    from scipy import stats

    factor = float(stats.t.ppf(0.5 + CONFIDENCE / 2, len(logs) - 1))
    half = factor * stdev(logs) / math.sqrt(len(logs))
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def figures_of(metrics: Sequence[Sequence[Mapping[str, object]]]) -> dict[str, Figure]:
    """Return the figures of a round from the metrics of its main members' records.

    Args:
        metrics: For each main member the metrics of its record, in JSON form.
    """
    found: dict[str, Figure] = {}
    for name in SHOWN:
        rows = [m for one in metrics for m in one if m["name"] == name]
        if not rows or len(rows) != len(metrics):
            continue
        values = [float(str(m["value"])) for m in rows]
        higher = rows[0]["better"] == "higher"
        found[name] = Figure(
            value=sum(values) if higher else max(values),
            unit=str(rows[0]["unit"]),
            better=str(rows[0]["better"]),
            primary=bool(rows[0]["primary"]),
        )
    return found
