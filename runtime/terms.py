"""The glossary: the field's words, defined in our own, with the document that sets them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Term:
    """A word that the guides use, and what it means here."""

    name: str
    """The word, as it is written in a sentence."""
    definition: str
    """What it means, in one to three sentences."""
    source: str
    """Document and section that defines it."""


SAMPLE = Term(
    name="sample",
    definition=(
        "The smallest thing that one inference answers: an image, a sequence of tokens. Each "
        "benchmark says what its sample is."
    ),
    source="MLPerf inference_rules.adoc, Definitions and Scenarios",
)
"""The term `sample`."""

QUERY = Term(
    name="query",
    definition=(
        "One or more samples handed to the system under test at one time. Latency is measured "
        "per query."
    ),
    source="MLPerf inference_rules.adoc, Definitions; mlcommons/inference loadgen/query_sample.h",
)
"""The term `query`."""

SAMPLE_INDEX = Term(
    name="sample index",
    definition="Position of a sample in the data set. Answers may not be cached by it.",
    source="mlcommons/inference loadgen/query_sample.h; MLPerf inference_rules.adoc, FAQ",
)
"""The term `sample index`."""

RESPONSE_ID = Term(
    name="response id",
    definition=(
        "The opaque handle that LoadGen gives each issued sample and wants back unchanged "
        "with the answer."
    ),
    source="mlcommons/inference loadgen/query_sample.h",
)
"""The term `response id`."""

QSL = Term(
    name="QSL",
    definition=(
        "Query sample library: the object that owns the data set and loads samples into "
        "memory, untimed, when LoadGen asks."
    ),
    source="mlcommons/inference loadgen/query_sample_library.h",
)
"""The term `QSL`."""

PERFORMANCE_SAMPLE_COUNT = Term(
    name="performance_sample_count",
    definition=(
        "Number of distinct samples that a performance run draws from. Each benchmark sets a "
        "minimum, so that a cache does not answer for the model."
    ),
    source="mlcommons/inference loadgen/mlperf.conf, performance_sample_count_override",
)
"""The term `performance_sample_count`."""

SUT = Term(
    name="SUT",
    definition=(
        "System under test: the fixed hardware and software that is measured. In code, the "
        "object that receives queries from LoadGen and answers them."
    ),
    source=(
        "MLPerf inference_rules.adoc, Definitions; mlcommons/inference loadgen/system_under_test.h"
    ),
)
"""The term `SUT`."""

LOADGEN = Term(
    name="LoadGen",
    definition=(
        "MLCommons' load generator: it sends queries, measures time, judges validity and "
        "writes the logs. It is used unmodified."
    ),
    source="MLPerf inference_rules.adoc, Load Generator",
)
"""The term `LoadGen`."""

LANE = Term(
    name="lane",
    definition=(
        "An inference worker of this harness with its own buffers and its own binding of the "
        "model. Several lanes on one device overlap copying and computing."
    ),
    source="Calliope",
)
"""The term `lane`."""

SCENARIO = Term(
    name="scenario",
    definition=(
        "How queries arrive and which metric judges the run: Offline, Server, SingleStream, "
        "MultiStream."
    ),
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""The term `scenario`."""

OFFLINE = Term(
    name="Offline",
    definition="All samples in one query; the metric is samples per second.",
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""The term `Offline`."""

SERVER = Term(
    name="Server",
    definition=(
        "Queries of one sample that arrive at random (Poisson); the metric is the highest "
        "rate at which the 99th-percentile latency stays within the bound."
    ),
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""The term `Server`."""

SINGLE_STREAM = Term(
    name="SingleStream",
    definition=(
        "Queries of one sample, each after the answer to the one before; the metric is the "
        "90th-percentile latency."
    ),
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""The term `SingleStream`."""

MULTI_STREAM = Term(
    name="MultiStream",
    definition=(
        "Queries of eight samples, each after the answer to the one before; the metric is the "
        "99th-percentile latency of a query."
    ),
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""The term `MultiStream`."""

TARGET_QPS = Term(
    name="target QPS",
    definition=(
        "The rate that a configuration declares. In Server it is the rate of arrivals under "
        "test, in Offline it only sizes the query. It is never a result."
    ),
    source="mlcommons/inference loadgen/test_settings_internal.cc; mlperf.conf",
)
"""The term `target QPS`."""

TARGET_LATENCY = Term(
    name="target latency",
    definition=(
        "In Server the bound that the 99th percentile must meet. In the streams the expected "
        "latency, which only sizes the list of prepared queries."
    ),
    source="mlcommons/inference loadgen/test_settings_internal.cc; mlcommons/inference issue 464",
)
"""The term `target latency`."""

MIN_DURATION = Term(
    name="min_duration",
    definition="Least length of the timed part: 600 000 ms for an official run.",
    source="MLPerf inference_rules.adoc, Scenarios; mlcommons/inference loadgen/mlperf.conf",
)
"""The term `min_duration`."""

TTFT = Term(
    name="TTFT",
    definition=(
        "Time to first token: from the query to the first token of the answer. Bounded in the "
        "Server scenario of language models."
    ),
    source="MLPerf inference_rules.adoc, Benchmarks",
)
"""The term `TTFT`."""

TPOT = Term(
    name="TPOT",
    definition="Time per output token: the mean time of each token after the first.",
    source="MLPerf inference_rules.adoc, Benchmarks",
)
"""The term `TPOT`."""

RUN = Term(
    name="run",
    definition=(
        "One execution that LoadGen controls from start to end. Its metric is the run's result."
    ),
    source="MLPerf inference_rules.adoc, Definitions",
)
"""The term `run`."""

PERFORMANCE_MODE = Term(
    name="performance mode",
    definition="A timed run on samples drawn at random with replacement; answers are not kept.",
    source=(
        "MLPerf inference_rules.adoc, LoadGen Operation; mlcommons/inference loadgen, TestMode"
    ),
)
"""The term `performance mode`."""

ACCURACY_MODE = Term(
    name="accuracy mode",
    definition=(
        "A run on every sample of the data set exactly once, whose answers are logged and judged."
    ),
    source=(
        "MLPerf inference_rules.adoc, LoadGen Operation; mlcommons/inference loadgen, TestMode"
    ),
)
"""The term `accuracy mode`."""

COMPLIANCE_MODE = Term(
    name="compliance mode",
    definition=(
        "A performance run with an audit.config in the working directory, which checks for "
        "forbidden shortcuts such as caching."
    ),
    source="mlcommons/inference compliance/README.md",
)
"""The term `compliance mode`."""

VALID = Term(
    name="VALID",
    definition=(
        "LoadGen's verdict that a run was long enough, had enough queries, met its latency "
        "bound and passed early stopping. It says nothing of accuracy."
    ),
    source="mlcommons/inference loadgen/results.cc",
)
"""The term `VALID`."""

INVALID = Term(
    name="INVALID",
    definition="The opposite of VALID; the log names each condition that was missed.",
    source="mlcommons/inference loadgen/results.cc",
)
"""The term `INVALID`."""

EARLY_STOPPING = Term(
    name="early stopping",
    definition=(
        "The statistical rule that lets few queries suffice: it reports a slightly "
        "pessimistic percentile that holds with 99 % confidence."
    ),
    source="MLPerf inference_rules.adoc, appendix Early Stopping Criterion",
)
"""The term `early stopping`."""

PERCENTILE = Term(
    name="percentile",
    definition=(
        "The value that a given share of the measured ones stays below: 99 % of the latencies "
        "are below the 99th percentile."
    ),
    source="MLPerf inference_rules.adoc, Scenarios",
)
"""The term `percentile`."""

QUALITY_TARGET = Term(
    name="quality target",
    definition="The share of the reference model's accuracy that a run must keep: 99 % or 99.9 %.",
    source="MLPerf inference_rules.adoc, Benchmarks",
)
"""The term `quality target`."""

REFERENCE_MODEL = Term(
    name="reference model",
    definition="The FP32 model of a benchmark, with its weights, that accuracy is compared with.",
    source="MLPerf inference_rules.adoc, Benchmarks",
)
"""The term `reference model`."""

CALIBRATION = Term(
    name="calibration",
    definition=(
        "Finding the numeric ranges for quantisation after training, with the calibration set only."
    ),
    source="MLPerf inference_rules.adoc, Weight Definition and Quantization",
)
"""The term `calibration`."""

CALIBRATION_CACHE = Term(
    name="calibration cache",
    definition=(
        "A file of tensor scales. It is bound to the model, the samples, the algorithm and "
        "the library version."
    ),
    source="NVIDIA/TensorRT issue 1378",
)
"""The term `calibration cache`."""

QDQ = Term(
    name="Q/DQ nodes",
    definition=(
        "QuantizeLinear and DequantizeLinear nodes that carry the scales of a quantised model "
        "in its ONNX file."
    ),
    source="ONNX operators; ONNX Runtime documentation, Quantize ONNX models",
)
"""The term `Q/DQ nodes`."""

ENGINE = Term(
    name="engine",
    definition=(
        "A model compiled by TensorRT for one GPU architecture, MIG profile and library version."
    ),
    source="NVIDIA TensorRT documentation",
)
"""The term `engine`."""

EXECUTION_PROVIDER = Term(
    name="execution provider",
    definition=(
        "The part of ONNX Runtime that executes a model on one kind of device, for example "
        "CPUExecutionProvider."
    ),
    source="ONNX Runtime documentation, Execution Providers",
)
"""The term `execution provider`."""

CUDA_GRAPH = Term(
    name="CUDA graph",
    definition=(
        "A recorded sequence of GPU work that is started with one call, which saves launch "
        "time at small batches."
    ),
    source="CUDA C++ Programming Guide, CUDA Graphs",
)
"""The term `CUDA graph`."""

SM = Term(
    name="SM",
    definition="Streaming multiprocessor: the unit of a GPU that executes thread blocks.",
    source="CUDA C++ Programming Guide, Hardware Implementation",
)
"""The term `SM`."""

COMPUTE_CAPABILITY = Term(
    name="compute capability",
    definition="The version of a GPU's features, major.minor: 8.0 is Ampere, 9.0 Hopper.",
    source="CUDA C++ Programming Guide, Compute Capabilities",
)
"""The term `compute capability`."""

DIVISION = Term(
    name="division",
    definition="How far a submission may leave the reference: closed, open or network.",
    source="MLPerf inference_rules.adoc, Divisions",
)
"""The term `division`."""

CLOSED_DIVISION = Term(
    name="closed division",
    definition="The reference model and its pre- and post-processing; results are comparable.",
    source="MLPerf inference_rules.adoc, Closed Division",
)
"""The term `closed division`."""

OPEN_DIVISION = Term(
    name="open division",
    definition="Any model for the same task and data set; accuracy and latency are reported.",
    source="MLPerf inference_rules.adoc, Open Division",
)
"""The term `open division`."""

NETWORK_DIVISION = Term(
    name="network division",
    definition="Closed, with the system under test behind a real network.",
    source="MLPerf inference_rules.adoc, Network Division",
)
"""The term `network division`."""

CATEGORY = Term(
    name="category",
    definition=(
        "Whether a system can be obtained: available, preview, or RDI (research, development, "
        "internal)."
    ),
    source="MLPerf submission_rules.adoc, Available Systems, Preview Systems",
)
"""The term `category`."""

SUITE = Term(
    name="suite",
    definition="The class of system, datacenter or edge, which decides the required scenarios.",
    source="MLPerf inference_rules.adoc, Constraints for the Closed division",
)
"""The term `suite`."""

ROUND = Term(
    name="round",
    definition="A dated edition of the MLPerf benchmarks with its own rules and seeds: v6.1.",
    source="MLPerf submission_rules.adoc, Basics",
)
"""The term `round`."""

MAX_P = Term(
    name="MaxP",
    definition="A configuration tuned for maximum performance.",
    source="mlcommons/inference_results_v2.1 closed/NVIDIA, configurations",
)
"""The term `MaxP`."""

MAX_Q = Term(
    name="MaxQ",
    definition="A configuration tuned for efficiency, mostly under a power limit.",
    source="mlcommons/inference_results_v2.1 closed/NVIDIA, configurations",
)
"""The term `MaxQ`."""

MIG = Term(
    name="MIG",
    definition=(
        "Multi-Instance GPU: NVIDIA's partitioning of one GPU into isolated instances, set by "
        "an administrator outside a run."
    ),
    source="NVIDIA MIG User Guide, Concepts",
)
"""The term `MIG`."""

GPU_INSTANCE = Term(
    name="GPU instance",
    definition="A share of a GPU's memory and SMs that is isolated from the others.",
    source="NVIDIA MIG User Guide, Terminology",
)
"""The term `GPU instance`."""

COMPUTE_INSTANCE = Term(
    name="compute instance",
    definition="A share of the SMs of a GPU instance; its siblings share the instance's memory.",
    source="NVIDIA MIG User Guide, Terminology",
)
"""The term `compute instance`."""

MIG_SLICE = Term(
    name="MIG slice",
    definition=(
        "Here: a GPU instance with one compute instance, named by its profile. 1g.10gb has "
        "one compute slice and about 10 GB."
    ),
    source="NVIDIA MIG User Guide, MIG Device Names",
)
"""The term `MIG slice`."""

HETERO_MIG = Term(
    name="heterogeneous MIG",
    definition=(
        "The main benchmark on one slice while the other slices run background work for at "
        "least as long."
    ),
    source="mlcommons/inference_results_v2.1 closed/NVIDIA, documentation/heterogeneous_mig.md",
)
"""The term `heterogeneous MIG`."""

TRITON = Term(
    name="Triton",
    definition="NVIDIA's inference server; in that harness kind LoadGen drives its clients.",
    source="Triton Inference Server documentation",
)
"""The term `Triton`."""

UNVERIFIED = Term(
    name="unverified",
    definition="Not reviewed by MLCommons. The word stands beside every figure of this harness.",
    source="mlcommons/policies MLPerf_Results_Messaging_Guidelines.adoc",
)
"""The term `unverified`."""

QUICK_RUN = Term(
    name="quick run",
    definition=(
        "A run with shortened durations that shows whether everything works and roughly how "
        "fast. It is no official run."
    ),
    source="Calliope",
)
"""The term `quick run`."""

DRY_RUN = Term(
    name="dry run",
    definition=(
        "Resolving a configuration without executing it: values and commands are right, "
        "nothing is measured."
    ),
    source="Calliope",
)
"""The term `dry run`."""

RUN_RECORD = Term(
    name="run record",
    definition=(
        "The JSON file that says what one run measured, on which machine, with which settings "
        "and versions."
    ),
    source="Calliope",
)
"""The term `run record`."""

TERMS = (
    SAMPLE,
    QUERY,
    SAMPLE_INDEX,
    RESPONSE_ID,
    QSL,
    PERFORMANCE_SAMPLE_COUNT,
    SUT,
    LOADGEN,
    LANE,
    SCENARIO,
    OFFLINE,
    SERVER,
    SINGLE_STREAM,
    MULTI_STREAM,
    TARGET_QPS,
    TARGET_LATENCY,
    MIN_DURATION,
    TTFT,
    TPOT,
    RUN,
    PERFORMANCE_MODE,
    ACCURACY_MODE,
    COMPLIANCE_MODE,
    VALID,
    INVALID,
    EARLY_STOPPING,
    PERCENTILE,
    QUALITY_TARGET,
    REFERENCE_MODEL,
    CALIBRATION,
    CALIBRATION_CACHE,
    QDQ,
    ENGINE,
    EXECUTION_PROVIDER,
    CUDA_GRAPH,
    SM,
    COMPUTE_CAPABILITY,
    DIVISION,
    CLOSED_DIVISION,
    OPEN_DIVISION,
    NETWORK_DIVISION,
    CATEGORY,
    SUITE,
    ROUND,
    MAX_P,
    MAX_Q,
    MIG,
    GPU_INSTANCE,
    COMPUTE_INSTANCE,
    MIG_SLICE,
    HETERO_MIG,
    TRITON,
    UNVERIFIED,
    QUICK_RUN,
    DRY_RUN,
    RUN_RECORD,
)
"""Every term, grouped as above: load, runs, accuracy, devices, submission, MIG, wording."""


def terms() -> tuple[Term, ...]:
    """Return every term, ordered by name without regard to case."""
    return tuple(sorted(TERMS, key=lambda term: term.name.lower()))
