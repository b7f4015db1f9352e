"""What one lane does with a batch: gather, infer, post-process; no allocation per sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runtime.backends.base import Binding, Pipelined

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Postprocess = Callable[[Any, Any], None]
"""Writes the answers of a batch of outputs; see `WorkloadModule.postprocess`."""


class BatchRunner:
    """A model's binding with its input buffer; used by one thread at a time."""

    def __init__(self, binding: Binding, postprocess: Postprocess) -> None:
        """Hold the binding.

        Args:
            binding: The lane's own hold on the model.
            postprocess: Turns outputs into answers.
        """
        import numpy as np

        self._binding = binding
        self._postprocess = postprocess
        self._take = np.take
        self.capacity = len(binding.input)
        """Most samples in one inference."""
        self._pipe = binding if isinstance(binding, Pipelined) else None
        self.depth = self._pipe.depth if self._pipe else 0
        """Batches that may be under way between `begin` and `finish`; 0 where `run` is all."""

    def begin(self, array: NDArray[Any], rows: NDArray[np.int64]) -> None:
        """Start a batch of a pipelined binding; fewer than `depth` are under way.

        Args:
            array: All samples.
            rows: Which of them, at least one and at most `capacity`.
        """
        if self._pipe:
            self._pipe.submit(array, rows)

    def finish(self, answers: NDArray[Any]) -> None:
        """Write the answers of the oldest batch under way, once it is done.

        Args:
            answers: Where they go, one a row.
        """
        if self._pipe:
            self._postprocess(self._pipe.collect(), answers)

    def run(self, array: NDArray[Any], rows: NDArray[np.int64], answers: NDArray[Any]) -> None:
        """Write the answers of one batch.

        Args:
            array: All samples.
            rows: Which of them, at least one and at most `capacity`.
            answers: Where the answers go, one a row.
        """
        if self._pipe:
            self._pipe.submit(array, rows)
            self._postprocess(self._pipe.collect(), answers)
        else:
            self._postprocess(self._binding.infer(self._gather(array, rows)), answers)

    def warm_up(self, samples: NDArray[Any], answers: NDArray[Any], batches: int) -> None:
        """Run untimed inferences of full batches and as many of one sample.

        Args:
            samples: Any samples; they are repeated to a full batch.
            answers: Place for `capacity` answers.
            batches: Inferences of each size.

        Why: libraries plan and allocate per shape, and Server's batches are of any size.
        """
        import numpy as np

        batch = self._binding.input
        batch[:] = np.resize(samples, batch.shape)
        for count in dict.fromkeys((len(batch), 1)):
            for _ in range(batches):
                outputs = self._binding.infer(batch if count == len(batch) else batch[:count])
                self._postprocess(outputs, answers[:count])

    def _gather(self, array: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return the samples of a batch: a view of neighbours, else copied together."""
        count, first = len(rows), rows[0]
        if rows[-1] - first == count - 1 and _are_neighbours(rows):
            return array[first : first + count]
        batch = self._binding.input
        if count != self.capacity:
            batch = batch[:count]
        self._take(array, rows, axis=0, out=batch, mode="clip")
        return batch


def _are_neighbours(rows: NDArray[np.int64]) -> bool:
    """Tell whether each row follows the one before it."""
    return bool((rows[1:] - rows[:-1] == 1).all())
