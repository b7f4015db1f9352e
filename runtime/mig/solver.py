"""Solves the planning model, and says what is proven.

Small problems are solved by `runtime.mig.dynamic`. All others, and those with extra conditions,
go to HiGHS (through SciPy): the three aims are solved one after the other, the best value of one
is a constraint of the next. SciPy is imported when the first problem is made.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runtime.errors import Problem, RunError
from runtime.mig.columns import Slot
from runtime.mig.dynamic import TooLarge, solve_small
from runtime.mig.model import Model

if TYPE_CHECKING:
    import numpy as np

_OPTIMAL, _LIMIT, _INFEASIBLE = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Solution:
    """What the solver found."""

    columns: tuple[int, ...]
    """How many GPUs become each column of the model."""
    served: dict[tuple[int, Slot], int]
    """How many copies of each demand a slot serves."""
    values: tuple[int, int, int]
    """GPUs, stranded units, destroyed instances."""
    bounds: tuple[int, int, int]
    """What each of them cannot be below, given the ones before it."""
    seconds: float
    """Time that the solver took."""

    @property
    def proven(self) -> bool:
        """Whether no better plan exists."""
        return self.values == self.bounds


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Extra conditions for a solution."""

    gpus: int | None = None
    """Exactly so many GPUs in use."""
    least_stranded: int | None = None
    """At least so many stranded units."""
    destroyed: int | None = None
    """At most so many instances destroyed."""


def solve(
    model: Model, limits: Limits | None = None, time_limit_s: float = 30.0
) -> Solution | None:
    """Return the best solution; None when there is none.

    Args:
        model: The problem.
        limits: Extra conditions.
        time_limit_s: Time for the solver in seconds; the gap is stated when it runs out.

    Raises:
        RunError: Time ran out before any solution was found.
    """
    begin = time.perf_counter()
    if limits is None:
        with suppress(TooLarge):
            small = solve_small(model, time_limit_s)
            if small is None:
                return None
            return Solution(
                columns=small.columns,
                served=small.served,
                values=small.values,
                bounds=small.values,
                seconds=time.perf_counter() - begin,
            )
    return solve_whole(model, limits, time_limit_s - (time.perf_counter() - begin))


def solve_whole(
    model: Model, limits: Limits | None = None, time_limit_s: float = 30.0
) -> Solution | None:
    """Return the best solution as HiGHS finds it; None when there is none.

    Args:
        model: The problem.
        limits: Extra conditions.
        time_limit_s: Time for the solver in seconds.

    Raises:
        RunError: Time ran out before any solution was found.
    """
    limits = limits or Limits()
    problem = _Problem(model)
    begin = time.perf_counter()
    aims = problem.aims()
    order = (0, 2, 1) if model.careful else (0, 1, 2)
    if limits.gpus is not None:
        problem.require(aims[0], limits.gpus, limits.gpus)
    if limits.least_stranded is not None:
        problem.require(aims[1], limits.least_stranded, None)
    if limits.destroyed is not None:
        problem.require(aims[2], None, limits.destroyed)
    values, bounds = [0, 0, 0], [0, 0, 0]
    found: Any = None
    for number in order:
        aim = aims[number]
        if found is not None and not aim.any():
            continue
        left = time_limit_s - (time.perf_counter() - begin)
        got = problem.minimize(aim, max(left, 0.1), found)
        if got is None:
            return None
        found, bound = got
        values[number] = round(float(aim @ found))
        bounds[number] = min(bound, values[number])
        problem.require(aim, None, values[number])
    return problem.solution(found, values, bounds, time.perf_counter() - begin)


class _Problem:
    """The model as matrices; variables are columns first, then (demand, slot) pairs."""

    def __init__(self, model: Model) -> None:
        import numpy as np
        from scipy import optimize

        self.np = np
        self.optimize = optimize
        self.model = model
        offered = {slot for c in model.columns for slot, _ in c.offered}
        self.arcs: list[tuple[int, Slot]] = [
            (n, slot)
            for n, demand in enumerate(model.demands)
            for slot in demand.surplus
            if slot in offered
        ]
        self.size = len(model.columns) + len(self.arcs)
        self.rows: list[np.ndarray[Any, Any]] = []
        self.low: list[float] = []
        self.high: list[float] = []
        self._demand_rows()
        self._slot_rows(sorted(offered))
        self._kind_rows()

    def _demand_rows(self) -> None:
        """Every copy of a demand is served once."""
        first = len(self.model.columns)
        for n, demand in enumerate(self.model.demands):
            row = self.np.zeros(self.size)
            for at, (owner, _) in enumerate(self.arcs):
                row[first + at] = owner == n
            self.require(row, len(demand.copies), len(demand.copies))

    def _slot_rows(self, slots: list[Slot]) -> None:
        """Every offered instance serves one copy."""
        first = len(self.model.columns)
        place = {slot: n for n, slot in enumerate(slots)}
        rows = self.np.zeros((len(slots), self.size))
        for at, column in enumerate(self.model.columns):
            for slot, count in column.offered:
                rows[place[slot], at] = count
        for at, (_, slot) in enumerate(self.arcs):
            rows[place[slot], first + at] = -1
        for row in rows:
            self.require(row, 0, 0)

    def _kind_rows(self) -> None:
        """Every GPU becomes one column (an untouched one included)."""
        for n, kind in enumerate(self.model.kinds):
            row = self.np.zeros(self.size)
            for at, column in enumerate(self.model.columns):
                row[at] = column.kind == n
            self.require(row, len(kind.members), len(kind.members))

    def require(self, row: np.ndarray[Any, Any], low: float | None, high: float | None) -> None:
        """Add a constraint."""
        self.rows.append(row)
        self.low.append(-self.np.inf if low is None else low)
        self.high.append(self.np.inf if high is None else high)

    def aims(self) -> list[np.ndarray[Any, Any]]:
        """Return the three objectives: GPUs, stranded units, destroyed instances."""
        columns, demands = self.model.columns, self.model.demands
        none = [0] * len(self.arcs)
        surplus = [demands[n].surplus[slot] for n, slot in self.arcs]
        return [
            self.np.array([*(float(c.in_use) for c in columns), *none], dtype=float),
            self.np.array([*(c.locked for c in columns), *surplus], dtype=float),
            self.np.array([*(c.destroyed for c in columns), *none], dtype=float),
        ]

    def minimize(
        self, aim: np.ndarray[Any, Any], time_limit_s: float, known: Any
    ) -> tuple[Any, int] | None:
        """Return the best variables and the bound of an objective; None when there are none."""
        if not self.size:
            return None
        done = self.optimize.milp(
            aim,
            integrality=self.np.ones(self.size, dtype=int),
            bounds=self.optimize.Bounds(0, self.np.inf),
            constraints=self.optimize.LinearConstraint(
                self.np.array(self.rows), self.low, self.high
            ),
            options={"time_limit": time_limit_s, "mip_rel_gap": 0.0},
        )
        if done.status == _INFEASIBLE:
            return None
        if done.x is None:
            if known is None:
                raise RunError(_no_time(time_limit_s))
            return known, 0
        bound = done.mip_dual_bound if done.mip_dual_bound is not None else done.fun
        value = self.np.round(done.x)
        exact = round(float(aim @ value))
        proven = done.status == _OPTIMAL
        return value, exact if proven else int(self.np.ceil(bound - 1e-6))

    def solution(
        self, found: Any, values: list[int], bounds: list[int], seconds: float
    ) -> Solution:
        """Return the variables as a solution."""
        counts = [int(v) for v in found]
        first = len(self.model.columns)
        served = {arc: counts[first + n] for n, arc in enumerate(self.arcs) if counts[first + n]}
        one, two, three = values
        low_one, low_two, low_three = bounds
        return Solution(
            columns=tuple(counts[:first]),
            served=served,
            values=(one, two, three),
            bounds=(low_one, low_two, low_three),
            seconds=seconds,
        )


def _no_time(seconds: float) -> Problem:
    """Return the problem of a solver that found nothing in time."""
    want = "a plan within the time limit"
    return Problem("plan", want, f"none after {seconds:.3g} s", "raise --time-limit")
