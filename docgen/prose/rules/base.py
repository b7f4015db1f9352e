"""What every rule gets and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from docgen.catalog import Source
from docgen.prose.facts import Facts
from docgen.prose.model import Document, Edit, Verdict


@dataclass(frozen=True)
class Rule:
    """One kind of claim."""

    code: str
    """Stable name, as findings and baselines carry it."""
    severity: str
    """`error` where a false claim misleads for certain, `warning` where it may be meant."""
    title: str
    """What a finding of this rule says, as a heading."""
    why: str
    """What goes wrong for a reader who believes the claim."""
    example: str
    """A claim that does not hold, and what holds."""


Collector = Callable[[Document, Facts], Iterator[Verdict]]
"""Finds claims of some kinds in a document and judges them."""


def held(document: Document, line: int, code: str, claimed: str, source: Source | None) -> Verdict:
    """Return the verdict on a claim that holds."""
    return Verdict(
        code=code,
        severity="info",
        document=document.path,
        line=line,
        claimed=claimed,
        holds=True,
        source=source,
    )


def broken(
    document: Document,
    line: int,
    rule: Rule,
    claimed: str,
    truth: str,
    *,
    source: Source | None = None,
    nearest: str = "",
    edit: Edit | None = None,
    severity: str = "",
) -> Verdict:
    """Return the verdict on a claim that does not hold."""
    return Verdict(
        code=rule.code,
        severity=severity or rule.severity,
        document=document.path,
        line=line,
        claimed=claimed,
        holds=False,
        truth=truth,
        source=source,
        nearest=nearest,
        edit=edit,
    )
