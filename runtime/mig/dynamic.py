"""Exact plans of small problems by dynamic programming, without a solver.

GPU by GPU, what is offered so far is a state; of all ways to a state the one with the best aims
counts (of equal ones, the one that creates least), since aims add up and are compared in order.
The needs make a table of their own: every set of instances that serves all of them, with its
least surplus. The best plan is where the two meet: what the last GPU offers is looked up from
the smaller of both sides, and never tabulated. The number of GPUs in use, the first aim, is tried
from its lower bound upwards, and a state is dropped from which the GPUs that are left cannot
serve what is missing.

Problems with too many states are left to the solver.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from runtime.mig.columns import Column, Slot, Use
from runtime.mig.model import Model

MOST_STEPS = 45_000
"""Transitions after which the solver gets the problem."""

_DIGIT = 8
"""Bits that count the instances of one slot, the highest one a guard."""
_MOST_COPIES = 32
"""Copies of workloads above which the tables are too large in all but odd cases."""
_FIELD = 40
"""Bits of one aim in a rank."""
_MASK = (1 << _FIELD) - 1


class TooLarge(Exception):  # noqa: N818 - no error: it says who solves the problem
    """The problem has more states than `MOST_STEPS` allows."""


@dataclass(frozen=True)
class Found:
    """The best plan of a model."""

    columns: tuple[int, ...]
    """How many GPUs become each column of the model."""
    served: dict[tuple[int, Slot], int]
    """How many copies of each demand a slot serves."""
    values: tuple[int, int, int]
    """GPUs, stranded units, destroyed instances."""


@dataclass(frozen=True)
class _Choice:
    """One column as the search sees it."""

    number: int
    vector: int
    rank: int
    used: int


_Layer = dict[int, tuple[int, "_Choice | None"]]
"""What can be offered so far: of each, the best rank and the column that the last GPU became."""


def solve_small(model: Model, time_limit_s: float) -> Found | None:
    """Return the best plan; None when there is none.

    Args:
        model: The problem.
        time_limit_s: Longest time in seconds.

    Raises:
        TooLarge: The solver should have it.
    """
    return _Search(model, time_limit_s).best()


class _Search:
    """The tables of one problem."""

    def __init__(self, model: Model, time_limit_s: float) -> None:
        self.model = model
        self.copies = sum(len(d.copies) for d in model.demands)
        if self.copies > _MOST_COPIES:
            raise TooLarge
        self.steps = 0
        self.deadline = time.perf_counter() + time_limit_s
        offered = sorted({slot for c in model.columns for slot, _ in c.offered})
        self.digit = {slot: _DIGIT * n for n, slot in enumerate(offered)}
        self.total = _DIGIT * len(offered)
        self.size = self.total + _DIGIT
        self.slots = {
            (kind.board.name, p.name): p.size for kind in model.kinds for p in kind.board.profiles
        }
        self.guards = sum(1 << at + _DIGIT - 1 for at in range(0, self.size, _DIGIT))
        self.cap = self._cap()
        self.stages = [
            (list(self._choices(n)), kind.board.slots)
            for n, kind in enumerate(model.kinds)
            for _ in kind.members
        ]

    def best(self) -> Found | None:
        """Return the best plan; None when there is none."""
        layers = self._demand_layers()
        if layers is None:
            return None
        wanted = layers[-1]
        for most in range(self._least_gpus(), len(self.stages) + 1):
            states = self._gpu_layers(most)
            meeting = self._meet(states[-1], wanted, most)
            if meeting is not None:
                rank, vector, last = meeting
                return Found(
                    self._columns_of(states, vector - last.vector, last),
                    self._served_by(layers, vector),
                    self._values(rank),
                )
        return None

    def _meet(
        self, states: _Layer, wanted: dict[int, tuple[int, int]], most: int
    ) -> tuple[int, int, _Choice] | None:
        """Return the best rank, what is offered then, and the column of the last GPU.

        Args:
            states: What all GPUs but the last can offer.
            wanted: Sets of instances that serve every need, with their surplus.
            most: GPUs that may be in use.

        Returns:
            None where nothing that can be offered serves every need.
        """
        choices = self.stages[-1][0]
        self._count(min(len(states), len(wanted)) * len(choices))
        if len(wanted) < len(states):
            pairs = (
                (states[v - c.vector][0], c, v)
                for c in choices
                for v in wanted
                if v - c.vector in states
            )
        else:
            pairs = (
                (rank, c, v + c.vector)
                for c in choices
                for v, (rank, _) in states.items()
                if v + c.vector in wanted
            )
        meeting = (
            (rank + c.rank + (wanted[v][0] << self._stranded), v, c.number, c)
            for rank, c, v in pairs
            if (rank >> 3 * _FIELD) + c.used <= most
        )
        best = min(meeting, default=None, key=lambda found: found[:3])
        return None if best is None else (best[0], best[1], best[3])

    @property
    def _stranded(self) -> int:
        """Place of the stranded units in a rank: behind the destroyed ones where these matter."""
        return _FIELD if self.model.careful else 2 * _FIELD

    def _values(self, rank: int) -> tuple[int, int, int]:
        """Return GPUs, stranded units and destroyed instances of a rank."""
        low, middle, high = (rank >> n * _FIELD & _MASK for n in (1, 2, 3))
        return (high, low, middle) if self.model.careful else (high, middle, low)

    def _unit(self, slot: Slot) -> int:
        """Return one instance of a slot: its digit, the count of all, and its memory slots."""
        return (1 << self.digit[slot]) + (1 << self.total) + (self.slots[slot[:2]] << self.size)

    def _cap(self) -> int:
        """Return the most instances of each slot that the needs can take, with guards."""
        most = dict.fromkeys(self.digit, 0)
        for demand in self.model.demands:
            for slot in demand.surplus:
                if slot in most:
                    most[slot] += len(demand.copies)
        cap = sum(count << self.digit[slot] for slot, count in most.items())
        return cap + (self.copies << self.total) | self.guards

    def _choices(self, kind: int) -> Iterator[_Choice]:
        """Yield the columns of a kind of GPU, those that may be a part of a plan."""
        for number, column in enumerate(self.model.columns):
            if column.kind == kind:
                vector = sum(self._unit(slot) * count for slot, count in column.offered)
                if self._fits(vector):
                    yield _Choice(number, vector, self._rank(column), int(column.in_use))

    def _fits(self, vector: int) -> bool:
        """Tell whether the needs can take so many instances of each slot."""
        return (self.cap - (vector & (1 << self.size) - 1)) & self.guards == self.guards

    def _rank(self, column: Column) -> int:
        """Return a column's aims as one number that adds up and compares as they do.

        Why the last one: of plans that are equally good people expect the one that uses what
            is there.
        """
        created = sum(use in (Use.CREATE, Use.RECREATE) for _, use in column.uses)
        return (
            (int(column.in_use) << 3 * _FIELD)
            + (column.locked << self._stranded)
            + (column.destroyed << 3 * _FIELD - self._stranded)
            + created
        )

    def _count(self, steps: int) -> None:
        """Count transitions; give up where there are too many, or no time is left."""
        self.steps += steps
        if self.steps > MOST_STEPS or time.perf_counter() > self.deadline:
            raise TooLarge

    def _demand_layers(self) -> list[dict[int, tuple[int, int]]] | None:
        """Return, copy by copy, the instances that serve so many: surplus and last slot.

        None where some need has no slot at all.
        """
        layers: list[dict[int, tuple[int, int]]] = [{0: (0, 0)}]
        for demand in self.model.demands:
            ways = [(self._unit(s), c) for s, c in demand.surplus.items() if s in self.digit]
            if not ways:
                return None
            for _ in demand.copies:
                grown: dict[int, tuple[int, int]] = {}
                self._count(len(layers[-1]) * len(ways))
                for vector, (cost, _) in layers[-1].items():
                    for unit, surplus in ways:
                        new = cost + surplus
                        known = grown.get(vector + unit)
                        if known is None or new < known[0]:
                            grown[vector + unit] = new, unit
                layers.append(grown)
        return layers

    def _least_size(self) -> int:
        """Return the memory slots that the needs take at least."""
        return sum(
            len(d.copies) * min(self.slots[s[:2]] for s in d.surplus if s in self.digit)
            for d in self.model.demands
        )

    def _least_gpus(self) -> int:
        """Return a number of GPUs that no plan can be below."""
        held = sum(all(c.used for c in choices) for choices, _ in self.stages)
        largest = max(slots for _, slots in self.stages)
        return max(held, -(-self._least_size() // largest))

    def _gpu_layers(self, most: int) -> list[_Layer]:
        """Return, GPU by GPU, what all but the last can offer with at most so many in use."""
        least, guards, cap, size = self._least_size(), self.guards, self.cap, self.size
        low = (1 << size) - 1
        layers: list[_Layer] = [{0: (0, None)}]
        for at, (choices, _) in enumerate(self.stages[:-1]):
            left = sorted((slots for _, slots in self.stages[at + 1 :]), reverse=True)
            reach = [sum(left[:n]) for n in range(len(left) + 1)]
            grown: _Layer = {}
            self._count(len(layers[-1]) * len(choices))
            for vector, (rank, _) in layers[-1].items():
                spare = most - (rank >> 3 * _FIELD)
                for choice in choices:
                    free = spare - choice.used
                    new = vector + choice.vector
                    if free < 0 or (cap - (new & low)) & guards != guards:
                        continue
                    if least - (new >> size) > reach[min(free, len(left))]:
                        continue
                    total = rank + choice.rank
                    known = grown.get(new)
                    if known is None or total < known[0]:
                        grown[new] = total, choice
            layers.append(grown)
        return layers

    def _columns_of(self, layers: list[_Layer], vector: int, last: _Choice) -> tuple[int, ...]:
        """Return how many GPUs become each column on the best way to a state and the last one."""
        counts = [0] * len(self.model.columns)
        counts[last.number] += 1
        for layer in reversed(layers[1:]):
            choice = layer[vector][1]
            if choice is not None:
                counts[choice.number] += 1
                vector -= choice.vector
        return tuple(counts)

    def _served_by(
        self, layers: list[dict[int, tuple[int, int]]], vector: int
    ) -> dict[tuple[int, Slot], int]:
        """Return which slots serve which demand on the cheapest way to a state."""
        slots = {self._unit(slot): slot for slot in self.digit}
        owners = [n for n, demand in enumerate(self.model.demands) for _ in demand.copies]
        served: dict[tuple[int, Slot], int] = {}
        for owner, layer in zip(reversed(owners), reversed(layers[1:]), strict=True):
            unit = layer[vector][1]
            arc = owner, slots[unit]
            served[arc] = served.get(arc, 0) + 1
            vector -= unit
        return served
