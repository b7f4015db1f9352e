"""What a plan is, and the judgement of a finished one from the definitions alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from runtime.errors import Problem, RunError
from runtime.mig.columns import Use
from runtime.mig.fleet import Gpu, Instance
from runtime.mig.layouts import Layout, Placement
from runtime.mig.needs import Need, offers
from runtime.mig.objective import Score, Stranded, locked
from runtime.mig.validity import check_layout


@dataclass(frozen=True, kw_only=True)
class Assigned:
    """One instance of a plan."""

    placement: Placement
    """Profile and place."""
    use: Use
    """Whether it is created, used as it is, left alone, or made anew."""
    workload: str = ""
    """Need that it serves; of one that is left alone, what runs on it."""


@dataclass(frozen=True, kw_only=True)
class GpuPlan:
    """What becomes of one GPU."""

    gpu: Gpu
    """The GPU as it is now."""
    instances: tuple[Assigned, ...]
    """Instances of the final layout, by start."""
    destroyed: tuple[Instance, ...]
    """Instances that have to go."""
    stranded: Stranded = field(default_factory=Stranded)
    """What nobody can use on it; nothing on a GPU that is not in use."""

    @property
    def layout(self) -> Layout:
        """Placements of the final layout."""
        return tuple(i.placement for i in self.instances)

    @property
    def in_use(self) -> bool:
        """Whether it carries a need of the plan or an instance that must be kept."""
        kept = any(i.keep for i in self.gpu.current)
        return kept or any(i.use is not Use.LEAVE for i in self.instances)

    @property
    def created(self) -> tuple[Placement, ...]:
        """Instances to create."""
        return tuple(i.placement for i in self.instances if i.use in (Use.CREATE, Use.RECREATE))

    @property
    def changed(self) -> bool:
        """Whether anything is created or destroyed."""
        return bool(self.created or self.destroyed)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which workload goes on which instance of which GPU."""

    gpus: tuple[GpuPlan, ...]
    """Every GPU, in the order given."""
    score: Score
    """The objective, counted on this plan."""
    bound: Score | None = None
    """What no plan can be below; None where nothing was proven."""
    seconds: float = 0.0
    """Time that the solver took."""
    careful: bool = False
    """Whether destroying little came before stranding little."""

    @property
    def proven(self) -> bool:
        """Whether no better plan exists."""
        return self.bound is not None and self.score == self.bound


def judged(gpus: Sequence[GpuPlan], needs: Sequence[Need]) -> tuple[tuple[GpuPlan, ...], Score]:
    """Return a plan's GPUs with what each strands, and the score of the whole.

    Raises:
        RunError: The plan is wrong: a layout breaks a rule, a need is served by an instance that
            does not satisfy it or not as often as it asks, or an instance is lost from sight.
    """
    problems = [p for g in gpus for p in _faults(g)] + _unserved(gpus, needs)
    if problems:
        raise RunError(problems)
    by_name = {n.name: n for n in needs}
    done = tuple(
        GpuPlan(
            gpu=g.gpu,
            instances=g.instances,
            destroyed=g.destroyed,
            stranded=_stranded(g, by_name) if g.in_use else Stranded(),
        )
        for g in gpus
    )
    score = Score(
        gpus=sum(g.in_use for g in done),
        stranded=sum((g.stranded.of(g.gpu.board) for g in done), Fraction(0)),
        destroyed=sum(len(g.destroyed) for g in done),
    )
    return done, score


def _stranded(plan: GpuPlan, needs: dict[str, Need]) -> Stranded:
    """Return what a GPU in use strands."""
    board = plan.gpu.board
    compute = slots = 0
    for item in plan.instances:
        if item.use is not Use.LEAVE:
            found = offers(board, needs[item.workload]).offers
            offer = next(o for o in found if o.profile.name == item.placement.profile)
            compute += offer.compute
            slots += offer.slots
    out_of_reach = locked(board, plan.layout)
    return Stranded(
        locked_compute=out_of_reach[0],
        locked_slots=out_of_reach[1],
        surplus_compute=compute,
        surplus_slots=slots,
    )


def _faults(plan: GpuPlan) -> list[Problem]:
    """Return what is wrong with the plan of one GPU."""
    where = f"plan of GPU {plan.gpu.index}"
    found = list(check_layout(plan.gpu.board, plan.layout))
    now = {i.placement: i for i in plan.gpu.current}
    gone = Counter(i.placement for i in plan.destroyed)
    for item in plan.instances:
        exists = item.placement in now
        old = item.use is not Use.CREATE
        if exists != old or (item.use is Use.RECREATE) != (item.placement in gone and exists):
            found.append(_bug(where, f"{item.placement} is {item.use}"))
    stays = {i.placement for i in plan.instances if i.use in (Use.REUSE, Use.LEAVE)}
    for placement, instance in now.items():
        if (placement in stays) == (placement in gone) or (instance.keep and placement in gone):
            found.append(_bug(where, f"{instance} is lost from sight"))
    return found


def _unserved(gpus: Sequence[GpuPlan], needs: Sequence[Need]) -> list[Problem]:
    """Return needs that are not served as they ask."""
    found = []
    served: Counter[str] = Counter()
    by_name = {n.name: n for n in needs}
    for plan in gpus:
        for item in plan.instances:
            if item.use is Use.LEAVE:
                continue
            served[item.workload] += 1
            need = by_name.get(item.workload)
            names = {o.profile.name for o in offers(plan.gpu.board, need).offers} if need else set()
            if item.placement.profile not in names:
                got = f"{item.placement} for {item.workload or 'nobody'}"
                found.append(_bug(f"plan of GPU {plan.gpu.index}", got))
    for need in needs:
        if served[need.name] != need.count:
            got = f"{served[need.name]} of {need.count} instances"
            found.append(_bug(f"plan, need {need.name}", got))
    return found


def _bug(where: str, got: str) -> Problem:
    """Return the problem of a plan that should never have been made."""
    return Problem(where, "a plan that satisfies the needs", got, "report it with the command line")
