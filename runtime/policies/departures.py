"""Where the settings of a run fall short of the official rules; every output of it says so."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.configs.schema import MultiStream, Offline, Server, Settings, SingleStream
from runtime.policies import run
from runtime.policies.model import Policy


@dataclass(frozen=True, kw_only=True)
class Departure:
    """A value that an official run could not have."""

    field: str
    """Field of the settings."""
    want: str
    """What the rule asks for."""
    got: str
    """What is set."""
    policy: Policy
    """The rule."""

    def __str__(self) -> str:
        """Return the sentence that outputs of the run carry."""
        return (
            f"departs from the rules: {self.field} is {self.got}, want {self.want} "
            f"({self.policy.id})"
        )


def departures(
    settings: Settings, workload: str, target: str, dataset_samples: int
) -> tuple[Departure, ...]:
    """Return where a performance run's settings fall short of the rules; empty when they meet them.

    Args:
        settings: Effective values.
        workload: Name of the workload, which has a latency bound of its own.
        target: Name of the target.
        dataset_samples: Samples of the evaluation set.
    """
    least: list[tuple[str, float, str, Policy]] = [
        ("min_duration_ms", run.MIN_DURATION.number, "ms", run.MIN_DURATION)
    ]
    if isinstance(settings, Offline):
        count = run.min_samples(dataset_samples)
        least.append(("min_sample_count", count, "samples", run.OFFLINE_SAMPLES))
    judged = {
        Server: run.PERCENTILE_SERVER,
        SingleStream: run.PERCENTILE_SINGLE_STREAM,
        MultiStream: run.PERCENTILE_MULTI_STREAM,
    }.get(type(settings))
    if judged is not None:
        least.append(("target_latency_percentile", judged.number, "%", judged))
    if isinstance(settings, MultiStream):
        rule = run.SAMPLES_PER_QUERY
        least.append(("samples_per_query", rule.number, "samples", rule))
    found = [
        Departure(field=name, want=f"at least {_show(floor, unit)}", got=_show(got, unit), policy=p)
        for name, floor, unit, p in least
        if (got := getattr(settings, name)) < floor
    ]
    if isinstance(settings, Server):
        found += _loose_bound(settings, workload, target)
    return tuple(found)


def _loose_bound(settings: Server, workload: str, target: str) -> list[Departure]:
    """Return the departure of a latency bound above the workload's own."""
    rule = run.bound_rule(workload, target)
    if rule is None or settings.target_latency_ms <= rule.number:
        return []
    got, want = _show(settings.target_latency_ms, "ms"), f"at most {_show(rule.number, 'ms')}"
    return [Departure(field="target_latency_ms", want=want, got=got, policy=rule)]


def _show(value: float, unit: str) -> str:
    """Return a number with its unit."""
    return f"{value:,.12g} {unit}".replace(",", " ")
