"""The way to NVML, the driver's management library: start it, and say why it does not answer.

`nvidia-ml-py` (imported as pynvml) is optional. Nothing is opened on a device: NVML only
answers questions. What goes wrong becomes a Problem with its mend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from runtime.errors import MissingError, Problem
from runtime.troubles.gpus import DEVICE_PERMISSION, DRIVER_MISMATCH, DRIVER_OLD, GPU_LOST
from runtime.troubles.machine import DRIVER_MISSING, PACKAGE_MISSING

T = TypeVar("T")

DEVICE_TREE = Path("/proc/device-tree/model")
"""Where Linux says which board an embedded computer is."""

KERNEL_MODULE = Path("/proc/driver/nvidia/version")
"""File that is there while the kernel module of the driver is loaded."""

INSTALL = "run `python -m pip install 'calliope-harness[gpu]'`"
"""Command that brings the package."""


class NvmlError(MissingError):
    """NVML does not answer: package, driver, rights or device; one problem with its mend."""


@contextmanager
def started() -> Iterator[Any]:
    """Yield the started NVML (the module pynvml); it is shut down afterwards.

    Raises:
        NvmlError: It cannot be started, or a question inside the block failed.
    """
    try:
        import pynvml as nvml
    except ImportError:
        raise NvmlError(_no_package()) from None
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        raise NvmlError(_no_start(nvml, error)) from error
    try:
        yield nvml
    except nvml.NVMLError as error:
        raise NvmlError(problem_of(nvml, error)) from error
    finally:
        _shut_down(nvml)


def ask(nvml: Any, question: Callable[..., T], *arguments: Any) -> T | None:
    """Return an answer, or None where this board, driver or user does not get one.

    Args:
        nvml: The module pynvml.
        question: A function of it.
        arguments: What the function takes.

    Raises:
        pynvml.NVMLError: The device is lost, or the driver fails: that is no missing answer.
    """
    try:
        return question(*arguments)
    except nvml.NVMLError as error:
        silent = (
            nvml.NVML_ERROR_NOT_SUPPORTED,
            nvml.NVML_ERROR_FUNCTION_NOT_FOUND,
            nvml.NVML_ERROR_NO_PERMISSION,
            nvml.NVML_ERROR_INVALID_ARGUMENT,
            nvml.NVML_ERROR_NOT_FOUND,
            nvml.NVML_ERROR_NO_DATA,
        )
        if error.value in silent:
            return None
        raise


def problem_of(nvml: Any, error: Any, where: str = "NVML") -> Problem:
    """Return an error of NVML with what it means and its mend.

    Args:
        nvml: The module pynvml.
        error: The NVMLError.
        where: What was asked, or which GPU.
    """
    code = error.value
    if code == nvml.NVML_ERROR_GPU_IS_LOST:
        want, do, trouble = (
            "a GPU that answers",
            "read `sudo dmesg | grep -i xid`, reboot",
            GPU_LOST,
        )
    elif code == nvml.NVML_ERROR_NO_PERMISSION:
        want = "the right to ask the driver"
        do, trouble = "look at `ls -l /dev/nvidia*`, join their group", DEVICE_PERMISSION
    elif code == nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
        want = "driver and library of one version"
        do, trouble = "reboot, or reload the kernel module; start a container anew", DRIVER_MISMATCH
    elif code == nvml.NVML_ERROR_FUNCTION_NOT_FOUND:
        want, do, trouble = "a driver that knows the question", "update the driver", DRIVER_OLD
    else:
        want, do, trouble = "an answer of the driver", "see what `nvidia-smi` says", DRIVER_MISSING
    return Problem(where, want, text(str(error)), do, trouble.code)


def jetson_model(path: Path | None = None) -> str:
    """Return the board name of a Jetson module; empty on every other machine."""
    try:
        model = (path or DEVICE_TREE).read_bytes().rstrip(b"\0").decode(errors="replace")
    except OSError:
        return ""
    return model if "Jetson" in model else ""


def text(value: str | bytes) -> str:
    """Return NVML's text; old versions of its package give bytes."""
    return value.decode() if isinstance(value, bytes) else value


def _shut_down(nvml: Any) -> None:
    """Give NVML back; a driver that is gone by then needs no goodbye."""
    try:
        nvml.nvmlShutdown()
    except nvml.NVMLError:
        return


def _no_package() -> Problem:
    """Return the problem of the missing package, with what the machine shows without it."""
    if jetson_model():
        return _jetson()
    got = "no NVIDIA driver is loaded, and the package nvidia-ml-py is not installed"
    if KERNEL_MODULE.exists():
        got = "a driver is loaded, but the package nvidia-ml-py is not installed"
    code = PACKAGE_MISSING.code if KERNEL_MODULE.exists() else DRIVER_MISSING.code
    return Problem("GPUs", "NVML and its package", got, INSTALL, code)


def _no_start(nvml: Any, error: Any) -> Problem:
    """Return why NVML did not start."""
    if jetson_model():
        return _jetson()
    where, want, told = "NVIDIA driver", "one that answers", text(str(error))
    if error.value == nvml.NVML_ERROR_LIBRARY_NOT_FOUND:
        do = "install the driver; in a container, start it with `--gpus all`"
        got = f"no libnvidia-ml.so.1 ({told})"
        return Problem(where, want, got, do, DRIVER_MISSING.code)
    if error.value == nvml.NVML_ERROR_DRIVER_NOT_LOADED:
        do = "run `sudo modprobe nvidia`, then read `sudo dmesg | grep -i nvrm`"
        return Problem(where, want, f"its library only ({told})", do, DRIVER_MISSING.code)
    return problem_of(nvml, error, where)


def _jetson() -> Problem:
    """Return that a Jetson's NVML does not describe its GPU."""
    got = f"a Jetson ({jetson_model()}), whose NVML does not describe its GPU"
    do = "nothing: the module is known by its board name; use `tegrastats` for clocks and power"
    return Problem("GPUs", "NVML's list of GPUs", got, do)
