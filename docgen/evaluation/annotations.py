"""Annotations of fields as data: the type as written, and the marks beside it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docgen.evaluation.classes import Field, enum_members, is_enum
from docgen.evaluation.objects import ClassInfo, External, Instance, NotStatic

if TYPE_CHECKING:
    from docgen.evaluate import Evaluator
    from docgen.evaluation.tree import Module

ANNOTATED = ("typing.Annotated", "typing_extensions.Annotated")
"""Dotted names of `Annotated`."""


@dataclass(frozen=True)
class Annotation:
    """A field's annotation."""

    text: str
    """Type as written, without `Annotated`."""
    types: tuple[Any, ...]
    """Classes that the type allows: External for built-ins, ClassInfo for those of the
    tree, None for None; empty where a part is not known."""
    marks: tuple[Instance, ...] = ()
    """Objects beside the type in `Annotated`, in order."""

    def mark(self, name: str) -> Instance | None:
        """Return the first mark whose class has that name."""
        for mark in self.marks:
            if mark.cls.short == name:
                return mark
        return None

    def mark_value(self, name: str, field: str) -> Any:
        """Return a field of the first mark of that class; None without it."""
        mark = self.mark(name)
        return None if mark is None or field not in mark.fields else mark.value(field)

    @property
    def choices(self) -> tuple[Any, ...]:
        """Return the values of the enum that the type is; empty where it is none."""
        for item in self.types:
            if isinstance(item, ClassInfo) and is_enum(item):
                return tuple(m.value for n, m in enum_members(item).items() if n == m.name)
        return ()


def read_annotation(field: Field, evaluator: Evaluator) -> Annotation:
    """Return the annotation of a dataclass field, its marks evaluated.

    Raises:
        NotStatic: When a mark is not static.
    """
    key = (field.owner.name, field.name)
    known = evaluator.annotations.get(key)
    if known is None:
        known = _read(field.annotation, field.owner.module, evaluator)
        evaluator.annotations[key] = known
    return known


def _read(node: ast.expr, module: Module, evaluator: Evaluator) -> Annotation:
    """Return an annotation; an alias of an `Annotated` type is followed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = ast.parse(node.value, mode="eval").body
    if isinstance(node, ast.Name):
        bound = module.names.get(node.id)
        if bound is not None and isinstance(bound.node, ast.Subscript):
            return _read(bound.node, bound.module or module, evaluator)
    if isinstance(node, ast.Subscript) and evaluator.annotation_head(node, module) in ANNOTATED:
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        marks = []
        for part in parts[1:]:
            mark = evaluator.evaluate(part, module)
            if isinstance(mark, Instance):
                marks.append(mark)
        return Annotation(ast.unparse(parts[0]), _types(parts[0], module, evaluator), tuple(marks))
    return Annotation(ast.unparse(node), _types(node, module, evaluator))


def _types(node: ast.expr, module: Module, evaluator: Evaluator) -> tuple[Any, ...]:
    """Return the classes of a type expression; empty where one is not known."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = (_types(part, module, evaluator) for part in (node.left, node.right))
        return (*left, *right) if left and right else ()
    if isinstance(node, ast.Constant) and node.value is None:
        return (None,)
    if isinstance(node, ast.Subscript):
        head = evaluator.annotation_head(node, module)
        if head in ("typing.Optional", "typing.Union"):
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            found = [_types(part, module, evaluator) for part in parts]
            extra = (None,) if head == "typing.Optional" else ()
            return (*(t for part in found for t in part), *extra) if all(found) else ()
        return _types(node.value, module, evaluator)
    try:
        found_type = evaluator.annotation(node, module)
    except NotStatic:
        return ()
    return (found_type,) if isinstance(found_type, (ClassInfo, External)) else ()
