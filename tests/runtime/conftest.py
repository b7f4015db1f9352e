"""What several test files of the harness share; most of it needs a C compiler, none a GPU."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import nvml_standin
import pytest

CUDA_SOURCE = Path(__file__).parent / "cuda" / "stub_cuda.c"


@pytest.fixture(scope="session")
def nvml_library(tmp_path_factory):
    """Return the compiled stand-in for libnvidia-ml; skip where that cannot be had."""
    pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed")
    if nvml_standin.compiler() is None:
        pytest.skip("no C compiler for the NVML stand-in")
    return nvml_standin.build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def nvml_machine(nvml_library, tmp_path):
    """Return what makes a machine with GPUs: `nvml_machine("H200-141GB", ...)`."""
    made = []

    def make(*gpus):
        folder = tmp_path / f"nvml{len(made)}"
        folder.mkdir()
        made.append(nvml_standin.Standin(nvml_library, folder, gpus))
        return made[-1]

    return make


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
        str(CUDA_SOURCE), "-o", str(library), "-lpthread",
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return library
