"""What one device must hold for an entry, part by part, and the largest batch that fits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from runtime.configs.fieldspec import most_of
from runtime.configs.schema import Settings
from runtime.configs.workload import Tensor, Workload
from runtime.footprint.graph import GraphMemory, load_bytes, width
from runtime.footprint.liveness import Load
from runtime.vocabulary import Precision

USABLE = 0.9
"""Share of a device's memory that an entry should need at most.

Why: the CUDA context, the kernels of the libraries and gaps between buffers take their part;
    how much depends on driver and libraries. Calliope's own choice, not measured.
"""

MIB = 1 << 20
"""Bytes in a MiB."""

FLOATS = ("float64", "float32", "float16", "bfloat16")
"""Types that a build turns into the format of the entry."""

WIDTHS: dict[Precision, float] = {
    Precision.FP32: 4,
    Precision.FP16: 2,
    Precision.BF16: 2,
    Precision.FP8: 1,
    Precision.INT8: 1,
}
"""Bytes of one number in each format."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One thing that takes device memory."""

    name: str
    """What it is."""
    computed: str
    """How it was computed, with its numbers."""
    size: float
    """Size in bytes."""


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """What an entry's settings need of one device."""

    parts: tuple[Part, ...]
    """Everything that was counted."""
    batch: int
    """Samples in one inference."""
    memory: float
    """Memory to hold it against, in bytes."""
    largest: int
    """Largest batch that takes at most the usable share; 0 where not even one sample does."""
    least: float
    """The sum in bytes where the library fuses every element-wise operator."""
    unsized: int = 0
    """Tensors of the graph whose size is not known and not counted."""

    @property
    def total(self) -> float:
        """Return the sum of the parts in bytes."""
        return sum(part.size for part in self.parts)

    @property
    def share(self) -> float:
        """Return the share of the memory that the sum takes."""
        return self.total / self.memory if self.memory else math.inf

    @property
    def verdict(self) -> str:
        """Return `fits`, `tight` (above the usable share) or `does not fit`.

        Only what does not fit with every operator fused is said not to fit.
        """
        if self.least > self.memory:
            return "does not fit"
        return "tight" if self.share > USABLE else "fits"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; sizes in bytes."""
        return {
            "verdict": self.verdict,
            "batch": self.batch,
            "largest_batch": self.largest,
            "total_bytes": round(self.total),
            "least_bytes": round(self.least),
            "memory_bytes": round(self.memory),
            "share": round(self.share, 6),
            "usable_share": USABLE,
            "parts": [
                {"name": p.name, "computed": p.computed, "bytes": round(p.size)} for p in self.parts
            ],
            "unsized_tensors": self.unsized,
        }


def fit(graph: GraphMemory, workload: Workload, settings: Settings, memory: float) -> Footprint:
    """Return what an entry needs of a device's memory.

    Args:
        graph: Sizes of the model's graph.
        workload: Samples that a run keeps.
        settings: Effective settings: batch, lanes, processes, precision, workspace.
        memory: Memory of one device, in bytes.

    Why: the parts are those of the graph as written. A library that fuses operators needs less
        for activations, which `least` allows for; its workspace and kernels come on top.
    """
    parts = tuple(_parts(graph, workload, settings))
    fused = replace(graph, moments=graph.fused)
    return Footprint(
        parts=parts,
        least=sum(part.size for part in _parts(fused, workload, settings)),
        batch=settings.batch_size,
        memory=memory,
        largest=_largest(graph, workload, settings, memory),
        unsized=len(graph.unsized),
    )


def declared(workload: Workload) -> GraphMemory:
    """Return the sizes that a workload states of its own model, where no file is looked at."""

    def load(tensor: Tensor) -> Load:
        return ((tensor.dtype, 0, math.prod(tensor.shape)),)

    return GraphMemory(
        weights={"float32": workload.parameters},
        inputs=load(workload.input),
        outputs=load(workload.output),
        moments=((("float32", 0, workload.peak_activations),),),
        fused=((("float32", 0, workload.fused_activations or workload.peak_activations),),),
        nodes=0,
        unsized=(),
        fixed_batch=None,
    )


def copies(settings: Settings) -> tuple[int, int]:
    """Return how many copies of the weights, and how many sets of buffers, one device holds.

    Why: ONNX Runtime has a session, with weights, for each lane on an accelerator; the
        TensorRT backend has one engine a process and a context for each batch under way.
    """
    processes = max(1, settings.processes)
    lanes = settings.lanes * processes
    if str(settings.backend) == "tensorrt":
        return processes, lanes * int(getattr(settings, "inflight_batches", 1))
    return lanes, lanes


def _parts(graph: GraphMemory, workload: Workload, settings: Settings) -> Iterator[Part]:
    """Yield what takes memory, largest effects of the settings named."""
    widths = _widths(settings.precision)
    times, sets = copies(settings)
    batch = settings.batch_size
    weights = sum(count * width(kind, widths) for kind, count in graph.weights.items())
    count = sum(graph.weights.values())
    yield Part(
        name="weights",
        computed=f"{count:,} numbers in {str(settings.precision).upper()} x {times}",
        size=weights * times,
    )
    for name, load in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        size = load_bytes(load, batch, {})
        yield Part(name=name, computed=f"batch {batch:,} x {sets} sets", size=size * sets)
    yield Part(
        name="activations",
        computed=f"fullest moment of the graph at batch {batch:,} x {sets} sets",
        size=graph.activations(batch, widths) * sets,
    )
    if settings.workspace_mib:
        yield Part(
            name="workspace",
            computed=f"{settings.workspace_mib:,} MiB x {sets} sets, at most",
            size=float(settings.workspace_mib * MIB * sets),
        )
    if getattr(settings, "start_from_device", False):
        yield Part(
            name="samples",
            computed=f"{workload.performance_samples:,} samples kept on the device",
            size=workload.performance_samples * load_bytes(graph.inputs, 1, {}),
        )


def _widths(precision: Precision) -> dict[str, float]:
    """Return the bytes of each type of number after a build in a format."""
    bytes_each = WIDTHS[precision]
    return {kind: min(bytes_each, width(kind, {})) for kind in FLOATS}


def _largest(graph: GraphMemory, workload: Workload, settings: Settings, memory: float) -> int:
    """Return the largest batch whose sum takes at most the usable share; 0 where none does.

    Why: every part grows with the batch or stays, so halving the range finds the edge.
    """

    def fits(batch: int) -> bool:
        tried = replace(settings, batch_size=batch)
        return sum(p.size for p in _parts(graph, workload, tried)) <= USABLE * memory

    if graph.fixed_batch is not None:
        return graph.fixed_batch if fits(graph.fixed_batch) else 0
    most = int(most_of(type(settings), "batch_size") or 1)
    if fits(most):
        return most
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
