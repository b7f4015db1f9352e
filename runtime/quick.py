"""What `--quick` changes: a run of a few seconds whose verdict still means something.

A quick run is for finding out that everything works and roughly how fast. It is
never an official run, and every output says so (`runtime.record.QUICK_NOTE`).
"""

from __future__ import annotations

import math
from typing import Any

from runtime.configs.schema import MultiStream, Offline, Server, Settings, SingleStream
from runtime.policies.earlystopping import least_for_estimate
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
    percentile = next((p for p in allowed if least_for_estimate(p) <= affordable), allowed[-1])
    return {
        "min_duration_ms": min(settings.min_duration_ms, SAMPLING_MS),
        "min_query_count": least_for_estimate(percentile),
        "target_latency_percentile": percentile,
    }
