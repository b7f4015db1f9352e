"""Tells processes that do nothing from those that take their time."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic


class Stall:
    """How long none of some processes has computed or read.

    One may well wait for another: for the file of an engine that the other builds.
    """

    def __init__(self, pids: Iterable[int]) -> None:
        """Begin now.

        Args:
            pids: The processes.
        """
        self._pids = tuple(pids)
        self._seen: list[tuple[float, float, int]] = []
        self._since = monotonic()

    def seconds(self) -> float:
        """Return the time since one of them last did something."""
        seen = [_done_by(pid) for pid in self._pids]
        if seen != self._seen:
            self._seen, self._since = seen, monotonic()
        return monotonic() - self._since


def _done_by(pid: int) -> tuple[float, float, int]:
    """Return seconds computed by user and system and bytes read; zeros once it has ended."""
    import psutil

    try:
        process = psutil.Process(pid)
        spent = process.cpu_times()
        return spent.user, spent.system, int(process.io_counters().read_chars)
    except (psutil.Error, AttributeError, OSError):  # gone, or a system that does not tell
        return 0.0, 0.0, 0
