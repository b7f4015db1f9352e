"""Rules of a submission's logs: performance, accuracy, compliance.

The official checker is the package `submission_checker` of mlcommons/inference@b66003e10
(2026-08-20). Where it does not look, the docstring under the rule says so.
"""

from __future__ import annotations

from runtime.policies.model import Policy

CHECKER = "mlcommons/inference@b66003e10 tools/submission/submission_checker"
"""Where the official rules are code."""

RULES = "mlcommons/policies submission_rules.adoc"
"""Where the official rules are prose."""

LOG_FORM = Policy(
    id="submission.log-form",
    title="Form of a detail log",
    rule=(
        "Every line of a detail log is LoadGen's mark with one JSON object, and no key has two "
        "different values."
    ),
    applies_to="all",
    source=f"{CHECKER} parsers/loadgen_parser.py",
)
"""The official checker takes the first of several values."""

LOG_ERRORS = Policy(
    id="submission.log-errors",
    title="No error in a log",
    rule="No line of a detail log is marked as an error.",
    applies_to="all",
    source=f"{CHECKER} checks/performance_check.py, loadgen_errors_check",
)
"""The official checker refuses those of a performance log with --submission-exceptions only."""

LOADGEN = Policy(
    id="submission.loadgen",
    title="LoadGen of the round",
    rule=(
        "The log names a LoadGen wheel that carries the seeds of the round, built without "
        "uncommitted changes."
    ),
    applies_to="all",
    source="Read from the wheels; see seeds.round",
)
"""The official checker compares the seeds alone."""

SEEDS = Policy(
    id="submission.seeds",
    title="Seeds of the round",
    rule="The three seeds of every log are the round's.",
    applies_to="all",
    source=f"{CHECKER} checks/performance_check.py, seeds_check",
)
"""The official checker does not look at those of accuracy runs."""

MODE = Policy(
    id="submission.mode",
    title="Mode of a log",
    rule=(
        "The log under performance is of PerformanceOnly, the one under accuracy of AccuracyOnly."
    ),
    applies_to="all",
    source="MLPerf inference_rules.adoc, LoadGen Operation",
)
"""The official checker does not look."""

LOG_SCENARIO = Policy(
    id="submission.log-scenario",
    title="Scenario of a log",
    rule=("The scenario of a log is the folder's, or one that an edge system may infer it from."),
    applies_to="all",
    source=f"{CHECKER} checks/performance_check.py, inferred_check",
)
"""Interactive is LoadGen's Server. The official checker does not look at accuracy logs."""

VALID = Policy(
    id="submission.valid",
    title="LoadGen's verdict",
    rule="LoadGen calls every performance run VALID.",
    applies_to="all",
    source="MLPerf inference_rules.adoc, LoadGen Operation",
)
"""The official checker reads the verdict and ignores it."""

SUMMARY = Policy(
    id="submission.summary",
    title="Summary and detail agree",
    rule=("The summary has the scenario, the mode and the verdict of the detail log beside it."),
    applies_to="performance",
    source="Calliope",
)
"""The official checker does not open it."""

MIN_DURATION = Policy(
    id="submission.min-duration",
    title="Least duration",
    rule=("A performance run is set to last 600 s at least, unless the benchmark is exempt."),
    applies_to="performance",
    source=f"{CHECKER} checks/performance_check.py, min_duration_check",
    value=600_000,
    unit="ms",
)
"""Whether it lasted so long is part of LoadGen's verdict."""

EARLY_STOPPING = Policy(
    id="submission.early-stopping",
    title="Early stopping",
    rule="Early stopping is met in Server, SingleStream and MultiStream.",
    applies_to="performance",
    source=f"{CHECKER} checks/performance_check.py, latency_check",
)
"""Without enough queries the statistics do not hold."""

QUERY_COUNT = Policy(
    id="submission.query-count",
    title="Samples of an Offline query",
    rule=("An Offline query of the closed division has the benchmark's least number of samples."),
    applies_to="closed, network",
    source=f"{CHECKER} constants.py, OFFLINE_MIN_SPQ_SINCE_V4",
)
"""24 576 for ResNet-50."""

LATENCY_BOUND = Policy(
    id="submission.latency-bound",
    title="Latency bound",
    rule=("A Server or Interactive run is judged by a bound no looser than the benchmark's."),
    applies_to="performance",
    source=f"{CHECKER} checks/performance_check.py, latency_check, llm_check",
)
"""In ns in the log; token latencies where the benchmark has them."""

PERFORMANCE_SAMPLES = Policy(
    id="submission.performance-samples",
    title="Samples in memory",
    rule="A performance run holds at least the benchmark's number of distinct samples.",
    applies_to="performance",
    source=f"{CHECKER} constants.py, performance-sample-count",
)
"""1 024 for ResNet-50."""

NO_AUDIT = Policy(
    id="submission.no-audit",
    title="No compliance settings",
    rule="A result's own runs were not made under an audit.config.",
    applies_to="all",
    source="Calliope",
)
"""A forgotten audit.config turns a run into a test. The official checker does not look."""

ACCURACY_SAMPLES = Policy(
    id="submission.accuracy-samples",
    title="Whole evaluation set",
    rule="An accuracy run covers every sample of the evaluation set.",
    applies_to="accuracy",
    source=f"{CHECKER} checks/accuracy_check.py, dataset_check",
)
"""50 000 for ResNet-50."""

ACCURACY_METRIC = Policy(
    id="submission.accuracy-metric",
    title="Metric in accuracy.txt",
    rule=("accuracy.txt has each metric of the benchmark in the form that the checker reads."),
    applies_to="accuracy",
    source=f"{CHECKER} constants.py, ACC_PATTERN",
)
"""The official checker lets an open submission without any pass."""

ACCURACY_GOAL = Policy(
    id="submission.accuracy-goal",
    title="Accuracy goal",
    rule="Each metric of a closed result lies in the range that the round sets.",
    applies_to="closed, network",
    source=f"{CHECKER} constants.py, accuracy-target, accuracy-upper-limit",
)
"""The open division states its accuracy and has no goal."""

ACCURACY_HASH = Policy(
    id="submission.accuracy-hash",
    title="Hash of the accuracy log",
    rule=(
        "accuracy.txt has one line hash= with the SHA-256 of the whole accuracy log: 64 "
        "hexadecimal digits."
    ),
    applies_to="accuracy",
    source="mlcommons/inference@b66003e10 tools/submission/truncate_accuracy_log.py",
)
"""The official checker takes any word, and none at all in the open division."""

ACCURACY_LOG = Policy(
    id="submission.accuracy-log",
    title="Accuracy log, cut",
    rule=("The accuracy log starts as LoadGen's, holds answers, and has at most 10 240 bytes."),
    applies_to="accuracy",
    source=f"{CHECKER} constants.py, MAX_ACCURACY_LOG_SIZE",
    value=10_240,
    unit="bytes",
)
"""The official checker looks at the size alone."""

TEST_MISSING = Policy(
    id="submission.test-missing",
    title="Compliance tests",
    rule=("A closed result has the folder of each compliance test that the round asks for."),
    applies_to="closed, network",
    source=f"{CHECKER} checks/compliance_check.py, dir_exists_check",
)
"""TEST01 and TEST04 for ResNet-50."""

TEST_UNKNOWN = Policy(
    id="submission.test-unknown",
    title="No other compliance tests",
    rule=(
        "A result has no folder of a compliance test that the round does not know for the "
        "benchmark."
    ),
    applies_to="all",
    source=f"{CHECKER} checks/compliance_check.py, get_test_list",
)
"""The official checker passes over them. TEST05 ended with v5.0."""

TEST_FILES = Policy(
    id="submission.test-files",
    title="Files of a compliance test",
    rule="A test's folder has its verification texts and logs, and nothing else.",
    applies_to="closed, network",
    source=f"{CHECKER} checks/compliance_check.py, dir_exists_check",
)
"""TEST01 has an accuracy log besides."""

TEST_SETTINGS = Policy(
    id="submission.test-settings",
    title="Settings of a compliance test",
    rule="The log of a test shows the settings of its audit.config.",
    applies_to="closed, network",
    source="mlcommons/inference@b66003e10 compliance/TEST01, compliance/TEST04",
)
"""The official checker does not look."""

TEST_ACCURACY = Policy(
    id="submission.test-accuracy",
    title="Answers of TEST01",
    rule="verify_accuracy.txt has the line TEST PASS.",
    applies_to="closed, network",
    source=f"{CHECKER} checks/compliance_check.py, accuracy_check",
)
"""The way through two accuracy texts, for non-deterministic answers, is not judged here."""

TEST_PERFORMANCE = Policy(
    id="submission.test-performance",
    title="Speed of a compliance test",
    rule=(
        "verify_performance.txt has TEST PASS, and the two logs bear it out: within 10 % "
        "(TEST01), no more than 10 % faster (TEST04)."
    ),
    applies_to="closed, network",
    source="mlcommons/inference@b66003e10 compliance, verify_performance.py of either test",
    value=10,
    unit="%",
)
"""The official checker reads the text alone. 20 % in streams of very short latencies."""

TEST_HASH = Policy(
    id="submission.test-hash",
    title="Accuracy log of TEST01, cut",
    rule=(
        "The accuracy log of TEST01 has at most 10 240 bytes, with its hash in accuracy.txt "
        "beside it."
    ),
    applies_to="closed, network",
    source="mlcommons/inference@b66003e10 tools/submission/truncate_accuracy_log.py",
)
"""The official checker does not look."""
