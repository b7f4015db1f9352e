"""What this process may use of the host: cores and limits."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from pathlib import Path

LEAST_OPEN_FILES = 1024
"""Open files that a run may need at once: logs, libraries, pipes of its workers."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One limit of this process (`ulimit`) and whether it is enough."""

    name: str
    """Option of `ulimit`, with its meaning."""
    value: str
    """Soft limit, in its own unit, or `unlimited`."""
    ok: bool
    """Whether it is enough."""
    need: str
    """What is enough, and for what."""


def usable_cores() -> int:
    """Return how many logical processors this process may use: affinity and cgroup quota."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:
        count = os.cpu_count() or 1
    quota = cgroup_cores()
    return max(1, min(count, int(quota))) if quota else count


def cgroup_cores(root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Return the processors that a container's quota grants; None without a quota."""
    try:
        quota, period = (root / "cpu.max").read_text(encoding="ascii").split()[:2]
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        pass
    try:
        v1 = int((root / "cpu" / "cpu.cfs_quota_us").read_text(encoding="ascii"))
        length = int((root / "cpu" / "cpu.cfs_period_us").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return v1 / length if v1 > 0 else None


def limits() -> tuple[Limit, ...]:
    """Return the limits of this process that runs have failed on."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    locked = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    stack = resource.getrlimit(resource.RLIMIT_STACK)[0]
    infinite = resource.RLIM_INFINITY
    return (
        Limit(
            name="open files (-n)",
            value=_count(files),
            ok=files == infinite or files >= LEAST_OPEN_FILES,
            need=f"{LEAST_OPEN_FILES} for logs, libraries and worker pipes",
        ),
        Limit(
            name="locked memory (-l)",
            value=_mib(locked),
            ok=locked == infinite or locked >= 64 << 20,
            need="64 MiB or more for pinned host buffers of GPU runs; CPU runs need none",
        ),
        Limit(
            name="stack (-s)",
            value=_mib(stack),
            ok=stack == infinite or stack >= 8 << 20,
            need="8 MiB",
        ),
    )


def _count(value: int) -> str:
    """Return a limit as a number or `unlimited`."""
    return "unlimited" if value == resource.RLIM_INFINITY else str(value)


def _mib(value: int) -> str:
    """Return a limit in MiB or `unlimited`."""
    return "unlimited" if value == resource.RLIM_INFINITY else f"{value / 2**20:g} MiB"
