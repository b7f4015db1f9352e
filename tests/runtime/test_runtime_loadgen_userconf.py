"""user.conf: what we write is what LoadGen reads, and every silent mistake is found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.configs.schema import MultiStream, Offline, Server, SingleStream
from runtime.loadgen.userconf import KEYS, MODELS, SEED_KEYS, lint, write_conf
from runtime.vocabulary import Mode

READ = """
import json, sys
import mlperf_loadgen as lg
settings = lg.TestSettings()
code = settings.FromConfig(sys.argv[1], sys.argv[2], sys.argv[3])
plain = {n: getattr(settings, n) for n in dir(settings) if n[0] != "_" and n != "FromConfig"}
print(json.dumps({"code": code, **plain}, default=str))
"""


def read_with_loadgen(text: str, model: str, scenario: str, folder: Path) -> dict:
    path = folder / "user.conf"
    path.write_text(text)
    command = [sys.executable, "-c", READ, str(path), model, scenario]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_offline_reaches_loadgen_and_beats_its_own_configuration(tmp_path):
    settings = Offline(target_qps=1234.5, min_duration_ms=2500, min_sample_count=77)
    text = write_conf(settings, "resnet50", Mode.PERFORMANCE, 100)
    assert lint(text) == []
    got = read_with_loadgen(text, "resnet50", "Offline", tmp_path)
    assert got["code"] == 0
    assert got["offline_expected_qps"] == 1234.5
    assert got["min_duration_ms"] == 2500
    assert got["min_query_count"] == 77  # the compiled configuration says 24 576
    assert got["performance_sample_count_override"] == 100  # and 1 024 here
    assert got["qsl_rng_seed"] != 0


def test_server_reaches_loadgen(tmp_path):
    settings = Server(
        target_qps=12.25, target_latency_ms=20.0, target_latency_percentile=97.0, min_query_count=9
    )
    text = write_conf(settings, "*", Mode.PERFORMANCE, 10)
    got = read_with_loadgen(text, "*", "Server", tmp_path)
    assert got["server_target_qps"] == 12.25
    assert got["server_target_latency_ns"] == 20_000_000
    assert got["server_target_latency_percentile"] == pytest.approx(0.97)
    assert got["server_coalesce_queries"] is True
    assert got["min_query_count"] == 9


def test_streams_reach_loadgen(tmp_path):
    single = write_conf(SingleStream(expected_latency_ms=0.05), "*", Mode.PERFORMANCE, 10)
    got = read_with_loadgen(single, "*", "SingleStream", tmp_path)
    assert got["single_stream_expected_latency_ns"] == 50_000
    multi = MultiStream(expected_latency_ms=0.25, samples_per_query=4)
    text = write_conf(multi, "resnet50", Mode.PERFORMANCE, 10)
    got = read_with_loadgen(text, "resnet50", "MultiStream", tmp_path)
    assert got["multi_stream_expected_latency_ns"] == 250_000
    assert got["multi_stream_samples_per_query"] == 4


def test_a_fractional_server_bound_is_left_to_the_harness():
    settings = Server(target_qps=1.0, target_latency_ms=1.5)
    text = write_conf(settings, "*", Mode.PERFORMANCE, 10)
    assert "Server.target_latency =" not in text
    assert lint(text) == []


def test_an_accuracy_run_of_server_is_not_paced_by_the_target_rate():
    settings = Server(target_qps=2.0, target_latency_ms=10.0)
    assert "target_qps = 100000\n" in write_conf(settings, "*", Mode.ACCURACY, 10)
    assert "target_qps = 2\n" in write_conf(settings, "*", Mode.PERFORMANCE, 10)


@pytest.mark.parametrize(
    ("line", "got", "do"),
    [
        ("*.Offline.target_qbs = 1", "'target_qbs'", "'target_qps'"),
        ("*.offline.target_qps = 1", "'offline'", "'Offline'"),
        ("resnet.Offline.target_qps = 1", "'resnet'", "'resnet50'"),
        ("*.Offline.target_qps = ten", "'ten'", "without a unit"),
        ("*.Offline.target_qps = nan", "'nan'", "without a unit"),
        ("*.Offline.min_duration = 10s", "'10s'", "without a unit"),
        ("*.Offline.target_qps=1", "'*.Offline.target_qps=1'", "model.Scenario.key = number"),
        ("Offline.target_qps = 1", "'Offline.target_qps'", "model.Scenario.key = number"),
        ("*.*.qsl_rng_seed = 3", "'qsl_rng_seed'", "wheel"),
        ("*.Server.target_latency = 1.5", "1.5, which LoadGen cuts to 1", "round"),
    ],
)
def test_lint_names_the_line_and_the_mend(line, got, do):
    (problem,) = lint(f"# comment\n\n{line}  # why\n", "my.conf")
    assert problem.where == "my.conf:3"
    assert problem.got == got
    assert do in problem.do


def test_lint_tells_all_mistakes_of_a_file_at_once():
    text = "*.Offlin.target_qbs = x\n*.Offline.target_qps = 1\n*.Offline.target_qps = 2\n"
    problems = lint(text)
    assert [p.where for p in problems] == ["user.conf:1"] * 3 + ["user.conf:3"]
    assert "line 2" in problems[3].want


def test_loadgen_itself_says_nothing_of_a_misspelt_key(tmp_path):
    got = read_with_loadgen("*.Offline.target_qbs = 7\n", "*", "Offline", tmp_path)
    assert got["code"] == 0
    assert got["offline_expected_qps"] == 1.0


def test_loadgen_cuts_the_fraction_of_a_server_bound(tmp_path):
    got = read_with_loadgen("*.Server.target_latency = 1.5\n", "*", "Server", tmp_path)
    assert got["server_target_latency_ns"] == 1_000_000


def test_the_lists_cover_the_configuration_compiled_into_the_wheel():
    import mlperf_loadgen as lg

    text = Path(lg.__file__).read_bytes()
    lines = re.findall(rb"\n([a-z0-9_*.-]+)\.(\*|[A-Z][A-Za-z]+)\.([a-z_0-9]+) = [0-9]", text)
    assert len(lines) > 50
    models = {m.decode() for m, _, _ in lines}
    keys = {k.decode() for _, _, k in lines} - {"target_duration"}
    assert models <= MODELS
    assert keys <= KEYS | SEED_KEYS
