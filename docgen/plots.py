"""Bar plots as SVG text: readable on light and dark pages, the same bytes for the same data.

Colours are CSS variables of the theme with a fallback, so one file serves both
themes; text stays text, so it can be searched and read aloud.
"""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING, Any

import msgspec

from docgen.formatting import exact, metric, unit_word

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from docgen.views.model import Plot

VERSION = 3
"""Raised when the same data gives another drawing."""

_SLOTS = {
    "#010101": "var(--pst-color-text-base, currentColor)",
    "#020202": "var(--pst-color-primary, #1f6feb)",
    "#030303": "var(--pst-color-text-muted, #6e7781)",
    "#040404": "var(--pst-color-danger, #b3261e)",
    "#050505": "var(--pst-color-border, #8c959f)",
}
"""Colours that matplotlib draws with, and what stands for each in the page."""

_KINDS = {"measured": "#020202", "expected": "#030303", "bound": "#040404"}
_HATCH = {"measured": "", "expected": "////", "bound": "xxxx"}
"""Hatching repeats what colour says."""

_WIDTH_IN = 7.0
_BAR_IN = 0.30
_FRAME_IN = 0.95
_ROOM = 1.28
"""Length of the axis as a multiple of the longest bar: room for the figure behind it."""


def key(plot: Plot) -> str:
    """Return a hash of everything that a drawing depends on."""
    bars = [[b.label, b.value, b.kind] for b in plot.bars]
    data = [VERSION, plot.title, plot.unit, bars, plot.log]
    return hashlib.sha256(msgspec.json.encode(data)).hexdigest()


def draw(plot: Plot) -> str:
    """Return the SVG of a plot: horizontal bars, figures behind them, axis from zero."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import TightLayoutEngine

    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "docgen",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 10.0,
        "hatch.linewidth": 0.6,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(_WIDTH_IN, _FRAME_IN + _BAR_IN * len(plot.bars)))
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        _bars(axes, plot)
        _frame(axes, plot)
        layout: Any = TightLayoutEngine  # its stub knows no None, which means all of the figure
        layout(rect=None).execute(figure)  # once; a part of the figure is laid out twice
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return _themed(buffer.getvalue(), plot)


def _bars(axes: Axes, plot: Plot) -> None:
    """Draw the bars from top to bottom, each with its figure."""
    places = range(len(plot.bars))
    for place, bar in zip(places, plot.bars, strict=True):
        colour = _KINDS.get(bar.kind, _KINDS["measured"])
        axes.barh(
            place,
            bar.value,
            height=0.66,
            facecolor="none" if bar.kind != "measured" else colour,
            edgecolor=colour,
            hatch=_HATCH.get(bar.kind, ""),
            linewidth=1.0,
        )
        axes.annotate(
            metric(bar.value, "") if bar.kind == "measured" else exact(bar.value),
            (bar.value, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color="#010101",
        )
    axes.set_yticks(list(places), [b.label for b in plot.bars])
    axes.set_ylim(len(plot.bars) - 0.45, -0.55)


def _frame(axes: Axes, plot: Plot) -> None:
    """Draw axis, grid and unit; numbers on the axis are grouped like those in the tables."""
    from matplotlib.ticker import FuncFormatter

    longest = max((b.value for b in plot.bars), default=1.0) or 1.0
    if plot.log:
        least = min(b.value for b in plot.bars if b.value > 0)
        axes.set_xscale("log")
        axes.set_xlim(10.0 ** _floor_log10(least), longest * 6)
    else:
        axes.set_xlim(0, longest * _ROOM)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _tick(float(x))))
    axes.set_xlabel(unit_word(plot.unit), color="#010101")
    axes.grid(visible=True, axis="x", color="#050505", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(colors="#010101", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#050505")


def _tick(value: float) -> str:
    """Return a number on the axis, with as few digits as it needs."""
    return exact(round(value) if value >= 1 and float(value).is_integer() else round(value, 6))


def _floor_log10(value: float) -> int:
    """Return the power of ten at or below a positive number."""
    import math

    return math.floor(math.log10(value))


def _themed(svg: str, plot: Plot) -> str:
    """Return the SVG with the theme's colours, a description, and no fixed size."""
    for colour, variable in _SLOTS.items():
        svg = svg.replace(colour, variable)
    svg = re.sub(
        r"<\?xml.*?\?>\s*|<!DOCTYPE.*?>\s*|<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL
    )
    svg = re.sub(r'(<svg[^>]*?) width="[^"]+"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]+"', r"\1", svg, count=1)
    svg = re.sub(r"font: ([\d.]+)px[^;\"]*", r"font: \1px sans-serif", svg)
    svg = "\n".join(line.rstrip() for line in svg.splitlines())
    from docgen.views.text import raw

    described = f"<title>{raw(plot.alt)}</title>"
    return re.sub(r"(<svg[^>]*>)", rf"\1\n {described}", svg, count=1) + "\n"
