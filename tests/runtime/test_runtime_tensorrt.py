"""The TensorRT backend, end to end: a stand-in of TensorRT that computes with ONNX Runtime, on a
CUDA driver that does what is queued as late, as early or as randomly as a device may."""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import importlib.util
import itertools
import json
import sys
from collections import deque
from pathlib import Path

import numpy as np
import pytest

from runtime.artifacts import cache_folder
from runtime.backends import tensorrt as backend_module
from runtime.backends.base import Pipelined, Resident, open_backend
from runtime.backends.tensorrt_cache import EngineCache, read_engine
from runtime.backends.tensorrt_engine import plan_version, read_header
from runtime.backends.tensorrt_plan import batch_sizes
from runtime.backends.tensorrt_release import parse_release
from runtime.configs.schema import MultiStream, Offline, Server
from runtime.devices.cuda import open_device
from runtime.errors import (
    ArtifactError,
    ConfigError,
    HarnessError,
    MissingError,
    Problem,
    RunError,
)
from runtime.vocabulary import BackendName, Precision
from runtime.workloads import digits

STANDIN = Path(__file__).parent / "standin" / "tensorrt" / "__init__.py"
VERSIONS = ("8.6.1", "10.0.1", "11.4.0.106")


@pytest.fixture
def world(cuda_library, monkeypatch, tmp_path):
    """Give a machine with a GPU and TensorRT; call it with a version to get that one."""
    stub = ctypes.CDLL(str(cuda_library))
    stub.stub_order.argtypes = (ctypes.c_int, ctypes.c_uint64)
    stub.stub_used.restype = ctypes.c_size_t
    stub.stub_log.restype = ctypes.c_char_p
    monkeypatch.setenv("STANDIN_CUDA", str(cuda_library))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    near = functools.partial(open_device, library=str(cuda_library), layer="direct")
    monkeypatch.setattr(backend_module, "open_device", near)

    def use(version="10.9.0.34", *, fail="", order=(0, 0), **machine):
        for name, value in machine.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("STANDIN_TENSORRT", version)
        monkeypatch.setenv("STANDIN_FAIL", fail)
        spec = importlib.util.spec_from_file_location("tensorrt", STANDIN)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "tensorrt", module)
        spec.loader.exec_module(module)
        stub.stub_fail(b"")
        stub.stub_clear()
        stub.stub_forget()
        stub.stub_order(*order)
        return stub

    use()
    yield use
    stub.stub_fail(b"")
    stub.stub_order(0, 0)


def settings(kind=Offline, **changes):
    base = {Offline: {"target_qps": 1.0}, Server: {"target_qps": 1.0, "target_latency_ms": 10.0},
            MultiStream: {"expected_latency_ms": 1.0}}[kind]  # fmt: skip
    return kind(**{"backend": BackendName.TENSORRT, **base, **changes})


@pytest.fixture(scope="module")
def images():
    return digits.open_samples(None).load(np.arange(300))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return digits.open_model(None, tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def expected(model, images):
    import onnxruntime as ort

    session = ort.InferenceSession(str(model.path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def opened(model, chosen):
    return open_backend(model, digits.WORKLOAD, chosen, 0)


def drive(binding, images, batches):
    """Run batches of rows as a busy lane does and return rows and outputs."""
    flying, told = deque(), []
    for rows in batches:
        if len(flying) == binding.depth:
            told.append((flying.popleft(), binding.collect().copy()))
        binding.submit(images, rows)
        flying.append(rows)
    while flying:
        told.append((flying.popleft(), binding.collect().copy()))
    return told


def random_batches(seed, most, count=12):
    dice = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        size = int(dice.integers(1, most + 1))
        start = int(dice.integers(0, 300 - size))
        near = np.arange(start, start + size)
        made.append(near if dice.random() < 0.3 else dice.integers(0, 300, size))
    return made


WAYS = [
    *itertools.product(("10.9.0.34",), (1, 2, 3), (False, True), (False, True)),
    *(
        (v, depth, graph, depth == 2)
        for v in VERSIONS
        for depth in (1, 2)
        for graph in (False, True)
    ),
]
"""Version, depth, CUDA graphs, resident samples: all of one version, the corners of the others."""


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_every_way_gives_the_answers_of_onnx_runtime(world, model, images, expected, way):
    version, depth, graph, resident = way
    seed = depth * 4 + graph * 2 + resident
    world(version, order=(2, seed) if seed % 2 else (0, 0))
    chosen = settings(
        Server, batch_size=16, inflight_batches=depth, use_cuda_graph=graph,
        start_from_device=resident,
    )  # fmt: skip
    backend = opened(model, chosen)
    binding = backend.bind(16)
    assert isinstance(binding, Pipelined)
    assert isinstance(backend, Resident)
    backend.hold(images)
    for rows, outputs in drive(binding, images, random_batches(seed, 16)):
        np.testing.assert_allclose(outputs, expected[rows], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(binding.infer(images[:5]), expected[:5], rtol=1e-4, atol=1e-4)
    backend.close()


def test_two_lanes_share_the_engine_and_nothing_else(world, model, images, expected):
    world("10.9.0.34", order=(2, 5))
    backend = opened(model, settings(batch_size=8, inflight_batches=2, use_cuda_graph=True))
    one, two = backend.bind(8), backend.bind(8)
    rows = np.arange(8)
    one.submit(images, rows)
    two.submit(images, rows + 100)
    one.submit(images, rows + 50)
    np.testing.assert_allclose(two.collect(), expected[100:108], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(one.collect(), expected[:8], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(one.collect(), expected[50:58], rtol=1e-4, atol=1e-4)
    backend.close()


def test_a_thread_that_calls_for_the_first_time_enters_the_device(world, model, images, expected):
    import threading

    world()
    backend = opened(model, settings(batch_size=8))
    binding, told = backend.bind(8), []

    def work():
        binding.submit(images, np.arange(8))
        told.append(binding.collect().copy())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    np.testing.assert_allclose(told[0], expected[:8], rtol=1e-4, atol=1e-4)
    backend.close()


def test_close_gives_all_device_memory_back(world, model, images):
    stub = world()
    backend = opened(model, settings(batch_size=8, start_from_device=True, inflight_batches=2))
    backend.bind(8)
    backend.hold(images)
    assert stub.stub_used() > images.nbytes
    backend.close()
    assert stub.stub_used() == 0


def test_graph_replay_is_one_launch_a_batch_at_depth_one(world, model, images):
    stub = world()
    backend = opened(model, settings(batch_size=8, use_cuda_graph=True))
    binding = backend.bind(8)
    stub.stub_clear()
    for _ in range(3):
        binding.submit(images, np.arange(8))
        binding.collect()
    names = [line.split()[0] for line in stub.stub_log().decode().splitlines()]
    assert names == ["cuGraphLaunch", "cuEventRecord", "cuEventSynchronize"] * 3
    backend.close()


def test_resident_samples_are_not_copied_again(world, model, images):
    stub = world()
    backend = opened(model, settings(batch_size=8, start_from_device=True))
    binding = backend.bind(8)
    backend.hold(images)
    stub.stub_clear()
    binding.submit(images, np.arange(8))
    binding.collect()
    copies = [line for line in stub.stub_log().decode().splitlines() if "HtoD" in line]
    assert copies == ["cuMemcpyHtoDAsync_v2 32"]  # eight row numbers of four bytes
    backend.close()


def test_another_load_replaces_the_resident_samples(world, model, images, expected):
    world()
    backend = opened(model, settings(batch_size=8, start_from_device=True))
    binding = backend.bind(8)
    for head, tail in ((0, 50), (100, 120), (0, 300)):
        backend.hold(images[head:tail])
        binding.submit(images[head:tail], np.array([3, 1]))
        want = expected[[head + 3, head + 1]]
        np.testing.assert_allclose(binding.collect(), want, rtol=1e-4, atol=1e-4)
    backend.close()


def test_a_device_that_gathers_wrong_rows_is_not_believed(world, model, images, monkeypatch):
    world()
    backend = opened(model, settings(batch_size=8, start_from_device=True))
    backend.bind(8)
    device = backend._device
    right = device.gather
    monkeypatch.setattr(
        device, "gather", lambda to, lib, rows, shape, s: right(to, lib + 256, rows, shape, s)
    )
    with pytest.raises(RunError, match="want the host's samples on the device, got others"):
        backend.hold(images)
    backend.close()


# engines and their cache


def test_batch_sizes():
    assert batch_sizes(settings(batch_size=48)) == (48,)
    assert batch_sizes(settings(Server, batch_size=48)) == (1, 2, 4, 8, 16, 32, 48)
    assert batch_sizes(settings(Server, batch_size=1)) == (1,)
    assert batch_sizes(settings(Server, batch_size=64)) == (1, 2, 4, 8, 16, 32, 64)
    assert batch_sizes(settings(MultiStream, batch_size=8)) == (8,)
    assert batch_sizes(settings(Server, batch_size=48), fixed=7) == (7,)


def engines():
    return EngineCache(cache_folder()).engines()


def test_an_engine_is_built_once_and_described(world, model, capfd):
    world()
    opened(model, settings(Server, batch_size=4)).close()
    assert "none was built of this model yet" in capfd.readouterr().err
    (engine,) = engines()
    assert engine.key.tensorrt == "10.9.0.34"
    assert (engine.key.compute_capability, engine.key.mig_profile) == ("9.0", "")
    assert engine.key.batch_sizes == (1, 2, 4)
    assert engine.key.model_sha256 == model.sha256
    about = json.loads(engine.layers.read_text())["About"]
    assert about["network"] == 1 << 1  # strongly typed
    assert about["flags"] == []  # TF32 is off
    assert about["verbosity"] == "DETAILED"
    assert [
        p["image"][0][0] if "image" in p else next(iter(p.values()))[0][0]
        for p in about["profiles"]
    ] == [1, 2, 4]
    opened(model, settings(Server, batch_size=4)).close()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "11.4.0.106"}, "tensorrt is 11.4.0.106, was 10.9.0.34"),
        ({"STUB_CUDA_CAPABILITY": "80"}, "compute_capability is 8.0, was 9.0"),
        ({"STUB_CUDA_NAME": "Other GPU"}, "device is Other GPU, was Stub GPU"),
        ({"STUB_CUDA_NAME": "Stub GPU MIG 1g.18gb"}, "mig_profile is 1g.18gb, was none"),
        ({"batch_size": 5}, "batch_sizes is 5, was 4"),
        ({"workspace_mib": 64}, "workspace_mib is 64, was 0"),
        ({"precision": Precision.FP16}, "precision is fp16, was fp32"),
    ],
)
def test_what_changed_is_told_and_built_anew(world, model, capfd, change, words):
    world()
    opened(model, settings(batch_size=4)).close()
    world(
        change.get("version", "10.9.0.34"), **{n: v for n, v in change.items() if n[:4] == "STUB"}
    )
    fields = {n: v for n, v in change.items() if n != "version" and not n.startswith("STUB")}
    opened(model, settings(**{"batch_size": 4, **fields})).close()
    assert words in capfd.readouterr().err
    assert len(engines()) == 2


def test_another_model_has_its_own_engine(world, model, tmp_path):
    world()
    opened(model, settings(batch_size=4)).close()
    data = model.path.read_bytes()
    other = tmp_path / "other.onnx"
    other.write_bytes(data)
    opened(dataclasses.replace(model, path=other, sha256="f" * 64), settings(batch_size=4)).close()
    assert len({e.path.parent for e in engines()}) == 2


@pytest.mark.parametrize("harm", ["bytes", "description", "foreign"])
def test_a_damaged_engine_is_built_again(world, model, capfd, harm):
    world()
    opened(model, settings(batch_size=4)).close()
    (engine,) = engines()
    if harm == "bytes":
        engine.path.write_bytes(engine.path.read_bytes()[:-9])
    elif harm == "description":
        engine.path.with_suffix(".json").write_text("{")
    else:
        plain = json.loads(engine.path.with_suffix(".json").read_text())
        plain["key"]["device"] = "another"
        engine.path.with_suffix(".json").write_text(json.dumps(plain))
    capfd.readouterr()
    backend = opened(model, settings(batch_size=4))
    backend.close()
    assert "engine for" in capfd.readouterr().err
    (again,) = engines()
    assert again.key == engine.key


def test_the_timing_cache_grows_from_build_to_build(world, model):
    world()
    cache = EngineCache(cache_folder())
    opened(model, settings(batch_size=4)).close()
    (timing,) = (cache.folder / "timing").iterdir()
    assert timing.name == "10.9.0.34-9.0-Stub-GPU.cache"
    assert timing.read_bytes().count(b"kernel") == 1
    opened(model, settings(batch_size=5)).close()
    assert timing.read_bytes().count(b"kernel") == 2
    timing.write_bytes(b"nonsense")
    opened(model, settings(batch_size=6)).close()
    assert timing.read_bytes().count(b"kernel") == 1


def test_the_engine_that_runs_is_named_with_its_hash(world, model, monkeypatch):
    """Where the cache refuses it there is no file, but what ran is still told apart."""
    world()
    backend = opened(model, settings(batch_size=4))
    kept = backend.compiled()
    backend.close()
    assert [kept.name] == ["/".join(e.path.parts[-2:]) for e in engines()]
    assert kept.sha256 == engines()[0].sha256
    assert kept.built
    with pytest.raises(RunError, match="want an open backend"):
        backend.compiled()

    def refuse(*_):
        raise ArtifactError(Problem("cache", "room", "none", "free some"))

    monkeypatch.setattr(EngineCache, "store", refuse)
    backend = opened(model, settings(batch_size=8))
    unkept = backend.compiled()
    backend.close()
    assert (unkept.name, unkept.built) == ("", True)
    assert unkept.sha256 != kept.sha256


def test_a_cache_that_cannot_be_written_gives_way(world, model, monkeypatch, tmp_path):
    world()
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("HARNESS_CACHE", str(blocked / "cache"))
    monkeypatch.setattr("runtime.calibration.places.fallback_folder", lambda: tmp_path / "spare")
    backend = opened(model, settings(batch_size=4))
    backend.bind(4)
    backend.close()
    assert list((tmp_path / "spare" / "engines").glob("*/*.engine"))


def test_fp16_of_an_fp32_file_is_converted_where_networks_are_strongly_typed(
    world, model, images, expected
):
    world("10.9.0.34")
    backend = opened(model, settings(batch_size=8, precision=Precision.FP16))
    outputs = backend.bind(8).infer(images[:8])
    assert 0 < float(np.abs(outputs - expected[:8]).max()) < 0.1
    (engine,) = engines()
    assert b"\x0a" in engine.path.read_bytes()
    assert json.loads(engine.layers.read_text())["About"]["flags"] == []
    backend.close()


def test_fp16_and_int8_are_builder_flags_on_8(world, model, tmp_path):
    world("8.6.1")
    opened(model, settings(batch_size=8, precision=Precision.FP16)).close()
    (engine,) = engines()
    about = json.loads(engine.layers.read_text())["About"]
    assert about["flags"] == ["FP16"]
    assert about["network"] == 1 << 0  # explicit batch
    int8 = dataclasses.replace(model, precision=Precision.INT8, sha256="8" * 64)
    opened(int8, settings(batch_size=8, precision=Precision.INT8)).close()
    flags = [json.loads(e.layers.read_text())["About"]["flags"] for e in engines()]
    assert ["INT8"] in flags


# refusals and failures


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
