"""What else could be done, and why it loses against the plan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from runtime.mig.firstfit import first_fit
from runtime.mig.fleet import Gpu
from runtime.mig.needs import Need, offers
from runtime.mig.objective import Score, unit
from runtime.mig.planner import TIME_LIMIT_S, plan
from runtime.mig.plans import Plan
from runtime.mig.solver import Limits


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """Another way, and what it would cost."""

    name: str
    """What it is."""
    score: Score | None
    """Its objective; None where there is no such plan."""
    reason: str
    """Why it loses, or that it is as good."""


def alternatives(
    best: Plan, needs: Sequence[Need], gpus: Sequence[Gpu], *, time_limit_s: float = TIME_LIMIT_S
) -> tuple[Alternative, ...]:
    """Return the nearest alternatives to a plan, each solved as well as the plan itself.

    Args:
        best: The plan.
        needs: What was asked for.
        gpus: What there is.
        time_limit_s: Time for each of them.
    """
    found = [_one_gpu_less(best, needs, gpus)] if best.score.gpus > 1 else []
    if best.score.destroyed:
        found.append(_fewer_destroyed(best, needs, gpus, time_limit_s))
    found += [_next_best(best, needs, gpus, time_limit_s), _simple(best, needs, gpus)]
    return tuple(found)


def _one_gpu_less(best: Plan, needs: Sequence[Need], gpus: Sequence[Gpu]) -> Alternative:
    """Return why no GPU can be saved."""
    count = best.score.gpus - 1
    name = f"{count} GPU" if count == 1 else f"{count} GPUs"
    has = "has" if count == 1 else "have"
    if best.bound is None or best.bound.gpus < best.score.gpus:
        return Alternative(name=name, score=None, reason="not ruled out: the solver's time ran out")
    slots = sum(n.count * _least(n, gpus, slots=True) for n in needs)
    compute = sum(n.count * _least(n, gpus, slots=False) for n in needs)
    have_slots = sum(sorted((g.board.slots for g in gpus), reverse=True)[:count])
    have_compute = sum(sorted((g.board.compute_slices for g in gpus), reverse=True)[:count])
    reason = "the sums fit, but no valid layouts hold all instances"
    if slots > have_slots:
        reason = f"the needs take {slots} memory slots at least, {name} {has} {have_slots}"
    elif compute > have_compute:
        reason = f"the needs take {compute} compute slices at least, {name} {has} {have_compute}"
    return Alternative(name=name, score=None, reason=f"impossible: {reason}")


def _least(need: Need, gpus: Sequence[Gpu], *, slots: bool) -> int:
    """Return the fewest memory slots or compute slices that a copy of a need takes anywhere."""
    found = [
        o.profile.size if slots else o.profile.compute_slices
        for board in {g.board.name: g.board for g in gpus}.values()
        for o in offers(board, need).offers
    ]
    return min(found, default=0)


def _fewer_destroyed(
    best: Plan, needs: Sequence[Need], gpus: Sequence[Gpu], time_limit_s: float
) -> Alternative:
    """Return what it would cost to destroy fewer instances."""
    most = best.score.destroyed - 1
    name = f"destroy {most} at most" if most else "destroy nothing"
    limits = Limits(destroyed=most)
    other = plan(needs, gpus, careful=best.careful, limits=limits, time_limit_s=time_limit_s)
    if other is None:
        reason = "impossible: the workloads do not fit then"
        return Alternative(name=name, score=None, reason=reason)
    return Alternative(name=name, score=other.score, reason=compare(other.score, best))


def _next_best(
    best: Plan, needs: Sequence[Need], gpus: Sequence[Gpu], time_limit_s: float
) -> Alternative:
    """Return the nearest plan that strands more on as many GPUs."""
    name = "next best layouts"
    units = unit({g.board.name: g.board for g in gpus}.values())
    least = math.floor(best.score.stranded * units) + 1
    limits = Limits(gpus=best.score.gpus, least_stranded=least)
    other = plan(needs, gpus, careful=best.careful, limits=limits, time_limit_s=time_limit_s)
    if other is None:
        reason = "none: every plan on as many GPUs strands the same"
        return Alternative(name=name, score=None, reason=reason)
    return Alternative(name=name, score=other.score, reason=compare(other.score, best))


def _simple(best: Plan, needs: Sequence[Need], gpus: Sequence[Gpu]) -> Alternative:
    """Return how first-fit-decreasing fares."""
    name = "first-fit-decreasing"
    other = first_fit(needs, gpus)
    if other is None:
        reason = "it runs out of GPUs: it neither reuses nor destroys what stands there"
        return Alternative(name=name, score=None, reason=reason)
    return Alternative(name=name, score=other.score, reason=compare(other.score, best))


def compare(other: Score, best: Plan) -> str:
    """Return why a score loses against a plan."""
    mine = best.score
    if other.gpus != mine.gpus:
        return f"takes {other.gpus - mine.gpus} more"
    count, lost = other.destroyed - mine.destroyed, other.stranded - mine.stranded
    more_destroyed = f"destroys {count} more instance{'s' if count != 1 else ''}"
    more_stranded = f"strands {fraction(lost)} GPU more"
    if best.careful:
        reasons = [more_destroyed] * (count > 0) or [more_stranded] * (lost > 0)
    else:
        reasons = [more_stranded] * (lost > 0) or [more_destroyed] * (count > 0)
    return reasons[0] if reasons else "as good"


def fraction(value: Fraction) -> str:
    """Return a share of a GPU with two decimals."""
    return f"{float(value):.2f}"
