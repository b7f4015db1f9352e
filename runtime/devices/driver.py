"""Whether the NVIDIA driver is new enough for the CUDA libraries that are installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import metadata

from runtime.devices.gpus import Found
from runtime.errors import Problem
from runtime.troubles.gpus import DRIVER_OLD

LEAST_DRIVER = {11: "450.80.02", 12: "525.60.13", 13: "580"}
"""Oldest driver on Linux by the CUDA major version of a library.

Source: NVIDIA CUDA Toolkit Release Notes, "CUDA Toolkit and Minimum Required Driver Version
    for CUDA Minor Version Compatibility".
"""

BUILT_FOR = {
    "tensorrt-cu11": 11,
    "tensorrt-cu12": 12,
    "tensorrt-cu13": 13,
    "nvidia-cuda-runtime-cu11": 11,
    "nvidia-cuda-runtime-cu12": 12,
}
"""CUDA major version of distributions that say it in their name."""

RUNTIME = "nvidia-cuda-runtime"
"""Distribution whose own version is that of CUDA."""


def needed_cuda(version: Callable[[str], str] = metadata.version) -> Iterator[tuple[str, int]]:
    """Yield every installed CUDA library with the CUDA major version that it was built for.

    Args:
        version: Returns a distribution's version, or raises PackageNotFoundError.
    """
    for name, major in BUILT_FOR.items():
        if _installed(name, version):
            yield name, major
    found = _installed(RUNTIME, version)
    if found.partition(".")[0].isdigit():
        yield RUNTIME, int(found.partition(".")[0])


def check_driver(
    found: Found, version: Callable[[str], str] = metadata.version
) -> Iterator[Problem]:
    """Yield a problem for every installed library that is too new for the driver.

    Args:
        found: The machine's GPUs with the driver's versions.
        version: As for `needed_cuda`.
    """
    knows = found.cuda.partition(".")[0]
    for name, major in needed_cuda(version) if knows.isdigit() else ():
        if int(knows) < major:
            yield Problem(
                "NVIDIA driver",
                f"one for CUDA {major} ({LEAST_DRIVER.get(major, 'a later one')}) for {name}",
                f"{found.driver}, which knows CUDA {found.cuda}",
                f"update the driver, or install libraries for CUDA {knows}",
                DRIVER_OLD.code,
            )


def _installed(name: str, version: Callable[[str], str]) -> str:
    """Return a distribution's version; empty where it is not installed."""
    try:
        return version(name)
    except metadata.PackageNotFoundError:
        return ""
