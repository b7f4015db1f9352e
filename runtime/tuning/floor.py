"""The floor of a throughput plot: a bare loop around the backend, without LoadGen or our SUT.

It runs in a process of its own, as a trial does, on one lane.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from time import perf_counter

from runtime.artifacts import cache_folder
from runtime.errors import HarnessError
from runtime.plan import RunPlan

BATCH_S = 0.3
"""Length of one batch size's loop, in seconds: a line to compare with, not a result."""

WARMUP = 3
"""Untimed inferences before each loop."""


def measure_floor(
    plan: RunPlan, batches: Sequence[int], seconds: float = BATCH_S
) -> dict[int, float]:
    """Return samples/s of a bare loop by batch size; empty where it cannot be measured.

    Args:
        plan: The entry's plan.
        batches: Batch sizes.
        seconds: Length of each loop.

    Why: a plot without its comparison is still a plot, so no failure leaves this function.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(_loop, plan.to_json(), tuple(batches), seconds).result()
        except (HarnessError, BrokenProcessPool, RuntimeError, OSError):
            return {}


def _loop(plan_json: bytes, batches: tuple[int, ...], seconds: float) -> dict[int, float]:
    """Run the loops; the other process's part."""
    import numpy as np

    from runtime.backends.base import open_backend

    plan = RunPlan.from_json(plan_json)
    workload = importlib.import_module(f"runtime.workloads.{plan.workload.replace('-', '_')}")
    model = workload.open_model(plan.model, cache_folder())
    samples = workload.open_samples(plan.data, plan.mode)
    found = {}
    for batch in batches:
        settings = dataclasses.replace(plan.settings, batch_size=batch, lanes=1)
        device = plan.devices[0] if plan.devices else None
        backend = open_backend(model, workload.WORKLOAD, settings, device)
        try:
            binding = backend.bind(batch)
            head = samples.load(np.arange(min(batch, len(samples)), dtype=np.int64))
            binding.input[:] = np.resize(head, binding.input.shape)
            for _ in range(WARMUP):
                binding.infer(binding.input)
            began, count = perf_counter(), 0
            while (elapsed := perf_counter() - began) < seconds:
                binding.infer(binding.input)
                count += batch
            found[batch] = count / elapsed
        finally:
            backend.close()
    return found
