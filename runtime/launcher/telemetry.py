"""Clocks and power while a round runs: of the GPUs through NVML, of the processors through Linux.

Read about once a second by the supervising process; where a machine does not tell, nothing is
said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from time import monotonic
from typing import Any

INTERVAL_S = 0.5
"""Time between two readings, in seconds."""

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
    handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in sorted(set(indices))]

    def ask(question: Callable[[Any], float]) -> list[float]:
        found = []
        for handle in handles:
            try:
                found.append(question(handle))
            except nvml.NVMLError:
                continue
        return found

    def read() -> Reading:
        clocks = ask(lambda h: float(nvml.nvmlDeviceGetClockInfo(h, nvml.NVML_CLOCK_SM)))
        power = ask(lambda h: nvml.nvmlDeviceGetPowerUsage(h) / 1000)
        heat = ask(lambda h: float(nvml.nvmlDeviceGetTemperature(h, nvml.NVML_TEMPERATURE_GPU)))
        figures = {
            "sm_clock_mhz": fmean(clocks) if clocks else None,
            "power_w": sum(power) if power else None,
            "temperature_c": fmean(heat) if heat else None,
        }
        return {name: value for name, value in figures.items() if value is not None}

    return read
