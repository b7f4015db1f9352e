"""Drawings that a snippet writes: kept with its result, shown on its page, missed when absent."""

from __future__ import annotations

import pytest

from docgen.snippets import figures
from docgen.snippets.figures import MOST_BYTES, read
from docgen.snippets.model import Figure
from docgen.sphinx.results import _make_figure

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg"><title>a &amp; b</title>'
    '<g id="x"><path d="M0 0"/></g></svg>'
)


def test_a_drawing_is_read_with_its_data(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plot.svg").write_text(SVG)
    (tmp_path / "out" / "plot.csv").write_text('a,b\n1,"x, y"\n')
    found, broken = read(["out/plot.svg"], tmp_path)
    assert broken == []
    assert found == (Figure(path="out/plot.svg", svg=SVG, rows=(("a", "b"), ("1", "x, y"))),)


@pytest.mark.parametrize(
    ("name", "why"),
    [("no.svg", "no such file"), ("../a.svg", "outside"), ("big.svg", f"more than {MOST_BYTES}")],
)
def test_a_drawing_that_is_none_is_a_failed_check(tmp_path, name, why):
    (tmp_path / "work").mkdir()
    (tmp_path / "a.svg").write_text(SVG)
    (tmp_path / "work" / "big.svg").write_text("x" * (MOST_BYTES + 1))
    found, (check,) = read([name], tmp_path / "work")
    assert found == ()
    assert not check.ok
    assert check.expect == f"{figures.MARK}{name}"
    assert why in check.actual


def test_a_drawing_is_shown_with_its_data_as_a_table():
    rows = (("trial", "rate"), ("1", "10"), ("2", "20"))
    block = _make_figure(Figure(path="out/plot.svg", svg=SVG, rows=rows), "tuning")
    drawing, data = block.children
    assert 'aria-label="a &amp; b"' in drawing["markup"]
    assert 'id="svg-tuning-out-plot-svg-x"' in drawing["markup"]
    assert drawing.astext() == "a & b"
    assert data.children[0].astext() == "Data of the plot (2 rows)"
    assert [r.astext().split() for r in data.findall(lambda n: n.tagname == "row")] == [
        ["trial", "rate"],
        ["1", "10"],
        ["2", "20"],
    ]
