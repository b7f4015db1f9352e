"""The digits workload: data, splits, the committed model and its accuracy."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from runtime.errors import ArtifactError, ConfigError, MissingError, RunError
from runtime.vocabulary import Mode, Precision
from runtime.workloads import digits, modelfile

SPLITS = (digits.TRAIN, digits.CALIBRATION, digits.TEST)


def scores_of(split: digits.Split) -> tuple[np.ndarray, np.ndarray]:
    """Return the committed model's scores of a split, and the labels."""
    model = digits.open_model(None, Path())
    session = onnxruntime.InferenceSession(str(model.path), providers=["CPUExecutionProvider"])
    samples = digits.open_split(split)
    return session.run(None, {model.input.name: samples.images})[0], samples.labels


def test_importing_workloads_loads_no_heavy_package() -> None:
    code = (
        "import sys, runtime.workloads.digits, runtime.workloads.resnet50\n"
        "print(sorted({'numpy', 'onnx', 'onnxruntime', 'sklearn', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_splits_cover_the_data_set_and_do_not_overlap() -> None:
    numbers = [set(digits._indices(split).tolist()) for split in SPLITS]
    assert [len(part) for part in numbers] == [1000, 257, 540]
    assert set.union(*numbers) == set(range(1797))


def test_data_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    for split in SPLITS:
        chosen = digits._indices(split)
        samples = digits.open_split(split)
        assert np.array_equal(samples.images[:, 0] * 16, bunch.images[chosen])
        assert np.array_equal(samples.labels, bunch.target[chosen])


def test_samples_are_ready_for_the_model() -> None:
    samples = digits.open_samples(None)
    assert len(samples) == digits.WORKLOAD.accuracy_samples == digits.WORKLOAD.performance_samples
    chosen = samples.load(np.array([5, 0, 5]))
    assert chosen.shape == (3, *digits.WORKLOAD.input.shape)
    assert chosen.dtype == np.float32
    assert chosen.flags.c_contiguous
    assert np.array_equal(chosen[0], chosen[2])
    assert (samples.images.min(), samples.images.max()) == (0, 1)
    assert samples.note == ""


def test_both_modes_give_the_same_samples() -> None:
    timed = digits.open_samples(None, Mode.PERFORMANCE)
    judged = digits.open_samples(None, Mode.ACCURACY)
    assert np.array_equal(timed.images, judged.images)


def test_another_seed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "SPLIT_SEED", digits.SPLIT_SEED + 1)
    with pytest.raises(ConfigError, match=r"digits split 1257:1797: want SHA-256"):
        digits.open_samples(None)


def test_an_overlapping_split_is_noticed() -> None:
    with pytest.raises(ConfigError, match="split 1256:1796"):
        digits.open_split(dataclasses.replace(digits.TEST, start=1256, stop=1796))


def test_changed_data_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    text = gzip.decompress(digits._data_file().read_bytes())
    changed = tmp_path / "digits.csv.gz"
    changed.write_bytes(gzip.compress(text.replace(b"16", b"15", 1)))
    monkeypatch.setattr(digits, "_data_file", lambda: changed)
    digits._data_set.cache_clear()
    try:
        with pytest.raises(ConfigError, match="scikit-learn's digits: want data with SHA-256"):
            digits.open_samples(None)
    finally:
        digits._data_set.cache_clear()


def test_scikit_learn_absent_is_one_clear_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingError, match="pip install scikit-learn"):
        digits._data_file()


def test_a_data_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="leave --data out"):
        digits.open_samples(tmp_path)


def test_the_committed_model_has_the_stated_accuracy() -> None:
    scores, labels = scores_of(digits.TEST)
    out = np.empty(len(labels), np.int64)
    digits.postprocess(scores, out)
    assert (out == labels).mean() == pytest.approx(digits.WORKLOAD.reference_accuracy, abs=1e-12)
    assert digits.WORKLOAD.reference_accuracy >= 0.975


def test_accuracy_judges_a_log() -> None:
    scores, labels = scores_of(digits.TEST)
    logged = {i: np.int64(c).tobytes() for i, c in enumerate(scores.argmax(axis=1))}
    assert digits.accuracy(logged, None) == pytest.approx(digits.WORKLOAD.reference_accuracy)
    wrong = {i: np.int64((c + 1) % 10).tobytes() for i, c in enumerate(labels)}
    assert digits.accuracy(wrong, None) == 0
    del logged[3]
    with pytest.raises(RunError, match="1 missing"):
        digits.accuracy(logged, None)


def test_size_facts_are_those_of_the_file() -> None:
    content = digits.open_model(None, Path()).path.read_bytes()
    size = modelfile.measure(content)
    assert size.parameters == digits.WORKLOAD.parameters
    assert size.flops == digits.WORKLOAD.flops_per_sample
    assert size.peak_activations == digits.WORKLOAD.peak_activations
    assert f"{size.parameters:,} parameters" in digits.WORKLOAD.model
    assert 150_000 < len(content) < 400_000


def test_the_committed_model_is_described_in_full() -> None:
    model = digits.open_model(None, Path())
    assert model.sha256 == hashlib.sha256(model.path.read_bytes()).hexdigest()
    assert model.precision is Precision.FP32
    assert (model.input, model.output) == (digits.WORKLOAD.input, digits.WORKLOAD.output)
    assert (model.synthetic, model.note, model.fixed_batch) == (False, "", None)


def test_the_committed_model_reads_like_a_users() -> None:
    bundled = digits.open_model(None, Path())
    assert digits.open_model(bundled.path, Path()) == bundled


def test_a_changed_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "MODEL_SHA256", "0" * 64)
    with pytest.raises(ArtifactError, match="want SHA-256 0000"):
        digits.open_model(None, Path())


def test_the_batch_axis_is_free() -> None:
    model = digits.open_model(None, Path())
    session = onnxruntime.InferenceSession(str(model.path), providers=["CPUExecutionProvider"])
    images = digits.open_samples(None).images
    together = session.run(None, {"input": images[:33]})[0]
    alone = np.concatenate([session.run(None, {"input": images[i : i + 1]})[0] for i in range(33)])
    assert np.allclose(together, alone, atol=1e-4)
