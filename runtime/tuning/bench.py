"""Measures candidates: real LoadGen runs in processes of their own, or trials of the journal.

The bench keeps the time budget, ends runs that cannot become anything, and has every
trial on disk before the next one starts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic
from typing import Protocol

from runtime.artifacts import unique_folder
from runtime.configs.schema import Settings
from runtime.errors import RunError
from runtime.loadgen.progress import Progress
from runtime.plan import RunPlan, values_of
from runtime.policies.estimates import run_seconds
from runtime.record import RunRecord
from runtime.tuning.hopeless import Hopeless, watch
from runtime.tuning.journal import Journal, Keys
from runtime.tuning.model import Candidate, Trial
from runtime.tuning.quiet import Meter
from runtime.tuning.sizing import size
from runtime.vocabulary import Mode, Scenario

TRIALS = "trials"
"""Folder of the trials' runs, inside the search's folder."""

OVERHEAD_S = 1.0
"""What a trial costs beside its timed part before any was measured, in seconds: a process
that loads a small model and warms up."""

SATURATED = 0.98
"""Share of the scheduled rate that a system completes at least, while it keeps up.

Why: the Poisson schedule of a short run is off by a percent or two.
"""


UNRESERVED = ("size", "start", "confirm")
"""Purposes that may use the whole budget: without the first two there is nothing to confirm."""


class OutOfBudget(Exception):  # noqa: N818 - an outcome of the search, not a fault
    """The next trial would not end within the budget."""


class Execute(Protocol):
    """What runs a plan: `runtime.loadgen.session.execute`."""

    def __call__(
        self,
        plan: RunPlan,
        out: Path,
        on_progress: Callable[[Progress], None] | None = None,
        *,
        evidence: bool = True,
    ) -> RunRecord:
        """Run the plan into a folder and return its record."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Where a search stands; told before and after each trial."""

    candidate: Candidate
    """What is tried."""
    trial: Trial | None
    """What came of it; None before it ran."""
    reused: bool
    """Whether it came from the journal."""
    done: int
    """Trials that the search has used."""
    budget_left_s: float | None
    """Time left for trials; None without a budget."""


@dataclass(kw_only=True)
class Bench:
    """Measures candidates of one entry."""

    plan: RunPlan
    """The entry's plan, in performance mode, with its own durations."""
    folder: Path
    """The search's folder."""
    journal: Journal
    """Trials of this and earlier calls."""
    keys: Keys
    """Makes the key of a trial."""
    execute: Execute
    """Runs a plan."""
    trial_s: float
    """Length of a trial's timed part, in seconds."""
    budget_s: float | None = None
    """Most time that new trials may take; None for any."""
    on_step: Callable[[Step], None] | None = None
    """Told of every trial."""
    on_progress: Callable[[Progress], None] | None = None
    """Told where a trial stands."""
    expected: float | None = None
    """Rate that Offline queries are sized for; None for the entry's own."""
    reserve: tuple[Candidate, int] | None = None
    """Run and how many of it a part of the budget is kept for: only confirming runs use it."""
    used: list[Trial] = field(default_factory=list)
    """Trials of this search in order, each once."""
    asked: dict[str, int] = field(default_factory=dict)
    """How often each key was measured in this search: the journal's runs are used in order."""
    spent_s: float = 0.0
    """Time of the trials that this call ran."""
    overhead_s: float = OVERHEAD_S
    """What a trial costs beside its timed part, as the last one showed."""
    most_overhead_s: float = OVERHEAD_S
    """The most that a trial has cost beside its timed part: one that had to start a server."""

    def settings(self, candidate: Candidate) -> Settings:
        """Return the effective settings of a candidate's run."""
        own = dataclasses.replace(self.plan.settings, **candidate.changes)
        return own if candidate.full else size(own, self.trial_s, self.expected)

    def measure(self, candidate: Candidate) -> Trial:
        """Return the trial of a candidate, from the journal or by running it.

        Raises:
            OutOfBudget: The run would not end in time.
            Interrupted: The user stopped it; earlier trials are in the journal.
            HarnessError: Whatever ends a run without a verdict.
        """
        settings = self.settings(candidate)
        key = self.keys.of(settings)
        repeat = self.asked.get(key, 0)
        self.asked[key] = repeat + 1
        found = self.journal.find(key, repeat)
        reused = found is not None
        self._tell(candidate, None, reused=reused)
        if found is None:
            found = self._run(candidate, settings, key)
            self.journal.add(found)
        if all(t.number != found.number for t in self.used):
            self.used.append(found)
        self._tell(candidate, found, reused=reused)
        return found

    def estimate_s(self, candidate: Candidate) -> float:
        """Return how long a candidate's run will take, in seconds."""
        return run_seconds(self.settings(candidate)) + self.overhead_s

    @property
    def reserve_s(self) -> float:
        """Return the part of the budget that only confirming runs may use, in seconds.

        Why: it follows what trials really cost; before the first one nobody knows.
        """
        if self.reserve is None:
            return 0.0
        candidate, runs = self.reserve
        return runs * (run_seconds(self.settings(candidate)) + self.most_overhead_s)

    @property
    def left_s(self) -> float | None:
        """Return the time that is left for trials; None without a budget."""
        return None if self.budget_s is None else self.budget_s - self.spent_s

    def _run(self, candidate: Candidate, settings: Settings, key: str) -> Trial:
        """Run a candidate and return its trial."""
        self._check_budget(candidate)
        plan = self._plan_of(settings, full=candidate.full)
        number = len(self.journal) + 1
        parent = self.folder / TRIALS
        folder = unique_folder(parent, f"{number:03d}-{candidate.purpose}")
        started, begun = datetime.now(timezone.utc), monotonic()
        meter = Meter()
        guard = watch(settings, candidate.beat, self.on_progress)
        blank = Trial(
            number=number,
            key=key,
            purpose=candidate.purpose,
            changes=candidate.changes,
            verdict="ABORTED",
            value=None,
            full=candidate.full,
            started=started.isoformat(timespec="seconds"),
            folder=folder.relative_to(self.folder).as_posix(),
        )
        try:
            made = _judged(blank, self.execute(plan, folder, guard, evidence=False), settings)
        except Hopeless as end:
            made = _change(blank, value=end.value, saturated=end.saturated, cause=end.reason)
        except RunError as error:
            if not self.used:  # the entry itself does not run: nothing to search
                raise
            made = _change(blank, verdict="FAILED", cause=str(error), saturated=True)
        finally:
            seconds = monotonic() - begun
            self.spent_s += seconds
        if made.verdict not in ("ABORTED", "FAILED"):
            self.overhead_s = max(0.1, seconds - run_seconds(settings))
            self.most_overhead_s = max(self.most_overhead_s, self.overhead_s)
        load = meter.read()
        return _change(made, seconds=round(seconds, 3), others=load.cores, disturbed=load.disturbed)

    def _check_budget(self, candidate: Candidate) -> None:
        """Raise OutOfBudget where a run would not end in time."""
        if self.left_s is None:
            return
        kept = 0.0 if candidate.purpose in UNRESERVED else self.reserve_s
        if self.estimate_s(candidate) > self.left_s - kept:
            raise OutOfBudget

    def _plan_of(self, settings: Settings, *, full: bool) -> RunPlan:
        """Return the plan of a run with these settings."""
        before, after = values_of(self.plan.settings), values_of(settings)
        changes = self.plan.overrides | {n: v for n, v in after.items() if v != before[n]}
        mode, quick = Mode.PERFORMANCE, not full
        return dataclasses.replace(
            self.plan, settings=settings, overrides=changes, mode=mode, quick=quick
        )

    def _tell(self, candidate: Candidate, trial: Trial | None, *, reused: bool) -> None:
        """Tell the caller of a step."""
        if self.on_step is None:
            return
        self.on_step(
            Step(
                candidate=candidate,
                trial=trial,
                reused=reused,
                done=len(self.used),
                budget_left_s=self.left_s,
            )
        )


def _judged(blank: Trial, record: RunRecord, settings: Settings) -> Trial:
    """Return the trial of a run that came to its end."""
    figures = {m.name: m.value for m in record.metrics}
    primary = record.primary
    scheduled = figures.get("queries_per_s_scheduled")
    completed = figures.get("queries_per_s")
    percentile = getattr(settings, "target_latency_percentile", None)
    judged = f"latency_p{percentile:g}_ms".replace(".", "_") if percentile else ""
    causes = "; ".join(c.text for c in record.verdict.causes)
    return _change(
        blank,
        verdict=record.verdict.result,
        value=primary.value if primary else None,
        latency_ms=figures.get(judged),
        median_ms=figures.get("latency_p50_ms"),
        saturated=bool(scheduled and completed and completed < SATURATED * scheduled),
        cause="" if record.verdict.result == "VALID" else causes,
    )


def _change(trial: Trial, **values: object) -> Trial:
    """Return a trial with values replaced."""
    import msgspec

    return msgspec.structs.replace(trial, **values)


def metric_of(scenario: Scenario, percentile: float | None) -> tuple[str, str, str]:
    """Return name, unit and direction of what a scenario is judged by."""
    if scenario is Scenario.OFFLINE:
        return "samples_per_s", "samples/s", "higher"
    if scenario is Scenario.SERVER:
        return "queries_per_s", "queries/s", "higher"
    name = f"latency_p{percentile or 0:g}_ms".replace(".", "_")
    return name, "ms", "lower"
