"""The order in which instances are created, and what a driver makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runtime.mig.boards import Board
from runtime.mig.layouts import Layout, Placement


def creation_order(layout: Iterable[Placement]) -> tuple[Placement, ...]:
    """Return placements in the order to create them: large ones first, then high starts."""
    return tuple(sorted(layout, key=lambda p: (-p.size, -p.start, p.profile)))


def size_descending(board: Board, names: Iterable[str]) -> tuple[str, ...]:
    """Return profiles in the order to create them, where a driver chooses the places.

    Among profiles of one size, the one that can start at fewer places goes first: 4g
    before 3g.
    """

    def order(name: str) -> tuple[int, int, int, str]:
        profile = board.profile(name)
        return -profile.size, len(profile.starts), -profile.compute_slices, name

    return tuple(sorted(names, key=order))


def place_in_order(board: Board, names: Sequence[str], *, highest: bool = True) -> Layout | None:
    """Return where instances land that are created one by one; None where one finds no place.

    Args:
        board: The board, empty.
        names: Profiles in the order of creation.
        highest: Whether each goes to its highest free start; otherwise to its lowest.
    """
    taken = 0
    made: list[Placement] = []
    for name in names:
        profile = board.profile(name)
        starts = sorted(profile.starts, reverse=highest)
        options = (Placement(start, profile.size, name) for start in starts)
        place = next((p for p in options if not p.mask & taken), None)
        if place is None:
            return None
        taken |= place.mask
        made.append(place)
    return tuple(sorted(made))
