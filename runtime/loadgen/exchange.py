"""Where LoadGen's process and its workers meet: slots in shared memory, bytes in pipes.

A worker runs one or more lanes. Each lane has a few slots; a slot holds the rows of one
batch on the way there and its answers on the way back. Only the number of the slot goes
through a pipe.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLOTS = 3
"""Batches of one lane at a time: one runs, one waits behind it, one is handed to LoadGen.

Why: a lane that finds its next batch ready does not wait for LoadGen's process to wake up.
"""

AHEAD = 2
"""Most batches that a lane has before it, the running one included: this is the back pressure."""

ALIGN = 64
"""Every array starts at a multiple of this, in bytes: a cache line belongs to one side only."""

RECORD = struct.Struct("<HH")
"""What a lane writes when a batch is answered: its number and the slot."""

View = Callable[[int, tuple[int, ...], str], Any]
"""Returns an array of the exchange block: offset, shape, element type."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where everything of the exchange block lies; both sides compute the same."""

    lanes: int
    """Lanes over all workers."""
    capacity: int
    """Most samples in a batch."""
    answer_dtype: str
    """NumPy name of an answer's element type."""

    @property
    def lane_bytes(self) -> int:
        """Return the size of one lane's part."""
        return self._answers + SLOTS * self._answers_stride

    @property
    def total_bytes(self) -> int:
        """Return the size of the block."""
        return self.lanes * self.lane_bytes

    def slots(self, lane: int, view: View) -> list[Slot]:
        """Return the slots of a lane.

        Args:
            lane: Its number over all workers.
            view: Makes arrays of the block.
        """
        start = lane * self.lane_bytes
        counts = view(start, (SLOTS,), "int64")
        made = []
        for number in range(SLOTS):
            rows = start + ALIGN + number * self._rows_stride
            answers = start + self._answers + number * self._answers_stride
            made.append(
                Slot(
                    number=number,
                    counts=counts,
                    rows=view(rows, (self.capacity,), "int64"),
                    answers=view(answers, (self.capacity,), self.answer_dtype),
                )
            )
        return made

    @property
    def _rows_stride(self) -> int:
        return _aligned(8 * self.capacity)

    @property
    def _answers(self) -> int:
        return ALIGN + SLOTS * self._rows_stride

    @property
    def _answers_stride(self) -> int:
        import numpy as np

        return _aligned(int(np.dtype(self.answer_dtype).itemsize) * self.capacity)


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One batch's place: who fills it owns it until the number went through a pipe."""

    number: int
    """Which of the lane's slots."""
    counts: NDArray[Any]
    """Samples in each slot of the lane, shape (SLOTS,)."""
    rows: NDArray[Any]
    """Rows of the sample library's array, shape (capacity,) int64; the first `count` are valid."""
    answers: NDArray[Any]
    """Answers, shape (capacity,); the first `count` are valid."""


def _aligned(size: int) -> int:
    """Return a size rounded up to `ALIGN`."""
    return -(-size // ALIGN) * ALIGN
