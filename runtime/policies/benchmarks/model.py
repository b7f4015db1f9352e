"""What MLPerf asks of one benchmark: the form of the tables in this package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ScenarioName = Literal["Offline", "Server", "SingleStream", "MultiStream", "Interactive"]
"""A scenario as official files and folders spell it; Interactive is a Server run of its own model
name in LoadGen."""

Suite = Literal["datacenter", "edge", "datacenter,edge"]
"""A `system_type` of a systems JSON; another letter case stops the submission checker."""

CHECKER = "mlcommons/inference@b66003e10, tools/submission/submission_checker/constants.py"
"""Where the figures of every benchmark stand, unless its own `source` says otherwise."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """The range that one accuracy metric must lie in."""

    metric: str
    """Name of the metric, as the submission checker has it."""
    least: float | None = None
    """Least value that passes, in the metric's own unit; None without one."""
    most: float | None = None
    """Greatest value that passes; None without one."""
    scenarios: tuple[ScenarioName, ...] = ()
    """Scenarios that it holds for; empty for all."""


@dataclass(frozen=True, kw_only=True)
class Bound:
    """The latency that judges one scenario."""

    scenario: ScenarioName
    """Scenario that it judges."""
    latency_ms: float | None = None
    """Greatest 99th-percentile latency of a query; None without one."""
    ttft_ms: float | None = None
    """Greatest 99th-percentile time to the first token; None without one."""
    tpot_ms: float | None = None
    """Greatest 99th-percentile time per output token; None without one."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One benchmark of a round, as the submission checker and LoadGen's configuration have it."""

    name: str
    """Name in the submission checker and in folders: `resnet`."""
    title: str
    """Its task, model and data set in words."""
    loadgen_name: str
    """Model name of mlperf.conf: `resnet50`; empty where mlperf.conf has none."""
    goals: tuple[Goal, ...]
    """Ranges of its accuracy metrics; every one must be met."""
    dataset_samples: int
    """Samples of the evaluation set."""
    performance_samples: int
    """Least `performance_sample_count` that the checker takes."""
    datacenter: tuple[ScenarioName, ...] = ()
    """Scenarios that a closed datacenter submission must have; empty where it is not offered."""
    datacenter_optional: tuple[ScenarioName, ...] = ()
    """Scenarios that it may have besides."""
    edge: tuple[ScenarioName, ...] = ()
    """Scenarios that a closed edge submission must have; empty where it is not offered."""
    edge_optional: tuple[ScenarioName, ...] = ()
    """Scenarios that it may have besides."""
    both: tuple[ScenarioName, ...] = ()
    """Scenarios of a system of type `datacenter,edge`, which the checker lists apart."""
    both_optional: tuple[ScenarioName, ...] = ()
    """Scenarios that such a system may have besides."""
    accuracy_samples: int | None = None
    """Answers in an accuracy log, where they are not the data set's number."""
    accuracy_samples_interactive: int | None = None
    """The same for Interactive, where that differs."""
    offline_samples: int | None = None
    """Least samples of an Offline query; None without a rule."""
    bounds: tuple[Bound, ...] = ()
    """Latency bounds, by scenario."""
    compliance: tuple[str, ...] = ()
    """Compliance tests that a closed submission needs: `TEST01`."""
    throughput_unit: str = ""
    """Unit of its throughput where it is neither samples/s nor queries/s."""
    single_stream_percentile: float = 90.0
    """Percentile of the latency that is the result in SingleStream, in %."""
    min_duration_ms: int = 600_000
    """Least duration of a performance run; 0 for none."""
    source: str = CHECKER
    """Where the figures stand."""

    def required(self, suite: Suite) -> tuple[ScenarioName, ...]:
        """Return the scenarios that a closed submission to a suite must have; empty for none."""
        return {"datacenter": self.datacenter, "edge": self.edge}.get(suite, self.both)

    def optional(self, suite: Suite) -> tuple[ScenarioName, ...]:
        """Return the scenarios that a closed submission to a suite may have besides."""
        named = {"datacenter": self.datacenter_optional, "edge": self.edge_optional}
        return named.get(suite, self.both_optional)

    def bound(self, scenario: ScenarioName) -> Bound | None:
        """Return the latency bound of a scenario; None where latency does not judge it."""
        return next((b for b in self.bounds if b.scenario == scenario), None)

    def goals_of(self, scenario: ScenarioName) -> tuple[Goal, ...]:
        """Return the accuracy goals that hold for a scenario."""
        return tuple(g for g in self.goals if not g.scenarios or scenario in g.scenarios)

    def answers(self, scenario: ScenarioName) -> int:
        """Return how many answers the accuracy log of a scenario must hold."""
        own = self.accuracy_samples_interactive if scenario == "Interactive" else None
        return own or self.accuracy_samples or self.dataset_samples
