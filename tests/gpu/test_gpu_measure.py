"""The script for GPUs: its steps anywhere, its own measurements on the stand-in, all of it on a GPU."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from runtime.cli import main

SCRIPT = Path(__file__).parent / "measure.py"
STANDIN = Path(__file__).parents[1] / "runtime" / "standin"


def run(*words: str, **changes: str):
    command = [sys.executable, str(SCRIPT), *words]
    return subprocess.run(
        command, env=os.environ | changes, capture_output=True, text=True, check=False
    )


def test_a_dry_run_prints_every_step_with_its_command():
    done = run("--dry-run", "--seconds", "3")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    names, commands = lines[::2], lines[1::2]
    assert len(names) == len(commands) == 39
    assert all(name.startswith("# ") for name in names)
    for precision in ("fp32", "fp16", "int8"):
        for step in ("engine", "outputs", "raw loop", "offline", "server", "single-stream",
                     "multi-stream", "accuracy"):  # fmt: skip
            assert f"# digits {precision} {step}" in names
        assert f"# resnet50 {precision} offline" in names
    assert sum("min_duration_ms=3000" in c for c in commands) == 15


def test_the_commands_are_ones_that_the_harness_takes(tmp_path, monkeypatch):
    """Runs and builds of FP32 and FP16 resolve as they stand; only a rate is filled in."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    commands = run("--dry-run", "--workloads", "digits").stdout.splitlines()[1::2]
    tried = 0
    for text in commands:
        words = shlex.split(text.replace("{rate}", "5000"))
        if words[0] != "harness" or words[1] in ("doctor", "quantize") or "FOLDER" in text:
            continue
        words = [w for w in words[1:] if w not in ("--json", "--fresh")]
        done = CliRunner().invoke(main, [*words, "--dry-run"])
        assert done.exit_code == 0, (text, done.output)
        tried += 1
    assert tried == 12


@pytest.mark.parametrize("step", ["compare", pytest.param("loop", marks=pytest.mark.slow)])
def test_its_own_steps_run_on_the_standin(cuda_library, tmp_path, step):
    done = run(
        step, "--workload", "digits", "--precision", "fp16", "--batch", "32", "--seconds", "0.1",
        PYTHONPATH=str(STANDIN), LD_LIBRARY_PATH=str(cuda_library.parent),
        HARNESS_CUDA_LAYER="direct", HARNESS_CACHE=str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    if step == "compare":
        assert told["ok"]
        assert 0 < told["error"] < 1e-2  # FP16, not FP32 again
    else:
        assert all(told[n]["samples_per_s"] > 0 for n in ("stream", "graph", "overlapped"))


@pytest.mark.slow
def test_without_a_gpu_the_script_ends_with_3_and_keeps_what_it_knows(tmp_path):
    done = run("--workloads", "digits", "--out", str(tmp_path), "--seconds", "1")
    assert done.returncode == 3, done.stderr
    assert "no GPU or no TensorRT" in done.stderr
    facts = json.loads((tmp_path / "h200-sxm-141gb" / "tensorrt.json").read_text())
    assert facts["steps"][-1]["kind"] == "engine"
    assert facts["steps"][-1]["exit_code"] == 3
    assert facts["note"].endswith("not verified by MLCommons Association.")


@pytest.mark.gpu
def test_everything_on_this_gpu(tmp_path):
    target = os.environ.get("HARNESS_GPU_TARGET")
    if not target:
        pytest.skip("HARNESS_GPU_TARGET names no target: set it to the one `harness doctor` shows")
    done = run("--target", target, "--out", os.environ.get("HARNESS_GPU_OUT", str(tmp_path)))
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stderr
