"""Findings about a source tree: what they have, their order and their number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from docgen.catalog import Source
from docgen.catalog.base import Frozen
from docgen.forms import Item
from docgen.severities import SEVERITIES


class Other(Frozen, frozen=True, kw_only=True):
    """Another place that a finding is about."""

    source: Source
    """The place."""
    text: str
    """What stands there."""


class Finding(Frozen, frozen=True, kw_only=True):
    """One thing that looks wrong."""

    code: str
    """Stable name of the rule."""
    severity: str
    """`error`, `warning` or `info`."""
    message: str
    """`want X, got Y; do Z`, without the place."""
    source: Source
    """Where it stands."""
    others: tuple[Other, ...] = ()
    """What it was compared with."""
    keys: tuple[str, ...] = ()
    """Configurations that it concerns."""
    reason: str = ""
    """Why it is accepted, where somebody has accepted it."""

    @property
    def place(self) -> str:
        """Return `file:line`."""
        return f"{self.source.path}:{self.source.line}"


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings by severity, rule, file and line, each once."""
    unique = {(f.code, f.source.path, f.source.line, f.message): f for f in findings}
    return tuple(sorted(unique.values(), key=_order))


def _order(finding: Finding) -> tuple[object, ...]:
    """Return the sort key of a finding."""
    grave = SEVERITIES.index(finding.severity)
    return (grave, finding.code, finding.source.path, finding.source.line, finding.message)


def at_least(findings: Iterable[Finding], severity: str) -> tuple[Finding, ...]:
    """Return the findings that are as grave as a severity, or graver."""
    limit = SEVERITIES.index(severity)
    return tuple(f for f in findings if SEVERITIES.index(f.severity) <= limit)


def count(findings: Iterable[Finding]) -> str:
    """Return how many findings of each severity there are, in words."""
    found = Counter(f.severity for f in findings)
    words = {"error": "errors", "warning": "warnings", "info": "notes"}
    return ", ".join(f"{found[s]} {words[s] if found[s] != 1 else words[s][:-1]}" for s in words)


def to_items(findings: Iterable[Finding]) -> list[Item]:
    """Return findings as the forms of other tools need them."""
    return [
        Item(
            code=f.code,
            severity=f.severity,
            message=f.message,
            source=f.source,
            related=tuple((other.source, other.text) for other in f.others),
            same=(f.code, f.source.path, f.message),
            reason=f.reason,
        )
        for f in findings
    ]
