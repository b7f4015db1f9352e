"""Which libraries are installed, in which version, and what each is for."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata

from runtime.errors import MissingError, Problem
from runtime.policies.seeds import find_round
from runtime.troubles.machine import PACKAGE_MISSING


@dataclass(frozen=True, kw_only=True)
class Package:
    """A library that the harness can use."""

    distribution: str
    """Name to install."""
    module: str
    """Name to import."""
    purpose: str
    """What cannot be done without it."""
    extra: str = ""
    """Optional part of the harness that brings it; empty where it is always needed."""


PACKAGES: tuple[Package, ...] = (
    Package(
        distribution="mlcommons-loadgen",
        module="mlperf_loadgen",
        purpose="LoadGen: sends the queries and judges the run",
    ),
    Package(
        distribution="onnxruntime",
        module="onnxruntime",
        purpose="executes models on the CPU (and by other execution providers)",
    ),
    Package(distribution="onnx", module="onnx", purpose="reads and makes model files"),
    Package(distribution="numpy", module="numpy", purpose="samples and answers in memory"),
    Package(
        distribution="scikit-learn", module="sklearn", purpose="data set of the digits workload"
    ),
    Package(distribution="psutil", module="psutil", purpose="describes the machine in records"),
    Package(
        distribution="nvidia-ml-py",
        module="pynvml",
        purpose="finds NVIDIA GPUs",
        extra="gpu",
    ),
    Package(
        distribution="tensorrt", module="tensorrt", purpose="engines for NVIDIA GPUs", extra="gpu"
    ),
    Package(
        distribution="pycuda", module="pycuda", purpose="copies and streams on GPUs", extra="gpu"
    ),
    Package(
        distribution="nvidia-pytriton",
        module="pytriton",
        purpose="a Triton server with the Python backend, for machines without NVIDIA's container",
        extra="triton",
    ),
    Package(
        distribution="tritonclient",
        module="tritonclient",
        purpose="drives a Triton Inference Server",
        extra="triton",
    ),
)
"""Every library that the harness can use, the needed ones first."""


def version_of(package: Package) -> str:
    """Return the installed version; empty where the module cannot be found."""
    try:
        if importlib.util.find_spec(package.module) is None:
            return ""
    except (ImportError, ValueError):
        return ""
    names = (package.distribution, *_ALIASES.get(package.distribution, ()))
    return next((v for v in map(_metadata_version, names) if v), "unknown version")


def seeds_of(version: str) -> str:
    """Return the MLPerf round whose seeds a LoadGen wheel carries; empty where nobody looked."""
    found = find_round(version)
    return found.round if found is not None else ""


def require(distributions: Iterable[str]) -> None:
    """Return when every named package can be found.

    Raises:
        MissingError: With one problem a missing package and the line that installs it.
    """
    known = {p.distribution: p for p in PACKAGES}
    missing = [known[d] for d in distributions if not version_of(known[d])]
    if missing:
        raise MissingError(
            Problem(
                f"package {p.distribution}",
                f"the module {p.module} ({p.purpose})",
                "not installed",
                f"run `{install_line(p)}`",
                PACKAGE_MISSING.code,
            )
            for p in missing
        )


def install_line(package: Package) -> str:
    """Return the command that installs a package."""
    if package.extra:
        return f"python -m pip install 'calliope-harness[{package.extra}]'"
    return f"python -m pip install {package.distribution}"


_ALIASES = {"onnxruntime": ("onnxruntime-gpu", "onnxruntime-openvino")}
"""Distributions that bring the same module."""


def _metadata_version(distribution: str) -> str:
    """Return the version that a distribution's metadata states; empty where there is none."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""
