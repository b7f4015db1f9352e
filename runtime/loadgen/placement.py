"""Which worker runs on which device and on which logical processors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runtime.devices.host import allowed_cores
from runtime.devices.inventory import near_cores
from runtime.errors import ConfigError, Problem
from runtime.plan import RunPlan


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Where one worker process runs."""

    device: int | None
    """Index of the accelerator; None for the host processor."""
    cores: tuple[int, ...]
    """Logical processors that it is bound to; empty for none in particular."""


def worker_count(plan: RunPlan) -> int:
    """Return how many worker processes a run has; 0 where LoadGen's process does the work."""
    devices = max(1, len(plan.devices))
    if plan.settings.processes:
        return devices * plan.settings.processes
    return devices if devices > 1 else 0


def check_seats(plan: RunPlan, allowed: tuple[int, ...] | None = None) -> list[Problem]:
    """Return what is wrong with `cores_per_process` on this machine; empty when it can be had.

    Args:
        plan: The run.
        allowed: Logical processors to share out; None for all that this process may use.
    """
    count, each = worker_count(plan), plan.settings.cores_per_process
    free = len(allowed_cores() if allowed is None else allowed)
    if each and not count:
        return [_nobody(each)]
    return [_too_few(count, each, free)] if count * each > free else []


def seat_workers(
    plan: RunPlan,
    allowed: tuple[int, ...] | None = None,
    near: Callable[[int], tuple[int, ...]] | None = None,
) -> list[Seat]:
    """Return the seats of a run's workers; empty where LoadGen's process does the work.

    Args:
        plan: The run.
        allowed: Logical processors to share out; None for all that this process may use.
        near: Returns the processors next to a device; None asks NVML and the kernel.

    Raises:
        ConfigError: As `check_seats` tells.
    """
    problems = check_seats(plan, allowed)
    if problems:
        raise ConfigError(problems)
    if not worker_count(plan):
        return []
    each = plan.settings.cores_per_process
    free = list(allowed_cores() if allowed is None else allowed)
    devices = [d for d in plan.devices or (None,) for _ in range(max(1, plan.settings.processes))]
    seats = []
    for device in devices:
        close = () if device is None else (near or near_cores)(device)
        local = [core for core in close if core in free]
        if not each:
            seats.append(Seat(device=device, cores=tuple(local)))
            continue
        taken = (local + [core for core in free if core not in local])[:each]
        free = [core for core in free if core not in taken]
        seats.append(Seat(device=device, cores=tuple(taken)))
    return seats


def _nobody(each: int) -> Problem:
    """Return the problem of cores that are given to no one."""
    return Problem(
        "cores_per_process",
        "0 where LoadGen's own process runs the lanes",
        str(each),
        "set processes=1 or more, or cores_per_process=0",
    )


def _too_few(count: int, each: int, free: int) -> Problem:
    """Return the problem of a machine with too few processors."""
    return Problem(
        "cores_per_process",
        f"at most {free // count} (workers: {count}, processors: {free})",
        str(each),
        "lower it, or processes, or run on a larger machine",
    )
