"""Quantizes a model and proves what came out: the work behind `harness quantize`."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

from runtime.calibration import compare, judge, modelopt
from runtime.calibration.order import Made, Order
from runtime.calibration.qdq import quantize
from runtime.calibration.record import TensorRange
from runtime.calibration.result import (
    BLESSED,
    REFUSED,
    SCHEMA_VERSION,
    UNPROVEN,
    LayerCost,
    Offer,
    QuantizationRecord,
    Side,
)
from runtime.calibration.samples import CalibrationSet
from runtime.calibration.structure import quantized_layers
from runtime.errors import ConfigError, Problem
from runtime.policies.accuracy import accuracy_goal
from runtime.vocabulary import Mode, Precision

HEAD_BYTES = 1 << 28
"""Most bytes of calibration samples that layers are compared on."""


@dataclass(frozen=True)
class _Proof:
    """What is known of the accuracy."""

    verdict: str
    before: float | None = None
    after: float | None = None
    goal: float | None = None
    costs: tuple[judge.Cost, ...] = ()
    offer: Offer | None = None


def make(order: Order) -> Made:
    """Return the quantized model with its record.

    Raises:
        ConfigError: The recipe cannot be followed, see `qdq.quantize`.
        MissingError: The evaluation data or a package is not there.
    """
    begin = time.perf_counter()
    order.report("quantize", 0, 0)
    content = _content(order)
    proof = _prove(order, content)
    if order.mixed and proof.verdict == REFUSED and proof.offer:
        skip = frozenset(proof.offer.skip)
        order = replace(order, recipe=replace(order.recipe, skip=skip))
        content = _content(order)
        proof = replace(proof, verdict=BLESSED, after=proof.offer.accuracy, offer=None)
    before, after = _sides(order, content, proof)
    seconds = time.perf_counter() - begin
    return Made(content, _record(order, content, proof, (before, after), seconds))


def set_ranges(
    ranges: Mapping[str, tuple[float, float]], limits: Mapping[str, float]
) -> dict[str, tuple[float, float]]:
    """Return ranges in which some tensors are cut to or widened to a largest value by hand.

    Raises:
        ConfigError: A tensor has no range that could be changed.
    """
    unknown = sorted(set(limits) - set(ranges))
    if unknown:
        mend = "tensors are: " + ", ".join(sorted(ranges))
        raise ConfigError(Problem("--range", "tensors of the model", ", ".join(unknown), mend))
    changed = dict(ranges)
    for name, limit in limits.items():
        changed[name] = (-limit if ranges[name][0] < 0 else 0.0, limit)
    return changed


def _content(order: Order) -> bytes:
    """Return the quantized model with the marks of its making."""
    import onnx

    if order.tool == "modelopt":
        module = order.module
        content = modelopt.quantize(
            order.model, module.WORKLOAD, order.samples, order.algorithm, order.recipe
        )
    else:
        content = quantize(order.graph, order.ranges, order.recipe)
    made = onnx.load_from_string(content)
    marks = {
        "calliope.algorithm": str(order.algorithm),
        "calliope.calibration": order.record.sha256 if order.record else "",
        "calliope.model": order.model.sha256,
    }
    for key, value in marks.items():
        entry = made.metadata_props.add()
        entry.key, entry.value = key, value
    return bytes(made.SerializeToString(deterministic=True))


def _prove(order: Order, content: bytes) -> _Proof:
    """Return accuracy, verdict, and where it is too low what costs it and what would do."""
    costs: tuple[judge.Cost, ...] = ()
    if not order.verify:
        if order.sensitivity:
            costs = _costs(order)
        return _Proof(UNPROVEN, costs=costs)
    note = order.model.note or order.module.open_samples(order.data, Mode.ACCURACY).note
    fp8 = order.recipe.precision is Precision.FP8
    before = _accuracy(order, str(order.model.path), "judge FP32", fp8=False)
    after = _accuracy(order, content, "judge", fp8=fp8)
    goal = accuracy_goal(order.share, order.module.WORKLOAD.reference_accuracy)
    passed = after >= goal
    if order.sensitivity or not passed:
        costs = _costs(order)
    verdict = UNPROVEN if note else BLESSED if passed else REFUSED
    offer = None if passed else _offer(order, costs, goal)
    return _Proof(verdict, before, after, goal, costs, offer)


def _accuracy(order: Order, model: bytes | str, phase: str, *, fp8: bool) -> float:
    """Return a model's accuracy, with progress."""
    return judge.measure_accuracy(
        order.module, model, order.data, fp8=fp8, tick=_ticker(order, phase)
    )


def _costs(order: Order) -> tuple[judge.Cost, ...]:
    """Return what each layer costs."""
    if order.tool == "modelopt":
        return ()
    return judge.layer_costs(
        order.module,
        order.graph,
        order.ranges,
        order.recipe,
        _head(order),
        tick=_ticker(order, "layers"),
    )


def _offer(order: Order, costs: tuple[judge.Cost, ...], goal: float) -> Offer | None:
    """Return the fewest of the dearest layers that must keep their format to reach the goal.

    Why: a candidate that the calibration set already shows to be far off is not measured on
        the evaluation set.
    """
    skip, head = set(order.recipe.skip), _head(order)
    fp8 = order.recipe.precision is Precision.FP8
    for number, cost in enumerate(costs[:-1], 1):
        order.report("mixed", number, len(costs) - 1)
        skip.add(cost.layer)
        recipe = replace(order.recipe, skip=frozenset(skip))
        candidate = replace(order, recipe=recipe)
        content = _content(candidate)
        if judge.agreement(order.module, order.graph, content, recipe, head) < goal / 2:
            continue
        accuracy = _accuracy(candidate, content, "judge mixed", fp8=fp8)
        if accuracy >= goal:
            return Offer(skip=tuple(sorted(skip)), accuracy=accuracy, size_bytes=len(content))
    return None


def _head(order: Order) -> CalibrationSet:
    """Return the first calibration samples, as many as memory should hold."""
    import math

    count = max(1, HEAD_BYTES // (4 * math.prod(order.module.WORKLOAD.input.shape)))
    whole = order.samples
    return replace(whole, ids=whole.ids[:count], positions=whole.positions[:count])


def _sides(order: Order, content: bytes, proof: _Proof) -> tuple[Side, Side]:
    """Return both models with everything that was measured of them."""
    first = order.model.path
    times: list[float | None] = [None, None]
    memory: list[float | None] = [None, None]
    if order.compare:
        order.report("compare", 0, 0)
        fp8 = order.recipe.precision is Precision.FP8
        with tempfile.TemporaryDirectory(prefix="calliope-compare-") as folder:
            second = Path(folder) / "quantized.onnx"
            second.write_bytes(content)
            sample = next(order.samples.batches(1))
            times = [*compare.latencies_ms([(first, False), (second, fp8)], sample)]
            memory = [
                compare.memory_mib(first, sample.shape),
                compare.memory_mib(second, sample.shape, fp8=fp8),
            ]
    return (
        Side(
            sha256=order.model.sha256,
            size_bytes=first.stat().st_size,
            accuracy=proof.before,
            latency_ms=times[0],
            memory_mib=memory[0],
        ),
        Side(
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            accuracy=proof.after,
            latency_ms=times[1],
            memory_mib=memory[1],
        ),
    )


def _record(
    order: Order, content: bytes, proof: _Proof, sides: tuple[Side, Side], seconds: float
) -> QuantizationRecord:
    """Return the record of what was made."""
    import onnx

    from runtime.environment import read_machine, read_packages

    names = quantized_layers(onnx.load_from_string(content))
    notes = dict.fromkeys(n for n in (order.model.note, order.samples.note) if n)
    version = modelopt.require_modelopt if order.tool == "modelopt" else _onnxruntime
    return QuantizationRecord(
        schema_version=SCHEMA_VERSION,
        workload=order.module.WORKLOAD.name,
        target=order.target,
        precision=str(order.recipe.precision),
        placement=str(order.recipe.placement),
        tool=f"{order.tool} {version()}",
        algorithm=str(order.algorithm),
        calibration_sha256=order.record.sha256 if order.record else "",
        skipped=tuple(sorted(order.recipe.skip)),
        quantized=names,
        before=sides[0],
        after=sides[1],
        goal=proof.goal,
        verdict=proof.verdict,
        note="; ".join(notes),
        by_hand=order.by_hand,
        costs=tuple(
            LayerCost(layer=c.layer, changed=c.changed, noise=c.noise) for c in proof.costs
        ),
        offer=proof.offer,
        tensors=_tensors(order),
        calibration_seconds=round(order.calibration_seconds, 3),
        seconds=round(seconds, 3),
        made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        machine=read_machine(),
        packages=read_packages(),
    )


def _tensors(order: Order) -> tuple[TensorRange, ...]:
    """Return the record's ranges, as they were used."""
    import msgspec

    tensors = order.record.tensors if order.record else ()
    return tuple(
        msgspec.structs.replace(t, low=order.ranges[t.name][0], high=order.ranges[t.name][1])
        for t in tensors
    )


def _onnxruntime() -> str:
    """Return ONNX Runtime's version."""
    return metadata.version("onnxruntime")


def _ticker(order: Order, phase: str) -> Callable[[int, int], None]:
    """Return what passes progress of a phase on."""
    return lambda done, total: order.report(phase, done, total)
