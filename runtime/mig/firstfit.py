"""First-fit-decreasing: the plan that a simple packer makes, for comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runtime.errors import ConfigError
from runtime.mig.columns import Use
from runtime.mig.fleet import Gpu
from runtime.mig.layouts import Layout
from runtime.mig.needs import Need, Offer, offers, undominated
from runtime.mig.plans import Assigned, GpuPlan, Plan, judged
from runtime.mig.validity import arrange


def first_fit(needs: Sequence[Need], gpus: Sequence[Gpu]) -> Plan | None:
    """Return the plan of first-fit-decreasing; None when it runs out of GPUs.

    Workloads are taken by size, largest first; each goes to the first GPU on which its
    smallest profile still fits beside the others and beside what stands there. Nothing is
    destroyed and nothing that exists is reused. Places are chosen at the end, as well as
    possible.
    """
    bins = [_Bin(gpu) for gpu in gpus]
    known: dict[tuple[str, Layout, tuple[str, ...]], Layout | None] = {}
    for need in _decreasing(needs, gpus):
        if not any(_put(one, need, known) for one in bins):
            return None
    done, score = judged([one.plan() for one in bins], needs)
    return Plan(gpus=done, score=score)


class _Bin:
    """A GPU that is being filled."""

    def __init__(self, gpu: Gpu) -> None:
        self.gpu = gpu
        self.fixed: Layout = tuple(i.placement for i in gpu.current)
        self.layout: Layout = self.fixed
        self.items: list[tuple[str, str]] = []

    def plan(self) -> GpuPlan:
        """Return what was put here; an instance that existed is left alone."""
        waiting = list(self.items)
        now = {i.placement: i for i in self.gpu.current}
        instances = []
        for placement in self.layout:
            if placement in now:
                workload, use = now[placement].workload, Use.LEAVE
            else:
                item = next(i for i in waiting if i[0] == placement.profile)
                waiting.remove(item)
                workload, use = item[1], Use.CREATE
            instances.append(Assigned(placement=placement, use=use, workload=workload))
        return GpuPlan(gpu=self.gpu, instances=tuple(instances), destroyed=())


def _put(
    one: _Bin, need: Need, known: dict[tuple[str, Layout, tuple[str, ...]], Layout | None]
) -> bool:
    """Put one copy of a need on a GPU if it fits there."""
    for offer in _choices(one.gpu, need):
        names = tuple(sorted([*(name for name, _ in one.items), offer.profile.name]))
        key = one.gpu.board.name, one.fixed, names
        if key not in known:
            known[key] = _arranged(one, names)
        layout = known[key]
        if layout is not None:
            one.layout = layout
            one.items.append((offer.profile.name, need.name))
            return True
    return False


def _arranged(one: _Bin, names: tuple[str, ...]) -> Layout | None:
    """Return places for profiles beside what stands on a GPU; None where there are none."""
    try:
        return arrange(one.gpu.board, names, one.fixed)
    except ConfigError:
        return None


def _choices(gpu: Gpu, need: Need) -> tuple[Offer, ...]:
    """Return what a need may get on a GPU, smallest first."""
    found = undominated(offers(gpu.board, need).offers, gpu.board)
    return tuple(sorted(found, key=lambda o: (o.profile.size, o.profile.compute_slices)))


def _decreasing(needs: Sequence[Need], gpus: Sequence[Gpu]) -> Iterator[Need]:
    """Yield each copy of each need, those with the largest smallest profile first."""

    def size(need: Need) -> tuple[float, float]:
        found = [(g.board, o.profile) for g in gpus for o in _choices(g, need)[:1]]
        shares = [(p.size / b.slots, p.compute_slices / b.compute_slices) for b, p in found]
        return max(shares, default=(0.0, 0.0))

    for need in sorted(needs, key=size, reverse=True):
        yield from [need] * need.count
