"""The search of each scenario, from the entry's values to confirmed ones.

Server: a rough rate first, then each field is challenged at the rate that the present
values could not hold, then the rate is narrowed and confirmed. Offline and the streams:
a coordinate search over throughput or latency, then successive halving.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runtime.configs.schema import MultiStream, Offline, Server, SingleStream
from runtime.errors import Interrupted
from runtime.policies.estimates import run_seconds
from runtime.tuning import rate as rates
from runtime.tuning import shape
from runtime.tuning.axes import Axis, Fits, changed
from runtime.tuning.bench import Bench, OutOfBudget
from runtime.tuning.found import Found, Options, last_cause, why_not
from runtime.tuning.model import Candidate, Trial

ROUGH = 0.25
"""How narrow the first bracket of a Server rate is made, as failed / held - 1.

Why: fields are compared at its upper end; closer than this, noise would choose them.
"""

LEAST_SHARE = 1e-3
"""Share of the entry's rate under which a Server search gives up."""

CONFIRM_STEPS = 8
"""Most rates that are tried while none can be confirmed."""

EXCUSED = 1
"""Disturbed INVALID runs that do not count against a rate while it is confirmed."""

SPARE = 4
"""Runs beyond the confirming ones that time is kept for: rates that cannot be confirmed."""

HEAD_ROOM = 1.1
"""Factor by which `expected_latency_ms` stays under what was measured.

Why: LoadGen prepares that many queries; a value above the real latency lets them run out.
"""


def search(bench: Bench, axes: tuple[Axis, ...], fits: Fits, options: Options) -> Found:
    """Return the best settings of an entry; a search that is stopped returns what it has."""
    found = Found()
    settings = bench.plan.settings
    run = _Server(bench, axes, fits, options, found) if isinstance(settings, Server) else None
    other = _Climbing(bench, axes, fits, options, found)
    try:
        try:
            (run or other).explore()
        except OutOfBudget:
            what = "every field was tried" if found.value else "any candidate was VALID"
            found.reason = f"the budget ended before {what}"
        (run or other).confirm()
        if found.reason and found.confirmations < options.confirmations:
            known = found.value is not None
            tail = f"; {why_not(found, bench.used)}" if known else last_cause(found, bench.used)
            found.reason += tail
    except OutOfBudget:
        found.reason = _ended(bench, found, options)
    except Interrupted as error:
        found.reason, found.error = "the user stopped the search", error
    return found


def _ended(bench: Bench, found: Found, options: Options) -> str:
    """Return in words that the budget ended, what was confirmed by then, and what would do."""
    wanted, has = options.confirmations, found.confirmations
    best = Candidate(changes=found.changes, purpose="confirm", full=options.full)
    more = (wanted - has) * (run_seconds(bench.settings(best)) + bench.most_overhead_s)
    return (
        f"the budget ended before the best settings were confirmed: {has} of {wanted} VALID runs; "
        f"call it again with --budget {math.ceil(more / 6) / 10:g} or more: it goes on there"
    )


@dataclass
class _Flow:
    """What every scenario's search has."""

    bench: Bench
    axes: tuple[Axis, ...]
    fits: Fits
    options: Options
    found: Found

    def allowed(self, changes: dict[str, Any]) -> bool:
        """Return whether changes make settings that fit the device."""
        settings = changed(self.bench.plan.settings, changes)
        return settings is not None and not self.fits(settings)

    def run(
        self,
        changes: dict[str, Any],
        purpose: str,
        beat: float | None = None,
        *,
        full: bool = False,
    ) -> Trial:
        """Return the trial of some changes."""
        made = Candidate(changes=changes, purpose=purpose, full=full, beat=beat)
        return self.bench.measure(made)

    def keep_time(self, changes: dict[str, Any]) -> None:
        """Keep a part of the budget for the confirming runs."""
        made = Candidate(changes=changes, purpose="confirm", full=self.options.full)
        self.bench.reserve = made, self.options.confirmations + SPARE


class _Server(_Flow):
    """The highest rate under the latency bound, and the values that reach it."""

    def explore(self) -> None:
        """Find a narrow bracket of the best values."""
        own = self._own
        self.keep_time({})
        least, bound = own.target_qps * LEAST_SHARE, own.target_latency_ms
        self._shape: dict[str, Any] = {}
        self._bracket = rates.find_bracket(
            self._probe({}), own.target_qps, bound, least=least, tell=self._note
        )
        self._note(self._bracket)
        if self._bracket.held is None:
            return
        self._narrow(ROUGH)
        for axis in self.axes:
            self._challenge(axis)
        self._narrow(self.options.tolerance)

    def confirm(self) -> None:
        """Run the best rate until enough runs in a row are VALID, else a lower one."""
        step = self.options.tolerance
        for _ in range(CONFIRM_STEPS):
            rate = self.found.value
            if rate is None or self._confirmed(rate):
                return
            lower = rates.rounded(rate / (1 + step))
            self._note(rates.Bracket(held=lower, failed=rate))
            self.found.runs = []
            step *= 2
        if self.found.confirmations < self.options.confirmations:
            self.found.value = None
            self.found.changes = {}

    @property
    def _own(self) -> Server:
        settings = self.bench.plan.settings
        if not isinstance(settings, Server):
            raise TypeError(type(settings).__name__)
        return settings

    def _probe(self, shape_: dict[str, Any]) -> rates.Probe:
        """Return what runs a rate with some values."""
        return lambda rate, purpose: self.run({**shape_, "target_qps": rate}, purpose)

    def _note(self, bracket: rates.Bracket) -> None:
        """Keep what is known, so that a search that is stopped has it."""
        self._bracket = bracket
        if bracket.held is not None:
            self.found.value = bracket.held
            self.found.changes = {**self._shape, "target_qps": bracket.held}
        self.found.failed_at = bracket.failed

    def _narrow(self, tolerance: float) -> None:
        """Make the bracket of the present values narrower."""
        bound = self._own.target_latency_ms
        rates.bisect(self._probe(self._shape), self._bracket, tolerance, bound, self._note)

    def _challenge(self, axis: Axis) -> None:
        """Move along a field while a value holds the rate that the present one could not."""
        for up in (True, False):
            moved = False
            while True:
                now = self._shape.get(axis.field, getattr(self._own, axis.field))
                wanted = axis.steps(now)[0 if up else 1]
                if wanted is None or not self._takes_over(axis.field, wanted):
                    break
                moved = True
            if moved:
                return

    def _takes_over(self, name: str, value: Any) -> bool:
        """Return whether a value holds what the present one could not; keep it if so."""
        rate, bound = self._bracket.failed, self._own.target_latency_ms
        challenger = {**self._shape, name: value}
        if rate is None or not self.allowed(challenger):
            return False
        probe = self._probe(challenger)
        held, _ = rates.holds(probe, rate, name, bound)
        if not held:
            return False
        self._shape = challenger
        self._note(rates.Bracket(held=rate))
        found = rates.find_bracket(
            probe, rate * (1 + ROUGH), bound, step=1 + ROUGH, known=self._bracket, tell=self._note
        )
        self._note(found)
        return True

    def _confirmed(self, rate: float) -> bool:
        """Return whether enough runs of a rate in a row are VALID."""
        self.found.runs = []
        excused = 0
        while self.found.confirmations < self.options.confirmations:
            changes = {**self._shape, "target_qps": rate}
            trial = self.run(changes, "confirm", full=self.options.full)
            chance = trial.disturbed and not trial.saturated
            if not trial.valid and chance and excused < EXCUSED:
                excused += 1
                continue
            self.found.runs.append(trial)
            if not trial.valid:
                return False
        return True


class _Climbing(_Flow):
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


Searcher = Callable[[Bench, tuple[Axis, ...], Fits, Options], Found]
"""What searches an entry: `search`."""
