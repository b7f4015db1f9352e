"""What an engine is built from, decided before TensorRT or a GPU is touched."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from runtime.backends.graphs import check_model, read_precision, shaped
from runtime.configs.schema import Settings
from runtime.configs.workload import ModelFile, Tensor, Workload
from runtime.devices.cuda import DeviceFacts
from runtime.vocabulary import Precision, Scenario

RECIPE = 1
"""Number of the way in which engines are built; a change of it makes every cached one old."""


@dataclass(frozen=True, kw_only=True)
class BuildPlan:
    """One engine: of which file, for which batches, in which format."""

    model: Path
    """ONNX file."""
    sha256: str
    """Hash of its bytes."""
    carried: Precision
    """Number format that the file carries."""
    precision: Precision
    """Number format of the engine."""
    source: Tensor
    """The input; its shape is one sample's."""
    target: Tensor
    """The output; its shape is one sample's."""
    sizes: tuple[int, ...]
    """Batch sizes that the engine runs, ascending; each has an optimization profile."""
    fixed: bool
    """Whether the graph itself is fixed to the one size; it has no profile then."""
    workspace_mib: int
    """Most memory while kernels are chosen; 0 for TensorRT's own default."""

    def size_for(self, count: int) -> int:
        """Return the batch size that runs `count` samples: the smallest that holds them."""
        return next(size for size in self.sizes if size >= count)


def make_plan(model: ModelFile, workload: Workload, settings: Settings) -> BuildPlan:
    """Return the plan of an engine.

    Raises:
        ConfigError: Settings and file do not fit each other.
        ArtifactError: The file cannot be read.
    """
    check_model(model, settings)
    return BuildPlan(
        model=model.path,
        sha256=model.sha256,
        carried=model.precision or read_precision(model.path),
        precision=settings.precision,
        source=shaped(model.input, workload.input),
        target=shaped(model.output, workload.output),
        sizes=batch_sizes(settings, model.fixed_batch),
        fixed=model.fixed_batch is not None,
        workspace_mib=settings.workspace_mib,
    )


def batch_sizes(settings: Settings, fixed: int | None = None) -> tuple[int, ...]:
    """Return the batch sizes of an engine, ascending.

    Args:
        settings: Their scenario and batch size.
        fixed: Batch size that the graph is fixed to; None where it is free.

    Why: Server's batches are of any size, and powers of two waste less than half of the
        work on padding. The other scenarios send full batches, but for one at the end.
    """
    if fixed is not None:
        return (fixed,)
    most = settings.batch_size
    if settings.scenario is not Scenario.SERVER:
        return (most,)
    steps = [1 << n for n in range(most.bit_length()) if 1 << n < most]
    return (*steps, most)


@dataclass(frozen=True, kw_only=True)
class EngineKey:
    """Everything that an engine is bound to; engines of equal keys are the same."""

    tensorrt: str
    """Version of TensorRT."""
    compute_capability: str
    """Compute capability of the device (its SM version)."""
    device: str
    """Name of the device: kernels that are best on one are not on another of the same kind."""
    multiprocessors: int
    """Streaming multiprocessors of the device or slice."""
    mig_profile: str
    """MIG profile of a slice; empty for a whole device."""
    model_sha256: str
    """Hash of the ONNX file."""
    precision: str
    """Number format."""
    batch_sizes: tuple[int, ...]
    """Batch sizes with their optimization profiles."""
    workspace_mib: int
    """Most memory while kernels were chosen."""
    recipe: int = RECIPE
    """Number of the way in which the harness builds."""

    @property
    def digest(self) -> str:
        """Return the key's hash, in hexadecimal."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def differences(self, other: EngineKey) -> list[str]:
        """Return what differs from another key, in words: `tensorrt 10.3.0, was 10.0.1`."""
        mine, theirs = asdict(self), asdict(other)
        return [
            f"{name} is {_word(mine[name])}, was {_word(theirs[name])}"
            for name in mine
            if mine[name] != theirs[name]
        ]


def make_key(plan: BuildPlan, facts: DeviceFacts, release: str) -> EngineKey:
    """Return the key of a plan's engine on a device with a version of TensorRT."""
    return EngineKey(
        tensorrt=release,
        compute_capability=facts.compute_capability,
        device=facts.name,
        multiprocessors=facts.multiprocessors,
        mig_profile=facts.mig_profile,
        model_sha256=plan.sha256,
        precision=str(plan.precision),
        batch_sizes=plan.sizes,
        workspace_mib=plan.workspace_mib,
    )


def _word(value: object) -> str:
    """Return a part of a key, short."""
    limit = 16
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value))
    text = str(value)
    return "none" if not text else text[:12] if len(text) > limit and " " not in text else text
