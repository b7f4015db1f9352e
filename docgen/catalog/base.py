"""What every type of the Catalog is made of: frozen structs, JSON values, places."""

from __future__ import annotations

from typing import Any

import msgspec

Json = Any
"""A JSON value: None, bool, int, float, str, list, or dict with str keys. Enum members
stand as their value, tuples as lists."""


class Frozen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the types: immutable, compared by value, defaults left out of JSON."""


class Source(Frozen, frozen=True, kw_only=True):
    """A place in the documented tree."""

    path: str
    """Path relative to the source root, with forward slashes."""
    line: int
    """First line, from 1."""
    column: int = 0
    """Column, from 0, as Python's ast counts."""
    end_line: int = 0
    """Last line; 0 where it is the first."""
