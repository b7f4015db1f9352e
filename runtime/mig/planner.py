"""Finds the best plan: fewest GPUs, then least stranded, then fewest instances destroyed."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from runtime.configs.fieldspec import check
from runtime.errors import ConfigError, Problem, RunError
from runtime.mig.boards import Board
from runtime.mig.columns import Column, Slot, Use
from runtime.mig.fleet import Gpu
from runtime.mig.model import Model, build
from runtime.mig.needs import Need, offers
from runtime.mig.objective import Score, locked
from runtime.mig.plans import Assigned, GpuPlan, Plan, judged
from runtime.mig.solver import Limits, Solution, solve
from runtime.mig.validity import check_layout

TIME_LIMIT_S = 30.0
"""Seconds that the solver may take unless the caller says otherwise."""


def plan(
    needs: Sequence[Need],
    gpus: Sequence[Gpu],
    *,
    careful: bool = False,
    limits: Limits | None = None,
    time_limit_s: float = TIME_LIMIT_S,
) -> Plan | None:
    """Return the best plan of needs on GPUs; None when they do not fit.

    Every layout of every board is considered. The result is counted again from the
    definitions before it is returned.

    Args:
        needs: What the workloads need; names must differ.
        gpus: What there is.
        careful: Whether to destroy as little as possible first, and strand little second.
        limits: Extra conditions, to see what an alternative would cost.
        time_limit_s: Time for the solver; when it runs out, the plan's bound states the gap.

    Raises:
        ConfigError: With every need that no board can serve and every impossible instance.
        RunError: Time ran out before any plan was found.
    """
    check_input(needs, gpus)
    model = build(needs, gpus, careful=careful, every=limits is not None)
    found = solve(model, limits, time_limit_s)
    if found is None:
        return None
    decoded = [_plainer(g, {n.name: n for n in needs}) for g in _decode(model, found, gpus)]
    made, score = judged(decoded, needs)
    claimed = _score(found.values, model.unit)
    if score != claimed:
        got = f"{score} counted, {claimed} claimed by the solver"
        raise RunError(Problem("plan", "one score", got, "report it with the command line"))
    return Plan(
        gpus=made,
        score=score,
        bound=_score(found.bounds, model.unit),
        seconds=found.seconds,
        careful=careful,
    )


def check_input(needs: Sequence[Need], gpus: Sequence[Gpu]) -> None:
    """Raise ConfigError with everything that makes a plan impossible to ask for."""
    problems = [p for need in needs for p in _unfit(need)]
    for name, count in Counter(n.name for n in needs).items():
        if count > 1:
            mend = "use `count`, or other names"
            problems.append(Problem(f"need {name}", "one need of that name", str(count), mend))
    if not needs:
        problems.append(Problem("plan", "at least one need", "none", "give --need"))
    if not gpus:
        problems.append(Problem("plan", "at least one GPU", "none", "give --gpu"))
    for gpu in gpus:
        for found in check_layout(gpu.board, (i.placement for i in gpu.current)):
            where = f"GPU {gpu.index}, current: {found.where}"
            problems.append(Problem(where, found.want, found.got, found.do))
    if not problems:
        problems += _unservable(needs, {g.board.name: g.board for g in gpus})
    if problems:
        raise ConfigError(problems)


def _unfit(need: Need) -> list[Problem]:
    """Return what is wrong with a need by itself."""
    found = check(need, where=f"need {need.name}")
    if (need.rate is None) != (need.rate_per_sm is None):
        want = "`rate` and `rate_per_sm`"
        found.append(Problem(f"need {need.name}", want, "one of them", "give both or neither"))
    return found


def _unservable(needs: Sequence[Need], boards: dict[str, Board]) -> list[Problem]:
    """Return needs that no profile of any board satisfies."""
    problems = []
    for need in needs:
        found = {name: offers(board, need) for name, board in boards.items()}
        if any(f.offers for f in found.values()):
            continue
        reasons = []
        for name, refused in found.items():
            largest = boards[name].whole.name
            why = dict(refused.refusals).get(need.profile or largest) or (
                "no such profile" if need.profile else dict(refused.refusals)[largest]
            )
            reasons.append(f"{name}: {need.profile or largest}: {why}")
        want = f"a profile with {need}"
        mend = "ask for less, name a profile, or give another board"
        problems.append(Problem(f"need {need.name}", want, "; ".join(reasons), mend))
    return problems


def _score(values: tuple[int, int, int], unit: int) -> Score:
    """Return the solver's figures as a score."""
    return Score(gpus=values[0], stranded=Fraction(values[1], unit), destroyed=values[2])


def _decode(model: Model, found: Solution, gpus: Sequence[Gpu]) -> list[GpuPlan]:
    """Return what becomes of each GPU."""
    supply: dict[Slot, deque[str]] = {}
    copies = [deque(d.copies) for d in model.demands]
    for (number, slot), count in sorted(found.served.items()):
        queue = supply.setdefault(slot, deque())
        queue.extend(copies[number].popleft() for _ in range(count))
    plans: dict[int, GpuPlan] = {}
    for number, kind in enumerate(model.kinds):
        chosen = [
            column
            for column, count in zip(model.columns, found.columns, strict=True)
            if column.kind == number
            for _ in range(count)
        ]
        chosen.sort(key=lambda c: (not c.in_use, -len(c.offered), c.destroyed))
        for member, column in zip(kind.members, chosen, strict=True):
            plans[member] = _gpu_plan(gpus[member], column, supply)
    return [plans[n] for n in range(len(gpus))]


def _gpu_plan(gpu: Gpu, column: Column, supply: dict[Slot, deque[str]]) -> GpuPlan:
    """Return the plan of one GPU; takes its workloads from the supply of each slot."""
    now = {i.placement: i for i in gpu.current}
    instances = []
    for placement, use in column.uses:
        workload = now[placement].workload if placement in now else ""
        if use is not Use.LEAVE:
            label = workload if use is Use.REUSE else ""
            workload = supply[gpu.board.name, placement.profile, label].popleft()
        instances.append(Assigned(placement=placement, use=use, workload=workload))
    instances.sort(key=lambda i: i.placement)
    stays = {i.placement for i in instances if i.use in (Use.REUSE, Use.LEAVE)}
    gone = tuple(i for p, i in now.items() if p not in stays)
    return GpuPlan(gpu=gpu, instances=tuple(instances), destroyed=gone)


def _plainer(plan: GpuPlan, needs: dict[str, Need]) -> GpuPlan:
    """Return a plan of one GPU with plain profiles where a variant is not needed.

    A variant without media engines takes nothing from others, so the model prefers it; where
    the plain profile does as well, people expect that one.
    """
    board = plan.gpu.board
    now = {i.placement for i in plan.gpu.current}
    for number, item in enumerate(plan.instances):
        profile = board.profile(item.placement.profile)
        if item.use is not Use.CREATE or not profile.attributes:
            continue
        for offer in offers(board, needs[item.workload]).offers:
            plain = offer.profile
            same = (plain.size, plain.starts, plain.compute_slices) == (
                profile.size,
                profile.starts,
                profile.compute_slices,
            )
            if plain.attributes or not same:
                continue
            placement = replace(item.placement, profile=plain.name)
            instances = list(plan.instances)
            instances[number] = replace(item, placement=placement)
            layout = [i.placement for i in instances]
            fits = placement not in now and not check_layout(board, layout)
            if fits and locked(board, layout) == locked(board, plan.layout):
                plan = replace(plan, instances=tuple(instances))
    return plan


def gpus_needed(
    needs: Sequence[Need], gpus: Sequence[Gpu], board: Board, *, time_limit_s: float = TIME_LIMIT_S
) -> int | None:
    """Return how many empty GPUs of a board must join those given; None when none help.

    Args:
        needs: What the workloads need.
        gpus: What there is.
        board: What may be added.
        time_limit_s: Time for each try of the solver.
    """
    most = sum(n.count for n in needs)
    first = max((g.index for g in gpus), default=-1) + 1
    extra = [Gpu(index=first + n, board=board) for n in range(most)]

    def fits(count: int) -> bool:
        return solve(build(needs, [*gpus, *extra[:count]]), None, time_limit_s) is not None

    if not fits(most):
        return None
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return low
