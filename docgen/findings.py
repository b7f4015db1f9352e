"""Findings about a source tree, and the forms in which tools and people read them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from docgen.catalog import Source
from docgen.catalog.base import Frozen

SEVERITIES = ("error", "warning", "info")
"""From the gravest to the least grave."""

FORMATS = ("text", "json", "sarif", "github")
"""Forms that `render` gives, beside the text of a terminal."""

_SARIF_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_GITHUB_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


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


def to_sarif(
    findings: Sequence[Finding], tool: str, version: str, rules: Mapping[str, str]
) -> dict[str, Any]:
    """Return findings as a SARIF 2.1.0 log.

    Args:
        findings: What was found.
        tool: Name of the tool.
        version: Its version.
        rules: What each rule asks for, by name.
    """
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": tool,
                        "version": version,
                        "rules": [
                            {"id": name, "shortDescription": {"text": text}}
                            for name, text in rules.items()
                        ],
                    }
                },
                "results": [_sarif_result(f) for f in findings],
            }
        ],
    }


def _sarif_result(finding: Finding) -> dict[str, Any]:
    """Return one finding as SARIF has it."""
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": _SARIF_LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [_sarif_place(finding.source)],
    }
    if finding.others:
        result["relatedLocations"] = [
            {**_sarif_place(o.source), "message": {"text": o.text}} for o in finding.others
        ]
    if finding.reason:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.reason}]
    return result


def _sarif_place(source: Source) -> dict[str, Any]:
    """Return a place as SARIF has it."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": source.path},
            "region": {"startLine": max(source.line, 1)},
        }
    }


def to_github(findings: Iterable[Finding]) -> str:
    """Return findings as commands that GitHub Actions shows beside the lines."""
    return "".join(
        f"::{_GITHUB_LEVELS[f.severity]} file={_escape(f.source.path, name=True)},"
        f"line={max(f.source.line, 1)},title={f.code}::{_escape(f.message)}\n"
        for f in findings
    )


def _escape(text: str, *, name: bool = False) -> str:
    """Return text that ends neither a workflow command nor, in a name, its property."""
    marks = {"%": "%25", "\r": "%0D", "\n": "%0A"} | ({":": "%3A", ",": "%2C"} if name else {})
    return "".join(marks.get(mark, mark) for mark in text)


def dumps(value: Any) -> str:
    """Return JSON for people and programs: two spaces of indent, no escapes of letters."""
    return json.dumps(value, indent=2, ensure_ascii=False)
