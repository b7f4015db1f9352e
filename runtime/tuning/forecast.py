"""What a search would try and how long that takes, before anything runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from runtime.configs.schema import Server
from runtime.tuning.atrate import ROUGH
from runtime.tuning.axes import Axis, Fits, changed
from runtime.tuning.bench import Bench
from runtime.tuning.found import Options
from runtime.tuning.model import Candidate
from runtime.tuning.shape import FINALISTS


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One part of a search."""

    name: str
    """What happens: `bracket`, a field, `bisect`, `confirm`."""
    why: str
    """Why it is done."""
    values: tuple[object, ...]
    """Values that may be tried; empty where they follow from what is measured."""
    least: int
    """Fewest trials."""
    most: int
    """Usual most trials; a noisy machine can need more."""
    trial_s: float
    """Length of one of its trials, process start included."""

    @property
    def seconds(self) -> tuple[float, float]:
        """Return the shortest and the longest time of the stage."""
        return self.least * self.trial_s, self.most * self.trial_s


def forecast(
    bench: Bench, axes: tuple[Axis, ...], fits: Fits, options: Options
) -> tuple[Stage, ...]:
    """Return the stages of a search in order."""
    own = bench.plan.settings
    trial_s = bench.estimate_s(Candidate(changes={}, purpose="size"))
    final_s = bench.estimate_s(Candidate(changes={}, purpose="confirm", full=options.full))
    stages = []
    server = isinstance(own, Server)
    if server:
        why = "from the entry's rate up by 4 while it holds, down where it does not"
        rough = math.ceil(math.log2(math.log(4) / math.log(1 + ROUGH)))
        stages.append(_stage("bracket", why, (), (2, 6 + rough), trial_s))
    else:
        stages.append(_stage("start", "the entry's own values", (), (1, 2), trial_s))
    for axis in axes:
        values = _values(axis, bench, fits)
        most = max(0, len(values) - 1)
        usual = min(most, 4)
        stages.append(_stage(axis.field, axis.reason, values, (min(1, most), usual), trial_s))
    if server:
        halvings = math.ceil(math.log2(math.log(1 + ROUGH) / math.log(1 + options.tolerance)))
        why = f"until the rate is known to {options.tolerance:.0%}"
        stages.append(_stage("bisect", why, (), (0, 2 * halvings), trial_s))
    compared = 0 if server else FINALISTS
    count = options.confirmations
    why = f"a result counts after {count} VALID runs in a row"
    stages.append(_stage("confirm", why, (), (count, 2 * count + compared), final_s))
    return tuple(stages)


def _stage(
    name: str, why: str, values: tuple[object, ...], trials: tuple[int, int], trial_s: float
) -> Stage:
    """Return a stage with its fewest and most trials."""
    return Stage(
        name=name, why=why, values=values, least=trials[0], most=trials[1], trial_s=trial_s
    )


def _values(axis: Axis, bench: Bench, fits: Fits) -> tuple[object, ...]:
    """Return the values of a field that fit the device, one at a time."""
    kept = []
    for value in axis.values:
        settings = changed(bench.plan.settings, {axis.field: value})
        if settings is not None and not fits(settings):
            kept.append(value)
    return tuple(kept)
