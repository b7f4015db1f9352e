"""All policies in one tuple."""

from __future__ import annotations

from runtime.policies import (
    accuracy,
    artifacts,
    division,
    equivalence,
    estimates,
    mig,
    power,
    precision,
    run,
    seeds,
    submission,
    submission_logs,
    wording,
)
from runtime.policies.model import Policy


def policies() -> tuple[Policy, ...]:
    """Return every policy of the package, ordered by id."""
    modules = (
        accuracy,
        artifacts,
        division,
        equivalence,
        estimates,
        mig,
        power,
        precision,
        run,
        seeds,
        submission,
        submission_logs,
        wording,
    )
    found = {p.id: p for m in modules for p in vars(m).values() if isinstance(p, Policy)}
    return tuple(found[key] for key in sorted(found))
