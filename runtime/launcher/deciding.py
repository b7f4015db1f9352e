"""Decides a launch: entries, instances, plans; every problem is told before anything starts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from runtime.configs.registry import Registry
from runtime.errors import MissingError, Problem, UsageError
from runtime.launcher.instances import Instance, Seated, seat_emulated, seat_real
from runtime.launcher.launch import Asked, Launch, Post, check_memory
from runtime.launcher.members import Role
from runtime.mig.boards import Board, find_board
from runtime.mig.plans import Plan
from runtime.plan import RunPlan, estimate_s, resolve
from runtime.policies.estimates import memory_bytes
from runtime.vocabulary import Mode

HEADROOM = 1.25
"""Factor on the memory estimate of a workload: what libraries take for themselves."""

CPU_TARGET = "cpu"
"""Target whose entries an emulated launch runs."""


def emulated(
    registry: Registry, asked: Asked, board: Board, cores: Sequence[int], *, isolated: bool = True
) -> Launch:
    """Return a launch on shares of this machine's processors.

    Args:
        registry: What the packages define.
        asked: What the user asked for.
        board: Board whose layouts the shares follow.
        cores: Logical processors to share out.
        isolated: Whether each instance has processors of its own.

    Raises:
        UsageError: With every unknown word, field and value.
        MissingError: The requests do not fit on any number of boards.
        ConfigError: A background's query does not fit in memory.
    """
    plans = _plans(registry, asked, [asked.target or CPU_TARGET] * len(asked.requests))
    memories = [_memory_gib(registry, p) for p in plans]
    seats, layout = seat_emulated(asked.requests, memories, board, cores, isolated=isolated)
    by_request = dict(zip(asked.requests, plans, strict=True))
    posts = [(s, by_request[s.request]) for s in seats]
    return _launch(registry, asked, posts, emulated=True, isolated=isolated, layout=layout)


def real(registry: Registry, asked: Asked, instances: Sequence[Instance]) -> Launch:
    """Return a launch on MIG instances that exist.

    Args:
        registry: What the packages define.
        asked: What the user asked for.
        instances: What exists.

    Raises:
        UsageError: With every unknown word, field and value.
        MissingError: An instance, or a target that describes it, is missing.
        ConfigError: A background's query does not fit in memory.
    """
    boards = [find_board(name) for name in dict.fromkeys(i.board for i in instances)]
    first = _plans(registry, asked, [asked.target or _any_slice(registry)] * len(asked.requests))
    memories = [_memory_gib(registry, p) for p in first]
    seats = seat_real(asked.requests, memories, boards, instances)
    posts = []
    for seated in seats:
        target = asked.target or _target_of(registry, seated)
        (plan,) = _plans(registry, dataclasses.replace(asked, requests=(seated.request,)), [target])
        # The process sees one device: its instance.
        posts.append((seated, dataclasses.replace(plan, devices=(0,))))
    return _launch(registry, asked, posts, emulated=False, isolated=True, layout=None)


def _plans(registry: Registry, asked: Asked, targets: Sequence[str]) -> list[RunPlan]:
    """Return the plan of each request.

    Raises:
        UsageError: With the problems of all requests.
    """
    problems: list[Problem] = []
    found = []
    for request, target in zip(asked.requests, targets, strict=True):
        main = request.role is Role.MAIN
        try:
            found.append(
                resolve(
                    registry,
                    target=target,
                    workload=request.workload,
                    scenario=request.scenario,
                    mode=Mode.PERFORMANCE,
                    quick=asked.quick,
                    overrides=asked.changes.main if main else asked.changes.background,
                )
            )
        except UsageError as error:
            problems += [
                Problem(f"--{request.role} {request}: {p.where}", p.want, p.got, p.do, p.code)
                for p in error.problems
            ]
    if problems:
        raise UsageError(problems)
    return found


def _launch(
    registry: Registry,
    asked: Asked,
    posts: Sequence[tuple[Seated, RunPlan]],
    *,
    emulated: bool,
    isolated: bool,
    layout: Plan | None,
) -> Launch:
    """Return a launch from seats and plans, its members named."""
    ordered = sorted(posts, key=lambda p: p[0].request.role is Role.BACKGROUND)
    counts = {role: sum(s.request.role is role for s, _ in ordered) for role in Role}
    numbers = dict.fromkeys(Role, 0)
    made = []
    for seated, plan in ordered:
        role = seated.request.role
        numbers[role] += 1
        name = str(role) if counts[role] == 1 else f"{role}-{numbers[role]}"
        made.append(Post(name=name, seated=seated, plan=plan))
    mains = [p for p in made if p.role is Role.MAIN]
    expected = max(
        estimate_s(p.plan, registry.workload(p.plan.workload).accuracy_samples) for p in mains
    )
    launch = Launch(
        emulated=emulated,
        isolated=isolated,
        posts=tuple(made),
        deadlines=asked.deadlines,
        quick=asked.quick,
        expected_s=expected,
        layout=layout,
    )
    check_memory(launch)
    return launch


def _memory_gib(registry: Registry, plan: RunPlan) -> float:
    """Return the memory that a plan needs of its instance, in GiB."""
    return memory_bytes(registry.workload(plan.workload), plan.settings) * HEADROOM / 2**30


def _any_slice(registry: Registry) -> str:
    """Return the name of some slice target: workloads and scenarios are checked against it."""
    return next(t.name for t in registry.targets.values() if t.mig)


def _target_of(registry: Registry, seated: Seated) -> str:
    """Return the target that describes an instance.

    Raises:
        MissingError: There is none.
    """
    one = seated.instance
    for target in registry.targets.values():
        if target.mig and (target.mig.board, target.mig.profile) == (one.board, one.profile):
            return target.name
    have = ", ".join(t.name for t in registry.targets.values() if t.mig)
    do = "name one with --target whose values suit the instance"
    want = f"a target for {one.profile} of {one.board}"
    raise MissingError(Problem(f"--{seated.request.role} {seated.request}", want, have, do))
