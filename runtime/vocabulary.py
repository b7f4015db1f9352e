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
    TENSORRT = "tensorrt"
    """NVIDIA TensorRT itself, with pycuda: engines, copy streams, CUDA graphs, resident samples."""


class SharedMemory(_Word):
    """How samples and outputs pass between the harness and a Triton server."""

    NONE = "none"
    """Inside the gRPC messages: works over any network, copies more."""
    SYSTEM = "system"
    """Through named memory of the host that both map; messages carry offsets only."""
    CUDA = "cuda"
    """Through device memory that both map; the server copies nothing to the GPU."""


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


class CauseCode(_Word):
    """Why a run is not VALID; each has a section of the troubleshooting page."""

    MIN_DURATION = "min-duration"
    """The run ended before its least duration. Offline: the query was sized for a
    smaller rate than the system has; set `target_qps` to the measured rate. Streams:
    `expected_latency_ms` is larger than the latency; lower it."""
    MIN_QUERIES = "min-queries"
    """The run had fewer queries (Offline: samples) than asked for. Let LoadGen prepare
    more: a higher `target_qps`, or a smaller `expected_latency_ms`."""
    LATENCY_BOUND = "latency-bound"
    """The latency at the wanted percentile is above the bound of the Server scenario.
    Lower `target_qps`; or use more lanes, or a batch that fills in time."""
    EARLY_STOPPING = "early-stopping"
    """Too few queries for LoadGen's statistics: the percentile looks met, but chance
    could explain it. Raise `min_query_count` to the number that the message names."""
    RAN_OUT_OF_QUERIES = "ran-out-of-queries"
    """LoadGen sent every query it had prepared before the least duration was over. The
    stated rate is too low, or the expected latency too high."""
    ACCURACY_GOAL = "accuracy-goal"
    """The answers are right less often than the accuracy target asks for. Check the model
    file, its precision and the preprocessing."""
    MISSING_ANSWERS = "missing-answers"
    """An accuracy run holds fewer answers than the data set has samples, so nothing can be
    said of its accuracy. Run it again and read the errors of the run."""
    PERFORMANCE_SAMPLES = "performance-samples"
    """The run drew from fewer distinct samples than the benchmark asks for. LoadGen does not
    judge it; a submission checker refuses the run."""
    MULTIPLE_CONF_FILES = "multiple-conf-files"
    """LoadGen was configured twice in one process. A submission checker refuses the log."""
    LOADGEN_ERROR = "loadgen-error"
    """LoadGen wrote an error into its own log. Read `mlperf_log_detail.txt` of the run."""
    INTERRUPTED = "interrupted"
    """The user stopped the run. What was measured until then is kept and marked PARTIAL."""
    STALLED = "stalled"
    """The run made no progress for longer than a query may take. What was measured until
    then is kept and marked PARTIAL."""
    CHILD_DIED = "child-died"
    """The process that ran LoadGen ended by itself, for example for want of memory. Its
    standard error is in the message; what was measured is kept and marked PARTIAL."""
    TRITON_RETRIED = "triton-retried"
    """Requests to the Triton server were sent more than once. LoadGen cannot know of it; a
    retry never counts as a success. Mend what the server failed at and run again."""
    GPU_LOST = "gpu-lost"
    """A GPU of the run fell off the bus or its driver died. What was measured until then is
    kept and marked PARTIAL, and is not used."""
    UNREADABLE_LOG = "unreadable-log"
    """LoadGen ended, but its own log cannot be read, so nothing can be said of the run.
    The files stay in the run's folder; the record is marked PARTIAL."""
