"""What a served model's configuration must say, derived from an entry's settings."""

from __future__ import annotations

from dataclasses import dataclass, field

from runtime.backends.providers import HOST, TENSORRT, provider_options
from runtime.configs.schema import Server, Settings
from runtime.configs.workload import ModelFile, Tensor, Workload
from runtime.errors import ConfigError, Problem
from runtime.plan import RunPlan
from runtime.troubles.served import TRITON_CONFIG
from runtime.vocabulary import Precision

PYTHON = "python"
"""Backend that runs `runtime.triton.pymodel`: ONNX Runtime inside the Python backend."""

ONNXRUNTIME = "onnxruntime"
"""Triton's own ONNX Runtime backend."""

TENSORRT_BACKEND = "tensorrt"
"""Triton's TensorRT backend, for serialized engines (plans)."""

BACKENDS = (PYTHON, ONNXRUNTIME, TENSORRT_BACKEND)
"""Backends that repositories are generated for."""

MIB = 1 << 20
"""Bytes in a MiB."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Instances of a model on one kind of device."""

    count: int
    """Instances on each device."""
    gpus: tuple[int, ...] = ()
    """Ordinals within CUDA_VISIBLE_DEVICES; empty for the host's processor."""


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """One model as a server shall serve it."""

    name: str
    """Name of the model: its folder, and what clients ask for."""
    backend: str
    """One of `BACKENDS`."""
    max_batch: int
    """Most samples in one inference (`max_batch_size`)."""
    input: Tensor
    """What the model takes, without the batch axis."""
    output: Tensor
    """What the model gives, without the batch axis."""
    group: Group
    """Its instances."""
    preferred: tuple[int, ...] = ()
    """Batch sizes that the dynamic batcher prefers."""
    delay_us: int = 0
    """Longest wait of a request for others (`max_queue_delay_microseconds`)."""
    graphs: bool = False
    """Whether the TensorRT backend captures CUDA graphs."""
    busy_wait: bool = False
    """Whether the TensorRT backend spins on events."""
    gather_buffers: int = 0
    """`gather_kernel_buffer_threshold`."""
    pinned_output: bool = True
    """Whether outputs go through pinned memory."""
    accelerator: dict[str, str] = field(default_factory=dict)
    """Parameters of the TensorRT accelerator of the ONNX Runtime backend; empty for none."""
    parameters: dict[str, str] = field(default_factory=dict)
    """Parameters of the backend."""
    versions: tuple[int, ...] = (1,)
    """Versions that are served, by number (`version_policy.specific`)."""


def spec_of(
    plan: RunPlan,
    workload: Workload,
    model: ModelFile | None = None,
    *,
    backend: str = "",
    has: tuple[str, ...] = (),
    gpus: tuple[int, ...] | None = None,
) -> ModelSpec:
    """Return the specification of a plan's model.

    Args:
        plan: The run; its lanes are instances, its batch size is the largest batch.
        workload: Names and shapes of input and output.
        model: The file that will be served; None takes the workload's facts.
        backend: One of `BACKENDS`; empty chooses by the settings and `has`.
        has: Backends of the server; empty where none was looked at.
        gpus: GPUs as the server numbers those that it sees; None for the plan's devices.

    Raises:
        ConfigError: The settings cannot be served, with every problem.
    """
    settings = plan.settings
    chosen = backend or choose_backend(settings, has)
    preferred, problems = _preferred(settings)
    fixed = model.fixed_batch if model else None
    problems += _problems(settings, chosen, fixed)
    if problems:
        raise ConfigError(problems)
    source, target = workload.input, workload.output
    if model is not None:
        source, target = model.input or source, model.output or target
    return ModelSpec(
        name=plan.workload,
        backend=chosen,
        max_batch=settings.batch_size,
        input=_sized(source, workload.input),
        output=_sized(target, workload.output),
        group=Group(count=settings.lanes, gpus=plan.devices if gpus is None else gpus),
        preferred=preferred,
        delay_us=settings.max_queue_delay_us if isinstance(settings, Server) else 0,
        graphs=settings.use_cuda_graph and chosen == TENSORRT_BACKEND,
        busy_wait=settings.triton_busy_wait and chosen == TENSORRT_BACKEND,
        gather_buffers=settings.triton_gather_buffers,
        pinned_output=settings.triton_pinned_output,
        accelerator=_accelerator(settings) if chosen == ONNXRUNTIME else {},
        parameters=_parameters(settings, chosen, fixed),
    )


def choose_backend(settings: Settings, has: tuple[str, ...] = ()) -> str:
    """Return the backend for settings: the library's own where the server has it.

    Args:
        settings: Their backend says which library executes the model.
        has: Backends of the server; empty where none was looked at.
    """
    own = str(settings.backend)
    if own == TENSORRT_BACKEND or own.startswith("tensorrt"):
        return TENSORRT_BACKEND
    if has:
        return ONNXRUNTIME if ONNXRUNTIME in has else PYTHON
    return PYTHON if settings.execution_provider == HOST else ONNXRUNTIME


def _preferred(settings: Settings) -> tuple[tuple[int, ...], list[Problem]]:
    """Return the preferred batch sizes in ascending order, and what is wrong with the text."""
    text = settings.triton_preferred_batch_sizes
    try:
        sizes = tuple(sorted({int(part) for part in text.split(",") if part.strip()}))
    except ValueError:
        sizes = (0,)
    if all(1 <= size <= settings.batch_size for size in sizes):
        return sizes, []
    want = f"numbers from 1 to batch_size={settings.batch_size}, as 32,64"
    where = "triton_preferred_batch_sizes"
    return (), [Problem(where, want, repr(text), "correct the list", TRITON_CONFIG.code)]


def _problems(settings: Settings, backend: str, fixed: int | None) -> list[Problem]:
    """Return what keeps settings from being served by a backend."""
    found = []
    if backend not in BACKENDS:
        want = "one of " + ", ".join(BACKENDS)
        found.append(Problem("--backend", want, repr(backend), "choose one"))
    if fixed is not None and backend == ONNXRUNTIME:
        do = "export the model with a free batch axis, or use `--backend python`"
        want = "a free batch axis, as a served batch has any size up to max_batch_size"
        got = f"a graph that is fixed to {fixed} samples"
        found.append(Problem("model for Triton", want, got, do, TRITON_CONFIG.code))
    if fixed is not None and fixed < settings.batch_size:
        found.append(
            Problem(
                "batch_size",
                f"at most {fixed}, the batch that the graph is fixed to",
                str(settings.batch_size),
                f"set batch_size={fixed}",
            )
        )
    if settings.triton_request_samples > settings.batch_size:
        found.append(
            Problem(
                "triton_request_samples",
                f"at most batch_size={settings.batch_size}",
                str(settings.triton_request_samples),
                "lower it, or raise batch_size: a request is never cut by the server",
                TRITON_CONFIG.code,
            )
        )
    return found


def _accelerator(settings: Settings) -> dict[str, str]:
    """Return the parameters of the TensorRT accelerator; empty for other providers.

    Source: Triton ONNX Runtime backend, README, "ONNX Runtime with TensorRT optimization".
    """
    if settings.execution_provider != TENSORRT:
        return {}
    words = {Precision.FP16: "FP16", Precision.INT8: "INT8"}
    found = {"precision_mode": words.get(settings.precision, "FP32")}
    if settings.workspace_mib:
        found["max_workspace_size_bytes"] = str(settings.workspace_mib * MIB)
    return found


def _parameters(settings: Settings, backend: str, fixed: int | None) -> dict[str, str]:
    """Return the backend's parameters.

    Source: Triton ONNX Runtime backend, README, "Other Optimization Options with ONNX
        Runtime"; for the Python backend, `runtime.triton.pymodel`.
    """
    if backend == ONNXRUNTIME and settings.execution_provider == HOST:
        return {"intra_op_thread_count": str(settings.intra_op_threads)}
    if backend != PYTHON:
        return {}
    found = {
        "execution_provider": settings.execution_provider,
        "intra_op_threads": str(settings.intra_op_threads),
    }
    if settings.triton_overlap:
        found["overlap"] = "1"
    options = provider_options(settings, None)
    if options:
        import json

        found["provider_options"] = json.dumps(options, sort_keys=True)
    if fixed is not None:
        found["fixed_batch"] = str(fixed)
    return found


def _sized(own: Tensor, facts: Tensor) -> Tensor:
    """Return a file's tensor with the workload's sizes where the file leaves axes free."""
    if any(size < 0 for size in own.shape):
        return Tensor(name=own.name, dtype=own.dtype, shape=facts.shape)
    return own
