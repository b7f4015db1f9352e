"""Exact search: every layout that a board can hold.

A layout is a set of placements that obeys the rules of `runtime.policies.mig`. A board has a few
thousand at most, so all of them are made once and kept as bit sets over the board's candidates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from runtime.mig.boards import ENGINES, Board, Profile
from runtime.policies.mig import MEDIA_LIMIT


@dataclass(frozen=True, order=True)
class Placement:
    """An instance of a profile at a place: slots `start` to `start + size - 1`."""

    start: int
    """First memory slot."""
    size: int
    """Memory slots."""
    profile: str
    """Profile name on the board."""

    def __str__(self) -> str:
        """Return `PROFILE@START`, as the command line takes it."""
        return f"{self.profile}@{self.start}"

    @property
    def mask(self) -> int:
        """The slots as bits."""
        return ((1 << self.size) - 1) << self.start


DIGIT = 8
"""Bits that count the instances of one profile; a board has at most 64 slots."""

Layout = tuple[Placement, ...]
"""Placements ordered by start."""

Multiset = tuple[tuple[str, int], ...]
"""How many instances of which profile, in the order of the board's rows."""


@dataclass(frozen=True, kw_only=True)
class LayoutCounts:
    """How many layouts a board has; the empty one is not counted."""

    placements: int
    """Layouts: sets of placements that can stand together."""
    maximal: int
    """Layouts to which nothing can be added."""
    multisets: int
    """Layouts that differ in more than the places: how many of which profile."""
    maximal_multisets: int
    """Multisets that some maximal layout has."""


class Space:
    """All layouts of one board, as bit sets over its candidate placements."""

    def __init__(self, board: Board, *, media: bool) -> None:
        """Search the layouts of a board.

        Args:
            board: The board.
            media: Whether to use the variants too (+me, -me, +gfx), not only plain profiles.
        """
        self.board = board
        self.profiles: tuple[Profile, ...] = tuple(
            p for p in board.profiles if media or not p.attributes
        )
        self.candidates: tuple[Placement, ...] = tuple(
            Placement(start, p.size, p.name) for p in self.profiles for start in p.starts
        )
        self.owner: tuple[int, ...] = tuple(
            n for n, p in enumerate(self.profiles) for _ in p.starts
        )
        self.bits: tuple[int, ...] = tuple(self._search())
        self._all = frozenset(self.bits)

    def _search(self) -> Iterator[int]:
        """Yield every layout but the empty one; each is reached once, in candidate order."""
        masks = [c.mask for c in self.candidates]
        ledger = _Ledger(self.board, self.profiles)
        stack: list[tuple[int, int, int, tuple[int, ...]]] = [(0, 0, 0, ())]
        while stack:
            first, bits, slots, members = stack.pop()
            if bits:
                yield bits
            for n in range(first, len(masks)):
                if slots & masks[n]:
                    continue
                more = (*members, self.owner[n])
                if ledger.allows(more):
                    stack.append((n + 1, bits | 1 << n, slots | masks[n], more))

    def __contains__(self, bits: object) -> bool:
        """Tell whether a bit set is a layout; the empty one is not."""
        return bits in self._all

    def members(self, bits: int) -> tuple[int, ...]:
        """Return the candidates of a layout by number."""
        found = []
        while bits:
            low = bits & -bits
            found.append(low.bit_length() - 1)
            bits ^= low
        return tuple(found)

    def layout(self, bits: int) -> Layout:
        """Return a bit set as placements."""
        return tuple(sorted(self.candidates[n] for n in self.members(bits)))

    def bits_of(self, placements: Iterable[Placement]) -> int:
        """Return placements as a bit set; those that are no candidates raise KeyError."""
        number = self._numbers
        bits = 0
        for placement in placements:
            bits |= 1 << number[placement]
        return bits

    def number(self, placement: Placement) -> int:
        """Return the number of a placement; one that is no candidate raises KeyError."""
        return self._numbers[placement]

    @cached_property
    def rows(self) -> tuple[tuple[int, int, int, tuple[int, ...], int], ...]:
        """Every layout, the empty one first, with what the planner asks of it again and again.

        Each is the bit set; the compute slices and the slots that nobody can use beside it; its
        starts, negative, in order; and how many of which profile it has, a digit of `DIGIT` bits
        a profile.
        """
        return tuple(self._row(bits) for bits in (0, *self.bits))

    def _row(self, bits: int) -> tuple[int, int, int, tuple[int, ...], int]:
        """Return the row of one layout."""
        members = self.members(bits)
        order = tuple(sorted(-self.candidates[n].start for n in members))
        return bits, *self.locked(bits), order, sum(1 << DIGIT * self.owner[n] for n in members)

    @cached_property
    def _numbers(self) -> dict[Placement, int]:
        """Number of each candidate."""
        return {c: n for n, c in enumerate(self.candidates)}

    def multiset(self, bits: int) -> Multiset:
        """Return how many of which profile a layout has."""
        counts = [0] * len(self.profiles)
        for n in self.members(bits):
            counts[self.owner[n]] += 1
        return tuple((p.name, c) for p, c in zip(self.profiles, counts, strict=True) if c)

    @cached_property
    def reach(self) -> dict[int, tuple[int, int]]:
        """Most compute slices and most slots that a layout can still grow to, by bit set.

        The empty layout (0) is in it. What a board has beyond its reach is locked: no
        instance can be created on it while the layout stands.
        """
        found: dict[int, tuple[int, int]] = {}
        singles = [1 << n for n in range(len(self.candidates))]
        for bits in sorted((*self.bits, 0), key=int.bit_count, reverse=True):
            compute, slots = self._taken(bits)
            for single in singles:
                grown = found.get(bits | single) if not bits & single else None
                if grown is not None:
                    compute, slots = max(compute, grown[0]), max(slots, grown[1])
            found[bits] = (compute, slots)
        return found

    def locked(self, bits: int) -> tuple[int, int]:
        """Return the compute slices and slots that no instance can use beside a layout."""
        compute, slots = self.reach[bits]
        return self.board.compute_slices - compute, self.board.slots - slots

    def _taken(self, bits: int) -> tuple[int, int]:
        """Return the compute slices and slots that a layout's instances have."""
        members = [self.profiles[self.owner[n]] for n in self.members(bits)]
        return sum(p.compute_slices for p in members), sum(p.size for p in members)

    @cached_property
    def maximal(self) -> tuple[int, ...]:
        """The layouts to which nothing can be added."""
        singles = [1 << n for n in range(len(self.candidates))]
        return tuple(
            bits
            for bits in self.bits
            if not any(not bits & one and bits | one in self._all for one in singles)
        )


class _Ledger:
    """Adds up what a board's instances share out: counts, compute slices, media engines."""

    def __init__(self, board: Board, profiles: tuple[Profile, ...]) -> None:
        self.board = board
        self.profiles = profiles

    def allows(self, members: tuple[int, ...]) -> bool:
        """Tell whether instances of these profiles may stand together, places aside."""
        profiles = [self.profiles[n] for n in members]
        last = profiles[-1]
        if sum(1 for n in members if n == members[-1]) > last.max_instances:
            return False
        if sum(p.compute_slices for p in profiles) > self.board.compute_slices:
            return False
        if last.takes_media and sum(p.takes_media for p in profiles) > MEDIA_LIMIT.number:
            return False
        budget = self.board.engines
        return budget is None or all(
            sum(p.engines.count(kind) for p in profiles) <= budget.count(kind) for kind in ENGINES
        )


@lru_cache(maxsize=64)
def space(board: Board, *, media: bool = False) -> Space:
    """Return all layouts of a board; they are searched once and kept.

    Args:
        board: The board.
        media: Whether to use the variants too (+me, -me, +gfx).
    """
    return Space(board, media=media)


def layouts(board: Board, *, media: bool = False) -> tuple[Layout, ...]:
    """Return every layout of a board but the empty one, largest instances first."""
    found = space(board, media=media)
    return _ordered(found, found.bits)


def maximal_layouts(board: Board, *, media: bool = False) -> tuple[Layout, ...]:
    """Return the layouts to which nothing can be added, largest instances first."""
    found = space(board, media=media)
    return _ordered(found, found.maximal)


def multisets(board: Board, *, media: bool = False) -> tuple[Multiset, ...]:
    """Return how many of which profile can stand together, largest instances first."""
    found = space(board, media=media)
    return _distinct(found, found.bits)


def maximal_multisets(board: Board, *, media: bool = False) -> tuple[Multiset, ...]:
    """Return the multisets of the maximal layouts, largest instances first.

    Why:
        One of them can be part of another: 3g + 2g beside slots that nothing fits in, and
        3g + 2g + 2g at other places.
    """
    found = space(board, media=media)
    return _distinct(found, found.maximal)


def representatives(board: Board, *, media: bool = False) -> tuple[Layout, ...]:
    """Return one maximal layout of each maximal multiset: the one with the highest starts."""
    found = space(board, media=media)
    best: dict[Multiset, Layout] = {}
    for layout in sorted(
        (found.layout(bits) for bits in found.maximal),
        key=lambda x: sorted(-p.start for p in x),
        reverse=True,
    ):
        best[found.multiset(found.bits_of(layout))] = layout
    return tuple(sorted(best.values(), key=lambda x: (sorted(-p.size for p in x), x)))


def count_layouts(board: Board, *, media: bool = False) -> LayoutCounts:
    """Return how many layouts a board has."""
    found = space(board, media=media)
    return LayoutCounts(
        placements=len(found.bits),
        maximal=len(found.maximal),
        multisets=len(_distinct(found, found.bits)),
        maximal_multisets=len(_distinct(found, found.maximal)),
    )


def _ordered(found: Space, many: Iterable[int]) -> tuple[Layout, ...]:
    """Return layouts with those of few large instances first."""
    made = [found.layout(bits) for bits in many]
    return tuple(sorted(made, key=lambda x: (sorted(-p.size for p in x), x)))


def _distinct(found: Space, many: Iterable[int]) -> tuple[Multiset, ...]:
    """Return the different multisets of layouts."""
    board = found.board
    sizes = {p.name: (-p.size, -p.compute_slices, p.name) for p in board.profiles}

    def order(multiset: Multiset) -> list[tuple[int, int, str]]:
        return sorted(sizes[name] for name, count in multiset for _ in range(count))

    return tuple(sorted({found.multiset(bits) for bits in many}, key=order))
