"""How long a run takes and how much memory it needs, before it is started.

Durations follow LoadGen's own arithmetic. Memory is a rough estimate of what the model needs
when memory is reused between layers; what the library takes for itself comes on top.
"""

from __future__ import annotations

import math
from dataclasses import replace

from runtime.configs.schema import Entry, MultiStream, Offline, Server, Settings, SingleStream
from runtime.configs.target import Target
from runtime.configs.workload import Workload
from runtime.errors import Problem
from runtime.policies.model import Policy
from runtime.policies.run import OFFLINE_SIZING
from runtime.troubles.settings import MEMORY_FIT
from runtime.vocabulary import Precision

DURATION = Policy(
    id="estimates.duration",
    title="How long the timed part takes",
    rule=(
        "Offline: max(min_sample_count, 1.1 x min_duration x target_qps) / target_qps. Server: the "
        "longer of min_duration and min_query_count / target_qps. Streams: the longer of "
        "min_duration and min_query_count x expected_latency. Loading and warm-up come on top."
    ),
    applies_to="all",
    source="LoadGen, test_settings_internal.cc; tried against wheel 6.0.17",
)
"""An estimate: the real rate and latency decide."""

MEMORY = Policy(
    id="estimates.memory",
    title="How much memory a device needs",
    rule=(
        "Weights once for each lane, plus, for each lane, batch x the widest point of the graph: "
        "the tensors that must exist at the same time, in the model's format. The CUDA context "
        "and the workspace of TensorRT come on top. A library that fuses element-wise operators "
        "needs less; only what does not fit even then is refused."
    ),
    applies_to="all",
    source="Calliope",
)
"""Good for `does not fit`, not for `fits exactly`."""

_BYTES = {
    Precision.FP32: 4,
    Precision.FP16: 2,
    Precision.BF16: 2,
    Precision.FP8: 1,
    Precision.INT8: 1,
}


def offline_samples(settings: Offline) -> int:
    """Return the size of the Offline query in samples."""
    sized = OFFLINE_SIZING.number * settings.min_duration_ms / 1000 * settings.target_qps
    return max(settings.min_sample_count, math.ceil(round(sized, 6)))


def run_seconds(settings: Settings, rate: float | None = None) -> float:
    """Return the expected length of the timed part in seconds.

    Args:
        settings: Effective settings of the run.
        rate: Measured samples/s for an Offline run that is expected to differ from
            `target_qps`; other scenarios ignore it.
    """
    if isinstance(settings, Offline):
        return offline_samples(settings) / (rate or settings.target_qps)
    floor = settings.min_duration_ms / 1000
    if isinstance(settings, Server):
        return max(floor, settings.min_query_count / settings.target_qps)
    if isinstance(settings, (SingleStream, MultiStream)):
        return max(floor, settings.min_query_count * settings.expected_latency_ms / 1000)
    return floor


def memory_bytes(workload: Workload, settings: Settings) -> int:
    """Return a rough estimate of the device memory that the model needs, in bytes.

    (weights + batch x widest point of the graph) x lanes of all processes on the device,
    each element in the model's format. A workload whose widest point nobody counted counts
    its input and output.
    """
    ends = math.prod(workload.input.shape) + math.prod(workload.output.shape)
    sample = workload.peak_activations or ends
    elements = workload.parameters + sample * settings.batch_size
    return _BYTES[settings.precision] * elements * settings.lanes * max(1, settings.processes)


def largest_batch(workload: Workload, settings: Settings, memory_gb: float) -> int:
    """Return the largest batch whose estimate fits into a memory; 0 where not even one sample does.

    Args:
        workload: The workload.
        settings: Effective settings of the run.
        memory_gb: Memory of one device in 10^9 bytes.
    """
    one = memory_bytes(workload, replace(settings, batch_size=1))
    two = memory_bytes(workload, replace(settings, batch_size=2))
    weights = 2 * one - two
    return max(0, int((memory_gb * 1e9 - weights) // (two - one)))


def check_memory(entry: Entry, workload: Workload, target: Target) -> list[Problem]:
    """Return the problem of an entry that cannot fit into its device; empty where it may fit."""
    memory, settings = target.memory_gb, entry.settings
    fused = replace(
        workload, peak_activations=workload.fused_activations or workload.peak_activations
    )
    if memory is None or memory_share(fused, settings, memory.value) <= 1:
        return []
    need = memory_bytes(fused, settings) / 1e9
    fits = largest_batch(fused, settings, memory.value)
    do = f"set batch_size to at most {fits}" if fits else "set fewer lanes"
    where = f"{entry.key}.batch_size"
    got = f"at least {need:.3g} GB for batch {settings.batch_size} and {settings.lanes} lanes"
    return [Problem(where, f"at most {memory.value:g} GB", got, do, MEMORY_FIT.code)]


def memory_share(workload: Workload, settings: Settings, memory_gb: float) -> float:
    """Return the share of a device's memory that the estimate takes; above 1 it does not fit.

    Args:
        workload: The workload.
        settings: Effective settings of the run.
        memory_gb: Memory of one device in 10^9 bytes.
    """
    return memory_bytes(workload, settings) / (memory_gb * 1e9)
