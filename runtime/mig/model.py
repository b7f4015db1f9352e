"""The planning problem: what each GPU can become, and which instances serve which need.

Equal GPUs (same board, same instances) form one kind; `runtime.mig.columns` has what a GPU of a
kind can become.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from runtime.mig.boards import Board
from runtime.mig.columns import Column, Kind, Scope, Slot, make_columns
from runtime.mig.fleet import Gpu
from runtime.mig.layouts import Placement
from runtime.mig.needs import Need, Offer, offers, undominated
from runtime.mig.objective import unit


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
        scope = Scope(frozenset(fresh), frozenset(names), most, model.unit, careful, every)
        model.columns += make_columns(number, kind, scope)
    return model


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
