"""Which instances can stand together on a board: every layout, from the table and the rules.

The harness has a search of its own; a test holds both against each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from docgen.catalog import MigBoard, MigProfile

MEDIA = ("me", "me.all")
"""Variants of which a board holds one in all."""


@dataclass(frozen=True, order=True)
class Place:
    """An instance of a profile at a place."""

    start: int
    """First memory slot."""
    size: int
    """Memory slots."""
    profile: str
    """Name of the profile."""

    def __str__(self) -> str:
        """Return `PROFILE@START`."""
        return f"{self.profile}@{self.start}"


Layout = tuple[Place, ...]
"""Places ordered by start."""


def layouts(board: MigBoard, *, media: bool = False) -> list[Layout]:
    """Return every layout of a board, the empty one left out.

    Args:
        board: The board.
        media: Whether variants count, not plain profiles alone.
    """
    profiles = [p for p in board.profiles if media or not p.attributes]
    places = sorted(Place(s, p.size, p.name) for p in profiles for s in p.starts)
    by_name = {p.name: p for p in profiles}
    return [tuple(found) for found in _extend(board, by_name, places, (), 0) if found]


def _extend(
    board: MigBoard, by_name: dict[str, MigProfile], places: list[Place], made: Layout, first: int
) -> Iterator[Layout]:
    """Yield a layout and everything that comes of it by adding places further right."""
    yield made
    free = made[-1].start + made[-1].size if made else 0
    for number in range(first, len(places)):
        place = places[number]
        if place.start >= free and _allowed(board, [by_name[p.profile] for p in (*made, place)]):
            yield from _extend(board, by_name, places, (*made, place), number + 1)


def _allowed(board: MigBoard, profiles: list[MigProfile]) -> bool:
    """Tell whether profiles may stand together on a board, wherever they stand."""
    last = profiles[-1]
    if sum(p.compute_slices for p in profiles) > board.compute_slices:
        return False
    if sum(p.name == last.name for p in profiles) > last.max_instances:
        return False
    if sum(any(a in MEDIA for a in p.attributes) for p in profiles) > 1:
        return False
    if board.engines is None:
        return True
    taken = [dict(p.engines.counts) for p in profiles]
    return all(sum(t[kind] for t in taken) <= most for kind, most in board.engines.counts)


def maximal(board: MigBoard, found: list[Layout], *, media: bool = False) -> list[Layout]:
    """Return the layouts to which nothing can be added.

    Args:
        board: The board.
        found: All its layouts.
        media: Whether variants count.
    """
    known = {frozenset(layout) for layout in found}
    profiles = [p for p in board.profiles if media or not p.attributes]
    places = [Place(s, p.size, p.name) for p in profiles for s in p.starts]
    return [
        layout
        for layout in found
        if not any(frozenset((*layout, p)) in known for p in places if p not in layout)
    ]


def sets(found: list[Layout]) -> list[Layout]:
    """Return one layout of each set of profiles, those with the largest instances first."""
    kept: dict[tuple[str, ...], Layout] = {}
    for layout in found:
        kept.setdefault(tuple(sorted(p.profile for p in layout)), layout)
    return sorted(kept.values(), key=lambda x: (sorted(-p.size for p in x), x))
