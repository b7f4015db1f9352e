"""The CUDA device on the driver library alone."""

from __future__ import annotations

import ctypes
import math
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any

from runtime.devices.cuda import DeviceFacts, Graph
from runtime.devices.cuda_driver import MIB, Driver
from runtime.devices.cuda_shared import Gather, LaunchGraph, capture, read_facts
from runtime.errors import HarnessError

if TYPE_CHECKING:
    from numpy.typing import NDArray

NON_BLOCKING = 1
"""`CU_STREAM_NON_BLOCKING`: no order with the default stream."""

DISABLE_TIMING = 2
"""`CU_EVENT_DISABLE_TIMING`: cheaper where only the order counts."""


class DirectMemory:
    """A block of device memory."""

    def __init__(self, address: int, size: int) -> None:
        self.address = address
        """Address on the device."""
        self.size = size
        """Bytes."""


class DirectEvent:
    """A CUDA event."""

    def __init__(self, driver: Driver, *, timed: bool) -> None:
        self._driver = driver
        self._record = driver.function("cuEventRecord")
        self._synchronize = driver.function("cuEventSynchronize")
        made = ctypes.c_void_p()
        flags = 0 if timed else DISABLE_TIMING
        driver.call("cuEventCreate", ctypes.byref(made), flags, doing="creating a CUDA event")
        self.handle = made.value or 0
        """The driver's handle."""

    def record(self, stream: Any) -> None:
        """Put the point behind all work that the stream has now."""
        code = self._record(self.handle, stream.handle)
        if code:
            raise self._driver.failure(code, "recording a CUDA event")

    def synchronize(self) -> None:
        """Return once the work before the point is done."""
        code = self._synchronize(self.handle)
        if code:
            raise self._driver.failure(code, "waiting for the device")

    def elapsed_ms(self, since: Any) -> float:
        """Return the milliseconds since an earlier point."""
        spent = ctypes.c_float()
        self._driver.call(
            "cuEventElapsedTime",
            ctypes.byref(spent),
            since.handle,
            self.handle,
            doing="reading a CUDA event's time",
        )
        return spent.value


class DirectStream:
    """A CUDA stream."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._wait = driver.function("cuStreamWaitEvent")
        made = ctypes.c_void_p()
        doing = "creating a CUDA stream"
        driver.call("cuStreamCreate", ctypes.byref(made), NON_BLOCKING, doing=doing)
        self.handle = made.value or 0
        """The driver's handle."""

    def wait(self, event: Any) -> None:
        """Let later work of this stream wait for a point of another."""
        code = self._wait(self.handle, event.handle, 0)
        if code:
            raise self._driver.failure(code, "letting a stream wait")

    def synchronize(self) -> None:
        """Return once all work of the stream is done."""
        self._driver.call("cuStreamSynchronize", self.handle, doing="waiting for the device")


class DirectDevice:
    """One CUDA device through ctypes; see `runtime.devices.cuda.Device`."""

    def __init__(self, driver: Driver, index: int) -> None:
        """Retain the device's primary context and make it the calling thread's.

        Args:
            driver: The driver, started.
            index: Index of the device.
        """
        self._driver = driver
        self._facts = read_facts(driver, index)
        self._context = ctypes.c_void_p()
        doing = f"opening device {index} ({self._facts.name})"
        driver.call("cuDevicePrimaryCtxRetain", ctypes.byref(self._context), index, doing=doing)
        self._memory: list[DirectMemory] = []
        self._pinned: list[int] = []
        self._events: list[DirectEvent] = []
        self._streams: list[DirectStream] = []
        self._graphs: list[LaunchGraph] = []
        self._gather: Gather | None = None
        self._in = driver.function("cuMemcpyHtoDAsync_v2")
        self._out = driver.function("cuMemcpyDtoHAsync_v2")
        self.attach()

    @property
    def facts(self) -> DeviceFacts:
        """Return what the device is."""
        return self._facts

    def attach(self) -> None:
        """Make the device's context the calling thread's."""
        doing = f"entering device {self._facts.index}"
        self._driver.call("cuCtxSetCurrent", self._context, doing=doing)

    def allocate(self, size: int, what: str) -> DirectMemory:
        """Return device memory; see `Device.allocate`."""
        made = ctypes.c_uint64()
        doing = f"allocating {-(-size // MIB)} MiB for {what} on device {self._facts.index}"
        self._driver.call("cuMemAlloc_v2", ctypes.byref(made), max(1, size), doing=doing)
        block = DirectMemory(made.value, size)
        self._memory.append(block)
        return block

    def pinned(self, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
        """Return a zeroed array in page-locked host memory."""
        import numpy as np

        size = max(1, math.prod(shape) * np.dtype(dtype).itemsize)
        made = ctypes.c_void_p()
        doing = f"locking {-(-size // MIB)} MiB of host memory"
        self._driver.call("cuMemHostAlloc", ctypes.byref(made), size, 0, doing=doing)
        address = made.value or 0
        self._pinned.append(address)
        raw = (ctypes.c_byte * size).from_address(address)
        array: NDArray[Any] = np.frombuffer(memoryview(raw), dtype, math.prod(shape)).reshape(shape)
        array[...] = 0
        return array

    def stream(self) -> DirectStream:
        """Return a new stream."""
        made = DirectStream(self._driver)
        self._streams.append(made)
        return made

    def event(self, *, timed: bool = False) -> DirectEvent:
        """Return a new event."""
        made = DirectEvent(self._driver, timed=timed)
        self._events.append(made)
        return made

    def copy_in(self, to: int, source: NDArray[Any], stream: Any) -> None:
        """Queue a copy from a host array to a device address."""
        code = self._in(to, source.ctypes.data, source.nbytes, stream.handle)
        if code:
            raise self._driver.failure(code, f"copying {source.nbytes} bytes to the device")

    def copy_out(self, target: NDArray[Any], source: int, stream: Any) -> None:
        """Queue a copy from a device address into a host array."""
        code = self._out(target.ctypes.data, source, target.nbytes, stream.handle)
        if code:
            raise self._driver.failure(code, f"copying {target.nbytes} bytes from the device")

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
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        self._driver.call(
            "cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total), doing="asking for memory"
        )
        return free.value, total.value

    def close(self) -> None:
        """Give everything back; a device that was lost refuses, and the process's end helps."""
        with suppress(HarnessError):
            self.attach()
            for stream in self._streams:
                stream.synchronize()
            for graph in self._graphs:
                graph.close()
            if self._gather is not None:
                self._gather.close()
            for event in self._events:
                self._driver.call("cuEventDestroy_v2", event.handle)
            for stream in self._streams:
                self._driver.call("cuStreamDestroy_v2", stream.handle)
            for block in self._memory:
                self._driver.call("cuMemFree_v2", block.address)
            for address in self._pinned:
                self._driver.call("cuMemFreeHost", address)
            self._driver.call("cuDevicePrimaryCtxRelease_v2", self._facts.index)
        self._memory, self._pinned, self._graphs = [], [], []
        self._events, self._streams, self._gather = [], [], None
