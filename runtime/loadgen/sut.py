"""The system under test: hands LoadGen's queries to lanes the fastest way per scenario."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from runtime.loadgen.lanes import Lane, Query
from runtime.loadgen.qsl import SampleLibrary
from runtime.loadgen.system import STREAMS, System
from runtime.vocabulary import Scenario

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SystemUnderTest(System):
    """Lanes behind LoadGen's callbacks.

    A stream scenario, and an Offline run with one lane, are answered inside the
    callback; everything else goes through one queue that all lanes take from. So does a
    query of MultiStream that is larger than a batch, where there are lanes to share it.
    """

    def __init__(
        self,
        scenario: Scenario,
        lanes: Sequence[Lane],
        library: SampleLibrary,
        *,
        delay_us: int = 0,
        on_error: Callable[[BaseException], None],
        on_hold: Callable[[NDArray[Any]], None] | None = None,
    ) -> None:
        """Hold the lanes; `start` starts their threads.

        Args:
            scenario: Decides whether queries are answered in the callback.
            lanes: At least one.
            library: Where the loaded samples lie.
            delay_us: Longest wait for a batch to fill, in microseconds.
            on_error: Called with what a lane raised. It must end the process: LoadGen
                waits for ever for a query that nobody completes.
            on_hold: Takes loaded samples into the device's memory; None where they stay.
        """
        super().__init__()
        self._on_hold = on_hold
        self._lanes = tuple(lanes)
        self._library = library
        self._delay_s = delay_us / 1e6
        self._on_error = on_error
        self._queue: SimpleQueue[Query | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._step = min(lane.capacity for lane in lanes)
        alone = scenario is Scenario.OFFLINE and len(lanes) == 1
        self.inline = alone or scenario in STREAMS
        """Whether queries are answered inside LoadGen's callback."""
        self._shares = scenario is Scenario.MULTI_STREAM and len(lanes) > 1

    @property
    def completed(self) -> int:
        """Return the samples completed so far, over all lanes."""
        return sum(lane.completed for lane in self._lanes)

    def issue(self, ids: list[int], indices: list[int]) -> None:
        """Answer a query at once, or queue it."""
        if self.inline and not (self._shares and len(ids) > self._step):
            self._issue_inline(ids, indices)
        else:
            self._issue_queued(ids, indices)

    def hold(self, samples: NDArray[Any]) -> None:
        """Let the device take the loaded samples, where it wants them."""
        if self._on_hold:
            self._on_hold(samples)

    def start(self) -> None:
        """Start one thread per lane where queries are queued."""
        if self.inline and not self._shares:
            return
        for number, lane in enumerate(self._lanes):
            thread = threading.Thread(
                target=self._serve, args=(lane,), name=f"lane-{number}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End the lane threads after what is queued."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _issue_inline(self, ids: list[int], indices: list[int]) -> None:
        """Answer a query at once."""
        self._count(len(ids))
        try:
            self._lanes[0].run(ids, self._library.rows(indices))
        except BaseException as error:  # noqa: BLE001 - C++ above cannot take it
            self._on_error(error)

    def _issue_queued(self, ids: list[int], indices: list[int]) -> None:
        """Queue a query, cut into batches where it is larger than one."""
        now = self._count(len(ids))
        step = self._step
        if len(ids) <= step:
            self._queue.put((ids, indices, now))
            return
        for start in range(0, len(ids), step):
            end = start + step
            self._queue.put((ids[start:end], indices[start:end], now))

    def _serve(self, lane: Lane) -> None:
        """Run a lane's loop; whatever it raises ends the process."""
        try:
            lane.serve(self._queue, self._delay_s)
        except BaseException as error:  # noqa: BLE001 - a thread has no one above it
            self._on_error(error)
