"""The GPUs that a plan may use, and the instances that stand on them already."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.mig.boards import Board
from runtime.mig.layouts import Placement


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A GPU instance that exists."""

    profile: str
    """Profile name on its board."""
    start: int
    """First memory slot."""
    size: int
    """Memory slots."""
    workload: str = ""
    """What runs on it; a need of that name can go on there. Empty: it is free to use."""
    keep: bool = False
    """Whether it must neither be destroyed nor used."""
    gi_id: int | None = None
    """Number that the driver gave it; commands that destroy need it."""

    @property
    def placement(self) -> Placement:
        """Where it stands."""
        return Placement(self.start, self.size, self.profile)

    def __str__(self) -> str:
        """Return `PROFILE@START`, with the workload where there is one."""
        return f"{self.placement}" + (f" ({self.workload})" if self.workload else "")


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One GPU."""

    index: int
    """Number that nvidia-smi gives it."""
    board: Board
    """What it is."""
    current: tuple[Instance, ...] = ()
    """Instances that exist, by start."""
