"""The plot of where a request's time goes: one stacked bar for Triton, one bar for direct."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from runtime.errors import MissingError, Problem
from runtime.tuning.plots import themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from runtime.tuning.served import Comparison

_TEXT, _GRID = "#010101", "#060606"
_PARTS = (
    ("client wait", "#d9e8fb", ""),
    ("client", "#9cc3f5", "//"),
    ("transport", "#5a9bee", ""),
    ("server queue", "#f6c79a", "\\\\"),
    ("compute input", "#e79a4d", ""),
    ("compute infer", "#b35900", "xx"),
    ("compute output", "#e79a4d", ".."),
    ("server rest", "#c9ced4", ""),
)
"""Parts with colour and hatch: client blue, server orange; the hatch repeats what colour says."""


def draw_where(found: Comparison) -> str:
    """Return the SVG: mean time of a request in its parts, and the direct harness beside it.

    Raises:
        MissingError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as error:
        do = "run `pip install 'calliope-harness[docs]'`, then `harness triton report RUN`"
        raise MissingError(Problem("plot", "the package matplotlib", "none", do)) from error
    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "harness",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 10.0,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(7.0, 3.6))
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        _bars(axes, found)
        _frame(axes, found)
        figure.tight_layout()
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    shares = ", ".join(f"{s.name} {s.ms:.3g} ms" for s in found.shares)
    return themed(buffer.getvalue(), f"{found.served.key}: mean time of a request: {shares}")


def _bars(axes: Axes, found: Comparison) -> None:
    """Draw both bars."""
    left, times = 0.0, {share.name: share.ms for share in found.shares}
    for name, colour, hatch in _PARTS:
        width = times.get(name, 0.0)
        axes.barh(
            "Triton",
            width,
            left=left,
            color=colour,
            hatch=hatch,
            edgecolor=_TEXT,
            linewidth=0.4,
            label=f"{name} {width:.3g} ms",
        )
        left += width
    if found.direct_ms is not None:
        axes.barh(
            "direct",
            found.direct_ms,
            color="#8c959f",
            edgecolor=_TEXT,
            linewidth=0.4,
            label=f"direct {found.direct_ms:.3g} ms",
        )


def _frame(axes: Axes, found: Comparison) -> None:
    """Draw axes, grid, labels and legend."""
    axes.set_title(f"{found.served.key}: where a request's time goes", color=_TEXT, fontsize=11,
                   loc="left")  # fmt: skip
    each = f"{found.samples_per_request:.3g} sample" + "s" * (found.samples_per_request != 1)
    axes.set_xlabel(f"mean time of a request of {each} (ms)", color=_TEXT)
    axes.set_xlim(left=0)
    axes.invert_yaxis()
    axes.grid(visible=True, axis="x", color=_GRID, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_TEXT, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_GRID)
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(0.0, -0.24),
        ncols=3,
        frameon=False,
        fontsize=9,
        labelcolor=_TEXT,
        alignment="left",
    )
