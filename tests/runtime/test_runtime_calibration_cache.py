"""Calibration records: what they hold, why one is used or refused; TensorRT's text format."""

from __future__ import annotations

import json
import os
import struct
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from runtime.calibration import cache, trtcache
from runtime.calibration.record import (
    SCHEMA_VERSION,
    CalibrationRecord,
    TensorRange,
    read,
    seal,
    to_json,
)
from runtime.errors import ArtifactError


def tensor(name: str = "x", low: float = -1.0, high: float = 2.0) -> TensorRange:
    return TensorRange(
        name=name, low=low, high=high, lowest=-3.0, highest=4.0, clipped=0.0, edge=4.0, counts=(1,)
    )


def record(**changes) -> CalibrationRecord:
    values = {
        "schema_version": SCHEMA_VERSION,
        "workload": "digits",
        "model_sha256": "a" * 64,
        "algorithm": "entropy",
        "samples": ("digits-0001", "digits-0002"),
        "samples_sha256": "b" * 64,
        "data_sha256": "c" * 64,
        "evaluation_samples": 540,
        "library": "onnxruntime 1.0",
        "opset": 17,
        "note": "",
        "tensors": (tensor(),),
    }
    return seal(CalibrationRecord(**{**values, **changes}))


def put(folder: Path, made: CalibrationRecord) -> Path:
    path = folder / f"{made.key.digest}{cache.SUFFIX}"
    path.write_bytes(to_json(made))
    return path


def test_a_kept_record_is_found_and_equal(tmp_path):
    made = record()
    path = put(tmp_path, made)
    found = cache.find(made.key, tmp_path)
    assert (found.record, found.reason, found.path) == (made, "", path)


def test_an_empty_cache_says_that_nothing_is_kept(tmp_path):
    found = cache.find(record().key, tmp_path / "absent")
    assert found.record is None
    assert found.reason == "none kept of this model, samples, algorithm or library"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"model_sha256": "d" * 64},
            "changed since the nearest one: model (aaaaaaaa... -> dddddddd...)",
        ),
        ({"data_sha256": "d" * 64}, "changed since the nearest one: samples ("),
        ({"samples_sha256": "d" * 64}, "changed since the nearest one: samples ("),
        ({"algorithm": "max"}, "algorithm (entropy opset 17 -> max opset 17)"),
        ({"opset": 19}, "algorithm (entropy opset 17 -> entropy opset 19)"),
        ({"library": "onnxruntime 2.0"}, "library (onnxruntime 1.0 -> onnxruntime 2.0)"),
    ],
)
def test_a_miss_says_which_part_changed(tmp_path, change, reason):
    put(tmp_path, record())
    found = cache.find(record(**change).key, tmp_path)
    assert found.record is None
    assert reason in found.reason


def test_a_miss_names_all_parts_of_the_nearest_record(tmp_path):
    put(tmp_path, record(model_sha256="e" * 64, data_sha256="e" * 64, algorithm="max"))
    put(tmp_path, record(library="onnxruntime 0.9"))
    found = cache.find(record(algorithm="max").key, tmp_path)
    assert "algorithm (entropy" in found.reason
    assert "library (onnxruntime 0.9" in found.reason
    assert "model (" not in found.reason


def corrupt_cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def corrupt_range(data: bytes) -> bytes:
    return data.replace(b'"high": 2.0', b'"high": 9.0')


def corrupt_version(data: bytes) -> bytes:
    return data.replace(b'"schema_version": 1', b'"schema_version": 99')


def corrupt_list(_: bytes) -> bytes:
    return b"[1, 2]"


def corrupt_binary(_: bytes) -> bytes:
    return b"\xff\xfe\x00"


def corrupt_unknown(data: bytes) -> bytes:
    return data.replace(b'"note"', b'"remark"')


@pytest.mark.parametrize(
    ("corrupt", "reason"),
    [
        (corrupt_cut, "want a calibration record, got"),
        (corrupt_range, "got one that was changed after it was written"),
        (corrupt_version, "want a calibration record of version 1, got version 99"),
        (corrupt_list, "want a calibration record, got 6 bytes that are none"),
        (corrupt_binary, "want a calibration record, got 3 bytes that are none"),
        (corrupt_unknown, "remark"),
        (lambda _: b"", "want a calibration record, got 0 bytes that are none"),
    ],
)
def test_a_corrupted_record_is_refused_with_the_reason(tmp_path, corrupt, reason):
    made = record()
    path = put(tmp_path, made)
    path.write_bytes(corrupt(path.read_bytes()))
    found = cache.find(made.key, tmp_path)
    assert found.record is None
    assert found.reason.startswith(f"refused: {path}")
    assert reason in found.reason
    assert "delete it and calibrate again" in found.reason


def test_a_record_under_the_name_of_another_is_refused(tmp_path):
    other = record(model_sha256="f" * 64)
    path = put(tmp_path, record())
    path.write_bytes(to_json(other))
    found = cache.find(record().key, tmp_path)
    assert found.record is None
    assert found.reason == f"refused: {path.name} holds a record of another model"


def test_a_record_of_another_user_is_refused_with_the_command(tmp_path, monkeypatch):
    made = record()
    path = put(tmp_path, made)
    real = path.stat()
    foreign = os.stat_result((*real[:4], 4321, *real[5:10]))
    monkeypatch.setattr(Path, "stat", lambda _, **__: foreign)
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    found = cache.find(made.key, tmp_path)
    assert found.record is None
    assert "got one of uid 4321; we are uid 1000" in found.reason
    assert f"sudo chown 1000 {path}" in found.reason


def test_a_record_that_cannot_be_read_is_refused(tmp_path):
    made = record()
    (tmp_path / f"{made.key.digest}{cache.SUFFIX}").mkdir()
    found = cache.find(made.key, tmp_path)
    assert found.record is None
    assert "want a readable file" in found.reason


def test_a_broken_record_beside_does_not_hide_the_nearest(tmp_path):
    put(tmp_path, record(library="onnxruntime 0.9"))
    (tmp_path / f"0000{cache.SUFFIX}").write_text("{")
    found = cache.find(record().key, tmp_path)
    assert "library (onnxruntime 0.9 -> onnxruntime 1.0)" in found.reason


def test_the_json_form_gives_an_equal_record_back():
    made = record()
    assert read(to_json(made), "x") == made
    assert to_json(read(to_json(made), "x")) == to_json(made)
    assert json.loads(to_json(made))["sha256"] == made.sha256


def test_every_part_changes_the_key():
    base = record()
    for name in ("model", "samples", "algorithm", "library"):
        assert replace(base.key, **{name: "other"}).digest != base.key.digest


# --- TensorRT's calibration cache ---------------------------------------------------------


def test_trt_cache_has_big_endian_floats_of_a_127th():
    text = trtcache.write(
        [tensor("input", 0.0, 127.0), tensor("conv1", -2.54, 1.0)], "entropy", 8601
    )
    assert text.splitlines() == [
        "TRT-8601-EntropyCalibration2",
        "input: 3f800000",
        f"conv1: {struct.pack('>f', 2.54 / 127).hex()}",
    ]


def test_trt_cache_reads_the_published_example():
    text = "TRT-7000-EntropyCalibration2\ndata: 3c008912\nconv2: 3ddc858b\n"
    found = trtcache.read(text, "x")
    assert found["data"] == pytest.approx(0.0078452 * 127, rel=1e-4)
    assert found["conv2"] == pytest.approx(0.1076766 * 127, rel=1e-4)


def test_trt_cache_comes_back_as_written():
    tensors = [tensor("a: b", -1.5, 1.0), tensor("/model.0/conv", 0.0, 3.25)]
    found = trtcache.read(trtcache.write(tensors, "max"), "x")
    assert found == pytest.approx({"a: b": 1.5, "/model.0/conv": 3.25}, rel=1e-6)


def test_trt_cache_reads_short_hexadecimal_digits():
    assert trtcache.read("TRT-1-MinMaxCalibration\nx: 0\n", "f") == {"x": 0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"f:1: want a head line such as TRT-8601-EntropyCalibration2, got ''"),
        ("{}\n", "f:1: want a head line"),
        ("TRT-1-X\nconv 3c008912\n", "f:2: want TENSOR: SCALE"),
        ("TRT-1-X\nconv: 7fc00000\n", "f:2: want TENSOR: SCALE with a finite scale"),
        ("TRT-1-X\nconv: bf800000\n", "f:2: want TENSOR: SCALE with a finite scale"),
        ("TRT-1-X\na: 3c008912\na: 3c008912\n", "f:3: want every tensor once, got 'a' twice"),
        ("TRT-1-X\n", "f: want at least one tensor, got none"),
    ],
)
def test_trt_cache_that_is_none_is_refused(text, message):
    with pytest.raises(ArtifactError, match=message.replace("(", r"\(")):
        trtcache.read(text, "f")


def test_trt_cache_reports_every_bad_line():
    with pytest.raises(ArtifactError) as caught:
        trtcache.read("TRT-1-X\n?\n??\n", "f")
    assert [p.where for p in caught.value.problems] == ["f:2", "f:3"]


def test_trt_cache_refuses_names_of_two_lines():
    with pytest.raises(ArtifactError, match="a tensor name of one line"):
        trtcache.write([tensor("a\nb")], "max")


def test_a_record_holds_no_field_that_differs_from_run_to_run():
    names = {f.name for f in msgspec.structs.fields(CalibrationRecord)}
    assert not names & {"seconds", "made", "machine", "date"}
