"""Finds the best shape (batch, lanes, threads, delay) without trying every combination.

Coordinate search: one field at a time, up its ladder while it gets better, else down.
With four fields of eight values a grid has 4,096 cells; this tries some twenty. It can
miss a best cell that is better only when two fields move together; the fields are
ordered by effect, and a second round over them catches most of that.

Short runs rank candidates badly when they are close, so the finalists are decided by
successive halving: each round runs those that are left once more, in turns, and keeps
the better half by median.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.tuning.axes import Axis
from runtime.tuning.model import Trial

Changes = dict[str, Any]
"""Values that differ from the entry's, by field name."""

_Key = tuple[tuple[str, Any], ...]

Measure = Callable[[Changes, str, "float | None"], Trial]
"""Runs changes for a purpose, against the best figure so far, and returns the trial."""

Allowed = Callable[[Changes], bool]
"""Tells whether changes can be tried."""

GAIN = 0.02
"""Least gain in one run that a step must bring.

Why: short runs of the same settings differ by a percent or two.
"""

ROUNDS = 2
"""Most rounds over the fields."""

FINALISTS = 4
"""Most candidates that successive halving starts with."""

CLOSE = 0.15
"""Gap to the best within which a candidate is a finalist.

Why: two short runs of the same settings can differ by that much on a busy machine.
"""


@dataclass
class Climb:
    """A coordinate search over one figure."""

    measure: Measure
    """Runs a candidate."""
    allowed: Allowed
    """Tells what can be tried."""
    higher: bool
    """Whether more is better."""
    value_of: Callable[[str], Any]
    """Returns the entry's own value of a field."""
    seen: dict[_Key, tuple[Changes, Trial]] = field(default_factory=dict)
    """Every candidate with its first trial."""

    def run(self, axes: Sequence[Axis]) -> Changes:
        """Return the best changes found."""
        best: Changes = {}
        top = self._try(best, "start", None)
        for _ in range(ROUNDS):
            before = dict(best)
            for axis in axes:
                best, top = self._along(axis, best, top)
            if best == before or len(axes) == 1:
                break
        return best

    def finalists(self) -> list[Changes]:
        """Return the best candidates, best first; those that never ended are left out."""
        ended = [(c, t) for c, t in self.seen.values() if t.valid and t.value is not None]
        ended.sort(key=lambda pair: -(pair[1].value or 0.0) if self.higher else pair[1].value or 0)
        top = (ended[0][1].value or 0.0) if ended else 0.0
        close = [c for c, t in ended if abs((t.value or 0.0) - top) <= CLOSE * top]
        own: list[Changes] = [{}] if {} in close[FINALISTS:] else []
        return [*close[: FINALISTS - len(own)], *own]

    def _along(self, axis: Axis, best: Changes, top: Trial) -> tuple[Changes, Trial]:
        """Return the best along one field: up while it gets better, else down."""
        start = best
        for up in (True, False):
            while True:
                now = best.get(axis.field, self.value_of(axis.field))
                above, below = axis.steps(now)
                wanted = above if up else below
                if wanted is None:
                    break
                changes = self._with(best, axis.field, wanted)
                if not self.allowed(changes):
                    break
                trial = self._try(changes, axis.field, top.value)
                if not self._better(trial, top):
                    break
                best, top = changes, trial
            if best is not start:
                break
        return best, top

    def _with(self, changes: Changes, name: str, value: Any) -> Changes:
        """Return changes with one more; a value that the entry has is no change."""
        rest = {k: v for k, v in changes.items() if k != name}
        return rest if value == self.value_of(name) else {**rest, name: value}

    def _try(self, changes: Changes, purpose: str, beat: float | None) -> Trial:
        """Return the trial of a candidate; each is run once here."""
        key = _key(changes)
        if key not in self.seen:
            self.seen[key] = changes, self.measure(changes, purpose, beat)
        return self.seen[key][1]

    def _better(self, trial: Trial, top: Trial) -> bool:
        """Return whether a trial beats the best by more than noise."""
        if not trial.valid or trial.value is None:
            return False
        if top.value is None or not top.valid:
            return True
        if self.higher:
            return trial.value > top.value * (1 + GAIN)
        return trial.value < top.value * (1 - GAIN)


def halve(
    finalists: Sequence[Changes],
    measure: Measure,
    *,
    higher: bool,
    runs: int,
    cost: Callable[[Changes], float],
) -> tuple[Changes, list[Trial]]:
    """Return the best of some candidates with its trials, decided by medians.

    Args:
        finalists: Candidates, best first.
        measure: Runs a candidate.
        higher: Whether more is better.
        runs: Runs that the winner must have.
        cost: What candidates that differ by less than `GAIN` are chosen by, after the
            number of changes: the entry's own values win a tie.
    """
    left = list(finalists)
    trials: dict[_Key, list[Trial]] = {_key(c): [] for c in left}
    while any(len(trials[_key(c)]) < runs for c in left):
        for changes in left:
            trials[_key(changes)].append(measure(changes, "compare", None))
        left = [c for c in left if not hopeless(trials[_key(c)])] or left[:1]
        left = _keep(left, trials, higher=higher, cost=cost)
        if hopeless(trials[_key(left[0])]):
            break
    return left[0], trials[_key(left[0])]


def affordable(count: int, runs: int, each_s: float, left_s: float | None) -> int:
    """Return how many of some finalists `halve` can decide between in the time that is left.

    Args:
        count: Finalists.
        runs: Runs that the winner must have.
        each_s: Time of one run, in seconds.
        left_s: Time that is left, in seconds; None for any.

    Returns:
        At least 1: the best one is confirmed as far as the time reaches.
    """
    if left_s is None:
        return count
    for few in range(count, 1, -1):
        total, left = 0, few
        for _ in range(runs):
            total += left
            left = max(2, -(-left // 2))
        if total * each_s <= left_s:
            return few
    return min(count, 1)


def hopeless(trials: list[Trial]) -> bool:
    """Return whether the last two runs were INVALID: more of them change nothing."""
    return len(trials) > 1 and not any(t.valid for t in trials[-2:])


def median(trials: Iterable[Trial]) -> float | None:
    """Return the median figure of VALID trials; None without any."""
    values = [t.value for t in trials if t.valid and t.value is not None]
    return statistics.median(values) if values else None


def _keep(
    left: list[Changes],
    trials: dict[_Key, list[Trial]],
    *,
    higher: bool,
    cost: Callable[[Changes], float],
) -> list[Changes]:
    """Return the better half, but two at least, best first; a tie goes to the cheaper one.

    Why: the last two are close, or one of them would be gone; each gets all its runs.
    """
    worst = float("-inf") if higher else float("inf")

    def figure(changes: Changes) -> float:
        found = median(trials[_key(changes)])
        return worst if found is None else found

    ordered = sorted(left, key=figure, reverse=higher)
    best = figure(ordered[0])
    near = [c for c in ordered if abs(figure(c) - best) <= GAIN * abs(best)]
    near.sort(key=lambda changes: (len(changes), cost(changes)))
    rest = [c for c in ordered if c not in near]
    return [*near, *rest][: max(2, -(-len(left) // 2))]


def _key(changes: Changes) -> _Key:
    """Return changes as a key."""
    return tuple(sorted(changes.items()))
