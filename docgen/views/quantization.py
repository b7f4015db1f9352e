"""What was made of FP32 models in other formats: a section of the guides, from stored records."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docgen import formatting as fmt
from docgen.catalog import Target
from docgen.views import profile
from docgen.views.lookup import Lookup, none_cell
from docgen.views.measure import UNVERIFIED
from docgen.views.model import Bar, Evidence, Plot, Table
from docgen.views.text import code, inline, slug

_BLOCKS = 32
_SHADES = "\u2581\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
"""Blocks from low to high."""

_CPU_FORMATS = ("int8",)
_ROWS = (
    ("size_bytes", "File", "bytes"),
    ("memory_mib", "Resident memory", "MiB"),
    ("latency_ms", "One inference at batch 1", "ms"),
    ("accuracy", "Accuracy", "share"),
)
"""What both models have: field, words, unit."""


@dataclass(frozen=True, kw_only=True)
class Quantized:
    """One quantized model, as a page shows it."""

    title: str
    """Workload, format, placement and algorithm."""
    table: Table
    """Both models side by side."""
    facts: tuple[str, ...]
    """Verdict, layers, calibration, where and when."""
    ranges: Table | None
    """What was seen of each quantized tensor and the chosen range."""
    plot: Plot | None
    """Cost of each layer; None where nobody asked."""
    statement: str
    """The sentence beside figures that nobody has reviewed."""


def section(target: Target, lookup: Lookup, evidence: Evidence) -> list[Quantized]:
    """Return the quantized models that a target could run: of each kind one, newest and judged.

    Empty for targets whose entries are all FP32 and that nothing was quantized for.
    """
    newest: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for record in _records(evidence):
        if not _suits(record, target, lookup):
            continue
        names = ("workload", "precision", "placement", "algorithm")
        kind = (*(str(record.get(n, "")) for n in names), ",".join(record.get("skipped", ())))
        if kind not in newest or _rank(record) > _rank(newest[kind]):
            newest[kind] = record
    return [_quantized(target, lookup, newest[kind]) for kind in sorted(newest)]


def _records(evidence: Evidence) -> list[Mapping[str, Any]]:
    """Return the quantization records among all stored ones."""
    return [
        record["quantization"]
        for item in evidence.judged
        if item.result is not None
        for record in item.result.records
        if isinstance(record.get("quantization"), dict)
    ]


def _rank(record: Mapping[str, Any]) -> tuple[bool, str]:
    """Return what orders records of one kind: judged ones are better, then newer ones."""
    return record.get("verdict") == "blessed", str(record.get("made"))


def _suits(record: Mapping[str, Any], target: Target, lookup: Lookup) -> bool:
    """Tell whether a model is one for a target: its format, its placement, not refused.

    A model with ranges set by hand is an experiment and no part of a guide.
    """
    precision, placement = record.get("precision"), record.get("placement")
    if record.get("verdict") == "refused" or record.get("by_hand"):
        return False
    if profile.is_cpu(target):
        return precision in _CPU_FORMATS and placement == "cpu"
    rows = profile.precisions(target, lookup)
    native = {row.name.lower() for row in rows if row.native}
    reduced = any(row.used and row.name != "FP32" for row in rows)
    return reduced and precision in native and placement == "tensorrt"


def _quantized(target: Target, lookup: Lookup, record: Mapping[str, Any]) -> Quantized:
    """Return one record in words."""
    words = [lookup.title(record["workload"]), str(record["precision"]).upper()]
    words.append(f"ranges by {record['algorithm']}")
    words += [f"without {', '.join(record['skipped'])}"] if record.get("skipped") else []
    title = ", ".join(words)
    return Quantized(
        title=inline(title),
        table=_sides(record),
        facts=tuple(_facts(record)),
        ranges=_ranges(record),
        plot=_plot(target, title, record),
        statement=record.get("statement") or UNVERIFIED,
    )


def _sides(record: Mapping[str, Any]) -> Table:
    """Return the FP32 model and the quantized one side by side."""
    before, after = record["before"], record["after"]
    rows = []
    for name, words, unit in _ROWS:
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            continue
        ratio = f"{new / old:.3f}" if old else none_cell()
        rows.append((f"{words}, {unit}", _number(old), _number(new), ratio))
    headers = ("", "FP32", str(record["precision"]).upper(), "Ratio")
    return Table(headers=headers, rows=tuple(rows), numeric=(1, 2, 3), stub=1)


def _facts(record: Mapping[str, Any]) -> list[str]:
    """Return the sentences under the table."""
    goal, verdict = record.get("goal"), record["verdict"]
    bound = f" (goal {goal:.4f}, whole evaluation set)" if goal is not None else ""
    machine = record.get("machine") or {}
    skipped = ", ".join(record.get("skipped", ())) or "none"
    found = [
        f"Verdict: {verdict}{bound}.",
        f"{len(record['quantized'])} layers quantized, kept in FP32: {skipped}.",
        (
            f"Q/DQ nodes are placed for {record['placement']}, by {record['tool']}; ranges took "
            f"{record['calibration_seconds']:.1f} s, the whole call {record['seconds']:.1f} s."
        ),
        (
            "Time, memory and accuracy were measured with ONNX Runtime on "
            f"{machine.get('cpu', '?')}, {machine.get('cores', '?')} cores, {record['made']}."
        ),
    ]
    if record.get("note"):
        found.append(str(record["note"]))
    return [inline(text) for text in found]


def _ranges(record: Mapping[str, Any]) -> Table | None:
    """Return what was seen of each tensor, and what was chosen."""
    rows = tuple(
        (
            inline(tensor["name"]),
            f"{_number(tensor['lowest'])} to {_number(tensor['highest'])}",
            f"{_number(tensor['low'])} to {_number(tensor['high'])}",
            f"{100 * tensor['clipped']:.3f}",
            code(_spark(tensor)),
        )
        for tensor in record.get("tensors", ())
    )
    headers = ("Tensor", "Seen", "Range", "Clipped, % of values", "Histogram, [range]")
    return Table(headers=headers, rows=rows, numeric=(3,), stub=1) if rows else None


def _spark(tensor: Mapping[str, Any]) -> str:
    """Return a histogram as a line of blocks, with brackets at the ends of the range.

    Counts are on a logarithmic scale. The line reaches from minus to plus the largest value;
    an empty bin is a dot.
    """
    counts, edge = tensor["counts"], tensor["edge"] or 1.0
    width = max(1, len(counts) // _BLOCKS)
    groups = [sum(counts[i : i + width]) for i in range(0, len(counts), width)]
    most = math.log1p(max(groups))
    steps = len(_SHADES) - 1
    marks = [_SHADES[math.ceil(steps * math.log1p(n) / most)] if n else "." for n in groups]
    scale = len(groups) / (2 * edge)
    low, high = ((tensor[end] + edge) * scale for end in ("low", "high"))
    first, last = max(0, math.floor(low)), min(len(groups), math.ceil(high))
    return "".join([*marks[:first], "[", *marks[first:last], "]", *marks[last:]])


def _plot(target: Target, title: str, record: Mapping[str, Any]) -> Plot | None:
    """Return the cost of each layer as bars."""
    costs = record.get("costs") or ()
    bars = tuple(Bar(label=c["layer"], value=100 * c["noise"]) for c in costs)
    if not bars or max(b.value for b in bars) <= 0:
        return None
    name = slug(f"{title}-{record['placement']}")
    return Plot(
        path=f"targets/plots/{target.name}-quantized-{name}.svg",
        title=f"{title}: noise in the outputs when one layer alone is quantized",
        unit="%",
        bars=bars,
    )


def _number(value: float) -> str:
    """Return a number in few digits."""
    return fmt.value(value) if isinstance(value, int) else f"{value:.4g}"
