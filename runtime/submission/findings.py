"""What a check found: each breach of a rule with its place and its mend."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runtime.errors import Problem
from runtime.policies.model import Policy


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One breach of one rule."""

    rule: Policy
    """The rule."""
    path: str
    """File or folder, relative to the tree."""
    got: str
    """What is there."""
    do: str
    """What to do about it."""

    def problem(self) -> Problem:
        """Return it in the form of the project's errors."""
        return Problem(f"{self.rule.id} {self.path}", self.rule.rule.rstrip("."), self.got, self.do)

    def to_dict(self) -> dict[str, Any]:
        """Return its JSON form."""
        return {
            "rule": self.rule.id,
            "title": self.rule.title,
            "path": self.path,
            "want": self.rule.rule,
            "got": self.got,
            "do": self.do,
            "source": self.rule.source,
        }


@dataclass
class Ledger:
    """Collects findings while a tree is read."""

    findings: list[Finding] = field(default_factory=list)
    """What was found so far."""

    def add(self, rule: Policy, path: str, got: str, do: str) -> None:
        """Note one breach."""
        self.findings.append(Finding(rule=rule, path=path, got=got, do=do))


@dataclass(frozen=True, kw_only=True)
class Report:
    """The judgement on a tree."""

    tree: str
    """The tree, as it was named."""
    round: str
    """Round whose rules were taken."""
    findings: tuple[Finding, ...]
    """Every breach, ordered by path and rule."""
    results: tuple[str, ...]
    """Folders of scenarios that were judged, relative to the tree."""

    @property
    def clean(self) -> bool:
        """Return whether the tree has results and nothing was found."""
        return bool(self.results) and not self.findings

    def to_dict(self) -> dict[str, Any]:
        """Return its JSON form."""
        return {
            "kind": "calliope.submission-check",
            "schema": 1,
            "tree": self.tree,
            "round": self.round,
            "clean": self.clean,
            "results": list(self.results),
            "findings": [finding.to_dict() for finding in self.findings],
        }
