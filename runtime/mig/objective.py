"""What makes one plan better than another, counted on the finished plan itself.

The planner's model is built for a solver; this module counts the same three things from the
definitions, so that every plan is judged once more before it is shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from runtime.mig.boards import Board
from runtime.mig.layouts import Placement, space


@dataclass(frozen=True, order=True, kw_only=True)
class Score:
    """The objective of a plan; smaller is better, the first difference decides."""

    gpus: int
    """GPUs that carry a workload or an instance that must be kept."""
    stranded: Fraction
    """Compute and memory on those GPUs that nobody can use, in GPUs (two for each lost whole)."""
    destroyed: int
    """Existing instances that are destroyed."""


@dataclass(frozen=True, kw_only=True)
class Stranded:
    """What nobody can use on one GPU that is in use."""

    locked_compute: int = 0
    """Compute slices that no further instance can reach."""
    locked_slots: int = 0
    """Memory slots that no further instance can reach."""
    surplus_compute: int = 0
    """Compute slices of instances beyond what their workloads need."""
    surplus_slots: int = 0
    """Memory slots of instances beyond what their workloads need."""

    @property
    def compute(self) -> int:
        """All stranded compute slices."""
        return self.locked_compute + self.surplus_compute

    @property
    def slots(self) -> int:
        """All stranded memory slots."""
        return self.locked_slots + self.surplus_slots

    def of(self, board: Board) -> Fraction:
        """Return it in GPUs: the compute share plus the memory share."""
        return Fraction(self.compute, board.compute_slices) + Fraction(self.slots, board.slots)


def unit(boards: Iterable[Board]) -> int:
    """Return the number by which every stranded share of these boards becomes whole."""
    return math.lcm(*(n for b in boards for n in (b.compute_slices, b.slots)))


def locked(board: Board, placements: Sequence[Placement]) -> tuple[int, int]:
    """Return the compute slices and slots that no instance can use beside a layout."""
    found = space(board, media=any(board.profile(p.profile).attributes for p in placements))
    return found.locked(found.bits_of(placements))
