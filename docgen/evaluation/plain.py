"""Evaluated values as JSON, and how an expression came to its value."""

from __future__ import annotations

import ast
import math
from typing import Any

from docgen.evaluation.objects import (
    ClassInfo,
    EnumMember,
    External,
    FunctionInfo,
    Instance,
    Unknown,
)


def plain(value: Any) -> Any:
    """Return a value as JSON: enum members by value, tuples as lists, objects as dicts.

    What JSON does not have (bytes, infinity) stands as Python writes it.

    Raises:
        NotStatic: Where a part of it is Unknown.
    """
    if isinstance(value, Unknown):
        raise value.cause
    if isinstance(value, EnumMember):
        return plain(value.value)
    if isinstance(value, Instance):
        return {name: plain(chain[-1].value) for name, chain in value.fields.items()}
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, (ClassInfo, FunctionInfo, External)):
        return value.owner.name if isinstance(value, FunctionInfo) else value.name
    return value if _is_json(value) else repr(value)


def _is_json(value: Any) -> bool:
    """Tell whether JSON has a plain value: no bytes, no infinity, no huge integer."""
    if isinstance(value, int):
        return -(1 << 63) <= value < 1 << 64
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str)


def kind_of(node: ast.expr, value: Any) -> str:
    """Return how an expression gives its value: `set`, `enum` or `derived`."""
    if isinstance(node, ast.Attribute) and isinstance(value, EnumMember):
        return "enum"
    return "set" if _literal(node) else "derived"


def _literal(node: ast.expr) -> bool:
    """Tell whether an expression is a literal, with a sign or in a display at most."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.operand, ast.Constant)
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return all(_literal(item) for item in node.elts)
    if isinstance(node, ast.Dict):
        return all(k is not None and _literal(k) for k in node.keys) and all(
            _literal(v) for v in node.values
        )
    return isinstance(node, ast.Constant)
