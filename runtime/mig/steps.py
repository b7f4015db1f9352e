"""What has to be done to a GPU so that it becomes what a plan says, and why it may not be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from runtime.errors import ArtifactError, ConfigError, HarnessError, Problem
from runtime.mig.boards import Board, find_board
from runtime.mig.columns import Use
from runtime.mig.creation import creation_order
from runtime.mig.device import CONFIG_RIGHT, MigGpu, Standing
from runtime.mig.fleet import Gpu, Instance
from runtime.mig.layouts import Placement
from runtime.mig.plans import GpuPlan
from runtime.mig.validity import check_layout
from runtime.troubles.mig import MIG_IN_USE, MIG_RIGHTS

SHOWN_PIDS = 5
"""Processes that a message names."""


class Act(str, Enum):
    """What a step does."""

    MODE_ON = "mode on"
    """Switches MIG mode on."""
    DESTROY = "destroy"
    """Destroys an instance, its compute instances first."""
    CREATE = "create"
    """Creates an instance at its place, and one compute instance that fills it."""

    def __str__(self) -> str:
        """Return the words."""
        return self.value


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What one GPU shall become."""

    index: int
    """Index of the GPU."""
    board: Board
    """Board that the plan is for."""
    layout: tuple[tuple[Placement, Use], ...]
    """Instances of the final layout, and what the plan says of each."""
    destroyed: tuple[Placement, ...]
    """Instances that the plan lets go."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step on one GPU."""

    gpu: int
    """Index of the GPU."""
    act: Act
    """What is done."""
    placement: Placement | None = None
    """Instance; None for the mode."""
    standing: Standing | None = None
    """The instance to destroy, as it stands."""

    def __str__(self) -> str:
        """Return it in words."""
        return f"GPU {self.gpu}: {self.act}" + (f" {self.placement}" if self.placement else "")


def wanted_of(plans: Sequence[GpuPlan]) -> tuple[Wanted, ...]:
    """Return what the GPUs of a plan shall become; those that it leaves alone are left out."""
    return tuple(
        Wanted(
            index=one.gpu.index,
            board=one.gpu.board,
            layout=tuple((i.placement, i.use) for i in one.instances),
            destroyed=tuple(i.placement for i in one.destroyed),
        )
        for one in plans
        if one.in_use or one.changed
    )


def read_plan(path: Path) -> tuple[Wanted, ...]:
    """Return what a plan file wants, the output of `harness mig plan --json`.

    Raises:
        ArtifactError: It cannot be read.
        ConfigError: It is no plan, or a layout in it breaks a rule.
    """
    try:
        raw = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        do = "write it with `harness mig plan ... --json > plan.json`"
        raise ArtifactError(Problem(str(path), "a plan in JSON", str(error), do)) from error
    try:
        found = tuple(_wanted(row) for row in raw["gpus"] if _touched(row))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        do = "write it with `harness mig plan ... --json`"
        got = f"something else ({type(error).__name__}: {error})"
        raise ConfigError(Problem(str(path), "the JSON of a plan", got, do)) from error
    except HarnessError as error:
        raise ConfigError(
            Problem(f"{path}: {p.where}", p.want, p.got, p.do) for p in error.problems
        ) from error
    problems = [
        Problem(f"{path}: GPU {w.index}, {p.where}", p.want, p.got, p.do)
        for w in found
        for p in check_layout(w.board, [placement for placement, _ in w.layout])
    ]
    if problems:
        raise ConfigError(problems)
    return found


def _touched(row: Mapping[str, Any]) -> bool:
    """Tell whether a plan says anything of a GPU."""
    return bool(row["in_use"] or row["destroyed"] or row["instances"])


def _wanted(row: Mapping[str, Any]) -> Wanted:
    """Return what a row of a plan wants."""
    board = find_board(row["board"])

    def place(item: Mapping[str, Any]) -> Placement:
        return Placement(int(item["start"]), board.profile(item["profile"]).size, item["profile"])

    return Wanted(
        index=int(row["index"]),
        board=board,
        layout=tuple((place(i), Use(i["use"])) for i in row["instances"]),
        destroyed=tuple(place(i) for i in row["destroyed"]),
    )


def current_of(gpu: MigGpu) -> Gpu:
    """Return a GPU with its instances as the planner takes it; those in use must be kept."""
    return Gpu(
        index=gpu.index,
        board=gpu.board,
        current=tuple(
            Instance(
                profile=s.profile.name,
                start=s.start,
                size=s.profile.size,
                workload=pids_words(s.pids) if s.pids else "",
                keep=bool(s.pids),
                gi_id=s.gi_id,
            )
            for s in gpu.standing
            if s.start is not None
        ),
    )


def unreadable(gpus: Sequence[MigGpu]) -> list[Problem]:
    """Return the problem of every GPU whose placements we may not read."""
    do = "run it with sudo, or let your administrator give the right"
    return [
        Problem(f"GPU {g.index}", CONFIG_RIGHT, "Insufficient Permissions", do, MIG_RIGHTS.code)
        for g in gpus
        if not g.readable
    ]


def steps_of(wanted: Sequence[Wanted], gpus: Sequence[MigGpu]) -> tuple[Step, ...]:
    """Return the steps that make GPUs what is wanted, in order; none where all is so already.

    Raises:
        ConfigError: With everything that speaks against it: another board, instances that the
            plan does not know or counts on in vain, instances in use, a mode that waits for a
            reset.
    """
    by_index = {g.index: g for g in gpus}
    problems: list[Problem] = []
    found: list[Step] = []
    for one in wanted:
        gpu = by_index.get(one.index)
        where = f"GPU {one.index}"
        if gpu is None or gpu.board.name != one.board.name:
            got = gpu.board.name if gpu else "no such GPU that MIG can partition"
            problems.append(Problem(where, one.board.name, got, "plan for this machine"))
            continue
        found += _steps(one, gpu, problems)
    if problems:
        raise ConfigError(problems)
    return tuple(found)


def _steps(one: Wanted, gpu: MigGpu, problems: list[Problem]) -> list[Step]:
    """Return the steps of one GPU."""
    now = {
        Placement(s.start, s.profile.size, s.profile.name): s
        for s in gpu.standing
        if s.start is not None
    }
    final = dict(one.layout)
    where = f"GPU {gpu.index}"
    gone = [p for p in now if p in one.destroyed]
    for placement in now:
        if placement not in final and placement not in one.destroyed:
            got = f"{placement}, which it does not know"
            problems.append(Problem(where, "the instances of the plan", got, _AGAIN))
    for placement, use in final.items():
        if use in (Use.REUSE, Use.LEAVE) and placement not in now:
            got = f"no {placement}, which it counts on"
            problems.append(Problem(where, "the instances of the plan", got, _AGAIN))
    for placement in gone:
        if pids := now[placement].pids:
            do = "end them, or plan again: instances in use are kept"
            got = f"in use by {pids_words(pids)}"
            problems.append(
                Problem(f"{where}, {placement}", "an idle instance", got, do, MIG_IN_USE.code)
            )
    new = [p for p in final if p not in now or p in gone]
    steps = []
    if new and not gpu.on:
        problems += _mode_problems(gpu)
        steps.append(Step(gpu=gpu.index, act=Act.MODE_ON))
    steps += [
        Step(gpu=gpu.index, act=Act.DESTROY, placement=p, standing=now[p]) for p in sorted(gone)
    ]
    steps += [Step(gpu=gpu.index, act=Act.CREATE, placement=p) for p in creation_order(new)]
    return steps


_AGAIN = "plan again with `harness mig plan --device`"


def _mode_problems(gpu: MigGpu) -> list[Problem]:
    """Return why MIG mode cannot be switched on now."""
    where = f"GPU {gpu.index}"
    if gpu.pending:
        do = f"end what uses it and run `sudo nvidia-smi --gpu-reset -i {gpu.index}`"
        return [Problem(where, "MIG mode", "off until the next reset", do)]
    if gpu.pids:
        do = "end them: the switch resets the GPU"
        return [Problem(where, "an idle GPU", f"in use by {pids_words(gpu.pids)}", do)]
    return []


def pids_words(pids: Sequence[int]) -> str:
    """Return processes in words."""
    shown = ", ".join(map(str, pids[:SHOWN_PIDS]))
    more = f" and {len(pids) - SHOWN_PIDS} more" if len(pids) > SHOWN_PIDS else ""
    return f"process{'es' if len(pids) > 1 else ''} {shown}{more}"
