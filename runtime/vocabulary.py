"""The field's standard words as enums; every other module speaks these.

A member's value is the word as users type it: on the command line, in keys
(`h200-sxm-141gb/resnet50/offline`) and in run records.
"""

from __future__ import annotations

from enum import Enum


class _Word(str, Enum):
    """A string enum whose text form is its value on every supported Python."""

    def __str__(self) -> str:
        """Return the value, as typed by users."""
        return str(self.value)


class Scenario(_Word):
    """How LoadGen sends queries, and which metric judges the run."""

    OFFLINE = "offline"
    """All samples in one query; the metric is samples per second."""
    SERVER = "server"
    """Poisson arrivals of one-sample queries; the metric is the highest rate
    whose 99th-percentile latency stays under the benchmark's bound."""
    SINGLE_STREAM = "single-stream"
    """One sample at a time, the next after the previous; the metric is the
    90th-percentile latency."""
    MULTI_STREAM = "multi-stream"
    """Queries of eight samples, the next after the previous; the metric is the
    99th-percentile latency of a query."""


class Mode(_Word):
    """What a run is for."""

    PERFORMANCE = "performance"
    """Timed; samples are drawn at random with replacement; responses are not kept."""
    ACCURACY = "accuracy"
    """Every sample of the data set exactly once; responses are logged and judged."""


class Precision(_Word):
    """Number format of the model's weights and activations."""

    FP32 = "fp32"
    """IEEE 754 single precision, 32 bits."""
    FP16 = "fp16"
    """IEEE 754 half precision, 16 bits."""
    BF16 = "bf16"
    """bfloat16: 8 exponent bits, 7 mantissa bits."""
    FP8 = "fp8"
    """E4M3, 8 bits: 4 exponent bits, 3 mantissa bits."""
    INT8 = "int8"
    """8-bit integers with scales, carried by explicit Q/DQ nodes in the ONNX file."""


class AccuracyTarget(_Word):
    """Share of the reference model's accuracy that a run must keep."""

    P99 = "99"
    """At least 99 % of the reference accuracy: the default of MLPerf Inference."""
    P99_9 = "99.9"
    """At least 99.9 % of the reference accuracy: the high-accuracy variant."""


class PowerSetting(_Word):
    """Which end of the power curve a configuration is tuned for."""

    MAX_P = "maxp"
    """Maximum performance; power is not limited by the configuration."""
    MAX_Q = "maxq"
    """Maximum efficiency; power is measured and usually capped."""


class HarnessKind(_Word):
    """What stands between LoadGen and the model."""

    DIRECT = "direct"
    """LoadGen drives the backend in the same process tree."""
    TRITON = "triton"
    """LoadGen drives clients of a Triton Inference Server."""
    HETERO_MIG = "hetero-mig"
    """A main workload on one MIG slice while others load the remaining slices."""


class BackendName(_Word):
    """The library that executes the model."""

    ONNXRUNTIME = "onnxruntime"
    """ONNX Runtime; the device is chosen by its execution provider."""


class Division(_Word):
    """MLPerf's divisions: how far a submission may leave the reference."""

    CLOSED = "closed"
    """The reference model and pre- and post-processing; results are comparable."""
    OPEN = "open"
    """Any model for the same task and data set."""
    NETWORK = "network"
    """Closed, with the system under test behind a real network."""


class Category(_Word):
    """MLPerf's categories: whether one can obtain the system."""

    AVAILABLE = "available"
    """Hardware and software can be bought or rented today."""
    PREVIEW = "preview"
    """Will be available by the next round or within 140 days."""
    RDI = "rdi"
    """Research, development or internal."""


class Family(_Word):
    """Architecture family of a target; the guides are grouped by it."""

    BLACKWELL = "Blackwell"
    """NVIDIA Blackwell, compute capability 10.x."""
    HOPPER = "Hopper"
    """NVIDIA Hopper, compute capability 9.0."""
    ADA = "Ada"
    """NVIDIA Ada Lovelace, compute capability 8.9."""
    AMPERE = "Ampere"
    """NVIDIA Ampere, compute capability 8.0 and 8.6."""
    JETSON = "Jetson"
    """NVIDIA Jetson modules: CPU and GPU share their memory."""
    CPU = "CPU"
    """No accelerator: the model runs on the host's processor."""
