"""Fixtures that need a compiler: a CUDA driver library without a GPU."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "cuda" / "stub_cuda.c"


@pytest.fixture(scope="session")
def cuda_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a `libcuda.so.1` that queues work on host memory, records calls and injects errors.

    It has no soname, so that loading it by its path leaves `libcuda.so.1` unknown to the process.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: the stub of the CUDA driver cannot be made")
    library = tmp_path_factory.mktemp("cuda") / "libcuda.so.1"
    command = [
        compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden",
        str(SOURCE), "-o", str(library), "-lpthread",
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return library
