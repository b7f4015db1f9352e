"""Simple cells are written letter by letter as markdown-it writes them; others are left to it."""

from __future__ import annotations

import random

import pytest

from docgen.sphinx import cells

SIMPLE = {
    "H200, 141 GB": ("<p>H200, 141 GB</p>", ()),
    r"gpu\_batch\_size \<b\>": ("<p>gpu_batch_size &lt;b&gt;</p>", ()),
    "**2\u202f000 samples/s**": ("<p><strong>2\u202f000 samples/s</strong></p>", ()),
    "*Offline, 99.9 %* and *Server*": ("<p><em>Offline, 99.9 %</em> and <em>Server</em></p>", ()),
    'see {doc}`Orin </a/b>` "now"': (
        f"<p>see {cells.MARK} &quot;now&quot;</p>",
        (("doc", "Orin </a/b>"),),
    ),
}
BLOCKS = (
    (
        "`1 << 30`\n\n<details class='x'><summary>why</summary>\n\n"
        "`1` by {bench:src}`a <b.py:3>`\n\nOverrides:\n\n- `2` = 2 by {bench:src}`c <d:4>`\n"
        "- `3`\n\nWhy: it fits.\n\n</details>"
    ),
    "one\ntwo\n\n- a\n- b\n\nend",
)
LEFT = (
    "[a](b)",
    "<b>",
    "a_b",
    "1. one",
    "# head",
    "- a\n\n- b",
    "a\\\nb",
    " a",
    "``a``",
    "a &amp; b",
)
PARTS = (
    *("a", "b c", "99 %", "**", "*", "`x y`", "`", "{doc}`a <b>`", "\\*", "\\", "_", "<", ">", "&"),
    *("\n", "\n\n", "- ", "1. ", "2) ", "# ", "=", "---", "|", "  ", " ", "\u202f", "\u00a0", "@"),
    *("<details class='q'>", "</details>", "[", "](", "!", "~~~", "{", "}", '"', "'", "%", "&lt;"),
)


@pytest.mark.parametrize("text", SIMPLE)
def test_words_are_written_without_a_parser(text):
    assert cells.write_simple(text, words=True) == SIMPLE[text]
    assert cells.write_any(text, words=True) == SIMPLE[text]


@pytest.mark.parametrize("text", BLOCKS)
def test_blocks_are_written_without_a_parser(text):
    found = cells.write_simple(text, words=False)
    assert found is not None
    assert found == cells.write_any(text, words=False)


@pytest.mark.parametrize("text", LEFT)
def test_other_cells_are_left_to_the_parser(text):
    assert cells.write_simple(text, words=False) is None
    assert cells.render(text, words=False) == cells.write_any(text, words=False)


def test_cells_put_together_by_chance_are_written_as_by_the_parser():
    chance = random.Random(1)
    simple = 0
    for _ in range(12_000):
        text = "".join(chance.choices(PARTS, k=chance.randint(1, 8)))
        words = chance.random() < 0.5 and "\n" not in text
        found = cells.write_simple(text, words=words) if text.strip() else None
        if found is not None:
            simple += 1
            assert found == cells.write_any(text, words=words), repr(text)
    assert simple > 400
