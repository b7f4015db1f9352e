"""The search of each scenario, from the entry's values to confirmed ones."""

from __future__ import annotations

import math
from collections.abc import Callable

from runtime.configs.schema import Server
from runtime.errors import Interrupted
from runtime.policies.estimates import run_seconds
from runtime.tuning.atrate import ServerCourse
from runtime.tuning.axes import Axis, Fits
from runtime.tuning.bench import Bench, OutOfBudget
from runtime.tuning.climbing import Climb
from runtime.tuning.found import Found, Options, last_cause, why_not
from runtime.tuning.model import Candidate


def search(bench: Bench, axes: tuple[Axis, ...], fits: Fits, options: Options) -> Found:
    """Return the best settings of an entry; a search that is stopped returns what it has."""
    found = Found()
    settings = bench.plan.settings
    run = ServerCourse(bench, axes, fits, options, found) if isinstance(settings, Server) else None
    other = Climb(bench, axes, fits, options, found)
    try:
        try:
            (run or other).explore()
        except OutOfBudget:
            what = "every field was tried" if found.value else "any candidate was VALID"
            found.reason = f"the budget ended before {what}"
        (run or other).confirm()
        if found.reason and found.confirmations < options.confirmations:
            known = found.value is not None
            tail = f"; {why_not(found, bench.used)}" if known else last_cause(found, bench.used)
            found.reason += tail
    except OutOfBudget:
        found.reason = _ended(bench, found, options)
    except Interrupted as error:
        found.reason, found.error = "the user stopped the search", error
    return found


def _ended(bench: Bench, found: Found, options: Options) -> str:
    """Return in words that the budget ended, what was confirmed by then, and what would do."""
    wanted, has = options.confirmations, found.confirmations
    best = Candidate(changes=found.changes, purpose="confirm", full=options.full)
    more = (wanted - has) * (run_seconds(bench.settings(best)) + bench.most_overhead_s)
    return (
        f"the budget ended before the best settings were confirmed: {has} of {wanted} VALID runs; "
        f"call it again with --budget {math.ceil(more / 6) / 10:g} or more: it goes on there"
    )


Searcher = Callable[[Bench, tuple[Axis, ...], Fits, Options], Found]
"""What searches an entry: `search`."""
