"""Plots: the same bytes for the same data, readable in both themes, axis from zero."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from docgen import plots
from docgen.formatting import THIN
from docgen.views.model import Bar, Plot

PLOT = Plot(
    path="x.svg",
    title="A <title> & more",
    unit="samples/s",
    bars=(
        Bar(label="measured", value=68_123.4),
        Bar(label="expected", value=70_000.0, kind="expected"),
        Bar(label="bound", value=90_000.0, kind="bound"),
    ),
)


@pytest.fixture(scope="module", name="svg")
def svg_fixture() -> str:
    return plots.draw(PLOT)


def test_the_same_data_gives_the_same_bytes(svg):
    assert plots.draw(PLOT) == svg


def test_it_is_well_formed_and_says_what_it_shows(svg):
    root = ET.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    title = root.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text == PLOT.alt
    assert f"measured 68{THIN}123{THIN}samples/s" in PLOT.alt


def test_text_stays_text_and_colours_are_the_themes(svg):
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {"measured", "expected", "bound", "samples/s", f"68{THIN}123"} <= set(texts)
    assert "0" in texts
    assert "var(--pst-color-text-base, currentColor)" in svg
    assert not re.search(r"#0[1-5]0[1-5]0[1-5]", svg)
    assert "<dc:date>" not in svg
    assert "<metadata>" not in svg


def test_the_axis_starts_at_zero(svg):
    ticks = [
        t for t in re.findall(r"<text[^>]*>([^<]*)</text>", svg) if t.replace(THIN, "").isdigit()
    ]
    assert ticks[0] == "0"


def test_bars_reach_as_far_as_their_values():
    small = plots.draw(
        Plot(
            path="x.svg",
            title="t",
            unit="ms",
            bars=(Bar(label="a", value=1.0), Bar(label="b", value=2.0)),
        )
    )
    paths = re.findall(r'<path d="([^"]+)"[^>]*style="fill: var\(--pst-color-primary', small)
    widths = []
    for path in paths:
        xs = [float(x) for x in re.findall(r"[ML] ([\d.]+) ", path)]
        widths.append(max(xs) - min(xs))
    assert len(widths) == 2
    assert widths[1] == pytest.approx(2 * widths[0], rel=1e-3)


def test_the_key_depends_on_what_is_drawn_and_on_nothing_else():
    moved = Plot(path="y.svg", title=PLOT.title, unit=PLOT.unit, bars=PLOT.bars)
    changed = Plot(path="x.svg", title=PLOT.title, unit=PLOT.unit, bars=PLOT.bars[:2])
    assert plots.key(moved) == plots.key(PLOT)
    assert plots.key(changed) != plots.key(PLOT)


def test_a_wide_span_is_drawn_on_a_logarithmic_axis():
    bars = (Bar(label="a", value=10.0), Bar(label="b", value=100_000.0))
    svg = plots.draw(Plot(path="x.svg", title="t", unit="ms", bars=bars, log=True))
    ticks = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {"10", "1000", f"100{THIN}000"} <= set(ticks)
