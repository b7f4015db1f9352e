"""Generated images and the stand-in: the same everywhere, of the true shape, and really classified."""

from __future__ import annotations

import json

import numpy as np
import onnxruntime as ort
import pytest

from runtime.errors import ArtifactError
from runtime.workloads import generated, imagenet, modelfile, resnet50
from runtime.workloads.crops import MEANS


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    """Return the stand-in's file."""
    path = tmp_path_factory.mktemp("model") / "stand-in.onnx"
    path.write_bytes(generated.build_stand_in())
    return path


def test_images_are_made_of_their_index_alone():
    images = generated.GeneratedImages(50_000)
    assert len(images) == len(images.labels) == 50_000
    several = images.load(np.array([7, 49_999, 7]))
    assert several.shape == (3, 3, 224, 224)
    assert several.dtype == np.float32
    assert several.flags.c_contiguous
    assert np.array_equal(several[0], several[2])
    assert np.array_equal(several[1], images.load(np.array([49_999]))[0])
    assert not np.array_equal(several[0], several[1])


def test_pixels_are_those_of_an_image_and_cells_keep_their_mean():
    image = generated.GeneratedImages(10).load(np.array([3]))[0]
    pixels = image + np.array(MEANS, dtype=np.float32)[:, None, None]
    assert pixels.min() >= -1e-3
    assert pixels.max() <= 255 + 1e-3
    assert np.allclose(pixels, np.rint(pixels), atol=1e-3)
    means = image.reshape(3, 7, 32, 7, 32).mean(axis=(2, 4))
    assert np.allclose(means, generated.make_cells(3), atol=1e-3)


def test_every_class_is_as_frequent():
    counts = np.bincount(generated.GeneratedImages(50_000).labels)
    assert len(counts) == 1000
    assert set(counts) == {50}


def test_the_stand_in_knows_the_patterns_and_errs_on_the_noise(stand_in):
    session = ort.InferenceSession(stand_in, providers=["CPUExecutionProvider"])
    images = generated.GeneratedImages(512)
    scores = session.run(None, {"input": images.load(np.arange(512))})[0]
    right = float((scores.argmax(axis=1) == images.labels).mean())
    assert 0.7 < right < 0.88
    cells = np.stack([generated.make_cells(i).ravel() for i in range(512)]).astype(np.float64)
    grey = np.repeat(128 - np.array(MEANS), 49)
    gaps = (cells - grey)[:, None, :] - generated.patterns().reshape(1, 1000, -1)
    nearest = (gaps**2).sum(axis=2).argmin(axis=1)
    assert float((nearest == scores.argmax(axis=1)).mean()) > 0.99


def test_the_stand_in_says_what_it_is(stand_in):
    model = modelfile.open_user_model(stand_in, resnet50.WORKLOAD)
    assert model.note == generated.MODEL_NOTE
    assert not model.synthetic
    assert generated.build_stand_in() == stand_in.read_bytes()


def test_a_manifest_makes_a_data_folder(tmp_path):
    generated.write_manifest(tmp_path, 2_048)
    images = imagenet.open_folder(tmp_path)
    assert len(images) == 2_048
    assert images.note.startswith("2,048 generated images of the true shape")
    samples = resnet50.open_samples(tmp_path)
    answers = {i: int(label).to_bytes(8, "little") for i, label in enumerate(images.labels)}
    assert len(samples) == 2_048
    assert resnet50.accuracy(answers, tmp_path) == 1.0
    with pytest.raises(ArtifactError, match="want image files, got generated images"):
        imagenet.prepare(tmp_path, tmp_path / "crops")


@pytest.mark.parametrize(
    "said",
    ["", "[]", "{}", '{"kind": "x", "images": 3, "seed": 61}',
     json.dumps({"kind": generated.KIND, "images": 0, "seed": generated.SEED}),
     json.dumps({"kind": generated.KIND, "images": 9, "seed": 1})],
)  # fmt: skip
def test_a_manifest_of_something_else_is_refused(tmp_path, said):
    (tmp_path / generated.MANIFEST).write_text(said)
    with pytest.raises(ArtifactError, match="remove the folder; it is made anew"):
        imagenet.open_folder(tmp_path)
