"""ONNX Runtime's execution providers: which are there, their packages, their options."""

from __future__ import annotations

from runtime.configs.schema import Settings
from runtime.errors import MissingError, Problem, suggest
from runtime.troubles.machine import PACKAGE_MISSING, PROVIDER_MISSING
from runtime.vocabulary import Precision

HOST = "CPUExecutionProvider"
"""The provider that every build of ONNX Runtime has."""

CUDA = "CUDAExecutionProvider"
"""NVIDIA GPUs through CUDA and cuDNN."""

TENSORRT = "TensorrtExecutionProvider"
"""NVIDIA GPUs through TensorRT."""

PACKAGES: dict[str, str] = {
    CUDA: "onnxruntime-gpu",
    TENSORRT: "onnxruntime-gpu",
    "NvTensorRTRTXExecutionProvider": "onnxruntime-trt-rtx",
    "OpenVINOExecutionProvider": "onnxruntime-openvino",
    "DmlExecutionProvider": "onnxruntime-directml",
    "QNNExecutionProvider": "onnxruntime-qnn",
}
"""The package on PyPI whose build of ONNX Runtime carries a provider."""

MIB = 1 << 20
"""Bytes in a MiB."""


def check_provider(name: str) -> None:
    """Raise MissingError where the installed ONNX Runtime has no such provider."""
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise MissingError(
            Problem(
                "backend",
                "the package onnxruntime",
                str(error),
                "pip install onnxruntime",
                PACKAGE_MISSING.code,
            )
        ) from error
    available = ort.get_available_providers()
    if name in available:
        return
    known = sorted({*ort.get_all_providers(), *PACKAGES})
    if name not in known:
        do = suggest(name, known)
    elif name in PACKAGES:
        do = f"pip uninstall onnxruntime, then pip install {PACKAGES[name]}"
    else:
        do = "use a build of ONNX Runtime with it, or another execution_provider"
    raise MissingError(
        Problem(
            "execution_provider",
            "one of the available ones: " + ", ".join(available),
            repr(name),
            do,
            PROVIDER_MISSING.code,
        )
    )


def provider_options(settings: Settings, device: int | None) -> dict[str, str]:
    """Return the provider's options that the settings ask for, as ONNX Runtime wants them.

    Args:
        settings: Precision, CUDA graph, workspace and provider.
        device: Index of the accelerator; None leaves the provider's default.

    Source: ONNX Runtime documentation, "CUDA Execution Provider" and "TensorRT
        Execution Provider", configuration options.
    """
    name = settings.execution_provider
    options: dict[str, str] = {}
    if name in (CUDA, TENSORRT) and device is not None:
        options["device_id"] = str(device)
    if name == CUDA and settings.use_cuda_graph:
        options["enable_cuda_graph"] = "1"
    if name == TENSORRT:
        if settings.use_cuda_graph:
            options["trt_cuda_graph_enable"] = "1"
        if settings.precision is Precision.FP16:
            options["trt_fp16_enable"] = "1"
        if settings.precision is Precision.BF16:
            options["trt_bf16_enable"] = "1"
        if settings.precision is Precision.INT8:
            options["trt_int8_enable"] = "1"
        if settings.workspace_mib:
            options["trt_max_workspace_size"] = str(settings.workspace_mib * MIB)
    return options
