"""What can be computed before a run: how long it takes and whether the model fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from docgen import formatting as fmt
from docgen.catalog import Entry, Target, Workload

_BYTES = {"fp32": 4, "tf32": 4, "fp16": 2, "bf16": 2, "fp8": 1, "int8": 1, "fp4": 0.5}
"""Bytes of one number in each format."""

_DTYPES = {"float64": 8, "float32": 4, "float16": 2, "uint8": 1, "int8": 1, "int64": 8, "int32": 4}
"""Bytes of one element of a tensor, by its NumPy name."""

_SIZING = 1.1
"""LoadGen multiplies the declared Offline rate by it when it sizes the query."""

_GB = 1e9

USABLE = 0.9
"""Share of a device's memory that a batch may take: the runtime's own memory comes on top."""


@dataclass(frozen=True, kw_only=True)
class RunTime:
    """How long the timed part of a run takes, and the formula with its numbers."""

    formula: str
    """Formula in field names."""
    numbers: str
    """The same with this entry's values."""
    seconds: float
    """The result."""
    size: str
    """How many samples or queries that is."""


@dataclass(frozen=True, kw_only=True)
class MemoryFit:
    """What one device must hold at least, part by part."""

    parts: tuple[tuple[str, str, str], ...]
    """Name, computation and size of each part."""
    total: float
    """Sum in bytes."""
    capacity: float
    """Memory of one device in bytes; 0 where the target does not state it."""
    complete: bool
    """Whether intermediate activations are in the sum."""
    largest: int = 0
    """Largest batch whose sum takes at most `USABLE` of the memory; 0 where unknown or none."""

    @property
    def share(self) -> float:
        """Return the share of the device's memory that the sum takes; 0 where unknown."""
        return self.total / self.capacity if self.capacity else 0.0


def run_time(entry: Entry) -> RunTime | None:
    """Return the length of the timed part from LoadGen's own sizing; None without the values."""
    if entry.scenario == "offline":
        return _offline(entry)
    if entry.scenario in {"server", "interactive"}:
        return _paced(entry)
    if entry.scenario in {"single-stream", "multi-stream"}:
        return _streamed(entry)
    return None


def memory_fit(entry: Entry, target: Target, workload: Workload | None) -> MemoryFit | None:
    """Return what one device must hold for an entry; None where the model's size is unknown."""
    if workload is None:
        return None
    parameters = workload.properties.get("parameters")
    batch, precision = _number(entry, "batch_size"), _text(entry, "precision")
    if not isinstance(parameters, int | float) or batch is None:
        return None
    width = _BYTES.get(precision, 4)
    copies, lanes = _copies(entry)
    parts = [_weights(float(parameters), width, precision, copies)]
    total = float(parameters) * width * copies
    for name in ("input", "output"):
        size = _tensor_bytes(workload.properties.get(name))
        if size:
            total += size * batch * lanes
            parts.append(_buffers(name, size, batch, lanes))
    activations = workload.properties.get("peak_activations")
    if isinstance(activations, int | float) and activations:
        total += activations * width * batch * lanes
        parts.append(_buffers("largest pair of activations", activations * width, batch, lanes))
    fixed = [*_extras(entry, workload, lanes)]
    parts += [row for row, _ in fixed]
    total += sum(size for _, size in fixed)
    memory = target.facts.get("memory_gb")
    capacity = float(memory.value) * _GB if memory and _is_number(memory.value) else 0.0
    kept = float(parameters) * width * copies + sum(size for _, size in fixed)
    each = (total - kept) / batch
    return MemoryFit(
        parts=tuple(parts),
        total=total,
        capacity=capacity,
        complete=bool(activations),
        largest=max(0, int((USABLE * capacity - kept) // each)) if capacity and each else 0,
    )


def _copies(entry: Entry) -> tuple[float, float]:
    """Return how many copies of the weights, and how many sets of buffers, one device holds.

    Why: ONNX Runtime has a session with weights for each lane; TensorRT shares an engine
        between the lanes of a process, with a set of buffers for each batch under way.
    """
    processes = max(1, _number(entry, "processes") or 1)
    lanes = (_number(entry, "lanes") or 1) * processes
    if _text(entry, "backend") == "onnxruntime":
        return lanes, lanes
    return processes, lanes * (_number(entry, "inflight_batches") or 1)


def _extras(
    entry: Entry, workload: Workload, sets: float
) -> Iterator[tuple[tuple[str, str, str], float]]:
    """Yield row and size of what does not grow with the batch: workspace, resident samples."""
    mib = _number(entry, "workspace_mib")
    if mib:
        size = mib * 2**20 * sets
        times = f"{fmt.exact(mib)} MiB \u00d7 {fmt.quantity(sets, 'lanes')}"
        yield ("workspace, at most", times, fmt.si(size, "B")), size
    resident, held = entry.values.get("start_from_device"), workload.properties
    count, each = held.get("performance_samples"), _tensor_bytes(held.get("input"))
    if resident is not None and resident.resolved is True and isinstance(count, int) and each:
        words = f"{fmt.si(each, 'B')} \u00d7 {fmt.quantity(count, 'samples')}"
        yield ("samples on the device", words, fmt.si(each * count, "B")), each * count


def _weights(
    parameters: float, width: float, precision: str, copies: float
) -> tuple[str, str, str]:
    """Return the row of the weights."""
    bytes_each = f"{fmt.exact(width)} bytes" if width != 1 else "1 byte"
    times = f" \u00d7 {fmt.quantity(copies, 'copies')}" if copies > 1 else ""
    return (
        f"weights in {precision.upper() or 'FP32'}",
        f"{fmt.si(parameters, 'parameters')} \u00d7 {bytes_each}{times}",
        fmt.si(parameters * width * copies, "B"),
    )


def _buffers(name: str, size: float, batch: float, lanes: float) -> tuple[str, str, str]:
    """Return the row of the buffers that every lane holds for one batch."""
    times = f"{fmt.quantity(batch, 'samples')} \u00d7 {fmt.quantity(lanes, 'lanes')}"
    return (
        f"{name} buffers",
        f"{fmt.si(size, 'B')} \u00d7 {times}",
        fmt.si(size * batch * lanes, "B"),
    )


def _offline(entry: Entry) -> RunTime | None:
    """Return the run time of an Offline entry: the query's samples at the declared rate."""
    rate, floor = _number(entry, "target_qps"), _number(entry, "min_sample_count")
    least = _number(entry, "min_duration_ms")
    if not rate or least is None:
        return None
    floor = floor or 0
    samples = max(floor, _SIZING * least / 1000 * rate)
    return RunTime(
        formula="max(min_sample_count, 1.1 \u00d7 min_duration \u00d7 target_qps) / target_qps",
        numbers=(
            f"max({fmt.exact(int(floor))}, 1.1 \u00d7 {fmt.duration(least / 1000)} \u00d7 "
            f"{fmt.quantity(rate, 'samples/s')}) = {fmt.quantity(round(samples), 'samples')}"
        ),
        seconds=samples / rate,
        size=fmt.quantity(round(samples), "samples"),
    )


def _paced(entry: Entry) -> RunTime | None:
    """Return the run time of a Server entry: arrivals are paced by the declared rate."""
    rate, least = _number(entry, "target_qps"), _number(entry, "min_duration_ms")
    if not rate or least is None:
        return None
    fewest = _number(entry, "min_query_count") or 0
    seconds = max(least / 1000, fewest / rate)
    return RunTime(
        formula="max(min_duration, min_query_count / target_qps)",
        numbers=(
            f"max({fmt.duration(least / 1000)}, {fmt.quantity(int(fewest), 'queries')} / "
            f"{fmt.quantity(rate, 'queries/s')})"
        ),
        seconds=seconds,
        size=fmt.quantity(round(seconds * rate), "queries"),
    )


def _streamed(entry: Entry) -> RunTime | None:
    """Return the run time of a stream entry: one query after the other."""
    latency, least = _number(entry, "expected_latency_ms"), _number(entry, "min_duration_ms")
    if not latency or least is None:
        return None
    fewest = _number(entry, "min_query_count") or 0
    seconds = max(least, fewest * latency) / 1000
    return RunTime(
        formula="max(min_duration, min_query_count \u00d7 expected_latency)",
        numbers=(
            f"max({fmt.duration(least / 1000)}, {fmt.quantity(int(fewest), 'queries')} \u00d7 "
            f"{fmt.quantity(latency, 'ms')})"
        ),
        seconds=seconds,
        size=fmt.quantity(round(seconds * 1000 / latency), "queries"),
    )


def _tensor_bytes(tensor: Any) -> float:
    """Return the bytes of one sample of a tensor property; 0 where it is not described."""
    if not isinstance(tensor, dict) or not isinstance(tensor.get("shape"), list | tuple):
        return 0.0
    size = float(_DTYPES.get(str(tensor.get("dtype", "float32")), 4))
    for extent in tensor["shape"]:
        size *= float(extent)
    return size


def _number(entry: Entry, name: str) -> float | None:
    """Return a numeric value of an entry; None where it has none of that name."""
    value = entry.values.get(name)
    if value is None or not _is_number(value.resolved):
        return None
    return float(value.resolved) if isinstance(value.resolved, float) else value.resolved


def _text(entry: Entry, name: str) -> str:
    """Return a text value of an entry in lower case; empty where it has none."""
    value = entry.values.get(name)
    return str(value.resolved).lower() if value is not None and value.resolved else ""


def _is_number(value: Any) -> bool:
    """Tell whether a JSON value is a number; a bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
