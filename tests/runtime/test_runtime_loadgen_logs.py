"""LoadGen's files as read back, cut off or odd, and what is concluded from them."""

from __future__ import annotations

import json

import pytest

from runtime.configs.schema import MultiStream, Offline, Server, SingleStream
from runtime.errors import ArtifactError
from runtime.loadgen.logs import MARK, Detail, read_answers, read_detail
from runtime.loadgen.metrics import read_metrics
from runtime.loadgen.verdict import judge_accuracy, judge_performance
from runtime.record import Accuracy


def line(key, value, **metadata):
    return MARK + json.dumps({"key": key, "value": value, "metadata": metadata}) + "\n"


def test_a_log_that_is_cut_off_gives_what_is_whole(tmp_path):
    path = tmp_path / "detail.txt"
    path.write_text(
        line("a", 1)
        + "noise\n"
        + line("loaded_qsl_set", [1, 2])
        + line("a", 2)
        + line("bad", "worse", is_error=True)
        + line("odd", "word", is_warning=True)
        + line("b", 3)[:-9]
    )
    detail = read_detail(path)
    assert detail.values == {"a": 2, "bad": "worse", "odd": "word"}
    assert detail.errors == ("bad: worse",)
    assert detail.warnings == ("odd: word",)
    assert detail.number("bad") is None
    assert not detail.valid


def test_logs_that_are_not_there_or_no_logs_are_told(tmp_path):
    with pytest.raises(ArtifactError, match="No such file"):
        read_detail(tmp_path / "absent.txt")
    with pytest.raises(ArtifactError, match="No such file"):
        read_answers(tmp_path / "absent.json")
    broken = tmp_path / "broken.json"
    broken.write_text('[{"qsl_idx": 1, "data": "xy"}]')
    with pytest.raises(ArtifactError, match="accuracy log"):
        read_answers(broken)


def test_answers_are_keyed_by_sample(tmp_path):
    path = tmp_path / "accuracy.json"
    path.write_text('[{"seq_id":0,"qsl_idx":7,"data":"0300"},{"seq_id":1,"qsl_idx":2,"data":"FF"}]')
    assert read_answers(path) == {7: b"\x03\x00", 2: b"\xff"}


OFFLINE = Offline(target_qps=10.0)
INVALID = {"result_validity": "INVALID"}


def test_an_invalid_run_is_never_without_a_cause():
    verdict = judge_performance(Detail({**INVALID, "result_invalid_reason": "moon"}), OFFLINE)
    assert verdict.result == "INVALID"
    assert "moon" in verdict.causes[0].text
    assert judge_performance(Detail({}), OFFLINE).result == "INVALID"


def test_a_valid_run_still_tells_loadgens_errors():
    verdict = judge_performance(Detail({"result_validity": "VALID"}, ("e: x",)), OFFLINE)
    assert verdict.result == "VALID"
    assert [c.code for c in verdict.causes] == ["loadgen-error"]


@pytest.mark.parametrize(
    ("latency_ns", "said"),
    [(50_000_000, "50 ms"), (12_345_678, "12.35 ms"), (11_483_200_000, "11483 ms")],
)
def test_a_saturated_server_gets_a_rate_below_what_it_completes(latency_ns, said):
    detail = Detail(
        {
            **INVALID,
            "result_perf_constraints_met": False,
            "result_completed_samples_per_sec": 700.0,
            "result_scheduled_samples_per_sec": 1000.0,
            "result_99.00_percentile_latency_ns": latency_ns,
        }
    )
    settings = Server(target_qps=1000.0, target_latency_ms=10.0)
    (cause,) = judge_performance(detail, settings).causes
    assert f"got {said} at" in cause.text
    assert "completes only 700" in cause.text
    assert "set target_qps=636" in cause.do


@pytest.mark.parametrize(
    ("count", "misses", "text", "do"),
    [
        (400, 0, "it needs 459 if no more", "set min_query_count=459"),
        (500, 1, "it needs 662 if no more", "set min_query_count=838 "),
        (1000, 8, "it needs 1736 if no more miss it, 13240 if", "min_query_count=13240 (about 13 "),
        (1000, 10, "at this share of misses (1.00%) no number", "set target_qps=909"),
    ],
)
def test_early_stopping_of_a_server_names_the_queries_that_are_enough(count, misses, text, do):
    values = {**INVALID, "early_stopping_met": False, "result_overlatency_query_count": misses}
    detail = Detail({**values, "result_query_count": count})
    settings = Server(target_qps=1000.0, target_latency_ms=10.0)
    (cause,) = judge_performance(detail, settings).causes
    assert cause.code == "early-stopping"
    assert text in cause.text
    assert do in cause.do


def test_too_few_distinct_samples_are_told_of_a_valid_run():
    values = {
        "result_validity": "VALID",
        "effective_performance_sample_count": 1024,
        "qsl_reported_total_count": 50,
    }
    verdict = judge_performance(Detail(values), OFFLINE, 1024)
    assert verdict.result == "VALID"
    assert [c.code for c in verdict.causes] == ["performance-samples"]
    assert "got 50" in verdict.causes[0].text
    assert judge_performance(Detail(values), OFFLINE, 50).causes == ()


@pytest.mark.parametrize(
    ("settings", "values", "name"),
    [
        (
            SingleStream(expected_latency_ms=1.0),
            {"result_90.00_percentile_latency_ns": 2_000_000, "early_stopping_latency_ss": 1},
            "latency_p90_ms",
        ),
        (
            SingleStream(expected_latency_ms=1.0, target_latency_percentile=80.0),
            {"early_stopping_latency_ss": 2_000_000},
            "early_stopping_p80_ms",
        ),
        (
            MultiStream(expected_latency_ms=1.0),
            {
                "result_99.00_percentile_per_query_latency_ns": 2_000_000,
                "result_99.00_percentile_latency_ns": 9,
            },
            "latency_p99_ms",
        ),
    ],
)
def test_the_figure_of_a_stream_is_its_percentile(settings, values, name):
    primary = [m for m in read_metrics(Detail(values), settings) if m.primary]
    assert [(m.name, m.value, m.unit, m.better) for m in primary] == [(name, 2.0, "ms", "lower")]


def test_an_accuracy_run_wants_every_answer():
    accuracy = Accuracy(
        metric="top-1", value=1.0, reference=0.9, goal=0.8, passed=True, samples=539
    )
    verdict = judge_accuracy(accuracy, Detail(), 540)
    assert verdict.result == "INVALID"
    assert verdict.causes[0].code == "missing-answers"
    assert judge_accuracy(accuracy, Detail(), 539).result == "VALID"
