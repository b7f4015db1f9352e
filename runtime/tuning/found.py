"""How thorough a search is, and what it knows at any time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.errors import Interrupted
from runtime.tuning.model import Trial


@dataclass(frozen=True, kw_only=True)
class Options:
    """How thorough a search is."""

    confirmations: int = 3
    """VALID runs in a row that the best settings need."""
    tolerance: float = 0.05
    """How narrow the Server rate is made, as failed / held - 1."""
    full: bool = False
    """Whether the confirming runs have the entry's own durations."""


@dataclass(kw_only=True)
class Found:
    """What a search knows so far; complete at any time."""

    changes: dict[str, Any] = field(default_factory=dict)
    """Best values that differ from the entry's, the load included."""
    value: float | None = None
    """Figure of the best settings."""
    failed_at: float | None = None
    """Lowest rate above the best that was not held."""
    runs: list[Trial] = field(default_factory=list)
    """Runs of the best settings that confirm them."""
    reason: str = ""
    """Why the search did not come to its end; empty where it did."""
    error: Interrupted | None = None
    """What ended it, where the user did."""

    @property
    def confirmations(self) -> int:
        """Return the VALID runs of the best settings, those since the last INVALID one."""
        count = 0
        for trial in reversed(self.runs):
            if not trial.valid:
                break
            count += 1
        return count


def why_not(found: Found, tried: Sequence[Trial]) -> str:
    """Return why nothing is confirmed where the search came to its end, with the last cause.

    Args:
        found: What the search knows.
        tried: Every trial that it used.
    """
    said = last_cause(found, tried)
    if found.value is None:
        return f"no candidate was VALID often enough{said}"
    return f"too few confirming runs in a row were VALID{said}"


def last_cause(found: Found, tried: Sequence[Trial]) -> str:
    """Return what the last run said that was not VALID, as the end of a sentence; empty if none.

    Args:
        found: What the search knows.
        tried: Every trial that it used; they count where no settings were found.
    """
    runs = tried if found.value is None else found.runs
    last = next((t for t in reversed(runs) if not t.valid), None)
    return f"; the last that was not: {last.verdict}, {last.cause}" if last and last.cause else ""
