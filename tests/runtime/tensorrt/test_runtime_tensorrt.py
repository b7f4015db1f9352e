"""The TensorRT backend, end to end: a stand-in of TensorRT that computes with ONNX Runtime, on a
CUDA driver that does what is queued as late, as early or as randomly as a device may."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections import deque

import numpy as np
import pytest

from runtime.artifacts import cache_folder
from runtime.backends.base import Pipelined, Resident, open_backend
from runtime.backends.tensorrt_cache import EngineCache
from runtime.backends.tensorrt_plan import batch_sizes
from runtime.configs.schema import MultiStream, Offline, Server
from runtime.errors import (
    ArtifactError,
    Problem,
    RunError,
)
from runtime.vocabulary import BackendName, Precision
from runtime.workloads import digits

VERSIONS = ("8.6.1", "10.0.1", "11.4.0.106")


def settings(kind=Offline, **changes):
    base = {Offline: {"target_qps": 1.0}, Server: {"target_qps": 1.0, "target_latency_ms": 10.0},
            MultiStream: {"expected_latency_ms": 1.0}}[kind]  # fmt: skip
    return kind(**{"backend": BackendName.TENSORRT, **base, **changes})


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
