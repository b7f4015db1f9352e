"""What both layers of the CUDA device have in common: facts, graphs, the gather kernel."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from runtime.devices.cuda import DeviceFacts, Graph
from runtime.devices.cuda_driver import Driver
from runtime.errors import Problem, RunError

THREAD_LOCAL = 1
"""`CU_STREAM_CAPTURE_MODE_THREAD_LOCAL`: only calls of this thread can spoil a capture."""

MULTIPROCESSORS, MAJOR, MINOR = 16, 75, 76
"""`CUdevice_attribute` of the multiprocessors and of the two parts of the compute capability."""

GATHER_THREADS = 256
"""Threads of one block of the gather kernel."""

WORD_BYTES = 4
"""Rows are copied in words of this size."""

_NAME_BYTES = 256


class Queue(Protocol):
    """Anything with a driver's stream handle."""

    @property
    def handle(self) -> int:
        """Return the driver's handle."""
        ...


def read_facts(driver: Driver, index: int) -> DeviceFacts:
    """Return what a device is; needs no context.

    Raises:
        MissingError: There is no such device.
    """
    device = ctypes.c_int()
    driver.call("cuDeviceGet", ctypes.byref(device), index, doing=f"opening device {index}")
    name = ctypes.create_string_buffer(_NAME_BYTES)
    driver.call("cuDeviceGetName", name, _NAME_BYTES, device.value)
    bus = ctypes.create_string_buffer(_NAME_BYTES)
    driver.call("cuDeviceGetPCIBusId", bus, _NAME_BYTES, device.value)
    total = ctypes.c_size_t()
    driver.call("cuDeviceTotalMem_v2", ctypes.byref(total), device.value)
    asked = {}
    for attribute in (MULTIPROCESSORS, MAJOR, MINOR):
        value = ctypes.c_int()
        driver.call("cuDeviceGetAttribute", ctypes.byref(value), attribute, device.value)
        asked[attribute] = value.value
    return DeviceFacts(
        index=index,
        name=name.value.decode(errors="replace"),
        compute_capability=f"{asked[MAJOR]}.{asked[MINOR]}",
        multiprocessors=asked[MULTIPROCESSORS],
        memory_bytes=total.value,
        pci_bus=bus.value.decode(errors="replace"),
        cuda=driver.version,
    )


class LaunchGraph:
    """An instantiated CUDA graph."""

    def __init__(self, driver: Driver, graph: ctypes.c_void_p) -> None:
        """Instantiate captured work; the captured form is given back.

        Args:
            driver: The driver.
            graph: What `cuStreamEndCapture` gave.
        """
        self._driver = driver
        self._handle = ctypes.c_void_p()
        try:
            driver.call(
                "cuGraphInstantiateWithFlags",
                ctypes.byref(self._handle),
                graph,
                0,
                doing="instantiating a CUDA graph",
            )
        finally:
            driver.call("cuGraphDestroy", graph)
        self._launch = driver.function("cuGraphLaunch")

    def launch(self, stream: Queue) -> None:
        """Put the captured work behind what the stream has now."""
        code = self._launch(self._handle, stream.handle)
        if code:
            raise self._driver.failure(code, "launching a CUDA graph")

    def close(self) -> None:
        """Give the graph back."""
        if self._handle:
            self._driver.call("cuGraphExecDestroy", self._handle)
            self._handle = ctypes.c_void_p()


@contextmanager
def capture(driver: Driver, stream: Queue, graphs: list[LaunchGraph]) -> Iterator[list[Graph]]:
    """Record the work of a stream into a graph; see `Device.capture`.

    Args:
        driver: The driver.
        stream: The stream.
        graphs: Gets the graph, for whoever closes the device.

    Raises:
        RunError: The work cannot be captured; the stream is usable again.
    """
    made: list[Graph] = []
    doing = "capturing a CUDA graph"
    driver.call("cuStreamBeginCapture_v2", stream.handle, THREAD_LOCAL, doing=doing)
    captured = ctypes.c_void_p()
    try:
        yield made
    except BaseException:
        driver.function("cuStreamEndCapture")(stream.handle, ctypes.byref(captured))
        raise
    driver.call("cuStreamEndCapture", stream.handle, ctypes.byref(captured), doing=doing)
    graph = LaunchGraph(driver, captured)
    graphs.append(graph)
    made.append(graph)


class Gather:
    """The kernel that copies chosen rows, loaded into the current context."""

    def __init__(self, driver: Driver) -> None:
        """Load the kernel; the driver compiles it for the device."""
        self._driver = driver
        self._module = ctypes.c_void_p()
        self._function = ctypes.c_void_p()
        text = (Path(__file__).parent / "gather.ptx").read_bytes()
        doing = "loading the gather kernel"
        driver.call("cuModuleLoadData", ctypes.byref(self._module), text, doing=doing)
        driver.call(
            "cuModuleGetFunction",
            ctypes.byref(self._function),
            self._module,
            b"gather_rows",
            doing=doing,
        )

    def __call__(
        self, to: int, library: int, rows: int, shape: tuple[int, int], stream: Queue
    ) -> None:
        """Queue the copy; see `Device.gather`.

        Raises:
            RunError: A row is not a whole number of words.
        """
        count, row_bytes = shape
        if row_bytes % WORD_BYTES:
            raise RunError(
                Problem(
                    "start_from_device",
                    f"samples of a multiple of {WORD_BYTES} bytes",
                    f"{row_bytes} bytes",
                    "set start_from_device=false",
                )
            )
        values: list[Any] = [
            ctypes.c_uint64(to),
            ctypes.c_uint64(library),
            ctypes.c_uint64(rows),
            ctypes.c_uint64(row_bytes // WORD_BYTES),
        ]
        pointers = (ctypes.c_void_p * len(values))(
            *(ctypes.cast(ctypes.byref(v), ctypes.c_void_p) for v in values)
        )
        grid, block = (count, 1, 1), (GATHER_THREADS, 1, 1)
        self._driver.call(
            "cuLaunchKernel",
            self._function,
            *grid,
            *block,
            0,
            stream.handle,
            pointers,
            None,
            doing=f"gathering {count} samples on the device",
        )

    def close(self) -> None:
        """Give the kernel back."""
        self._driver.call("cuModuleUnload", self._module)
