"""The outputs that the page on GPUs shows are those of the commands, on machines described here.

`UPDATE_EXAMPLES=1 pytest tests/docs/test_docs_gpus.py` writes them anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import nvml_standin
import pytest
from click.testing import CliRunner

from runtime.cli import main

EXAMPLES = Path(__file__).parents[2] / "docs" / "_static" / "examples"

H200 = nvml_standin.Gpu(*nvml_standin.H200, cores=range(32))
H100 = nvml_standin.Gpu.of("H100-80GB-SXM", node=1, cores=range(32, 64))
L40 = nvml_standin.Gpu("NVIDIA L40", 0x26B510DE, 46_068, (8, 9), power_w=300, node=1)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Return the compiled stand-in for libnvidia-ml; skip where that cannot be had."""
    pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed")
    if nvml_standin.compiler() is None:
        pytest.skip("no C compiler for the NVML stand-in")
    return nvml_standin.build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def rack(library, tmp_path, monkeypatch):
    """Return a machine with an H200, an H100 in MIG mode, and a GPU that is no target."""
    machine = nvml_standin.Standin(library, tmp_path, [H200, H100, L40])
    machine.mig_on(1)
    machine.create(1, "1g.10gb", 0)
    machine.create(1, "3g.40gb", 4)
    machine.state.gpus[0].reasons = 0x4
    machine.install(monkeypatch)
    monkeypatch.setenv("COLUMNS", "78")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return machine


def printed(*words: str) -> str:
    done = CliRunner().invoke(main, list(words), prog_name="harness")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    lines = [line.rstrip() for line in done.output.splitlines()]
    return "\n".join(lines).strip("\n") + "\n"


def hold(name: str, text: str) -> None:
    path = EXAMPLES / name
    if os.environ.get("UPDATE_EXAMPLES"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text, "write it anew with UPDATE_EXAMPLES=1"


def test_detect(rack):
    hold("detect.txt", printed("detect"))


def test_doctor(rack):
    text = printed("doctor")
    part = re.search(r"^accelerators\n.*?(?=^\w)", text, re.MULTILINE | re.DOTALL)
    assert part
    hold("doctor.txt", part[0].rstrip("\n") + "\n")


@pytest.mark.parametrize(
    ("name", "field", "value"), [("no-driver.txt", "loaded", 0), ("mismatch.txt", "mismatch", 1)]
)
def test_refusals(rack, name, field, value):
    setattr(rack.state, field, value)
    hold(name, printed("detect"))
