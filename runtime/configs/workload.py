"""What a workload is: a model, a data set, shapes, an accuracy metric and its goal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from runtime.configs.fieldspec import Between, Unit, check
from runtime.errors import ConfigError
from runtime.vocabulary import Mode, Precision

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """Name, element type and shape of a model's input or output."""

    name: str
    """Name in the ONNX graph."""
    dtype: str
    """NumPy name of the element type."""
    shape: tuple[int, ...]
    """Shape of one sample, without the batch axis."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A benchmark task; the module that defines it also loads its data and judges answers."""

    name: str
    """Identity, as typed: `digits`, `resnet50`."""
    title: str
    """Name for readers."""
    task: str
    """What the model does, in one sentence."""
    model: str
    """The model, its origin and number of parameters."""
    dataset: str
    """The data set, its origin, size and splits."""
    input: Tensor
    """What the model takes."""
    output: Tensor
    """What the model gives."""
    metric: str
    """Accuracy metric, by its name in the field: `top-1 accuracy`."""
    reference_accuracy: Annotated[float, Between(0, 1)]
    """Accuracy of the FP32 reference model, as a share."""
    reference_source: str
    """Who measured the reference accuracy, on what."""
    accuracy_samples: Annotated[int, Unit("samples"), Between(1)]
    """Samples of an accuracy run: the whole evaluation set."""
    performance_samples: Annotated[int, Unit("samples"), Between(1)]
    """Distinct samples held in memory in a performance run (LoadGen's
    performance_sample_count)."""
    flops_per_sample: Annotated[float, Unit("FLOP"), Between(0)]
    """Multiply-adds counted twice, for one sample."""
    parameters: Annotated[int, Unit("parameters"), Between(1)]
    """Trainable numbers in the model."""
    peak_activations: Annotated[int, Unit("elements"), Between(0)] = 0
    """Elements of one sample at the widest point of the graph: the tensors that must
    exist at the same time. 0 where nobody counted."""
    fused_activations: Annotated[int, Unit("elements"), Between(0)] = 0
    """The same where element-wise operators write where they read, as libraries that fuse
    them do: no library needs fewer. 0 where nobody counted."""
    loadgen_name: str
    """Model name in LoadGen's configuration (`resnet50`), or `*` where the
    workload is none of MLPerf's."""
    answer_dtype: str = "int64"
    """NumPy name of one answer's element type; `postprocess` writes one a sample,
    and LoadGen logs its bytes, least significant first."""
    mlperf: bool = False
    """Whether the workload is an MLPerf benchmark when run with the official
    model and data set."""

    @property
    def answer_bytes(self) -> int:
        """Return the size of one answer in bytes, as LoadGen gets it."""
        import numpy as np

        return int(np.dtype(self.answer_dtype).itemsize)

    def __post_init__(self) -> None:
        """Raise ConfigError with every problem of this object at once."""
        problems = check(self, where=self.name)
        if problems:
            raise ConfigError(problems)


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """A model to execute, and what must be said about it."""

    path: Path
    """ONNX file."""
    sha256: str
    """Hash of the file's bytes."""
    synthetic: bool = False
    """Whether the weights are seeded noise: figures are about speed only."""
    note: str = ""
    """The wording that every output of a synthetic model carries."""
    input: Tensor | None = None
    """The file's own input, where its name or shape differs from the workload's."""
    output: Tensor | None = None
    """The file's own output, where its name or shape differs from the workload's."""
    fixed_batch: int | None = None
    """Batch size that the graph is fixed to; None where the batch axis is free."""
    precision: Precision | None = None
    """Number format that the graph carries; None where nobody looked."""


class SampleSet(Protocol):
    """The evaluation data of a workload, ready for the model."""

    @property
    def note(self) -> str:
        """Return what every output must say about the samples; empty for the real data set."""
        ...

    def __len__(self) -> int:
        """Return the number of samples."""
        ...

    def load(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        """Return the preprocessed samples, shape (len(indices), *input.shape), C-contiguous."""
        ...


class WorkloadModule(Protocol):
    """What a module in `runtime.workloads` offers beside its `WORKLOAD`.

    Paths given by the user are None where he gave none; a module that needs one
    raises MissingError with the mend.
    """

    WORKLOAD: Workload

    def open_model(self, path: Path | None, cache: Path) -> ModelFile:
        """Return the model to run: the user's file, the bundled one, or a synthetic one."""
        ...

    def open_samples(self, path: Path | None, mode: Mode = Mode.PERFORMANCE) -> SampleSet:
        """Return the evaluation samples; raise MissingError where there are none.

        Performance mode may give seeded random samples instead, whose `note` says so.
        """
        ...

    def postprocess(self, outputs: NDArray[Any], out: NDArray[Any]) -> None:
        """Turn model outputs of a batch into answers, vectorised, without allocation.

        Shapes:
            outputs: (batch, *output.shape).
            out: (batch,) of `WORKLOAD.answer_dtype`, C-contiguous.
        """
        ...

    def accuracy(self, answers: dict[int, bytes], path: Path | None) -> float:
        """Return the metric of logged answers, keyed by sample index, as a share.

        Each value holds the bytes of one answer (`WORKLOAD.answer_bytes` of them),
        decoded from the hexadecimal text of LoadGen's accuracy log.

        Raises:
            RunError: Samples without an answer, or answers of the wrong size.
        """
        ...
