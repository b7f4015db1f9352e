"""How long a run must be, what judges it, and which bounds it is held to."""

from __future__ import annotations

from runtime.configs.schema import Server
from runtime.errors import Problem
from runtime.policies.model import Policy
from runtime.troubles.settings import BOUND_LOOSENED
from runtime.vocabulary import Scenario

MIN_DURATION = Policy(
    id="run.min-duration",
    title="Least duration of a performance run",
    rule=(
        "The timed part lasts at least 600 000 ms. LoadGen measures it: Offline by the query's "
        "latency, Server by the last scheduled query, the streams by the last issued one."
    ),
    applies_to="all",
    source="MLPerf inference_rules.adoc, Scenarios; mlperf.conf, min_duration",
    value=600_000,
    unit="ms",
)
"""Ten minutes; a quick run shortens it and is no official run."""

OFFLINE_SAMPLES = Policy(
    id="run.offline-samples",
    title="Least number of Offline samples",
    rule=(
        "The Offline query has at least 24 576 samples, or the size of the data set where that is "
        "smaller."
    ),
    applies_to="offline",
    source="mlperf.conf, Offline.min_query_count; the submission checker's offline_min_samples",
    value=24_576,
    unit="samples",
)
"""The floor below the 1.1 x duration x rate that LoadGen sizes the query with."""

OFFLINE_SIZING = Policy(
    id="run.offline-sizing",
    title="Size of the Offline query",
    rule=(
        "LoadGen sends 1.1 x min_duration x target_qps samples in one query, or the least number "
        "where that is greater. The rate only sizes the query; the result is what was measured."
    ),
    applies_to="offline",
    source="LoadGen, test_settings_internal.cc; tried against wheel 6.0.17",
    value=1.1,
)
"""The factor by which LoadGen oversizes the query."""

QUERIES_SINGLE_STREAM = Policy(
    id="run.queries-single-stream",
    title="Early stopping in SingleStream",
    rule="At least 64 queries, so that early stopping can judge the 90th percentile.",
    applies_to="single-stream",
    source="MLPerf inference_rules.adoc, appendix Early Stopping Criterion",
    value=64,
    unit="queries",
)
"""Fewest queries at p90 with 99 % confidence and one query over."""

QUERIES_MULTI_STREAM = Policy(
    id="run.queries-multi-stream",
    title="Early stopping in MultiStream",
    rule="At least 662 queries, so that early stopping can judge the 99th percentile.",
    applies_to="multi-stream",
    source=(
        "MLPerf inference_rules.adoc, appendix Early Stopping Criterion; mlperf.conf, "
        "MultiStream.min_query_count"
    ),
    value=662,
    unit="queries",
)
"""Fewest queries at p99 with 99 % confidence and one query over.

Source: the checker's constants still list 270 336 for MultiStream and Server and 1 024 for
    SingleStream, which the checker skips since early stopping; the rules' figure is taken.
"""

QUERIES_SERVER = Policy(
    id="run.queries-server",
    title="Early stopping in Server",
    rule=(
        "At least 459 queries when none is over the bound, more with every one that is, so that "
        "early stopping can judge the 99th percentile."
    ),
    applies_to="server",
    source="MLPerf inference_rules.adoc, appendix Early Stopping Criterion",
    value=459,
    unit="queries",
)
"""Fewest queries at p99 with 99 % confidence and none over the bound."""

CONFIDENCE = Policy(
    id="run.early-stopping-confidence",
    title="Confidence of early stopping",
    rule="Early stopping reports a percentile that holds with 99 % confidence, tolerance 0.",
    applies_to="server, single-stream, multi-stream",
    source="MLPerf inference_rules.adoc, appendix Early Stopping Criterion",
    value=0.99,
)
"""The reason why the reported percentile is slightly pessimistic."""

PERCENTILE_SINGLE_STREAM = Policy(
    id="run.percentile-single-stream",
    title="Metric of SingleStream",
    rule="The result is the 90th percentile of the latency of a query of one sample.",
    applies_to="single-stream",
    source="MLPerf inference_rules.adoc, Scenarios; mlperf.conf",
    value=90.0,
    unit="%",
)
"""The metric is a latency: lower is better."""

PERCENTILE_MULTI_STREAM = Policy(
    id="run.percentile-multi-stream",
    title="Metric of MultiStream",
    rule="The result is the 99th percentile of the latency of a query of eight samples.",
    applies_to="multi-stream",
    source="MLPerf inference_rules.adoc, Scenarios; mlperf.conf",
    value=99.0,
    unit="%",
)
"""The metric is a latency: lower is better."""

PERCENTILE_SERVER = Policy(
    id="run.percentile-server",
    title="Metric of Server",
    rule=(
        "The result is the rate of Poisson arrivals at which the 99th percentile of the latency "
        "stays within the benchmark's bound."
    ),
    applies_to="server",
    source=(
        "MLPerf inference_rules.adoc, Scenarios. Official sources differ on the figure reported: "
        "the rules' FAQ says scheduled samples per second, the submission checker reads "
        "result_completed_samples_per_sec; the checker's is taken"
    ),
    value=99.0,
    unit="%",
)
"""The metric is a rate: higher is better."""

SAMPLES_PER_QUERY = Policy(
    id="run.samples-per-query",
    title="Samples of a MultiStream query",
    rule="A MultiStream query has eight samples.",
    applies_to="multi-stream",
    source="mlperf.conf, MultiStream.samples_per_query",
    value=8,
    unit="samples",
)
"""Samples handed over at one time in MultiStream."""

LATENCY_BOUNDS = Policy(
    id="run.latency-bounds",
    title="Latency bounds by benchmark and round",
    rule=(
        "In Server and Interactive 99 % of the queries stay within the benchmark's latency, or "
        "within its time to first token and time per output token. The tables of the rounds list "
        "the bounds."
    ),
    applies_to="server",
    source="mlcommons/inference@b66003e10 submission_checker, constants.py; mlperf.conf",
)
"""`runtime.policies.rounds` has them as data."""

DISTINCT_SAMPLES = Policy(
    id="run.performance-samples",
    title="Distinct samples by benchmark",
    rule=(
        "A performance run draws from at least the benchmark's performance_sample_count distinct "
        "samples, or from the whole data set where that is smaller."
    ),
    applies_to="all",
    source="mlperf.conf, performance_sample_count_override; submission_checker, constants.py",
)
"""The tables of the rounds list the counts."""

NO_DURATION = Policy(
    id="run.no-min-duration",
    title="Benchmarks without a least duration",
    rule="e2e-rag-qna and e2e-rag-db pass over their data set once; no least duration is asked.",
    applies_to="e2e-rag-qna, e2e-rag-db",
    source="mlcommons/inference@b66003e10 submission_checker, checks/performance_check.py",
    value=0,
    unit="ms",
)
"""The only exemption."""

SERVER_LATENCY_RESNET50 = Policy(
    id="run.server-latency-resnet50",
    title="Server latency bound of ResNet-50",
    rule="99 % of the ResNet-50 queries are answered within 15 ms.",
    applies_to="resnet50",
    source=(
        "mlcommons/inference@b66003e10 tools/submission/submission_checker/constants.py and "
        "loadgen/mlperf.conf, Server.target_latency"
    ),
    value=15.0,
    unit="ms",
)
"""MLPerf's bound; every GPU target uses it."""

SERVER_LATENCY_RESNET50_CPU = Policy(
    id="run.server-latency-resnet50-cpu",
    title="Server latency bound of ResNet-50 on the CPU target",
    rule=(
        "On the `cpu` target 99 % of the ResNet-50 queries are answered within 1 s. One image "
        "alone takes longer than MLPerf's 15 ms there, so no result is comparable with MLPerf's."
    ),
    applies_to="cpu",
    source="Calliope",
    value=1_000.0,
    unit="ms",
)
"""Our own bound, so that the scenario can be run and learned on any machine."""

SERVER_LATENCY_DIGITS = Policy(
    id="run.server-latency-digits",
    title="Server latency bound of digits",
    rule="99 % of the digits queries are answered within 10 ms.",
    applies_to="digits",
    source="Calliope; MLPerf has no such benchmark",
    value=10.0,
    unit="ms",
)
"""Our own bound."""

PERFORMANCE_SAMPLES = Policy(
    id="run.performance-samples-resnet50",
    title="Distinct samples in a performance run",
    rule=(
        "A ResNet-50 performance run draws from at least 1 024 distinct samples held in memory, "
        "so that no cache answers for the model."
    ),
    applies_to="resnet50",
    source="mlperf.conf, resnet50.*.performance_sample_count_override; the submission checker",
    value=1_024,
    unit="samples",
)
"""LoadGen's performance_sample_count."""

ONE_TEST_PER_PROCESS = Policy(
    id="run.one-test-per-process",
    title="One LoadGen test per process",
    rule=(
        "Every LoadGen test runs in a fresh process. A second test in one process silently gets "
        "seeds of 0 and other minimums, because LoadGen counts its settings in a static variable."
    ),
    applies_to="all",
    source="Tried against wheel 6.0.17; mlcommons/inference pull request 2541",
    value=1,
    unit="tests",
)
"""Why the harness starts a child for each run."""


def min_queries(scenario: Scenario) -> int:
    """Return the fewest queries that can end VALID: early stopping's minimum.

    Offline has one query; its size is ruled by `OFFLINE_SAMPLES`.
    """
    rules = {
        Scenario.SERVER: QUERIES_SERVER,
        Scenario.SINGLE_STREAM: QUERIES_SINGLE_STREAM,
        Scenario.MULTI_STREAM: QUERIES_MULTI_STREAM,
    }
    return int(rules[scenario].number) if scenario in rules else 1


def percentile(scenario: Scenario) -> float | None:
    """Return the percentile of the latency that judges a scenario; None for Offline."""
    rules = {
        Scenario.SERVER: PERCENTILE_SERVER,
        Scenario.SINGLE_STREAM: PERCENTILE_SINGLE_STREAM,
        Scenario.MULTI_STREAM: PERCENTILE_MULTI_STREAM,
    }
    return rules[scenario].number if scenario in rules else None


def min_samples(dataset_size: int) -> int:
    """Return the fewest samples of an Offline query for a data set of this size."""
    return min(int(OFFLINE_SAMPLES.number), dataset_size)


def bound_rule(workload: str, target: str) -> Policy | None:
    """Return the rule that bounds the Server latency of a workload; None without one."""
    if workload == "digits":
        return SERVER_LATENCY_DIGITS
    if workload == "resnet50":
        return SERVER_LATENCY_RESNET50_CPU if target == "cpu" else SERVER_LATENCY_RESNET50
    return None


def latency_bound_ms(workload: str, target: str) -> float | None:
    """Return the Server latency bound of a workload on a target, in ms; None without a rule."""
    rule = bound_rule(workload, target)
    return rule.number if rule is not None else None


def check_bound(settings: Server, workload: str, target: str) -> list[Problem]:
    """Return the problem of a Server configuration that loosens its bound; empty when it fits.

    An entry may not loosen it. A person may, with `--set`: such a run says so in every
    output (`runtime.policies.departures`).
    """
    rule = bound_rule(workload, target)
    if rule is None or settings.target_latency_ms <= rule.number:
        return []
    where = f"{target}/{workload}/server.target_latency_ms"
    got = f"{settings.target_latency_ms:g} ms"
    do = f"lower it ({rule.id}), or loosen it for one run with --set"
    return [Problem(where, f"at most {rule.number:g} ms", got, do, BOUND_LOOSENED.code)]
