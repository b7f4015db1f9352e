"""What several test files of the harness share."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import nvml_standin
import pytest

FAKE_TRITON = Path(__file__).with_name("fake_triton.py")


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


@pytest.fixture
def fake_triton(tmp_path, monkeypatch):
    """Install a program that behaves as `tritonserver` does, and return what tells it to misbehave.

    `fake_triton(start="never")` holds for every server that starts later; its head says which
    words it knows.
    """
    root = tmp_path / "server"
    binary = root / "bin" / "tritonserver"
    library = root / "backends" / "python" / "libtriton_python.so"
    for file in (binary, library):
        file.parent.mkdir(parents=True)
    library.touch()
    binary.write_text(f'#!/bin/sh\nexec {sys.executable} {FAKE_TRITON} "$@"\n')
    binary.chmod(0o755)
    monkeypatch.setenv("HARNESS_TRITON", str(root))

    def tell(**values):
        monkeypatch.setenv("FAKE_TRITON", json.dumps(values))

    tell()
    return tell


@pytest.fixture(scope="session")
def direct():
    """Return what a bare session says of each of the 540 test images of digits, one at a time."""
    import onnxruntime as ort

    from runtime.workloads import digits

    images = digits.open_samples(None).load(np.arange(540))
    model = digits.open_model(None, Path())
    session = ort.InferenceSession(str(model.path), providers=["CPUExecutionProvider"])
    name, out = digits.WORKLOAD.input.name, [digits.WORKLOAD.output.name]
    return [int(session.run(out, {name: images[i : i + 1]})[0].argmax()) for i in range(540)]
