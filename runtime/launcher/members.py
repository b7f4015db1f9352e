"""What is launched: a member for each instance, and how long each part may take."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path


class Role(str, Enum):
    """What a member is for."""

    MAIN = "main"
    """It is measured."""
    BACKGROUND = "background"
    """It keeps its instance busy while the main one is measured."""

    def __str__(self) -> str:
        """Return the word."""
        return self.value


class State(str, Enum):
    """Where a member stands; each one is reached once, in this order."""

    PLANNED = "planned"
    """It is not started yet."""
    STARTING = "starting"
    """It loads and warms up."""
    READY = "ready"
    """It is in its timed part."""
    OVERLAPPING = "overlapping"
    """It is in its timed part while a main member is in its own."""
    FINAL = "final"
    """It has ended; the reason says how."""

    def __str__(self) -> str:
        """Return the word."""
        return self.value


@dataclass(frozen=True, kw_only=True)
class Member:
    """One process of a launch."""

    name: str
    """Name within the launch, `main` or `background-1`."""
    role: Role
    """What it is for."""
    argv: tuple[str, ...]
    """Command with its arguments; no shell is involved. `{folder}` stands for its folder and
    `{events}` for the descriptor that takes its events."""
    env: dict[str, str] = field(default_factory=dict)
    """Variables that it gets beside those of this process."""
    cores: tuple[int, ...] = ()
    """Logical processors that it may run on; empty for all."""
    ready_marker: str = ""
    """Text in its output that says that its timed part has begun; for programs that send no
    events. Empty: events tell."""
    done_marker: str = ""
    """Text in its output that says that its timed part has ended; with `ready_marker` only."""
    valid_marker: str = ""
    """Text in its output without which its result is not VALID; with `ready_marker` only."""


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """How long each part may take, in seconds; the clock is monotonic."""

    ready: float = 300.0
    """From a member's start to its timed part: loading and warming up."""
    settle: float = 2.0
    """How long all backgrounds run before the main members start; not a limit but a wait."""
    timed: float = 3600.0
    """A main member's timed part."""
    finish: float = 120.0
    """From the end of the timed part to the result."""
    silence: float = 60.0
    """Longest time in a timed part without a step forward."""
    grace: float = 10.0
    """From SIGTERM to SIGKILL."""


def files_of(folder: Path, name: str) -> tuple[Path, Path, Path]:
    """Return a member's own folder, and the files of its output and its errors."""
    return folder / name, folder / f"{name}.stdout", folder / f"{name}.stderr"
