"""Calibrates a model: from the cache where it can, from samples where it must."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

from runtime.calibration import cache
from runtime.calibration.algorithms import Algorithm, Histogram, choose, clipped
from runtime.calibration.models import batch_for, prepare
from runtime.calibration.places import keep, usable
from runtime.calibration.record import (
    PICTURE_BINS,
    SCHEMA_VERSION,
    CalibrationRecord,
    Making,
    TensorRange,
    seal,
    to_json,
)
from runtime.calibration.samples import CalibrationSet
from runtime.configs.workload import ModelFile, Workload
from runtime.policies.artifacts import CacheKey
from runtime.vocabulary import Precision

REVISION = 1
"""Raised when this package gives other ranges for the same inputs: kept records go stale."""

LIBRARIES = ("numpy", "onnx", "onnxruntime")
"""Distributions whose versions ranges may depend on."""

Report = Callable[[str, int, int], None]
"""Gets the phase, what is done of it, and how much there is."""


@dataclass(frozen=True)
class Calibrated:
    """A record, and how it came about."""

    record: CalibrationRecord
    """The ranges."""
    model: Any
    """The prepared graph that they belong to, an `onnx.ModelProto`."""
    cached: bool
    """Whether the record was in the cache."""
    reason: str
    """Why it was not; empty where it was."""
    seconds: float
    """Time that it took now."""
    path: Path | None
    """Where it is kept; None where nothing is."""
    notes: tuple[str, ...] = ()
    """What the user should know: a cache that cannot be written, and the like."""


def calibrate(
    model: ModelFile,
    workload: Workload,
    samples: CalibrationSet,
    algorithm: Algorithm,
    *,
    precision: Precision = Precision.INT8,
    fresh: bool = False,
    report: Report = lambda *_: None,
) -> Calibrated:
    """Return the ranges of a model's tensors.

    Args:
        model: The FP32 model.
        workload: What it is for.
        samples: The calibration set.
        algorithm: How ranges are chosen.
        precision: Format that the model will be quantized to; it decides the opset.
        fresh: Calibrate even where the cache has a record.
        report: Gets the progress.

    Raises:
        ArtifactError: The model cannot be prepared.
        RunError: A tensor has values that are not finite.
    """
    begin = time.perf_counter()
    report("prepare", 0, 0)
    graph = prepare(model, precision)
    empty = _empty(model, workload, samples, algorithm, graph)
    place, note = usable(cache.folder(), "calibration cache")
    notes = [note] if note else []
    found = cache.find(empty.key, place)
    if found.record is not None and not fresh:
        spent = time.perf_counter() - begin
        return Calibrated(found.record, graph, True, "", spent, found.path, tuple(notes))
    reason = "asked to calibrate anew" if fresh else found.reason
    tensors = _measure(graph, workload, samples, algorithm, report)
    record = seal(_with(empty, tensors))
    seconds = time.perf_counter() - begin
    kept = keep(found.path, to_json(record), "calibration cache")
    if kept.problem:
        notes.append(str(kept.problem))
    made = Making(
        record_sha256=record.sha256,
        seconds=round(seconds, 3),
        made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        machine=_processor(),
    )
    keep(kept.path.with_suffix(".made.json"), to_json(made), "calibration cache")
    return Calibrated(record, graph, False, reason, seconds, kept.path, tuple(notes))


def key_of(
    model: ModelFile,
    workload: Workload,
    samples: CalibrationSet,
    algorithm: Algorithm,
    graph: Any,
) -> CacheKey:
    """Return everything that the ranges of a prepared graph depend on."""
    return _empty(model, workload, samples, algorithm, graph).key


def libraries() -> str:
    """Return the libraries that ranges depend on, with their versions."""
    names = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    return f"{names}, ranges {REVISION}"


def _empty(
    model: ModelFile,
    workload: Workload,
    samples: CalibrationSet,
    algorithm: Algorithm,
    graph: Any,
) -> CalibrationRecord:
    """Return the record without ranges."""
    notes = dict.fromkeys(n for n in (model.note, samples.note) if n)
    return CalibrationRecord(
        schema_version=SCHEMA_VERSION,
        workload=workload.name,
        model_sha256=model.sha256,
        algorithm=str(algorithm),
        samples=samples.ids,
        samples_sha256=samples.ids_sha256,
        data_sha256=samples.data_sha256(),
        evaluation_samples=samples.evaluation,
        library=libraries(),
        opset=next(o.version for o in graph.opset_import if o.domain in {"", "ai.onnx"}),
        note="; ".join(notes),
        tensors=(),
    )


def _with(record: CalibrationRecord, tensors: tuple[TensorRange, ...]) -> CalibrationRecord:
    """Return the record with ranges."""
    import msgspec

    return msgspec.structs.replace(record, tensors=tensors)


def _measure(
    graph: Any, workload: Workload, samples: CalibrationSet, algorithm: Algorithm, report: Report
) -> tuple[TensorRange, ...]:
    """Return the range of every tensor, in order of the names."""
    from runtime.calibration.collect import collect

    total = len(samples.ids)
    batches = samples.batches(batch_for(workload.peak_activations))
    seen = collect(graph, batches, lambda done: report("calibrate", done, total))
    found = []
    for index, (name, histogram) in enumerate(seen.items()):
        report("ranges", index, len(seen))
        found.append(describe(name, histogram, *choose(histogram, algorithm)))
    return tuple(found)


def describe(name: str, histogram: Histogram, low: float, high: float) -> TensorRange:
    """Return a tensor's range with a picture of its histogram."""
    import numpy as np

    edge = float(histogram.edges[-1])
    centres = (histogram.edges[:-1] + histogram.edges[1:]) / 2
    counts, _ = np.histogram(
        centres, bins=PICTURE_BINS, range=(-edge or -1.0, edge or 1.0), weights=histogram.counts
    )
    return TensorRange(
        name=name,
        low=low,
        high=high,
        lowest=histogram.lowest,
        highest=histogram.highest,
        clipped=clipped(histogram, low, high),
        edge=edge,
        counts=tuple(int(c) for c in counts),
    )


def _processor() -> str:
    """Return the processor's name."""
    from runtime.environment import read_machine

    return read_machine().cpu
