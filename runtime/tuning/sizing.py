"""How long a trial is: a quick run, shortened further, that LoadGen still judges."""

from __future__ import annotations

import dataclasses
import math

from runtime.configs.schema import MultiStream, Offline, Server, Settings, SingleStream
from runtime.quick import quick_changes
from runtime.vocabulary import Mode

TRIAL_S = 1.0
"""Length of a trial's timed part unless told otherwise, in seconds.

Why: long enough for the hundreds of queries that a 99th percentile needs at 1,000 a
    second, short enough for a search to have dozens.
"""

FLOOR = 0.1
"""Shortest Offline trial that counts, as a share of its planned length.

Why: a candidate may be several times faster than the rate that its query was sized for.
"""

BOUNDS = 20
"""Shortest Server trial, in latency bounds.

Why: a system that is 5 % too slow is a whole bound behind only after twenty of them; a
    shorter run of it is VALID.
"""

PREPARED = 4.0
"""How many times the queries that a stream trial is expected to need are prepared.

Why: a candidate that is faster than the entry must not run out of them.
"""

BATCHES = 4
"""Fewest full batches a lane in an Offline trial."""


def size(settings: Settings, trial_s: float, expected: float | None = None) -> Settings:
    """Return settings whose timed part takes about `trial_s`.

    Args:
        settings: What is tried, with its own durations.
        trial_s: Wanted length in seconds; a percentile may need more queries than fit.
        expected: Samples/s that an Offline query is sized for; None for `target_qps`.
    """
    quick = dataclasses.replace(settings, **quick_changes(settings, Mode.PERFORMANCE))
    wanted_ms = max(1, round(trial_s * 1000))
    if isinstance(quick, (SingleStream, MultiStream)):
        latency_ms = quick.expected_latency_ms / PREPARED
        return dataclasses.replace(quick, min_duration_ms=wanted_ms, expected_latency_ms=latency_ms)
    if isinstance(quick, Server):
        least_ms = math.ceil(BOUNDS * quick.target_latency_ms)
        return dataclasses.replace(quick, min_duration_ms=max(wanted_ms, least_ms))
    if not isinstance(quick, Offline):
        return quick
    rate = expected or quick.target_qps
    full = BATCHES * quick.batch_size * quick.lanes * getattr(quick, "processes", 1)
    return dataclasses.replace(
        quick,
        target_qps=rate,
        min_duration_ms=max(1, round(FLOOR * wanted_ms)),
        min_sample_count=max(1, math.ceil(rate * trial_s), full),
    )
