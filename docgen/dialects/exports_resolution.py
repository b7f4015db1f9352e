"""Values of the EXPORTS dialect as the Catalog has them: canonical form, history, kind."""

from __future__ import annotations

import ast
from typing import Any

from docgen import catalog as c
from docgen.digests import canonical
from docgen.evaluation import operations, outside
from docgen.evaluation.objects import EnumMember, External, NotStatic, Setting
from docgen.evaluation.provenance import expression_of, place_of
from docgen.evaluation.tree import dotted

MAX_VALUES = 100_000
"""Values that one field may hold when it is written out."""


def value_of(chain: tuple[Setting, ...], value: Any, where: c.Source) -> c.Value:
    """Return the catalog value of a field from its settings.

    Raises:
        NotStatic: When the value is not static, or too large to write down.
    """
    if not chain:
        return c.Value(
            resolved=resolve(value, where),
            expression="",
            kind="reference",
            source=where,
            set_by="",
            chain=(),
        )
    steps = tuple(_step(setting) for setting in chain)
    last = steps[-1]
    return c.Value(
        resolved=resolve(value, last.source),
        expression=last.expression,
        kind=kind_of(chain[-1].node, value),
        source=last.source,
        set_by=last.set_by,
        chain=steps,
    )


def _step(setting: Setting) -> c.Step:
    """Return one setting as a step of the chain; null where it is not static."""
    place = place_of(setting)
    try:
        resolved = resolve(setting.value, place)
    except NotStatic:
        resolved = None
    return c.Step(
        set_by=dotted(setting.owner.name),
        expression=expression_of(setting),
        resolved=resolved,
        source=place,
    )


def resolve(value: Any, where: c.Source) -> c.Json:
    """Return a value in canonical form.

    Raises:
        NotStatic: Where a part is not static or has no such form, or the value is too large.
    """
    try:
        if operations.weigh(value) > MAX_VALUES:
            raise NotStatic(where, "a value too large to write down", do="write it shorter")
        return canonical(_named(value))
    except RecursionError as error:
        raise NotStatic(where, "a value nested too deeply", do="write it flat") from error
    except TypeError as error:
        raise NotStatic(where, f"a value with {error}", do="write a literal") from error


def _named(value: Any) -> Any:
    """Return a value with the members of outside enums as their text."""
    if isinstance(value, External):
        return outside.member(value) or value
    if isinstance(value, dict):
        return {_named(key): _named(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_named(item) for item in value]
    return {_named(item) for item in value} if isinstance(value, (set, frozenset)) else value


def kind_of(node: ast.expr, value: Any) -> str:
    """Return how an expression gives its value: `literal`, `enum`, `arithmetic`, `reference`."""
    if isinstance(node, ast.Attribute):
        enum = isinstance(value, EnumMember)
        enum = enum or (isinstance(value, External) and bool(outside.member(value)))
        return "enum" if enum else "reference"
    parts = list(ast.walk(node))
    if any(isinstance(part, _COMPUTED) for part in parts):
        return "arithmetic"
    return "reference" if any(isinstance(part, _NAMED) for part in parts) else "literal"


_COMPUTED = (ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.JoinedStr, ast.ListComp)
_NAMED = (ast.Name, ast.Attribute, ast.Call, ast.Subscript)
