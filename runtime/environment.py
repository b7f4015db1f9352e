"""Facts about machine, packages and source that a run record carries.

Everything is read when asked for; nothing is kept, nothing is changed.
"""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from runtime import __version__
from runtime.record import Code, Machine

PACKAGES: dict[str, str] = {
    "loadgen": "mlcommons-loadgen",
    "onnxruntime": "onnxruntime",
    "onnxruntime-gpu": "onnxruntime-gpu",
    "onnx": "onnx",
    "numpy": "numpy",
    "scikit-learn": "scikit-learn",
    "tensorrt": "tensorrt",
    "pycuda": "pycuda",
    "tritonclient": "tritonclient",
    "nvidia-pytriton": "nvidia-pytriton",
}
"""Distributions whose versions a record states, by the name in the record."""

GIT_TIMEOUT_S = 10
"""Longest wait for git, in seconds."""


def read_machine() -> Machine:
    """Return the computer as this process sees it."""
    names, driver = read_devices()
    return Machine(
        cpu=_cpu_model(),
        cores=_cores(),
        memory_gib=_memory_gib(),
        os=f"{_os_name()}, kernel {platform.release()}, {platform.machine()}",
        python=platform.python_version(),
        devices=names,
        driver=driver,
    )


def read_packages() -> dict[str, str]:
    """Return the versions of the installed packages that matter, by name."""
    found = {name: _version(distribution) for name, distribution in PACKAGES.items()}
    return {name: version for name, version in found.items() if version}


def read_code() -> Code:
    """Return version and, where the package lies in its own git checkout, commit and state."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return Code(version=__version__)
    commit = _git(root, "rev-parse", "HEAD")
    if not commit:
        return Code(version=__version__)
    modified = bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
    return Code(version=__version__, commit=commit, modified=modified)


def read_devices() -> tuple[tuple[str, ...], str]:
    """Return the accelerators' names and the driver's version; both empty without any."""
    from runtime.devices.inventory import discover

    found = discover()
    return tuple(gpu.name for gpu in found.gpus), found.driver


def _version(distribution: str) -> str:
    """Return the version of an installed distribution; empty where it is not there."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _cpu_model() -> str:
    """Return the processor's name, or its architecture where nothing tells."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"model name", "Model", "Hardware"} and value.strip():
            return " ".join(value.split())
    return platform.processor() or platform.machine()


def _cores() -> int:
    """Return the logical processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_gib() -> float:
    """Return the main memory in GiB, to one digit."""
    import psutil

    return float(round(psutil.virtual_memory().total / 2**30, 1))


def _os_name() -> str:
    """Return the distribution's name and version, or the system's name."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _git(root: Path, *arguments: str) -> str:
    """Return what git prints; empty where it fails or is not there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=GIT_TIMEOUT_S,
            check=True,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
