"""Tables on terminals of every width: nothing is lost, and no number is broken."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from runtime.cli.output import show_rows

HEADS = ("entry", "batch", "needs GB", "share", "largest", "verdict")
NAME = "a100-sxm-80gb-mig-1g.10gb/resnet50/offline"
ROWS = [
    (NAME, "2,048", "0.797", "15.5%", "11,933", "[green]fits[/]"),
    ("b200/resnet50/offline", "256", "6.2", "3.4%", "53,730", "[red]needs a smaller batch[/]"),
]
NUMBERS = HEADS[1:5]


def printed(width, rows=ROWS):
    file = io.StringIO()
    show_rows(Console(file=file, width=width, highlight=False), HEADS, rows, right=NUMBERS)
    return file.getvalue()


@pytest.mark.parametrize("width", [160, 120, 100, 90, 80, 76, 72, 60, 40])
def test_every_cell_is_there_and_every_number_whole(width):
    text = printed(width)
    for row in ROWS:
        assert all(cell in text for cell in row[1:5])
        assert row[0] in text.replace("/\n", "/").replace(" ", "") or "resnet50/offline" in text
    words = " ".join(text.split())
    assert "fits" in words
    assert all(word in words for word in ("needs", "smaller", "batch"))


@pytest.mark.parametrize("width", [160, 120, 100, 90, 80, 76, 72])
def test_a_table_keeps_to_its_width(width):
    lines = printed(width).splitlines()
    assert max(map(len, lines)) <= width


def test_a_name_takes_two_lines_before_the_table_is_given_up():
    assert NAME in printed(120)
    narrower = printed(84)
    assert "a100-sxm-80gb-mig-1g.10gb/ " in narrower
    assert "resnet50/offline" in narrower
    assert "batch:" not in narrower
    assert "batch: 2,048" in printed(60)


def test_no_rows_are_no_error():
    assert "entry" in printed(100, rows=[])
