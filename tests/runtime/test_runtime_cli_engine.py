"""`harness engine`: dry run and listing anywhere; a build on the stand-in of TensorRT."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from runtime.cli import main

HERE = Path(__file__).parent
ENTRY = ("--target", "h200-sxm-141gb", "--workload", "digits", "--scenario", "server")


def call(*words: str):
    return CliRunner().invoke(main, ["engine", *words])


@pytest.fixture
def machine(cuda_library, tmp_path):
    environment = {
        **os.environ,
        "PYTHONPATH": str(HERE / "standin"),
        "LD_LIBRARY_PATH": str(cuda_library.parent),
        "HARNESS_CUDA_LAYER": "direct",
        "HARNESS_CACHE": str(tmp_path / "cache"),
        "STUB_CUDA_NAME": "NVIDIA H200 MIG 1g.18gb",
    }

    def run(*words: str, **changes: str):
        command = [sys.executable, "-m", "runtime", "engine", *words]
        return subprocess.run(
            command, env=environment | changes, capture_output=True, text=True, check=False
        )

    return run


def test_a_dry_run_says_what_would_be_built(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    done = call("build", *ENTRY, "--set", "batch_size=6", "--dry-run", "--json")
    assert done.exit_code == 0
    facts = json.loads(done.stdout)
    assert facts["profiles"] == [[n, 1, 8, 8] for n in (1, 2, 4, 6)]
    assert facts["key"]["compute_capability"] == "9.0"
    assert facts["precision"] == {"file": "fp32", "engine": "fp32"}
    assert facts["graphs"] == 4
    assert facts["steps"][-1] == "host: read result-0"
    assert not list(tmp_path.iterdir())
    shown = call("build", *ENTRY, "--set", "precision=fp16", "--dry-run").stdout
    assert "fp16, of fp32" in shown
    assert "Nothing was built" in shown


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--set", "precision=int8"), 2, "want a int8 model with QuantizeLinear"),
        (("--set", "inflight_batches=9"), 2, "inflight_batches"),
        (("--set", "batchsize=3"), 2, "batch_size"),
    ],
)
def test_a_plan_that_cannot_be_right(words, code, told):
    done = call("build", *ENTRY, *words, "--dry-run")
    assert done.exit_code == code
    assert told in done.stderr


def test_a_build_is_kept_and_found_again(machine):
    first = machine("build", *ENTRY, "--set", "batch_size=4", "--json")
    assert first.returncode == 0, first.stderr
    built = json.loads(first.stdout)
    assert (built["cached"], built["why"]) == (False, "none was built of this model yet")
    assert built["engine"]["key"]["mig_profile"] == "1g.18gb"
    assert built["activation_bytes"] == 4096
    assert [t["shape"] for t in built["tensors"]] == [[-1, 1, 8, 8], [-1, 10]]
    assert "Building Engine" in first.stderr
    again = machine("build", *ENTRY, "--set", "batch_size=4")
    assert "from the cache" in again.stdout
    listed = json.loads(machine("info", "--json").stdout)["engines"]
    assert [e["path"] for e in listed] == [built["engine"]["path"]]
    assert "1g.18gb" in machine("info", COLUMNS="160").stdout
    file = json.loads(machine("info", built["engine"]["path"], "--json").stdout)
    assert file["tensorrt"] == "10.9.0.34"
    assert file["engine"]["key"] == listed[0]["key"]
    assert "fp32" in machine("info", built["engine"]["path"]).stdout


def test_a_build_that_fails_keeps_nothing(machine, tmp_path):
    done = machine("build", *ENTRY, STANDIN_FAIL="build-memory")
    assert done.returncode == 5
    assert "harness explain cuda-out-of-memory" in done.stderr
    assert not list((tmp_path / "cache").rglob("*.engine"))


def test_without_a_driver_tensorrt_is_never_asked(machine):
    done = machine("build", *ENTRY, STUB_CUDA_DEVICES="0")
    assert done.returncode == 3
    assert "harness explain device-missing" in done.stderr


def test_no_engine_and_an_empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    assert "No engines in" in call("info").stdout
    (tmp_path / "model.onnx").write_bytes(bytes(64))
    done = call("info", str(tmp_path / "model.onnx"))
    assert done.exit_code == 4
    assert "want an engine file of TensorRT, got other bytes" in done.stderr


def test_a_layer_that_nobody_knows(machine):
    done = machine("build", *ENTRY, HARNESS_CUDA_LAYER="pycude")
    assert done.returncode == 2
    assert "did you mean 'pycuda'?" in done.stderr
