"""What every system under test has: counters, LoadGen's handle, start and end."""

from __future__ import annotations

import gc
from abc import ABC, abstractmethod
from time import perf_counter
from typing import TYPE_CHECKING, Any

from runtime.vocabulary import Scenario

if TYPE_CHECKING:
    from numpy.typing import NDArray

STREAMS = (Scenario.SINGLE_STREAM, Scenario.MULTI_STREAM)
"""Scenarios that send the next query after the previous one: no queue can help there."""


def quiet_collector() -> None:
    """Let garbage collections pass over everything that exists so far.

    Why: a collection that walks through the libraries' objects stops all threads for tens
        of milliseconds; in the timed part only what the run itself makes needs a look.
    """
    gc.collect()
    gc.freeze()


class System(ABC):
    """A system under test behind LoadGen's callbacks."""

    def __init__(self) -> None:
        self.issued = 0
        """Samples that LoadGen has sent so far."""
        self.started: float | None = None
        """When the first query came (s, `perf_counter`)."""
        self._flushed: float | None = None

    @property
    def retried(self) -> int:
        """Return the requests that were sent more than once: none without a server between."""
        return 0

    @property
    @abstractmethod
    def completed(self) -> int:
        """Return the samples completed so far."""

    @abstractmethod
    def issue(self, ids: list[int], indices: list[int]) -> None:
        """Take a query of LoadGen's: response ids and sample indices."""

    @abstractmethod
    def start(self) -> None:
        """Start the threads that the scenario needs."""

    @abstractmethod
    def stop(self) -> None:
        """End them after what is queued."""

    def hold(self, samples: NDArray[Any]) -> None:
        """Let devices take the loaded samples into their own memory, where settings ask for it.

        Args:
            samples: What the library holds now.
        """
        del samples  # of most systems they stay where they are

    def construct(self) -> Any:
        """Return LoadGen's handle of this system."""
        import mlperf_loadgen as lg

        return lg.ConstructFastSUT(self.issue, self.flush)

    def flush(self) -> None:
        """Note that LoadGen has sent all; no query is held back longer than the delay."""
        self._flushed = perf_counter()

    def ended(self, least: int) -> float | None:
        """Return when LoadGen had sent all (s, `perf_counter`), once every answer is given.

        Args:
            least: Samples that must be answered; an accuracy run is sent in several parts.
        """
        done = self.completed
        return self._flushed if done >= max(self.issued, least) else None

    def _count(self, samples: int) -> float:
        """Count the samples of a query that has just come, and return the time."""
        now = perf_counter()
        if self.started is None:
            self.started = now
        self.issued += samples
        return now
