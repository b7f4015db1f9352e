"""Calls for the interpreter: functions, methods, classes of the tree, and what is outside."""

from __future__ import annotations

import ast
import re
import string
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from docgen.evaluation import calls, operations
from docgen.evaluation.construction import construct
from docgen.evaluation.containers import iterate, known
from docgen.evaluation.library import LIBRARY, Given, match
from docgen.evaluation.objects import Bound, ClassInfo, External, FunctionInfo, NotStatic
from docgen.evaluation.scopes import Frame

if TYPE_CHECKING:
    from docgen.evaluation.interpreter import Interpreter

SILENT = ("builtins.print", "warnings.warn")
"""Outside functions that only tell something; so do all of `logging`."""


def call(interpreter: Interpreter, node: ast.Call, frame: Frame) -> Any:
    """Return the result of a call."""
    function = interpreter.evaluate(node.func, frame)
    where = frame.module.source(node)
    if isinstance(function, External):
        name = function.name
        if name in calls.EXTERNALS and name not in LIBRARY:
            return calls.EXTERNALS[name](interpreter, node, frame)
        if name.startswith("logging.") or name in SILENT:
            return None
    values, named, nodes = arguments(interpreter, node, frame)
    given = Given(interpreter, values, named, where, frame, nodes)
    return invoke(function, given)


def invoke(function: Any, given: Given) -> Any:
    """Return the result of calling a value."""
    interpreter, where = given.interpreter, given.source
    if isinstance(function, Bound):
        if isinstance(function.function, FunctionInfo):
            values = [function.owner, *given.values]
            return interpreter.call_function(
                function.function, values, given.named, where, given.frame
            )
        return _method(function, given)
    if isinstance(function, FunctionInfo):
        return interpreter.call_function(function, given.values, given.named, where, given.frame)
    if isinstance(function, ClassInfo):
        return construct(function, given)
    if isinstance(function, External) and function.name in LIBRARY:
        try:
            return LIBRARY[function.name](given)
        except operations.Refused as refused:
            raise NotStatic(where, str(refused)) from refused
        except (TypeError, ValueError, LookupError, ArithmeticError) as error:
            raise NotStatic(where, f"a call that fails: {error}") from error
    name = operations.describe(function).removeprefix("builtins.")
    raise NotStatic(where, f"a call of {name}()")


def arguments(
    interpreter: Interpreter, node: ast.Call, frame: Frame
) -> tuple[list[Any], dict[str, Any], dict[Any, ast.expr]]:
    """Return the arguments of a call by position and name, and the expression of each."""
    values: list[Any] = []
    named: dict[str, Any] = {}
    nodes: dict[Any, ast.expr] = {}
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            held = interpreter.evaluate(argument.value, frame)
            values += iterate(held, frame.module.source(argument))
            continue
        nodes[len(values)] = argument
        values.append(interpreter.settle(argument, frame))
    for keyword in node.keywords:
        if keyword.arg is None:
            where = frame.module.source(keyword.value)
            held = known(interpreter.evaluate(keyword.value, frame), where)
            if not isinstance(held, dict) or not all(isinstance(k, str) for k in held):
                raise NotStatic(where, "`**` of something that is no dict of names")
            named |= held
            continue
        nodes[keyword.arg] = keyword.value
        named[keyword.arg] = interpreter.settle(keyword.value, frame)
    return values, named, nodes


def _method(bound: Bound, given: Given) -> Any:
    """Return the result of a method of a plain value."""
    owner, name, where = bound.owner, bound.name, given.source
    values: list[Any] = given.values
    if isinstance(owner, re.Pattern):
        return match(bound, values, where)
    kind = next((k for k in METHODS if isinstance(owner, k)), None)
    if kind is None or name not in METHODS[kind]:
        raise NotStatic(where, f"a call of the method {name}()")
    try:
        if isinstance(owner, operations.CONTAINERS):
            known(owner, where)
        else:
            values = [v if isinstance(v, PurePath) else operations.operand(v) for v in values]
        if name == "format":
            return _format(owner, values, given.named)
        if name == "join":
            values = [iterate(values[0], where)]
        result = getattr(owner, name)(*values, **given.named)
    except operations.Refused as refused:
        raise NotStatic(where, str(refused)) from refused
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise NotStatic(where, f"a call that fails: {error}") from error
    return list(result) if type(result).__name__.startswith("dict_") else result


def _format(text: str, values: list[Any], named: dict[str, Any]) -> str:
    """Return `text.format(...)` of plain values, without attributes and with short results."""
    for _, field, spec, conversion in string.Formatter().parse(text):
        if (field and ("." in field or "[" in field)) or conversion or "{" in (spec or ""):
            raise operations.Refused("a format with attributes")
    for value in (*values, *named.values()):
        operations.formatted(value, -1, "")
    if any(int(number) > operations.MAX_LENGTH for number in re.findall(r"\d+", text)):
        raise operations.Refused("a text too long to write down")
    return text.format(*values, **named)


METHODS: dict[type, frozenset[str]] = {
    str: frozenset(
        (
            *("lower", "upper", "strip", "lstrip", "rstrip", "replace", "removeprefix"),
            *("removesuffix", "split", "title", "startswith", "endswith", "join", "format"),
            *("capitalize", "count", "find"),
        )
    ),
    dict: frozenset(
        ("keys", "values", "items", "get", "update", "setdefault", "pop", "clear", "copy")
    ),
    list: frozenset(
        (
            *("index", "count", "append", "extend", "insert", "remove", "clear"),
            *("reverse", "copy", "pop"),
        )
    ),
    tuple: frozenset(("index", "count")),
    set: frozenset(
        (
            *("add", "discard", "update", "union", "intersection", "difference"),
            *("issubset", "issuperset", "copy"),
        )
    ),
    PurePath: frozenset(("joinpath", "with_suffix", "with_name", "as_posix")),
}
"""Methods of plain values that are carried out."""
