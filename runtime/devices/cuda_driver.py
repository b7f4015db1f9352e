"""The CUDA driver API through ctypes: one table of functions, every result checked.

The harness needs it for what pycuda has not (CUDA graphs), for questions that must be asked
before anything else touches a GPU, and where pycuda is not installed.

Source: CUDA Driver API reference; the names are those that `cuda.h` maps the functions to.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_float, c_int, c_size_t, c_uint, c_uint64, c_void_p
from typing import Any

from runtime.devices.cuda_errors import OUT_OF_MEMORY, failure, no_driver, too_old
from runtime.errors import HarnessError

LIBRARY = "libcuda.so.1"
"""File that the driver brings; the loader finds it."""

LEAST_CUDA = 11_040
"""Least CUDA version of the driver, as `cuDriverGetVersion` numbers it.

Source: CUDA Driver API, `cuGraphInstantiateWithFlags` is there from 11.4 on.
"""

MIB = 1 << 20
"""Bytes in a MiB."""

_INT, _SIZE, _ANY = POINTER(c_int), POINTER(c_size_t), POINTER(c_void_p)

FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "cuInit": (c_uint,),
    "cuDriverGetVersion": (_INT,),
    "cuDeviceGetCount": (_INT,),
    "cuDeviceGet": (_INT, c_int),
    "cuDeviceGetName": (c_char_p, c_int, c_int),
    "cuDeviceGetAttribute": (_INT, c_int, c_int),
    "cuDeviceTotalMem_v2": (_SIZE, c_int),
    "cuDeviceGetPCIBusId": (c_char_p, c_int, c_int),
    "cuDevicePrimaryCtxRetain": (_ANY, c_int),
    "cuDevicePrimaryCtxRelease_v2": (c_int,),
    "cuCtxSetCurrent": (c_void_p,),
    "cuMemGetInfo_v2": (_SIZE, _SIZE),
    "cuMemAlloc_v2": (POINTER(c_uint64), c_size_t),
    "cuMemFree_v2": (c_uint64,),
    "cuMemHostAlloc": (_ANY, c_size_t, c_uint),
    "cuMemFreeHost": (c_void_p,),
    "cuMemcpyHtoDAsync_v2": (c_uint64, c_void_p, c_size_t, c_void_p),
    "cuMemcpyDtoHAsync_v2": (c_void_p, c_uint64, c_size_t, c_void_p),
    "cuStreamCreate": (_ANY, c_uint),
    "cuStreamDestroy_v2": (c_void_p,),
    "cuStreamSynchronize": (c_void_p,),
    "cuStreamWaitEvent": (c_void_p, c_void_p, c_uint),
    "cuEventCreate": (_ANY, c_uint),
    "cuEventDestroy_v2": (c_void_p,),
    "cuEventRecord": (c_void_p, c_void_p),
    "cuEventSynchronize": (c_void_p,),
    "cuEventElapsedTime": (POINTER(c_float), c_void_p, c_void_p),
    "cuStreamBeginCapture_v2": (c_void_p, c_int),
    "cuStreamEndCapture": (c_void_p, _ANY),
    "cuGraphInstantiateWithFlags": (_ANY, c_void_p, c_uint64),
    "cuGraphLaunch": (c_void_p, c_void_p),
    "cuGraphExecDestroy": (c_void_p,),
    "cuGraphDestroy": (c_void_p,),
    "cuModuleLoadData": (_ANY, c_char_p),
    "cuModuleGetFunction": (_ANY, c_void_p, c_char_p),
    "cuModuleUnload": (c_void_p,),
    "cuLaunchKernel": (c_void_p, *(c_uint,) * 7, c_void_p, _ANY, _ANY),
}
"""Every driver function that the harness calls, with the types of its arguments."""

_TEXTS = ("cuGetErrorName", "cuGetErrorString")


class Driver:
    """The driver's functions; each returns or raises what its result code means."""

    def __init__(self, library: str = LIBRARY) -> None:
        """Load the library and ask its version; no device is touched.

        Args:
            library: File name or path of the driver library.

        Raises:
            MissingError: There is none, or it is too old.
        """
        try:
            self._library = ctypes.CDLL(library)
        except OSError as error:
            raise no_driver(str(error)) from error
        self._functions = {}
        have = self._bare_version()
        for name, types in FUNCTIONS.items():
            function = getattr(self._library, name, None)
            if function is None:
                raise too_old(have, LEAST_CUDA, name)
            function.argtypes, function.restype = types, c_int
            self._functions[name] = function
        if have < LEAST_CUDA:
            raise too_old(have, LEAST_CUDA)
        self.version = have
        """CUDA version of the driver: 12040 for 12.4."""

    def call(self, name: str, *arguments: Any, doing: str = "") -> None:
        """Call a function of the table.

        Args:
            name: Its name in `FUNCTIONS`.
            arguments: Its arguments.
            doing: What for, for messages; empty names the function.

        Raises:
            HarnessError: What the result code means.
        """
        code = self._functions[name](*arguments)
        if code:
            raise self.failure(code, doing or name)

    def function(self, name: str) -> Any:
        """Return a function of the table as it is, for loops that check its result themselves."""
        return self._functions[name]

    def failure(self, code: int, doing: str, *, context: bool = True) -> HarnessError:
        """Return the error of a result code, with free memory where that matters.

        Args:
            code: Result code, not 0.
            doing: What was being done.
            context: Whether a context is current, so that memory can be asked for.
        """
        seen = ""
        if code == OUT_OF_MEMORY and context:
            free, total = c_size_t(), c_size_t()
            if not self._functions["cuMemGetInfo_v2"](ctypes.byref(free), ctypes.byref(total)):
                seen = f"{free.value // MIB} of {total.value // MIB} MiB are free"
        name, text = (self._text(function, code) for function in _TEXTS)
        return failure(code, doing, name, text, seen)

    def _text(self, function: str, code: int) -> str:
        """Return the driver's name or words of a result code; empty where it has none."""
        pointer = c_char_p()
        asked = getattr(self._library, function, None)
        if asked is None or asked(c_int(code), ctypes.byref(pointer)) or not pointer.value:
            return ""
        return pointer.value.decode(errors="replace")

    def _bare_version(self) -> int:
        """Return the driver's CUDA version, before the table is checked; 0 where it tells none."""
        number, ask = c_int(), getattr(self._library, "cuDriverGetVersion", None)
        if ask is None or ask(ctypes.byref(number)):
            return 0
        return number.value
