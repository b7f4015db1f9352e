"""What GPUs did during the stored runs: clocks, power, heat, memory, what held them down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from docgen import formatting as fmt
from docgen.catalog import Entry
from docgen.views.lookup import Lookup, none_cell, variant
from docgen.views.measure import Measurement
from docgen.views.model import Table
from docgen.views.text import inline

_COLUMNS = (("sm_mhz", "MHz"), ("power_w", "W"), ("temperature_c", "\u00b0C"))
"""Quantities of the record that have a column, with their units."""

_HEADERS = ("Run", "Device", "SM clock", "Power", "Temperature", "Memory", "Clocks held down")

Runs = Mapping[str, Sequence[Measurement]]
"""Records by the key of their entry."""


def telemetry(entries: Sequence[Entry], runs: Runs, lookup: Lookup) -> Table:
    """Return one row per device of every record that tells what its GPUs did."""
    rows = [
        (inline(f"{lookup.title(entry.workload)}, {variant(entry)}"), *_cells(seen))
        for entry in entries
        for run in runs[entry.key]
        for seen in run.record.get("telemetry") or ()
        if isinstance(seen, Mapping)
    ]
    return Table(headers=_HEADERS, rows=tuple(rows), numeric=(2, 3, 4, 5))


def _cells(seen: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the cells of one device."""
    name = str(seen.get("device", ""))
    if seen.get("slice"):
        name += " (clock, power and temperature of the whole board)"
    held = seen.get("throttled") or {}
    shares = "; ".join(f"{inline(n)} {fmt.percent(float(s), 0)}" for n, s in held.items())
    none = f"never in {fmt.count(int(seen.get('looks', 0)), 'look')}"
    silent = "throttle_mask" in (seen.get("silent") or ())
    return (
        inline(name),
        *(_spread(seen.get(column), unit) for column, unit in _COLUMNS),
        _most(seen.get("memory_used_gb"), "GB"),
        shares or (none_cell() if silent else none),
    )


def _spread(found: Any, unit: str) -> str:
    """Return mean and range of a quantity."""
    if not isinstance(found, Mapping):
        return none_cell()
    least, mean, most = (float(found[name]) for name in ("least", "mean", "most"))
    text = fmt.quantity(round(mean), unit)
    if least == most:
        return text
    return f"{text} ({fmt.exact(round(least))} to {fmt.exact(round(most))})"


def _most(found: Any, unit: str) -> str:
    """Return the greatest value of a quantity."""
    if not isinstance(found, Mapping):
        return none_cell()
    return f"up to {fmt.quantity(float(found['most']), unit, 3)}"
