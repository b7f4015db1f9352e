"""Which result is judged: division, benchmark, scenario, suite."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.policies.benchmarks.model import Benchmark, ScenarioName
from runtime.policies.rounds import Round


@dataclass(frozen=True, kw_only=True)
class Place:
    """One scenario's folder and what holds for it."""

    folder: str
    """The folder, relative to the tree."""
    division: str
    """`closed`, `open` or `network`."""
    benchmark: Benchmark
    """What the round says of the benchmark."""
    scenario: ScenarioName
    """The scenario."""
    edge: bool
    """Whether the system is one of the edge suite."""
    round_: Round
    """The round."""

    @property
    def judged(self) -> bool:
        """Return whether goals and compliance tests hold: not in the open division."""
        return self.division != "open"

    @property
    def loadgen_scenario(self) -> str:
        """Return LoadGen's name of the scenario: Interactive is its Server."""
        return "Server" if self.scenario == "Interactive" else self.scenario
