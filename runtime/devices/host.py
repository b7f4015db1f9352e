"""What this process may use of the host: cores and limits, and how it is bound to them."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LEAST_OPEN_FILES = 1024
"""Open files that a run may need at once: logs, libraries, pipes of its workers."""

SYSFS_PCI = Path("/sys/bus/pci/devices")
"""Where Linux describes PCI devices."""

PR_SET_PDEATHSIG = 1
"""Option of prctl(2): the signal that a process gets when its parent dies."""


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


def allowed_cores() -> tuple[int, ...]:
    """Return the numbers of the logical processors that this process may run on, in order."""
    try:
        return tuple(sorted(os.sched_getaffinity(0)))
    except AttributeError:
        return tuple(range(os.cpu_count() or 1))


def local_cores(bus_id: str, root: Path = SYSFS_PCI) -> tuple[int, ...]:
    """Return the logical processors of the NUMA node that a PCI device hangs on.

    Args:
        bus_id: The device's address as NVML or sysfs writes it, `0000:17:00.0`.
        root: Folder of the PCI devices.

    Returns:
        Their numbers in order; empty where the kernel does not tell.
    """
    domain, _, rest = bus_id.lower().partition(":")
    try:
        path = root / f"{domain[-4:]}:{rest}" / "local_cpulist"
        return parse_cores(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return ()


def numa_node(bus_id: str, root: Path = SYSFS_PCI) -> int | None:
    """Return the NUMA node that a PCI device hangs on; None where the machine has but one.

    Args:
        bus_id: The device's address as NVML or sysfs writes it, `0000:17:00.0`.
        root: Folder of the PCI devices.
    """
    domain, _, rest = bus_id.lower().partition(":")
    try:
        node = int((root / f"{domain[-4:]}:{rest}" / "numa_node").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return node if node >= 0 else None


def parse_cores(text: str) -> tuple[int, ...]:
    """Return the numbers of a list as the kernel writes it, `0-3,8`."""
    found: list[int] = []
    for part in text.strip().split(","):
        if part:
            first, _, last = part.partition("-")
            found += range(int(first), int(last or first) + 1)
    return tuple(found)


def bind_to_cores(cores: Sequence[int]) -> None:
    """Keep this process, and the threads that it starts later, on some logical processors.

    Args:
        cores: Their numbers; empty leaves the process as it is.

    Why: threads of a runtime library take the affinity that holds when they are made, so
        this comes before the library is loaded.
    """
    if cores:
        os.sched_setaffinity(0, cores)


def end_with_parent(parent: int, number: int = signal.SIGKILL) -> None:
    """Let the kernel end this process when the one that started it dies.

    Args:
        parent: Id of the process that started this one.
        number: Signal that the kernel sends.

    Why: after `kill -9` nobody else is left to do it, and an orphan would disturb the next
        run. A parent that is gone already sends no signal any more.
    """
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


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
