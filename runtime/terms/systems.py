"""Words of systems: number formats, libraries, GPUs, MIG."""

from __future__ import annotations

from runtime.terms.model import Term

ONNX = Term(
    name="ONNX",
    definition=(
        "Open Neural Network Exchange: the file format of models that every backend here reads."
    ),
    source="ONNX specification",
)
"""The term `ONNX`."""

QDQ = Term(
    name="Q/DQ nodes",
    definition=(
        "QuantizeLinear and DequantizeLinear nodes that carry the scales of a quantised model "
        "in its ONNX file."
    ),
    source="ONNX operators; ONNX Runtime documentation, Quantize ONNX models",
)
"""The term `Q/DQ nodes`."""

FP32 = Term(
    name="FP32",
    definition="IEEE 754 single precision, 32 bits: the format of reference models.",
    source="IEEE 754",
)
"""The term `FP32`."""

FP16 = Term(
    name="FP16",
    definition="IEEE 754 half precision, 16 bits: 5 of exponent, 10 of mantissa.",
    source="IEEE 754",
)
"""The term `FP16`."""

BF16 = Term(
    name="BF16",
    definition="bfloat16, 16 bits: the exponent of FP32 with 7 bits of mantissa.",
    source="CUDA C++ Programming Guide, Alternate Floating Point",
)
"""The term `BF16`."""

FP8 = Term(
    name="FP8",
    definition="8-bit floating point; here E4M3, with 4 bits of exponent and 3 of mantissa.",
    source="NVIDIA TensorRT documentation, Working with Quantized Types",
)
"""The term `FP8`."""

INT8 = Term(
    name="INT8",
    definition="8-bit integers with a scale for each tensor or channel.",
    source="NVIDIA TensorRT documentation, Working with Quantized Types",
)
"""The term `INT8`."""

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

TENSOR_CORE = Term(
    name="tensor core",
    definition="The unit of an SM that multiplies small matrices in low-precision formats.",
    source="CUDA C++ Programming Guide, Warp Matrix Functions",
)
"""The term `tensor core`."""

COMPUTE_CAPABILITY = Term(
    name="compute capability",
    definition="The version of a GPU's features, major.minor: 8.0 is Ampere, 9.0 Hopper.",
    source="CUDA C++ Programming Guide, Compute Capabilities",
)
"""The term `compute capability`."""

NVML = Term(
    name="NVML",
    definition="NVIDIA Management Library: tells which GPUs a machine has, and their limits.",
    source="NVIDIA NVML API Reference",
)
"""The term `NVML`."""

ECC = Term(
    name="ECC",
    definition="Error-correcting memory; datacenter results need it switched on.",
    source="MLPerf inference_rules.adoc, Minimum requirements of a datacenter system",
)
"""The term `ECC`."""

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

MIG_DEVICE = Term(
    name="MIG device",
    definition=(
        "A GPU instance with a compute instance. A CUDA process sees one, chosen by its UUID in "
        "CUDA_VISIBLE_DEVICES."
    ),
    source="NVIDIA MIG User Guide, CUDA Device Enumeration",
)
"""The term `MIG device`."""

MIG_SLICE = Term(
    name="MIG slice",
    definition=(
        "Here: a GPU instance with one compute instance, named by its profile. 1g.10gb has "
        "one compute slice and about 10 GB."
    ),
    source="NVIDIA MIG User Guide, MIG Device Names",
)
"""The term `MIG slice`."""

MIG_SYSTEM_NAME = Term(
    name="MIG system name",
    definition=(
        "How public rounds name a sliced GPU: count x compute slices g . memory, such as 1x1g.10gb."
    ),
    source="mlcommons/inference_results_v2.0 to v3.0 closed/NVIDIA/systems",
)
"""The term `MIG system name`."""

MULTI_MIG = Term(
    name="Multi-MIG",
    definition="All slices of one profile run the same benchmark, a process for each slice.",
    source="mlcommons/inference_results_v2.1 closed/NVIDIA, README",
)
"""The term `Multi-MIG`."""

HETERO_MIG = Term(
    name="heterogeneous MIG",
    definition=(
        "The main benchmark on one slice while the other slices run background work for at "
        "least as long."
    ),
    source="mlcommons/inference_results_v2.1 closed/NVIDIA, documentation/heterogeneous_mig.md",
)
"""The term `heterogeneous MIG`."""

START_FROM_DEVICE = Term(
    name="start_from_device",
    definition=(
        "An option of a public harness: samples start in GPU memory. It is legal only where the "
        "network reaches that memory fast enough."
    ),
    source=(
        "MLPerf inference_rules.adoc, appendix Datacenter Bandwidth Requirements; "
        "mlcommons/inference_results_v2.1 closed/NVIDIA, performance_tuning_guide.md"
    ),
)
"""The term `start_from_device`."""

TRITON = Term(
    name="Triton",
    definition="NVIDIA's inference server; in that harness kind LoadGen drives its clients.",
    source="Triton Inference Server documentation",
)
"""The term `Triton`."""
