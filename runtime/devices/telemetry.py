"""What GPUs did while something ran: clocks, power, temperature, throttling, memory.

A thread asks NVML about once a second. It belongs to the process that waits for a run, not
to the one that makes it, so that it takes no interpreter time from LoadGen or the lanes; and
it waits at least fifty times as long as a look took, so that it stays under 2 % of a core.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

from runtime.devices.inventory import board_of, handle_of
from runtime.devices.nvml import NvmlError, ask, problem_of, started, text
from runtime.devices.throttling import mask_of, words
from runtime.errors import Problem

INTERVAL_S = 1.0
"""Time between two looks, in seconds.

Why: NVML's power is an average over a second on most boards (nvml.h, nvmlDeviceGetPowerUsage).
"""

LEAST_REST = 50
"""How many times as long as a look took the thread waits at least."""

COLUMNS = (
    "sm_mhz",
    "memory_mhz",
    "power_w",
    "temperature_c",
    "memory_used_gb",
    "busy_percent",
    "throttle_mask",
    "energy_j",
)
"""What is asked for, in the order of the file."""

_LOST = ("NVML_ERROR_GPU_IS_LOST", "NVML_ERROR_RESET_REQUIRED", "NVML_ERROR_DRIVER_NOT_LOADED")
"""Errors after which a device computes no more."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """One device at one moment."""

    at: float
    """Moment, in seconds of the monotonic clock."""
    device: str
    """Identity of the device."""
    values: tuple[float | None, ...]
    """One value for each of `COLUMNS`; None where the board does not tell."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One device that is watched."""

    uuid: str
    """Identity, as CUDA_VISIBLE_DEVICES takes it."""
    name: str
    """Product name; of a slice, with its profile."""
    handle: Any
    """NVML's handle of the device or slice."""
    board: Any
    """NVML's handle of the board: the same, or the one that a slice is on."""
    slice: bool
    """Whether it is a MIG slice: clocks, power and heat are then those of the whole board."""


@dataclass
class Watch:
    """Looks at devices until it is stopped; nothing at all where there are none."""

    devices: Sequence[str]
    """Identities of the devices to watch."""
    file: Path | None = None
    """File that gets a line for every look at once; None for none."""
    interval_s: float = INTERVAL_S
    """Time between two looks, in seconds."""
    looks: list[Look] = field(default_factory=list)
    """What was seen."""
    names: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Name of each device, and whether it is a slice, by identity."""
    lost: Problem | None = None
    """Why a device answers no more."""
    cost_s: float = 0.0
    """Time spent on looks, in seconds."""

    def __post_init__(self) -> None:
        """Make what the thread is woken by."""
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to look, where there is something to look at."""
        if self.devices and self.interval_s > 0:
            self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop to look; a look under way is waited for, a driver that hangs is not."""
        self._wake.set()
        if self._thread is not None:
            self._thread.join(self.interval_s + 5)

    def _run(self) -> None:
        """Look until the end; a missing or failing NVML ends it quietly."""
        with suppress(NvmlError), started() as nvml:
            watched = tuple(self._open(nvml))
            self.names = {w.uuid: (w.name, w.slice) for w in watched}
            rest = 0.0
            while watched and not self._wake.wait(rest):
                began = perf_counter()
                if not self._look(nvml, watched):
                    return
                took = perf_counter() - began
                self.cost_s += took
                rest = max(self.interval_s - took, LEAST_REST * took)

    def _open(self, nvml: Any) -> Iterator[Watched]:
        """Yield the devices that NVML knows, boards by UUID or index, slices by UUID."""
        for name in self.devices:
            try:
                handle = handle_of(nvml, name)
                yield Watched(
                    uuid=name,
                    name=text(nvml.nvmlDeviceGetName(handle)),
                    handle=handle,
                    board=board_of(nvml, name),
                    slice=name.startswith("MIG-"),
                )
            except nvml.NVMLError as error:
                self._judge(nvml, error, name)

    def _judge(self, nvml: Any, error: Any, name: str) -> bool:
        """Keep why a device is lost, and tell whether it is; other errors pass."""
        lost = error.value in {getattr(nvml, code) for code in _LOST}
        if lost:
            self.lost = problem_of(nvml, error, name)
        return lost

    def _look(self, nvml: Any, watched: Sequence[Watched]) -> bool:
        """Take in one look at every device; False once one is lost."""
        for device in watched:
            try:
                values = read_values(nvml, device.board, device.handle)
            except nvml.NVMLError as error:
                if self._judge(nvml, error, device.name):
                    return False
                continue
            look = Look(at=monotonic(), device=device.uuid, values=values)
            self.looks.append(look)
            self._write(look)
        return True

    def _write(self, look: Look) -> None:
        """Add a line to the file; a disk that is full is told elsewhere."""
        if self.file is None:
            return
        with suppress(OSError), self.file.open("a", encoding="ascii") as out:
            if out.tell() == 0:
                out.write(",".join(("monotonic_s", "device", *COLUMNS)) + "\n")
            cells = ("" if v is None else f"{v:g}" for v in look.values)
            out.write(",".join((f"{look.at:.3f}", look.device, *cells)) + "\n")


def read_values(nvml: Any, board: Any, device: Any = None) -> tuple[float | None, ...]:
    """Return a value for each of `COLUMNS`; None where the board does not tell.

    Args:
        nvml: The module pynvml, started.
        board: NVML's handle of the board.
        device: NVML's handle of a slice of it, whose memory counts; None for the board.

    Raises:
        pynvml.NVMLError: The device is lost, or the driver fails.
    """
    return tuple(_values(nvml, board, board if device is None else device))


def _values(nvml: Any, board: Any, device: Any) -> Iterator[float | None]:
    """Yield the values of `read_values`."""
    yield ask(nvml, nvml.nvmlDeviceGetClockInfo, board, nvml.NVML_CLOCK_SM)
    yield ask(nvml, nvml.nvmlDeviceGetClockInfo, board, nvml.NVML_CLOCK_MEM)
    yield _scaled(ask(nvml, nvml.nvmlDeviceGetPowerUsage, board), 1000)
    yield ask(nvml, nvml.nvmlDeviceGetTemperature, board, nvml.NVML_TEMPERATURE_GPU)
    memory = ask(nvml, nvml.nvmlDeviceGetMemoryInfo, device)
    yield None if memory is None else memory.used / 1e9
    rates = ask(nvml, nvml.nvmlDeviceGetUtilizationRates, board)
    yield None if rates is None else float(rates.gpu)
    yield mask_of(nvml, board)
    yield _scaled(ask(nvml, nvml.nvmlDeviceGetTotalEnergyConsumption, board), 1000)


def _scaled(value: int | None, divisor: int) -> float | None:
    """Return a value in another unit; None stays None."""
    return None if value is None else value / divisor


def held_down(looks: Sequence[Look]) -> dict[str, float]:
    """Return the share of looks in which each reason held the clocks down, by reason."""
    column = COLUMNS.index("throttle_mask")
    masks = [int(value) for look in looks if (value := look.values[column]) is not None]
    found: dict[str, float] = {}
    for mask in masks:
        for reason in words(mask):
            found[reason] = found.get(reason, 0.0) + 1 / len(masks)
    return {reason: round(share, 4) for reason, share in found.items()}
