"""What the harness asks of a CUDA device: memory, copies, streams, events, graphs.

Two layers offer it: `cuda_pycuda` on pycuda, and `cuda_direct` on the driver library alone,
for machines where pycuda is not installed. Both retain the device's primary context, which is
the one that TensorRT uses, and never use the default stream.
"""

from __future__ import annotations

import os
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from runtime.devices.cuda_driver import LIBRARY, Driver
from runtime.errors import Problem, UsageError, suggest

if TYPE_CHECKING:
    from numpy.typing import NDArray

LAYER_VARIABLE = "HARNESS_CUDA_LAYER"
"""Environment variable that chooses the layer where both could be had."""

LAYERS = ("", "pycuda", "direct")
"""What it may say; empty leaves the choice to what is installed."""

_MIG = re.compile(r"\bMIG (\S+)")


@dataclass(frozen=True, kw_only=True)
class DeviceFacts:
    """What an engine is bound to, and what a message should name."""

    index: int
    """Index among the devices that this process sees."""
    name: str
    """Product name; of a MIG slice with its profile."""
    compute_capability: str
    """`major.minor`, for example `9.0`."""
    multiprocessors: int
    """Streaming multiprocessors of the device or slice."""
    memory_bytes: int
    """Total memory of the device or slice."""
    pci_bus: str
    """PCI bus id: `0000:1B:00.0`."""
    cuda: int
    """CUDA version of the driver, as it numbers them: 12040."""

    @property
    def mig_profile(self) -> str:
        """Return the profile of a MIG slice (`1g.18gb`); empty for a whole device.

        Why: CUDA names a slice by its board, `MIG` and the profile.
        """
        found = _MIG.search(self.name)
        return found.group(1) if found else ""


class Memory(Protocol):
    """A block of device memory."""

    @property
    def address(self) -> int:
        """Return its address on the device."""
        ...

    @property
    def size(self) -> int:
        """Return its size in bytes."""
        ...


class Event(Protocol):
    """A point in the work of a stream."""

    def record(self, stream: Stream) -> None:
        """Put the point behind all work that the stream has now."""
        ...

    def synchronize(self) -> None:
        """Return once the work before the point is done; other threads go on meanwhile."""
        ...

    def elapsed_ms(self, since: Event) -> float:
        """Return the milliseconds between two points; both must be reached and keep time."""
        ...


class Stream(Protocol):
    """A queue of work on the device; work of different streams may overlap."""

    @property
    def handle(self) -> int:
        """Return the driver's handle, as TensorRT takes it."""
        ...

    def wait(self, event: Event) -> None:
        """Let later work of this stream wait for a point of another; the host goes on."""
        ...

    def synchronize(self) -> None:
        """Return once all work of the stream is done."""
        ...


class Graph(Protocol):
    """Captured work that one call launches."""

    def launch(self, stream: Stream) -> None:
        """Put the work behind what the stream has now."""
        ...


class Device(Protocol):
    """One CUDA device, open. Objects that it made are of no use after `close`."""

    @property
    def facts(self) -> DeviceFacts:
        """Return what the device is."""
        ...

    def attach(self) -> None:
        """Make the device's context the calling thread's; every thread must, before its work."""
        ...

    def allocate(self, size: int, what: str) -> Memory:
        """Return device memory; `what` names it in messages.

        Raises:
            RunError: There is too little.
        """
        ...

    def pinned(self, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
        """Return a zeroed array in page-locked host memory, which copies need to overlap."""
        ...

    def stream(self) -> Stream:
        """Return a new stream that does not wait for the default one."""
        ...

    def event(self, *, timed: bool = False) -> Event:
        """Return a new event; only a timed one can tell milliseconds."""
        ...

    def copy_in(self, to: int, source: NDArray[Any], stream: Stream) -> None:
        """Queue a copy from a C-contiguous host array to a device address."""
        ...

    def copy_out(self, target: NDArray[Any], source: int, stream: Stream) -> None:
        """Queue a copy from a device address into a C-contiguous host array."""
        ...

    def capture(self, stream: Stream) -> AbstractContextManager[list[Graph]]:
        """Record what is queued on a stream inside the block instead of doing it.

        The list that the block gets holds the graph once the block has ended.
        """
        ...

    def gather(
        self, to: int, library: int, rows: int, shape: tuple[int, int], stream: Stream
    ) -> None:
        """Queue the copy of chosen rows between device addresses.

        Args:
            to: Where the rows go, one after the other.
            library: Where all rows lie.
            rows: Where the numbers of the chosen rows lie, unsigned 32-bit.
            shape: How many rows, and bytes of one row, a multiple of 4.
            stream: Where to queue it.
        """
        ...

    def free_memory(self) -> tuple[int, int]:
        """Return free and total device memory in bytes."""
        ...

    def close(self) -> None:
        """Give everything back that the device made."""
        ...


def device_count(driver: Driver | None = None) -> int:
    """Return how many CUDA devices this process sees.

    Raises:
        MissingError: No driver, a driver that is too old, or none that lets us.
    """
    import ctypes

    driver = driver or Driver()
    driver.call("cuInit", 0, doing="starting the CUDA driver")
    count = ctypes.c_int()
    driver.call("cuDeviceGetCount", ctypes.byref(count), doing="counting CUDA devices")
    return count.value


def open_device(index: int, *, library: str = LIBRARY, layer: str = "") -> Device:
    """Return a device, open, its context the calling thread's.

    Args:
        index: Index among the devices that this process sees.
        library: The driver library.
        layer: `pycuda` or `direct`; empty asks HARNESS_CUDA_LAYER, then takes pycuda where it
            is installed.

    Raises:
        MissingError: No driver, one that is too old, or no such device.
        UsageError: HARNESS_CUDA_LAYER names no layer.
    """
    from runtime.devices.cuda_direct import DirectDevice

    layer = layer or os.environ.get(LAYER_VARIABLE, "")
    if layer not in LAYERS:
        where, want = LAYER_VARIABLE, " or ".join(filter(None, LAYERS))
        raise UsageError(Problem(where, want, repr(layer), suggest(layer, LAYERS[1:])))
    driver = Driver(library)
    driver.call("cuInit", 0, doing="starting the CUDA driver")
    if layer == "direct" or (not layer and not _has_pycuda()):
        return DirectDevice(driver, index)
    from runtime.devices.cuda_pycuda import PycudaDevice

    return PycudaDevice(driver, index)


def _has_pycuda() -> bool:
    """Tell whether pycuda is installed and loads."""
    try:
        import pycuda.driver  # noqa: F401 - the import itself is the question
    except ImportError:
        return False
    return True
