"""The sample library: loads what LoadGen asks for into one C-contiguous array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from runtime.configs.workload import SampleSet, Tensor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOAD_STEP = 64
"""Samples that are preprocessed between two progress reports."""


class SampleLibrary:
    """Preprocessed samples in the order in which LoadGen loads them.

    Why: in that order an accuracy run asks for neighbours, so a batch is a view and nothing
        is gathered.
    """

    def __init__(
        self,
        samples: SampleSet,
        tensor: Tensor,
        on_load: Callable[[int, int], None] | None = None,
        *,
        place: NDArray[Any] | None = None,
    ) -> None:
        """Hold the set; nothing is loaded yet.

        Args:
            samples: The workload's evaluation samples.
            tensor: Type and shape of one preprocessed sample.
            on_load: Called with (samples loaded, samples to load) while loading.
            place: Where the samples go, shape (most loaded at once, *shape); None to
                allocate as much as each load needs.
        """
        import numpy as np

        self._samples = samples
        self._tensor = tensor
        self._on_load = on_load
        self._place = place
        self._row_of: NDArray[np.int64] = np.zeros(len(samples), np.int64)
        self._straight = False
        self.array: NDArray[Any] = np.zeros((0, *tensor.shape), tensor.dtype)
        """Loaded samples, shape (loaded, *shape)."""

    def load(self, indices: Sequence[int]) -> None:
        """Preprocess the samples that LoadGen names, in its order."""
        import numpy as np

        wanted = np.asarray(indices, np.int64)
        if self._place is None:
            self.array = np.empty((len(wanted), *self._tensor.shape), self._tensor.dtype)
        else:
            self.array = self._place[: len(wanted)]
        for start in range(0, len(wanted), LOAD_STEP):
            part = wanted[start : start + LOAD_STEP]
            self.array[start : start + len(part)] = self._samples.load(part)
            if self._on_load:
                self._on_load(start + len(part), len(wanted))
        self._row_of[wanted] = np.arange(len(wanted))
        self._straight = bool(np.array_equal(wanted, np.arange(len(wanted))))

    def unload(self, _indices: Sequence[int]) -> None:
        """Give the memory of the loaded samples back, where it is the library's own."""
        self.array = self.array[:0].copy()

    def rows(self, indices: Sequence[int]) -> NDArray[np.int64]:
        """Return the rows of `array` that hold the samples, in the order asked for."""
        import numpy as np

        wanted = np.array(indices, np.int64)
        return wanted if self._straight else self._row_of.take(wanted)
