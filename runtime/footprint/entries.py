"""Footprints of entries: against the target's memory, and against what a GPU here has free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.artifacts import cache_folder
from runtime.configs.registry import Registry
from runtime.configs.schema import Entry, Settings
from runtime.configs.target import Target
from runtime.devices.gpus import Availability, Found
from runtime.errors import Problem
from runtime.footprint.estimate import Footprint, declared, fit
from runtime.footprint.graph import GraphMemory, read_graph
from runtime.plan import RunPlan
from runtime.troubles.settings import MEMORY_FIT
from runtime.vocabulary import Family

GB = 1e9
"""Bytes in a GB, as vendors count."""


@dataclass(frozen=True, kw_only=True)
class EntryFit:
    """What one entry needs of its device."""

    key: str
    """Key of the entry."""
    model: str
    """File whose graph was read."""
    footprint: Footprint
    """What it needs, against the target's memory."""
    free: float | None = None
    """Bytes that are free on this machine's device of that target; None where there is none."""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        free = None if self.free is None else round(self.free)
        return {
            "entry": self.key,
            "model": self.model,
            **self.footprint.to_dict(),
            "free_here_bytes": free,
        }


def fit_entries(
    registry: Registry,
    entries: Iterable[tuple[Entry, Settings]],
    found: Found,
    model: Path | None = None,
    memory_gb: float | None = None,
) -> Iterator[EntryFit]:
    """Yield what entries need of one device.

    Args:
        registry: What the packages define.
        entries: Entries with their effective settings.
        found: This machine's GPUs.
        model: The user's model file; None for the workload's own.
        memory_gb: Memory to hold them against, in 10^9 bytes; None for the target's.

    Raises:
        HarnessError: The model cannot be opened.
    """
    graphs: dict[str, tuple[str, GraphMemory]] = {}
    for entry, settings in entries:
        if entry.workload not in graphs:
            file = registry.modules[entry.workload].open_model(model, cache_folder())
            graphs[entry.workload] = file.path.name, read_graph(file.path)
        name, graph = graphs[entry.workload]
        target = registry.target(entry.target)
        workload = registry.workload(entry.workload)
        size = memory_gb * GB if memory_gb is not None else _memory(target)
        yield EntryFit(
            key=entry.key,
            model=name,
            footprint=fit(graph, workload, settings, size),
            free=free_memory(target, found, registry),
        )


def free_memory(target: Target, found: Found, registry: Registry) -> float | None:
    """Return the least memory that is free on this machine's devices of a target, in bytes."""
    from runtime.devices.discovery import availability

    if target.family is Family.CPU:
        return None
    seen = availability(target, found, registry.targets.values())
    rooms = [room for _, room in _rooms(seen, found)]
    return min(rooms, default=None)


def check_free(plans: Iterable[RunPlan], registry: Registry, found: Found) -> Iterator[Problem]:
    """Yield the problem of every plan that cannot fit into the memory that is free here now.

    Args:
        plans: The runs.
        registry: What the packages define.
        found: This machine's GPUs.

    Why: the target's whole memory is checked when a run is planned; what other processes
        hold can only be seen here. A user's model is read, because the workload's own sizes
        do not describe it.
    """
    for plan in plans:
        target, workload = registry.target(plan.target), registry.workload(plan.workload)
        free = free_memory(target, found, registry)
        if free is None:
            continue
        graph = declared(workload) if plan.model is None else read_graph(plan.model)
        needed = fit(graph, workload, plan.settings, free)
        if needed.least <= free:
            continue
        do = f"end what else runs on it, or set batch_size to at most {needed.largest}"
        if not needed.largest:
            do = "end what else runs on it, or set fewer lanes"
        yield Problem(
            f"{plan.key}.batch_size",
            f"at most {free / GB:.3g} GB, which are free on this machine's device",
            f"at least {needed.least / GB:.3g} GB for batch {needed.batch}",
            do,
            MEMORY_FIT.code,
        )


def _memory(target: Target) -> float:
    """Return a target's memory in bytes: the vendor's figure, or the host's for a processor."""
    if target.memory_gb is not None:
        return target.memory_gb.value * GB
    import psutil

    return float(psutil.virtual_memory().total)


def _rooms(seen: Availability, found: Found) -> Iterator[tuple[str, float]]:
    """Yield the free bytes of every device that a run would use."""
    for gpu in found.gpus:
        if gpu.uuid in seen.uuids and gpu.memory_used_gb is not None:
            yield gpu.uuid, (gpu.memory_gb - gpu.memory_used_gb) * GB
        for part in gpu.slices:
            if part.uuid in seen.uuids:
                yield part.uuid, part.memory_gb * GB
