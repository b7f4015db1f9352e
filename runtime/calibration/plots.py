"""Draws what calibration saw and chose, and what each layer costs, as SVG. Needs matplotlib."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

from runtime.calibration.record import TensorRange
from runtime.calibration.result import LayerCost
from runtime.errors import MissingError, Problem

COLUMNS = 3
"""Histograms beside each other."""

MOST = 60
"""Most tensors or layers of one picture; more would not be readable."""

_TEXT, _BAR, _LIMIT = "#010101", "#020202", "#040404"
_SLOTS = {
    _TEXT: "var(--pst-color-text-base, currentColor)",
    _BAR: "var(--pst-color-primary, #1f6feb)",
    _LIMIT: "var(--pst-color-danger, #b3261e)",
}
"""Colours that are drawn with, and what stands for each in the page."""


def draw_histograms(tensors: Sequence[TensorRange]) -> bytes:
    """Return an SVG with the histogram of every tensor and its chosen range.

    Counts are on a logarithmic axis, because zeros outnumber everything else.

    Raises:
        MissingError: matplotlib is not installed.
    """
    import numpy as np

    shown = tensors[:MOST]
    rows = -(-len(shown) // COLUMNS)
    figure = _figure(width=9.0, height=max(1.0, 1.5 * rows))
    for index, tensor in enumerate(shown):
        axes = figure.add_subplot(rows, COLUMNS, index + 1)
        edges = np.linspace(-tensor.edge, tensor.edge, len(tensor.counts) + 1)
        axes.stairs(tensor.counts, edges, fill=True, color=_BAR)
        axes.set_yscale("symlog", linthresh=1)
        for limit in (tensor.low, tensor.high):
            axes.axvline(limit, color=_LIMIT, linewidth=1.2)
        title = f"{tensor.name}: {tensor.low:.3g} to {tensor.high:.3g}"
        axes.set_title(title, fontsize=8, color=_TEXT)
        _plain(axes)
    return _svg(figure, "What calibration saw of each tensor, and the chosen range")


def draw_costs(costs: Sequence[LayerCost]) -> bytes:
    """Return an SVG with the cost of quantizing each layer alone, dearest first.

    Raises:
        MissingError: matplotlib is not installed.
    """
    shown = costs[:MOST]
    figure = _figure(width=7.0, height=1.0 + 0.28 * max(1, len(shown)))
    left = figure.add_subplot(1, 2, 1)
    right = figure.add_subplot(1, 2, 2, sharey=left)
    names = [cost.layer for cost in shown]
    left.barh(names, [100 * cost.changed for cost in shown], color=_BAR)
    right.barh(names, [100 * cost.noise for cost in shown], color=_BAR)
    left.set_title("changed answers, %", fontsize=9, color=_TEXT)
    right.set_title("noise in the outputs, %", fontsize=9, color=_TEXT)
    left.invert_yaxis()
    for axes in (left, right):
        axes.set_xlim(left=0)
        _plain(axes)
    right.tick_params(labelleft=False)
    return _svg(figure, "What quantizing each layer alone costs")


def require_matplotlib() -> None:
    """Raise MissingError when matplotlib is not installed."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        mend = "pip install 'calliope-harness[docs]', or leave --plots out"
        raise MissingError(Problem("--plots", "the package matplotlib", "none", mend))


def _figure(*, width: float, height: float) -> Any:
    """Return an empty figure that no window belongs to."""
    require_matplotlib()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="tight")


def _plain(axes: Any) -> None:
    """Take decoration off a plot."""
    axes.tick_params(labelsize=7, colors=_TEXT)
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(_TEXT)


def _svg(figure: Any, title: str) -> bytes:
    """Return a figure as SVG text: the same bytes for the same data, colours of the page."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": "calliope"}
    out = io.StringIO()
    with mpl.rc_context(settings):
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(out, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    for colour, slot in _SLOTS.items():
        text = text.replace(colour, slot)
    text = re.sub(r'style="fill: #ffffff[^"]*"', 'style="fill: none"', text)
    label = f'<svg role="img" aria-label="{title}" '
    return text.replace("<svg ", label, 1).encode()
