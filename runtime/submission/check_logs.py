"""Judges LoadGen's logs: form, seeds, mode, verdict, durations, counts, bounds."""

from __future__ import annotations

from runtime.policies import submission_logs as rules
from runtime.policies.rounds import round_of_wheel
from runtime.submission.findings import Ledger
from runtime.submission.logfile import Log
from runtime.submission.place import Place

EARLY_STOPPING = ("Server", "SingleStream", "MultiStream")
"""Scenarios that early stopping judges."""

INFERRED = {
    "MultiStream": ("SingleStream",),
    "Offline": ("SingleStream", "MultiStream"),
}
"""Scenarios that an edge system may infer a scenario from."""

NS_PER_MS = 1_000_000
"""Nanoseconds in a millisecond."""

AGAIN = "measure again with this harness, and pack that run"


def check_run(ledger: Ledger, place: Place, path: str, log: Log, *, mode: str) -> bool:
    """Judge what holds for every run; return whether the log can be judged further.

    Args:
        ledger: Gets the findings.
        place: The result that the log belongs to.
        path: The log.
        log: What it says.
        mode: LoadGen's mode that the run must have.
    """
    for fault in log.faults:
        ledger.add(rules.LOG_FORM, path, fault, "pack the log as LoadGen wrote it")
    if not log.values:
        return False
    for error in log.errors:
        ledger.add(rules.LOG_ERRORS, path, error, AGAIN)
    _check_origin(ledger, place, path, log)
    found = log.values.get("effective_test_mode")
    if found != mode:
        ledger.add(rules.MODE, path, f"{found}, want {mode}", "put the logs into their folders")
    _check_scenario(ledger, place, path, log)
    if _audited(log) and "/TEST" not in path:
        do = "remove the audit.config and measure again"
        ledger.add(rules.NO_AUDIT, path, "the settings of a compliance test", do)
    return True


def check_performance(ledger: Ledger, place: Place, path: str, log: Log) -> None:
    """Judge what holds for a performance run, a compliance test's too."""
    verdict = log.values.get("result_validity")
    if verdict != "VALID":
        do = "read the run's record: it names the setting to change"
        ledger.add(rules.VALID, path, f"result_validity {verdict}", do)
    benchmark = place.benchmark
    duration = log.number("effective_min_duration_ms")
    if duration is None or duration < benchmark.min_duration_ms:
        got = f"effective_min_duration_ms {duration}"
        do = f"set min_duration_ms={benchmark.min_duration_ms} and measure again"
        ledger.add(rules.MIN_DURATION, path, got, do)
    held = log.number("effective_performance_sample_count")
    if held is None or held < benchmark.performance_samples:
        got = f"effective_performance_sample_count {held}, want {benchmark.performance_samples}"
        ledger.add(rules.PERFORMANCE_SAMPLES, path, got, AGAIN)
    if log.scenario in EARLY_STOPPING and log.values.get("early_stopping_met") is not True:
        told = " ".join(str(log.values.get("early_stopping_result", "")).split())
        do = "set a larger min_query_count and measure again"
        ledger.add(rules.EARLY_STOPPING, path, f"early_stopping_met false {told}".strip(), do)
    if log.scenario == "Offline" and place.judged:
        _check_query(ledger, place, path, log)
    _check_bound(ledger, place, path, log)


def check_summary(ledger: Ledger, path: str, text: str, log: Log) -> None:
    """Report a summary that does not say what the detail log beside it says."""
    said = dict(_pairs(text))
    verdict, mode = log.values.get("result_validity"), log.values.get("effective_test_mode")
    for label, want in (("Scenario", log.scenario), ("Mode", mode), ("Result is", verdict)):
        if said.get(label) != str(want):
            got = f"{label}: {said.get(label)}, and {want} in the detail log"
            ledger.add(rules.SUMMARY, path, got, "pack summary and detail of one run")


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return labels and values of a summary."""
    parts = (line.partition(":") for line in text.splitlines() if ":" in line)
    return [(label.strip(), value.strip()) for label, _, value in parts]


def _check_origin(ledger: Ledger, place: Place, path: str, log: Log) -> None:
    """Report another LoadGen than the round's, and other seeds."""
    carried = round_of_wheel(log.wheel)
    if carried is not place.round_:
        carries = f"seeds of {carried.name}" if carried else "seeds that nobody read"
        wheel = place.round_.wheels[-1]
        got = f"LoadGen {log.wheel or 'without a version'}, which carries {carries}"
        ledger.add(rules.LOADGEN, path, got, f"measure with mlcommons-loadgen=={wheel}")
    changed = str(log.values.get("loadgen_git_status_message") or "").strip()
    if changed:
        do = "measure with the published wheel"
        ledger.add(rules.LOADGEN, path, f"a LoadGen with changes: {changed[:60]}", do)
    seeds = place.round_.seeds
    for key, want in (
        ("effective_qsl_rng_seed", seeds.qsl),
        ("effective_sample_index_rng_seed", seeds.sample_index),
        ("effective_schedule_rng_seed", seeds.schedule),
    ):
        if log.values.get(key) != want:
            got = f"{key} {log.values.get(key)}, want {want}"
            wheel = place.round_.wheels[-1]
            ledger.add(rules.SEEDS, path, got, f"measure with mlcommons-loadgen=={wheel}")


def _check_scenario(ledger: Ledger, place: Place, path: str, log: Log) -> None:
    """Report a log of another scenario than the folder's."""
    allowed = {place.loadgen_scenario}
    if place.edge:
        allowed |= set(INFERRED.get(place.scenario, ()))
    if log.scenario not in allowed:
        got = f"{log.scenario or 'no scenario'} under {place.scenario}"
        ledger.add(rules.LOG_SCENARIO, path, got, "put the logs into their folders")


def _audited(log: Log) -> bool:
    """Tell whether a run was made with the settings of a compliance test."""
    keys = ("effective_accuracy_log_sampling_target", "effective_performance_issue_same")
    return any(log.values.get(key) for key in keys)


def _check_query(ledger: Ledger, place: Place, path: str, log: Log) -> None:
    """Report an Offline query of too few samples."""
    want, got = place.benchmark.offline_samples, log.number("effective_samples_per_query")
    if want is not None and (got is None or got < want):
        do = f"set min_sample_count={want} and measure again"
        ledger.add(rules.QUERY_COUNT, path, f"effective_samples_per_query {got}, want {want}", do)


def _check_bound(ledger: Ledger, place: Place, path: str, log: Log) -> None:
    """Report a run that was judged by a looser latency bound, or is over it."""
    bound = place.benchmark.bound(place.scenario)
    if bound is None or log.scenario != "Server":
        return
    limits = (
        ("effective_target_latency_ns", bound.latency_ms if bound.ttft_ms is None else None),
        ("result_first_token_99.00_percentile_latency_ns", bound.ttft_ms),
        ("result_time_per_output_token_99.00_percentile_ns", bound.tpot_ms),
    )
    for key, limit_ms in limits:
        got = log.number(key)
        if limit_ms is not None and (got is None or got > limit_ms * NS_PER_MS):
            text = f"{key} {got}, want at most {limit_ms * NS_PER_MS:.0f}"
            ledger.add(rules.LATENCY_BOUND, path, text, "set the round's bound and measure again")
