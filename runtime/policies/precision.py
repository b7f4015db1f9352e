"""Which number formats a device computes in."""

from __future__ import annotations

from runtime.configs.schema import Entry
from runtime.configs.target import Target
from runtime.errors import Problem
from runtime.policies.model import Policy
from runtime.vocabulary import Precision

FP16_FROM = Policy(
    id="precision.fp16",
    title="FP16 by compute capability",
    rule="FP16 arithmetic needs compute capability 5.3; tensor cores for it start at 7.0.",
    applies_to="fp16",
    source="CUDA C++ Programming Guide, Arithmetic Instructions; TensorRT support matrix",
    value=5.3,
)
"""Every GPU target here has it."""

INT8_FROM = Policy(
    id="precision.int8",
    title="INT8 by compute capability",
    rule="INT8 dot products need compute capability 6.1; tensor cores for them start at 7.2.",
    applies_to="int8",
    source="CUDA C++ Programming Guide, Arithmetic Instructions; TensorRT support matrix",
    value=6.1,
)
"""Every GPU target here has it."""

BF16_FROM = Policy(
    id="precision.bf16",
    title="BF16 by compute capability",
    rule="BF16 needs compute capability 8.0 (Ampere).",
    applies_to="bf16",
    source="CUDA C++ Programming Guide, Arithmetic Instructions; TensorRT support matrix",
    value=8.0,
)
"""Every GPU target here has it."""

FP8_FROM = Policy(
    id="precision.fp8",
    title="FP8 by compute capability",
    rule="FP8 (E4M3) tensor cores need compute capability 8.9 (Ada); Hopper and later have them.",
    applies_to="fp8",
    source="TensorRT support matrix, Hardware and Precision",
    value=8.9,
)
"""Ampere and Jetson Orin have none."""

CPU_FORMATS = Policy(
    id="precision.cpu",
    title="Formats on the CPU",
    rule=(
        "ONNX Runtime's CPU provider computes in FP32 and, for models with Q/DQ nodes, in INT8. "
        "The harness offers no other format there: FP8 models run only with graph optimisation "
        "turned down, and FP16 is converted to FP32 around most kernels."
    ),
    applies_to="cpu",
    source="Calliope; FP8 and INT8 tried with ONNX Runtime on a CPU",
)
"""What `supported` answers without a compute capability."""

IN_THE_FILE = Policy(
    id="precision.in-the-file",
    title="The file carries the format",
    rule=(
        "INT8 and FP8 are written into the ONNX file as Q/DQ nodes with their scales. No option of "
        "the harness turns an FP32 file into one of them behind the user's back."
    ),
    applies_to="int8, fp8",
    source="Calliope; TensorRT 11 has no implicit quantisation any more",
)
"""One file, one meaning, on every backend."""

FP8_OPSET = Policy(
    id="precision.fp8-opset",
    title="FP8 needs opset 19",
    rule=(
        "QuantizeLinear and DequantizeLinear know E4M3 from ONNX opset 19 on; a model with a lower "
        "opset is converted first, and refused where that fails."
    ),
    applies_to="fp8",
    source="ONNX Operators, QuantizeLinear, version 19",
    value=19,
    unit="opset",
)
"""Older readers refuse the type."""

INT8_OPSET = Policy(
    id="precision.int8-opset",
    title="INT8 per channel needs opset 13",
    rule=(
        "QuantizeLinear and DequantizeLinear have one scale a channel from ONNX opset 13 on; a "
        "model with a lower opset is converted first, and refused where that fails."
    ),
    applies_to="int8",
    source="ONNX Operators, QuantizeLinear, version 13",
    value=13,
    unit="opset",
)
"""Weights are scaled per channel."""

PLACEMENT_GPU = Policy(
    id="precision.placement-tensorrt",
    title="Q/DQ for TensorRT",
    rule=(
        "Q/DQ pairs stand on the inputs and weights of Conv, Gemm and MatMul only; zero points are "
        "zero, integers signed; INT8 weights have a scale a channel, activations one a tensor; "
        "biases and other operators keep their format."
    ),
    applies_to="int8, fp8",
    source="NVIDIA TensorRT documentation, Explicit Quantization",
)
"""ONNX Runtime's CPU provider runs these models, too, but slower than FP32."""

PLACEMENT_CPU = Policy(
    id="precision.placement-cpu",
    title="Q/DQ for the CPU",
    rule=(
        "For the CPU provider the tensors between operators are quantized as well, as unsigned "
        "integers with a zero point, so that it can fuse whole chains; TensorRT does not take them."
    ),
    applies_to="int8",
    source="ONNX Runtime documentation, Quantize ONNX models; measured, docs/performance.md",
)
"""A ResNet-50 shape runs several times faster this way than with TensorRT's placement."""

MAY_SKIP = Policy(
    id="precision.may-skip",
    title="Layers may keep their format",
    rule=(
        "Any Conv, Gemm or MatMul may stay in the format of the file that was quantized, when "
        "accuracy asks for it; at least one is quantized. Weights are not trained again."
    ),
    applies_to="int8, fp8",
    source="MLPerf inference_rules.adoc, Weight Definition and Quantization; Calliope",
)
"""Mixed precision is allowed, retraining is not."""

WEIGHTED_OPS = ("Conv", "Gemm", "MatMul")
"""Operators whose inputs and weights are quantized."""

CHAIN_OPS = (
    "Add",
    "AveragePool",
    "Concat",
    "Flatten",
    "GlobalAveragePool",
    "MaxPool",
    "Mul",
    "Relu",
    "Reshape",
    "Transpose",
)
"""Operators between them that the CPU provider also executes on integers."""

_LEAST = {
    Precision.FP32: (0, 0),
    Precision.FP16: (5, 3),
    Precision.INT8: (6, 1),
    Precision.BF16: (8, 0),
    Precision.FP8: (8, 9),
}
_ON_CPU = frozenset({Precision.FP32, Precision.INT8})


def supported(precision: Precision, compute_capability: str | None) -> bool:
    """Tell whether a device computes in a format.

    Args:
        precision: Format of the model.
        compute_capability: `major.minor` of the GPU, for example `9.0`; None for a CPU.
    """
    if compute_capability is None:
        return precision in _ON_CPU
    return _parse(compute_capability) >= _LEAST[precision]


def formats(compute_capability: str | None) -> tuple[Precision, ...]:
    """Return the formats that a device computes in, in the order of `Precision`."""
    return tuple(p for p in Precision if supported(p, compute_capability))


def required_opset(precision: Precision) -> int:
    """Return the least ONNX opset that has the Q/DQ operators of a format."""
    rule = FP8_OPSET if precision is Precision.FP8 else INT8_OPSET
    return int(rule.number)


def check_quantization(precision: Precision, target: Target) -> list[Problem]:
    """Return the problem of a Q/DQ format that a target does not compute in; empty when it does.

    Args:
        precision: `int8` or `fp8`.
        target: Where the model shall run.
    """
    capability = target.compute_capability.value if target.compute_capability else None
    if supported(precision, capability):
        return []
    names = ", ".join(str(p) for p in formats(capability))
    where = f"--target {target.name}"
    device = f"compute capability {capability}" if capability else "a CPU"
    mend = "choose one of them, or leave --target out to make the model for other machines"
    return [Problem(where, f"a format of {device}: {names}", str(precision), mend)]


def check_precision(entry: Entry, target: Target) -> list[Problem]:
    """Return the problem of an entry whose format its target lacks; empty when it fits."""
    capability = target.compute_capability.value if target.compute_capability else None
    if supported(entry.settings.precision, capability):
        return []
    names = ", ".join(str(p) for p in formats(capability))
    return [
        Problem(
            f"{entry.key}.precision",
            f"one of {names}",
            str(entry.settings.precision),
            "choose a format that the device has",
        )
    ]


def _parse(compute_capability: str) -> tuple[int, int]:
    """Return (major, minor), which compare as numbers: 10.0 is above 9.0."""
    major, _, minor = compute_capability.partition(".")
    return int(major), int(minor or 0)
