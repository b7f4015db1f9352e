"""Tells how much other processes worked while a trial ran: a busy machine is no witness."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

import psutil

DISTURBED_CORES = 0.25
"""Work of others from which on a trial may be disturbed, in cores.

Why: system services alone stay well under it.
"""

DISTURBED_SHARE = 0.1
"""Share of all cores that others must take, too: two of 64 busy cores disturb nobody."""


@dataclass(frozen=True)
class Load:
    """What others did meanwhile."""

    cores: float
    """Their work, in cores."""
    disturbed: bool
    """Whether it is enough to change a trial's outcome."""


class Meter:
    """Measures from its construction to `read`."""

    def __init__(self) -> None:
        """Start to measure."""
        self._began = monotonic()
        self._busy = _busy_s()
        self._ours = _ours_s()

    def read(self) -> Load:
        """Return what others did since the start."""
        elapsed = max(monotonic() - self._began, 1e-6)
        others = _busy_s() - self._busy - (_ours_s() - self._ours)
        cores = max(0.0, others / elapsed)
        share = cores / (psutil.cpu_count() or 1)
        disturbed = cores >= DISTURBED_CORES and share >= DISTURBED_SHARE
        return Load(round(cores, 2), disturbed)


def _busy_s() -> float:
    """Return the time that all processors of the machine have worked, in seconds."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    # `guest` is part of `user` already.
    guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return float(sum(times) - idle - guests)


def _ours_s() -> float:
    """Return the processor time of this process and of what it started, in seconds.

    Ended children are counted by the system; those that live, as servers between trials, here.
    """
    times = os.times()
    total = times.user + times.system + times.children_user + times.children_system
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            total += sum(process.cpu_times()[:4])
    return total
