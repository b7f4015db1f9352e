"""From LoadGen's log to the metrics of a performance run."""

from __future__ import annotations

from collections.abc import Iterator

from runtime.configs.schema import MultiStream, Settings, SingleStream
from runtime.loadgen.logs import Detail
from runtime.record import Metric
from runtime.vocabulary import Scenario

PERCENTILES: dict[str, str] = {
    "p50": "50.00",
    "p90": "90.00",
    "p95": "95.00",
    "p97": "97.00",
    "p99": "99.00",
    "p99_9": "99.90",
}
"""Percentiles in LoadGen's log, by their name in metrics."""


def read_metrics(detail: Detail, settings: Settings) -> tuple[Metric, ...]:
    """Return the figures of a performance run, the scenario's own one marked."""
    return tuple(_metrics(detail, settings))


def _metrics(detail: Detail, settings: Settings) -> Iterator[Metric]:
    """Yield the metrics that the log of this scenario holds."""
    scenario = settings.scenario
    if scenario is Scenario.OFFLINE:
        yield from _rate(detail, "samples_per_s", "result_samples_per_second", "samples/s")
        yield from _duration(detail, "duration_ms", "result_max_latency_ns")
        return
    if scenario is Scenario.SERVER:
        completed, planned = "result_completed_samples_per_sec", "result_scheduled_samples_per_sec"
        yield from _rate(detail, "queries_per_s", completed, "queries/s")
        yield from _rate(detail, "queries_per_s_scheduled", planned, "queries/s", primary=False)
    else:
        key = "result_qps_with_loadgen_overhead"
        yield from _rate(detail, "queries_per_s", key, "queries/s", primary=False)
    main = _judged_percentile(settings)
    middle = "per_query_" if scenario is Scenario.MULTI_STREAM else ""
    query = "query_" if scenario is Scenario.MULTI_STREAM else ""
    for name, figure in PERCENTILES.items():
        key = f"result_{figure}_percentile_{middle}latency_ns"
        yield from _duration(detail, f"latency_{name}_ms", key, primary=figure == main)
    yield from _duration(detail, "latency_mean_ms", f"result_mean_{query}latency_ns")
    yield from _duration(detail, "latency_max_ms", f"result_max_{query}latency_ns")
    if main:
        estimate = "early_stopping_latency_" + ("ms" if query else "ss")
        name = f"early_stopping_p{float(main):g}_ms".replace(".", "_")
        yield from _duration(detail, name, estimate, primary=main not in PERCENTILES.values())
    count = detail.number("result_query_count")
    if count is not None:
        yield Metric(name="queries", value=count, unit="queries", better="higher")


def _judged_percentile(settings: Settings) -> str:
    """Return the percentile that is a stream scenario's result, as LoadGen's log writes it.

    LoadGen's log has six percentiles; any other one is there as the early-stopping
    estimate only, which then is the scenario's figure.
    """
    if isinstance(settings, (SingleStream, MultiStream)):
        return f"{settings.target_latency_percentile:.2f}"
    return ""


def _rate(
    detail: Detail, name: str, key: str, unit: str, *, primary: bool = True
) -> Iterator[Metric]:
    """Yield a rate, where the log has it."""
    value = detail.number(key)
    if value is not None:
        yield Metric(name=name, value=value, unit=unit, better="higher", primary=primary)


def _duration(detail: Detail, name: str, key: str, *, primary: bool = False) -> Iterator[Metric]:
    """Yield a time in ms, where the log has it."""
    value = detail.milliseconds(key)
    if value:
        better = "higher" if name == "duration_ms" else "lower"
        yield Metric(name=name, value=value, unit="ms", better=better, primary=primary)
