"""The ONNX Runtime backend: any ONNX model on the execution provider that is named.

Every lane runs through `IOBinding` on buffers that are allocated once. A binding
by address does not keep NumPy arrays alive, so the objects here hold them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runtime.backends.graphs import check_model, shaped
from runtime.backends.providers import HOST, check_provider, provider_options
from runtime.configs.schema import Settings
from runtime.configs.workload import ModelFile, Tensor, Workload
from runtime.errors import ArtifactError, MissingError, Problem
from runtime.troubles.machine import PROVIDER_MISSING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOVE_BYTES = 32_768
"""Batches up to this size are copied into the bound buffer instead of bound anew.

Why: binding another address costs about as much as copying some ten kilobytes.
"""


def create() -> OnnxRuntime:
    """Return a backend without a model."""
    return OnnxRuntime()


class OnnxRuntime:
    """Executes a model with ONNX Runtime on one device."""

    def __init__(self) -> None:
        self._sessions: list[Any] = []
        self._bound = 0

    def open(
        self, model: ModelFile, workload: Workload, settings: Settings, device: int | None
    ) -> None:
        """Check the model against the settings and load it; see `Backend.open`."""
        check_provider(settings.execution_provider)
        check_model(model, settings)
        self._model, self._settings, self._device = model, settings, device
        self._input = shaped(model.input, workload.input)
        self._output = shaped(model.output, workload.output)
        self._sessions = [self._session()]
        self._bound = 0

    def bind(self, capacity: int) -> HostBinding | DeviceBinding:
        """Return a lane's binding; lanes share a session only where that costs nothing.

        Why: a session with a thread pool would make lanes wait for the same threads, and
            sessions on accelerators are not safe to run from two threads in every provider.
            With one thread on the host there is no pool, and one copy of the weights serves
            all lanes.
        """
        shared = self._settings.intra_op_threads == 1 and self._on_host
        if self._bound and not shared:
            self._sessions.append(self._session())
        self._bound += 1
        session, fixed = self._sessions[-1], self._model.fixed_batch
        if self._settings.use_cuda_graph and not self._on_host:
            return DeviceBinding(
                session, self._input, self._output, capacity, device=self._device or 0
            )
        return HostBinding(session, self._input, self._output, capacity, fixed=fixed is not None)

    def close(self) -> None:
        """Drop the sessions; bindings that are still held keep theirs alive."""
        self._sessions = []

    @property
    def _on_host(self) -> bool:
        return self._settings.execution_provider == HOST

    def _session(self) -> Any:
        """Return a new session of the open model.

        Raises:
            ArtifactError: The file cannot be loaded.
            MissingError: ONNX Runtime fell back to another execution provider.
        """
        import onnxruntime as ort

        settings, name = self._settings, self._settings.execution_provider
        options = ort.SessionOptions()
        options.intra_op_num_threads = settings.intra_op_threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers: list[Any] = [(name, provider_options(settings, self._device))]
        if name != HOST:
            providers.append(HOST)
        try:
            session = ort.InferenceSession(str(self._model.path), options, providers=providers)
        except Exception as error:
            raise ArtifactError(
                Problem(
                    str(self._model.path),
                    f"a model that {name} can load",
                    str(error).strip().splitlines()[0],
                    "check the file, its ONNX opset and the provider's supported operators",
                )
            ) from error
        if name not in session.get_providers():
            raise MissingError(
                Problem(
                    "execution_provider",
                    f"{name} to start",
                    "ONNX Runtime fell back to " + ", ".join(session.get_providers()),
                    "install the libraries that it needs (CUDA, cuDNN, TensorRT of the versions "
                    "that this onnxruntime was built for) and see its message on standard error",
                    PROVIDER_MISSING.code,
                )
            )
        return session


class HostBinding:
    """Runs batches from and into host memory.

    On an accelerator, ONNX Runtime moves the bound host buffers itself.
    """

    def __init__(
        self, session: Any, source: Tensor, target: Tensor, capacity: int, *, fixed: bool
    ) -> None:
        import numpy as np

        self.input: NDArray[Any] = np.zeros((capacity, *source.shape), source.dtype)
        self._output: NDArray[Any] = np.zeros((capacity, *target.shape), target.dtype)
        self._address = self.input.ctypes.data
        self._run = session.run_with_iobinding
        self._new = session.io_binding
        self._source, self._target, self._fixed = source, target, fixed
        self._own: dict[int, Any] = {}
        self._other: dict[int, Any] = {}
        self._small = MOVE_BYTES // max(1, self.input[:1].nbytes)

    def infer(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Return the outputs of a batch; see `Binding.infer`."""
        count = len(samples)
        if samples is not self.input:
            address = samples.ctypes.data
            if address != self._address:
                if not (self._fixed or count <= self._small):
                    return self._infer_other(samples, address, count)
                self.input[:count] = samples
        self._run(self._own.get(count) or self._bind_own(count))
        return self._output if count == len(self._output) else self._output[:count]

    def _bind_own(self, count: int) -> Any:
        """Return (and keep) the binding of the own buffers for a batch size."""
        rows = len(self.input) if self._fixed else count
        io = self._bind(rows)
        self._bind_input(io, rows, self._address)
        self._own[count] = io
        return io

    def _infer_other(self, samples: NDArray[Any], address: int, count: int) -> NDArray[Any]:
        """Run on samples where they lie; the caller's array lives until this returns."""
        if samples.dtype != self.input.dtype or not samples.flags.c_contiguous:
            self.input[:count] = samples
            return self.infer(self.input[:count])
        io = self._other.get(count)
        if io is None:
            io = self._other[count] = self._bind(count)
        self._bind_input(io, count, address)
        self._run(io)
        return self._output[:count]

    def _bind(self, rows: int) -> Any:
        """Return a new binding whose output is the head of the own output buffer."""
        io = self._new()
        shape, kind = (rows, *self._target.shape), self._output.dtype.type
        io.bind_output(self._target.name, "cpu", 0, kind, shape, self._output.ctypes.data)
        return io

    def _bind_input(self, io: Any, rows: int, address: int) -> None:
        shape: tuple[int, ...] = (rows, *self._source.shape)
        kind: type[np.generic] = self.input.dtype.type
        io.bind_input(self._source.name, "cpu", 0, kind, shape, address)


class DeviceBinding:
    """Runs whole batches between fixed device buffers, as CUDA graphs ask for.

    A captured graph replays fixed addresses and shapes: every batch is run at full
    capacity, with rows of an earlier batch behind the samples that count.
    """

    def __init__(
        self,
        session: Any,
        source: Tensor,
        target: Tensor,
        capacity: int,
        *,
        device: int = 0,
        kind: str = "cuda",
    ) -> None:
        """Allocate the buffers on both sides.

        Args:
            session: An open ONNX Runtime session.
            source: The model's input.
            target: The model's output.
            capacity: Samples in every batch.
            device: Index of the device.
            kind: ONNX Runtime's name of the device's memory.
        """
        import numpy as np
        import onnxruntime as ort

        self.input: NDArray[Any] = np.zeros((capacity, *source.shape), source.dtype)
        shape, element = (capacity, *target.shape), np.dtype(target.dtype).type
        self._session = session
        self._in = ort.OrtValue.ortvalue_from_numpy(self.input.copy(), kind, device)
        self._out = ort.OrtValue.ortvalue_from_shape_and_type(shape, element, kind, device)
        self._io = session.io_binding()
        self._io.bind_ortvalue_input(source.name, self._in)
        self._io.bind_ortvalue_output(target.name, self._out)

    def infer(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Return the outputs of a batch; see `Binding.infer`."""
        count = len(samples)
        if samples.ctypes.data != self.input.ctypes.data:
            self.input[:count] = samples
        self._in.update_inplace(self.input)
        self._session.run_with_iobinding(self._io)
        outputs: NDArray[Any] = self._out.numpy()
        return outputs[:count]
