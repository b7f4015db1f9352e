"""The system under test behind a Triton server: LoadGen's queries become gRPC requests.

One thread takes queries from the queue and fills requests. Answers come in on gRPC's threads
and go at once to one thread a client, which post-processes them and hands them to LoadGen. The
number of requests in flight is bounded by the clients' windows: with all slots taken, queries
wait here.

gRPC's own threads must not call LoadGen: they end whenever nothing is in flight, and LoadGen's
logger may then read what belonged to the thread, which ends the process with signal 11.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING, Any

from runtime.errors import HarnessError
from runtime.loadgen.qsl import SampleLibrary
from runtime.loadgen.runner import Postprocess
from runtime.loadgen.system import STREAMS, System
from runtime.triton.client import Ticket, TritonClient
from runtime.triton.stats import ClientTimes
from runtime.vocabulary import Scenario

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Query = tuple[list[int], list[int], float]
"""Response ids, sample indices, and when the query arrived (s, `perf_counter`)."""

Answer = tuple[Ticket, "HarnessError | None"]
"""A request that came to its end, and what went wrong."""

NS = 1e9
"""Nanoseconds in a second."""


class _Place:
    """What a ticket needs on LoadGen's side: answers, responses that point at them, ids."""

    def __init__(self, capacity: int, answer_dtype: str) -> None:
        import mlperf_loadgen as lg
        import numpy as np

        self.answers: NDArray[Any] = np.zeros(capacity, answer_dtype)
        start, size = self.answers.ctypes.data, self.answers.itemsize
        self.pool = [lg.QuerySampleResponse(0, start + r * size, size) for r in range(capacity)]
        self.ids: Sequence[int] = ()
        self.arrived = 0.0
        self.taken = 0.0


class _Times:
    """Sums of one client's thread; nobody else writes them."""

    def __init__(self) -> None:
        self.requests = self.samples = 0
        self.waiting = self.gather = self.call = self.complete = 0.0


class TritonSystem(System):
    """Clients of Triton servers behind LoadGen's callbacks.

    A stream's query that fits one request is answered inside the callback: sending and
    waiting in one thread is the shortest way. Everything else is queued.
    """

    def __init__(
        self,
        scenario: Scenario,
        clients: Sequence[TritonClient],
        library: SampleLibrary,
        postprocess: Postprocess,
        answer_dtype: str,
        *,
        request_samples: int,
        on_error: Callable[[BaseException], None],
    ) -> None:
        """Build the places; the clients are open.

        Args:
            scenario: Decides whether queries are answered in the callback.
            clients: At least one, each with its tickets.
            library: Where the loaded samples lie.
            postprocess: Turns outputs into answers.
            answer_dtype: Element type of an answer.
            request_samples: Most samples in one request.
            on_error: Called with what went wrong. It must end the process.
        """
        super().__init__()
        import mlperf_loadgen as lg
        import numpy as np

        self._clients = tuple(clients)
        self._library, self._postprocess = library, postprocess
        self._step, self._on_error = request_samples, on_error
        self._set_id, self._complete = lg.QuerySampleResponse.id.fset, lg.QuerySamplesComplete
        self._take = np.take
        self._stream = scenario in STREAMS
        self._queue: SimpleQueue[Query | None] = SimpleQueue()
        self._free: SimpleQueue[Ticket | None] = SimpleQueue()
        self._times = {client: _Times() for client in self._clients}
        self._answered: dict[TritonClient, SimpleQueue[Answer | None]] = {
            client: SimpleQueue() for client in self._clients
        }
        self._threads: list[threading.Thread] = []
        depth = max(len(client.tickets) for client in self._clients)
        for row in range(depth):  # in turns, so that all servers get work from the start
            for client in self._clients:
                if row < len(client.tickets):
                    client.tickets[row].note = _Place(request_samples, answer_dtype)
                    self._free.put(client.tickets[row])

    @property
    def completed(self) -> int:
        """Return the samples completed so far, over all clients."""
        return sum(times.samples for times in self._times.values())

    @property
    def retried(self) -> int:
        """Return the requests that were sent again, over all clients."""
        return sum(client.retried for client in self._clients)

    def times(self) -> ClientTimes:
        """Return what the clients measured so far."""
        own = tuple(self._times.values())
        return ClientTimes(
            requests=sum(t.requests for t in own),
            samples=sum(t.samples for t in own),
            waiting_ns=round(NS * sum(t.waiting for t in own)),
            gather_ns=round(NS * sum(t.gather for t in own)),
            call_ns=round(NS * sum(t.call for t in own)),
            complete_ns=round(NS * sum(t.complete for t in own)),
        )

    def warm_up(self, samples: NDArray[Any], on_done: Callable[[], None]) -> None:
        """Send one untimed request of full size and one of one sample from every slot.

        Args:
            samples: Any samples; they are repeated to a full request.
            on_done: Called once a slot.
        """
        import numpy as np

        for client in self._clients:
            for ticket in client.tickets:
                batch = ticket.slot.input[: self._step]
                batch[:] = np.resize(samples, batch.shape)
                for count in dict.fromkeys((self._step, 1)):
                    outputs = client.call(ticket, count)
                    self._postprocess(outputs, ticket.note.answers[:count])
                on_done()

    def issue(self, ids: list[int], indices: list[int]) -> None:
        """Answer a stream's query at once, or queue a query cut into requests."""
        now, step = self._count(len(ids)), self._step
        if self._stream and len(ids) <= step:
            self._answer(ids, indices, now)
            return
        for start in range(0, len(ids), step):
            end = start + step
            self._queue.put((ids[start:end], indices[start:end], now))

    def start(self) -> None:
        """Start the thread that fills requests, and those that hand answers on."""
        self._threads = [threading.Thread(target=self._pump, name="requests", daemon=True)]
        for queue in self._answered.values():
            made = threading.Thread(
                target=self._hand_on, args=(queue,), name="answers", daemon=True
            )
            self._threads.append(made)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End those threads after what is queued; every query is answered by then."""
        self._queue.put(None)
        for queue in self._answered.values():
            queue.put(None)
        for thread in self._threads:
            thread.join()

    def _answer(self, ids: list[int], indices: list[int], arrived: float) -> None:
        """Send a query and wait for its answer, in LoadGen's thread."""
        try:
            ticket = self._free.get()
            if ticket is None:
                return
            self._fill(ticket, ids, indices, arrived)
            ticket.owner.call(ticket, len(ids))
            self._done(ticket, None)
        except BaseException as error:  # noqa: BLE001 - C++ above cannot take it
            self._on_error(error)

    def _pump(self) -> None:
        """Fill requests from the queue and send them, as far as the windows allow."""
        try:
            carry: Query | None = None
            while True:
                first = carry or self._queue.get()
                carry = None
                if first is None:
                    return
                ticket = self._free.get()
                if ticket is None:
                    return
                ids, indices, carry, ended = self._more(first)
                if ended:
                    self._queue.put(None)
                self._fill(ticket, ids, indices, first[2])
                ticket.owner.send(ticket, len(ids), self._arrived)
        except BaseException as error:  # noqa: BLE001 - a thread has no one above it
            self._on_error(error)

    def _more(self, first: Query) -> tuple[list[int], list[int], Query | None, bool]:
        """Return a query with what else is queued and fits one request.

        Returns:
            Ids, indices, a query that did not fit any more, whether the end was met.
        """
        ids, indices, step = first[0], first[1], self._step
        while len(ids) < step:
            try:
                more = self._queue.get_nowait()
            except Empty:
                break
            if more is None:
                return ids, indices, None, True
            if len(ids) + len(more[0]) > step:
                return ids, indices, more, False
            ids = ids + more[0]
            indices = indices + more[1]
        return ids, indices, None, False

    def _fill(self, ticket: Ticket, ids: list[int], indices: list[int], arrived: float) -> None:
        """Copy a request's samples into its slot."""
        place = ticket.note
        place.arrived, place.taken = arrived, perf_counter()
        place.ids = ids
        rows: NDArray[np.int64] = self._library.rows(indices)
        self._take(
            self._library.array, rows, axis=0, out=ticket.slot.input[: len(ids)], mode="clip"
        )

    def _arrived(self, ticket: Ticket, error: HarnessError | None) -> None:
        """Take an answer off gRPC's thread."""
        self._answered[ticket.owner].put((ticket, error))

    def _hand_on(self, queue: SimpleQueue[Answer | None]) -> None:
        """Hand a client's answers to LoadGen, one after the other."""
        while (answer := queue.get()) is not None:
            self._done(*answer)

    def _done(self, ticket: Ticket, error: HarnessError | None) -> None:
        """Hand an answered request to LoadGen and free its slot."""
        if error is not None:
            self._on_error(error)
            return
        try:
            place, count = ticket.note, ticket.count
            times = self._times[ticket.owner]
            answers, pool = place.answers, place.pool
            if count != len(pool):
                answers, pool = answers[:count], pool[:count]
            self._postprocess(ticket.outputs(), answers)
            deque(map(self._set_id, pool, place.ids), 0)
            self._complete(pool)
            times.requests += 1
            times.samples += count
            times.waiting += place.taken - place.arrived
            times.gather += ticket.began - place.taken
            times.call += ticket.ended - ticket.began
            times.complete += perf_counter() - ticket.ended
            self._free.put(ticket)
        except BaseException as failure:  # noqa: BLE001 - a thread has no one above it
            self._on_error(failure)
