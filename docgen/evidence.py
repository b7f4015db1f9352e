"""Judges what is kept of each snippet against source and machine as they are now."""

from __future__ import annotations

from enum import Enum


class State(str, Enum):
    """What a page may say of a snippet; the value is the badge's word."""

    MEASURED = "measured"
    """Executed, every expectation held, and nothing it depended on has changed."""
    RESOLVED = "resolved"
    """Executed as a dry run only: the command and its values are right, nothing was measured."""
    EMULATED = "emulated"
    """Executed with the hardware emulated by CPU shares."""
    STALE = "stale"
    """Executed once, but code, files or text that it depended on have changed since."""
    SKIPPED = "skipped"
    """Not executed here: the machine lacks what it needs."""
    FAILED = "failed"
    """Executed, and it failed, hung or broke an expectation."""
    NEVER = "never run"
    """Nothing is known of it."""
