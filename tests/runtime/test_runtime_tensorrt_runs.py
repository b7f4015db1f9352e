"""Whole runs of the TensorRT backend under LoadGen, on the stand-in: lanes, workers, failures."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_struct

from runtime.configs.registry import load
from runtime.errors import ArtifactError, HarnessError, RunError
from runtime.loadgen.session import execute
from runtime.plan import resolve
from runtime.record import from_json
from runtime.vocabulary import Mode
from runtime.workloads import digits

REGISTRY = load()
HERE = Path(__file__).parent
RATES = {"offline": "target_qps=3000", "server": "target_qps=500", "single-stream": "", "multi-stream": ""}  # fmt: skip


@pytest.fixture
def machine(cuda_library, monkeypatch, tmp_path):
    """Let child processes find a driver and TensorRT."""
    places = filter(None, (str(HERE / "standin"), os.environ.get("PYTHONPATH")))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(cuda_library.parent))
    monkeypatch.setenv("HARNESS_CUDA_LAYER", "direct")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("STUB_CUDA_ORDER", "random:3")
    monkeypatch.setenv("STUB_CUDA_LOG", str(tmp_path / "calls"))
    return monkeypatch


def plan(scenario, *changes, mode=Mode.PERFORMANCE):
    few = [] if mode is Mode.ACCURACY else ["min_duration_ms=20"]
    overrides = [
        "backend=tensorrt",
        "batch_size=32",
        "precision=fp32",
        RATES[scenario],
        *few,
        *changes,
    ]
    return resolve(
        REGISTRY, target="h200-sxm-141gb", workload="digits", scenario=scenario, mode=mode, quick=True,
        overrides=[o for o in overrides if o],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("scenario", "changes"),
    [
        ("offline", ("inflight_batches=2", "use_cuda_graph=true")),
        (
            "server",
            ("lanes=2", "inflight_batches=2", "max_queue_delay_us=2000", "target_latency_ms=500"),
        ),
        ("single-stream", ("start_from_device=true", "use_cuda_graph=true")),
        ("multi-stream", ()),
    ],
)
def test_every_scenario_runs(machine, tmp_path, scenario, changes):
    record = execute(plan(scenario, *changes), tmp_path / "out")
    assert record.verdict.result == "VALID", record.verdict.causes
    assert record.settings["backend"] == "tensorrt"
    assert from_json((tmp_path / "out" / "record.json").read_bytes()).metrics == record.metrics
    launched = (tmp_path / "calls").read_text()
    assert ("cuGraphLaunch" in launched) is record.settings["use_cuda_graph"]
    (engine,) = record.engines
    assert (engine.built, engine.devices) == (True, (0,))
    file = tmp_path / "cache" / "engines" / engine.name
    assert hashlib.sha256(file.read_bytes()).hexdigest() == engine.sha256
    assert file.stat().st_size == engine.size_bytes


def test_an_engine_of_the_cache_is_named_as_such(machine, tmp_path):
    first = execute(plan("offline"), tmp_path / "one").engines
    second = execute(plan("offline"), tmp_path / "two").engines
    assert [replace_struct(e, built=False) for e in first] == list(second)


@pytest.mark.parametrize("devices", [(0,), (2, 5)])
def test_every_answer_is_right(machine, tmp_path, devices):
    """Lanes of LoadGen's process, and two devices with a process each, read the same samples."""
    machine.setenv("STUB_CUDA_DEVICES", "8")
    ways = ("inflight_batches=2", "use_cuda_graph=true", "start_from_device=true")
    chosen = replace(plan("offline", *ways, mode=Mode.ACCURACY), devices=devices)
    record = execute(chosen, tmp_path / "out")
    assert record.accuracy.samples == 540
    assert record.accuracy.value == pytest.approx(digits.WORKLOAD.reference_accuracy, abs=1e-4)
    assert record.verdict.result == "VALID"
    assert [(e.devices, e.built) for e in record.engines] == [(devices, True)]
    calls = (tmp_path / "calls").read_text()
    assert calls.count("cuModuleLoadData") == len(devices)  # each took the samples
    assert [f"cuDeviceGet {n}" in calls for n in range(8)] == [n in devices for n in range(8)]
    # The processes of one run need one engine between them.
    assert len(list((tmp_path / "cache" / "engines").glob("*/*.engine"))) == 1
    assert calls.count("cuLaunchKernel") >= len(devices)


def test_a_device_that_is_lost_leaves_a_partial_record(machine, tmp_path):
    machine.setenv("STUB_CUDA_FAIL", "cuEventSynchronize:719:30!")
    with pytest.raises(RunError, match="CUDA_ERROR_LAUNCH_FAILED") as told:
        execute(plan("offline"), tmp_path / "out")
    assert told.value.problems[0].code == "cuda-device-lost"
    record = from_json((tmp_path / "out" / "record.json").read_bytes())
    assert record.verdict.result == "PARTIAL"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("STUB_CUDA_DEVICES", "0", "device-missing"),
        ("STANDIN_FAIL", "build-memory", "cuda-out-of-memory"),
    ],
)
def test_what_is_wrong_is_told_before_the_run(machine, tmp_path, name, value, code):
    machine.setenv(name, value)
    with pytest.raises(HarnessError) as told:
        execute(plan("offline"), tmp_path / "out")
    assert told.value.problems[0].code == code
    assert not isinstance(told.value, ArtifactError)
    assert not list((tmp_path / "cache").glob("engines/*/*.engine"))
