"""Calls: config dataclasses, `replace`, enums by value, and a few exact outside functions."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from docgen.evaluation import classes, operations
from docgen.evaluation.objects import (
    Auto,
    Bound,
    ClassInfo,
    EnumMember,
    External,
    FieldCall,
    Finding,
    FunctionInfo,
    Instance,
    NotStatic,
    Setting,
)
from docgen.evaluation.scopes import Frame

if TYPE_CHECKING:
    from docgen.evaluate import Evaluator


def call(evaluator: Evaluator, node: ast.Call, frame: Frame) -> Any:
    """Return the result of a call that can be carried out without running the tree."""
    function = evaluator.evaluate(node.func, frame)
    where = frame.module.source(node)
    if isinstance(function, ClassInfo):
        if classes.is_enum(function):
            return _by_value(evaluator, function, node, frame)
        return instantiate(evaluator, function, node, frame)
    if isinstance(function, External):
        handler = EXTERNALS.get(function.name)
        if handler is not None:
            return handler(evaluator, node, frame)
        short = function.name.removeprefix("builtins.")
        if (evaluator.rules.builtins or frame.depth) and short in PURE and short != function.name:
            return _pure(evaluator, PURE[short], node, frame)
        raise NotStatic(where, f"a call of {short}()")
    if isinstance(function, FunctionInfo) or (
        isinstance(function, Bound) and isinstance(function.function, FunctionInfo)
    ):
        return _function(evaluator, function, node, frame)
    if isinstance(function, Bound) and (evaluator.rules.builtins or frame.depth):
        return _method(evaluator, function, node, frame)
    raise NotStatic(where, f"a call of {frame.module.text(node.func)}()")


def instantiate(evaluator: Evaluator, cls: ClassInfo, node: ast.Call, frame: Frame) -> Instance:
    """Return the object that a call of a dataclass makes, with each field's settings."""
    fields = classes.dataclass_fields(cls, evaluator)
    given, findings = _given(evaluator, cls, fields, node, frame)
    settings: dict[str, tuple[Setting, ...]] = {}
    for name, field in fields.items():
        chain = (field.default,) if field.default is not None else ()
        if name in given:
            chain = (*chain, given[name])
        if chain:
            settings[name] = chain
        elif field.init:
            message = f"want {cls.short}.{name}, got nothing; give it a value"
            where = frame.module.source(node)
            findings.append(Finding("missing-field", message, where))
    where = frame.module.source(node) if hasattr(node, "lineno") else cls.source
    return Instance(cls, settings, where, frame.owner, tuple(findings))


def _given(
    evaluator: Evaluator,
    cls: ClassInfo,
    fields: dict[str, classes.Field],
    node: ast.Call,
    frame: Frame,
) -> tuple[dict[str, Setting], list[Finding]]:
    """Return the settings of a call's arguments by field, and what is wrong with them."""
    given: dict[str, Setting] = {}
    findings: list[Finding] = []
    positions = [f.name for f in fields.values() if f.positional and f.init]
    for index, argument in enumerate(node.args):
        where = frame.module.source(argument)
        if isinstance(argument, ast.Starred):
            raise NotStatic(where, "`*` in a call")
        if index >= len(positions):
            message = f"want keywords for {cls.short}, got a value by position; name its field"
            findings.append(Finding("unknown-field", message, where))
            continue
        given[positions[index]] = _setting(evaluator, argument, frame)
    for keyword in node.keywords:
        if keyword.arg is None:
            raise NotStatic(frame.module.source(keyword.value), "`**` in a call")
        if keyword.arg not in fields or not fields[keyword.arg].init:
            findings.append(_unknown(cls, fields, keyword, frame))
            continue
        given[keyword.arg] = _setting(evaluator, keyword.value, frame)
    return given, findings


def _setting(evaluator: Evaluator, node: ast.expr, frame: Frame) -> Setting:
    return Setting(evaluator.settle(node, frame), node, frame.module, frame.owner)


def _unknown(
    cls: ClassInfo, fields: dict[str, classes.Field], keyword: ast.keyword, frame: Frame
) -> Finding:
    """Return the finding for a keyword that is no field."""
    word = keyword.arg or ""
    close = get_close_matches(word, list(fields), n=3, cutoff=0.5)
    mend = "did you mean " + " or ".join(map(repr, close)) + "?" if close else "remove it"
    message = f"want a field of {cls.short}, got {word!r}; {mend}"
    return Finding("unknown-field", message, frame.module.source(keyword))


def _replace(evaluator: Evaluator, node: ast.Call, frame: Frame) -> Instance:
    """Return `dataclasses.replace(base, **changes)`: the base's settings and one more each."""
    where = frame.module.source(node)
    if len(node.args) != 1 or isinstance(node.args[0], ast.Starred):
        raise NotStatic(where, "replace() without exactly one object")
    base = evaluator.evaluate(node.args[0], frame)
    if not isinstance(base, Instance):
        raise NotStatic(where, f"replace() of {operations.describe(base)}")
    fields = classes.dataclass_fields(base.cls, evaluator)
    changes = ast.Call(node.func, [], node.keywords)
    given, findings = _given(evaluator, base.cls, fields, changes, frame)
    settings = {
        name: (*base.fields.get(name, ()), given[name]) if name in given else base.fields[name]
        for name in fields
        if name in given or name in base.fields
    }
    return Instance(base.cls, settings, where, frame.owner, (*base.findings, *findings))


def _by_value(evaluator: Evaluator, cls: ClassInfo, node: ast.Call, frame: Frame) -> EnumMember:
    """Return the member of an enum that a call with its value gives."""
    where = frame.module.source(node)
    if len(node.args) != 1 or node.keywords:
        raise NotStatic(where, f"a call of {cls.short} without exactly one value")
    value = evaluator.evaluate(node.args[0], frame)
    for member in classes.enum_members(cls).values():
        if value in (member, member.value):
            return member
    raise NotStatic(where, f"{value!r}, which {cls.short} does not have")


def _deepcopy(evaluator: Evaluator, node: ast.Call, frame: Frame) -> Any:
    value = only_argument(evaluator, node, frame)
    return clone(value)


def clone(value: Any) -> Any:
    """Return a copy of a container and of the containers in it; other values are fixed."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(clone(item) for item in value)
    return value


def _copy(evaluator: Evaluator, node: ast.Call, frame: Frame) -> Any:
    value = only_argument(evaluator, node, frame)
    return copy.copy(value) if isinstance(value, operations.CONTAINERS) else value


def _import_module(evaluator: Evaluator, node: ast.Call, frame: Frame) -> Any:
    """Return the module that `importlib.import_module` names."""
    where = frame.module.source(node)
    arguments = [evaluator.evaluate(argument, frame) for argument in node.args]
    if not arguments or not all(isinstance(a, str) for a in arguments) or node.keywords:
        raise NotStatic(where, "import_module() without a constant name")
    return evaluator.import_name(arguments[0], where)


def _field(evaluator: Evaluator, node: ast.Call, frame: Frame) -> FieldCall:
    """Return what `dataclasses.field` says of a field."""
    keywords = {k.arg: k.value for k in node.keywords}
    init = keywords.get("init")
    return FieldCall(
        default=keywords.get("default"),
        factory=keywords.get("default_factory"),
        init=True if init is None else bool(evaluator.evaluate(init, frame)),
    )


def only_argument(evaluator: Evaluator, node: ast.Call, frame: Frame) -> Any:
    """Return the only argument of a call, or raise NotStatic."""
    if len(node.args) != 1 or node.keywords:
        raise NotStatic(frame.module.source(node), "a call without exactly one value")
    return evaluator.evaluate(node.args[0], frame)


def read_arguments(evaluator: Evaluator, node: ast.Call, frame: Frame) -> tuple[list[Any], Any]:
    """Return the evaluated arguments of a call, by position and by name."""
    where = frame.module.source(node)
    if any(isinstance(a, ast.Starred) for a in node.args) or any(
        k.arg is None for k in node.keywords
    ):
        raise NotStatic(where, "`*` or `**` in a call")
    values = [evaluator.evaluate(argument, frame) for argument in node.args]
    return values, {k.arg: evaluator.evaluate(k.value, frame) for k in node.keywords}


def _function(evaluator: Evaluator, function: Any, node: ast.Call, frame: Frame) -> Any:
    """Return the result of a function of the tree, where the rules allow it."""
    where = frame.module.source(node)
    if not evaluator.rules.functions and frame.depth == 0:
        raise NotStatic(where, f"a call of the function {frame.module.text(node.func)}()")
    values, named = read_arguments(evaluator, node, frame)
    if isinstance(function, Bound):
        values, function = [function.owner, *values], function.function
    return evaluator.call_function(function, values, named, where, frame)


def _pure(evaluator: Evaluator, function: Callable[..., Any], node: ast.Call, frame: Frame) -> Any:
    """Return the result of a pure built-in on plain values."""
    from docgen.evaluation.expressions import iterate, member_text

    values, named = read_arguments(evaluator, node, frame)
    if function is str and len(values) == 1 and isinstance(values[0], EnumMember):
        return member_text(evaluator, values[0], node, frame)
    if function in (tuple, list, sorted) and len(values) == 1 and not named:
        if function is not sorted:
            return function(iterate(values[0], node, frame))
        values = [[operations.operand(v) for v in iterate(values[0], node, frame)]]
    try:
        return function(*(operations.operand(value) for value in values), **named)
    except operations.Refused as refused:
        raise NotStatic(frame.module.source(node), str(refused)) from refused
    except (TypeError, ValueError, ArithmeticError) as error:
        raise NotStatic(frame.module.source(node), f"a call that fails: {error}") from error


def _method(evaluator: Evaluator, bound: Bound, node: ast.Call, frame: Frame) -> Any:
    """Return the result of a pure method of a string, list or dict."""
    values, named = read_arguments(evaluator, node, frame)
    kinds = (kind for kind in METHODS if isinstance(bound.owner, kind))
    if not any(bound.name in METHODS[kind] for kind in kinds):
        got = f"a call of the method {bound.name}()"
        raise NotStatic(frame.module.source(node), got)
    try:
        for value in (bound.owner, *values):
            operations.bounded(value)
        if bound.name == "replace":
            _check_replacement(bound.owner, *values[:2])
        result = getattr(bound.owner, bound.name)(*values, **named)
    except operations.Refused as refused:
        raise NotStatic(frame.module.source(node), str(refused)) from refused
    except (TypeError, ValueError, LookupError) as error:
        raise NotStatic(frame.module.source(node), f"a call that fails: {error}") from error
    return list(result) if type(result).__name__.startswith("dict_") else result


def _check_replacement(text: str, old: Any = None, new: Any = None) -> None:
    """Raise Refused for a replacement that makes a text too long."""
    if isinstance(old, str) and isinstance(new, str):
        length = len(text) + text.count(old) * max(len(new) - len(old), 0)
        if length > operations.MAX_LENGTH:
            raise operations.Refused("a text too long to write down")


PURE: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (abs, bool, float, int, len, list, max, min, round, sorted, str, sum, tuple)
}
"""Built-in functions that are called, where the rules allow it."""

METHODS: dict[type, tuple[str, ...]] = {
    str: ("lower", "upper", "strip", "replace", "removeprefix", "removesuffix", "split", "title"),
    dict: ("keys", "values", "items", "get"),
    list: ("index", "count"),
}
"""Methods that are called, where the rules allow it."""

EXTERNALS: dict[str, Callable[..., Any]] = {
    "dataclasses.replace": _replace,
    "dataclasses.field": _field,
    "copy.replace": _replace,
    "copy.copy": _copy,
    "copy.deepcopy": _deepcopy,
    "enum.auto": lambda *_: Auto(),
    "importlib.import_module": _import_module,
}
"""Outside functions that are carried out, by dotted name."""
