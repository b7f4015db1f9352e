"""`harness calibrate` and `harness quantize`: verdicts, permissions, full disks, words."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner

from runtime import artifacts, places
from runtime.calibration import cache, trtcache
from runtime.calibration.result import read
from runtime.calibration.structure import quantized_layers, tensorrt_problems
from runtime.cli import main

DIGITS = Path(artifacts.__file__).parent / "workloads" / "data" / "digits.onnx"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Return a cache folder that all tests share, with the default ranges of digits."""
    return tmp_path_factory.mktemp("shared-cache")


@pytest.fixture
def harness(tmp_path, monkeypatch, shared):
    """Return what runs a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(shared))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(artifacts, "fallback_folder", lambda: tmp_path / "spare")
    monkeypatch.setattr("runtime.calibration.places.fallback_folder", lambda: tmp_path / "spare")

    def run(*words, code=0):
        result = CliRunner().invoke(main, words)
        assert result.exit_code == code, result.output + result.stderr + repr(result.exception)
        return result

    return run


def test_calibrate_keeps_the_record_and_finds_it_again(harness):
    first = json.loads(harness("calibrate", "--workload", "digits", "--fresh", "--json").stdout)
    assert first["reason"] == "asked to calibrate anew"
    assert len(first["record"]["samples"]) == 257
    again = json.loads(harness("calibrate", "--workload", "digits", "--json").stdout)
    assert again["cached"]
    assert again["record"] == first["record"]
    assert Path(again["path"]).is_file()


def test_calibrate_says_what_changed(harness):
    harness("calibrate", "--workload", "digits")
    result = harness("calibrate", "--workload", "digits", "--samples", "40")
    assert "changed since the nearest one: samples" in " ".join(result.stdout.split())


def test_calibrate_writes_record_cache_text_and_plots(harness, tmp_path):
    result = harness(
        *("calibrate", "--workload", "digits", "--out", "r.json"),
        *("--trt-cache", "digits.cache", "--plots", "plots"),
    )
    assert "none among 540 evaluation samples" in result.stdout
    record = cache.read_file(tmp_path / "r.json")
    found = trtcache.read((tmp_path / "digits.cache").read_text(), "x")
    assert found == pytest.approx({t.name: t.largest for t in record.tensors}, rel=1e-6)
    drawing = (tmp_path / "plots" / "histograms.svg").read_text()
    assert 'role="img"' in drawing
    assert "conv2.relu" in drawing


def test_quantize_verifies_and_blesses(harness, tmp_path):
    result = harness(
        *("quantize", "--workload", "digits", "--verify", "--sensitivity", "--no-compare"),
        *("--out", "q.onnx", "--plots", "plots", "--json"),
    )
    printed = json.loads(result.stdout)
    record = read((tmp_path / "q.json").read_bytes(), "q.json")
    assert printed["verdict"] == record.verdict == "blessed"
    assert record.after.accuracy >= record.goal
    assert record.before.accuracy - record.after.accuracy <= 0.01
    assert record.after.size_bytes <= 0.3 * record.before.size_bytes
    assert [c.changed for c in record.costs] == sorted(
        (c.changed for c in record.costs), reverse=True
    )
    assert record.statement == "Result not verified by MLCommons Association."
    model = onnx.load(tmp_path / "q.onnx")
    assert tensorrt_problems(model) == []
    marks = {p.key: p.value for p in model.metadata_props}
    assert marks["calliope.calibration"] == record.calibration_sha256
    assert (tmp_path / "plots" / "sensitivity.svg").is_file()


def test_a_cut_range_is_refused_and_its_layer_named_first(harness, tmp_path):
    result = harness(
        *("quantize", "--workload", "digits", "--verify", "--no-compare"),
        *("--range", "conv2.relu=0.05", "--out", "bad.onnx"),
        code=6,
    )
    message = " ".join(result.stderr.split())
    assert "error H600: accuracy of bad.refused.onnx: want at least 0.9772" in message
    assert "layers that cost most: conv3 (" in message
    assert "add --skip conv3 (accuracy 0.9" in message
    assert not (tmp_path / "bad.onnx").exists()
    record = read((tmp_path / "bad.refused.json").read_bytes(), "x")
    assert record.verdict == "refused"
    assert record.costs[0].layer == "conv3"
    assert record.offer.skip == ("conv3",)
    assert next(t for t in record.tensors if t.name == "conv2.relu").high == 0.05


def test_mixed_precision_meets_the_goal(harness, tmp_path):
    harness(
        *("quantize", "--workload", "digits", "--verify", "--mixed", "--no-compare"),
        *("--range", "conv2.relu=0.05", "--range", "flat=0.02", "--out", "mixed.onnx"),
    )
    record = read((tmp_path / "mixed.json").read_bytes(), "x")
    assert record.verdict == "blessed"
    assert record.skipped == ("conv3", "dense1")
    assert record.by_hand == ("conv2.relu", "flat")
    assert record.after.accuracy >= record.goal
    assert quantized_layers(onnx.load(tmp_path / "mixed.onnx")) == ("conv1", "conv2", "dense2")


def test_fp8_is_judged_on_the_cpu(harness, tmp_path):
    harness(
        *("quantize", "--workload", "digits", "--precision", "fp8", "--algorithm", "distribution"),
        *("--verify", "--no-compare", "--out", "f.onnx"),
    )
    record = read((tmp_path / "f.json").read_bytes(), "x")
    assert (record.precision, record.verdict) == ("fp8", "blessed")


def test_compare_measures_both_models(harness, tmp_path, monkeypatch):
    monkeypatch.setattr("runtime.calibration.compare.ROUND_S", 0.001)
    harness("quantize", "--workload", "digits", "--target", "cpu", "--out", "q.onnx")
    record = read((tmp_path / "q.json").read_bytes(), "x")
    assert (record.placement, record.target, record.verdict) == ("cpu", "cpu", "unproven")
    for side in (record.before, record.after):
        assert side.latency_ms > 0
        assert side.memory_mib > 0


def test_the_record_folder_gets_a_copy(harness, tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_RECORD_DIR", str(tmp_path / "records"))
    harness("quantize", "--workload", "digits", "--no-compare", "--out", "q.onnx")
    copy = json.loads((tmp_path / "records" / "quantization-q.json").read_bytes())
    assert copy["quantization"] == json.loads((tmp_path / "q.json").read_bytes())
    monkeypatch.setenv("HARNESS_RECORD_DIR", "/proc/none")
    message = harness("quantize", "--workload", "digits", "--out", "p.onnx", code=4).stderr
    assert "HARNESS_RECORD_DIR /proc/none: want a folder that we can write" in message


def test_ranges_come_from_a_record_or_a_trt_cache(harness, tmp_path):
    words = ("quantize", "--workload", "digits", "--no-compare")
    harness("calibrate", "--workload", "digits", "--out", "r.json", "--trt-cache", "r.cache")
    harness(*words, "--ranges", "r.json", "--out", "a.onnx")
    harness(*words, "--ranges", "r.cache", "--out", "b.onnx")
    harness(*words, "--out", "c.onnx")
    first, second = (onnx.load(tmp_path / f"{n}.onnx") for n in "ac")
    assert first == second
    assert tensorrt_problems(onnx.load(tmp_path / "b.onnx")) == []
    assert read((tmp_path / "b.json").read_bytes(), "x").calibration_sha256 == ""


def test_ranges_of_another_model_are_refused(harness, tmp_path):
    other = onnx.load(DIGITS)
    other.doc_string = "another"
    onnx.save(other, tmp_path / "other.onnx")
    harness("calibrate", "--workload", "digits", "--out", "r.json")
    result = harness(
        *("quantize", "--workload", "digits", "--model", "other.onnx", "--ranges", "r.json"), code=2
    )
    assert "--ranges r.json: want ranges of the model" in result.stderr
    assert "calibrate this model" in result.stderr


# --- Words that do not fit ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message", "code"),
    [
        (("--precision", "int4"), "--precision: want int8 or fp8, got 'int4'", 2),
        (("--algorithm", "entropi"), "did you mean 'entropy'?", 2),
        (("--algorithm", "distribution"), "max, fraction, percentile or entropy for int8", 2),
        (("--target", "cpu", "--precision", "fp8"), "a format of a CPU: fp32, int8, got fp8", 2),
        (
            ("--target", "a100-sxm-80gb", "--precision", "fp8"),
            "a format of compute capability 8.0: fp32, fp16, bf16, int8, got fp8",
            2,
        ),
        (("--placement", "gpu"), "--placement: want tensorrt or cpu, got 'gpu'", 2),
        (("--skip", "conv9"), "--skip: want layers of the model, got conv9", 2),
        (("--range", "conv1=x"), "--range: want TENSOR=MAX with a positive number", 2),
        (("--range", "nothing=1"), "--range: want tensors of the model, got nothing", 2),
        (("--mixed",), "--mixed: want --verify beside it", 2),
        (("--tool", "modelopt"), "--algorithm: want max or entropy with modelopt", 2),
        (("--tool", "modelopt", "--algorithm", "max"), "the package nvidia-modelopt, got none", 3),
        (("--tool", "torch"), "--tool: want onnxruntime or modelopt, got torch", 2),
        (("--tool", "modelopt", "--range", "a=1"), "want no own ranges or layers with modelopt", 2),
        (("--calibration-data", "."), "no folder for digits", 2),
    ],
)
def test_words_that_do_not_fit_are_refused_with_the_mend(harness, words, message, code, tmp_path):
    result = harness("quantize", "--workload", "digits", "--no-compare", *words, code=code)
    assert message in result.stderr
    assert not (tmp_path / "quantized").exists()


def test_a_workload_that_is_unknown_is_refused(harness):
    assert "did you mean 'digits'" in harness("calibrate", "--workload", "digit", code=2).stderr


def test_a_list_chooses_samples_and_their_order(harness, tmp_path):
    record = json.loads(harness("calibrate", "--workload", "digits", "--json").stdout)["record"]
    ids = record["samples"][10:4:-1]
    (tmp_path / "ids.txt").write_text("\n".join(ids) + "\n")
    words = ("calibrate", "--workload", "digits", "--list", "ids.txt", "--json")
    assert json.loads(harness(*words).stdout)["record"]["samples"] == ids
    (tmp_path / "ids.txt").write_text("digits-9999\ndigits-9999\n")
    message = harness(*words, code=2).stderr
    assert "want ids of calibration samples, got 1 unknown: digits-9999" in message
    assert "want every id once, got 1 twice" in message
    (tmp_path / "ids.txt").write_text("")
    assert "want at least one id" in harness(*words, code=2).stderr
    (tmp_path / "ids.txt").unlink()
    assert "want a readable text file" in harness(*words, code=4).stderr


def test_calibration_samples_of_the_evaluation_set_are_refused(harness, monkeypatch):
    from runtime.workloads import digits

    monkeypatch.setattr(digits, "evaluation_ids", lambda _: digits._ids(digits.CALIBRATION)[:3])
    message = harness("calibrate", "--workload", "digits", code=2).stderr
    assert "calibration samples: want none of the evaluation set, got 3 shared samples" in message


# --- Places -------------------------------------------------------------------------------


def test_an_unwritable_target_is_known_before_the_work(harness, tmp_path, monkeypatch):
    monkeypatch.setattr("runtime.calibration.calibration.prepare", None)
    for words in (
        ("calibrate", "--workload", "digits", "--out", "/proc/none/r.json"),
        ("calibrate", "--workload", "digits", "--trt-cache", "/proc/none/r.cache"),
        ("quantize", "--workload", "digits", "--out", "/proc/none/q.onnx"),
        ("quantize", "--workload", "digits", "--plots", "/proc/none/plots"),
    ):
        message = harness(*words, code=4).stderr
        assert f"error H400: {words[3]} /proc/none" in message
        assert "want a folder that we can write" in message
        assert "/proc is dr-xr-xr-x, owned by root (uid 0); we are" in message


def test_a_target_that_is_a_folder_is_known_before_the_work(harness, tmp_path, monkeypatch):
    monkeypatch.setattr("runtime.calibration.calibration.prepare", None)
    message = harness("quantize", "--workload", "digits", "--out", str(tmp_path), code=4).stderr
    assert "want a file, got a folder; name a file in it" in message


def test_a_disk_without_room_is_known_before_the_work(harness, monkeypatch):
    monkeypatch.setattr("runtime.calibration.calibration.prepare", None)
    monkeypatch.setattr(places, "_free_mib", lambda _: 1)
    message = harness("quantize", "--workload", "digits", "--out", "q.onnx", code=4).stderr
    assert "want at least 64 MiB free, got 1 MiB" in message


def test_a_default_place_that_cannot_be_written_gives_way(harness, tmp_path):
    (tmp_path / "quantized").write_text("a file where the folder should be")
    result = harness("quantize", "--workload", "digits", "--no-compare")
    assert "note: models" in result.stderr
    assert f"using {tmp_path / 'spare'} instead" in result.stderr
    assert list((tmp_path / "spare").glob("digits-int8-*.onnx"))


def test_a_disk_that_fills_up_during_the_work_loses_nothing(harness, tmp_path, monkeypatch):
    real = artifacts.os.fsync
    full = tmp_path / "full"
    full.mkdir()

    def fsync(handle):
        if Path(f"/proc/self/fd/{handle}").readlink().parent == full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(artifacts.os, "fsync", fsync)
    result = harness(
        *("quantize", "--workload", "digits", "--no-compare", "--out", str(full / "q.onnx")), code=4
    )
    kept = tmp_path / "spare" / "q.onnx"
    assert onnx.load(kept).graph.node
    assert read((tmp_path / "spare" / "q.json").read_bytes(), "x").workload == "digits"
    assert f"no space left; the file is kept as {kept}" in " ".join(result.stderr.split())
    assert list(full.iterdir()) == []


def test_a_full_disk_everywhere_says_both_places(harness, monkeypatch):
    def fsync(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    harness("calibrate", "--workload", "digits")
    monkeypatch.setattr(artifacts.os, "fsync", fsync)
    words = ("quantize", "--workload", "digits", "--no-compare", "--out", "q.onnx")
    message = harness(*words, code=4).stderr
    assert message.count("no space left") == 2


def test_a_cache_that_cannot_be_written_gives_way_and_says_so(harness, tmp_path, monkeypatch):
    (tmp_path / "blocked").write_text("a file")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "blocked"))
    found = json.loads(harness("calibrate", "--workload", "digits", "--json").stdout)
    assert "not a folder" in found["notes"][0]
    assert Path(found["path"]).parent == tmp_path / "spare"
    assert cache.read_file(Path(found["path"])).workload == "digits"


def test_a_cache_of_another_user_is_refused_and_made_anew(harness, monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "own"))
    first = json.loads(harness("calibrate", "--workload", "digits", "--json").stdout)
    path, real = Path(first["path"]), Path.stat

    def stat(self, **options):
        info = real(self, **options)
        if self == path:
            return os.stat_result((*info[:4], 4321, *info[5:10]))
        return info

    monkeypatch.setattr(Path, "stat", stat)
    again = json.loads(harness("calibrate", "--workload", "digits", "--json").stdout)
    assert not again["cached"]
    assert "want a file of this user or root, got one of uid 4321" in again["reason"]
    assert again["record"] == first["record"]


def test_a_corrupted_cache_is_refused_and_made_anew(harness, monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "own"))
    first = json.loads(harness("calibrate", "--workload", "digits", "--json").stdout)
    Path(first["path"]).write_bytes(Path(first["path"]).read_bytes()[:1000])
    again = json.loads(harness("calibrate", "--workload", "digits", "--json").stdout)
    assert "refused: " in again["reason"]
    assert "want a calibration record, got 1000 bytes that are none" in again["reason"]
    assert json.loads(harness("calibrate", "--workload", "digits", "--json").stdout)["cached"]


def test_a_read_only_model_folder_is_left_as_it_is(harness, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "m.onnx").write_bytes(DIGITS.read_bytes())
    folder.chmod(0o555)
    try:
        harness(
            "quantize",
            "--workload",
            "digits",
            "--model",
            "models/m.onnx",
            "--verify",
            "--no-compare",
        )
    finally:
        folder.chmod(0o755)
    assert [p.name for p in folder.iterdir()] == ["m.onnx"]
    assert len(list((tmp_path / "quantized").glob("*.onnx"))) == 1


def test_plots_without_matplotlib_are_refused_before_the_work(harness, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "matplotlib" else real(name)
    )
    monkeypatch.setattr("runtime.calibration.calibration.prepare", None)
    for command in ("calibrate", "quantize"):
        message = harness(command, "--workload", "digits", "--plots", "p", code=3).stderr
        assert "--plots: want the package matplotlib, got none" in message


# --- Help and completion ------------------------------------------------------------------


@pytest.mark.parametrize("command", ["calibrate", "quantize"])
def test_help_has_examples(harness, command):
    text = harness(command, "--help").stdout
    assert "Examples:" in text
    assert text.count(f"harness {command} ") >= 4


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("harness calibrate --algorithm p", "percentile:99.9"),
        ("harness calibrate --workload d", "digits"),
        ("harness quantize --placement t", "tensorrt"),
        ("harness quantize --target h200-sxm-141gb-m", "h200-sxm-141gb-mig-1g.18gb"),
        ("harness quant", "quantize"),
    ],
)
def test_words_are_completed(line, want, monkeypatch):
    words = line.split()
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    from click.shell_completion import get_completion_class

    completion = get_completion_class("bash")(main, {}, "harness", "_HARNESS_COMPLETE")
    args, incomplete = completion.get_completion_args()
    assert want in [c.value for c in completion.get_completions(args, incomplete)]
