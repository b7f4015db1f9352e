"""Boards, layouts and plans as JSON objects, and in the words that the command prints."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from runtime.mig.alternatives import Alternative, fraction
from runtime.mig.boards import Board, Profile
from runtime.mig.columns import Use
from runtime.mig.commands import mig_parted, nvidia_smi
from runtime.mig.layouts import Placement
from runtime.mig.objective import Score
from runtime.mig.plans import Assigned, GpuPlan, Plan

SCHEMA = 1
"""Version of the JSON that `harness mig` prints."""

USES = {
    Use.CREATE: "created",
    Use.REUSE: "used as it is",
    Use.LEAVE: "left alone",
    Use.RECREATE: "destroyed and created anew",
}
"""What becomes of an instance, in words."""


def board_json(board: Board, sources: dict[str, str]) -> dict[str, Any]:
    """Return a board with its profiles; sources are written out."""
    found = dataclasses.asdict(board)
    for row, profile in zip(found["profiles"], board.profiles, strict=True):
        row["inferred"] = profile.inferred
        row["sources"] = [sources[key] for key in profile.sources]
    return found


def placement_json(board: Board, placement: Placement) -> dict[str, Any]:
    """Return one placement."""
    profile = board.profile(placement.profile)
    return {
        "profile": placement.profile,
        "profile_id": profile.profile_id,
        "start": placement.start,
        "size": placement.size,
        "inferred": profile.inferred,
    }


def plan_json(plan: Plan, others: Sequence[Alternative]) -> dict[str, Any]:
    """Return a plan with its score, alternatives, commands and configuration."""
    return {
        "schema": SCHEMA,
        "score": score_json(plan.score),
        "bound": score_json(plan.bound) if plan.bound else None,
        "proven": plan.proven,
        "solver_seconds": round(plan.seconds, 6),
        "gpus": [_gpu_json(g) for g in plan.gpus],
        "alternatives": [
            {
                "name": a.name,
                "score": score_json(a.score) if a.score else None,
                "reason": a.reason,
            }
            for a in others
        ],
        "commands": list(nvidia_smi(plan.gpus)),
        "mig_parted": mig_parted(plan.gpus),
    }


def score_json(score: Score) -> dict[str, Any]:
    """Return the objective of a plan."""
    return {
        "gpus": score.gpus,
        "stranded_gpus": round(float(score.stranded), 6),
        "destroyed": score.destroyed,
    }


def _gpu_json(plan: GpuPlan) -> dict[str, Any]:
    """Return what becomes of one GPU."""
    board = plan.gpu.board
    return {
        "index": plan.gpu.index,
        "board": board.name,
        "in_use": plan.in_use,
        "instances": [
            {
                **placement_json(board, i.placement),
                "use": str(i.use),
                "workload": i.workload,
            }
            for i in plan.instances
        ],
        "destroyed": [
            {**placement_json(board, i.placement), "workload": i.workload, "gi_id": i.gi_id}
            for i in plan.destroyed
        ],
        "stranded": dataclasses.asdict(plan.stranded),
    }


def headline(plan: Plan) -> str:
    """Return the plan in one line: score and proof."""
    count, gone = plan.score.gpus, plan.score.destroyed
    parts = [
        f"{count} of {len(plan.gpus)} GPU{'s' if len(plan.gpus) != 1 else ''} in use",
        f"{fraction(plan.score.stranded)} GPU stranded",
        f"{gone} instance{'s' if gone != 1 else ''} destroyed" if gone else "nothing destroyed",
    ]
    return ", ".join(parts) + f"; {proof(plan)}"


def proof(plan: Plan) -> str:
    """Return whether a plan is the best, or how far a better one could be."""
    took = f"solver {plan.seconds * 1000:.0f} ms"
    if plan.proven:
        return f"proven best ({took})"
    if plan.bound is None:
        return f"not proven best ({took})"
    low = plan.bound
    return (
        f"not proven best ({took}): no plan is below {low.gpus} GPUs, "
        f"{fraction(low.stranded)} stranded, {low.destroyed} destroyed"
    )


def stranded_words(plan: GpuPlan) -> str:
    """Return what a GPU strands and why; empty where it strands nothing."""
    found = plan.stranded
    parts = []
    if found.locked_compute or found.locked_slots:
        what = _slices(found.locked_compute, found.locked_slots)
        parts.append(f"{what} that no further instance can reach")
    if found.surplus_compute or found.surplus_slots:
        what = _slices(found.surplus_compute, found.surplus_slots)
        parts.append(f"{what} more than the workloads need")
    return "; ".join(parts)


def _slices(compute: int, slots: int) -> str:
    """Return compute slices and slots in words."""
    parts = []
    if compute:
        parts.append(f"{compute} compute slice{'s' if compute > 1 else ''}")
    if slots:
        parts.append(f"{slots} memory slot{'s' if slots > 1 else ''}")
    return " and ".join(parts)


def instance_row(board: Board, item: Assigned) -> list[str]:
    """Return the cells of one instance of a plan."""
    profile = board.profile(item.placement.profile)
    return [
        profile.name,
        str(item.placement.start),
        item.workload or "-",
        USES[item.use],
        memory_words(board, profile),
        sms_words(board, profile),
        "inferred" if profile.inferred else "confirmed",
    ]


def memory_words(board: Board, profile: Profile) -> str:
    """Return the memory of a profile in GiB, `>=` where only a lower bound is known."""
    if profile.memory_gib is not None:
        return f"{profile.memory_gib:g}"
    least = board.least_memory_gib(profile)
    return "?" if least is None else f">= {least:g}"


def sms_words(board: Board, profile: Profile) -> str:
    """Return the SMs of a profile, `>=` where only a lower bound is known."""
    if profile.sms is not None:
        return str(profile.sms)
    least = board.least_sms(profile)
    return "?" if least is None else f">= {least}"
