"""The fields that a search may turn in each scenario, and the values that it may try.

Every axis is a ladder of values; a search goes up or down it step by step.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from runtime.configs.schema import MultiStream, Offline, Server, Settings
from runtime.configs.target import Target
from runtime.configs.workload import Workload
from runtime.errors import ConfigError
from runtime.policies.estimates import memory_share
from runtime.vocabulary import Family, HarnessKind

MOST_LANES = 8
"""Most lanes that are tried on an accelerator.

Why: a lane is a Python thread; more of them than this only wait for each other.
"""

MOST_MEMORY = 0.9
"""Largest share of a device's memory that a candidate may need, by the rough estimate."""

DELAYS = (0.0, 0.02, 0.05, 0.1, 0.2)
"""Queue delays to try, as shares of the latency bound.

Why: what a query waits for is spent from the bound twice, once itself and once by those
    behind it; more than a fifth cannot pay.
"""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One field with the values that make sense for it."""

    field: str
    """Name of the field."""
    values: tuple[Any, ...]
    """Values from least to most."""
    reason: str
    """Why the field is worth trying."""
    zero_is_most: bool = False
    """Whether 0 stands for more than every value of the ladder."""

    def steps(self, value: Any) -> tuple[Any | None, Any | None]:
        """Return the next value above and the next below; None at an end of the ladder."""
        if value == 0 and self.zero_is_most:
            return None, self.values[-1] if self.values else None
        above = next((v for v in self.values if v > value), None)
        below = next((v for v in reversed(self.values) if v < value), None)
        return above, below


Fits = Callable[[Settings], str]
"""Returns why settings cannot be tried; empty where they can."""


MOST_WINDOW = 64
"""Most requests in flight that are tried.

Why: behind a Triton server more only wait in its queue.
"""


def axes_of(
    settings: Settings, target: Target, harness: HarnessKind = HarnessKind.DIRECT
) -> tuple[Axis, ...]:
    """Return the axes of a scenario on a target, the one with most effect first.

    Args:
        settings: Their class is the scenario.
        target: The target.
        harness: What stands between LoadGen and the model; a server has axes of its own.
    """
    found = _axes(settings, target)
    if harness is HarnessKind.TRITON:
        found = _served(settings, target)
    return tuple(a for a in found if hasattr(settings, a.field))


def make_fits(target: Target, workload: Workload) -> Fits:
    """Return the check that settings fit cores and memory of a target."""
    cores = _cores()

    def fits(settings: Settings) -> str:
        if settings.triton_request_samples > settings.batch_size:
            return "a request would have more samples than the largest batch"
        workers = settings.lanes * getattr(settings, "processes", 1)
        if target.family is Family.CPU and workers * settings.intra_op_threads > cores:
            return f"more threads than the {cores} cores that this process may use"
        memory = target.memory_gb
        gigabytes = float(memory.value) if memory is not None else 0.0
        if gigabytes and memory_share(workload, settings, gigabytes) > MOST_MEMORY:
            return f"needs more than {MOST_MEMORY:.0%} of the device's {gigabytes:g} GB"
        return ""

    return fits


def changed(settings: Settings, changes: dict[str, Any]) -> Settings | None:
    """Return the settings with values replaced; None where the fields do not admit them."""
    try:
        return replace(settings, **changes)
    except ConfigError:
        return None


def _axes(settings: Settings, target: Target) -> Iterator[Axis]:
    """Yield the axes of a scenario; some may not exist as fields."""
    cpu = target.family is Family.CPU
    workers = _powers(_cores() if cpu else MOST_LANES)
    threads = Axis(
        field="intra_op_threads",
        values=_powers(_cores()),
        reason="more threads shorten one inference, up to the cores",
    )
    graphs = Axis(
        field="use_cuda_graph",
        values=(False, True),
        reason="a captured graph saves the launches, where shapes do not change",
    )
    lanes = Axis(
        field="lanes",
        values=workers,
        reason="another lane prepares its batch while the first one computes",
    )
    processes = Axis(
        field="processes",
        values=workers,
        reason="processes do not share an interpreter lock",
    )
    if isinstance(settings, (Offline, Server)):
        batch = "a larger batch costs less per sample, until the device is full"
        yield Axis(field="batch_size", values=_powers(65_536), reason=batch)
        yield lanes
        yield processes
        if isinstance(settings, Server):
            yield _delay(settings)
    elif isinstance(settings, MultiStream):
        batch = "one inference for the whole query, or several that stay in the cache"
        sizes = _powers(settings.samples_per_query)
        yield Axis(field="batch_size", values=sizes, reason=batch)
    if cpu:
        yield threads
    else:
        yield graphs


def _served(settings: Settings, target: Target) -> Iterator[Axis]:
    """Yield the axes of a scenario behind a Triton server: concurrency, delay, instances."""
    own = {axis.field: axis for axis in _axes(settings, target)}
    if isinstance(settings, (Offline, Server)):
        yield own["batch_size"]
        yield Axis(
            field="triton_window",
            values=_powers(MOST_WINDOW),
            reason="more requests in flight hide the transport, until they only wait",
        )
        yield _request(settings)
        yield replace(own["lanes"], reason="another model instance computes beside the first")
        if isinstance(settings, Server):
            yield own["max_queue_delay_us"]
        yield Axis(
            field="triton_clients",
            values=(1, 2, 4),
            reason="another connection has a thread of its own for answers",
        )
    if "intra_op_threads" in own:
        yield own["intra_op_threads"]


def _request(settings: Settings) -> Axis:
    """Return the ladder of samples in a request: 0 is the largest batch, less is halved."""
    return Axis(
        field="triton_request_samples",
        values=tuple(v for v in _powers(settings.batch_size) if v < settings.batch_size),
        reason="smaller requests are on their way sooner; Triton puts them together",
        zero_is_most=True,
    )


def _delay(settings: Server) -> Axis:
    """Return the ladder of queue delays under a latency bound."""
    bound_us = settings.target_latency_ms * 1000
    values = sorted({round(share * bound_us) for share in DELAYS})
    reason = "a short wait fills batches; it is spent from the bound"
    return Axis(field="max_queue_delay_us", values=tuple(values), reason=reason)


def _powers(most: int) -> tuple[int, ...]:
    """Return the powers of two up to a number, and the number itself."""
    found = []
    value = 1
    while value < most:
        found.append(value)
        value *= 2
    return (*found, most)


def _cores() -> int:
    """Return the logical processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
