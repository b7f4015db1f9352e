"""The GPUs of a run: which ones its processes see, and what they did in the timed part."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from time import monotonic

from runtime.devices.inventory import VISIBLE
from runtime.devices.telemetry import COLUMNS, INTERVAL_S, Look, Watch, held_down
from runtime.errors import RunError
from runtime.loadgen.progress import Progress
from runtime.plan import RunPlan
from runtime.record import DeviceTelemetry, Spread

TELEMETRY = "telemetry.csv"
"""Name of the file with every look, in the run's folder."""

_SPREADS = COLUMNS[: COLUMNS.index("throttle_mask")]
"""Columns that the record summarises."""


def find_devices(
    plan: RunPlan, environment: Mapping[str, str] = os.environ
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the identities of a run's devices, and the variables that make its processes see them.

    Args:
        plan: The run.
        environment: Our environment; a CUDA_VISIBLE_DEVICES of the user is left alone.

    Why: the devices of a target need not be the first ones of a machine, and a MIG slice is
        seen only where its UUID is named.
    """
    if not plan.devices:
        return (), {}
    named = environment.get(VISIBLE)
    if named is not None:
        given = tuple(part.strip() for part in named.split(",") if part.strip())
        return given[: len(plan.devices)], {}
    from runtime.configs.registry import load
    from runtime.devices.discovery import availability, discover

    registry = load()
    target = registry.targets.get(plan.target)
    if target is None:
        return (), {}
    uuids = availability(target, discover(), registry.targets.values()).uuids
    return uuids, {VISIBLE: ",".join(uuids)} if uuids else {}


class RunWatch:
    """Watches a run's devices; knows when its timed part began and ended."""

    def __init__(self, devices: Sequence[str], folder: Path, interval_s: float) -> None:
        """Hold the devices.

        Args:
            devices: Identities; none means that nothing is watched.
            folder: Gets `telemetry.csv`.
            interval_s: Time between two looks; 0 for no looks.
        """
        self._watch = Watch(devices, folder / TELEMETRY, interval_s)
        self._begin: float | None = None
        self._end: float | None = None

    def start(self) -> None:
        """Start to look."""
        self._watch.start()

    def close(self) -> None:
        """Stop to look."""
        self._watch.stop()

    def follow(self, then: Callable[[Progress], None] | None) -> Callable[[Progress], None]:
        """Return what takes the reports of a run, notes its timed part, and passes them on."""

        def take(progress: Progress) -> None:
            if progress.phase == "timed":
                if self._begin is None:
                    self._begin = monotonic() - progress.elapsed_s
                self._end = None
            elif self._begin is not None and self._end is None:
                self._end = monotonic()
            if then is not None:
                then(progress)

        return take

    @property
    def lost(self) -> bool:
        """Return whether a device answers no more."""
        return self._watch.lost is not None

    def check(self) -> None:
        """Raise RunError where a device is lost."""
        if self._watch.lost is not None:
            raise RunError(self._watch.lost)

    def blamed(self, error: RunError) -> RunError:
        """Return an error that names a lost device first, where there is one."""
        lost = self._watch.lost
        return error if lost is None else RunError([lost, *error.problems])

    def summary(self) -> tuple[DeviceTelemetry, ...]:
        """Return what every device did in the timed part.

        Why: a run too short for a look in its timed part is told by its nearest looks.
        """
        watch = self._watch
        rounds = max(1, len(watch.looks) // max(1, len(watch.names)))
        look_ms = round(1000 * watch.cost_s / rounds, 3)
        found = []
        for uuid, (name, is_slice) in watch.names.items():
            mine = [look for look in watch.looks if look.device == uuid]
            timed = [look for look in mine if self._is_timed(look)] or mine[-1:]
            if timed:
                found.append(_summary(timed, uuid, name, is_slice=is_slice, look_ms=look_ms))
        return tuple(found)

    def _is_timed(self, look: Look) -> bool:
        """Tell whether a look was taken in the timed part."""
        if self._begin is None or look.at < self._begin:
            return False
        return self._end is None or look.at <= self._end


def _summary(
    looks: Sequence[Look], uuid: str, name: str, *, is_slice: bool, look_ms: float
) -> DeviceTelemetry:
    """Return the spread of every quantity over some looks at one device."""
    columns = dict(zip(COLUMNS, zip(*(x.values for x in looks), strict=True), strict=True))
    known = {n: [v for v in vs if v is not None] for n, vs in columns.items()}
    spreads = {n: _spread(known[n]) for n in _SPREADS}
    energy = known["energy_j"]
    return DeviceTelemetry(
        device=name,
        uuid=uuid,
        slice=is_slice,
        looks=len(looks),
        look_ms=look_ms,
        **spreads,
        energy_j=round(energy[-1] - energy[0], 3) if len(energy) > 1 else None,
        throttled=held_down(looks),
        silent=tuple(n for n, values in known.items() if not values),
    )


def _spread(values: Sequence[float]) -> Spread | None:
    """Return least, mean and greatest of some values; None of none."""
    if not values:
        return None
    least, mean, most = (round(v, 3) for v in (min(values), fmean(values), max(values)))
    return Spread(least=least, mean=mean, most=most)


__all__ = ["INTERVAL_S", "TELEMETRY", "VISIBLE", "RunWatch", "find_devices"]
