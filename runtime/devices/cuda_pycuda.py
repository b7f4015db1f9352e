"""The CUDA device on pycuda; graphs and the gather kernel through the driver library.

pycuda keeps a stack of contexts per thread and aborts the process when a thread ends with one
on it. So the context is pushed only while something is made or given back, and threads enter
it through the driver's own `cuCtxSetCurrent`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from runtime.devices.cuda import DeviceFacts, Graph
from runtime.devices.cuda_driver import MIB, Driver
from runtime.devices.cuda_errors import OUT_OF_MEMORY, failure
from runtime.devices.cuda_shared import Gather, LaunchGraph, capture, read_facts
from runtime.errors import HarnessError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RESULTS = {
    "out of memory": OUT_OF_MEMORY,
    "launch failed": 719,
    "illegal memory access": 700,
    "uncorrectable ECC": 214,
    "no CUDA-capable device": 100,
    "invalid device ordinal": 101,
    "not permitted": 800,
    "unknown error": 999,
}
"""Result codes by words of the driver that pycuda puts into its messages.

Why: pycuda's errors carry the driver's words and not its codes.
"""


class PycudaMemory:
    """A block of device memory."""

    def __init__(self, allocation: Any, size: int) -> None:
        self._allocation = allocation
        self.address = int(allocation)
        """Address on the device."""
        self.size = size
        """Bytes."""


class PycudaEvent:
    """A CUDA event."""

    def __init__(self, event: Any, told: Callable[[Any, str], HarnessError], error: Any) -> None:
        self.event = event
        """pycuda's own object."""
        self._told, self._error = told, error

    def record(self, stream: Any) -> None:
        """Put the point behind all work that the stream has now."""
        try:
            self.event.record(stream.stream)
        except self._error as error:
            raise self._told(error, "recording a CUDA event") from error

    def synchronize(self) -> None:
        """Return once the work before the point is done."""
        try:
            self.event.synchronize()
        except self._error as error:
            raise self._told(error, "waiting for the device") from error

    def elapsed_ms(self, since: Any) -> float:
        """Return the milliseconds since an earlier point."""
        try:
            return float(self.event.time_since(since.event))
        except self._error as error:
            raise self._told(error, "reading a CUDA event's time") from error


class PycudaStream:
    """A CUDA stream."""

    def __init__(self, stream: Any, told: Callable[[Any, str], HarnessError], error: Any) -> None:
        self.stream = stream
        """pycuda's own object."""
        self.handle = int(stream.handle)
        """The driver's handle."""
        self._told, self._error = told, error

    def wait(self, event: Any) -> None:
        """Let later work of this stream wait for a point of another."""
        try:
            self.stream.wait_for_event(event.event)
        except self._error as error:
            raise self._told(error, "letting a stream wait") from error

    def synchronize(self) -> None:
        """Return once all work of the stream is done."""
        try:
            self.stream.synchronize()
        except self._error as error:
            raise self._told(error, "waiting for the device") from error


class PycudaDevice:
    """One CUDA device through pycuda; see `runtime.devices.cuda.Device`."""

    def __init__(self, driver: Driver, index: int) -> None:
        """Retain the device's primary context and make it the calling thread's.

        Args:
            driver: The driver, started.
            index: Index of the device.
        """
        import pycuda.driver as cuda

        self._cuda, self._driver = cuda, driver
        self._facts = read_facts(driver, index)
        self._made: list[Any] = []
        self._graphs: list[LaunchGraph] = []
        self._gather: Gather | None = None
        self._handle = ctypes.c_void_p()
        doing = f"opening device {index} ({self._facts.name})"
        with self._telling(doing):
            cuda.init()
            self._context = cuda.Device(index).retain_primary_context()
        driver.call("cuDevicePrimaryCtxRetain", ctypes.byref(self._handle), index, doing=doing)
        self._in, self._out = cuda.memcpy_htod_async, cuda.memcpy_dtoh_async
        self.attach()

    @property
    def facts(self) -> DeviceFacts:
        """Return what the device is."""
        return self._facts

    def attach(self) -> None:
        """Make the device's context the calling thread's."""
        doing = f"entering device {self._facts.index}"
        self._driver.call("cuCtxSetCurrent", self._handle, doing=doing)

    def allocate(self, size: int, what: str) -> PycudaMemory:
        """Return device memory; see `Device.allocate`."""
        doing = f"allocating {-(-size // MIB)} MiB for {what} on device {self._facts.index}"
        with self._pushed(doing):
            block = PycudaMemory(self._cuda.mem_alloc(max(1, size)), size)
        self._made.append(block)
        return block

    def pinned(self, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
        """Return a zeroed array in page-locked host memory."""
        with self._pushed("locking host memory"):
            array: NDArray[Any] = self._cuda.pagelocked_zeros(shape, dtype)
        self._made.append(array)
        return array

    def stream(self) -> PycudaStream:
        """Return a new stream."""
        with self._pushed("creating a CUDA stream"):
            flags = self._cuda.stream_flags.NON_BLOCKING if self._has_flags() else 0
            made = PycudaStream(self._cuda.Stream(flags), self._told, self._cuda.Error)
        self._made.append(made)
        return made

    def event(self, *, timed: bool = False) -> PycudaEvent:
        """Return a new event."""
        flags = self._cuda.event_flags.DEFAULT if timed else self._cuda.event_flags.DISABLE_TIMING
        with self._pushed("creating a CUDA event"):
            made = PycudaEvent(self._cuda.Event(flags), self._told, self._cuda.Error)
        self._made.append(made)
        return made

    def copy_in(self, to: int, source: NDArray[Any], stream: Any) -> None:
        """Queue a copy from a host array to a device address."""
        try:
            self._in(to, source, stream.stream)
        except self._cuda.Error as error:
            raise self._told(error, f"copying {source.nbytes} bytes to the device") from error

    def copy_out(self, target: NDArray[Any], source: int, stream: Any) -> None:
        """Queue a copy from a device address into a host array."""
        try:
            self._out(target, source, stream.stream)
        except self._cuda.Error as error:
            raise self._told(error, f"copying {target.nbytes} bytes from the device") from error

    def capture(self, stream: Any) -> AbstractContextManager[list[Graph]]:
        """Record what is queued on a stream inside the block; see `Device.capture`."""
        return capture(self._driver, stream, self._graphs)

    def gather(self, to: int, library: int, rows: int, shape: tuple[int, int], stream: Any) -> None:
        """Queue the copy of chosen rows; see `Device.gather`."""
        if self._gather is None:
            self._gather = Gather(self._driver)
        self._gather(to, library, rows, shape, stream)

    def free_memory(self) -> tuple[int, int]:
        """Return free and total device memory in bytes."""
        with self._pushed("asking for memory"):
            free, total = self._cuda.mem_get_info()
        return int(free), int(total)

    def close(self) -> None:
        """Give everything back; a device that was lost refuses, and the process's end helps."""
        with suppress(HarnessError), self._pushed("closing the device"):
            for made in self._made:
                if isinstance(made, PycudaStream):
                    made.synchronize()
            for graph in self._graphs:
                graph.close()
            if self._gather is not None:
                self._gather.close()
            self._made, self._graphs, self._gather = [], [], None
        with suppress(HarnessError):
            self._driver.call("cuDevicePrimaryCtxRelease_v2", self._facts.index)

    def _has_flags(self) -> bool:
        """Tell whether this pycuda names the flags of streams."""
        return hasattr(self._cuda, "stream_flags")

    @contextmanager
    def _telling(self, doing: str) -> Iterator[None]:
        """Tell pycuda's errors in our words."""
        try:
            yield
        except self._cuda.Error as error:
            raise self._told(error, doing) from error

    @contextmanager
    def _pushed(self, doing: str) -> Iterator[None]:
        """Have the context on pycuda's stack meanwhile."""
        with self._telling(doing):
            self._context.push()
            try:
                yield
            finally:
                self._context.pop()
                self.attach()

    def _told(self, error: Any, doing: str) -> HarnessError:
        """Return our error of one of pycuda's."""
        text = str(error)
        for words, code in _RESULTS.items():
            if words.lower() in text.lower():
                return failure(code, doing, text=text)
        return failure(-1, doing, type(error).__name__, text)
