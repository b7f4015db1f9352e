"""Early stopping: how many queries LoadGen wants before it trusts a percentile.

A system that only just misses its percentile would show few misses by luck now and
then. LoadGen wants so many queries that this luck has a chance of at most 1 %.

Source: MLPerf inference_rules.adoc, appendix Early Stopping Criterion; LoadGen,
    early_stopping.cc. Equal to LoadGen's own function for 0 to 2 000 misses at six
    percentiles.
"""

from __future__ import annotations

import math
from functools import lru_cache

from runtime.policies.run import CONFIDENCE


@lru_cache(maxsize=4096)
def least_queries(misses: int, percentile: float) -> int:
    """Return the fewest queries that LoadGen trusts when some of them missed the bound.

    Args:
        misses: Queries over the latency bound.
        percentile: Share that must be within the bound, in %: 99.

    Returns:
        459 for no miss at 99 %, 662 for one; 64 for one at 90 %.

    Raises:
        ValueError: At 100 %, which no number of queries can prove.
    """
    share, allowed = percentile / 100, 1 - CONFIDENCE.number
    if share >= 1:
        raise ValueError("no number of queries can judge the 100th percentile")
    low = max(1, math.floor(misses * share / (1 - share)))
    high = max(2 * low, math.ceil(math.log(allowed) / math.log(share)))
    while _luck(high, misses, share) > allowed:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if _luck(middle, misses, share) > allowed:
            low = middle + 1
        else:
            high = middle
    return low + misses


def least_for_estimate(percentile: float) -> int:
    """Return the fewest queries from which LoadGen estimates a percentile: one may be over it.

    Args:
        percentile: Percentile of the latency, in %.

    Returns:
        64 for 90 %, 662 for 99 %.
    """
    return least_queries(1, percentile)


def misses_allowed(queries: int, percentile: float) -> int | None:
    """Return how many of the queries may miss the bound; None where there are too few queries.

    Args:
        queries: Queries of the run.
        percentile: Share that must be within the bound, in %.
    """
    if queries < least_queries(0, percentile):
        return None
    low, high = 0, max(1, math.ceil(queries * (1 - percentile / 100)) + 1)
    while low < high:
        middle = (low + high + 1) // 2
        if least_queries(middle, percentile) <= queries:
            low = middle
        else:
            high = middle - 1
    return low


def queries_at_share(misses: int, queries: int, percentile: float) -> int | None:
    """Return how many queries a run needs if it goes on to miss the bound as often as so far.

    Args:
        misses: Queries over the latency bound so far.
        queries: Queries so far.
        percentile: Share that must be within the bound, in %.

    Returns:
        None where no number suffices, because the share of misses is too great.
    """
    if misses == 0:
        return least_queries(0, percentile)
    share = misses / queries
    if share >= 1 - percentile / 100:
        return None
    low, high = 0, 1
    while least_queries(high, percentile) > high / share:
        low, high = high, 2 * high
        if high > _MOST_MISSES:
            return None
    while low + 1 < high:
        middle = (low + high) // 2
        if least_queries(middle, percentile) <= middle / share:
            high = middle
        else:
            low = middle
    return max(least_queries(high, percentile), math.floor((high - 1) / share) + 1)


def _luck(hits: int, misses: int, share: float) -> float:
    """Return the chance of at most so many misses, if a query is a hit with the chance `share`."""
    if misses < _FEW:
        total = hits + misses
        return math.fsum(
            math.comb(total, k) * share ** (total - k) * (1 - share) ** k for k in range(misses + 1)
        )
    from scipy.special import betainc

    return float(betainc(hits, misses + 1, share))


_FEW = 8
_MOST_MISSES = 10_000_000
