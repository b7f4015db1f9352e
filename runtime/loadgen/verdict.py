"""From LoadGen's log to a verdict, and for every INVALID the value that would be valid."""

from __future__ import annotations

import math
from collections.abc import Iterator

from runtime.configs.schema import MultiStream, Offline, Server, Settings
from runtime.loadgen.logs import Detail
from runtime.policies.earlystopping import least_for_estimate, least_queries, queries_at_share
from runtime.record import Accuracy, Cause, Verdict

MARGIN = 1.1
"""Head room that suggested values get over what was measured."""

TWICE = "Multiple conf files are used"
"""Words of the error that a second FromConfig in a process leaves."""

RAN_OUT = "Ran out of generated queries"
"""Words of the error with which LoadGen ends a run whose query list was too short."""


def judge_performance(detail: Detail, settings: Settings, least_samples: int = 0) -> Verdict:
    """Return LoadGen's verdict with the causes of an INVALID, and what a checker would refuse.

    Args:
        detail: LoadGen's log.
        settings: Effective settings of the run.
        least_samples: Distinct samples that the benchmark asks for; 0 without a rule.
    """
    causes = (*_causes(detail, settings), *_few_samples(detail, least_samples))
    if detail.valid:
        return Verdict(result="VALID", causes=causes)
    if not causes:
        reason = str(detail.values.get("result_invalid_reason") or "no reason in the log").strip()
        do = "read mlperf_log_summary.txt and mlperf_log_detail.txt of the run"
        causes = (Cause(code="loadgen-error", text=f"LoadGen: {reason}", do=do),)
    return Verdict(result="INVALID", causes=causes)


def judge_accuracy(accuracy: Accuracy, detail: Detail, samples: int) -> Verdict:
    """Return VALID where every sample was answered and the goal was met."""
    causes = [_error_cause(text) for text in detail.errors]
    if accuracy.samples != samples:
        causes.append(
            Cause(
                code="missing-answers",
                text=f"want an answer to each of {samples} samples, got {accuracy.samples}",
                do="run the accuracy mode again, to its end",
            )
        )
    if not accuracy.passed:
        causes.append(
            Cause(
                code="accuracy-goal",
                text=f"want {accuracy.metric} of at least {accuracy.goal:.4f} "
                f"(share of the reference {accuracy.reference:.4f}), got {accuracy.value:.4f}",
                do="use a more exact precision, calibrate with more samples, or check that the "
                "model file and its preprocessing belong together",
            )
        )
    return Verdict(result="INVALID" if causes else "VALID", causes=tuple(causes))


def _causes(detail: Detail, settings: Settings) -> Iterator[Cause]:
    """Yield every reason for an INVALID; errors are told for a VALID run too."""
    values = detail.values
    ran_out = [text for text in detail.errors if RAN_OUT in text]
    if ran_out:
        yield _ran_out(detail, settings)
    elif values.get("result_min_duration_met") is False:
        yield _too_short(detail, settings)
    if values.get("result_min_queries_met") is False:
        yield _too_few(detail, settings)
    if values.get("result_perf_constraints_met") is False and isinstance(settings, Server):
        yield _too_slow(detail, settings)
    elif values.get("early_stopping_met") is False:
        yield _early_stopping(detail, settings)
    for text in detail.errors:
        if text not in ran_out:
            yield _error_cause(text)


def _few_samples(detail: Detail, least: int) -> Iterator[Cause]:
    """Yield the cause of a run that drew from too few distinct samples.

    Why: LoadGen logs the count that it was told, not the one that the data set has.
    """
    seen = ("effective_performance_sample_count", "qsl_reported_total_count")
    counts = [count for key in seen if (count := detail.number(key)) is not None]
    if counts and min(counts) < least:
        yield Cause(
            code="performance-samples",
            text=f"want at least {least} distinct samples, got {min(counts):.0f}; LoadGen does not "
            "judge it, a submission checker does",
            do=f"give a data set with at least {least} samples (--data)",
        )


def _error_cause(text: str) -> Cause:
    """Return the cause for a line that LoadGen marked as an error."""
    if TWICE in text:
        return Cause(
            code="multiple-conf-files",
            text="want one FromConfig in a process, got a second",
            do="run one test per process, and never call FromConfig on an audit.config",
        )
    return Cause(
        code="loadgen-error",
        text=f"LoadGen reports an error: {text.strip()}",
        do="read mlperf_log_detail.txt of the run",
    )


def _too_short(detail: Detail, settings: Settings) -> Cause:
    """Return the cause of a run that ended before its least duration."""
    want = f"want a run of at least {settings.min_duration_ms} ms"
    if isinstance(settings, Offline):
        rate = detail.number("result_samples_per_second") or settings.target_qps
        lasted = detail.milliseconds("result_max_latency_ns") or 0.0
        text = (
            f"{want}, got {lasted:.0f} ms: the query was sized for {settings.target_qps:g} "
            f"samples/s and the system did {rate:.0f}"
        )
        return Cause(code="min-duration", text=text, do=f"set target_qps={_up(rate * MARGIN)}")
    return Cause(
        code="min-duration",
        text=f"{want}; LoadGen had too few queries prepared for it",
        do=_prepare_more(detail, settings),
    )


def _ran_out(detail: Detail, settings: Settings) -> Cause:
    """Return the cause of a run that used up the queries prepared for it."""
    count = detail.number("result_query_count") or 0
    text = (
        f"LoadGen prepared {count:.0f} queries and sent them all before {settings.min_duration_ms} "
        "ms were over"
    )
    return Cause(code="ran-out-of-queries", text=text, do=_prepare_more(detail, settings))


def _prepare_more(detail: Detail, settings: Settings) -> str:
    """Return the change that makes LoadGen prepare enough queries."""
    if isinstance(settings, Server):
        return f"set target_qps above {settings.target_qps:g}, or a larger min_query_count"
    query = "query_" if isinstance(settings, MultiStream) else ""
    middle = "per_query_" if isinstance(settings, MultiStream) else ""
    keys = f"result_mean_{query}latency_ns", f"result_50.00_percentile_{middle}latency_ns"
    seen = [value for key in keys if (value := detail.milliseconds(key))]
    if not seen:
        return "set a smaller expected_latency_ms"
    usual = min(seen)
    return f"set expected_latency_ms={_down(usual / MARGIN)} (usual was {_ms(usual)})"


def _too_few(detail: Detail, settings: Settings) -> Cause:
    """Return the cause of a run with fewer queries than asked for."""
    field = "min_sample_count" if isinstance(settings, Offline) else "min_query_count"
    want = getattr(settings, field, 0)
    count = detail.number("result_query_count") or 0
    return Cause(
        code="min-queries",
        text=f"want at least {want} queries, got {count:.0f}",
        do=_prepare_more(detail, settings),
    )


def _too_slow(detail: Detail, settings: Server) -> Cause:
    """Return the cause of a latency over the bound, with a rate that is likelier to hold."""
    percentile = f"{settings.target_latency_percentile:g}"
    key = f"result_{settings.target_latency_percentile:.2f}_percentile_latency_ns"
    got = detail.milliseconds(key)
    completed = detail.number("result_completed_samples_per_sec") or settings.target_qps
    scheduled = detail.number("result_scheduled_samples_per_sec") or settings.target_qps
    saturated = completed < 0.98 * scheduled
    base = min(completed, settings.target_qps) if saturated else settings.target_qps
    over = detail.number("result_overlatency_query_count") or 0
    shown = f"{over:.0f} queries over it" if got is None else _ms(got)
    text = (
        f"want a {percentile}th-percentile latency of at most {settings.target_latency_ms:g} ms, "
        f"got {shown} at {settings.target_qps:g} queries/s"
    )
    if saturated:
        text += f"; the system completes only {completed:.0f} queries/s"
    do = f"set target_qps={_down(base / MARGIN)}, or more lanes or a larger batch_size"
    usual = detail.milliseconds("result_50.00_percentile_latency_ns")
    if usual and usual > settings.target_latency_ms and not saturated:
        do = (
            f"make a single answer faster (smaller max_queue_delay_us, more intra_op_threads, a "
            f"faster model): the median of {_ms(usual)} is over the bound at any rate"
        )
    return Cause(code="latency-bound", text=text, do=do)


def _early_stopping(detail: Detail, settings: Settings) -> Cause:
    """Return the cause of too few queries for the statistics, with the number that is enough."""
    count = int(detail.number("result_query_count") or 0)
    if isinstance(settings, Server):
        misses = int(detail.number("result_overlatency_query_count") or 0)
        return _too_close(count, misses, settings)
    percentile = getattr(settings, "target_latency_percentile", 99.0)
    need = least_for_estimate(percentile)
    return Cause(
        code="early-stopping",
        text=f"early stopping cannot judge {count} queries: it needs {need}, so that one may be "
        f"above the {percentile:g}th percentile",
        do=f"set min_query_count={need} and leave min_duration_ms as it is",
    )


def _too_close(count: int, misses: int, settings: Server) -> Cause:
    """Return the cause of a Server run whose misses leave room for luck."""
    percentile = settings.target_latency_percentile
    least = least_queries(misses, percentile)
    text = (
        f"early stopping cannot judge {count} queries for {percentile:g} % under the bound, "
        f"{misses} of which miss it: it needs {least} if no more miss it"
    )
    lower = f"set target_qps={_down(settings.target_qps / MARGIN)}, so that fewer queries miss it"
    if not misses:
        return Cause(code="early-stopping", text=text, do=f"set min_query_count={least}")
    going_on = queries_at_share(misses, count, percentile)
    if going_on is None:
        text += f"; at this share of misses ({misses / count:.2%}) no number is enough"
        return Cause(code="early-stopping", text=text, do=lower)
    seconds = going_on / settings.target_qps
    text += f", {going_on} if the share of misses stays ({misses / count:.2%})"
    do = f"set min_query_count={going_on} (about {seconds:.0f} s), or {lower}"
    return Cause(code="early-stopping", text=text, do=do)


def _ms(value: float) -> str:
    """Return a latency in milliseconds to four digits, and never as a power of ten."""
    digits = max(4, len(f"{value:.0f}"))
    return f"{value:.{digits}g} ms"


def _up(value: float) -> str:
    """Return a number rounded up to three digits."""
    return _rounded(value, math.ceil)


def _down(value: float) -> str:
    """Return a number rounded down to three digits."""
    return _rounded(value, math.floor)


def _rounded(value: float, how: object) -> str:
    if value <= 0:
        return "1"
    scale = 10.0 ** (math.floor(math.log10(value)) - 2)
    steps = math.ceil(value / scale) if how is math.ceil else math.floor(value / scale)
    return f"{steps * scale:.12g}"
