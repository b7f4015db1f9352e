"""What `--quick` changes: a run of a few seconds whose verdict still means something.

A quick run is for finding out that everything works and roughly how fast. It is
never an official run, and every output says so (`runtime.record.QUICK_NOTE`).
"""

from __future__ import annotations

import math
from typing import Any

from runtime.configs.schema import MultiStream, Offline, Server, Settings, SingleStream
from runtime.vocabulary import Mode

SAMPLING_MS = 2_000
"""Length that a quick run is sized for, in ms: long enough for a stable rate of
an ordinary CPU model, short enough to wait for."""

OFFLINE_FLOOR_MS = 500
"""Shortest Offline run that a quick run accepts, in ms.

Why: the query is sized for `SAMPLING_MS` at the target's `target_qps`; a machine that
is up to four times faster than the configured one still ends VALID.
"""

PATIENCE_MS = 5_000
"""Longest timed part that a quick run is sized for, in ms."""

WARMUP_BATCHES = 2
"""Warm-up inferences per lane in a quick run."""

CONFIDENCE = 0.99
"""Confidence with which early stopping judges a percentile.

Source: LoadGen, early_stopping.cc; MLPerf inference rules, "Early stopping".
"""

PERCENTILES = (97.0, 95.0, 90.0, 50.0)
"""Percentiles that the quick run of a slow target may fall back to, best first.

Source: those that LoadGen prints for every run.
"""


def quick_changes(settings: Settings, mode: Mode) -> dict[str, Any]:
    """Return the values that a quick run replaces, by field name; only real changes.

    `target_qps` and every value that shapes the inference itself stay as they are.
    An accuracy run keeps its whole data set: only the warm-up is shortened.
    """
    wanted: dict[str, Any] = {"warmup_batches": min(settings.warmup_batches, WARMUP_BATCHES)}
    if mode is Mode.PERFORMANCE:
        if isinstance(settings, Offline):
            wanted |= _offline(settings)
        elif isinstance(settings, Server):
            wanted |= _server(settings)
        elif isinstance(settings, (SingleStream, MultiStream)):
            wanted |= _stream(settings)
    return {name: value for name, value in wanted.items() if getattr(settings, name) != value}


def queries_needed(percentile: float, over: int = 1) -> int:
    """Return the fewest queries from which early stopping can judge a percentile.

    Args:
        percentile: Percentile of the latency bound, in %.
        over: Queries that may exceed the bound (LoadGen's estimate needs one).

    Returns:
        64 for 90 %, 662 for 99 % with one query over; 459 for 99 % with none.

    Source: the binomial bound of LoadGen's early stopping: the least n for which
        `over` or fewer misses in n have a probability of at most `1 - CONFIDENCE`.
    """
    miss = 1.0 - percentile / 100.0
    if miss <= 0.0:
        raise ValueError("no number of queries can judge the 100th percentile")
    n = max(over + 1, math.floor(math.log(1.0 - CONFIDENCE) / math.log(1.0 - miss)))
    while _at_most(over, n, miss) > 1.0 - CONFIDENCE:
        n += 1
    return n


def _at_most(over: int, n: int, miss: float) -> float:
    """Return the probability of at most `over` misses in n tries."""
    return sum(math.comb(n, k) * miss**k * (1.0 - miss) ** (n - k) for k in range(over + 1))


def _offline(settings: Offline) -> dict[str, Any]:
    """Return a query sized for `SAMPLING_MS`, accepted from `OFFLINE_FLOOR_MS` on."""
    samples = max(1, math.ceil(settings.target_qps * SAMPLING_MS / 1000))
    return {
        "min_duration_ms": min(settings.min_duration_ms, OFFLINE_FLOOR_MS),
        "min_sample_count": samples,
    }


def _server(settings: Server) -> dict[str, Any]:
    """Return the shortest Server run that early stopping can judge within the patience."""
    rate = settings.target_qps * PATIENCE_MS / 1000
    return _judged(settings, rate)


def _stream(settings: SingleStream | MultiStream) -> dict[str, Any]:
    """Return the shortest stream run that early stopping can judge within the patience."""
    return _judged(settings, PATIENCE_MS / settings.expected_latency_ms)


def _judged(settings: Server | SingleStream | MultiStream, affordable: float) -> dict[str, Any]:
    """Return duration, count and percentile for the queries that the patience affords.

    A slow target cannot send the hundreds of queries that the 99th percentile asks
    for; its quick run is judged by a lower percentile instead, the highest that fits.
    """
    own = settings.target_latency_percentile
    allowed = [p for p in dict.fromkeys((own, *PERCENTILES)) if p <= own and p < 100.0]  # noqa: PLR2004
    percentile = next((p for p in allowed if queries_needed(p) <= affordable), allowed[-1])
    return {
        "min_duration_ms": min(settings.min_duration_ms, SAMPLING_MS),
        "min_query_count": queries_needed(percentile),
        "target_latency_percentile": percentile,
    }
