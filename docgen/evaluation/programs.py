"""Statements of the interpreter: loops, decorators, deletions, imports that certainly fail."""

from __future__ import annotations

import ast
import dataclasses
from typing import TYPE_CHECKING, Any

from docgen.evaluation import operations
from docgen.evaluation import statements as plain_statements
from docgen.evaluation.containers import iterate, known
from docgen.evaluation.objects import (
    Binding,
    ClassInfo,
    External,
    FunctionInfo,
    Import,
    NotStatic,
    Unknown,
)
from docgen.evaluation.operators import operate
from docgen.evaluation.scopes import Frame, builtin
from docgen.evaluation.taint import Doc, taint

if TYPE_CHECKING:
    from docgen.evaluation.interpreter import Interpreter
    from docgen.evaluation.tree import Module


class Break(Exception):  # noqa: N818 - control flow of an evaluated loop
    """Leaves a loop."""


class Continue(Exception):  # noqa: N818 - control flow of an evaluated loop
    """Goes on to the next round of a loop."""


def _augmented(interpreter: Interpreter, node: ast.AugAssign, frame: Frame, doc: Doc) -> None:
    """Carry out `target += value`, also for items and attributes."""
    if isinstance(node.target, ast.Name) and not frame.depth:
        plain_statements.HANDLERS[ast.AugAssign](interpreter, node, frame, doc)
        return
    load = _as_load(node.target)
    old = interpreter.evaluate(load, frame)
    value = interpreter.evaluate(node.value, frame)
    if isinstance(old, list) and isinstance(node.op, ast.Add):
        where = frame.module.source(node)
        items = iterate(value, where)
        old.extend(operations.short(old, items))
        return
    if isinstance(old, dict) and isinstance(node.op, ast.BitOr) and isinstance(value, dict):
        old.update(value)
        return
    new = operate(interpreter, node.op, (old, value), node, frame)
    interpreter.assign(node.target, new, node.value, frame)


def _as_load(target: ast.expr) -> ast.expr:
    """Return a target as an expression that reads it."""
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    return target


def _if(interpreter: Interpreter, node: ast.If, frame: Frame, doc: Doc) -> None:
    """Execute the chosen branch."""
    if not frame.depth:
        found = interpreter.try_evaluate(node.test, frame)
        if isinstance(found, External) and found.name == "typing.TYPE_CHECKING":
            plain_statements.HANDLERS[ast.If](interpreter, node, frame, doc)
            return
    test = interpreter.truth(interpreter.evaluate(node.test, frame), node.test, frame)
    plain_statements.run(interpreter, node.body if test else node.orelse, frame)


def _for(interpreter: Interpreter, node: ast.For, frame: Frame, doc: Doc) -> None:
    """Execute a loop round by round."""
    del doc
    where = frame.module.source(node)
    values = iterate(interpreter.evaluate(node.iter, frame), where)
    for value in values:
        interpreter.step(where)
        interpreter.assign(node.target, value, None, frame)
        try:
            plain_statements.run(interpreter, node.body, frame)
        except Break:
            return
        except Continue:
            continue
    plain_statements.run(interpreter, node.orelse, frame)


def _break(*_: Any) -> None:
    """Leave the loop."""
    raise Break


def _continue(*_: Any) -> None:
    """Go on to the next round."""
    raise Continue


def _try(interpreter: Interpreter, node: ast.Try, frame: Frame, doc: Doc) -> None:
    """Execute a body that certainly runs through; taint the names of any other."""
    trial = [part for part in node.body if isinstance(part, (ast.Import, ast.ImportFrom))]
    inside = all(_in_tree(interpreter, part, frame) for part in trial)
    if frame.depth or not inside or len(trial) != len(node.body):
        taint(interpreter, node, frame, doc)
        return
    plain_statements.run(interpreter, [*node.body, *node.orelse, *node.finalbody], frame)


def _in_tree(interpreter: Interpreter, node: ast.Import | ast.ImportFrom, frame: Frame) -> bool:
    """Tell whether an import finds a module of the tree."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        names = [interpreter.absolute(frame.module, node, frame.module.source(node))]
    return all(
        interpreter.tree.module(n) is not None for n in names if interpreter.tree.owns(n)
    ) and all(interpreter.tree.owns(n) for n in names)


def _raise(interpreter: Interpreter, node: ast.Raise, frame: Frame, doc: Doc) -> None:
    """End a function that raises; a module that raises is read all the same."""
    from docgen.evaluation.interpreter import Raised

    del interpreter, doc
    if frame.depth:
        what = frame.module.text(node.exc) if node.exc is not None else "again"
        raise Raised(frame.module.source(node), f"`raise {' '.join(what.split())}`")


def _refuse(interpreter: Interpreter, node: ast.stmt, frame: Frame, doc: Doc) -> None:
    """Refuse what changes names outside of a function."""
    del interpreter, doc
    if frame.depth:
        raise NotStatic(frame.module.source(node), "a global or nonlocal statement")


def _expression(interpreter: Interpreter, node: ast.Expr, frame: Frame, doc: Doc) -> None:
    """Carry out a call for what it changes."""
    del doc
    if not isinstance(node.value, ast.Constant):
        interpreter.evaluate(node.value, frame)


def _import(interpreter: Interpreter, node: ast.Import, frame: Frame, doc: Doc) -> None:
    """Bind modules; note those that the tree certainly lacks."""
    plain_statements.HANDLERS[ast.Import](interpreter, node, frame, doc)
    for alias in node.names if frame.names is not frame.module.typing_names else ():
        where = frame.module.source(node)
        interpreter.check_import(alias.name, None, where, frame.module)


def _import_from(interpreter: Interpreter, node: ast.ImportFrom, frame: Frame, doc: Doc) -> None:
    """Bind names of a module; note what the tree certainly lacks."""
    plain_statements.HANDLERS[ast.ImportFrom](interpreter, node, frame, doc)
    if frame.names is frame.module.typing_names:
        return
    where = frame.module.source(node)
    name = interpreter.absolute(frame.module, node, where)
    for alias in node.names:
        interpreter.check_import(name, alias.name, where, frame.module)


def _delete(interpreter: Interpreter, node: ast.Delete, frame: Frame, doc: Doc) -> None:
    """Unbind names, and take items out of dicts and lists."""
    del doc
    for target in node.targets:
        where = frame.module.source(target)
        if isinstance(target, ast.Name) and target.id in frame.names:
            del frame.names[target.id]
        elif isinstance(target, ast.Subscript):
            holder = known(interpreter.evaluate(target.value, frame), where)
            try:
                del holder[interpreter.evaluate(target.slice, frame)]
            except (TypeError, LookupError) as error:
                raise NotStatic(where, f"a deletion that fails: {error}") from error
        else:
            raise NotStatic(where, "a deletion that is not static")


def _function(
    interpreter: Interpreter,
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    frame: Frame,
    doc: Doc,
) -> None:
    """Bind a function as its decorators leave it."""
    plain_statements.HANDLERS[ast.FunctionDef](interpreter, node, frame, doc)
    bound = frame.names[node.name]
    value: Any = bound.value
    if frame.depth:
        value.closure = frame
    for decorator in reversed(node.decorator_list):
        value = _decorate(interpreter, decorator, value, frame)
    bound.value = value


def _decorate(interpreter: Interpreter, decorator: ast.expr, value: Any, frame: Frame) -> Any:
    """Return what a decorator makes of a function, or Unknown."""
    found = interpreter.settle(decorator, frame)
    if isinstance(found, Unknown):
        return found
    if isinstance(found, External):
        kind = _KINDS.get(found.name)
        if kind is None:
            got = f"a function that {found.name} changes"
            return Unknown(NotStatic(frame.module.source(decorator), got))
        return dataclasses.replace(value, kind=kind) if isinstance(value, FunctionInfo) else value
    if isinstance(found, FunctionInfo):
        try:
            where = frame.module.source(decorator)
            return interpreter.call_function(found, [value], {}, where, frame)
        except NotStatic as cause:
            return Unknown(cause)
    got = "a function under a decorator that is not known"
    return Unknown(NotStatic(frame.module.source(decorator), got))


_KINDS = {
    "builtins.classmethod": "classmethod",
    "builtins.staticmethod": "staticmethod",
    "builtins.property": "property",
    "functools.cached_property": "property",
    "abc.abstractmethod": "",
    "functools.cache": "",
    "functools.lru_cache": "",
    "typing.final": "",
}
"""Outside decorators that keep what a function returns, with the kind that they give it."""


def _class(interpreter: Interpreter, node: ast.ClassDef, frame: Frame, doc: Doc) -> None:
    """Bind a class as its decorators leave it; a dialect takes those that it knows."""
    for base in node.bases:
        _check_bound(interpreter, base, frame)
    plain_statements.HANDLERS[ast.ClassDef](interpreter, node, frame, doc)
    bound = frame.names[node.name]
    for decorator in reversed(node.decorator_list):
        cls = bound.value
        if not isinstance(cls, ClassInfo):
            return
        if interpreter.on_decorator is not None and interpreter.on_decorator(cls, decorator, frame):
            continue
        found = interpreter.try_evaluate(decorator, frame)
        if not isinstance(found, FunctionInfo):
            continue
        try:
            where = frame.module.source(decorator)
            value = interpreter.call_function(found, [cls], {}, where, frame)
        except NotStatic as cause:
            value = Unknown(cause)
        frame.names[node.name] = bound = Binding(
            value, bound.source, bound.owner, None, None, frame.module
        )


def _annotated(interpreter: Interpreter, node: ast.AnnAssign, frame: Frame, doc: Doc) -> None:
    """Bind an annotated name; Python evaluates the annotation too, unless that is deferred."""
    if not frame.depth and not _defers_annotations(frame.module):
        for part in ast.walk(node.annotation):
            _check_bound(interpreter, part, frame)
    plain_statements.HANDLERS[ast.AnnAssign](interpreter, node, frame, doc)


def _defers_annotations(module: Module) -> bool:
    """Tell whether a module leaves its annotations unevaluated."""
    found = module.names.get("annotations")
    value = found.value if found is not None else None
    return isinstance(value, Import) and value.module == "__future__"


def _check_bound(interpreter: Interpreter, node: ast.AST, frame: Frame) -> None:
    """Note that Python stops at a name that certainly stands for nothing."""
    if not frame.depth and isinstance(node, ast.Name) and not _is_bound(node.id, frame):
        where = frame.module.source(node)
        interpreter.stop(frame.module, NotStatic(where, f"{node.id!r}, which nothing defines"))


def _is_bound(name: str, frame: Frame) -> bool:
    """Tell whether a name may stand for something in a scope."""
    scope: Frame | None = frame
    while scope is not None:
        if name in scope.names:
            return True
        scope = scope.outer
    module = frame.module
    return name in module.names or bool(module.open_star) or builtin(name) is not None


STATEMENTS: dict[type[ast.stmt], Any] = {
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.If: _if,
    ast.For: _for,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Try: _try,
    ast.Raise: _raise,
    ast.Global: _refuse,
    ast.Nonlocal: _refuse,
    ast.Expr: _expression,
    ast.Delete: _delete,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
}
"""Handlers of statements that the interpreter adds or replaces."""
