"""Expressions of the EXPORTS dialect: displays, merges, copies, fields and objects."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from docgen.dialects.exports_objects import build
from docgen.dialects.exports_values import FieldRef
from docgen.evaluation import calls, classes, expressions, operations
from docgen.evaluation.mappings import Table, deep
from docgen.evaluation.objects import Bound, ClassInfo, External, NotStatic, Setting
from docgen.evaluation.scopes import Frame

if TYPE_CHECKING:
    from docgen.dialects.exports_evaluator import ExportsEvaluator
    from docgen.evaluate import Evaluator

FIELD = "Field"
"""Name of the class whose objects declare fields."""

MAX_RANGE = 100_000
"""Longest range that is written out."""


def _display(evaluator: Evaluator, node: ast.Dict, frame: Frame) -> Table:
    """Return the table of a dict display; a key that is not known does not spoil the others."""
    result = Table()
    seen: set[Any] = set()
    for key_node, item in zip(node.keys, node.values, strict=True):
        if key_node is None:
            other = evaluator.evaluate(item, frame)
            if not isinstance(other, dict):
                raise NotStatic(frame.module.source(item), "`**` of something that is no dict")
            result.merge(other)
            continue
        value = evaluator.settle(item, frame)
        try:
            key = expressions.hashable(evaluator.evaluate(key_node, frame), key_node, frame)
        except NotStatic as cause:
            result.broken.append(cause)
            continue
        if key in seen:
            result.repeated.append((key, result.chains[key][-1]))
        seen.add(key)
        result.put(key, Setting(value, item, frame.module, frame.owner))
    return result


def _comprehension(evaluator: Evaluator, node: ast.DictComp, frame: Frame) -> Table:
    """Return the table of a dict comprehension."""
    result = Table()
    for inner in expressions.rounds(evaluator, node, frame, 0):
        key = expressions.hashable(evaluator.evaluate(node.key, inner), node.key, inner)
        value = evaluator.evaluate(node.value, inner)
        result.put(key, Setting(value, node.value, frame.module, frame.owner))
    return result


def _binary(evaluator: Evaluator, node: ast.BinOp, frame: Frame) -> Any:
    """Return the result of an operator; `|` of two dicts merges their history."""
    if isinstance(node.op, ast.BitOr):
        left, right = (evaluator.evaluate(part, frame) for part in (node.left, node.right))
        if isinstance(left, dict) and isinstance(right, dict):
            return Table(left) | right
    return expressions.binary(evaluator, node, frame)


def _subscript(evaluator: Evaluator, node: ast.Subscript, frame: Frame) -> Any:
    """Return an item; a missing key of a table is what Python would stop at."""
    if not isinstance(node.slice, ast.Slice):
        holder = evaluator.evaluate(node.value, frame)
        if isinstance(holder, Table) and operations.SPOILT not in holder and not holder.broken:
            key = evaluator.evaluate(node.slice, frame)
            if expressions.hashable(key, node, frame) not in holder:
                got = f"the key {frame.module.text(node.slice)}, which is not there"
                raise NotStatic(frame.module.source(node), got, do="mend the key", fails=True)
    return expressions.subscript(evaluator, node, frame)


def _call(evaluator: ExportsEvaluator, node: ast.Call, frame: Frame) -> Any:
    """Return the result of a call: a field, an object, a copy, a dict, a range."""
    function = evaluator.evaluate(node.func, frame)
    where = frame.module.source(node)
    name = getattr(function, "name", "")
    if isinstance(function, (ClassInfo, External)) and name.rpartition(".")[2] == FIELD:
        return _field(evaluator, node, frame)
    if isinstance(function, ClassInfo) and not classes.is_enum(function):
        return build(evaluator, function, node, frame, where)
    if isinstance(function, External) and name in _COPIES:
        value = calls.only_argument(evaluator, node, frame)
        if name == "copy.deepcopy":
            evaluator.step(node, frame, operations.weigh(value))
            return deep(value)
        return Table(value) if isinstance(value, dict) else _shallow(value)
    if isinstance(function, External) and name in ("builtins.dict", "builtins.range"):
        make = make_dict if name == "builtins.dict" else _make_range
        return make(evaluator, node, frame)
    if isinstance(function, Bound) and isinstance(function.owner, dict) and name == "copy":
        return Table(function.owner)
    return calls.call(evaluator, node, frame)


_COPIES = ("copy.copy", "copy.deepcopy")


def _shallow(value: Any) -> Any:
    """Return a shallow copy of a list or set; other values are fixed."""
    return type(value)(value) if isinstance(value, (list, set)) else value


def make_dict(evaluator: Evaluator, node: ast.Call, frame: Frame) -> Table:
    """Return what `dict(...)` makes of mappings, pairs and keywords."""
    result = Table()
    for argument in node.args:
        value = evaluator.evaluate(argument, frame)
        if isinstance(value, dict):
            result.merge(value)
            continue
        for pair in expressions.iterate(value, argument, frame):
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:  # noqa: PLR2004 - a pair
                raise NotStatic(frame.module.source(argument), "dict() of something but pairs")
            key = expressions.hashable(pair[0], argument, frame)
            result.put(key, Setting(pair[1], argument, frame.module, frame.owner))
    for keyword in node.keywords:
        value = evaluator.settle(keyword.value, frame)
        if keyword.arg is not None:
            result.put(keyword.arg, Setting(value, keyword.value, frame.module, frame.owner))
        elif isinstance(value, dict):
            result.merge(value)
        else:
            raise NotStatic(frame.module.source(node), "`**` of something that is no dict")
    return result


def _make_range(evaluator: Evaluator, node: ast.Call, frame: Frame) -> list[int]:
    """Return the numbers of a range."""
    values = [evaluator.evaluate(argument, frame) for argument in node.args]
    where = frame.module.source(node)
    if not values or not all(isinstance(v, int) for v in values) or node.keywords:
        raise NotStatic(where, "a range of something but whole numbers")
    try:
        numbers = range(*values)
    except (TypeError, ValueError) as error:
        raise NotStatic(where, f"a call that fails: {error}", fails=True) from error
    if len(numbers) > MAX_RANGE:
        raise NotStatic(where, "a range too long to follow")
    return list(numbers)


def _field(evaluator: Evaluator, node: ast.Call, frame: Frame) -> FieldRef:
    """Return the field that a call declares."""
    keywords = {k.arg: k.value for k in node.keywords}
    named = node.args[0] if node.args else keywords.get("name")
    where = frame.module.source(node)
    if named is None:
        raise NotStatic(where, "a field without a name")
    name = evaluator.evaluate(named, frame)
    if not isinstance(name, str):
        raise NotStatic(where, "a field whose name is no text")

    def known(keyword: str) -> Any:
        part = keywords.get(keyword)
        return None if part is None else evaluator.try_evaluate(part, frame)

    options = known("argparse_opts")
    choices = options.get("choices", ()) if isinstance(options, dict) else ()
    doc, variable = known("description"), known("from_environ")
    return FieldRef(
        name=name,
        module=frame.module,
        source=where,
        doc=doc if isinstance(doc, str) else "",
        parser=keywords.get("from_string"),
        choices=tuple(choices) if isinstance(choices, (list, tuple)) else (),
        environment=variable if isinstance(variable, str) else "",
    )


HANDLERS: dict[type[ast.expr], Callable[..., Any]] = {
    ast.Dict: _display,
    ast.DictComp: _comprehension,
    ast.BinOp: _binary,
    ast.Call: _call,
    ast.Subscript: _subscript,
}
"""Handler of each expression that this dialect evaluates in its own way."""
