"""What an ONNX file carries, held against what the settings promise of it."""

from __future__ import annotations

from pathlib import Path

from runtime.backends.providers import TENSORRT
from runtime.configs.schema import Settings
from runtime.configs.workload import ModelFile, Tensor
from runtime.errors import ArtifactError, ConfigError, Problem
from runtime.vocabulary import BackendName, Precision
from runtime.workloads.modelfile import find_precision


def check_model(model: ModelFile, settings: Settings) -> None:
    """Raise ConfigError with every way in which the file and the settings disagree."""
    carried = model.precision or read_precision(model.path)
    problems = [
        *_precision_problems(model.path, carried, settings),
        *_batch_problems(model, settings),
        *_device_problems(settings),
    ]
    if problems:
        raise ConfigError(problems)


def read_precision(path: Path) -> Precision:
    """Return the number format that an ONNX file carries.

    Raises:
        ArtifactError: The file is not there or is no ONNX.
    """
    import onnx

    try:
        return find_precision(onnx.load(str(path), load_external_data=False))
    except OSError as error:
        got = error.strerror or str(error)
        raise ArtifactError(
            Problem(str(path), "a readable ONNX file", got, "give the path of the model")
        ) from error
    except Exception as error:
        got = f"{type(error).__name__}: {error}"
        raise ArtifactError(
            Problem(str(path), "an ONNX model", got, "export the model to ONNX again")
        ) from error


def _precision_problems(path: Path, carried: Precision, settings: Settings) -> list[Problem]:
    """Return the problem of a file whose number format is not the promised one."""
    wanted = settings.precision
    if carried is wanted or (carried is Precision.FP32 and wanted in lowered(settings)):
        return []
    if wanted in (Precision.INT8, Precision.FP8):
        want = f"a {wanted} model with QuantizeLinear/DequantizeLinear nodes"
        do = f"quantize the model to Q/DQ form and name it with --model, or set precision={carried}"
    else:
        want = f"a {wanted} model"
        do = f"name a {wanted} file with --model, or set precision={carried}"
    return [Problem(f"precision of {path.name}", want, f"{carried} weights", do)]


def lowered(settings: Settings) -> tuple[Precision, ...]:
    """Return the formats that the backend makes of an FP32 file by itself.

    Why: TensorRT's networks are strongly typed from 10 on, so its backend converts the file,
        which is done to FP16 only; the execution provider still asks the builder.
    """
    if settings.backend is BackendName.TENSORRT:
        return (Precision.FP16,)
    if settings.execution_provider == TENSORRT:
        return (Precision.FP16, Precision.BF16)
    return ()


def shaped(own: Tensor | None, wanted: Tensor) -> Tensor:
    """Return the file's own tensor, its free axes as the workload has them."""
    if own is None:
        return wanted
    if any(size < 0 for size in own.shape):
        return Tensor(name=own.name, dtype=own.dtype, shape=wanted.shape)
    return own


def _device_problems(settings: Settings) -> list[Problem]:
    """Return the problem of each field that only the tensorrt backend reads."""
    if settings.backend is BackendName.TENSORRT:
        return []
    do = "set backend=tensorrt, or leave the field at its default"
    problems = []
    if settings.inflight_batches != 1:
        got = str(settings.inflight_batches)
        problems.append(Problem("inflight_batches", "1 with this backend", got, do))
    if settings.start_from_device:
        problems.append(Problem("start_from_device", "false with this backend", "true", do))
    return problems


def _batch_problems(model: ModelFile, settings: Settings) -> list[Problem]:
    """Return the problem of a graph that is fixed to another batch size."""
    fixed = model.fixed_batch
    if fixed is None or fixed == settings.batch_size:
        return []
    return [
        Problem(
            f"batch_size for {model.path.name}",
            f"{fixed}, the batch that the graph is fixed to",
            str(settings.batch_size),
            f"set batch_size={fixed}, or export the model with a free batch axis",
        )
    ]
