"""Findings of every command in the forms of others: SARIF 2.1.0, annotations of GitHub."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from docgen import __version__
from docgen.catalog import Source
from docgen.catalog.base import Frozen

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
"""Where the schema of SARIF is published."""

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_ANNOTATIONS = {"error": "error", "warning": "warning", "info": "notice"}
_BASE = "SRCROOT"


class Text(Frozen, frozen=True, kw_only=True):
    """What a rule says, for a tool that shows its findings."""

    title: str
    """The rule in one sentence."""
    why: str
    """Its reason."""
    example: str
    """What breaks it."""
    severity: str
    """How grave it is to break it."""


class Item(Frozen, frozen=True, kw_only=True):
    """A finding as these forms need it."""

    code: str
    """Name of its rule."""
    severity: str
    """`error`, `warning` or `info`."""
    message: str
    """What is wrong, without the place."""
    source: Source
    """Where it stands."""
    related: tuple[tuple[Source, str], ...] = ()
    """Other places that it is about, each with what stands there."""
    same: tuple[str, ...] = ()
    """What stays the same for it when lines above it change; empty where nobody knows."""
    reason: str = ""
    """Why it is accepted; empty where it is not."""
    accepted_in: str = "inSource"
    """Where the reason is written: `inSource` or `external`."""
    properties: dict[str, str] = msgspec.field(default_factory=dict)
    """More that is known of it, by name."""


def to_sarif(items: Sequence[Item], tool: str, rules: Mapping[str, Text]) -> str:
    """Return findings as a SARIF log with one run.

    Args:
        items: What was found, accepted or not.
        tool: Name of the command.
        rules: What each rule says, by name; those without a finding are left out.
    """
    used = sorted({item.code for item in items})
    driver = {
        "name": tool,
        "version": __version__,
        "rules": [_rule(code, rules[code]) if code in rules else {"id": code} for code in used],
    }
    run = {
        "tool": {"driver": driver},
        "originalUriBaseIds": {_BASE: {"description": {"text": "Root of the source tree"}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, used) for item in items],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, ensure_ascii=False)


def _rule(code: str, rule: Text) -> dict[str, Any]:
    """Return a rule as SARIF describes it."""
    title = rule.title.rstrip(".")
    return {
        "id": code,
        "name": "".join(part.title() for part in code.split("-")),
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title}. {rule.why}"},
        "help": {"text": f"{rule.why} Example: {rule.example.rstrip('.')}."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(item: Item, codes: list[str]) -> dict[str, Any]:
    """Return a finding as a result."""
    result: dict[str, Any] = {
        "ruleId": item.code,
        "ruleIndex": codes.index(item.code),
        "level": _LEVELS[item.severity],
        "message": {"text": item.message},
        "locations": [_location(item.source)],
    }
    if item.same:
        digest = hashlib.sha256("\0".join(item.same).encode()).hexdigest()
        result["partialFingerprints"] = {"docgenClaim/v1": digest[:32]}
    if item.related:
        result["relatedLocations"] = [
            {**_location(source), "id": number, "message": {"text": text}}
            for number, (source, text) in enumerate(item.related, 1)
        ]
    if item.reason:
        result["suppressions"] = [{"kind": item.accepted_in, "justification": item.reason}]
    if item.properties:
        result["properties"] = item.properties
    return result


def _location(source: Source) -> dict[str, Any]:
    """Return a place; a folder has no region."""
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(source.path), "uriBaseId": _BASE}}
    if source.line:
        physical["region"] = {"startLine": source.line}
    return {"physicalLocation": physical}


def to_github(items: Iterable[Item]) -> str:
    """Return a workflow command for each open finding, which GitHub shows at its line."""
    return "\n".join(
        f"::{_ANNOTATIONS[item.severity]} file={_escaped(item.source.path, name=True)},"
        f"line={max(item.source.line, 1)},title={_escaped(item.code, name=True)}"
        f"::{_escaped(item.message)}"
        for item in items
        if not item.reason
    )


def _escaped(text: str, *, name: bool = False) -> str:
    """Return text that ends neither a workflow command nor, in a name, its property."""
    marks = {"%": "%25", "\r": "%0D", "\n": "%0A"} | ({":": "%3A", ",": "%2C"} if name else {})
    return "".join(marks.get(mark, mark) for mark in text)
