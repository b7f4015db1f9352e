"""Early stopping: LoadGen's own numbers, and what a run needs to be trusted."""

import math

import pytest

from runtime.policies.earlystopping import (
    least_for_estimate,
    least_queries,
    misses_allowed,
    queries_at_share,
)

OF_LOADGEN = [
    # misses, percentile, queries: printed by LoadGen's own MinPassingQueriesFinder
    (0, 90, 44), (1, 90, 64), (0, 99, 459), (1, 99, 662), (2, 99, 838), (10, 99, 2010),
    (100, 99, 12_571), (1000, 99, 107_569), (7, 95, 316), (8, 95, 344), (9, 97, 622), (5, 50, 22),
]  # fmt: skip


@pytest.mark.parametrize(("misses", "percentile", "queries"), OF_LOADGEN)
def test_equal_to_loadgen(misses, percentile, queries):
    assert least_queries(misses, percentile) == queries


def test_the_numbers_of_the_rules():
    assert least_for_estimate(90) == 64
    assert least_for_estimate(99) == 662
    assert least_queries(0, 99) == 459


@pytest.mark.parametrize("misses", [0, 1, 7, 8, 40])
def test_the_number_is_the_least(misses):
    def luck(queries: int) -> float:
        return sum(
            math.comb(queries, k) * 0.99 ** (queries - k) * 0.01**k for k in range(misses + 1)
        )

    found = least_queries(misses, 99)
    assert luck(found) <= 0.01 < luck(found - 1)


def test_misses_allowed_is_the_inverse():
    assert misses_allowed(458, 99) is None
    assert misses_allowed(459, 99) == 0
    assert misses_allowed(661, 99) == 0
    assert misses_allowed(662, 99) == 1
    for queries in (1_000, 24_576, 270_336):
        most = misses_allowed(queries, 99)
        assert most is not None
        assert least_queries(most, 99) <= queries < least_queries(most + 1, 99)


def test_a_run_that_keeps_missing_needs_more_or_never_ends():
    needed = queries_at_share(8, 1000, 99)
    assert needed == 13_240
    assert least_queries(math.floor(needed * 0.008), 99) <= needed
    assert queries_at_share(10, 1000, 99) is None
    assert queries_at_share(0, 100, 99) == 459


def test_a_hundred_percent_cannot_be_proved():
    with pytest.raises(ValueError, match="100th percentile"):
        least_queries(0, 100)
