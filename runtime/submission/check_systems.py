"""Judges a systems JSON: keys, values, and that it says what the folders say."""

from __future__ import annotations

import json
from typing import Any

from runtime.policies import submission as rules
from runtime.policies.systems import (
    MEANINGFUL_KEYS,
    NETWORK_KEYS,
    STATUS,
    SYSTEM_KEYS,
    SYSTEM_TYPES,
)
from runtime.submission.findings import Ledger
from runtime.submission.tree import Tree


def read_system(tree: Tree, ledger: Ledger, path: str) -> dict[str, Any] | None:
    """Return what a systems JSON says; None where it is absent or no JSON, which is reported."""
    tree.claim(path)
    if not tree.has(path):
        ledger.add(rules.SYSTEM_FILE, path, "no such file", "pack the system's runs again")
        return None
    said = read_object(tree, path)
    if said is None:
        ledger.add(rules.SYSTEM_FILE, path, "no JSON object", "pack the system's runs again")
    return said


def read_object(tree: Tree, path: str) -> dict[str, Any] | None:
    """Return the JSON object in a file; None where there is none."""
    try:
        said = json.loads(tree.bytes(path))
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def check_system(ledger: Ledger, path: str, said: dict[str, Any], home: str) -> None:
    """Judge a systems JSON.

    Args:
        ledger: Gets the findings.
        path: The file.
        said: What it says.
        home: The submitter's folder, `division/submitter`.
    """
    division, _, submitter = home.partition("/")
    _check_keys(ledger, path, said)
    if said.get("status") and str(said["status"]).lower() not in STATUS:
        do = f"use one of: {', '.join(STATUS)}"
        ledger.add(rules.STATUS, path, f"status {said['status']!r}", do)
    if said.get("system_type") and said["system_type"] not in SYSTEM_TYPES:
        do = f"use one of: {'; '.join(SYSTEM_TYPES)}"
        ledger.add(rules.SYSTEM_TYPE, path, f"system_type {said['system_type']!r}", do)
    for key, rule, folder in (
        ("submitter", rules.SUBMITTER, submitter),
        ("division", rules.SYSTEM_DIVISION, division),
    ):
        if said.get(key) and str(said[key]).lower() != folder.lower():
            ledger.add(rule, path, f"{key} {said[key]!r} under {folder}", f"write {folder}")
    _check_network(ledger, path, said, division)


def _check_keys(ledger: Ledger, path: str, said: dict[str, Any]) -> None:
    """Report keys that are absent, and empty ones that must not be."""
    absent = [key for key in SYSTEM_KEYS if key not in said]
    if absent:
        ledger.add(rules.SYSTEM_KEYS, path, f"no {', no '.join(absent)}", "add them")
    empty = [k for k in MEANINGFUL_KEYS if k in said and not str(said[k] or "").strip()]
    if empty:
        do = "write what it is; where there is none, N/A or the text 0"
        ledger.add(rules.SYSTEM_VALUES, path, f"nothing in {', '.join(empty)}", do)


def _check_network(ledger: Ledger, path: str, said: dict[str, Any], division: str) -> None:
    """Report a network mode that the division does not have."""
    network = str(said.get("is_network", "")).lower() == "true"
    if network != (division == "network") and division in {"network", "closed"}:
        do = "submit it in the other division, or mend is_network"
        ledger.add(rules.NETWORK, path, f"is_network {said.get('is_network')!r}", do)
    absent = [key for key in NETWORK_KEYS if key not in said]
    if network and absent:
        ledger.add(rules.NETWORK, path, f"no {', no '.join(absent)}", "add them")
