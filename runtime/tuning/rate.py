"""Finds the highest rate that a system holds: bracket, bisect on a log scale, confirm.

One short run says little on a machine that does other things, too. A rate counts as held
only after several VALID runs in a row; it counts as not held only when the system is
clearly at its end, or when a second run is INVALID as well. A run that other processes
disturbed is never clear.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from runtime.tuning.model import Trial

Probe = Callable[[float, str], Trial]
"""Runs a rate for a purpose and returns the trial."""

STEP = 4.0
"""Factor between rates while nothing is known of the other side."""

NEAR = 2.0
"""Factor instead of `STEP` where the latency is within this factor of the bound."""

DIGITS = 3
"""Significant digits of the rates that are tried: what a person would write."""

MOST_STEPS = 24
"""Most rates in the bracket: 4^24 is beyond any system."""


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """What is known of the highest rate."""

    held: float | None = None
    """Highest rate that was held; None while there is none."""
    failed: float | None = None
    """Lowest rate above it that was not; None while there is none."""

    def width(self) -> float:
        """Return failed / held; infinite while one of them is unknown."""
        if self.held is None or self.failed is None:
            return math.inf
        return self.failed / self.held


def holds(probe: Probe, rate: float, purpose: str, bound_ms: float) -> tuple[bool, Trial]:
    """Return whether a rate is held, with the trial that decided.

    An INVALID run is repeated once unless it is clear: the system is saturated, or the
    median is over the bound, too.
    """
    trial = probe(rate, purpose)
    if trial.valid or is_clear(trial, bound_ms):
        return trial.valid, trial
    again = probe(rate, purpose)
    return again.valid, again


def is_clear(trial: Trial, bound_ms: float) -> bool:
    """Return whether one INVALID run is enough."""
    if trial.disturbed:
        return False
    if trial.saturated or trial.verdict in ("ABORTED", "FAILED"):
        return True
    return trial.median_ms is not None and trial.median_ms > bound_ms / 2


def find_bracket(
    probe: Probe,
    start: float,
    bound_ms: float,
    *,
    least: float = 0.0,
    step: float = STEP,
    known: Bracket | None = None,
    tell: Callable[[Bracket], None] | None = None,
) -> Bracket:
    """Return a rate that is held and one that is not.

    Args:
        probe: Runs a rate.
        start: First rate.
        bound_ms: Latency bound.
        least: Rate under which the search gives up; `held` is then None.
        step: Factor between rates while nothing is known of the other side.
        known: What is known already.
        tell: Gets what is known after every rate, so that a search that is stopped keeps it.
    """
    found = known or Bracket()
    rate = start
    for _ in range(MOST_STEPS):
        if tell is not None:
            tell(found)
        if found.held is not None and found.failed is not None:
            return found
        rate = rounded(rate)
        held, trial = holds(probe, rate, "bracket", bound_ms)
        if held:
            found = Bracket(held=rate, failed=found.failed)
            near = trial.latency_ms is not None and trial.latency_ms * NEAR > bound_ms
            rate *= min(NEAR, step) if near else step
            continue
        found = _lower(found, rate, trial)
        rate = (found.failed or rate) / (min(NEAR, step) if _completed(trial) else step)
        if found.held is None and rate < least:
            return found
    return found


def bisect(
    probe: Probe,
    bracket: Bracket,
    tolerance: float,
    bound_ms: float,
    tell: Callable[[Bracket], None] | None = None,
) -> Bracket:
    """Return a bracket that is narrower than the tolerance, or than three digits can tell.

    Args:
        probe: Runs a rate.
        bracket: One rate that is held and one that is not.
        tolerance: Wanted failed / held - 1.
        bound_ms: Latency bound.
        tell: Gets every narrower bracket, so that a search that is stopped keeps it.
    """
    found = bracket
    while found.held is not None and found.failed is not None and found.width() > 1 + tolerance:
        middle = rounded(math.sqrt(found.held * found.failed))
        if not found.held < middle < found.failed:
            break
        held, trial = holds(probe, middle, "bisect", bound_ms)
        found = Bracket(held=middle, failed=found.failed) if held else _lower(found, middle, trial)
        if tell is not None:
            tell(found)
    return found


def rounded(rate: float) -> float:
    """Return a rate with three significant digits."""
    return float(f"{rate:.{DIGITS}g}")


def _lower(found: Bracket, rate: float, trial: Trial) -> Bracket:
    """Return the bracket after a rate was not held.

    A saturated system completed what it can: no higher rate is worth a run.
    """
    seen = _completed(trial)
    ceiling = rounded(min(rate, seen)) if seen else rate
    if found.held is not None and ceiling <= found.held:
        ceiling = rate
    return Bracket(held=found.held, failed=ceiling)


def _completed(trial: Trial) -> float | None:
    """Return the rate that a saturated system completed; None where nobody saw it."""
    return trial.value if trial.saturated and trial.value else None
