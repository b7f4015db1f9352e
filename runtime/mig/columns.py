"""What a GPU of a kind can become: columns of the planning problem.

A column is a layout, which of its instances are offered to the needs, and what is destroyed. Of
the columns that offer the same instances only the best is kept, so that a board has at most as
many as it has multisets.

What is offered is counted in one integer, a digit a slot: comparing and adding up are then single
operations, of which a plan takes some thousands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import product

from runtime.mig.boards import Board
from runtime.mig.fleet import Instance
from runtime.mig.layouts import DIGIT, Placement, Space, space


class Use(str, Enum):
    """What becomes of an instance in a plan."""

    CREATE = "create"
    """It does not exist and is created."""
    REUSE = "reuse"
    """It exists and serves a need as it is."""
    LEAVE = "leave"
    """It exists and is left alone; it serves no need of the plan."""
    RECREATE = "recreate"
    """It exists and runs something else: it is destroyed and made anew for a need."""

    def __str__(self) -> str:
        """Return the word."""
        return self.value


Slot = tuple[str, str, str]
"""Board, profile, and the workload that alone may use it (empty: any)."""


@dataclass(frozen=True)
class Column:
    """One thing that a GPU of a kind can become."""

    kind: int
    """Which kind of GPU."""
    uses: tuple[tuple[Placement, Use], ...]
    """Every instance of the final layout, and what becomes of it."""
    offered: tuple[tuple[Slot, int], ...]
    """Instances that serve needs; each must be taken."""
    in_use: bool
    """Whether the GPU counts as used."""
    locked: int
    """Stranded compute and memory that is out of reach, in units of the model."""
    destroyed: int
    """Existing instances that are destroyed."""


@dataclass(frozen=True)
class Kind:
    """GPUs that are alike."""

    board: Board
    """Their board."""
    current: tuple[Instance, ...]
    """Instances on each of them."""
    members: tuple[int, ...]
    """Their numbers in the list of GPUs."""


@dataclass(frozen=True)
class Scope:
    """What the columns of a kind of GPU are made with."""

    fresh: frozenset[str]
    """Profiles that new instances are made of."""
    names: frozenset[str]
    """Names of the needs."""
    most: Counter[Slot]
    """How many instances of each slot the needs could take together."""
    whole: int
    """Units of the model in a whole GPU's compute or memory."""
    careful: bool
    """Whether destroying little comes before stranding little."""
    every: bool
    """Whether to keep a column for each sum of stranded and destroyed."""


@dataclass(frozen=True)
class _Existing:
    """One way to treat the instances that exist and stay in place."""

    offered: int
    """What they offer then, less what they would offer as new ones."""
    again: int
    """How many of them are destroyed and made anew."""
    uses: tuple[tuple[int, Use], ...]
    """What becomes of each, by number of the candidate."""


_Rank = tuple[int, int, tuple[int, ...]]


def make_columns(number: int, kind: Kind, scope: Scope) -> list[Column]:
    """Return the best column of each set of offered instances.

    Best is what the aims of the plan call best: sums of such columns keep their order, so
    that no better plan needs another one.

    Args:
        number: The kind's number in the model.
        kind: The GPUs.
        scope: What they may become.
    """
    used = scope.fresh | {i.profile for i in kind.current}
    found = space(kind.board, media=any(kind.board.profile(n).attributes for n in used))
    slots = _Slots(kind, found, scope)
    pinned = any(i.keep for i in kind.current)
    best: dict[tuple[int, int, int], tuple[_Rank, int, _Existing]] = {}
    for bits, offered, rank, way in _possible(kind, found, scope, slots):
        locked, destroyed, order = rank
        if not offered and not pinned:
            locked = 0
        first = (destroyed, locked, order) if scope.careful else (locked, destroyed, order)
        key = (offered, locked, destroyed) if scope.every else (offered, 0, 0)
        known = best.get(key)
        if known is None or first < known[0]:
            best[key] = first, bits, way
    columns = []
    for (offered, _, _), (first, bits, way) in best.items():
        counts = slots.counts(offered)
        if all(count <= scope.most[slot] for slot, count in counts):
            destroyed, locked = first[:2] if scope.careful else first[1::-1]
            treated = dict(way.uses)
            uses = tuple(
                (found.candidates[n], treated.get(n, Use.CREATE)) for n in found.members(bits)
            )
            busy = pinned or bool(counts)
            columns.append(Column(number, uses, counts, busy, locked, destroyed))
    return columns


class _Slots:
    """The slots of a kind as digits: its profiles first, then instances that run a need."""

    def __init__(self, kind: Kind, found: Space, scope: Scope) -> None:
        """Number the slots."""
        board = kind.board.name
        self.numbers: dict[Slot, int] = {
            (board, p.name, ""): n for n, p in enumerate(found.profiles)
        }
        for i in kind.current:
            if i.workload in scope.names:
                self.numbers.setdefault((board, i.profile, i.workload), len(self.numbers))
        self._ordered = sorted(self.numbers.items())

    def one(self, slot: Slot) -> int:
        """Return one instance of a slot."""
        return 1 << DIGIT * self.numbers[slot]

    def counts(self, offered: int) -> tuple[tuple[Slot, int], ...]:
        """Return how many instances of each slot are offered, by slot."""
        mask = (1 << DIGIT) - 1
        found = ((slot, offered >> DIGIT * n & mask) for slot, n in self._ordered)
        return tuple((slot, count) for slot, count in found if count)


def _possible(
    kind: Kind, found: Space, scope: Scope, slots: _Slots
) -> Iterator[tuple[int, int, _Rank, _Existing]]:
    """Yield what a GPU can become.

    Each is a layout as bits, the instances offered, its rank (locked units, destroyed, low
    starts), and what becomes of the instances that exist.
    """
    board = kind.board
    existing = {found.number(i.placement): i for i in kind.current}
    current = sum(1 << n for n in existing)
    pinned = sum(1 << n for n, i in existing.items() if i.keep)
    creatable = found.bits_of(c for c in found.candidates if c.profile in scope.fresh)
    per_slice, per_slot = scope.whole // board.compute_slices, scope.whole // board.slots
    outside = ~(creatable | current)
    ways: dict[int, list[_Existing]] = {}
    for bits, compute, rows, order, made in found.rows:
        if bits & outside or bits & pinned != pinned:
            continue
        standing = bits & current
        if standing not in ways:
            numbers = found.members(standing)
            ways[standing] = list(_ways({n: existing[n] for n in numbers}, found, scope, slots))
        locked = compute * per_slice + rows * per_slot
        gone = (current & ~bits).bit_count()
        for way in ways[standing]:
            yield bits, made + way.offered, (locked, gone + way.again, order), way


def _ways(
    standing: dict[int, Instance], found: Space, scope: Scope, slots: _Slots
) -> Iterator[_Existing]:
    """Yield every way to treat the instances that stay in place."""
    choices = [
        [(n, use, label) for use, label in _choices(found.candidates[n], instance, scope)]
        for n, instance in standing.items()
    ]
    for chosen in product(*choices):
        offered = again = 0
        for n, use, label in chosen:
            board, profile = found.board.name, found.candidates[n].profile
            offered -= slots.one((board, profile, ""))
            again += use is Use.RECREATE
            if use is not Use.LEAVE:
                offered += slots.one((board, profile, label))
        yield _Existing(offered, again, tuple((n, use) for n, use, _ in chosen))


def _choices(placement: Placement, existing: Instance, scope: Scope) -> list[tuple[Use, str]]:
    """Return what may become of an instance that stays in place, and who may use it."""
    if existing.keep:
        return [(Use.LEAVE, "")]
    if not existing.workload:
        return [(Use.LEAVE, ""), (Use.REUSE, "")]
    again = [(Use.RECREATE, "")] if placement.profile in scope.fresh else []
    if existing.workload in scope.names:
        return [(Use.REUSE, existing.workload), *again]
    return [(Use.LEAVE, ""), *again]
