"""What a backend is: it opens a model once, binds it once per lane, and infers.

A backend is one module of this package, named as its `BackendName`, that offers
`create() -> Backend`. Nothing registers itself; `open_backend` imports by name.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from msgspec import to_builtins

from runtime.configs.schema import Settings
from runtime.configs.workload import ModelFile, Workload
from runtime.errors import Problem, UsageError, suggest
from runtime.record import EngineFile
from runtime.vocabulary import BackendName

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Binding(Protocol):
    """One lane's hold on the model: its own buffers, its own place to run.

    A binding is used by one thread at a time.
    """

    @property
    def input(self) -> NDArray[Any]:
        """Return the preallocated input buffer, shape (capacity, *input.shape)."""
        ...

    def infer(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Return the model's outputs for a batch.

        Args:
            samples: A head of `input`, or any other C-contiguous array of as many or
                fewer samples, which is read in place and must stay unchanged meanwhile.

        Returns:
            A view of the binding's own output buffer; the next call overwrites it.

        Shapes:
            samples: (batch, *input.shape) with 1 <= batch <= capacity.
            result: (batch, *output.shape).
        """
        ...


@runtime_checkable
class Pipelined(Protocol):
    """A binding that can have several batches under way.

    Batches come back in the order in which they were submitted. A binding is used by one
    thread at a time.
    """

    @property
    def depth(self) -> int:
        """Return how many batches may be under way, at least 1."""
        ...

    def submit(self, samples: NDArray[Any], rows: NDArray[np.int64]) -> None:
        """Start a batch; fewer than `depth` are under way.

        Args:
            samples: All samples, as the library holds them.
            rows: Which of them, at least one and at most the capacity.
        """
        ...

    def collect(self) -> NDArray[Any]:
        """Return the outputs of the oldest batch under way, once it is done.

        Returns:
            A view of the binding's own buffer, shape (batch, *output.shape); the next
            `submit` but `depth` - 1 overwrites it.
        """
        ...


@runtime_checkable
class Resident(Protocol):
    """A backend that can keep the loaded samples in the device's memory."""

    def hold(self, samples: NDArray[Any]) -> None:
        """Take the samples that batches are drawn from until the next call.

        Args:
            samples: All of them, shape (loaded, *input.shape), C-contiguous.

        Raises:
            RunError: The device has too little memory for them.
        """
        ...


@runtime_checkable
class Compiled(Protocol):
    """A backend that executes what its library compiled of the model."""

    def compiled(self) -> EngineFile:
        """Return the file that the open model is executed from.

        Raises:
            RunError: No model is open.
        """
        ...


class Backend(Protocol):
    """A library that executes models on one device."""

    def open(
        self, model: ModelFile, workload: Workload, settings: Settings, device: int | None
    ) -> None:
        """Check the model against the settings and load it.

        Args:
            model: The file to execute.
            workload: Names and shapes of input and output.
            settings: Precision, threads, execution provider, device options.
            device: Index of the accelerator; None for the host processor.

        Raises:
            ConfigError: Settings and model do not fit each other; every problem at once.
            MissingError: A package, an execution provider or a device is not there.
            ArtifactError: The file cannot be read as a model.
        """
        ...

    def bind(self, capacity: int) -> Binding:
        """Return a binding of the open model with buffers for `capacity` samples."""
        ...

    def close(self) -> None:
        """Give back what `open` and `bind` took; bindings are of no use afterwards."""
        ...


def describe_compiled(backend: Backend) -> list[dict[str, Any]]:
    """Return what an open backend executes in the model's place, in JSON form: one or none."""
    return [to_builtins(backend.compiled())] if isinstance(backend, Compiled) else []


def open_backend(
    model: ModelFile, workload: Workload, settings: Settings, device: int | None
) -> Backend:
    """Return the backend that the settings name, with the model open on a device.

    Raises:
        UsageError: The backend has no module in this package.
    """
    name = str(settings.backend)
    known = sorted(str(b) for b in BackendName)
    if not (Path(__file__).parent / f"{name}.py").is_file():
        raise UsageError(Problem("backend", "a known backend", repr(name), suggest(name, known)))
    module = importlib.import_module(f"runtime.backends.{name}")
    backend = cast("Backend", module.create())
    backend.open(model, workload, settings, device)
    return backend
