"""Comparison of evaluated values as Python carries it out, methods of the tree included."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from docgen.catalog import Source
from docgen.evaluation import classes, operations
from docgen.evaluation.objects import (
    Bound,
    ClassInfo,
    EnumMember,
    External,
    FunctionInfo,
    Instance,
    ModuleRef,
    NotStatic,
    Unknown,
)

if TYPE_CHECKING:
    from docgen.evaluation.interpreter import Interpreter
    from docgen.evaluation.scopes import Frame

DECLINED = External("builtins.NotImplemented")
"""What a comparison method returns where it does not know the other value."""
OBJECTS = (Instance, EnumMember)
"""Values whose comparison the tree may define."""
FIXED = (ClassInfo, External, FunctionInfo, ModuleRef)
"""Values that are compared by what they stand for."""


def type_of(value: Any, source: Source) -> Any:
    """Return the type of a value, as an expression that names it gives it."""
    if isinstance(value, OBJECTS):
        return value.cls
    if isinstance(value, (ClassInfo, External, FunctionInfo, Bound, ModuleRef, Unknown)):
        raise NotStatic(source, f"the type of {operations.describe(value)}")
    if value is None:
        return External("types.NoneType")
    return External(f"builtins.{type(value).__name__}")


def same(left: Any, right: Any, source: Source) -> bool:
    """Return whether two values are one object; raise NotStatic where that is not certain."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        raise (left if isinstance(left, Unknown) else right).cause
    if isinstance(left, EnumMember) and isinstance(right, EnumMember):
        return left == right
    if isinstance(left, External) and isinstance(right, External):
        return left.name == right.name
    certain = (*FIXED, Instance, EnumMember, bool, type(None))
    if isinstance(left, certain) or isinstance(right, certain):
        return left is right
    if left is right and isinstance(left, operations.CONTAINERS):
        return True
    raise NotStatic(source, "an identity of plain values")


def equal(interpreter: Interpreter, left: Any, right: Any, source: Source, frame: Frame) -> bool:
    """Return whether two values are equal, as Python asks the left one, then the right one."""
    for value in (left, right):
        interpreter.use(value)
    if isinstance(left, OBJECTS) or isinstance(right, OBJECTS):
        return _equal_objects(interpreter, left, right, source, frame)
    if isinstance(left, FIXED) or isinstance(right, FIXED):
        return left is right or (isinstance(left, External) and left == right)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        if type(left) is not type(right) or len(left) != len(right):
            return False
        pairs = zip(left, right, strict=True)
        return all(equal(interpreter, a, b, source, frame) for a, b in pairs)
    for unknown in operations.unknowns([left, right]):
        raise unknown.cause
    return bool(left == right)


def _equal_objects(
    interpreter: Interpreter, left: Any, right: Any, source: Source, frame: Frame
) -> bool:
    """Return whether two values are equal of which one at least may define what that is."""
    if left is right and isinstance(left, EnumMember):
        return True
    for one, other in ((left, right), (right, left)):
        if isinstance(one, OBJECTS):
            found = _ask(interpreter, one, other, source, frame)
            if not (isinstance(found, External) and found == DECLINED):
                return interpreter.truth(found, ast.Pass(), frame)
    return left is right or (isinstance(left, EnumMember) and bool(left == right))


def _ask(interpreter: Interpreter, one: Any, other: Any, source: Source, frame: Frame) -> Any:
    """Return what the comparison of one object's class says, or NotImplemented."""
    for cls in classes.own_classes(one.cls):
        method = cls.names.get("__eq__")
        if method is not None:
            function = interpreter.follow(method)
            if not isinstance(function, FunctionInfo):
                raise NotStatic(source, f"a comparison of {operations.describe(one)}")
            return interpreter.call_function(function, [one, other], {}, source, frame)
        options = classes.dataclass_options(cls, interpreter)
        if options is not None and options.get("eq", True):
            if not isinstance(other, Instance) or other.cls is not one.cls:
                return DECLINED
            return all(
                equal(interpreter, one.value(n), other.value(n), source, frame)
                for n in one.fields
                if n in other.fields
            )
    if isinstance(one, EnumMember):
        outside = operations.mixins(one) & {"builtins.str", "builtins.int"}
        if outside:
            return one.value == (other.value if isinstance(other, EnumMember) else other)
        return one == other if isinstance(other, EnumMember) else DECLINED
    return DECLINED


def contains(
    interpreter: Interpreter, holder: Any, item: Any, source: Source, frame: Frame
) -> bool:
    """Return whether a container, string or enum has an item."""
    from docgen.evaluation.containers import known

    interpreter.use(item)
    if isinstance(holder, ClassInfo) and classes.is_enum(holder):
        return isinstance(item, EnumMember) and item.cls is holder
    if isinstance(holder, str):
        if not isinstance(item, str):
            raise NotStatic(source, f"{operations.describe(item)} in a text")
        return item in holder
    items = known(holder, source)
    if isinstance(holder, (dict, set, frozenset)) and not isinstance(item, Instance):
        try:
            return item in items
        except TypeError as error:
            raise NotStatic(source, f"a comparison that fails: {error}") from error
    return any(
        each is item or equal(interpreter, each, item, source, frame) for each in list(items)
    )


def compare(
    interpreter: Interpreter,
    operation: ast.cmpop,
    pair: tuple[Any, Any],
    source: Source,
    frame: Frame,
) -> bool:
    """Return the result of a comparison operator on a pair."""
    left, right = pair
    if isinstance(operation, (ast.Is, ast.IsNot)):
        return same(left, right, source) is isinstance(operation, ast.Is)
    if isinstance(operation, (ast.Eq, ast.NotEq)):
        return equal(interpreter, left, right, source, frame) is isinstance(operation, ast.Eq)
    if isinstance(operation, (ast.In, ast.NotIn)):
        return contains(interpreter, right, left, source, frame) is isinstance(operation, ast.In)
    try:
        return bool(_ORDER[type(operation)](operations.operand(left), operations.operand(right)))
    except (operations.Refused, TypeError) as error:
        raise NotStatic(source, str(error)) from error


_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
