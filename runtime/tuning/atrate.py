"""The search of a Server entry: the highest rate under the bound, and the values that reach it.

A rough rate first, then each field is challenged at the rate that the present values could
not hold, then the rate is narrowed and confirmed.
"""

from __future__ import annotations

from typing import Any

from runtime.configs.schema import Server
from runtime.tuning import rate as rates
from runtime.tuning.axes import Axis
from runtime.tuning.course import Course

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


class ServerCourse(Course):
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
