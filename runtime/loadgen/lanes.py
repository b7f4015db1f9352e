"""Lanes: workers that turn queries into answers, without allocation per sample.

A lane owns its input buffer, its answers and a fixed pool of response objects
whose addresses are set once. Per batch it gathers, infers, post-processes, writes
the ids into the pool and completes once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING, Any

from runtime.backends.base import Binding
from runtime.loadgen.runner import BatchRunner, Postprocess

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from runtime.loadgen.qsl import SampleLibrary

Query = tuple[list[int], list[int], float]
"""Response ids, sample indices, and when the query arrived (s, `perf_counter`)."""


class Lane:
    """One inference worker; used by one thread at a time."""

    def __init__(
        self,
        binding: Binding,
        library: SampleLibrary,
        postprocess: Postprocess,
        answer_dtype: str,
    ) -> None:
        """Allocate everything that the timed run needs.

        Args:
            binding: The lane's own hold on the model.
            library: Where the loaded samples lie.
            postprocess: Turns outputs into answers.
            answer_dtype: Element type of an answer.
        """
        import mlperf_loadgen as lg
        import numpy as np

        self._runner = BatchRunner(binding, postprocess)
        self._library = library
        self.capacity = self._runner.capacity
        """Most samples in one inference."""
        self._answers = np.zeros(self.capacity, answer_dtype)
        start, size = self._answers.ctypes.data, self._answers.itemsize
        self._pool = [
            lg.QuerySampleResponse(0, start + row * size, size) for row in range(self.capacity)
        ]
        self._set_id = lg.QuerySampleResponse.id.fset
        self._complete = lg.QuerySamplesComplete
        self.completed = 0
        """Samples completed so far; read by the progress sampler without a lock."""
        self._depth = max(1, self._runner.depth)
        self._flying: deque[Sequence[int]] = deque()

    def run(self, ids: Sequence[int], rows: NDArray[np.int64]) -> None:
        """Answer a query of any size, batch by batch, in order.

        Args:
            ids: LoadGen's response ids.
            rows: Rows of the library's array, one per id.
        """
        self._start(ids, rows)
        while self._flying:
            self._finish()

    def warm_up(self, samples: NDArray[Any], batches: int) -> None:
        """Run untimed inferences on the given samples; see `BatchRunner.warm_up`."""
        self._runner.warm_up(samples, self._answers, batches)

    def serve(self, queue: SimpleQueue[Query | None], delay_s: float) -> None:
        """Answer queries from a queue until it gives None.

        Args:
            queue: Queries of at most `capacity` samples each.
            delay_s: Longest time that a query waits for others to fill the batch.
        """
        carry: Query | None = None
        while True:
            first = carry
            if first is None and self._flying:
                try:
                    first = queue.get_nowait()
                except Empty:
                    self._finish()
                    continue
            elif first is None:
                first = queue.get()
            carry = None
            if first is None:
                while self._flying:
                    self._finish()
                return
            ids, indices = first[0], first[1]
            if len(ids) < self.capacity:
                ids, indices, carry, ended = self._fill(queue, first, delay_s)
                if ended:
                    queue.put(None)
            self._start(ids, self._library.rows(indices))

    def _fill(
        self, queue: SimpleQueue[Query | None], first: Query, delay_s: float
    ) -> tuple[list[int], list[int], Query | None, bool]:
        """Return a batch of the first query and what else is queued or comes in time.

        Returns:
            Ids, indices, a query that did not fit any more, whether the end was met.
        """
        ids, indices, deadline = list(first[0]), list(first[1]), first[2] + delay_s
        while len(ids) < self.capacity:
            try:
                more = queue.get_nowait()
            except Empty:
                left = deadline - perf_counter() if delay_s else 0.0
                if left <= 0:
                    break
                if self._flying:  # its answers must not wait for queries to come
                    self._finish()
                    continue
                try:
                    more = queue.get(timeout=left)
                except Empty:
                    break
            if more is None:
                return ids, indices, None, True
            if len(ids) + len(more[0]) > self.capacity:
                return ids, indices, more, False
            ids += more[0]
            indices += more[1]
        return ids, indices, None, False

    def _start(self, ids: Sequence[int], rows: NDArray[np.int64]) -> None:
        """Run a query batch by batch; the last ones may stay under way.

        Only a pipelined binding has batches under way; any other has answered them all.
        """
        step = self.capacity
        for start in range(0, len(ids), step):
            if len(ids) > step:
                self._start_batch(ids[start : start + step], rows[start : start + step])
            else:
                self._start_batch(ids, rows)

    def _start_batch(self, ids: Sequence[int], rows: NDArray[np.int64]) -> None:
        """Start one batch, behind the end of the oldest where too many are under way."""
        if not self._runner.depth:
            answers = self._answers if len(ids) == self.capacity else self._answers[: len(ids)]
            self._runner.run(self._library.array, rows, answers)
            self._tell(ids)
            return
        if len(self._flying) == self._depth:
            self._finish()
        self._runner.begin(self._library.array, rows)
        self._flying.append(ids)

    def _finish(self) -> None:
        """Answer the oldest batch under way."""
        ids = self._flying.popleft()
        self._runner.finish(self._answers[: len(ids)])
        self._tell(ids)

    def _tell(self, ids: Sequence[int]) -> None:
        """Hand the answers of one batch to LoadGen in one call."""
        count, pool = len(ids), self._pool
        if count != self.capacity:
            pool = pool[:count]
        deque(map(self._set_id, pool, ids), 0)
        self._complete(pool)
        self.completed += count
