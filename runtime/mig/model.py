"""The planning problem as columns: what a GPU can become, and which instances serve which need.

Equal GPUs (same board, same instances) form one kind. A column is one thing that a GPU of a kind
can become: a layout, which of its instances are offered to the needs, what is destroyed. Of the
columns that offer the same instances only the best is kept, so that a board has at most as many
as it has multisets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import product

from runtime.mig.boards import Board
from runtime.mig.fleet import Gpu, Instance
from runtime.mig.layouts import Placement, Space, space
from runtime.mig.needs import Need, Offer, offers, undominated
from runtime.mig.objective import unit


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
class Demand:
    """Copies of needs that the same instances satisfy equally well."""

    copies: tuple[str, ...]
    """Name of the need of each copy."""
    label: str
    """The need's name where existing instances run it, else empty."""
    surplus: dict[Slot, int]
    """Slots that satisfy them, with the surplus in units of the model."""


@dataclass
class Model:
    """The whole problem."""

    unit: int
    """A stranded share times this is whole."""
    careful: bool = False
    """Whether destroying little comes before stranding little."""
    kinds: list[Kind] = field(default_factory=list)
    """Kinds of GPUs."""
    columns: list[Column] = field(default_factory=list)
    """What the GPUs can become."""
    demands: list[Demand] = field(default_factory=list)
    """What the needs ask for."""


def build(
    needs: Sequence[Need], gpus: Sequence[Gpu], *, careful: bool = False, every: bool = False
) -> Model:
    """Return the planning problem of needs on GPUs.

    Args:
        needs: What the workloads need.
        gpus: What there is.
        careful: Whether destroying little comes before stranding little.
        every: Whether to keep a column for each sum of stranded and destroyed, not only the best:
            under extra conditions the best one may not be allowed.
    """
    boards = {g.board.name: g.board for g in gpus}
    model = Model(unit=unit(boards.values()), careful=careful)
    model.kinds = list(_kinds(gpus))
    names = {n.name for n in needs}
    running = {i.workload for g in gpus for i in g.current} & names
    found = {(b, n.name): offers(boards[b], n).offers for b in boards for n in needs}
    model.demands = list(_demands(needs, boards, found, running, model.unit))
    most = _most(model.demands)
    for number, kind in enumerate(model.kinds):
        name = kind.board.name
        fresh = {
            o.profile.name
            for need in needs
            for o in undominated(found[name, need.name], kind.board)
        }
        scope = _Scope(frozenset(fresh), frozenset(names), most, model.unit, careful, every)
        model.columns += _columns(number, kind, scope)
    return model


@dataclass(frozen=True)
class _Scope:
    """What the columns of a kind of GPU are made with."""

    fresh: frozenset[str]
    names: frozenset[str]
    most: Counter[Slot]
    whole: int
    careful: bool
    every: bool


def _kinds(gpus: Sequence[Gpu]) -> Iterator[Kind]:
    """Yield GPUs grouped by board and instances."""
    groups: dict[tuple[str, tuple[tuple[Placement, str, bool], ...]], list[int]] = {}
    for number, gpu in enumerate(gpus):
        state = tuple(sorted((i.placement, i.workload, i.keep) for i in gpu.current))
        groups.setdefault((gpu.board.name, state), []).append(number)
    for members in groups.values():
        first = gpus[members[0]]
        yield Kind(first.board, first.current, tuple(members))


def _demands(
    needs: Sequence[Need],
    boards: dict[str, Board],
    found: dict[tuple[str, str], tuple[Offer, ...]],
    running: set[str],
    whole: int,
) -> Iterator[Demand]:
    """Yield needs grouped by what satisfies them."""
    groups: dict[tuple[str, tuple[tuple[Slot, int], ...]], list[str]] = {}
    for need in needs:
        label = need.name if need.name in running else ""
        slots: dict[Slot, int] = {}
        for name, board in boards.items():
            for o in found[name, need.name]:
                surplus = whole // board.compute_slices * o.compute + whole // board.slots * o.slots
                slots[name, o.profile.name, ""] = surplus
                if label:
                    slots[name, o.profile.name, label] = surplus
        groups.setdefault((label, tuple(slots.items())), []).extend([need.name] * need.count)
    for (label, items), copies in groups.items():
        yield Demand(tuple(copies), label, dict(items))


def _most(demands: Iterable[Demand]) -> Counter[Slot]:
    """Return how many instances of each slot the needs could take together."""
    most: Counter[Slot] = Counter()
    for demand in demands:
        for slot in demand.surplus:
            most[slot] += len(demand.copies)
    return most


def _columns(number: int, kind: Kind, scope: _Scope) -> list[Column]:
    """Return the best column of each set of offered instances.

    Best is what the aims of the plan call best: sums of such columns keep their order, so
    that no better plan needs another one.
    """
    used = scope.fresh | {i.profile for i in kind.current}
    found = space(kind.board, media=any(kind.board.profile(n).attributes for n in used))
    best: dict[tuple[object, ...], tuple[tuple[object, ...], _Made]] = {}
    pinned = any(i.keep for i in kind.current)
    for made in _possible(kind, found, scope):
        offered, (ranked, destroyed, order), chosen = made
        locked = ranked if offered or pinned else 0
        rank = (destroyed, locked, order) if scope.careful else (locked, destroyed, order)
        key = (offered, locked, destroyed) if scope.every else (offered,)
        known = best.get(key)
        if known is None or rank < known[0]:
            best[key] = rank, (offered, (locked, destroyed, order), chosen)
    columns = []
    for _, (offered, (locked, destroyed, _), chosen) in best.values():
        counts = {slot: offered.count(slot) for slot in offered}
        if all(count <= scope.most[slot] for slot, count in counts.items()):
            uses = tuple((found.candidates[n], use) for n, use, _ in chosen)
            busy = pinned or bool(offered)
            columns.append(Column(number, uses, tuple(counts.items()), busy, locked, destroyed))
    return columns


_Rank = tuple[int, int, tuple[int, ...]]
_Choice = tuple[int, Use, "Slot | None"]
_Made = tuple[tuple[Slot, ...], _Rank, tuple[_Choice, ...]]


def _possible(kind: Kind, found: Space, scope: _Scope) -> Iterator[_Made]:
    """Yield what a GPU can become.

    Each is the instances offered, its rank (locked units, destroyed, low starts), and what
    becomes of each instance of the layout.
    """
    board = kind.board
    existing = {i.placement: i for i in kind.current}
    current = found.bits_of(existing)
    pinned = found.bits_of(i.placement for i in kind.current if i.keep)
    creatable = found.bits_of(c for c in found.candidates if c.profile in scope.fresh)
    per_slice, per_slot = scope.whole // board.compute_slices, scope.whole // board.slots
    options = [
        tuple(_options(n, c, existing.get(c), board.name, scope))
        for n, c in enumerate(found.candidates)
    ]
    outside = ~(creatable | current)
    for bits in (0, *found.bits):
        if bits & outside or bits & pinned != pinned:
            continue
        members = found.members(bits)
        compute, slots = found.locked(bits)
        locked = compute * per_slice + slots * per_slot
        gone = (current & ~bits).bit_count()
        order = tuple(sorted(-found.candidates[n].start for n in members))
        for chosen in product(*[options[n] for n in members]):
            offered = tuple(sorted(slot for _, _, slot in chosen if slot is not None))
            again = sum(use is Use.RECREATE for _, use, _ in chosen)
            yield offered, (locked, gone + again, order), chosen


def _options(
    number: int, candidate: Placement, existing: Instance | None, board: str, scope: _Scope
) -> Iterator[_Choice]:
    """Yield what may become of one candidate, with the slot that it offers then."""
    for use, label in _choices(candidate, existing, scope):
        slot = None if use is Use.LEAVE else (board, candidate.profile, label)
        yield number, use, slot


def _choices(
    placement: Placement, existing: Instance | None, scope: _Scope
) -> list[tuple[Use, str]]:
    """Return what may become of one instance of a layout, and who may use it."""
    if existing is None:
        return [(Use.CREATE, "")]
    if existing.keep:
        return [(Use.LEAVE, "")]
    if not existing.workload:
        return [(Use.LEAVE, ""), (Use.REUSE, "")]
    again = [(Use.RECREATE, "")] if placement.profile in scope.fresh else []
    if existing.workload in scope.names:
        return [(Use.REUSE, existing.workload), *again]
    return [(Use.LEAVE, ""), *again]
