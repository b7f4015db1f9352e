"""Slots: places for one request each, with its samples, its outputs and its message.

A client has as many slots as requests may be in flight. What a request needs is made
once; per request only samples are written and, without shared memory, copied into the
message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from runtime.configs.workload import Tensor
from runtime.errors import Problem, RunError
from runtime.triton.regions import CudaRegion, SystemRegion
from runtime.troubles.served import TRITON_REQUEST_FAILED
from runtime.vocabulary import SharedMemory

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALIGN = 64
"""Every array starts at a multiple of this, in bytes."""

WIRE: dict[str, str] = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
}
"""Data types in requests by NumPy's names.

Source: Open Inference Protocol, "Tensor Data Types".
"""


@dataclass(frozen=True, kw_only=True)
class Served:
    """The model that requests are for."""

    name: str
    """Name on the server."""
    input: Tensor
    """What it takes."""
    output: Tensor
    """What it gives."""


class Slot(Protocol):
    """A place for one request; whoever took it owns it until it is answered."""

    input: NDArray[Any]
    """Where samples go, shape (capacity, *input.shape)."""

    def message(self, count: int) -> bytes:
        """Return the serialized request for the first `count` samples."""
        ...

    def outputs(self, response: Any, count: int) -> NDArray[Any]:
        """Return the outputs that a response stands for, shape (count, *output.shape).

        Raises:
            RunError: The response has another shape, or no such output.
        """
        ...

    def register(self, stub: Any, timeout: float) -> None:
        """Tell the server of the slot's memory; it may know it already."""
        ...

    def close(self, stub: Any, timeout: float) -> None:
        """Give the memory back."""
        ...


class MessageSlot:
    """Samples and outputs travel inside the messages."""

    def __init__(self, served: Served, capacity: int) -> None:
        """Allocate the samples' place."""
        import numpy as np

        self._served = served
        self.input: NDArray[Any] = np.zeros((capacity, *served.input.shape), served.input.dtype)

    def message(self, count: int) -> bytes:
        """Return the serialized request; see `Slot.message`."""
        request = _request(self._served, count)
        request.raw_input_contents.append(self.input[:count].tobytes())
        return bytes(request.SerializeToString())

    def outputs(self, response: Any, count: int) -> NDArray[Any]:
        """Return the outputs; see `Slot.outputs`."""
        import numpy as np

        target = self._served.output
        shape = check_response(response, self._served, count)
        if len(response.raw_output_contents) != 1:
            raise _odd(self._served, "one raw output", f"{len(response.raw_output_contents)}")
        found: NDArray[Any] = np.frombuffer(response.raw_output_contents[0], target.dtype)
        if found.size != np.prod(shape):
            raise _odd(self._served, f"{np.prod(shape)} elements", f"{found.size}")
        return found.reshape(shape)

    def register(self, stub: Any, timeout: float) -> None:
        """Do nothing: the server need not know of it."""

    def close(self, stub: Any, timeout: float) -> None:
        """Do nothing: the memory is this process's own."""


class SystemSlot:
    """Samples and outputs lie in memory that the server maps."""

    def __init__(self, served: Served, capacity: int, name: str) -> None:
        """Reserve the slot's region: samples first, outputs behind them.

        Raises:
            ArtifactError: There is too little shared memory.
        """
        self._served = served
        self._row_in, self._row_out = row_bytes(served.input), row_bytes(served.output)
        self._start = -(-self._row_in * capacity // ALIGN) * ALIGN
        self._region = SystemRegion(name, self._start + self._row_out * capacity)
        source, target = served.input, served.output
        self.input = self._region.array(0, (capacity, *source.shape), source.dtype)
        self._output = self._region.array(self._start, (capacity, *target.shape), target.dtype)
        self._messages: dict[int, bytes] = {}

    def message(self, count: int) -> bytes:
        """Return the serialized request, made once per count; see `Slot.message`."""
        found = self._messages.get(count)
        if found is None:
            request = _request(self._served, count)
            place = self._region.name
            _point(request.inputs[0], place, 0, count * self._row_in)
            _point(request.outputs[0], place, self._start, count * self._row_out)
            found = self._messages[count] = bytes(request.SerializeToString())
        return found

    def outputs(self, response: Any, count: int) -> NDArray[Any]:
        """Return the outputs; see `Slot.outputs`."""
        check_response(response, self._served, count)
        if any(response.raw_output_contents):  # empty where the outputs went into the region
            raise _odd(self._served, "outputs in shared memory", "outputs in the message")
        return self._output[:count]

    def register(self, stub: Any, timeout: float) -> None:
        """Tell the server of the region; see `Slot.register`."""
        from tritonclient.grpc import service_pb2

        region = self._region
        stub.SystemSharedMemoryUnregister(
            service_pb2.SystemSharedMemoryUnregisterRequest(name=region.name), timeout=timeout
        )
        stub.SystemSharedMemoryRegister(
            service_pb2.SystemSharedMemoryRegisterRequest(
                name=region.name, key=region.key, offset=0, byte_size=region.size
            ),
            timeout=timeout,
        )

    def close(self, stub: Any, timeout: float) -> None:
        """Let the server forget the region, and free it; see `Slot.close`."""
        import grpc
        from tritonclient.grpc import service_pb2

        try:
            stub.SystemSharedMemoryUnregister(
                service_pb2.SystemSharedMemoryUnregisterRequest(name=self._region.name),
                timeout=timeout,
            )
        except grpc.RpcError:
            pass  # a server that is gone has forgotten it
        finally:
            self._region.close()


class CudaSlot:
    """Samples and outputs lie in device memory that the server opens."""

    def __init__(self, served: Served, capacity: int, name: str, device: int) -> None:
        """Allocate the slot's two regions on a device.

        Raises:
            MissingError: CUDA or its part of the client is not there.
        """
        import numpy as np

        self._served = served
        source, target = served.input, served.output
        self._row_in, self._row_out = row_bytes(source), row_bytes(target)
        self.input: NDArray[Any] = np.zeros((capacity, *source.shape), source.dtype)
        self._output: NDArray[Any] = np.zeros((capacity, *target.shape), target.dtype)
        self._source = CudaRegion(f"{name}-in", self._row_in * capacity, device)
        self._target = CudaRegion(f"{name}-out", self._row_out * capacity, device)
        self._messages: dict[int, bytes] = {}

    def message(self, count: int) -> bytes:
        """Copy the samples to the device and return the request; see `Slot.message`."""
        self._source.write(self.input[:count])
        found = self._messages.get(count)
        if found is None:
            request = _request(self._served, count)
            _point(request.inputs[0], self._source.name, 0, count * self._row_in)
            _point(request.outputs[0], self._target.name, 0, count * self._row_out)
            found = self._messages[count] = bytes(request.SerializeToString())
        return found

    def outputs(self, response: Any, count: int) -> NDArray[Any]:
        """Copy the outputs from the device; see `Slot.outputs`."""
        check_response(response, self._served, count)
        self._target.read(self._output[:count])
        return self._output[:count]

    def register(self, stub: Any, timeout: float) -> None:
        """Tell the server of the regions; see `Slot.register`."""
        from tritonclient.grpc import service_pb2

        for region in (self._source, self._target):
            stub.CudaSharedMemoryUnregister(
                service_pb2.CudaSharedMemoryUnregisterRequest(name=region.name), timeout=timeout
            )
            stub.CudaSharedMemoryRegister(
                service_pb2.CudaSharedMemoryRegisterRequest(
                    name=region.name,
                    raw_handle=region.raw_handle,
                    device_id=region.device,
                    byte_size=region.size,
                ),
                timeout=timeout,
            )

    def close(self, stub: Any, timeout: float) -> None:
        """Let the server forget the regions, and free them; see `Slot.close`."""
        import grpc
        from tritonclient.grpc import service_pb2

        for region in (self._source, self._target):
            try:
                stub.CudaSharedMemoryUnregister(
                    service_pb2.CudaSharedMemoryUnregisterRequest(name=region.name),
                    timeout=timeout,
                )
            except grpc.RpcError:
                pass  # a server that is gone has forgotten it
            finally:
                region.close()


def make_slot(
    served: Served, capacity: int, name: str, memory: SharedMemory, device: int | None
) -> Slot:
    """Return a slot of the wanted kind.

    Args:
        served: The model.
        capacity: Most samples of a request.
        name: Unique within this process.
        memory: How samples and outputs pass.
        device: Index of the GPU for CUDA memory.
    """
    if memory is SharedMemory.NONE:
        return MessageSlot(served, capacity)
    if memory is SharedMemory.CUDA:
        return CudaSlot(served, capacity, name, device or 0)
    return SystemSlot(served, capacity, name)


def check_response(response: Any, served: Served, count: int) -> tuple[int, ...]:
    """Return the shape of a response's output.

    Raises:
        RunError: It is not the output of `count` samples: never taken for an answer.
    """
    shape = (count, *served.output.shape)
    if len(response.outputs) != 1 or response.outputs[0].name != served.output.name:
        got = ", ".join(o.name for o in response.outputs) or "no output"
        raise _odd(served, f"the output {served.output.name}", got)
    found = tuple(response.outputs[0].shape)
    if found != shape:
        raise _odd(served, f"an output of shape {shape}", str(found))
    return shape


def row_bytes(tensor: Tensor) -> int:
    """Return the size of one sample's tensor, in bytes."""
    import numpy as np

    return int(np.prod(tensor.shape, dtype=np.int64)) * int(np.dtype(tensor.dtype).itemsize)


def _request(served: Served, count: int) -> Any:
    """Return a request for `count` samples, without their data."""
    from tritonclient.grpc import service_pb2

    request = service_pb2.ModelInferRequest(model_name=served.name)
    source = request.inputs.add(name=served.input.name, datatype=WIRE[served.input.dtype])
    source.shape.extend((count, *served.input.shape))
    request.outputs.add(name=served.output.name)
    return request


def _point(tensor: Any, region: str, offset: int, size: int) -> None:
    """Let a request's tensor point into a region."""
    tensor.parameters["shared_memory_region"].string_param = region
    tensor.parameters["shared_memory_byte_size"].int64_param = size
    if offset:
        tensor.parameters["shared_memory_offset"].int64_param = offset


def _odd(served: Served, want: str, got: str) -> RunError:
    """Return the error of a response that fits no request."""
    do = "check that the server serves the model of this run; see its log"
    where = f"response of model {served.name}"
    return RunError(Problem(where, want, got, do, TRITON_REQUEST_FAILED.code))
