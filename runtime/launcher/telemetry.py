"""Clocks and power while a round runs: of the GPUs through NVML, of the processors through Linux.

Read about once a second by the supervising process; where a machine does not tell, nothing is
said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import fmean
from time import monotonic
from typing import Any

from runtime.devices.inventory import board_of
from runtime.devices.telemetry import COLUMNS, read_values

INTERVAL_S = 0.5
"""Time between two readings, in seconds."""

_FIGURES: dict[str, tuple[str, Callable[[list[float]], float]]] = {
    "sm_clock_mhz": ("sm_mhz", fmean),
    "power_w": ("power_w", sum),
    "temperature_c": ("temperature_c", fmean),
}

Reading = dict[str, float]
"""Figures by name: `sm_clock_mhz`, `power_w`, `temperature_c`, `cpu_clock_mhz`."""


@dataclass
class Telemetry:
    """Readings of one round."""

    probe: Callable[[], Reading]
    """Takes one reading."""
    readings: list[tuple[float, Reading]] = field(default_factory=list)
    """Time and figures of each reading."""

    def sample(self) -> None:
        """Take a reading, unless the last one is recent."""
        now = monotonic()
        if not self.readings or now - self.readings[-1][0] >= INTERVAL_S:
            self.readings.append((now, self.probe()))

    def mean(self, begin: float, end: float) -> Reading:
        """Return the mean of each figure between two times; empty where none was read."""
        inside = [r for at, r in self.readings if begin <= at <= end]
        names = dict.fromkeys(name for r in inside for name in r)
        return {n: round(fmean(r[n] for r in inside if n in r), 3) for n in names}


def cpu_probe() -> Reading:
    """Return the mean clock of the processors; empty where the machine does not tell."""
    import psutil

    found = psutil.cpu_freq() if hasattr(psutil, "cpu_freq") else None
    return {"cpu_clock_mhz": float(found.current)} if found and found.current else {}


def gpu_probe(nvml: Any, indices: Sequence[int]) -> Callable[[], Reading]:
    """Return what reads the mean SM clock and temperature, and the summed power, of GPUs.

    Args:
        nvml: The module `pynvml`, initialised.
        indices: NVML's indices of the boards; MIG instances have no readings of their own.
    """
    boards = [board_of(nvml, str(i)) for i in sorted(set(indices))]

    def read() -> Reading:
        looks = []
        for board in boards:
            with suppress(nvml.NVMLError):  # a board that is lost is told by its member
                looks.append(dict(zip(COLUMNS, read_values(nvml, board), strict=True)))
        figures = {}
        for name, (column, join) in _FIGURES.items():
            told = [value for look in looks if (value := look[column]) is not None]
            if told:
                figures[name] = float(join(told))
        return figures

    return read
