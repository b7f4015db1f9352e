"""The system under test with worker processes: batches go to lanes that are free.

Ids stay here; rows and answers pass through shared memory. A batch goes to an idle lane
at once (or when the delay is over); behind a busy lane waits at most one more, and only a
full one, so that a query never waits behind a lane while another is idle.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from runtime.loadgen.crew import Crew
from runtime.loadgen.exchange import AHEAD, RECORD, SLOTS, Slot
from runtime.loadgen.qsl import SampleLibrary
from runtime.loadgen.system import STREAMS, System
from runtime.loadgen.worker import HOLD
from runtime.vocabulary import Scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Query = tuple["Sequence[int]", "Sequence[int]", float]
"""Response ids, sample indices, and when the query arrived (s, `perf_counter`)."""


class RemoteLane:
    """A lane in another process: its slots, and a pool of responses for each."""

    def __init__(self, number: int, slots: list[Slot]) -> None:
        """Build the pools once: each response points at its answer in shared memory.

        Args:
            number: Which lane, over all workers.
            slots: Its slots.
        """
        import mlperf_loadgen as lg

        self.number = number
        """Which lane, over all workers."""
        self.ahead = 0
        """Batches that the lane has not answered yet."""
        self.free = list(range(SLOTS))
        """Slots that nobody uses."""
        self._slots = slots
        self._counts = slots[0].counts
        self._ids: list[Sequence[int]] = [()] * SLOTS
        self._pools = [_pool(lg.QuerySampleResponse, slot) for slot in slots]
        self._set_id = lg.QuerySampleResponse.id.fset
        self._complete = lg.QuerySamplesComplete

    def fill(self, ids: Sequence[int], rows: Any) -> bytes:
        """Put a batch into a free slot and return the message that orders it."""
        number = self.free.pop()
        count = len(ids)
        self._ids[number] = ids
        self._slots[number].rows[:count] = rows
        self._counts[number] = count
        self.ahead += 1
        return bytes((number,))

    def complete(self, number: int) -> int:
        """Hand the answers of a slot to LoadGen in one call and return their count."""
        ids, pool = self._ids[number], self._pools[number]
        count = len(ids)
        if count != len(pool):
            pool = pool[:count]
        deque(map(self._set_id, pool, ids), 0)
        self._complete(pool)
        return count


class WorkerSystem(System):
    """Worker processes behind LoadGen's callbacks.

    A stream scenario waits for its answers inside the callback. Otherwise one thread takes
    answers in, hands them to LoadGen, and gives the lanes their next batches.
    """

    def __init__(
        self,
        scenario: Scenario,
        crew: Crew,
        library: SampleLibrary,
        *,
        delay_us: int = 0,
        on_error: Callable[[BaseException], None],
    ) -> None:
        """Build the lanes' pools; the crew has been started.

        Args:
            scenario: Decides whether answers are waited for in the callback.
            crew: The workers.
            library: Where the loaded samples lie: in the crew's memory.
            delay_us: Longest wait for a batch to fill, in microseconds.
            on_error: Called with what went wrong. It must end the process.
        """
        super().__init__()
        layout = crew.layout
        self._crew = crew
        self._library = library
        self._capacity = layout.capacity
        self._lanes = [RemoteLane(n, layout.slots(n, crew.view)) for n in range(layout.lanes)]
        self._by_load: list[deque[RemoteLane]] = [deque(self._lanes), *_levels()]
        self._queue: deque[Query] = deque()
        self._waiting = 0
        self._delay_s = delay_us / 1e6
        self._on_error = on_error
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._done = 0
        self._ending = False
        self._stream = scenario in STREAMS
        self._held = threading.Semaphore(0)

    @property
    def completed(self) -> int:
        """Return the samples completed so far, over all lanes."""
        return self._done

    def start(self) -> None:
        """Start the thread that takes answers in, and the one that keeps the delay."""
        if self._stream:
            return
        self._thread = threading.Thread(target=self._guard, args=(self._collect,), daemon=True)
        self._thread.start()
        if self._delay_s:
            threading.Thread(target=self._guard, args=(self._keep_time,), daemon=True).start()

    def stop(self) -> None:
        """Do nothing more: every query is answered, and the crew ends with `Crew.close`."""
        self._ending = True
        self._wake.set()

    def issue(self, ids: list[int], indices: list[int]) -> None:
        """Cut a query into batches and give them to lanes; a stream's is answered here."""
        now, step = self._count(len(ids)), self._capacity
        try:
            with self._lock:
                for start in range(0, len(ids), step):
                    end = start + step
                    self._queue.append((ids[start:end], indices[start:end], now))
                self._waiting += len(ids)
                self._dispatch()
            if self._stream:
                goal = self._done + len(ids)
                while self._done < goal:
                    self._take_in(self._crew.answers())
            elif self._delay_s and self._queue:
                self._wake.set()
        except BaseException as error:  # noqa: BLE001 - C++ above cannot take it
            self._on_error(error)

    def hold(self, samples: NDArray[Any]) -> None:
        """Let every worker's device take the samples, where settings ask for it.

        The samples lie in the memory that the workers share; the first lane of each worker
        gets the order.
        """
        del samples
        lanes = self._crew.holders
        for lane in lanes:
            self._crew.order(lane, bytes((HOLD,)))
        for _ in lanes:
            while not self._held.acquire(blocking=not self._stream):
                self._take_in(self._crew.answers())

    def _collect(self) -> None:
        """Take answers in until the workers have ended."""
        while records := self._crew.answers():
            self._take_in(records)

    def _take_in(self, records: bytes) -> None:
        """Give the lanes that answered more to do, then hand their answers to LoadGen.

        Why: in this order a lane computes while LoadGen notes the answers.
        """
        for number, slot in RECORD.iter_unpack(records):
            if slot == HOLD:
                self._held.release()
                continue
            lane = self._lanes[number]
            with self._lock:
                self._by_load[lane.ahead].remove(lane)
                lane.ahead -= 1
                self._by_load[lane.ahead].append(lane)
                self._dispatch()
            count = lane.complete(slot)
            with self._lock:
                lane.free.append(slot)
                self._done += count
                self._dispatch()
        if self._delay_s and self._queue:
            self._wake.set()

    def _dispatch(self) -> None:
        """Give batches to the least loaded lanes, as far as there are any; holds the lock."""
        while self._queue:
            full = self._waiting >= self._capacity
            load = 0 if self._by_load[0] else 1
            if load and not (full or self._stream):
                return
            lane = next((n for n in self._by_load[load] if n.free), None) if load < AHEAD else None
            if lane is None:
                return
            if self._delay_s and not full and self._left() > 0:
                return
            ids, indices = self._take()
            message = lane.fill(ids, self._library.rows(indices))
            self._by_load[load].remove(lane)
            self._by_load[load + 1].append(lane)
            self._crew.order(lane.number, message)

    def _left(self) -> float:
        """Return for how long the oldest query may still wait, in seconds."""
        if self._flushed is not None:
            return 0.0
        return self._queue[0][2] + self._delay_s - perf_counter()

    def _take(self) -> tuple[Sequence[int], Sequence[int]]:
        """Return ids and indices of the next batch: whole queries, as many as fit."""
        ids, indices, _ = self._queue.popleft()
        if len(ids) < self._capacity and self._queue:
            ids, indices = list(ids), list(indices)
            while self._queue and len(ids) + len(self._queue[0][0]) <= self._capacity:
                more = self._queue.popleft()
                ids += more[0]
                indices += more[1]
        self._waiting -= len(ids)
        return ids, indices

    def _keep_time(self) -> None:
        """Give batches away whose delay is over while no answer comes in."""
        while not self._ending:
            self._wake.wait()
            self._wake.clear()
            while self._queue and not self._ending:
                with self._lock:
                    self._dispatch()
                    left = self._left() if self._queue else 0.0
                if left > 0:
                    threading.Event().wait(left)
                else:
                    break

    def _guard(self, loop: Callable[[], None]) -> None:
        """Run a thread's loop; whatever it raises ends the process."""
        try:
            loop()
        except BaseException as error:  # noqa: BLE001 - a thread has no one above it
            self._on_error(error)


def _levels() -> list[deque[RemoteLane]]:
    """Return an empty list of lanes for each load above none."""
    return [deque() for _ in range(AHEAD)]


def _pool(response: Any, slot: Slot) -> list[Any]:
    """Return responses that point at a slot's answers."""
    start, size = slot.answers.ctypes.data, slot.answers.itemsize
    return [response(0, start + row * size, size) for row in range(len(slot.answers))]
