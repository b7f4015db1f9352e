"""Writes ranges into a model as Q/DQ nodes: INT8 or FP8, placed for TensorRT or for the CPU.

The work is ONNX Runtime's `QDQQuantizer`; this module chooses its options, gives FP8 tensors
a scale from their range (ONNX Runtime would take the standard deviation), and keeps the bytes
a function of the inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from runtime.calibration.algorithms import FP8_LARGEST, quiet
from runtime.calibration.record import CalibrationRecord
from runtime.configs.target import Target
from runtime.errors import ConfigError, MissingError, Problem
from runtime.policies.precision import CHAIN_OPS, WEIGHTED_OPS
from runtime.vocabulary import Family, Precision

SUPPORTED = (Precision.INT8, Precision.FP8)
"""Formats that a model can be quantized to."""


class Placement(str, Enum):
    """Where the Q/DQ nodes stand."""

    TENSORRT = "tensorrt"
    """On inputs and weights of Conv, Gemm and MatMul; signed and symmetric. Runs everywhere."""
    CPU = "cpu"
    """Also between operators, unsigned with zero points: fast on ONNX Runtime's CPU provider."""

    def __str__(self) -> str:
        """Return the word as typed."""
        return str(self.value)


@dataclass(frozen=True)
class Recipe:
    """How a model is quantized."""

    precision: Precision
    """`int8` or `fp8`."""
    placement: Placement = Placement.TENSORRT
    """Where Q/DQ nodes stand."""
    skip: frozenset[str] = field(default_factory=frozenset)
    """Names of the layers that keep their format."""


def placement_for(target: Target | None, precision: Precision) -> Placement:
    """Return the placement that suits a target; TensorRT's where none is named."""
    cpu = target is not None and target.family is Family.CPU
    return Placement.CPU if cpu and precision is Precision.INT8 else Placement.TENSORRT


def layers(model: Any) -> tuple[str, ...]:
    """Return the names of the layers that can be quantized, in order of execution.

    Args:
        model: A prepared `onnx.ModelProto`.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    return tuple(
        node.name
        for node in model.graph.node
        if node.op_type in WEIGHTED_OPS and node.input[1] in weights
    )


def input_of(model: Any, layer: str) -> str:
    """Return the activation that a layer reads."""
    return next(str(n.input[0]) for n in model.graph.node if n.name == layer)


def ranges_of(record: CalibrationRecord) -> dict[str, tuple[float, float]]:
    """Return the ranges of a record by tensor."""
    return {t.name: (t.low, t.high) for t in record.tensors}


def quantize(model: Any, ranges: Mapping[str, tuple[float, float]], recipe: Recipe) -> bytes:
    """Return the quantized model as an ONNX file.

    Args:
        model: A prepared `onnx.ModelProto`; it is not changed.
        ranges: Low and high end by tensor; every input of a layer needs one.
        recipe: Format, placement, layers to leave alone.

    Raises:
        ConfigError: A layer's input has no range, a layer to skip does not exist, all layers
            would be skipped, or the format and the placement do not go together.
    """
    _check(model, ranges, recipe)
    import onnx
    from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
    from onnxruntime.quantization.quant_utils import QuantType

    own = onnx.ModelProto()
    own.CopyFrom(model)
    ordered = {name: ranges[name] for name in sorted(ranges)}
    fp8, cpu = recipe.precision is Precision.FP8, recipe.placement is Placement.CPU
    weight_type = QuantType.QFLOAT8E4M3FN if fp8 else QuantType.QInt8
    with quiet():
        quantizer = QDQQuantizer(
            own,
            not fp8,
            False,
            weight_type,
            QuantType.QUInt8 if cpu else weight_type,
            TensorsData(CalibrationMethod.MinMax, _tensor_data(ordered)),
            [],
            sorted(recipe.skip),
            [*WEIGHTED_OPS, *(CHAIN_OPS if cpu else ())],
            _options(model, ordered, recipe),
        )
        quantizer.quantize_model()
        quantizer.model.topological_sort()
    made = quantizer.model.model
    made.doc_string = model.doc_string
    made.producer_name, made.producer_version = "calliope", ""
    made.ir_version = max(made.ir_version, 9 if fp8 else 8)
    content: bytes = made.SerializeToString(deterministic=True)
    return content


def _check(model: Any, ranges: Mapping[str, tuple[float, float]], recipe: Recipe) -> None:
    """Raise ConfigError with everything that keeps a recipe from being followed."""
    names = layers(model)
    problems: list[Problem] = []
    if recipe.precision not in SUPPORTED:
        known = " or ".join(str(p) for p in SUPPORTED)
        problems.append(Problem("--precision", known, str(recipe.precision), "choose one of them"))
    if recipe.precision is Precision.FP8 and recipe.placement is Placement.CPU:
        mend = "use --placement tensorrt"
        problems.append(Problem("--placement", "tensorrt for fp8", "cpu", mend))
    if not names:
        want = "a graph with Conv, Gemm or MatMul layers of constant weights"
        problems.append(Problem("model", want, "none", "quantize another model"))
    unknown = sorted(recipe.skip - set(names))
    if unknown:
        mend = "layers are: " + ", ".join(names)
        problems.append(Problem("--skip", "layers of the model", ", ".join(unknown), mend))
    elif names and set(names) <= recipe.skip:
        mend = "leave one out, or use the FP32 model"
        problems.append(Problem("--skip", "at least one layer to quantize", "all", mend))
    lacking = sorted({input_of(model, n) for n in names if n not in recipe.skip} - set(ranges))
    if lacking and not unknown:
        mend = "calibrate this very model"
        problems.append(
            Problem("ranges", "one for every layer's input", f"none for {', '.join(lacking)}", mend)
        )
    if problems:
        raise ConfigError(problems)


def _tensor_data(ranges: Mapping[str, tuple[float, float]]) -> dict[str, tuple[Any, Any]]:
    """Return ranges as ONNX Runtime takes them."""
    import numpy as np

    return {name: (np.float32(low), np.float32(high)) for name, (low, high) in ranges.items()}


def _options(
    model: Any, ranges: Mapping[str, tuple[float, float]], recipe: Recipe
) -> dict[str, Any]:
    """Return the quantizer's options of a recipe."""
    cpu = recipe.placement is Placement.CPU
    options: dict[str, Any] = {
        "ActivationSymmetric": not cpu,
        "WeightSymmetric": True,
        "QuantizeBias": cpu,
        "MatMulConstBOnly": True,
        "DedicatedQDQPair": not cpu,
        "OpTypesToExcludeOutputQuantization": [] if cpu else list(WEIGHTED_OPS),
        "QDQOpTypePerChannelSupportToAxis": {"MatMul": 1},
    }
    if recipe.precision is Precision.FP8:
        options["TensorQuantOverrides"] = _fp8_scales(model, ranges)
    return options


def _fp8_scales(model: Any, ranges: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """Return the FP8 scale of every activation and weight: its largest value maps to 448."""
    import numpy as np
    from onnx import numpy_helper
    from onnxruntime.quantization.quant_utils import QuantType

    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    largest = {name: max(abs(low), abs(high)) for name, (low, high) in ranges.items()}
    for node in model.graph.node:
        if node.op_type in WEIGHTED_OPS and node.input[1] in weights:
            values = numpy_helper.to_array(weights[node.input[1]])
            largest[node.input[1]] = float(np.abs(values).max())
    zero = np.array(0, dtype=_e4m3())
    return {
        name: [
            {
                "quant_type": QuantType.QFLOAT8E4M3FN,
                "scale": np.array((value or FP8_LARGEST) / FP8_LARGEST, dtype=np.float32),
                "zero_point": zero,
            }
        ]
        for name, value in largest.items()
    }


def _e4m3() -> Any:
    """Return NumPy's type of E4M3; raise MissingError without its package."""
    try:
        from ml_dtypes import float8_e4m3fn
    except ImportError:
        mend = "pip install ml-dtypes"
        raise MissingError(Problem("fp8", "the package ml-dtypes", "none", mend)) from None
    return float8_e4m3fn
