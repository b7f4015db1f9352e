"""All troubles in one place, found by code."""

from __future__ import annotations

from runtime.troubles import engines, gpus, machine, mig, served, settings, verdicts
from runtime.troubles.model import Trouble


def troubles() -> tuple[Trouble, ...]:
    """Return every trouble, ordered by code."""
    found = {
        t.code: t
        for module in (engines, gpus, machine, mig, served, settings, verdicts)
        for t in vars(module).values()
        if isinstance(t, Trouble)
    }
    return tuple(found[code] for code in sorted(found))
