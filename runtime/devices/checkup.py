"""Everything that `harness doctor` looks at, as one plain object; nothing is changed."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from runtime.artifacts import (
    RESULTS,
    Place,
    cache_folder,
    probe,
    problem_of,
    record_folder,
)
from runtime.configs.target import Target
from runtime.devices import host, packages
from runtime.devices.detection import detect
from runtime.devices.discovery import availability
from runtime.devices.gpus import Availability, Found, Match, SliceMatch
from runtime.environment import read_machine
from runtime.errors import Problem
from runtime.record import Machine

NEEDED = ("mlcommons-loadgen", "onnxruntime", "onnx", "numpy", "scikit-learn", "psutil")
"""Distributions without which the cpu target cannot run."""

AUDIT_NAME = "audit.config"
"""File that LoadGen reads from the working directory, and that turns a run into an audit."""


@dataclass(frozen=True, kw_only=True)
class Library:
    """One library, as found."""

    name: str
    """Distribution to install."""
    version: str
    """Installed version; empty where it is missing."""
    purpose: str
    """What cannot be done without it."""
    install: str
    """Command that installs it."""
    needed: bool
    """Whether the cpu target needs it."""


@dataclass(frozen=True, kw_only=True)
class Checkup:
    """What this machine has and lacks."""

    python: str
    """Version of the interpreter."""
    machine: Machine | None
    """The computer; None where psutil is missing."""
    libraries: tuple[Library, ...]
    """Every library that the harness can use."""
    cores: int
    """Processors that this process may use: affinity and container quota."""
    loadgen_seeds: str
    """MLPerf round whose seeds the LoadGen wheel carries; empty where unknown."""
    found: Found
    """Accelerators, or why there are none."""
    matches: tuple[Match, ...]
    """Which target each GPU is."""
    slices: tuple[SliceMatch, ...]
    """Which target each MIG slice is."""
    driver: tuple[Problem, ...]
    """Installed libraries that are too new for the driver."""
    limits: tuple[host.Limit, ...]
    """Limits of this process."""
    places: dict[str, Place]
    """Folders that a run writes to, by what they are for."""
    audit: str
    """Path of an audit.config in the working directory; empty when there is none."""
    targets: tuple[Availability, ...]
    """Whether each target can run here."""
    missing: tuple[str, ...]
    """What stops the cpu target from running, each with its mend; empty when nothing does."""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        import msgspec

        plain = {k: v for k, v in self.__dict__.items() if k not in ("machine", "places")}
        made: dict[str, Any] = {"kind": "calliope.doctor", "schema": 1, "ok": not self.missing}
        made |= {k: _plain(v) for k, v in plain.items()}
        made["machine"] = msgspec.to_builtins(self.machine)
        made["places"] = {
            name: {**asdict(p), "path": str(p.path), "existing": str(p.existing)}
            for name, p in self.places.items()
        }
        return made


def examine(targets: Iterable[Target]) -> Checkup:
    """Return what this machine has and lacks for a set of targets."""
    libraries = tuple(_library(p) for p in packages.PACKAGES)
    versions = {lib.name: lib.version for lib in libraries}
    known = tuple(targets)
    detection = detect(known)
    found = detection.found
    places = {"results": probe(Path(RESULTS)), "cache": probe(cache_folder())}
    records = record_folder()
    if records is not None:
        places["records"] = probe(records)
    audit = Path(AUDIT_NAME).absolute()
    held = str(audit) if audit.exists() else ""
    return Checkup(
        python=platform.python_version(),
        machine=read_machine() if versions["psutil"] else None,
        cores=host.usable_cores(),
        libraries=libraries,
        loadgen_seeds=packages.seeds_of(versions["mlcommons-loadgen"]),
        found=found,
        matches=detection.matches,
        slices=detection.slices,
        driver=detection.driver,
        limits=host.limits(),
        places=places,
        audit=held,
        targets=tuple(availability(t, found, known) for t in known),
        missing=tuple(_obstacles(libraries, places, held)),
    )


def _library(package: packages.Package) -> Library:
    """Return a package as found."""
    return Library(
        name=package.distribution,
        version=packages.version_of(package),
        purpose=package.purpose,
        install=packages.install_line(package),
        needed=package.distribution in NEEDED,
    )


def _obstacles(libraries: Iterable[Library], places: dict[str, Place], audit: str) -> Iterable[str]:
    """Yield what stops the cpu target from running."""
    for library in libraries:
        if library.needed and not library.version:
            yield f"{library.name} is not installed ({library.purpose}); run `{library.install}`"
    for name, place in places.items():
        found = problem_of(place, f"{name} folder")
        if found and name != "results":
            yield str(found)
    if audit:
        yield f"{audit} would turn every run here into a compliance test; move it away"


def _plain(value: Any) -> Any:
    """Return tuples and dataclasses as lists and dicts."""
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
