"""Numbers as readers see them."""

from __future__ import annotations

import pytest

from docgen import formatting as fmt

T = fmt.THIN


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (2048, "2048"),
        (24_576, f"24{T}576"),
        (-1_234_567, f"\u22121{T}234{T}567"),
        (90_000.0, f"90{T}000"),
        (0.66, "0.66"),
        (93_015.5, f"93{T}015.5"),
        (750_000.0 * 480_000.0 / 632_000.0, f"\u2248{T}569{T}620"),
        (1e-6, f"1{T}\u00d7{T}10^-6"),
        (float("inf"), "unlimited"),
    ],
)
def test_exact_shows_what_was_written(number, text):
    assert fmt.exact(number) == text


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (68_123.456, 4, f"68{T}123"),
        (1.23456, 4, "1.235"),
        (0.050969, 4, "0.05097"),
        (999.96, 4, "1000.0"),
        (0.0, 4, "0"),
        (float("nan"), 4, "not a number"),
    ],
)
def test_rounded_keeps_significant_digits(number, digits, text):
    assert fmt.rounded(number, digits) == text


@pytest.mark.parametrize(
    ("resolved", "unit", "text"),
    [
        (None, "ms", "not set"),
        (True, "", "yes"),
        (False, "", "no"),
        (1, "samples", f"1{T}sample"),
        (3000, "us", f"3000{T}\u00b5s"),
        ("fp16", "", "fp16"),
        ("", "", "empty"),
        ([1, 8, 8], "", "1, 8, 8"),
        ([], "", "none"),
        ({"name": "x", "shape": [1, 2]}, "", "name: x; shape: 1, 2"),
    ],
)
def test_value_never_prints_json(resolved, unit, text):
    assert fmt.value(resolved, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, f"0{T}s"),
        (0.458, f"458{T}ms"),
        (12.5, f"12.5{T}s"),
        (600, f"10{T}min"),
        (983, f"16{T}min 23{T}s"),
        (12_000, f"3{T}h 20{T}min"),
    ],
)
def test_duration_is_said_as_people_say_it(seconds, text):
    assert fmt.duration(seconds) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.9815, f"98.15{T}%"),
        (0.987, f"98.7{T}%"),
        (1.0, f"100{T}%"),
        (1e-6, f"less than 0.01{T}%"),
    ],
)
def test_percent(share, text):
    assert fmt.percent(share) == text


def test_metric_prints_shares_as_percentages_and_others_with_unit():
    assert fmt.metric(0.9815, "share") == f"98.15{T}%"
    assert fmt.metric(68_123.456, "samples/s") == f"68{T}123{T}samples/s"


def test_si_keeps_words_apart_and_symbols_together():
    assert fmt.si(25_557_032, "parameters") == f"25.6{T}M{T}parameters"
    assert fmt.si(51_100_000, "B") == f"51.1{T}MB"
    assert fmt.si(512, "B") == f"512{T}B"
    assert fmt.si(52_300, "") == f"52.3{T}k"


def test_dates_are_utc():
    assert fmt.day("2026-11-23T23:30:00-02:00") == "2026-11-24"
    assert fmt.moment("2026-11-23T10:05:00Z") == "2026-11-23 10:05 UTC"
    assert fmt.moment("2026-11-23T10:05:00") == "2026-11-23 10:05 UTC"
    assert fmt.day("") == "unknown date"


def test_count_has_the_right_number():
    assert fmt.count(1, "entry", "entries") == "1 entry"
    assert fmt.count(12_000, "entry", "entries") == f"12{T}000 entries"
