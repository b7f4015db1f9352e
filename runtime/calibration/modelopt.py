"""Quantizes with NVIDIA ModelOpt, where it is installed, behind the same interface.

ModelOpt calibrates by itself, places Q/DQ for TensorRT, and knows the methods `max` and
`entropy` only.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from runtime.calibration.algorithms import Algorithm, Method
from runtime.calibration.qdq import Placement, Recipe
from runtime.calibration.samples import CalibrationSet
from runtime.configs.workload import ModelFile, Workload
from runtime.errors import MissingError, Problem, RunError, UsageError

METHODS = (Method.MAX, Method.ENTROPY)
"""Methods that ModelOpt has for INT8 and FP8."""


def require_modelopt() -> str:
    """Return ModelOpt's version.

    Raises:
        MissingError: It is not installed.
    """
    from importlib import metadata

    try:
        return metadata.version("nvidia-modelopt")
    except metadata.PackageNotFoundError:
        mend = "pip install 'calliope-harness[modelopt]' in an environment of its own"
        want = "the package nvidia-modelopt"
        raise MissingError(Problem("--tool modelopt", want, "none", mend)) from None


def check(algorithm: Algorithm, recipe: Recipe) -> None:
    """Raise UsageError with everything that ModelOpt does not offer."""
    problems = []
    if algorithm.method not in METHODS:
        known = " or ".join(str(m) for m in METHODS)
        mend = "choose one, or leave --tool out"
        problems.append(Problem("--algorithm", f"{known} with modelopt", str(algorithm), mend))
    if recipe.placement is not Placement.TENSORRT:
        got, mend = str(recipe.placement), "use --placement tensorrt"
        problems.append(Problem("--placement", "tensorrt with modelopt", got, mend))
    if problems:
        raise UsageError(problems)


def quantize(
    model: ModelFile,
    workload: Workload,
    samples: CalibrationSet,
    algorithm: Algorithm,
    recipe: Recipe,
) -> bytes:
    """Return the model that ModelOpt makes.

    Args:
        model: The FP32 model.
        workload: What it is for.
        samples: The calibration set.
        algorithm: `max` or `entropy`.
        recipe: Format, and layers to leave alone.

    Raises:
        MissingError: ModelOpt is not installed.
        UsageError: It does not offer what was asked for.
        RunError: It failed.
    """
    check(algorithm, recipe)
    require_modelopt()
    import numpy as np

    quantizer: Any = _import()
    source = (model.input or workload.input).name
    with tempfile.TemporaryDirectory(prefix="calliope-modelopt-") as folder:
        made = Path(folder) / "quantized.onnx"
        try:
            quantizer.quantize(
                onnx_path=str(model.path),
                quantize_mode=str(recipe.precision),
                calibration_data={source: np.concatenate(list(samples.batches(16)))},
                calibration_method=str(algorithm.method),
                calibration_eps=["cpu"],
                nodes_to_exclude=sorted(recipe.skip),
                high_precision_dtype="fp32",
                dq_only=True,
                output_path=str(made),
                log_level="ERROR",
            )
            return made.read_bytes()
        except Exception as error:
            got = f"{type(error).__name__}: {error}"
            mend = "see ModelOpt's message, or leave --tool out"
            raise RunError(Problem("modelopt", "a quantized model", got, mend)) from error


def _import() -> Any:
    """Return ModelOpt's ONNX quantization; raise MissingError where a part of it is absent."""
    import importlib

    try:
        return importlib.import_module("modelopt.onnx.quantization")
    except ImportError as error:
        mend = "pip install 'nvidia-modelopt[onnx]'"
        raise MissingError(
            Problem("--tool modelopt", "ModelOpt with its ONNX part", str(error), mend)
        ) from error
