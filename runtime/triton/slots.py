"""Slots: places for one request each, with its samples, its outputs and its message.

A client has as many slots as requests may be in flight. What a request needs is made
once; per request only samples are written and, without shared memory, copied into the
message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from runtime.triton.sharedslots import CudaSlot, SystemSlot
from runtime.triton.wire import Served, check_response, make_request, odd_response
from runtime.vocabulary import SharedMemory

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
        request = make_request(self._served, count)
        request.raw_input_contents.append(self.input[:count].tobytes())
        return bytes(request.SerializeToString())

    def outputs(self, response: Any, count: int) -> NDArray[Any]:
        """Return the outputs; see `Slot.outputs`."""
        import numpy as np

        target = self._served.output
        shape = check_response(response, self._served, count)
        if len(response.raw_output_contents) != 1:
            got = str(len(response.raw_output_contents))
            raise odd_response(self._served, "one raw output", got)
        found: NDArray[Any] = np.frombuffer(response.raw_output_contents[0], target.dtype)
        if found.size != np.prod(shape):
            raise odd_response(self._served, f"{np.prod(shape)} elements", f"{found.size}")
        return found.reshape(shape)

    def register(self, stub: Any, timeout: float) -> None:
        """Do nothing: the server need not know of it."""

    def close(self, stub: Any, timeout: float) -> None:
        """Do nothing: the memory is this process's own."""


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
