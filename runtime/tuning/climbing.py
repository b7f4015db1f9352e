"""The search of Offline and the streams: a coordinate search over throughput or latency.

Successive halving then decides between the candidates that are close.
"""

from __future__ import annotations

from typing import Any

from runtime.configs.schema import MultiStream, Offline, SingleStream
from runtime.policies.estimates import run_seconds
from runtime.tuning import rate as rates
from runtime.tuning import shape
from runtime.tuning.axes import changed
from runtime.tuning.course import SPARE, Course
from runtime.tuning.model import Candidate, Trial

HEAD_ROOM = 1.1
"""Factor by which `expected_latency_ms` stays under what was measured.

Why: LoadGen prepares that many queries; a value above the real latency lets them run out.
"""


class Climb(Course):
    """The highest throughput, or the lowest latency."""

    def explore(self) -> None:
        """Find candidates that are worth comparing."""
        own = self.bench.plan.settings
        self.keep_time({})
        if isinstance(own, Offline):
            self._learn_rate()
        self._climb = shape.Climb(
            self._measure, self.allowed, self._higher, lambda name: getattr(own, name)
        )
        self._climb.run(self.axes)

    def confirm(self) -> None:
        """Decide between the best candidates by repeated runs."""
        climb: shape.Climb | None = getattr(self, "_climb", None)
        finalists = climb.finalists() if climb else []
        if not finalists:
            return
        self._set(finalists[0], None)
        self._best, self.found.runs = finalists[0], []
        one = Candidate(changes=finalists[0], purpose="confirm")
        each = self.bench.settings(one)
        count = shape.affordable(
            len(finalists),
            self.options.confirmations,
            run_seconds(each) + self.bench.most_overhead_s,
            self.bench.left_s,
        )
        winner, runs = shape.halve(
            finalists[:count],
            self._confirming,
            higher=self._higher,
            runs=self.options.confirmations,
            cost=self._cost,
        )
        self.found.runs = runs
        for _ in range(SPARE):  # one that failed among them: more, while time is left
            if self.found.confirmations >= self.options.confirmations or shape.hopeless(runs):
                break
            runs.append(self.run(winner, "confirm"))
        self._set(winner, shape.median(runs))
        if self.options.full:
            self._confirm_full(winner)

    @property
    def _higher(self) -> bool:
        return isinstance(self.bench.plan.settings, Offline)

    def _measure(self, changes: dict[str, Any], purpose: str, beat: float | None) -> Trial:
        """Return the trial of some changes, and keep the best so far."""
        trial = self.run(changes, purpose, beat)
        best = self.found.value
        if trial.valid and trial.value is not None:
            better = best is None or (trial.value > best) == self._higher
            if better:
                self._set(changes, trial.value)
        return trial

    def _confirming(self, changes: dict[str, Any], purpose: str, beat: float | None) -> Trial:
        """Return a run that may use the time that was kept."""
        del purpose
        trial = self.run(changes, "confirm", beat)
        if changes == self._best:
            self.found.runs.append(trial)  # so that a stop in the middle keeps them
        return trial

    def _learn_rate(self) -> None:
        """Size the query by a first run: the entry's rate may be of another machine."""
        trial = self.run({}, "size")
        if trial.value:
            self.bench.expected = rates.rounded(trial.value)

    def _confirm_full(self, winner: dict[str, Any]) -> None:
        """Run the winner with its own durations, its load set to what was measured."""
        del winner
        changes = dict(self.found.changes)
        self.found.runs = []
        while self.found.confirmations < self.options.confirmations:
            trial = self.run(changes, "confirm", full=True)
            self.found.runs.append(trial)
            if not trial.valid:
                break
        self.found.value = shape.median(self.found.runs)

    def _set(self, changes: dict[str, Any], value: float | None) -> None:
        """Keep the best candidate, with the load that follows from its figure."""
        if value is None:
            self.found.changes = {**self._load(self.found.value), **changes}
            return
        self.found.value = value
        self.found.changes = {**changes, **self._load(value)}

    def _load(self, value: float | None) -> dict[str, Any]:
        """Return the value of the field that sizes a real run."""
        own = self.bench.plan.settings
        if value is None:
            return {}
        if isinstance(own, Offline):
            return {"target_qps": rates.rounded(value)}
        medians = [t.median_ms for t in self.found.runs if t.valid and t.median_ms]
        if isinstance(own, (SingleStream, MultiStream)) and medians:
            return {"expected_latency_ms": rates.rounded(min(medians) / HEAD_ROOM)}
        return {}

    def _cost(self, changes: dict[str, Any]) -> float:
        """Return what a candidate takes of the device: samples in flight and threads."""
        settings = changed(self.bench.plan.settings, changes)
        if settings is None:
            return float("inf")
        workers = settings.lanes * getattr(settings, "processes", 1)
        return float(settings.batch_size * workers * settings.intra_op_threads)
