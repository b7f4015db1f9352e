"""Findings about documents as text and JSON, and as `docgen.forms` needs them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from docgen.catalog import Source
from docgen.forms import Item, Text
from docgen.prose.check import Report
from docgen.prose.model import Verdict

LINES = 6
"""Further lines of one claim that are named."""

SCHEMA_VERSION = 1
"""Version of the JSON form."""


def summary(report: Report) -> dict[str, Any]:
    """Return the numbers of a report."""
    severities = Counter(v.severity for v in report.findings if not v.reason)
    return {
        "documents": len(report.documents),
        "claims": len(report.verdicts),
        "held": sum(v.holds for v in report.verdicts),
        "errors": severities["error"],
        "warnings": severities["warning"],
        "infos": severities["info"],
        "accepted": sum(bool(v.reason) for v in report.findings),
    }


def to_plain(verdict: Verdict) -> dict[str, Any]:
    """Return a finding as a JSON object; every key is always there."""
    source = verdict.source
    edit = verdict.edit
    return {
        "code": verdict.code,
        "severity": verdict.severity,
        "document": verdict.document,
        "line": verdict.line,
        "claimed": verdict.claimed,
        "truth": verdict.truth,
        "source": place(source) or None,
        "nearest": verdict.nearest or None,
        "fix": {"old": edit.old, "new": edit.new} if edit else None,
        "since": verdict.since or None,
        "reason": verdict.reason or None,
    }


def to_json(report: Report, *, clean: bool, drift: Iterable[dict[str, Any]] = ()) -> str:
    """Return the JSON form.

    Args:
        report: What was found in documents.
        clean: Whether the check succeeds.
        drift: Findings about pages and evidence, where those were checked too.
    """
    data = {
        "schema": SCHEMA_VERSION,
        "clean": clean,
        "findings": list(drift),
        "prose": [to_plain(v) for v in report.findings],
        "summary": summary(report),
    }
    return json.dumps(data)


def sentence(verdict: Verdict) -> str:
    """Return what is wrong with a claim in one line."""
    parts = [f"{verdict.claimed}: {verdict.truth}"]
    said = re.search(rf"(?<!\w){re.escape(verdict.nearest)}(?!\w)", verdict.truth)
    if verdict.nearest and not said:
        parts.append(f"nearest is {verdict.nearest}")
    if verdict.since:
        parts.append(f"true until {verdict.since}")
    if verdict.source:
        parts.append(f"see {place(verdict.source)}")
    return "; ".join(parts)


def grouped(report: Report) -> list[tuple[Verdict, list[int]]]:
    """Return each finding that is not accepted with the further lines of its document.

    Guides repeat their commands; the same claim is told once a document.
    """
    found: dict[tuple[str, ...], tuple[Verdict, list[int]]] = {}
    for one in report.findings:
        if one.reason:
            continue
        key = (one.document, one.severity, one.code, one.claimed, one.truth)
        first, more = found.setdefault(key, (one, []))
        if one.line != first.line and one.line not in more:
            more.append(one.line)
    return list(found.values())


def again(lines: list[int]) -> str:
    """Return where a claim stands once more, in words; empty where it does not."""
    if not lines:
        return ""
    shown = ", ".join(map(str, lines[:LINES])) + (", ..." if len(lines) > LINES else "")
    return f"; again in line{'s' if len(lines) > 1 else ''} {shown}"


def place(source: Source | None) -> str:
    """Return a place as `file:line`; a folder has no line."""
    if source is None:
        return ""
    return f"{source.path}:{source.line}" if source.line else f"{source.path}/"


def to_items(report: Report) -> list[Item]:
    """Return the findings as the forms of other tools need them."""
    return [_item(verdict) for verdict in report.findings]


def _item(verdict: Verdict) -> Item:
    """Return one finding as the forms of other tools need it."""
    known = {"claimed": verdict.claimed, "nearest": verdict.nearest, "since": verdict.since}
    return Item(
        code=verdict.code,
        severity=verdict.severity,
        message=sentence(verdict),
        source=Source(path=verdict.document, line=verdict.line),
        related=((verdict.source, "what the source has"),) if verdict.source else (),
        same=(verdict.code, verdict.document, verdict.claimed),
        reason=verdict.reason,
        accepted_in="external",
        properties={name: text for name, text in known.items() if text},
    )


def texts() -> dict[str, Text]:
    """Return what each rule says."""
    from docgen.prose.rules import RULES

    return {
        rule.code: Text(
            title=rule.title, why=rule.why, example=rule.example, severity=rule.severity
        )
        for rule in RULES.values()
    }
