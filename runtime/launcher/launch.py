"""A launch, decided: what runs where, with which command, and how long each part may take."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.artifacts import atomic_write
from runtime.configs.schema import Offline
from runtime.errors import ConfigError, Problem
from runtime.launcher.instances import Instance, Seated
from runtime.launcher.members import Deadlines, Member, Role
from runtime.launcher.requests import Changes, Request
from runtime.loadgen.process import child_environment
from runtime.mig.plans import Plan
from runtime.plan import RunPlan
from runtime.policies.estimates import offline_samples

PLANS = "plans"
"""Folder in the launch's folder with each member's plan."""

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
            check_memory(self, stretch)
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


def check_memory(launch: Launch, stretch: float = 1.0) -> None:
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
