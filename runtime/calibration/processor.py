"""Whether this processor has the instructions by which INT8 is fast on a CPU."""

from __future__ import annotations

import platform
from pathlib import Path

from runtime.calibration.qdq import Placement, Recipe
from runtime.vocabulary import Precision

CPUINFO = Path("/proc/cpuinfo")
"""Where Linux lists what a processor can do."""

BYTE_PRODUCTS = frozenset(
    {"avx512_vnni", "avx_vnni", "avx_vnni_int8", "amx_int8", "asimddp", "i8mm"}
)
"""Flags of the instructions that multiply bytes and add the products up in 32 bits.

Source: Linux, arch/x86/include/asm/cpufeatures.h (VNNI, AMX) and
    Documentation/arch/arm64/elf_hwcaps.rst (dot product, int8 matrices).
"""


def has_byte_products() -> bool | None:
    """Return whether the processor has one of `BYTE_PRODUCTS`; None where nothing tells."""
    try:
        text = CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        name, _, flags = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return not BYTE_PRODUCTS.isdisjoint(flags.split())
    return None


def note_on_speed(recipe: Recipe) -> str:
    """Return what to say of a model for the CPU that this CPU is slow at; empty for nothing.

    Why: without VNNI, x86 adds up pairs of products of bytes in 16 bits. That takes three
        instructions in the place of one, so that little or nothing is left of the gain, and
        large products are cut off.
    """
    if recipe.placement is not Placement.CPU or recipe.precision is not Precision.INT8:
        return ""
    if has_byte_products() is not False:
        return ""
    x86 = platform.machine().lower() in ("x86_64", "amd64", "i686")
    lacks = "VNNI" if x86 else "dot products of bytes"
    cut = ", and large sums are cut off in 16 bits" if x86 else ""
    return (
        f"this processor lacks {lacks}: INT8 is not expected to be faster than FP32 here{cut}; "
        "compare both models (--compare) before you use it, or run it where it has them"
    )
