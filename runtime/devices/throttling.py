"""Why a GPU's clocks are lower than they could be, in words."""

from __future__ import annotations

from typing import Any

from runtime.devices.nvml import ask

REASONS = {
    0x004: "power cap",
    0x008: "hardware slowdown",
    0x010: "clocks synchronised with another GPU",
    0x020: "thermal, by software",
    0x040: "thermal, by hardware",
    0x080: "power brake, from outside",
}
"""Reasons that cost speed, by bit.

Source: nvml.h, nvmlClocksEventReason...: what the driver does to a clock that was wanted
    higher. An idle GPU (0x1) and clocks that the user set (0x2, 0x100) are no throttling.
"""


def reasons(nvml: Any, handle: Any) -> tuple[str, ...] | None:
    """Return why a GPU's clocks are held down now; None where the board does not tell."""
    mask = mask_of(nvml, handle)
    return None if mask is None else words(mask)


def mask_of(nvml: Any, handle: Any) -> int | None:
    """Return NVML's bits of why a GPU's clocks are what they are; None where it is silent.

    Why: drivers before 535 know the question only by its old name.
    """
    mask = ask(nvml, nvml.nvmlDeviceGetCurrentClocksEventReasons, handle)
    if mask is None:
        mask = ask(nvml, nvml.nvmlDeviceGetCurrentClocksThrottleReasons, handle)
    return mask


def words(mask: int) -> tuple[str, ...]:
    """Return the reasons that a mask of NVML holds, in the order of its bits."""
    return tuple(name for bit, name in REASONS.items() if mask & bit)
