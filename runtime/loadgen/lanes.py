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

    def run(self, ids: Sequence[int], rows: NDArray[np.int64]) -> None:
        """Answer a query of any size, batch by batch, in order.

        Args:
            ids: LoadGen's response ids.
            rows: Rows of the library's array, one per id.
        """
        step = self.capacity
        if len(ids) <= step:
            self._run_batch(ids, rows)
            return
        for start in range(0, len(ids), step):
            self._run_batch(ids[start : start + step], rows[start : start + step])

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
            first = carry or queue.get()
            carry = None
            if first is None:
                return
            ids, indices = first[0], first[1]
            if len(ids) < self.capacity:
                ids, indices, carry, ended = self._fill(queue, first, delay_s)
                if ended:
                    queue.put(None)
            self.run(ids, self._library.rows(indices))

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

    def _run_batch(self, ids: Sequence[int], rows: NDArray[np.int64]) -> None:
        """Answer one batch and hand it to LoadGen in one call."""
        count = len(ids)
        pool, answers = self._pool, self._answers
        if count != self.capacity:
            pool, answers = pool[:count], answers[:count]
        self._runner.run(self._library.array, rows, answers)
        deque(map(self._set_id, pool, ids), 0)
        self._complete(pool)
        self.completed += count
