"""Expectations: every form, where values come from, and what is said where there are none."""

from __future__ import annotations

import json

import pytest

from docgen.snippets import expect
from docgen.snippets.expect import Outcome

RECORD = {
    "metrics": [
        {"name": "samples_per_s", "value": 51234.5, "unit": "samples/s"},
        {"name": "latency_p99_ms", "value": 3, "unit": "ms"},
    ],
    "verdict": {"result": "VALID"},
    "accuracy": {"value": 0.9815},
}


def outcome(output="", errors="", code=0, records=()):
    return Outcome(code, output, errors, tuple(records))


@pytest.mark.parametrize(
    ("text", "actual", "ok"),
    [
        ("samples_per_s ~ 5e4 +- 30%", "51234.5 samples/s", True),
        ("samples_per_s ~ 5e4+-1%", "51234.5 samples/s", False),
        ("samples_per_s >= 51_234.5", "51234.5 samples/s", True),
        ("samples_per_s > 51234.5", "51234.5 samples/s", False),
        ("latency_p99_ms <= 3", "3 ms", True),
        ("latency_p99_ms < 3", "3 ms", False),
        ("latency_p99_ms == 3.0", "3 ms", True),
        ("latency_p99_ms != 3", "3 ms", False),
        ("accuracy ~ 0.98 ± 0.01", "0.9815 share", True),
        ("accuracy ~ 0.98 +/- 0.001", "0.9815 share", False),
        ("verdict = VALID", "VALID", True),
        ("verdict = INVALID", "VALID", False),
        ("nothing >= 1", "missing: the run records have samples_per_s, latency_p99_ms", False),
    ],
)
def test_values_of_records(text, actual, ok):
    checks = expect.check([text], outcome(records=[RECORD]))
    assert [(c.expect, c.ok) for c in checks] == [("exit = 0", True), (text, ok)]
    assert checks[1].actual == actual


def test_every_record_must_hold():
    worse = {"metrics": [{"name": "samples_per_s", "value": 10.0, "unit": "samples/s"}]}
    check = expect.check(["samples_per_s > 100"], outcome(records=[RECORD, worse]))[1]
    assert (check.ok, check.actual) == (False, "51234.5 samples/s, 10 samples/s")


@pytest.mark.parametrize(
    ("text", "output", "actual", "ok"),
    [
        ("qps > 10", '{"qps": 12}', "12", True),
        ("samples_per_s > 10", json.dumps(RECORD), "51234.5 samples/s", True),
        ("samples_per_s > 10", json.dumps([RECORD, RECORD]), "51234.5 samples/s, 51234.5 samples/s", True),
        ("qps > 10", "warm up\nqps: 1_200.5 per second", "1200.5", True),
        ("qps > 10", "maxqps: 1200", "missing: no run record, and not in the output: 'maxqps: 1200'", False),
        ("json:$.a.b[1] ~ 3 +- 0.5", '{"a": {"b": [1, 3.2]}}', "3.2", True),
        ('json:$["x y"] = text', '{"x y": "text"}', "text", True),
        ("json:$.ok = true", '{"ok": true}', "true", True),
        ("json:$.ok > 0", '{"ok": true}', "true", False),
        ("json:$.a.c = 1", '{"a": {}}', "missing: the JSON has no such path", False),
        ("json:$.a = 1", "", "missing: standard output is no JSON: (nothing was printed)", False),
        ("output contains two words", "two\n   words", "found", True),
        ("output lacks Traceback", "Traceback (most)", "found", False),
        ("errors contains x", "x", "not in (nothing was printed)", False),
    ],
)  # fmt: skip
def test_values_of_output(text, output, actual, ok):
    check = expect.check([text], outcome(output))[1]
    assert (check.actual, check.ok) == (actual, ok)


def test_exit_codes():
    assert expect.check(["exit = 6"], outcome(code=6))[0].ok
    assert [c.ok for c in expect.check(["exit != 0"], outcome(code=2))] == [True]
    failed = expect.check([], outcome("out", "first\nlast\n", 2))
    assert [(c.expect, c.actual) for c in failed] == [("exit = 0", "exit 2 (last)")]
    assert expect.check([], outcome(code=None))[0].actual == "no exit: stopped at its timeout"


@pytest.mark.parametrize(
    "records",
    [
        [{"metrics": "garbage", "verdict": 3, "accuracy": []}],
        [{"metrics": [1, {"name": "x"}]}],
        [{}],
    ],
)
def test_garbage_records_fail_checks_only(records):
    checks = expect.check(["x > 1", "verdict = VALID", "accuracy > 0"], outcome(records=records))
    assert not any(c.ok for c in checks[1:])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fast", "one of `exit = 0`"),
        ("accuracy ~ 0.98", "a value with its tolerance"),
        ("accuracy ~ 0.98 +- -1", "a value with its tolerance"),
        ("accuracy ~ nan +- 1", "a value with its tolerance"),
        ("accuracy >= high", "a number after `>=`"),
        ("exit = zero", "a number after `=`"),
        ("json:a.b = 1", "a path such as"),
        ("json:$.a[ = 1", "a path such as"),
        ("output contains", "one of `exit = 0`"),
    ],
)
def test_malformed_expectations(text, message):
    with pytest.raises(ValueError, match=message):
        expect.parse(text)
