"""What the CUDA driver's result codes mean to a user: reason, mend and exit code.

Source: CUDA Driver API, `CUresult`.
"""

from __future__ import annotations

from dataclasses import dataclass

from runtime.errors import HarnessError, MissingError, Problem, RunError
from runtime.troubles.engines import CUDA_LOST, CUDA_MEMORY, CUDA_REFUSED
from runtime.troubles.gpus import DRIVER_MISMATCH, DRIVER_OLD
from runtime.troubles.machine import DEVICE_MISSING, DRIVER_MISSING
from runtime.troubles.model import Trouble

OUT_OF_MEMORY = 2
"""`CUDA_ERROR_OUT_OF_MEMORY`."""

NOT_READY = 600
"""`CUDA_ERROR_NOT_READY`: an answer, not a failure."""


@dataclass(frozen=True)
class Meaning:
    """What one result code tells."""

    name: str
    """The driver's name of the code."""
    trouble: Trouble
    """Section of the troubleshooting page."""
    do: str
    """What to do about it."""
    missing: bool = False
    """Whether the machine lacks something, rather than a run that failed."""


_LOST = "look for Xid lines with `dmesg | grep -i xid`, then run again; nothing of this run is lost"
_SHARE = "look with `nvidia-smi` who holds it and in which compute mode it is"
_UPDATE = "install a newer driver, or libraries that were built for the older one"
_RELOAD = "reboot, or reload the kernel module; start a container anew"
_SMALLER = "lower batch_size, lanes or inflight_batches, or free the memory that others hold"

MEANINGS: dict[int, Meaning] = {
    2: Meaning("CUDA_ERROR_OUT_OF_MEMORY", CUDA_MEMORY, _SMALLER),
    3: Meaning(
        "CUDA_ERROR_NOT_INITIALIZED", DRIVER_MISSING, "run `nvidia-smi` on the host", missing=True
    ),
    34: Meaning(
        "CUDA_ERROR_STUB_LIBRARY",
        DRIVER_MISSING,
        "take the toolkit's stubs folder out of LD_LIBRARY_PATH; the driver brings the real one",
        missing=True,
    ),
    36: Meaning("CUDA_ERROR_CALL_REQUIRES_NEWER_DRIVER", DRIVER_OLD, _UPDATE, missing=True),
    46: Meaning("CUDA_ERROR_DEVICE_UNAVAILABLE", CUDA_REFUSED, _SHARE, missing=True),
    100: Meaning(
        "CUDA_ERROR_NO_DEVICE",
        DEVICE_MISSING,
        "look at `nvidia-smi -L` and at CUDA_VISIBLE_DEVICES; give a container its GPUs",
        missing=True,
    ),
    101: Meaning(
        "CUDA_ERROR_INVALID_DEVICE",
        DEVICE_MISSING,
        "choose a target with as many devices as this machine has",
        missing=True,
    ),
    200: Meaning("CUDA_ERROR_INVALID_IMAGE", DRIVER_OLD, _UPDATE),
    209: Meaning("CUDA_ERROR_NO_BINARY_FOR_GPU", DRIVER_OLD, _UPDATE),
    214: Meaning("CUDA_ERROR_ECC_UNCORRECTABLE", CUDA_LOST, _LOST),
    218: Meaning("CUDA_ERROR_INVALID_PTX", DRIVER_OLD, _UPDATE),
    222: Meaning("CUDA_ERROR_UNSUPPORTED_PTX_VERSION", DRIVER_OLD, _UPDATE),
    226: Meaning("CUDA_ERROR_CONTAINED", CUDA_LOST, _LOST),
    304: Meaning("CUDA_ERROR_OPERATING_SYSTEM", CUDA_REFUSED, _SHARE, missing=True),
    700: Meaning("CUDA_ERROR_ILLEGAL_ADDRESS", CUDA_LOST, _LOST),
    702: Meaning("CUDA_ERROR_LAUNCH_TIMEOUT", CUDA_LOST, _LOST),
    719: Meaning("CUDA_ERROR_LAUNCH_FAILED", CUDA_LOST, _LOST),
    800: Meaning("CUDA_ERROR_NOT_PERMITTED", CUDA_REFUSED, _SHARE, missing=True),
    802: Meaning(
        "CUDA_ERROR_SYSTEM_NOT_READY",
        DRIVER_MISSING,
        "start the services that the board needs, on NVSwitch systems nvidia-fabricmanager",
        missing=True,
    ),
    803: Meaning("CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", DRIVER_MISMATCH, _RELOAD, missing=True),
    804: Meaning("CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE", DRIVER_OLD, _UPDATE, missing=True),
    999: Meaning("CUDA_ERROR_UNKNOWN", CUDA_LOST, _LOST),
}
"""Codes that mean something to a user; every other one is told by its name."""


def failure(code: int, doing: str, name: str = "", text: str = "", seen: str = "") -> HarnessError:
    """Return the error of a driver call that failed.

    Args:
        code: What the call returned; not 0.
        doing: What was being done: `allocating 12 MiB for the input on device 0`.
        name: The driver's own name of the code, where it told one.
        text: The driver's own words, where it told some.
        seen: What else is known: free memory.
    """
    known = MEANINGS.get(code)
    called = name or (known.name if known else "an unknown result")
    got = f"{called} ({code})" + (f": {text}" if text else "") + (f"; {seen}" if seen else "")
    if known is None:
        do = "this is a fault of the harness or the driver; run it again and report the message"
        return RunError(Problem(doing, "success of the CUDA driver", got, do, CUDA_LOST.code))
    problem = Problem(doing, "success of the CUDA driver", got, known.do, known.trouble.code)
    return MissingError(problem) if known.missing else RunError(problem)


def no_driver(reason: str) -> HarnessError:
    """Return the error of a driver library that cannot be loaded.

    Args:
        reason: What the loader said.
    """
    want = "the NVIDIA driver's libcuda.so.1"
    do = "install the driver; start a container with its GPUs (--gpus all)"
    return MissingError(Problem("CUDA driver", want, reason, do, DRIVER_MISSING.code))


def too_old(have: int, need: int, lacks: str = "") -> HarnessError:
    """Return the error of a driver that is older than needed.

    Args:
        have: CUDA version of the driver, as it numbers them: 12040.
        need: Least version.
        lacks: A function that its library does not have; empty where only the number is low.
    """
    got = f"one for CUDA {version_text(have)}" + (f" without {lacks}" if lacks else "")
    want = f"a driver for CUDA {version_text(need)} or newer"
    return MissingError(Problem("CUDA driver", want, got, _UPDATE, DRIVER_OLD.code))


def version_text(number: int) -> str:
    """Return a CUDA version in words: 12040 is `12.4`."""
    return f"{number // 1000}.{number % 1000 // 10}"
