"""What holds for all tests."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

CUDA_STUB = Path(__file__).parent / "runtime" / "cuda" / "stub_cuda.c"


def pytest_configure() -> None:
    """Take back an ignored SIGINT: a shell's background jobs and their children inherit it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
        str(CUDA_STUB), "-o", str(library), "-lpthread",
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return library
