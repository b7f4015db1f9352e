"""Slots whose samples and outputs lie in memory that the server opens: of the host, of a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runtime.triton.regions import CudaRegion, SystemRegion
from runtime.triton.wire import (
    Served,
    check_response,
    make_request,
    odd_response,
    point_into,
    row_bytes,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALIGN = 64
"""Every array starts at a multiple of this, in bytes."""


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
            request = make_request(self._served, count)
            place = self._region.name
            point_into(request.inputs[0], place, 0, count * self._row_in)
            point_into(request.outputs[0], place, self._start, count * self._row_out)
            found = self._messages[count] = bytes(request.SerializeToString())
        return found

    def outputs(self, response: Any, count: int) -> NDArray[Any]:
        """Return the outputs; see `Slot.outputs`."""
        check_response(response, self._served, count)
        if any(response.raw_output_contents):  # empty where the outputs went into the region
            raise odd_response(self._served, "outputs in shared memory", "outputs in the message")
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
            request = make_request(self._served, count)
            point_into(request.inputs[0], self._source.name, 0, count * self._row_in)
            point_into(request.outputs[0], self._target.name, 0, count * self._row_out)
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
