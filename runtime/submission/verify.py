"""Verifies a compliance run: its answers and its speed against those of the result.

Source: mlcommons/inference@b66003e10 compliance/TEST01/verify_accuracy.py and
    verify_performance.py, compliance/TEST04/verify_performance.py (what is compared).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.policies.submission_logs import TEST_PERFORMANCE
from runtime.submission.logfile import Log

RESULTS = {
    "Offline": ("result_samples_per_second", False),
    "Server": ("result_completed_samples_per_sec", False),
    "SingleStream": ("early_stopping_latency_ss", True),
    "MultiStream": ("early_stopping_latency_ms", True),
}
"""Key of a scenario's result in the log, and whether it is a latency, in ns."""

SHORT_NS = {"SingleStream": 200_000, "MultiStream": 1_600_000}
"""Latencies up to which the wider tolerance holds."""

WIDE = 0.20
"""Tolerance of streams with very short latencies."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Outcome of one comparison."""

    passed: bool
    """Whether it passed."""
    reason: str
    """What was compared, in words."""
    text: str
    """The verification text of a submission."""


def compare_speed(test: str, reference: Log, run: Log) -> Compared:
    """Return whether a compliance run's speed is near enough to the performance run's.

    TEST01 must be within the tolerance both ways; TEST04 may be slower by any amount, but
    not faster by more than the tolerance, as it would be if answers were kept.

    Args:
        test: Name of the test.
        reference: Log of the performance run.
        run: Log of the compliance run.
    """
    for name, log in (("reference", reference), ("test", run)):
        if log.values.get("result_validity") != "VALID":
            return _failed(f"the {name} run is {log.values.get('result_validity')}")
    if reference.scenario != run.scenario or run.scenario not in RESULTS:
        return _failed(f"scenarios {reference.scenario!r} and {run.scenario!r}")
    bound = "effective_target_latency_ns"
    if run.scenario == "Server" and reference.values.get(bound) != run.values.get(bound):
        return _failed("another latency bound")
    key, is_latency = RESULTS[run.scenario]
    before, after = reference.number(key), run.number(key)
    if not before or not after:
        return _failed(f"no {key}")
    short = is_latency and before <= SHORT_NS[run.scenario]
    tolerance = WIDE if short else TEST_PERFORMANCE.number / 100
    reason, passed = f"{key} {before:g} and {after:g}", after <= before * (1 + tolerance)
    if test == "TEST04":
        faster = before / after if is_latency else after / before
        passed = faster < 1 + tolerance
    else:
        passed = passed and after >= before * (1 - tolerance)
    verdict = "TEST PASS" if passed else "TEST FAIL: Test score invalid"
    text = f"Reference score = {before}\nTest score = {after}\n{verdict}\n"
    return Compared(passed=passed, reason=reason, text=text)


def compare_answers(reference: dict[int, str], run: Sequence[tuple[int, str]]) -> Compared:
    """Return whether every answer that a TEST01 run logged is the accuracy run's.

    Args:
        reference: Answers of the accuracy run in hexadecimal, by sample index.
        run: Sample index and answer of each entry that the compliance run logged.
    """
    absent = sum(1 for index, _ in run if index not in reference)
    other = sum(1 for index, data in run if reference.get(index, data) != data)
    passed = bool(run) and not other and not absent
    counts = (
        f"num_acc_log_entries = {len(reference)}\n"
        f"num_perf_log_entries = {len(run)}\n"
        f"num_perf_log_data_mismatch = {other}\n"
        f"num_missing_qsl_idxs = {absent}\n"
    )
    verdict = "TEST PASS" if passed else "TEST FAIL"
    reason = f"{other} of {len(run)} answers differ, {absent} are of unknown samples"
    return Compared(passed=passed, reason=reason, text=f"{counts}{verdict}\n")


def _failed(reason: str) -> Compared:
    """Return a comparison that could not be made."""
    return Compared(passed=False, reason=reason, text=f"TEST FAIL: {reason}\n")
