"""Text of the source stands in a page as written, and does nothing there."""

from __future__ import annotations

import pytest

from docgen.views import text
from docgen.views.docstrings import render


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ("plain words", "plain words"),
        ("a `code{x}` span", "a `code{x}` span"),
        ("``double`` code", "`double` code"),
        ("*stale* and **bold**", "*stale* and **bold**"),
        ("a*b*c and *args", r"a\*b\*c and \*args"),
        ("snake_case and __init__", r"snake\_case and \_\_init\_\_"),
        ("{role}`x`", r"\{role\}`x`"),
        ("<b>no tag</b>", r"\<b>no tag\</b>"),
        ("<https://example.org/a_b>", "<https://example.org/a_b>"),
        ("[words](https://example.org)", "[words](https://example.org)"),
        ("[words](page.md)", r"\[words\](page.md)"),
        ("a | b", r"a \| b"),
        ("costs $5", r"costs \$5"),
        ("lone ` tick", r"lone \` tick"),
        ("# no heading", r"\# no heading"),
        ("% no comment", r"\% no comment"),
        (":name: no field", r"\:name: no field"),
        ("(label)=", r"\(label)="),
        ("- item `x`\n- item_2", "- item `x`\n- item\\_2"),
        ("```python\na_b = {}\n```", "```python\na_b = {}\n```"),
        ("```{eval-rst}\nx\n```", "```\nx\n```"),
    ],
)
def test_prose(written, safe):
    assert text.prose(written) == safe


def test_inline_joins_lines():
    assert text.inline("one\n  two_three\n") == r"one two\_three"


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("One. Two.", "One."),
        ("One v1.5 thing. Two.", "One v1.5 thing."),
        ("No end\n\nSecond.", "No end"),
        ("Larger is `a.b`. More", "Larger is `a.b`."),
    ],
)
def test_first_sentence(written, first):
    assert text.first_sentence(written) == first


@pytest.mark.parametrize(
    ("written", "span"),
    [("x", "`x`"), ("a`b", "``a`b``"), ("`x`", "`` `x` ``"), ("", ""), ("a\n  b", "`a b`")],
)
def test_code(written, span):
    assert text.code(written) == span


def test_fenced_is_longer_than_what_it_holds():
    assert text.fenced("```x\n```", "pycon") == "````pycon\n```x\n```\n````"


def test_raw_escapes_html():
    assert text.raw('a"<b>&') == "a&quot;&lt;b&gt;&amp;"


def test_slug_keeps_what_names_need():
    assert text.slug("H200-SXM/resnet50/offline@99.9-batch_size") == (
        "h200-sxm-resnet50-offline-99.9-batch_size"
    )


def test_docstrings_become_lists_with_types():
    doc = """Return x.

    Longer *args text.

    Args:
        word: The <word>,
            on two lines.
        known: All.

    Returns:
        One: with a colon.

    Raises:
        UsageError: When nothing fits.

    Why:
        Because of `it`.
    """
    shown = render(doc, "(word: str, known: Sequence[str]) -> str")
    assert shown.split("\n\n") == [
        "Return x.",
        r"Longer \*args text.",
        "Arguments:",
        "- `word` (`str`): The \\<word>, on two lines.\n- `known` (`Sequence[str]`): All.",
        "Returns: One: with a colon.",
        "Raises:",
        "- `UsageError`: When nothing fits.",
        "Why: Because of `it`.",
    ]


def test_an_empty_docstring_stays_empty():
    assert render("  \n ") == ""
