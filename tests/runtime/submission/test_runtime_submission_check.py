"""Broken trees, one defect each: the right rule refuses each, and only that one."""

from __future__ import annotations

import hashlib
import json

import pytest

from runtime.errors import ArtifactError
from runtime.policies import submission, submission_logs
from runtime.policies.model import Policy
from runtime.policies.rounds import round_of
from runtime.submission.check import check_tree

OPEN = "open/Org/results/box/resnet/Offline"
CLOSED = "closed/Org/results/box/resnet"
SPEED = f"{OPEN}/performance/run_1/mlperf_log_detail.txt"
EXACT = f"{OPEN}/accuracy/mlperf_log_detail.txt"
LOG = f"{OPEN}/accuracy/mlperf_log_accuracy.json"
TEXT = f"{OPEN}/accuracy/accuracy.txt"
TEST01 = f"{CLOSED}/Offline/TEST01"
TEST04 = f"{CLOSED}/Offline/TEST04"
SUMMARY = f"{OPEN}/performance/run_1/mlperf_log_summary.txt"


def change(path, *pairs):
    """Return what replaces texts in a file; each must be there."""

    def mutate(files):
        text = files[path].decode()
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new)
        files[path] = text.encode()

    return mutate


def log(path, key, value):
    """Return what replaces a value in a detail log."""

    def mutate(files):
        lines = []
        for line in files[path].decode().splitlines():
            item = json.loads(line[9:])
            if item["key"] == key:
                item["value"] = value
            lines.append(":::MLLOG " + json.dumps(item))
        files[path] = ("\n".join(lines) + "\n").encode()

    return mutate


def append(path, text):
    """Return what adds text to a file."""

    def mutate(files):
        files[path] += text.encode()

    return mutate


def put(path, content=b"x\n"):
    """Return what puts a file; None makes a folder."""

    def mutate(files):
        files[path] = content

    return mutate


def drop(*paths):
    """Return what removes files."""

    def mutate(files):
        for path in paths:
            del files[path]

    return mutate


def move(old, new):
    """Return what renames a file or a folder."""

    def mutate(files):
        inside = [p for p in files if p == old or p.startswith(old + "/")]
        assert inside
        for path in inside:
            files[new + path.removeprefix(old)] = files.pop(path)

    return mutate


def system(key, value=None, *, division="open"):
    """Return what sets a key of the systems JSON, or removes it."""

    def mutate(files):
        path = f"{division}/Org/systems/box.json"
        said = json.loads(files[path])
        if value is None:
            del said[key]
        else:
            said[key] = value
        files[path] = json.dumps(said).encode()

    return mutate


def error_line(path):
    """Return what adds an error to a detail log."""
    said = {"key": "error_runtime", "value": "Ending early", "metadata": {"is_error": True}}
    return append(path, ":::MLLOG " + json.dumps(said) + "\n")


def wrong_hash(files):
    digest = hashlib.sha256(files[LOG]).hexdigest()
    files[TEXT] = f"accuracy=76.1%\nhash={digest}\n".encode()


def uncut(files):
    rows = b'{ "seq_id" : 0, "qsl_idx" : 0, "data" : "00" }'
    files[LOG] = b"[\n" + b",\n".join([rows] * 400) + b"\n]\n"
    digest = hashlib.sha256(files[LOG]).hexdigest()
    files[TEXT] = f"accuracy=76.1%\nhash={digest}\n".encode()


DEFECTS = [
    ("division in another case", "division", "open", move("open", "Open")),
    ("a folder beside the divisions", "division", "open", put("drafts/a.txt")),
    ("a file beside the divisions", "stray-file", "open", put("notes.txt")),
    ("a strange folder of the submitter", "submitter-folders", "open", put("open/Org/tmp/a.txt")),
    ("no results", "submitter-folders", "open", lambda f: [f.pop(p) for p in list(f) if "/results/" in p or "/systems/" in p]),
    ("Results in another case", "folder-case", "open", move("open/Org/results", "open/Org/Results")),
    ("Performance in another case", "folder-case", "open", move(f"{OPEN}/performance", f"{OPEN}/Performance")),
    ("run_1 in another case", "folder-case", "open", move(f"{OPEN}/performance/run_1", f"{OPEN}/performance/Run_1")),
    ("a stray file beside the runs", "stray-file", "open", put(f"{OPEN}/notes.md")),
    ("a second run", "stray-file", "open", put(f"{OPEN}/performance/run_2/mlperf_log_detail.txt")),
    ("a file in a system's folder", "stray-file", "open", put("open/Org/results/box/privateid.json")),
    ("an empty folder", "stray-file", "open", put(f"{OPEN}/images", None)),
    ("a hidden file", "file-names", "open", put("open/Org/documentation/.DS_Store")),
    ("a blank in a name", "file-names", "open", put("open/Org/src/resnet/my file.py")),
    ("no summary", "missing-file", "open", drop(SUMMARY)),
    ("no detail log", "missing-file", "open", drop(SPEED)),
    ("no accuracy text", "missing-file", "open", drop(TEXT)),
    ("no accuracy log", "missing-file", "open", drop(LOG)),
    ("no user.conf", "missing-file", "open", drop(f"{OPEN}/user.conf")),
    ("no README", "missing-file", "open", drop(f"{OPEN}/README.md")),
    ("no measurements.json", "missing-file", "open", drop(f"{OPEN}/measurements.json")),
    ("no accuracy summary", "missing-file", "open", drop(f"{OPEN}/accuracy/mlperf_log_summary.txt")),
    ("an empty summary", "empty-file", "open", put(SUMMARY, b"")),
    ("an empty accuracy text", "empty-file", "open", put(TEXT, b"")),
    ("an empty accuracy log", "empty-file", "open", put(LOG, b"")),
    ("an empty README", "empty-file", "open", put(f"{OPEN}/README.md", b"\n")),
    ("no source", "source", "open", drop("open/Org/src/resnet/harness/main.py")),
    ("an empty source file", "source", "open", put("open/Org/src/resnet/harness/main.py", b"")),
    ("source of another benchmark", "source", "open", move("open/Org/src/resnet", "open/Org/src/bert")),
    ("no calibration text", "calibration", "open", drop("open/Org/documentation/calibration.md")),
    ("an empty calibration text", "calibration", "open", put("open/Org/documentation/calibration.md", b"")),
    ("no systems JSON", "system-file", "open", drop("open/Org/systems/box.json")),
    ("a systems JSON that is none", "system-file", "open", put("open/Org/systems/box.json", b"{")),
    ("a system without results", "system-results", "open", put("open/Org/systems/other.json", b"{}")),
    ("a key is absent", "system-keys", "open", system("cooling")),
    ("a value is empty", "system-values", "open", system("host_networking", "")),
    ("the number 0", "system-values", "open", system("accelerators_per_node", 0)),
    ("a status of prose", "status", "open", system("status", "Available (cloud)")),
    ("a suite in capitals", "system-type", "open", system("system_type", "Edge")),
    ("another submitter", "submitter", "open", system("submitter", "Other")),
    ("another division", "system-division", "open", system("division", "closed")),
    ("a network in the closed division", "network", "closed", system("is_network", "true", division="closed")),
    ("LoadGen's name of the benchmark", "benchmark", "open", lambda f: (move("open/Org/results/box/resnet", "open/Org/results/box/resnet50")(f), move("open/Org/src/resnet", "open/Org/src/resnet50")(f))),
    ("a scenario in small letters", "scenario", "open", move(OPEN, OPEN.replace("Offline", "offline"))),
    ("a scenario that is none", "scenario", "open", put(f"{OPEN}2/user.conf")),
    ("a scenario of the suite is absent", "scenarios-required", "closed", lambda f: [f.pop(p) for p in list(f) if "/SingleStream/" in p]),
    ("a typo in user.conf", "user-conf", "open", change(f"{OPEN}/user.conf", ("target_qps", "target_qsp"))),
    ("a seed in user.conf", "user-conf", "open", append(f"{OPEN}/user.conf", "*.Offline.qsl_rng_seed = 1\n")),
    ("a user.conf of another scenario", "user-conf", "open", change(f"{OPEN}/user.conf", (".Offline.", ".Server."))),
    ("measurements.json is none", "measurements", "open", put(f"{OPEN}/measurements.json", b"[]")),
    ("a measurement is empty", "measurements", "open", change(f"{OPEN}/measurements.json", ('"retraining": "none"', '"retraining": ""'))),
    ("a line that is not LoadGen's", "log-form", "open", append(SPEED, "patched by hand\n")),
    ("two values of one key", "log-form", "open", append(SPEED, ':::MLLOG {"key": "result_samples_per_second", "value": 9e9, "metadata": {"is_error": false}}\n')),
    ("an empty detail log", "empty-file", "open", put(SPEED, b"")),
    ("an error in the performance log", "log-errors", "open", error_line(SPEED)),
    ("an error in the accuracy log", "log-errors", "open", error_line(EXACT)),
    ("another round's wheel", "loadgen", "open", log(SPEED, "loadgen_version", "6.0.10 @ aaaaaaaaaa")),
    ("a changed LoadGen", "loadgen", "open", log(SPEED, "loadgen_git_status_message", " M loadgen.cc")),
    ("another seed", "seeds", "open", log(SPEED, "effective_qsl_rng_seed", 7)),
    ("another seed for accuracy", "seeds", "open", log(EXACT, "effective_schedule_rng_seed", 0)),
    ("an accuracy log under performance", "mode", "open", lambda f: (log(SPEED, "effective_test_mode", "AccuracyOnly")(f), change(SUMMARY, ("PerformanceOnly", "AccuracyOnly"))(f))),
    ("a performance log under accuracy", "mode", "open", log(EXACT, "effective_test_mode", "PerformanceOnly")),
    ("the log of another scenario", "log-scenario", "open", log(EXACT, "effective_scenario", "Server")),
    ("LoadGen says INVALID", "valid", "open", lambda f: (log(SPEED, "result_validity", "INVALID")(f), change(SUMMARY, ("VALID", "INVALID"))(f))),
    ("the summary says another verdict", "summary", "open", change(SUMMARY, ("Result is : VALID", "Result is : INVALID"))),
    ("the summary is of another scenario", "summary", "open", change(SUMMARY, ("Scenario : Offline", "Scenario : Server"))),
    ("a shorter duration", "min-duration", "open", log(SPEED, "effective_min_duration_ms", 60_000)),
    ("early stopping not met", "early-stopping", "closed", log(f"{CLOSED}/SingleStream/performance/run_1/mlperf_log_detail.txt", "early_stopping_met", False)),
    ("too few samples in the query", "query-count", "closed", log(f"{CLOSED}/Offline/performance/run_1/mlperf_log_detail.txt", "effective_samples_per_query", 24_575)),
    ("too few samples in memory", "performance-samples", "open", log(SPEED, "effective_performance_sample_count", 1023)),
    ("a forgotten audit.config", "no-audit", "open", log(SPEED, "effective_performance_issue_same", True)),
    ("half of the evaluation set", "accuracy-samples", "open", log(EXACT, "effective_accuracy_sample_count", 25_000)),
    ("no metric", "accuracy-metric", "open", change(TEXT, ("accuracy=", "top-1 "))),
    ("accuracy under the goal", "accuracy-goal", "closed", change(f"{CLOSED}/Offline/accuracy/accuracy.txt", ("76.1234", "75.6953"))),
    ("no hash", "accuracy-hash", "open", change(TEXT, ("hash=", "sha="))),
    ("a hash that is none", "accuracy-hash", "open", put(TEXT, b"accuracy=76.1%\nhash=abc\n")),
    ("the hash of the cut log", "accuracy-hash", "open", wrong_hash),
    ("an accuracy log that is not cut", "accuracy-log", "open", uncut),
    ("an accuracy log without answers", "accuracy-log", "open", put(LOG, b"[]\n")),
    ("an accuracy log of something else", "accuracy-log", "open", put(LOG, b'x "qsl_idx"\n\n...\n\n')),
    ("no TEST01", "test-missing", "closed", lambda f: [f.pop(p) for p in list(f) if p.startswith(TEST01)]),
    ("a test that the round dropped", "test-unknown", "closed", put(f"{CLOSED}/Offline/TEST05/verify_performance.txt")),
    ("no verification of speed", "test-files", "closed", drop(f"{TEST04}/verify_performance.txt")),
    ("a stray file in a test", "test-files", "closed", put(f"{TEST04}/audit.config")),
    ("settings of no test", "test-settings", "closed", log(f"{TEST04}/performance/run_1/mlperf_log_detail.txt", "effective_performance_issue_same", False)),
    ("other answers", "test-accuracy", "closed", change(f"{TEST01}/verify_accuracy.txt", ("PASS", "FAIL"))),
    ("speed not verified", "test-performance", "closed", change(f"{TEST01}/verify_performance.txt", ("PASS", "FAIL"))),
    ("a speed that the logs refute", "test-performance", "closed", log(f"{TEST01}/performance/run_1/mlperf_log_detail.txt", "result_samples_per_second", 4000.0)),
    ("a faster run with the same sample", "test-performance", "closed", log(f"{TEST04}/performance/run_1/mlperf_log_detail.txt", "result_samples_per_second", 6000.0)),
    ("an invalid test run", "valid", "closed", log(f"{TEST04}/performance/run_1/mlperf_log_detail.txt", "result_validity", "INVALID")),
    ("no hash of the test's log", "test-hash", "closed", put(f"{TEST01}/accuracy/accuracy.txt", b"hash=0\n")),
]  # fmt: skip

SEEN_APART = {"scenarios-allowed", "latency-bound", "file-size"}
"""Rules whose defect needs another tree; tests below."""


@pytest.mark.parametrize(
    ("rule", "kind", "mutate"), [d[1:] for d in DEFECTS], ids=[d[0] for d in DEFECTS]
)
def test_the_right_rule_refuses_a_tree_and_only_that_one(factory, tmp_path, rule, kind, mutate):
    files = getattr(factory, kind)()
    mutate(files)
    report = check_tree(factory.write(files, tmp_path), round_of("v6.1"))
    found = {finding.rule.id for finding in report.findings}
    allowed = {f"submission.{rule}"}
    if rule == "valid" and kind == "closed":
        allowed.add("submission.test-performance")  # an invalid run cannot be compared
    assert found, "the tree was not refused"
    assert f"submission.{rule}" in found
    assert found <= allowed
    assert not report.clean


def test_there_are_enough_defects_and_every_rule_has_one():
    assert len(DEFECTS) >= 30
    modules = (submission, submission_logs)
    rules = {p.id for m in modules for p in vars(m).values() if isinstance(p, Policy)}
    assert {f"submission.{d[1]}" for d in DEFECTS} | {
        f"submission.{n}" for n in SEEN_APART
    } == rules


VARIANTS = {
    "open, one scenario": {},
    "closed edge with compliance": {
        "division": "closed",
        "scenarios": ("SingleStream", "MultiStream", "Offline"),
        "tests": ("TEST01", "TEST04"),
    },
    "closed, both suites, with Server": {
        "division": "closed",
        "suite": "datacenter,edge",
        "scenarios": ("SingleStream", "MultiStream", "Offline", "Server"),
        "tests": ("TEST01", "TEST04"),
    },
    "open, accuracy below the goal": {"accuracy": "accuracy=12.5%"},
    "open, Server on a datacenter system": {"suite": "datacenter", "scenarios": ("Server",)},
    "open, metric in JSON": {"accuracy": '{"accuracy": 76.1}'},
}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_legitimate_trees_pass(factory, tmp_path, variant):
    report = check_tree(factory.write(factory.tree_of(**variant), tmp_path), round_of("v6.1"))
    assert [str(f.problem()) for f in report.findings] == []
    assert report.clean


def test_a_tree_of_two_submitters_and_divisions_passes(factory, tmp_path):
    files = factory.open() | factory.closed() | factory.tree_of(submitter="Two", system="other")
    report = check_tree(factory.write(files, tmp_path), round_of("v6.1"))
    assert report.clean
    assert len(report.results) == 5


def test_a_tree_of_the_round_before_passes_under_its_own_rules(factory, tmp_path):
    tree = factory.write(factory.tree_of(round_name="v6.0"), tmp_path)
    assert check_tree(tree, round_of("v6.0")).clean
    found = {f.rule.id for f in check_tree(tree, round_of("v6.1")).findings}
    assert found == {"submission.seeds", "submission.loadgen"}


def test_an_edge_system_may_infer_a_scenario_and_a_datacenter_one_may_not(factory, tmp_path):
    more = {"scenarios": ("MultiStream",), "logged": "SingleStream"}
    files = factory.tree_of(**more)
    files[f"{OPEN}/x".replace("Offline/x", "MultiStream/user.conf")] = (
        b"resnet50.MultiStream.target_qps = 1\n"
    )
    assert check_tree(factory.write(files, tmp_path / "edge"), round_of("v6.1")).clean
    path = "open/Org/systems/box.json"
    files[path] = files[path].replace(b'"edge"', b'"datacenter"')
    report = check_tree(factory.write(files, tmp_path / "dc"), round_of("v6.1"))
    assert {f.rule.id for f in report.findings} == {"submission.log-scenario"}


def test_a_scenario_that_the_suite_does_not_have(factory, tmp_path):
    files = factory.closed()
    files |= factory.scenario_files(f"{CLOSED}/Server", "Server", tests=("TEST01", "TEST04"))
    report = check_tree(factory.write(files, tmp_path), round_of("v6.1"))
    assert {f.rule.id for f in report.findings} == {"submission.scenarios-allowed"}
    assert "suite edge" in report.findings[0].got


def test_a_looser_latency_bound(factory, tmp_path):
    files = factory.tree_of(suite="datacenter", scenarios=("Server",))
    log(SPEED.replace("Offline", "Server"), "effective_target_latency_ns", 15_000_001)(files)
    report = check_tree(factory.write(files, tmp_path), round_of("v6.1"))
    assert {f.rule.id for f in report.findings} == {"submission.latency-bound"}


def test_token_latencies_are_judged_by_what_was_measured(factory, tmp_path):
    home = "open/Org/results/box/llama3.1-8b/Interactive"
    files = factory.submitter_files("open", "Org", "datacenter", "llama3.1-8b")
    text = "{'rouge1': 39.0, 'rouge2': 16.0, 'rougeL': 25.0, 'rougeLsum': 36.0, 'gen_len': 8000000}"
    more = {"logged": "Server", "model": "llama3_1-8b-interactive", "samples": (13_368, 13_368)}
    files |= factory.scenario_files(home, "Interactive", accuracy=text, **more)
    path = f"{home}/performance/run_1/mlperf_log_detail.txt"
    ttft = factory.line("result_first_token_99.00_percentile_latency_ns", 499_000_000)
    for tpot, rules in ((30_000_000, set()), (30_000_001, {"submission.latency-bound"})):
        key = "result_time_per_output_token_99.00_percentile_ns"
        copy = dict(files)
        append(path, f"{ttft}\n{factory.line(key, tpot)}\n")(copy)
        report = check_tree(factory.write(copy, tmp_path / str(tpot)), round_of("v6.1"))
        assert {f.rule.id for f in report.findings} == rules


def test_a_large_file_and_a_link(factory, tmp_path):
    tree = factory.write(factory.open(), tmp_path)
    with (tree / "open/Org/src/resnet/weights.bin").open("wb") as file:
        file.truncate(51 * 2**20)
    (tree / "open/Org/src/resnet/link.py").symlink_to("harness/main.py")
    report = check_tree(tree, round_of("v6.1"))
    assert {f.rule.id for f in report.findings} == {"submission.file-size", "submission.file-names"}


def test_all_defects_at_once_are_all_reported(factory, tmp_path):
    files = factory.open()
    for name in ("another seed", "no README", "a key is absent", "no hash"):
        next(d for d in DEFECTS if d[0] == name)[3](files)
    report = check_tree(factory.write(files, tmp_path), round_of("v6.1"))
    rules = {"seeds", "missing-file", "system-keys", "accuracy-hash"}
    assert {f.rule.id for f in report.findings} == {f"submission.{rule}" for rule in rules}
    said = report.to_dict()["findings"]
    assert all(f["path"] and f["got"] and f["do"] and f["source"] for f in said)


def test_a_tree_without_results_is_not_clean(tmp_path):
    (tmp_path / "open").mkdir()
    report = check_tree(tmp_path, round_of("v6.1"))
    assert report.findings == ()
    assert not report.clean


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ArtifactError, match="want a submission tree, got no folder"):
        check_tree(tmp_path / "absent", round_of("v6.1"))
