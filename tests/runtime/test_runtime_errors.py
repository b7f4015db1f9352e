"""Errors: every problem in the text, suggestions that help."""

from __future__ import annotations

import pytest

from runtime.errors import ConfigError, Problem, suggest

KNOWN = ["b200", "gh200-96gb", "h200-sxm-141gb", "h200-sxm-141gb-x8", "CUDAExecutionProvider"]


@pytest.mark.parametrize(
    ("word", "mend"),
    [
        ("h200", "did you mean 'h200-sxm-141gb' or 'h200-sxm-141gb-x8'?"),
        ("h200-sxm-144gb", "did you mean 'h200-sxm-141gb' or "),
        ("CudaExecutionprovider", "did you mean 'CUDAExecutionProvider'?"),
    ],
)
def test_a_suggestion_is_what_the_word_begins_or_resembles(word: str, mend: str) -> None:
    assert suggest(word, KNOWN).startswith(mend)


def test_a_word_like_none_gets_all_of_them() -> None:
    assert suggest("qqq", ["b", "a"]) == "use one of: a, b"
    assert suggest("", ["b", "a"]) == "use one of: a, b"


def test_an_error_lists_every_problem() -> None:
    error = ConfigError([Problem("a", "1", "2", "do x"), Problem("b", "3", "4", "do y")])
    assert str(error) == "a: want 1, got 2; do x\nb: want 3, got 4; do y"
    assert len(error.problems) == 2
