"""A launch, decided: what runs where, with which command, and how long each part may take."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.artifacts import atomic_write
from runtime.configs.registry import Registry
from runtime.configs.schema import Offline
from runtime.errors import ConfigError, MissingError, Problem, UsageError
from runtime.launcher.instances import Instance, Seated, seat_emulated, seat_real
from runtime.launcher.members import Deadlines, Member, Role
from runtime.launcher.requests import Changes, Request
from runtime.loadgen.process import child_environment
from runtime.mig.boards import Board, find_board
from runtime.mig.plans import Plan
from runtime.plan import RunPlan, estimate_s, resolve
from runtime.policies.estimates import memory_bytes, offline_samples
from runtime.vocabulary import Mode

PLANS = "plans"
"""Folder in the launch's folder with each member's plan."""

HEADROOM = 1.25
"""Factor on the memory estimate of a workload: what libraries take for themselves."""

START_ALLOWANCE_S = 15.0
"""Time that the main member may take to load while the backgrounds run already, in seconds."""

PATIENCE = 3.0
"""How many times as long as expected the main timed part may take before a background, sized
by its own expected rate, could end."""

BYTES_PER_SAMPLE = 200
"""Main memory that one sample of an Offline query takes in LoadGen and in the harness.

Why: an Offline background holds its whole query; 173 bytes a sample were seen between runs of
    0.1 and 1.5 million samples of digits.
"""

MEMORY_SHARE = 0.5
"""Share of the free main memory that the queries of all backgrounds may take."""

CPU_TARGET = "cpu"
"""Target whose entries an emulated launch runs."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the user asked for."""

    requests: tuple[Request, ...]
    """Main request first."""
    changes: Changes
    """Values to set."""
    quick: bool
    """Whether runs are shortened."""
    deadlines: Deadlines
    """How long each part may take."""
    target: str = ""
    """Target whose entries run; empty for the slice's own, or the CPU's where emulated."""


@dataclass(frozen=True, kw_only=True)
class Post:
    """One member: its seat, and the plan that it runs."""

    name: str
    """Name of the member."""
    seated: Seated
    """Request and instance."""
    plan: RunPlan
    """What it runs."""

    @property
    def role(self) -> Role:
        """Return what it is for."""
        return self.seated.request.role

    @property
    def instance(self) -> Instance:
        """Return where it runs."""
        return self.seated.instance


@dataclass(frozen=True, kw_only=True)
class Launch:
    """Everything that a launch needs; nothing is looked up after this."""

    emulated: bool
    """Whether shares of the processors stand in for instances."""
    isolated: bool
    """Whether instances have processors of their own; always, where they are real."""
    posts: tuple[Post, ...]
    """Members, the main ones first."""
    deadlines: Deadlines
    """How long each part may take."""
    quick: bool
    """Whether runs are shortened."""
    expected_s: float
    """Expected length of the main timed part, in seconds."""
    layout: Plan | None = None
    """Plan of the emulated GPUs; None where instances are real."""

    @property
    def mains(self) -> tuple[Post, ...]:
        """Return the main members."""
        return tuple(p for p in self.posts if p.role is Role.MAIN)

    @property
    def backgrounds(self) -> tuple[Post, ...]:
        """Return the backgrounds."""
        return tuple(p for p in self.posts if p.role is Role.BACKGROUND)

    @property
    def digest(self) -> str:
        """Return the first 16 hexadecimal digits of the hash of what the figures depend on."""
        plain = {
            "emulated": self.emulated,
            "posts": [
                [p.name, json.loads(p.plan.to_json()), dataclasses.asdict(p.instance)]
                for p in self.posts
            ],
            "settle": self.deadlines.settle,
        }
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]

    def background_s(self, stretch: float = 1.0) -> float:
        """Return for how long a background must have work, at the rate that is expected of it.

        Args:
            stretch: Factor for an attempt after one whose background ended too early.
        """
        own = self.deadlines.settle + START_ALLOWANCE_S + PATIENCE * self.expected_s
        return own * stretch

    def members(self, folder: Path, *, together: bool, stretch: float = 1.0) -> list[Member]:
        """Write the plans of a round and return its members.

        Args:
            folder: Folder of the launch.
            together: Whether the backgrounds and all copies of the main take part; otherwise
                the first main member runs alone.
            stretch: As in `background_s`.

        Raises:
            ArtifactError: A plan cannot be written.
            ConfigError: The queries of the backgrounds do not fit in memory.
        """
        posts = self.posts if together else self.mains[:1]
        if together and stretch != 1:
            _check_memory(self, stretch)
        return [self._member(p, folder, stretch) for p in posts]

    def _member(self, post: Post, folder: Path, stretch: float) -> Member:
        """Write the plan of a post and return its member."""
        plan, name = post.plan, f"{post.name}.json"
        if post.role is Role.BACKGROUND:
            plan = lasting(plan, self.background_s(stretch))
            if stretch != 1:
                name = f"{post.name}-x{stretch:.3g}.json"
        path = (folder / PLANS / name).absolute()
        atomic_write(path, plan.to_json())
        return Member(
            name=post.name,
            role=post.role,
            argv=command(path),
            env=environment(post.instance),
            cores=post.instance.cores,
        )


def command(plan: Path) -> tuple[str, ...]:
    """Return the command that runs a plan as a member."""
    words = ("--events", "{events}", "--folder", "{folder}")
    return (sys.executable, "-m", "runtime.launcher.member", str(plan), *words)


def environment(instance: Instance) -> dict[str, str]:
    """Return the variables of a member on an instance, beside those of this process."""
    found = {
        name: value
        for name, value in child_environment().items()
        if name in ("PYTHONPATH", "PYTHONSAFEPATH", "HARNESS_CACHE")
    }
    if instance.uuid:
        found["CUDA_VISIBLE_DEVICES"] = instance.uuid
    return found


def lasting(plan: RunPlan, seconds: float) -> RunPlan:
    """Return a plan that has work for a time, if its rate is what its settings expect."""
    settings: Any = plan.settings
    values: dict[str, Any] = {"min_duration_ms": max(1, round(seconds * 1000))}
    if isinstance(settings, Offline):
        values["min_sample_count"] = max(1, round(seconds * settings.target_qps))
    return dataclasses.replace(plan, settings=dataclasses.replace(settings, **values))


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
    _check_memory(launch)
    return launch


def _check_memory(launch: Launch, stretch: float = 1.0) -> None:
    """Raise ConfigError where the queries of Offline backgrounds do not fit in main memory."""
    import psutil

    seconds = launch.background_s(stretch)
    needs = {}
    for post in launch.backgrounds:
        settings = lasting(post.plan, seconds).settings
        if isinstance(settings, Offline):
            needs[post.name] = offline_samples(settings) * BYTES_PER_SAMPLE
    free = psutil.virtual_memory().available * MEMORY_SHARE
    if sum(needs.values()) > free:
        got = ", ".join(f"{name}: {size / 2**30:.1f} GiB" for name, size in needs.items())
        want = f"at most {free / 2**30:.1f} GiB of main memory for the Offline queries"
        do = "shorten the main run, or let single-stream backgrounds run"
        raise ConfigError(Problem("--background", want, got, do))


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
