"""What the search of every scenario has: trials, and time kept for the last ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runtime.tuning.axes import Axis, Fits, changed
from runtime.tuning.bench import Bench
from runtime.tuning.found import Found, Options
from runtime.tuning.model import Candidate, Trial

SPARE = 4
"""Runs beyond the confirming ones that time is kept for: rates that cannot be confirmed."""


@dataclass
class Course:
    """A search under way."""

    bench: Bench
    """What makes the trials."""
    axes: tuple[Axis, ...]
    """Fields that may change, each with its values."""
    fits: Fits
    """Tells what keeps settings from the device; empty when they fit."""
    options: Options
    """What the user asked for."""
    found: Found
    """What is known so far; it stays when the search is stopped."""

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
