"""Arithmetic, comparison and formatting on known values, guarded against runaway results."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

from docgen.evaluation.objects import EnumMember, Instance, Unknown

MAX_BITS = 4096
"""Largest integer that an expression may make, in bits."""
MAX_LENGTH = 1_000_000
"""Longest string or sequence that an expression may make."""

PLAIN = (int, float, complex, str, bytes, bool, type(None))
"""Types whose values are their own representation."""
CONTAINERS = (tuple, list, dict, set, frozenset)
"""Types whose values hold others."""


SPOILT = "\0spoilt"
"""Key that marks a dict whose content is not known any more."""


class Refused(Exception):  # noqa: N818 - turned into a NotStatic with its place by the caller
    """An operation that is not carried out; the text says what was met."""


def _power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        if right > 0 and left.bit_length() * right > MAX_BITS:
            raise Refused("a power too large to write down")
        if right < 0 and left == 0:
            raise Refused("zero to a negative power")
    return left**right


def _shift_left(left: Any, right: Any) -> Any:
    if isinstance(right, int) and right > MAX_BITS:
        raise Refused("a shift too large to write down")
    return left << right


def _multiply(left: Any, right: Any) -> Any:
    for sequence, count in ((left, right), (right, left)):
        if isinstance(sequence, (str, bytes, tuple, list)) and isinstance(count, int):
            if len(sequence) * count > MAX_LENGTH:
                raise Refused("a repetition too long to write down")
        elif isinstance(sequence, int) and sequence.bit_length() > MAX_BITS:
            raise Refused("a product too large to write down")
    return left * right


def short(left: Any, right: Any) -> Any:
    """Return the right value; raise Refused where the two together are too long."""
    for kind in ((str, bytes), (tuple, list)):
        both = isinstance(left, kind) and isinstance(right, kind)
        if both and len(left) + len(right) > MAX_LENGTH:
            raise Refused("a sequence too long to write down")
    return right


def _add(left: Any, right: Any) -> Any:
    return left + short(left, right)


def _modulo(left: Any, right: Any) -> Any:
    if isinstance(left, (str, bytes)):
        raise Refused("formatting with %")
    return left % right


BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: _add,
    ast.Sub: operator.sub,
    ast.Mult: _multiply,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: _modulo,
    ast.Pow: _power,
    ast.LShift: _shift_left,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
"""Binary operators that are carried out."""

UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}
"""Unary operators that are carried out."""

COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}
"""Comparisons that are carried out."""


def unknowns(value: Any) -> Iterator[Unknown]:
    """Yield what is unknown in a value, at any depth of plain containers; what is shared once."""
    seen: set[int] = set()
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, Unknown):
            yield part
        elif isinstance(part, CONTAINERS) and id(part) not in seen:
            seen.add(id(part))
            parts = [*part.keys(), *part.values()] if isinstance(part, dict) else [*part]
            pending += reversed(parts)


def weigh(value: Any, memo: dict[int, int] | None = None) -> int:
    """Return how many values a container holds when it is written out.

    What is shared counts each time, so that a small file cannot ask for a huge page.

    Raises:
        RecursionError: For a container that holds itself.
    """
    memo = {} if memo is None else memo
    known = memo.get(id(value))
    if known is not None:
        if known < 0:
            raise RecursionError
        return known
    if not isinstance(value, CONTAINERS):
        return 1
    memo[id(value)] = -1
    parts = (*value.keys(), *value.values()) if isinstance(value, dict) else value
    memo[id(value)] = total = 1 + sum(weigh(item, memo) for item in parts)
    return total


def bounded(value: Any) -> Any:
    """Return a value; raise Refused where it is too large to compare, hash or write down.

    Why: a list that holds another a thousand times, which holds a third one likewise,
    takes little room and endless time.
    """
    try:
        if isinstance(value, CONTAINERS) and weigh(value) > MAX_LENGTH:
            raise Refused("a value too large to write down")
    except RecursionError as error:
        raise Refused("a value nested too deeply") from error
    return value


def operand(value: Any) -> Any:
    """Return a value that operators work on; enum members give their string or number.

    Raises:
        Refused: For objects whose operators the tree may define as it likes.
    """
    if isinstance(value, EnumMember):
        if "builtins.str" in mixins(value) or "builtins.int" in mixins(value):
            return value.value
        raise Refused(f"arithmetic on the enum member {value.cls.short}.{value.name}")
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, CONTAINERS):
        for found in unknowns(value):
            raise found.cause
        return bounded(value)
    raise Refused(f"arithmetic on {describe(value)}")


def mixins(member: EnumMember) -> set[str]:
    """Return the dotted names of the outside classes that a member's enum derives from."""
    from docgen.evaluation.classes import mro
    from docgen.evaluation.objects import External

    names = {base.name for base in mro(member.cls) if isinstance(base, External)}
    if names & {"enum.StrEnum"}:
        names.add("builtins.str")
    if names & {"enum.IntEnum", "enum.IntFlag"}:
        names.add("builtins.int")
    return names


def binary(operation: ast.operator, left: Any, right: Any) -> Any:
    """Return `left operation right`; raise Refused where it is not carried out."""
    function = BINARY.get(type(operation))
    if function is None:
        raise Refused(f"the operator {type(operation).__name__}")
    return _apply(function, operand(left), operand(right))


def unary(operation: ast.unaryop, value: Any) -> Any:
    """Return `operation value`; raise Refused where it is not carried out."""
    if isinstance(operation, ast.Not):
        return not truth(value)
    return _apply(UNARY[type(operation)], operand(value))


def compare(operation: ast.cmpop, left: Any, right: Any) -> bool:
    """Return the comparison of two values; raise Refused where it is not carried out."""
    if isinstance(operation, (ast.Is, ast.IsNot)):
        same = _identity(left, right)
        return same if isinstance(operation, ast.Is) else not same
    if isinstance(left, EnumMember) and isinstance(right, EnumMember) and left.cls is right.cls:
        left, right = left.name, right.name
        if not isinstance(operation, (ast.Eq, ast.NotEq)):
            raise Refused("an order of enum members")
    return bool(_apply(COMPARE[type(operation)], _member(left), _member(right)))


def _identity(left: Any, right: Any) -> bool:
    """Return whether two values are one object, where that is certain."""
    if isinstance(left, EnumMember) and isinstance(right, EnumMember):
        return left.cls is right.cls and left.name == right.name
    fixed = (type(None), bool, EnumMember)
    if isinstance(left, fixed) or isinstance(right, fixed):
        return left is right
    raise Refused("an identity of values that are neither None, bool nor enum members")


def _member(value: Any) -> Any:
    """Return what comparisons see of a value."""
    if isinstance(value, EnumMember) and not mixins(value) & {"builtins.str", "builtins.int"}:
        return (value.cls.name, value.name)
    if isinstance(value, (tuple, list)):
        for found in unknowns(value):
            raise found.cause
        return type(value)(_member(item) for item in bounded(value))
    return operand(value)


def item(value: Any, index: Any) -> Any:
    """Return an item of a sequence or dict, which may be Unknown."""
    if isinstance(value, dict):
        if SPOILT in value:
            raise value[SPOILT].cause
        return _apply(operator.getitem, value, index)
    return _apply(operator.getitem, value, operand(index))


def truth(value: Any) -> bool:
    """Return the truth of a value; raise Refused where the tree may decide it."""
    if isinstance(value, PLAIN):
        return bool(value)
    if isinstance(value, CONTAINERS):
        return bool(operand(value))
    if isinstance(value, EnumMember):
        return bool(value.value) if mixins(value) & {"builtins.str", "builtins.int"} else True
    raise Refused(f"the truth of {describe(value)}")


CONVERSIONS: dict[str, Callable[[Any], str]] = {"r": repr, "s": str, "a": ascii}
"""Conversions of an f-string, by their letter."""


def formatted(value: Any, conversion: int, spec: str) -> str:
    """Return a plain value as an f-string prints it.

    Raises:
        Refused: For widths that make the text too long, wrong specs, other objects.
    """
    if not isinstance(value, PLAIN):
        raise Refused(f"the text of {describe(value)}")
    if any(int(number) > MAX_LENGTH for number in re.findall(r"\d+", spec)):
        raise Refused("a text too long to write down")
    if conversion != -1:
        value = CONVERSIONS[chr(conversion)](value)
    return str(_apply(format, value, spec))


def _apply(function: Callable[..., Any], *values: Any) -> Any:
    """Return the result of an operation; its own errors become Refused."""
    try:
        return function(*values)
    except (TypeError, ValueError, ArithmeticError, KeyError, IndexError) as error:
        raise Refused(f"an operation that fails: {error}") from error


def describe(value: Any) -> str:
    """Return a few words that say what a value is."""
    if isinstance(value, Instance):
        return f"an object of {value.cls.short}"
    if isinstance(value, EnumMember):
        return f"the enum member {value.cls.short}.{value.name}"
    name = getattr(value, "name", None)
    return str(name) if isinstance(name, str) else f"a {type(value).__name__}"
