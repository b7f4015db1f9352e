"""How a run tells what it is doing: JSON lines from the child, `Progress` for the caller."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

PHASES = ("load", "warm-up", "timed", "accuracy", "finish")
"""What a run does, in order; `accuracy` judges the answers of an accuracy run."""

INTERVAL_S = 0.2
"""Time between two progress lines, in seconds.

Why: five a second look smooth, and one read of the counters costs the run nothing that a
    benchmark can see.
"""

_Counts = tuple[int, int]
_Phase = tuple[str, str, Callable[[], _Counts]]
_Next = tuple[Callable[[], "float | None"], _Phase]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands."""

    phase: str
    """One of `PHASES`."""
    done: int
    """Units finished."""
    total: int
    """Units in the phase, as far as one can tell now; 0 where nobody can."""
    unit: str
    """What is counted: `samples`, `queries`, `batches`, `steps`."""
    elapsed_s: float
    """Time since the phase started, in seconds."""


class Reporter:
    """The child's end of the pipe: one JSON object a line, from any thread."""

    def __init__(self, handle: int | None) -> None:
        """Write to a file descriptor; None drops everything."""
        self._handle = handle
        self._lock = threading.Lock()

    def send(self, event: str, **values: Any) -> None:
        """Send one event; end the process where nobody listens any more.

        Why: a child whose parent has died would run on alone and disturb the next run.
        """
        if self._handle is None:
            return
        line = json.dumps({"event": event, **values}).encode() + b"\n"
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._handle, line) :]
            except BrokenPipeError:
                os._exit(1)


class Sampler:
    """Reads counters a few times a second and reports them: nothing runs per sample."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._phase: _Phase = ("load", "steps", _nothing)
        self._since = perf_counter()
        self._next: list[_Next] = []
        self._thread = threading.Thread(target=self._loop, name="progress", daemon=True)

    def start(self) -> None:
        """Start to report, with the phase `load`."""
        self._thread.start()

    def enter(self, phase: str, unit: str, read: Callable[[], _Counts]) -> None:
        """Report another phase from now on.

        Args:
            phase: One of `PHASES`.
            unit: What `read` counts.
            read: Returns (done, total); cheap, and safe to call from another thread.
        """
        with self._lock:
            self._report()
            self._phase = (phase, unit, read)
            self._since = perf_counter()
            self._next = []
            self._report()

    def follow(
        self, begun: Callable[[], float | None], phase: str, unit: str, read: Callable[[], _Counts]
    ) -> None:
        """Enter another phase, after those that wait, as soon as `begun` gives its start.

        Args:
            begun: Returns when the phase began (s, `perf_counter`), or None while it has not.
            phase: One of `PHASES`.
            unit: What `read` counts.
            read: Returns (done, total); cheap, and safe to call from another thread.

        Why: the first query must not pay for a report, so the reporting thread looks for it.
        """
        with self._lock:
            self._next.append((begun, (phase, unit, read)))

    def stop(self) -> None:
        """Report a last time and end the thread."""
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            self._report()

    def _loop(self) -> None:
        while not self._wake.wait(INTERVAL_S):
            with self._lock:
                self._report()

    def _report(self) -> None:
        if self._next and (start := self._next[0][0]()) is not None:
            self._tell()
            self._since = start
            self._phase = self._next.pop(0)[1]
        self._tell()

    def _tell(self) -> None:
        phase, unit, read = self._phase
        done, total = read()
        elapsed = round(perf_counter() - self._since, 3)
        self._reporter.send(
            "progress", phase=phase, done=done, total=total, unit=unit, elapsed_s=elapsed
        )


def _nothing() -> _Counts:
    return 0, 0
