"""Statements of the EXPORTS dialect: changes of tables, loops, writes to the environment."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from docgen.dialects.exports_expressions import make_dict
from docgen.evaluation import expressions, operations, statements
from docgen.evaluation.mappings import Table
from docgen.evaluation.objects import External, NotStatic, Setting
from docgen.evaluation.scopes import Frame
from docgen.evaluation.taint import Doc, taint

if TYPE_CHECKING:
    from docgen.dialects.exports_evaluator import ExportsEvaluator
    from docgen.evaluate import Evaluator

ENVIRONMENT = "os.environ"
"""Dotted name of the mapping whose writes are noted."""


def span(first: ast.expr, last: ast.expr | None) -> ast.expr:
    """Return an expression that stands for the text from one expression to another."""
    end = last if last is not None else first
    return ast.Name(
        id="",
        ctx=ast.Load(),
        lineno=first.lineno,
        col_offset=first.col_offset,
        end_lineno=end.end_lineno,
        end_col_offset=end.end_col_offset,
    )


def _expression(evaluator: ExportsEvaluator, node: ast.Expr, frame: Frame, doc: Doc) -> None:
    """Carry out a call that changes a table or a list; note one that sets a variable."""
    call = node.value
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        statements.HANDLERS[ast.Expr](evaluator, node, frame, doc)
        return
    holder = evaluator.try_evaluate(call.func.value, frame)
    method = call.func.attr
    if isinstance(holder, External) and _sets_variables(holder.name, method):
        _note_variables(evaluator, call, frame)
        return
    if not isinstance(holder, (Table, list)) or method not in _CHANGES.get(_kind(holder), ()):
        statements.HANDLERS[ast.Expr](evaluator, node, frame, doc)
        return
    change = evaluator.begin_change(call.func.value, frame)
    owner = evaluator.owner_of(call.func.value, frame)
    inner = Frame(frame.module, owner, frame.names, frame.outer, frame.depth)
    _change(evaluator, holder, call, inner)
    evaluator.end_change(change, call, frame, owner)


def _kind(holder: Any) -> type:
    return dict if isinstance(holder, dict) else list


_CHANGES = statements.CHANGING


def _change(evaluator: Evaluator, holder: Any, call: ast.Call, frame: Frame) -> None:
    """Carry out one changing method of a table or list."""
    where = frame.module.source(call)
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    try:
        if method == "update":
            holder.merge(make_dict(evaluator, call, frame))
            return
        if any(isinstance(a, ast.Starred) for a in call.args) or call.keywords:
            raise NotStatic(where, "`*` or keywords in a call")
        values = [evaluator.settle(argument, frame) for argument in call.args]
        if method == "setdefault" and len(values) == 2:  # noqa: PLR2004 - key and default
            if values[0] not in holder:
                holder.put(values[0], Setting(values[1], call.args[1], frame.module, frame.owner))
            return
        if method in ("extend", "append") and isinstance(holder, list):
            operations.short(holder, values[0] if method == "extend" else values)
        getattr(holder, method)(*values)
    except (TypeError, ValueError, LookupError) as error:
        raise NotStatic(where, f"a call that fails: {error}", fails=True) from error
    except operations.Refused as refused:
        raise NotStatic(where, str(refused)) from refused


def _sets_variables(name: str, method: str) -> bool:
    """Tell whether a method sets variables of the environment."""
    if name == ENVIRONMENT:
        return method in ("update", "setdefault", "__setitem__")
    return (name, method) == ("os", "putenv")


def _note_variables(evaluator: ExportsEvaluator, call: ast.Call, frame: Frame) -> None:
    """Note the variables that a call sets."""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "update":
        table = make_dict(evaluator, call, frame)
        for name, chain in table.chains.items():
            evaluator.note_variable(name, chain[-1].value, chain[-1].node, frame)
        return
    if len(call.args) != 2:  # noqa: PLR2004 - name and value
        raise NotStatic(frame.module.source(call), "a variable without name and value")
    name, value = evaluator.evaluate(call.args[0], frame), evaluator.settle(call.args[1], frame)
    evaluator.note_variable(name, value, call.args[1], frame)


def _augmented(evaluator: ExportsEvaluator, node: ast.AugAssign, frame: Frame, doc: Doc) -> None:
    """Carry out `table[key] += value`; lists and dicts change in place, as in Python."""
    target = node.target
    if not isinstance(target, ast.Subscript):
        owner = evaluator.owner_of(target, frame)
        inner = Frame(frame.module, owner, frame.names, frame.outer, frame.depth)
        statements.HANDLERS[ast.AugAssign](evaluator, node, inner, doc)
        return
    owner = evaluator.owner_of(target, frame)
    old, value = evaluator.evaluate(target, frame), evaluator.evaluate(node.value, frame)
    place = span(target, node.value)
    merges = isinstance(old, Table) and isinstance(node.op, ast.BitOr) and isinstance(value, dict)
    extends = isinstance(old, list) and isinstance(node.op, ast.Add)
    try:
        if merges or extends:
            change = evaluator.begin_change(target, frame)
            old.merge(value) if merges else old.extend(operations.short(old, value))
            evaluator.end_change(change, place, frame, owner)
            return
        new = operations.binary(node.op, old, value)
    except (operations.Refused, TypeError, ValueError) as refused:
        raise NotStatic(frame.module.source(node), str(refused)) from refused
    evaluator.assign(target, new, place, frame)


def _delete(evaluator: Evaluator, node: ast.Delete, frame: Frame, doc: Doc) -> None:
    """Carry out `del table[key]` and `del name`."""
    del doc
    where = frame.module.source(node)
    for target in node.targets:
        if isinstance(target, ast.Name) and target.id in frame.names:
            del frame.names[target.id]
            continue
        holder = evaluator.evaluate(target.value, frame) if isinstance(target, ast.Subscript) else 0
        if not isinstance(target, ast.Subscript) or not isinstance(holder, (dict, list)):
            raise NotStatic(where, "a deletion of something but an item")
        key = evaluator.evaluate(target.slice, frame)
        try:
            del holder[key]
        except (TypeError, LookupError) as error:
            got = f"a deletion that fails: {error}"
            raise NotStatic(where, got, fails=True) from error


def _for(evaluator: ExportsEvaluator, node: ast.For, frame: Frame, doc: Doc) -> None:
    """Carry out a loop over a known sequence; one that can be left early is refused."""
    leaving = (ast.Break, ast.Continue, ast.Return)
    if any(isinstance(part, leaving) for part in ast.walk(node)) or node.orelse:
        taint(evaluator, node, frame, doc)
        return
    for value in expressions.iterate(evaluator.evaluate(node.iter, frame), node.iter, frame):
        evaluator.step(node, frame)
        evaluator.assign(node.target, value, None, frame)
        statements.run(evaluator, node.body, frame)


HANDLERS: dict[type[ast.stmt], Callable[..., None]] = {
    ast.Expr: _expression,
    ast.AugAssign: _augmented,
    ast.Delete: _delete,
    ast.For: _for,
}
"""Handler of each statement that this dialect carries out in its own way."""
