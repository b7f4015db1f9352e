"""What holds for all tests."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
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


@pytest.fixture(scope="session")
def copy_packages() -> Callable[[Path], Path]:
    """Return a function that copies both packages to a folder, for tests that edit them.

    The copy has no reference of the API: reading every module for it takes docgen several times
    as long as all else, and what such a test edits does not show there. Bytecode comes along; it
    holds as long as a file is not edited.
    """

    def copy(to: Path) -> Path:
        for name in ("runtime", "docgen", "templates"):
            shutil.copytree(ROOT / name, to / name)
        text = (ROOT / "pyproject.toml").read_text("utf-8")
        text, count = re.subn(r"^api = .*$", "api = []", text, flags=re.MULTILINE)
        assert count == 1
        (to / "pyproject.toml").write_text(text, "utf-8")
        (to / "docs").mkdir()
        return to

    return copy
