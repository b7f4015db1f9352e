"""Finds a Triton server: one that is named, one of a container, or the one that pip brings."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata, util
from pathlib import Path

from runtime.artifacts import cache_folder
from runtime.errors import ArtifactError, MissingError, Problem
from runtime.troubles.served import TRITON_BACKEND_MISSING, TRITON_SERVER_MISSING

VARIABLE = "HARNESS_TRITON"
"""Environment variable that names a server: its folder, or its binary."""

CONTAINER = Path("/opt/tritonserver")
"""Where NVIDIA's containers have the server.

Source: Triton Inference Server documentation, "Building Triton", layout of the container.
"""

WHEEL = "nvidia-pytriton"
"""Distribution whose wheel carries a server with the Python backend."""

INSTALL = "python -m pip install 'calliope-harness[triton]'"
"""Line that brings a server and the client's library."""


@dataclass(frozen=True, kw_only=True)
class Install:
    """A server that can be started."""

    binary: Path
    """The program."""
    backends: Path
    """Folder with one folder a backend."""
    origin: str
    """Where it comes from, for messages and records: `nvidia-pytriton 0.7.0`."""
    environment: dict[str, str] = field(default_factory=dict)
    """Variables that the program needs beside the caller's."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the backends that are installed, by name."""
        return tuple(sorted(p.parent.name for p in self.backends.glob("*/libtriton_*.so")))

    def require(self, backend: str) -> None:
        """Return when a backend is installed.

        Raises:
            MissingError: It is not; the message names those that are.
        """
        if backend in self.names:
            return
        raise MissingError(
            Problem(
                f"Triton backend {backend}",
                f"libtriton_{backend}.so under {self.backends}",
                "only " + (", ".join(self.names) or "an empty folder"),
                "use a server that has it (NVIDIA's container has all), or `--backend python`",
                TRITON_BACKEND_MISSING.code,
            )
        )


def find_server(environment: Mapping[str, str] = os.environ) -> Install:
    """Return the server to use: `HARNESS_TRITON`, the container's, on PATH, or the wheel's.

    Args:
        environment: Variables to look at.

    Raises:
        MissingError: There is none.
        ArtifactError: The cache folder cannot take the wheel's backend.
    """
    named = environment.get(VARIABLE)
    if named:
        return _of_path(Path(named).expanduser(), VARIABLE)
    if (CONTAINER / "bin" / "tritonserver").is_file():
        return _of_path(CONTAINER, "container")
    found = shutil.which("tritonserver", path=environment.get("PATH"))
    if found:
        return _of_path(Path(found), "PATH")
    site = _wheel_site()
    if site is not None:
        return _of_wheel(site, environment)
    raise MissingError(
        Problem(
            "Triton server",
            f"a tritonserver named by {VARIABLE}, in {CONTAINER}, on PATH, or of {WHEEL}",
            "none",
            f"run `{INSTALL}`, or set {VARIABLE} to the folder of a server",
            TRITON_SERVER_MISSING.code,
        )
    )


def server_origin() -> str:
    """Return where the server would come from; empty where there is none. Nothing is made."""
    named = os.environ.get(VARIABLE)
    if named:
        return f"{VARIABLE}={named}"
    if (CONTAINER / "bin" / "tritonserver").is_file():
        return str(CONTAINER)
    found = shutil.which("tritonserver")
    if found or _wheel_site() is None:
        return found or ""
    return f"{WHEEL} {metadata.version(WHEEL)}"


def _of_path(path: Path, origin: str) -> Install:
    """Return the server of a folder with bin/ and backends/, or of its binary."""
    binary = path if path.is_file() else path / "bin" / "tritonserver"
    root = binary.resolve().parent.parent
    if not binary.is_file() or not os.access(binary, os.X_OK):
        raise MissingError(
            Problem(
                origin,
                "a tritonserver, or the folder that has it in bin/",
                f"no program at {binary}",
                f"correct {origin}, or unset it and run `{INSTALL}`",
                TRITON_SERVER_MISSING.code,
            )
        )
    return Install(binary=binary, backends=root / "backends", origin=f"{origin} {binary}")


def _wheel_site() -> Path | None:
    """Return the folder that the wheel is installed in; None where it is not."""
    try:
        spec = util.find_spec("pytriton")
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    site = Path(next(iter(spec.submodule_search_locations))).parent
    return site if (site / "pytriton" / "tritonserver" / "bin" / "tritonserver").is_file() else None


def _of_wheel(site: Path, environment: Mapping[str, str]) -> Install:
    """Return the server of the wheel, its Python backend completed for this Python.

    Why: the wheel carries a stub program for each Python beside the backend, and the
        backend looks for the stub in its own folder. The stub takes its Python from the
        first `python3` on PATH and ignores PYTHONPATH, so PATH begins with ours.
    """
    version = metadata.version(WHEEL)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    server = site / "pytriton" / "tritonserver"
    stub = server / "python_backend_stubs" / python / "triton_python_backend_stub"
    if not stub.is_file():
        has = ", ".join(sorted(p.name for p in stub.parent.parent.glob("*")))
        raise MissingError(
            Problem(
                f"{WHEEL} {version}",
                f"a stub of the Python backend for Python {python}",
                f"stubs for {has}",
                f"use one of these, or set {VARIABLE} to another server",
                TRITON_SERVER_MISSING.code,
            )
        )
    backends = _completed(server / "backends", stub, f"server-{version}-py{python}")
    libraries = [str(site / f"{WHEEL.replace('-', '_')}.libs"), str(Path(sys.base_prefix) / "lib")]
    paths = [p for p in sys.path if p.endswith(("site-packages", "dist-packages"))]
    return Install(
        binary=server / "bin" / "tritonserver",
        backends=backends,
        origin=f"{WHEEL} {version}",
        environment={
            "PATH": _joined([str(Path(sys.executable).parent)], environment.get("PATH")),
            "LD_LIBRARY_PATH": _joined(libraries, environment.get("LD_LIBRARY_PATH")),
            "PYTHONPATH": _joined(paths, environment.get("PYTHONPATH")),
        },
    )


def _completed(source: Path, stub: Path, name: str) -> Path:
    """Return a copy of the backends folder that has the stub, made once per version."""
    folder = cache_folder() / "triton" / name
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=folder.parent))
        shutil.copytree(source, made / "backends")
        copy = made / "backends" / "python" / stub.name
        shutil.copyfile(stub, copy)
        copy.chmod(0o755)
        try:
            (made / "backends").rename(folder)
        except OSError:
            if not folder.is_dir():  # another process may have been first
                raise
        shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        got = f"{error.strerror or error}"
        do = "free space there, or name another cache with HARNESS_CACHE"
        raise ArtifactError(Problem(str(folder), "a copy of the backends", got, do)) from error
    return folder


def _joined(first: list[str], before: str | None) -> str:
    """Return folders joined as a search path, what was there behind them."""
    return os.pathsep.join([*first, *([before] if before else [])])
