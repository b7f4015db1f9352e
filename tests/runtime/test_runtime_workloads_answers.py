"""From scores to classes, and from a log to accuracy."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from runtime.errors import RunError
from runtime.workloads import answers


def log(classes: list[int]) -> dict[int, bytes]:
    """Return a log as LoadGen's hexadecimal text decodes to."""
    return {index: np.int64(value).tobytes() for index, value in enumerate(classes)}


def test_classes_are_the_highest_scores_and_the_first_wins_a_tie() -> None:
    scores = np.array([[0, 3, 1], [5, 5, 1], [-3, -2, -1]], np.float32)
    out = np.full(3, 99, np.int64)
    answers.write_classes(scores, out, 3)
    assert out.tolist() == [1, 0, 2]


def test_a_background_class_is_taken_off() -> None:
    scores = np.array([[9, 3, 1, 0], [0, 1, 2, 9]], np.float32)
    out = np.zeros(2, np.int64)
    answers.write_classes(scores, out, 3)
    assert out.tolist() == [-1, 2]


def test_half_precision_scores_and_a_part_of_a_buffer() -> None:
    scores = np.eye(5, dtype=np.float16)
    buffer = np.full(8, -7, np.int64)
    answers.write_classes(scores, buffer[:5], 5)
    assert buffer.tolist() == [0, 1, 2, 3, 4, -7, -7, -7]


def test_classes_are_written_without_allocating_arrays() -> None:
    scores = np.random.RandomState(0).random_sample((4096, 1000)).astype(np.float32)
    out = np.zeros(4096, np.int64)
    answers.write_classes(scores, out, 999)
    tracemalloc.start()
    try:
        answers.write_classes(scores, out, 999)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < out.nbytes / 8


def test_top1_counts_right_answers_in_any_order() -> None:
    labels = np.array([4, 3, 2, 1])
    full = log([4, 3, 0, 0])
    assert answers.top1(full, labels) == 0.5
    assert answers.top1(dict(reversed(full.items())), labels) == 0.5
    assert answers.top1(log([-1, -1, -1, -1]), labels) == 0


def test_every_problem_of_a_log_is_told_at_once() -> None:
    logged = {0: b"\x01" * 8, 7: b"\x01" * 8, 1: b"\x01\x02"}
    with pytest.raises(RunError) as caught:
        answers.top1(logged, np.array([1, 1, 1, 1]))
    text = str(caught.value)
    assert len(caught.value.problems) == 3
    assert "2 missing" in text
    assert "index 7" in text
    assert "2 bytes" in text


def test_an_empty_log_is_no_accuracy() -> None:
    with pytest.raises(RunError, match="3 missing"):
        answers.top1({}, np.array([1, 1, 1]))
