"""Plots of a search as SVG, each with its data as CSV beside it.

Colours are variables of the site's theme with fallbacks, and text follows the colour
scheme, so one file is readable on light and on dark pages. Axes start at zero.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from runtime.errors import MissingError, Problem
from runtime.tuning.model import Tuning

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TEXT, _FIRST, _SECOND, _MUTED, _BOUND, _GRID = (
    "#010101",
    "#020202",
    "#030303",
    "#040404",
    "#050505",
    "#060606",
)
_SLOTS = {
    _TEXT: "var(--pst-color-text-base, currentColor)",
    _FIRST: "var(--pst-color-primary, #1f6feb)",
    _SECOND: "var(--pst-color-secondary, #b35900)",
    _MUTED: "var(--pst-color-text-muted, #6e7781)",
    _BOUND: "var(--pst-color-danger, #d1242f)",
    _GRID: "var(--pst-color-border, #8c959f)",
}
"""Colours that matplotlib draws with, and what stands for each in the file."""

_STYLE = "<style>svg{color:#1f2328}@media (prefers-color-scheme:dark){svg{color:#e6edf3}}</style>"
_SERIES = ((_FIRST, "o"), (_SECOND, "s"), (_MUTED, "D"), (_FIRST, "^"), (_SECOND, "v"))
"""Colour and mark of each series: marks repeat what colour says."""

HEAD_ROOM = 1.6
"""Top of a latency axis as a multiple of the bound; what lies above is drawn at the top."""

MOST_SERIES = len(_SERIES)
"""Most series of a plot; the rest stands in the table only."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One trial in a plot."""

    x: float
    """Place on the horizontal axis."""
    y: float | None
    """Place on the vertical axis; None above it."""
    valid: bool
    """Whether the run was VALID."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What a plot shows."""

    title: str
    """Heading."""
    across: str
    """Label of the horizontal axis, with unit."""
    up: str
    """Label of the vertical axis, with unit."""
    series: dict[str, tuple[Point, ...]]
    """Points by the words of the legend."""
    bound: float | None = None
    """Line that VALID runs stay under."""
    best: float | None = None
    """Place of the result on the horizontal axis."""
    log: bool = False
    """Whether the horizontal axis is a ladder of powers of two."""
    lines: dict[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    """Other measurements to compare with, by the words of the legend."""

    @property
    def alt(self) -> str:
        """Return what the plot shows, in words."""
        count = sum(map(len, self.series.values()))
        return f"{self.title}: {self.up} against {self.across}, {count} trials"


def drawing_of(found: Tuning, floor: dict[int, float] | None = None) -> Drawing | None:
    """Return the plot of a search; None where there is nothing to draw.

    Args:
        found: The search.
        floor: Samples/s of a bare loop around the backend, by batch size, where measured.
    """
    if found.bound_ms is not None:
        return _of_rates(found)
    return _of_ladder(found, floor or {})


def table_of(found: Tuning) -> str:
    """Return every trial as CSV, a line each."""
    names = sorted({name for t in found.trials for name in t.changes})
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    latency = f"p{found.percentile:g} latency (ms)" if found.percentile else "latency (ms)"
    streams = found.metric.startswith("latency")
    figure = [latency] if streams else [f"completed ({found.unit})", latency]
    if found.percentile is None:
        figure = figure[:1]
    out.writerow(["trial", "stage", *names, *figure, "verdict"])
    for trial in found.trials:
        given = [trial.changes.get(name, "") for name in names]
        figures = [trial.value, trial.latency_ms][: len(figure)]
        shown = ["" if f is None else f"{f:.6g}" for f in figures]
        out.writerow([trial.number, trial.purpose, *given, *shown, trial.verdict])
    return text.getvalue()


def draw(drawing: Drawing) -> str:
    """Return the SVG of a plot.

    Raises:
        MissingError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as error:
        do = "run `pip install 'calliope-harness[docs]'` and call again: no trial is repeated"
        problem = Problem("plot", "the package matplotlib", "none", do)
        raise MissingError(problem) from error
    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "harness",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 10.0,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(7.0, 4.6))
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        _points(axes, drawing)
        _frame(axes, drawing)
        figure.tight_layout()
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return themed(buffer.getvalue(), drawing.alt)


def shape_words(changes: dict[str, Any]) -> str:
    """Return values that differ from the entry's, in words."""
    given = [f"{n}={_plain(v)}" for n, v in changes.items() if n not in _LOAD]
    return ", ".join(given) or "the entry's own values"


_LOAD = ("target_qps", "expected_latency_ms")


def _plain(value: Any) -> str:
    """Return a value as a person types it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_rates(found: Tuning) -> Drawing | None:
    """Return latency against rate, a series for each shape."""
    groups: dict[str, list[Point]] = {}
    for trial in found.trials:
        rate = trial.changes.get("target_qps")
        if rate is not None:
            point = Point(x=float(rate), y=trial.latency_ms, valid=trial.valid)
            groups.setdefault(shape_words(trial.changes), []).append(point)
    if not groups:
        return None
    best = shape_words(found.changes)
    order = sorted(groups, key=lambda words: (words != best, -len(groups[words])))
    return Drawing(
        title=f"{found.key} ({found.status})",
        across="rate (queries/s)",
        up=f"p{found.percentile:g} latency (ms)",
        series={words: tuple(groups[words]) for words in order[:MOST_SERIES]},
        bound=found.bound_ms,
        best=found.value,
    )


def _of_ladder(found: Tuning, floor: dict[int, float]) -> Drawing | None:
    """Return the figure against the field that most values were tried of.

    Where time was too short to try any, it stands at the batch size of the entry.
    """
    seen: dict[str, set[Any]] = {}
    for trial in found.trials:
        for name, value in trial.changes.items():
            if name not in _LOAD and isinstance(value, int):
                seen.setdefault(name, set()).add(value)
    axis = max(seen, key=lambda name: (len(seen[name]), name == "batch_size"), default="batch_size")
    own = found.own.get(axis)
    if own is None or not any(trial.value is not None for trial in found.trials):
        return None
    groups: dict[str, list[Point]] = {}
    for trial in found.trials:
        if trial.value is None:
            continue
        rest = {n: v for n, v in trial.changes.items() if n != axis}
        place = float(trial.changes.get(axis, own))
        point = Point(x=place, y=trial.value, valid=trial.valid)
        groups.setdefault(shape_words(rest), []).append(point)
    order = sorted(groups, key=lambda words: -len(groups[words]))
    bare = tuple((float(batch), rate) for batch, rate in sorted(floor.items()))
    lines = {"bare loop around the backend, one lane": bare} if bare else {}
    judged = f"p{found.percentile:g} latency (ms)" if found.percentile else "throughput (samples/s)"
    return Drawing(
        title=f"{found.key} ({found.status})",
        across=axis,
        up=judged,
        series={words: tuple(groups[words]) for words in order[:MOST_SERIES]},
        best=float(found.changes.get(axis, own)) if found.value is not None else None,
        log=True,
        lines=lines if axis == "batch_size" else {},
    )


def _points(axes: Axes, drawing: Drawing) -> None:
    """Draw the trials: VALID ones filled, others hollow, those beyond the top at the top."""
    top = _top(drawing)
    for (words, points), (colour, mark) in zip(drawing.series.items(), _SERIES):  # noqa: B905
        label: str | None = words
        for valid in (True, False):
            kept = [p for p in points if p.valid is valid]
            if not kept:
                continue
            heights = [top if p.y is None else min(p.y, top) for p in kept]
            axes.scatter(
                [p.x for p in kept],
                heights,
                marker=mark,
                s=36,
                facecolors=colour if valid else "none",
                edgecolors=colour,
                linewidths=1.2,
                label=label,
                zorder=3,
                clip_on=False,
            )
            label = None
    for words, line in drawing.lines.items():
        axes.plot(*zip(*line), color=_MUTED, linestyle="--", marker="x", label=words)  # noqa: B905
    if drawing.bound is not None:
        bound = f"bound {drawing.bound:g} ms"
        axes.axhline(drawing.bound, color=_BOUND, linestyle="--", linewidth=1.2, label=bound)
    if drawing.best is not None:
        axes.axvline(drawing.best, color=_MUTED, linestyle=":", linewidth=1.2, label="result")


def _frame(axes: Axes, drawing: Drawing) -> None:
    """Draw axes, grid, labels and legend."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_title(drawing.title, color=_TEXT, fontsize=11, loc="left")
    axes.set_xlabel(drawing.across, color=_TEXT)
    axes.set_ylabel(drawing.up, color=_TEXT)
    axes.set_ylim(0, _top(drawing))
    if drawing.log:
        places = sorted({p.x for points in drawing.series.values() for p in points})
        axes.set_xscale("log", base=2)
        axes.set_xticks(places, [f"{x:,.0f}" for x in places])
        axes.minorticks_off()
    else:
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.6g}"))
    axes.grid(visible=True, color=_GRID, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_TEXT, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_GRID)
    said = "filled: VALID, hollow: not"
    if any(y is None or y > _top(drawing) for y in _heights(drawing)):
        said += ", at the top edge: more than that, or ended early"
    legend = axes.legend(
        loc="upper left",
        bbox_to_anchor=(0.0, -0.16),
        ncols=3,
        frameon=False,
        fontsize=9,
        labelcolor=_TEXT,
        alignment="left",
        title=said,
        title_fontsize=9,
    )
    legend.get_title().set_color(_TEXT)


def _top(drawing: Drawing) -> float:
    """Return the upper end of the vertical axis."""
    if drawing.bound is not None:
        return drawing.bound * HEAD_ROOM
    heights = [y for y in _heights(drawing) if y is not None]
    return 1.12 * max(heights, default=1.0)


def _heights(drawing: Drawing) -> Iterable[float | None]:
    """Yield every place on the vertical axis."""
    for points in drawing.series.values():
        yield from (p.y for p in points)
    for line in drawing.lines.values():
        yield from (y for _, y in line)


def themed(svg: str, alt: str) -> str:
    """Return the SVG with the theme's colours, a description, and no fixed size."""
    for colour, variable in _SLOTS.items():
        svg = svg.replace(colour, variable)
    left_out = r"<\?xml.*?\?>\s*|<!DOCTYPE.*?>\s*|<metadata>.*?</metadata>\s*"
    svg = re.sub(left_out, "", svg, flags=re.DOTALL)
    for size in ("width", "height"):
        svg = re.sub(rf'(<svg[^>]*?) {size}="[^"]+"', r"\1", svg, count=1)
    svg = re.sub(r"font: ([\d.]+)px[^;\"]*", r"font: \1px sans-serif", svg)
    svg = "\n".join(line.rstrip() for line in svg.splitlines())
    head = f"<title>{escape(alt)}</title>{_STYLE}"
    return re.sub(r"(<svg[^>]*>)", lambda m: f"{m[1]}\n {head}", svg, count=1) + "\n"
