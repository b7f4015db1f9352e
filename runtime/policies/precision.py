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
