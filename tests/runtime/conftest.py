"""What several test files of the harness share."""

from __future__ import annotations

import nvml_standin
import pytest


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
