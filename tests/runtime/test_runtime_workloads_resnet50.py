"""The ResNet-50 workload: the synthetic model, random images, accuracy from a folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper
from PIL import Image

from runtime.configs.workload import ModelFile
from runtime.errors import ArtifactError, MissingError
from runtime.vocabulary import Mode, Precision
from runtime.workloads import modelfile, resnet50, resnet_graph


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache folder that the tests of this module share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def synthetic(cache: Path) -> ModelFile:
    """Return the synthetic model of full size; about a second to make."""
    return resnet50.open_model(None, cache)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an ImageNet folder of four grey images, labels 0 to 3."""
    path = tmp_path / "imagenet"
    path.mkdir()
    for label in range(4):
        Image.new("RGB", (30, 20), (60 * label,) * 3).save(path / f"{label}.png")
    (path / "val_map.txt").write_text("".join(f"{n}.png {n}\n" for n in range(4)))
    return path


def test_the_synthetic_model_has_the_true_size(synthetic: ModelFile) -> None:
    size = modelfile.measure(synthetic.path.read_bytes())
    assert size.parameters == resnet50.WORKLOAD.parameters == 25_557_032
    assert size.flops == resnet50.WORKLOAD.flops_per_sample
    assert size.peak_activations == resnet50.WORKLOAD.peak_activations == 3 * 256 * 56 * 56
    assert size.flops / 2 == pytest.approx(4.1e9, rel=0.01)


def test_strides_stand_in_the_3x3_convolutions(synthetic: ModelFile) -> None:
    graph = onnx.load(synthetic.path).graph
    strided = set()
    for node in graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Conv" and attributes["strides"] == [2, 2]:
            strided.add((node.name, attributes["kernel_shape"][0]))
    assert strided == {("stem", 7)} | {
        pair
        for stage in (2, 3, 4)
        for pair in ((f"stage{stage}.block1.conv2", 3), (f"stage{stage}.block1.shortcut", 1))
    }


def test_the_synthetic_model_says_what_it_is(synthetic: ModelFile) -> None:
    assert synthetic.synthetic
    assert synthetic.note == "synthetic weights: speed only"
    assert synthetic.precision is Precision.FP32
    assert synthetic.sha256 == hashlib.sha256(synthetic.path.read_bytes()).hexdigest()
    assert synthetic.sha256[:16] in synthetic.path.name
    assert (synthetic.input, synthetic.output) == (
        resnet50.WORKLOAD.input,
        resnet50.WORKLOAD.output,
    )


def test_the_mark_stays_when_the_file_is_named_by_the_user(
    synthetic: ModelFile, cache: Path
) -> None:
    assert resnet50.open_model(synthetic.path, cache) == synthetic


def test_the_cached_file_is_used_again(synthetic: ModelFile, cache: Path) -> None:
    before = synthetic.path.stat()
    assert resnet50.open_model(None, cache) == synthetic
    after = synthetic.path.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert [item.name for item in cache.iterdir()] == [synthetic.path.name]


def test_a_damaged_cached_file_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thin = resnet_graph.build(width=4)
    monkeypatch.setattr(resnet_graph, "build", lambda: thin)
    first = resnet50.open_model(None, tmp_path)
    first.path.write_bytes(thin[:1000])
    second = resnet50.open_model(None, tmp_path)
    assert second == first
    assert second.path.read_bytes() == thin


def test_a_cache_that_cannot_be_written_is_one_clear_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resnet_graph, "build", lambda: b"model")
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with pytest.raises(ArtifactError, match="file"):
        resnet50.open_model(None, blocked)


def test_the_same_recipe_gives_the_same_bytes() -> None:
    thin = resnet_graph.build(width=8)
    assert resnet_graph.build(width=8) == thin
    assert resnet_graph.build(width=8, seed=51) != thin


def test_activations_stay_finite_in_half_precision() -> None:
    model = onnx.load_from_string(resnet_graph.build(width=8))
    onnx.checker.check_model(model, full_check=True)
    for node in model.graph.node:
        if node.output[0] != "logits":
            model.graph.output.append(helper.make_empty_tensor_value_info(node.output[0]))
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    samples = resnet50.RandomSamples().load(np.array([0, 1]))
    outputs = session.run(None, {"input": samples})
    normed = [
        values
        for info, values in zip(session.get_outputs(), outputs, strict=True)
        if info.name != "stem.out"
    ]
    assert len(normed) > 150
    assert max(np.abs(values).max() for values in normed) < 1000
    assert min(values.std() for values in normed) > 0.05
    assert np.abs(outputs[0][0] - outputs[0][1]).max() > 0.01


def test_the_full_model_runs(synthetic: ModelFile) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(synthetic.path), options, providers=["CPUExecutionProvider"]
    )
    samples = resnet50.RandomSamples().load(np.array([3, 4]))
    scores = session.run(["logits"], {"input": samples})[0]
    assert scores.shape == (2, 1000)
    assert np.isfinite(scores).all()
    out = np.zeros(2, np.int64)
    resnet50.postprocess(scores, out)
    assert out.tolist() == scores.argmax(axis=1).tolist()


def test_random_images_are_for_speed_only() -> None:
    samples = resnet50.open_samples(None, Mode.PERFORMANCE)
    assert len(samples) == 1024
    assert samples.note == "random images: speed only"
    some = samples.load(np.array([9, 2, 9]))
    assert some.shape == (3, 3, 224, 224)
    assert some.dtype == np.float32
    assert some.flags.c_contiguous
    assert np.array_equal(some[0], some[2])
    assert not np.array_equal(some[0], some[1])
    assert np.array_equal(some, samples.load(np.array([9, 2, 9])))
    assert some.min() >= -124
    assert some.max() <= 256 - 103


def test_accuracy_without_data_is_refused_before_the_run() -> None:
    with pytest.raises(MissingError, match=r"--data DIR \(images and val_map\.txt"):
        resnet50.open_samples(None, Mode.ACCURACY)
    with pytest.raises(MissingError, match="--data"):
        resnet50.accuracy({}, None)


def test_accuracy_judges_against_the_folder(folder: Path) -> None:
    samples = resnet50.open_samples(folder, Mode.ACCURACY)
    assert len(samples) == 4
    logged = {i: np.int64(c).tobytes() for i, c in enumerate([0, 1, 2, 9])}
    assert resnet50.accuracy(logged, folder) == 0.75


def test_a_background_class_first_is_understood() -> None:
    scores = np.zeros((2, 1001), np.float32)
    scores[0, 1] = scores[1, 1000] = 1
    out = np.zeros(2, np.int64)
    resnet50.postprocess(scores, out)
    assert out.tolist() == [0, 999]


def test_the_accuracy_goal_is_that_of_the_checker() -> None:
    assert resnet50.WORKLOAD.reference_accuracy * 0.99 == pytest.approx(0.756954, abs=1e-9)
