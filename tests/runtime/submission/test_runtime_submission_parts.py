"""Parts of packing and checking: comparisons of compliance runs, cut logs, accuracy texts."""

from __future__ import annotations

import hashlib

import pytest

from runtime.policies.rounds import ROUNDS
from runtime.submission.cut import cut_log, fault_of_hash, fault_of_log, hash_line
from runtime.submission.forms import FORMS, read_metric, write_accuracy
from runtime.submission.logfile import Log, read_log
from runtime.submission.verify import compare_answers, compare_speed


def run(scenario="Offline", key="result_samples_per_second", value=1000.0, **more):
    return Log(
        values={"effective_scenario": scenario, "result_validity": "VALID", key: value} | more
    )


@pytest.mark.parametrize(
    ("test", "value", "passed"),
    [("TEST01", 1100.0, True), ("TEST01", 1100.1, False), ("TEST01", 900.0, True),
     ("TEST01", 899.9, False), ("TEST04", 1099.9, True), ("TEST04", 1100.1, False),
     ("TEST04", 10.0, True)],
)  # fmt: skip
def test_speed_of_a_compliance_run(test, value, passed):
    done = compare_speed(test, run(), run(value=value))
    assert done.passed is passed
    assert ("TEST PASS" in done.text) is passed


@pytest.mark.parametrize(
    ("test", "before", "after", "passed"),
    [("TEST04", 1_000_000, 909_000, False), ("TEST04", 1_000_000, 910_000, True),
     ("TEST01", 1_000_000, 1_100_001, False), ("TEST01", 200_000, 239_000, True),
     ("TEST01", 200_001, 239_000, False), ("TEST04", 200_000, 170_000, True)],
)  # fmt: skip
def test_a_latency_is_better_when_it_is_smaller_and_short_ones_have_more_room(
    test, before, after, passed
):
    logs = [run("SingleStream", "early_stopping_latency_ss", value) for value in (before, after)]
    assert compare_speed(test, *logs).passed is passed


def test_runs_that_cannot_be_compared():
    invalid = run(result_validity="INVALID")
    assert "reference run is INVALID" in compare_speed("TEST01", invalid, run()).text
    assert "test run is INVALID" in compare_speed("TEST01", run(), invalid).text
    assert "scenarios" in compare_speed("TEST01", run(), run("Server")).text
    key = "result_completed_samples_per_sec"
    logs = [run("Server", key, effective_target_latency_ns=n) for n in (1, 2)]
    assert "another latency bound" in compare_speed("TEST01", *logs).text
    assert "no result_samples" in compare_speed("TEST01", run(), run(value=0.0)).text


def test_answers_are_compared_entry_by_entry():
    reference = {0: "AA", 1: "BB"}
    assert compare_answers(reference, [(0, "AA"), (1, "BB"), (0, "AA")]).passed
    assert not compare_answers(reference, [(0, "FF"), (0, "AA")]).passed
    assert not compare_answers(reference, [(2, "AA")]).passed
    assert not compare_answers(reference, []).passed


def test_logs_are_cut_to_their_ends_and_hashed_whole():
    whole = b'[\n{ "qsl_idx" : 0 }' + b" " * 20_000 + b"\n]\n"
    cut = cut_log(whole)
    assert len(cut) == 2 * 4096 + 7
    assert fault_of_log(cut) == ""
    line = hash_line(whole)
    assert line == f"hash={hashlib.sha256(whole).hexdigest()}\n"
    assert fault_of_hash(f"accuracy=1%\n{line}", cut) == ""
    small = b'[\n{ "qsl_idx" : 0 }\n]\n'
    assert cut_log(small) == small
    assert fault_of_hash(hash_line(small), small) == ""
    assert "another hash" in fault_of_hash(line, small)
    assert fault_of_log(b'[\n{ "qsl_idx" : 0 },\n') == "a whole log without its end"
    assert "2 lines" in fault_of_hash(line + line, cut)


def test_accuracy_texts():
    text = write_accuracy(0.78804, 50_000)
    assert text == "accuracy=78.8040%, good=39402, total=50000\n"
    assert read_metric(text, "acc") == pytest.approx(78.804)
    assert read_metric('{"accuracy": 75.9}', "acc") == 75.9
    assert read_metric("top-1 accuracy=9", "acc") is None
    assert read_metric("accuracy=1.2.3", "acc") is None
    assert read_metric("mAP=37.5%", "mAP") == 37.5
    assert read_metric("Accuracy: mean = 0.8617, kidney = 1", "DICE") == 0.8617
    assert read_metric("Word Error Rate: 2.1%, accuracy=97.9%", "ACCURACY") == 97.9
    assert read_metric("x", "no such metric") is None


def test_every_metric_of_every_round_has_a_form():
    metrics = {goal.metric for r in ROUNDS for b in r.benchmarks for goal in b.goals}
    assert metrics <= set(FORMS)


def test_a_log_of_nothing_has_a_fault():
    assert read_log("").faults == ["no line of LoadGen"]
    assert read_log("x\n").faults[0].startswith("line 1 is no line of LoadGen")
