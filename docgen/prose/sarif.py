"""Findings in the Static Analysis Results Interchange Format, version 2.1.0."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from docgen import __version__
from docgen.catalog import Source
from docgen.prose.check import Report
from docgen.prose.model import Verdict
from docgen.prose.reports import sentence
from docgen.prose.rules import RULES

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
"""Where the format's own schema is published."""

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_BASE = "SRCROOT"


def to_sarif(report: Report) -> str:
    """Return the findings as a SARIF log with one run."""
    used = sorted({v.code for v in report.findings})
    run = {
        "tool": {
            "driver": {
                "name": "docgen check",
                "version": __version__,
                "rules": [_rule(code) for code in used],
            }
        },
        "originalUriBaseIds": {_BASE: {"description": {"text": "Root of the source tree"}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(v, used) for v in report.findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _rule(code: str) -> dict[str, Any]:
    """Return a rule as SARIF describes it."""
    rule = RULES[code]
    return {
        "id": code,
        "name": "".join(part.title() for part in code.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title}. {rule.why}"},
        "help": {"text": f"{rule.why} Example: {rule.example}."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(verdict: Verdict, codes: list[str]) -> dict[str, Any]:
    """Return a finding as a result."""
    result: dict[str, Any] = {
        "ruleId": verdict.code,
        "ruleIndex": codes.index(verdict.code),
        "level": _LEVELS[verdict.severity],
        "message": {"text": sentence(verdict)},
        "locations": [_location(Source(path=verdict.document, line=verdict.line))],
        "partialFingerprints": {"docgenClaim/v1": fingerprint(verdict)},
    }
    if verdict.source is not None:
        place = _location(verdict.source)
        place["id"] = 1
        place["message"] = {"text": "what the source has"}
        result["relatedLocations"] = [place]
    if verdict.reason:
        result["suppressions"] = [{"kind": "external", "justification": verdict.reason}]
    properties = {"claimed": verdict.claimed, "nearest": verdict.nearest, "since": verdict.since}
    result["properties"] = {k: v for k, v in properties.items() if v}
    return result


def _location(source: Source) -> dict[str, Any]:
    """Return a place; a folder has no region."""
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(source.path), "uriBaseId": _BASE}}
    if source.line:
        physical["region"] = {"startLine": source.line}
    return {"physicalLocation": physical}


def _uri(path: str) -> str:
    """Return a relative path as part of a URI."""
    from urllib.parse import quote

    return quote(path)


def fingerprint(verdict: Verdict) -> str:
    """Return what stays the same for a finding when lines above it change."""
    words = f"{verdict.code}\0{verdict.document}\0{verdict.claimed}"
    return hashlib.sha256(words.encode()).hexdigest()[:32]
