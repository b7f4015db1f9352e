"""Numbers, units, dates and words as readers see them; never a raw JSON value.

Configured values are shown exactly, measured ones rounded to the digits that a
repeat could confirm. A thin no-break space groups digits by three.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

THIN = "\u202f"
"""Narrow no-break space: groups digits, and stands before a unit."""

DASH = "\u2013"
"""Stands where a value cannot exist."""

_UNITS = {"us": "\u00b5s", "percent": "%", "share": "%"}
"""Printed form of units that configs write in ASCII."""

_SINGULAR = {
    "samples": "sample",
    "queries": "query",
    "lanes": "lane",
    "threads": "thread",
    "batches": "batch",
    "devices": "device",
    "SMs": "SM",
    "parameters": "parameter",
}
"""Counting units after the number one."""

_SI = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
"""Decimal prefixes, greatest first."""

_MINUTE = 60.0
_HOUR = 3600.0
_GROUPED_FROM = 5
_WRITTEN_DIGITS = 9
_LEAST_PLAIN = 1e-5
_MOST_PLAIN = 1e16


def exact(value: float) -> str:
    """Return a configured number, grouped by three from five digits on.

    Every digit that somebody wrote is shown. A computed number with more digits than
    anybody writes is rounded to six and marked as such.
    """
    if isinstance(value, int):
        return _grouped(str(value))
    if not math.isfinite(value):
        return "unlimited" if value > 0 else str(value)
    if value and (not _LEAST_PLAIN <= abs(value) < _MOST_PLAIN):
        mantissa, _, power = f"{value:e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}{THIN}\u00d7{THIN}10^{int(power)}"
    text = repr(value) if "e" not in repr(value) else f"{value:f}".rstrip("0")
    if len(text.replace(".", "").strip("0-")) > _WRITTEN_DIGITS:
        return f"\u2248{THIN}{_short(value, 6)}"
    return _grouped(text.removesuffix(".0"))


def rounded(value: float, digits: int = 4) -> str:
    """Return a measured number with that many significant digits, grouped by three."""
    if not math.isfinite(value) or value == 0:
        return exact(value) if math.isfinite(value) else "not a number"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    if places <= 0:
        return _grouped(str(round(value)))
    text = f"{value:.{places}f}"
    return _grouped(text)


def quantity(value: float, unit: str = "", digits: int | None = None) -> str:
    """Return a number with its unit; exact, or rounded where `digits` is given."""
    number = exact(value) if digits is None else rounded(value, digits)
    word = unit_word(unit, value)
    return f"{number}{THIN}{word}" if word else number


def unit_word(unit: str, value: float | None = None) -> str:
    """Return the printed form of a unit, in the singular after the number one."""
    if value == 1 and unit in _SINGULAR:
        return _SINGULAR[unit]
    return _UNITS.get(unit, unit)


def value(resolved: Any, unit: str = "") -> str:
    """Return any configured value in words: numbers with unit, yes and no, lists joined.

    Args:
        resolved: A JSON value of the Catalog.
        unit: Its unit; put after numbers only.

    Returns:
        Text for readers, without markup.
    """
    if resolved is None:
        return "not set"
    if isinstance(resolved, bool):
        return "yes" if resolved else "no"
    if isinstance(resolved, int | float):
        return quantity(resolved, unit)
    if isinstance(resolved, str):
        return resolved or "empty"
    if isinstance(resolved, Mapping):
        parts = [f"{key}: {value(item)}" for key, item in resolved.items()]
        return "; ".join(parts) or "none"
    if isinstance(resolved, Sequence):
        return ", ".join(value(item, unit) for item in resolved) or "none"
    return str(resolved)


def metric(number: float, unit: str) -> str:
    """Return a measured figure with its unit; shares are printed as percentages."""
    if unit in {"share", "%"}:
        return percent(number if unit == "share" else number / 100)
    if unit in {"queries", "samples"} and float(number).is_integer():
        return f"{exact(number)}{THIN}{unit}"
    return quantity(number, unit, digits=4)


def percent(share: float, places: int = 2) -> str:
    """Return a share as a percentage: 0.9815 gives 98.15 %."""
    text = f"{share * 100:.{places}f}"
    if share > 0 and not float(text):
        return f"less than {10.0**-places:g}{THIN}%"
    if places and text.endswith("0"):
        text = text.rstrip("0").rstrip(".")
    return f"{text}{THIN}%"


def ratio(number: float) -> str:
    """Return a ratio with three significant digits: 1.04x with a true multiplication sign."""
    return f"{rounded(number, 3)}{THIN}\u00d7"


def duration(seconds: float) -> str:
    """Return a time as people say it: 850 ms, 12.5 s, 10 min, 3 h 20 min."""
    if seconds < 1:
        return f"{rounded(seconds * 1000, 3)}{THIN}ms" if seconds else f"0{THIN}s"
    if seconds < _MINUTE:
        return f"{_short(seconds)}{THIN}s"
    if seconds < _HOUR:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes}{THIN}min" + (f" {rest}{THIN}s" if rest else "")
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours}{THIN}h" + (f" {rest}{THIN}min" if rest else "")


def si(number: float, unit: str, digits: int = 3) -> str:
    """Return a large number with a decimal prefix: 51.1 MB, 8.18 GFLOP, 25.6 M parameters."""
    gap = THIN if unit.islower() else ""
    for size, prefix in _SI:
        if abs(number) >= size:
            text = f"{_short(number / size, digits)}{THIN}{prefix}"
            return f"{text}{gap}{unit}" if unit else text
    return f"{_short(number, digits)}{THIN}{unit}".strip()


def day(iso: str) -> str:
    """Return the date of an ISO 8601 moment, in UTC."""
    return _moment(iso).strftime("%Y-%m-%d") if iso else "unknown date"


def moment(iso: str) -> str:
    """Return an ISO 8601 moment to the minute, in UTC."""
    return _moment(iso).strftime("%Y-%m-%d %H:%M UTC") if iso else "unknown date"


def count(number: int, word: str, plural: str = "") -> str:
    """Return a count with its word in the right number: 1 entry, 12 entries."""
    return f"{_grouped(str(number))} {word if number == 1 else plural or word + 's'}"


def _moment(iso: str) -> datetime:
    """Return the moment in UTC; a time without zone is UTC already."""
    when = datetime.fromisoformat(iso)
    return when.astimezone(timezone.utc) if when.tzinfo else when.replace(tzinfo=timezone.utc)


def _short(number: float, digits: int = 3) -> str:
    """Return a rounded number without trailing zeros behind the point."""
    text = rounded(number, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _grouped(digits: str) -> str:
    """Return a decimal number with its whole part grouped by three."""
    sign = "\u2212" if digits.startswith("-") else ""
    whole, point, fraction = digits.removeprefix("-").partition(".")
    if len(whole) >= _GROUPED_FROM:
        whole = f"{int(whole):,}".replace(",", THIN)
    return f"{sign}{whole}{point}{fraction}"
