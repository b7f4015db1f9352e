"""What TensorRT, the driver, the engine or the settings refuse, and how it is told."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

from runtime.artifacts import cache_folder
from runtime.backends.base import open_backend
from runtime.backends.tensorrt_cache import EngineCache, read_engine
from runtime.backends.tensorrt_engine import plan_version, read_header
from runtime.backends.tensorrt_release import parse_release
from runtime.configs.schema import MultiStream, Offline, Server
from runtime.errors import (
    ArtifactError,
    ConfigError,
    HarnessError,
    MissingError,
    RunError,
)
from runtime.vocabulary import BackendName, Precision
from runtime.workloads import digits

VERSIONS = ("8.6.1", "10.0.1", "11.4.0.106")
STANDIN = Path(__file__).parents[1] / "standin" / "tensorrt" / "__init__.py"


def settings(kind=Offline, **changes):
    base = {Offline: {"target_qps": 1.0}, Server: {"target_qps": 1.0, "target_latency_ms": 10.0},
            MultiStream: {"expected_latency_ms": 1.0}}[kind]  # fmt: skip
    return kind(**{"backend": BackendName.TENSORRT, **base, **changes})


def opened(model, chosen):
    return open_backend(model, digits.WORKLOAD, chosen, 0)


def engines():
    return EngineCache(cache_folder()).engines()


def refused(kind, model, chosen):
    with pytest.raises(kind) as told:
        opened(model, chosen).bind(chosen.batch_size)
    problem = told.value.problems[0]
    return problem.code, f"{problem.where}: want {problem.want}, got {problem.got}; {problem.do}"


def test_settings_and_file_must_agree(world, model):
    world()
    for wanted in (Precision.INT8, Precision.BF16):
        with pytest.raises(ConfigError, match=f"want a {wanted} model"):
            opened(model, settings(precision=wanted))


def test_the_fields_of_this_backend_are_refused_by_the_other(model):
    other = Offline(target_qps=1.0, inflight_batches=2, start_from_device=True)
    with pytest.raises(ConfigError) as told:
        open_backend(model, digits.WORKLOAD, other, None)
    assert [p.where for p in told.value.problems] == ["inflight_batches", "start_from_device"]


def test_a_cpu_target_has_no_device(world, model):
    world()
    with pytest.raises(MissingError, match="set backend=onnxruntime on a CPU") as told:
        open_backend(model, digits.WORKLOAD, settings(), None)
    assert told.value.problems[0].code == "device-missing"


def test_tensorrt_is_missing(world, model, monkeypatch):
    world()
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    code, text = refused(MissingError, model, settings())
    assert code == "tensorrt-version"
    assert "pip install 'tensorrt>=10,<12'" in text


@pytest.mark.parametrize("version", ["7.2.3", "8.4.1", "9.3.0", "12.0.0", "", "dev"])
def test_a_version_that_nobody_tried(version):
    with pytest.raises(MissingError) as told:
        parse_release(version)
    assert told.value.problems[0].code == "tensorrt-version"


@pytest.mark.parametrize(("version", "strong"), [("8.5.3", False), ("8.6.1", False), ("10.0.1", True), ("11.4.0", True)])  # fmt: skip
def test_versions_that_the_backend_knows(version, strong):
    assert parse_release(version).strongly_typed is strong


def test_a_driver_that_is_too_old_for_this_tensorrt(world, model):
    world(fail="start")
    code, text = refused(MissingError, model, settings())
    assert code == "driver-old"
    assert "CUDA initialization failure with error: 35" in text


def test_an_operator_that_the_parser_lacks(world, model):
    world(fail="parse")
    code, text = refused(RunError, model, settings())
    assert code == "engine-build"
    assert "No importer registered for op: Frobnicate" in text
    assert "TensorRT 10.9.0.34 can parse" in text
    assert not engines()


def test_a_layer_that_the_builder_cannot_make(world, model):
    world(fail="build")
    code, text = refused(RunError, model, settings(batch_size=7))
    assert code == "engine-build"
    assert "an engine for batch 7 in fp32" in text
    assert "Could not find any implementation for node Conv_0" in text


def test_out_of_memory_while_building(world, model):
    world(fail="build-memory")
    code, text = refused(RunError, model, settings(batch_size=512))
    assert code == "cuda-out-of-memory"
    assert "set batch_size below 512, raise workspace_mib" in text
    assert not engines()


def test_an_engine_that_is_too_big_for_the_device(world, model):
    world()
    opened(model, settings()).close()
    world(fail="deserialize-memory")
    code, text = refused(ArtifactError, model, settings())
    assert code == "cuda-out-of-memory"
    assert "too little device memory" in text


def test_out_of_memory_for_a_context(world, model):
    world(fail="context")
    code, text = refused(RunError, model, settings(batch_size=4))
    assert code == "cuda-device-lost"
    assert "context for batch 4" in text


def test_out_of_memory_for_buffers(world, model, monkeypatch):
    world()
    monkeypatch.setenv("STUB_CUDA_MEMORY", str(1 << 20))
    code, text = refused(RunError, model, settings(batch_size=8192))
    assert code == "cuda-out-of-memory"
    assert "for the input on device 0" in text
    assert "1 MiB are free" in text


def test_too_many_samples_to_be_resident(world, model, images, monkeypatch):
    world()
    backend = opened(model, settings(start_from_device=True))
    backend.bind(1)
    monkeypatch.setenv("STUB_CUDA_MEMORY", "70000")
    with pytest.raises(RunError, match="for the resident samples") as told:
        backend.hold(images)
    assert told.value.problems[0].code == "cuda-out-of-memory"
    assert (
        "start_from_device=false" in told.value.problems[0].do
        or "batch_size" in told.value.problems[0].do
    )
    monkeypatch.delenv("STUB_CUDA_MEMORY")
    backend.close()


@pytest.mark.parametrize(
    ("version", "capability", "words"),
    [
        ("10.3.0", "90", "one of TensorRT 10.9.0.34 (this is 10.3.0.0)"),
        ("10.9.0.34", "80", "one for compute capability 9.0 (this device has 8.0)"),
    ],
)
def test_an_engine_of_another_machine(world, model, version, capability, words):
    world()
    opened(model, settings()).close()
    (engine,) = engines()
    world(version, STUB_CUDA_CAPABILITY=capability)
    from runtime.backends.tensorrt_engine import LoadedEngine
    from runtime.backends.tensorrt_release import load_tensorrt

    trt, release = load_tensorrt()
    with pytest.raises(ArtifactError) as told:
        LoadedEngine(trt, release, engine.path.read_bytes(), str(engine.path))
    (problem,) = told.value.problems
    assert problem.code == "engine-incompatible"
    assert problem.got == words
    assert "harness engine build" in problem.do


def test_an_engine_of_another_network(world, model):
    world()
    other = dataclasses.replace(
        digits.WORKLOAD, output=dataclasses.replace(digits.WORKLOAD.output, name="elsewhere")
    )
    with pytest.raises(ArtifactError, match="want elsewhere of float32, got no such tensor"):
        open_backend(dataclasses.replace(model, output=None), other, settings(), 0)


def test_a_device_that_is_lost_during_inference(world, model, images):
    stub = world()
    backend = opened(model, settings(batch_size=4))
    binding = backend.bind(4)
    stub.stub_fail(b"cuEventSynchronize:719:2!")
    binding.submit(images, np.arange(4))
    binding.collect()
    binding.submit(images, np.arange(4))
    with pytest.raises(RunError) as told:
        binding.collect()
    assert told.value.problems[0].code == "cuda-device-lost"
    backend.close()
    stub.stub_fail(b"")


def test_inference_that_tensorrt_refuses(world, model, images, monkeypatch):
    world()
    backend = opened(model, settings(batch_size=4))
    binding = backend.bind(4)
    monkeypatch.setenv("STANDIN_FAIL", "execute")
    with pytest.raises(RunError, match="inference of batch 4: want TensorRT to run") as told:
        binding.submit(images, np.arange(4))
    assert "unspecified launch failure" in str(told.value)
    backend.close()


def test_what_the_report_raises_cancels_the_build(world, model):
    world()
    from runtime.backends.tensorrt_build import EngineBuilder
    from runtime.backends.tensorrt_plan import make_plan
    from runtime.backends.tensorrt_release import load_tensorrt

    seen = []

    def report(phase, done, total):
        seen.append((phase, done, total))
        if done == 2:
            raise KeyboardInterrupt

    trt, release = load_tensorrt()
    plan = make_plan(model, digits.WORKLOAD, settings())
    with pytest.raises(KeyboardInterrupt):
        EngineBuilder(trt, release, report).build(plan)
    assert ("Building Engine", 1, 3) in seen
    assert not any(phase == "Tactics" for phase, _, _ in seen)  # an inner phase


def test_the_head_of_an_engine_file_tells_its_version(world, model, tmp_path):
    world("10.3.0")
    opened(model, settings()).close()
    (engine,) = engines()
    assert read_header(engine.path) == "10.3.0.0"
    assert plan_version(b"") == plan_version(bytes(64)) == ""
    assert read_engine(tmp_path / "none.engine") is None
    for name, text in (("model.onnx", b"onnx" * 20), ("absent.engine", None)):
        if text:
            (tmp_path / name).write_bytes(text)
        with pytest.raises(HarnessError, match="want an engine file of TensorRT"):
            read_header(tmp_path / name)
