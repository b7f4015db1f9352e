"""ModelConfig: the protobuf that says how a model is served, built, printed, parsed.

Configurations are built as messages and printed by protobuf's own text format; nothing
here is put together from strings. The message's definition comes from `tritonclient`.
"""

from __future__ import annotations

from typing import Any

from runtime.errors import MissingError, Problem
from runtime.triton.install import INSTALL
from runtime.triton.spec import ONNXRUNTIME, PYTHON, TENSORRT_BACKEND, ModelSpec
from runtime.troubles.machine import PACKAGE_MISSING

CONFIG = "config.pbtxt"
"""Name of a model's configuration in its folder."""

DTYPES: dict[str, str] = {
    "bool": "TYPE_BOOL",
    "uint8": "TYPE_UINT8",
    "uint16": "TYPE_UINT16",
    "uint32": "TYPE_UINT32",
    "uint64": "TYPE_UINT64",
    "int8": "TYPE_INT8",
    "int16": "TYPE_INT16",
    "int32": "TYPE_INT32",
    "int64": "TYPE_INT64",
    "float16": "TYPE_FP16",
    "float32": "TYPE_FP32",
    "float64": "TYPE_FP64",
    "bfloat16": "TYPE_BF16",
    "object": "TYPE_STRING",
}
"""Triton's data types by NumPy's names.

Source: Triton Inference Server documentation, "Model Configuration", Datatypes.
"""

FILES: dict[str, str] = {
    PYTHON: "model.py",
    ONNXRUNTIME: "model.onnx",
    TENSORRT_BACKEND: "model.plan",
    "pytorch": "model.pt",
    "openvino": "model.xml",
    "tensorflow": "model.savedmodel",
    "dali": "model.dali",
    "fil": "xgboost.model",
    "vllm": "model.json",
}
"""File (or folder) that each backend looks for in a version's folder, unless it is named.

Source: Triton Inference Server documentation, "Model Repository", Model Files.
"""

PLATFORMS: dict[str, str] = {
    "tensorrt_plan": TENSORRT_BACKEND,
    "onnxruntime_onnx": ONNXRUNTIME,
    "pytorch_libtorch": "pytorch",
    "tensorflow_graphdef": "tensorflow",
    "tensorflow_savedmodel": "tensorflow",
    "ensemble": "ensemble",
}
"""Backend of each platform, the older way to name one.

Source: Triton Inference Server documentation, "Model Configuration", Name, Platform and
    Backend.
"""


def messages() -> Any:
    """Return the module of the protobuf's messages.

    Raises:
        MissingError: `tritonclient` is not installed.
    """
    try:
        from tritonclient.grpc import model_config_pb2
    except ImportError as error:
        raise MissingError(
            Problem(
                "package tritonclient",
                "the definition of Triton's ModelConfig",
                str(error),
                f"run `{INSTALL}`",
                PACKAGE_MISSING.code,
            )
        ) from error
    return model_config_pb2


def build(spec: ModelSpec) -> Any:
    """Return the ModelConfig message of a specification."""
    pb = messages()
    config = pb.ModelConfig(name=spec.name, max_batch_size=spec.max_batch)
    if spec.backend == TENSORRT_BACKEND:
        config.platform = "tensorrt_plan"
    config.backend = spec.backend
    config.default_model_filename = FILES[spec.backend]
    for made, tensor in ((config.input.add(), spec.input), (config.output.add(), spec.output)):
        made.name = tensor.name
        made.data_type = pb.DataType.Value(DTYPES[tensor.dtype])
        made.dims.extend(tensor.shape)
    group = config.instance_group.add(count=spec.group.count)
    group.kind = (
        pb.ModelInstanceGroup.KIND_GPU if spec.group.gpus else pb.ModelInstanceGroup.KIND_CPU
    )
    group.gpus.extend(spec.group.gpus)
    config.version_policy.specific.versions.extend(spec.versions)
    if spec.max_batch > 1:
        config.dynamic_batching.preferred_batch_size.extend(spec.preferred)
        config.dynamic_batching.max_queue_delay_microseconds = spec.delay_us
    if spec.group.gpus:
        _optimize(config.optimization, spec)
    for key, value in spec.parameters.items():
        config.parameters[key].string_value = value
    return config


def render(config: Any) -> str:
    """Return the text form of a message, as `config.pbtxt` has it."""
    from google.protobuf import text_format

    return str(text_format.MessageToString(config, as_utf8=True))


def parse(text: str) -> Any:
    """Return the message of a text.

    Raises:
        ValueError: The text is no ModelConfig; the message has line and column.
    """
    from google.protobuf import text_format

    try:
        return text_format.Parse(text, messages().ModelConfig())
    except text_format.ParseError as error:
        raise ValueError(str(error)) from error


def backend_of(config: Any) -> str:
    """Return the backend that a configuration names, by either field; empty for none."""
    return str(config.backend) or PLATFORMS.get(config.platform, "")


def _optimize(policy: Any, spec: ModelSpec) -> None:
    """Fill in what matters on GPUs only."""
    policy.output_pinned_memory.enable = spec.pinned_output
    if spec.gather_buffers:
        policy.gather_kernel_buffer_threshold = spec.gather_buffers
    if spec.busy_wait:
        policy.cuda.busy_wait_events = True
    if spec.graphs:
        policy.cuda.graphs = True
        for size in sorted({1, *spec.preferred, spec.max_batch}):
            graph = policy.cuda.graph_spec.add(batch_size=size)
            graph.input[spec.input.name].dim.extend(spec.input.shape)
    if spec.accelerator:
        made = policy.execution_accelerators.gpu_execution_accelerator.add(name="tensorrt")
        for key, value in spec.accelerator.items():
            made.parameters[key] = value
