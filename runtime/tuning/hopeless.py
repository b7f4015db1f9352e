"""Ends a trial early when it can no longer become VALID, or better than the best so far."""

from __future__ import annotations

from collections.abc import Callable

from runtime.configs.schema import Offline, Server, Settings
from runtime.loadgen.progress import Progress

EARLIEST_S = 0.4
"""Time that every trial gets before it is judged, in seconds: two reports and a start."""

BEHIND = 0.8
"""Share of the queries sent that a system must have completed to be given more time."""

MARGIN = 2.0
"""How many times the queries that may miss the bound must be waiting beyond it.

Why: the count is seen with a delay of one report; twice is certain.
"""

SLOWER = 0.6
"""Share of the best rate under which an Offline trial is given up.

Why: short trials differ by some percent; by 40 % never.
"""


class Hopeless(Exception):  # noqa: N818 - an outcome of a trial, not a fault
    """The trial was ended because its outcome is certain."""

    def __init__(self, reason: str, value: float | None, *, saturated: bool) -> None:
        """Hold what was seen.

        Args:
            reason: Why, in words.
            value: The figure so far: completed samples/s or queries/s, or latency in ms.
            saturated: Whether the system is at its end.
        """
        super().__init__(reason)
        self.reason = reason
        """Why, in words."""
        self.value = value
        """The figure so far."""
        self.saturated = saturated
        """Whether the system is at its end."""


def watch(
    settings: Settings, beat: float | None, forward: Callable[[Progress], None] | None
) -> Callable[[Progress], None]:
    """Return what takes the reports of a trial and raises Hopeless where it should end.

    Args:
        settings: Effective settings of the trial.
        beat: Figure of the best so far: samples/s in Offline, latency in ms in the stream
            scenarios; the Server scenario is judged by its own bound.
        forward: Gets every report first.
    """

    def take(progress: Progress) -> None:
        if forward is not None:
            forward(progress)
        if progress.phase == "timed" and progress.elapsed_s >= EARLIEST_S:
            if isinstance(settings, Server):
                _judge_server(settings, progress)
            elif beat is not None:
                _judge_other(settings, progress, beat)

    return take


def _judge_server(settings: Server, progress: Progress) -> None:
    """Raise Hopeless when more queries wait beyond the bound than may miss it."""
    elapsed, total = progress.elapsed_s, progress.total
    sent = min(settings.target_qps * elapsed, float(total))
    if not total or progress.done >= BEHIND * sent:
        return
    rate = progress.done / elapsed
    late = sent - progress.done - rate * settings.target_latency_ms / 1000
    allowed = (1 - settings.target_latency_percentile / 100) * total
    if late > MARGIN * max(allowed, 1.0):
        reason = (
            f"after {elapsed:.1f} s {sent - progress.done:.0f} of {sent:.0f} queries wait; the "
            f"system completes {rate:.0f} queries/s of {settings.target_qps:g}"
        )
        raise Hopeless(reason, rate, saturated=True)


def _judge_other(settings: Settings, progress: Progress, beat: float) -> None:
    """Raise Hopeless when a trial is far behind the best so far."""
    if not progress.done:
        return
    rate = progress.done / progress.elapsed_s
    if isinstance(settings, Offline):
        if rate < SLOWER * beat:
            reason = f"{rate:.0f} samples/s so far, the best has {beat:.0f}"
            raise Hopeless(reason, rate, saturated=True)
        return
    mean_ms = 1000 / rate
    if mean_ms * SLOWER > beat:
        reason = f"{mean_ms:.4g} ms a query on average so far, the best has {beat:.4g} ms"
        raise Hopeless(reason, mean_ms, saturated=True)
