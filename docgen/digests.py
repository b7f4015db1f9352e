"""Canonical form of a configuration's resolved fields, and its SHA-256.

Two programs that resolve the same configuration get the same digest, whatever
they are written in: that is how a Catalog is compared with what a harness
resolves itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from docgen.catalog import Catalog, Entry, Json
from docgen.evaluation.objects import EnumMember, Unknown

REJECTED = "rejected"
"""Third column of a configuration that the tree itself would refuse."""
UNRESOLVED = "unresolved"
"""Third column of a configuration with a value that is not static; it has no digest."""


def canonical(value: Any) -> Json:
    """Return a value as JSON in the form that digests are made of.

    An enum member stands as `Class.MEMBER`, a tuple as a list, a set as a list
    sorted by JSON text, a path as its text, dict keys as text. Integers and floats
    stay what they are. JSON values come back unchanged.

    Raises:
        NotStatic: Where a part of the value is not known.
        TypeError: For a value that has no canonical form, such as a function.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Unknown):
        raise value.cause
    if isinstance(value, EnumMember):
        return f"{value.cls.short}.{value.name}"
    if isinstance(value, Mapping):
        return {_key(key): canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [canonical(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((canonical(item) for item in value), key=_text)
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"no canonical form for a {type(value).__name__}")


def _key(key: Any) -> str:
    """Return a dict's key as text."""
    value = canonical(key)
    return value if isinstance(value, str) else str(value)


def _text(value: Json) -> str:
    """Return the JSON text of a canonical value: sorted keys, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(fields: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical form of a configuration's fields, in hex.

    Raises:
        NotStatic: Where a value is not known.
        TypeError: For a value that has no canonical form.
    """
    return hashlib.sha256(_text(canonical(fields)).encode("ascii")).hexdigest()


def key_of(entry: Entry) -> str:
    """Return the key of a line: `BENCHMARK/SCENARIO/SYSTEM/HARNESS/ACCURACY/POWER`."""
    setting = entry.setting
    parts = (entry.workload, entry.scenario, entry.target)
    return "/".join((*parts, setting.harness, setting.accuracy, setting.power))


def lines(catalog: Catalog) -> Iterator[str]:
    """Yield a line for each configuration, sorted: key, tab, digest.

    A configuration that the tree itself would refuse has a third column `rejected`.
    One with a value that is not static has `-` for its digest and a third column
    `unresolved`: a digest of a part would look like a wrong one.
    """
    yield from sorted(_line(entry) for entry in catalog.entries)


def _line(entry: Entry) -> str:
    """Return the line of one configuration."""
    columns = [key_of(entry), entry.digest or "-"]
    if entry.rejected:
        columns.append(REJECTED)
    elif not entry.digest:
        columns.append(UNRESOLVED)
    return "\t".join(columns)
