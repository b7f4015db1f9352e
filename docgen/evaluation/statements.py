"""One handler a statement type: executes a module's or class's body statically, in order.

A statement that cannot be executed exactly taints every name that it might
change: such a name is Unknown from there on, never a stale value.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from docgen.evaluation import operations
from docgen.evaluation.objects import (
    Binding,
    ClassInfo,
    External,
    FunctionInfo,
    Import,
    NotStatic,
    Owner,
    Unknown,
)
from docgen.evaluation.scopes import Frame
from docgen.evaluation.taint import Doc, taint

if TYPE_CHECKING:
    from docgen.evaluate import Evaluator


class Return(Exception):  # noqa: N818 - control flow of an evaluated function
    """Carries the value of a `return` out of a function's body."""

    def __init__(self, value: Any) -> None:
        """Hold the value."""
        super().__init__()
        self.value = value


def run(evaluator: Evaluator, body: list[ast.stmt], frame: Frame) -> None:
    """Execute statements in order; what is not static taints the names it touches."""
    for index, node in enumerate(body):
        handler = evaluator.statements.get(type(node), taint)
        doc = _doc_after(body, index)
        try:
            handler(evaluator, node, frame, doc)
        except NotStatic as found:
            taint(evaluator, node, frame, doc, found)
        except RecursionError:
            deep = NotStatic(frame.module.source(node), "an expression nested too deeply")
            taint(evaluator, node, frame, doc, deep)


def _doc_after(body: list[ast.stmt], index: int) -> tuple[str, int]:
    """Return the attribute docstring under a statement and its line."""
    if index + 1 < len(body):
        after = body[index + 1]
        if (
            isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        ):
            text = after.value.value
            blank = len(text) - len(text.lstrip())
            return inspect.cleandoc(text), after.lineno + text.count("\n", 0, blank)
    return "", 0


def _assign(evaluator: Evaluator, node: ast.Assign, frame: Frame, doc: Doc) -> None:
    """Bind the targets of an assignment."""
    inner = _owned(frame, node.targets[0], doc)
    value = evaluator.settle(node.value, inner)
    for target in node.targets:
        evaluator.assign(target, value, node.value, inner)


def _annotated(evaluator: Evaluator, node: ast.AnnAssign, frame: Frame, doc: Doc) -> None:
    """Bind the target of an annotated assignment; without a value, note the annotation."""
    inner = _owned(frame, node.target, doc)
    if not isinstance(node.target, ast.Name):
        if node.value is not None:
            evaluator.assign(node.target, evaluator.settle(node.value, inner), node.value, inner)
        return
    where = frame.module.source(node)
    if node.value is None:
        known = frame.names.get(node.target.id)
        cause = NotStatic(where, f"{node.target.id!r}, which has no value")
        value, expression = Unknown(cause), None
        if known is not None and known.node is not None:
            value, expression = known.value, known.node
    else:
        value, expression = evaluator.settle(node.value, inner), node.value
    frame.names[node.target.id] = Binding(
        value, where, inner.owner, expression, node.annotation, frame.module
    )


def _owned(frame: Frame, target: ast.expr, doc: Doc) -> Frame:
    """Return the frame for a statement that sets a target."""
    name = target.id if isinstance(target, ast.Name) else frame.module.text(target)
    prefix = frame.owner.name
    return Frame(
        frame.module,
        Owner(f"{prefix}.{name}", *doc),
        frame.names,
        frame.outer,
        frame.depth,
        frame.site,
    )


def _augmented(evaluator: Evaluator, node: ast.AugAssign, frame: Frame, doc: Doc) -> None:
    """Carry out `name += value`; a list is changed in place, as Python does."""
    del doc
    where = frame.module.source(node)
    if not isinstance(node.target, ast.Name):
        raise NotStatic(where, "an augmented assignment to a part of a value")
    old = evaluator.look_up(node.target.id, node, frame)
    value = evaluator.evaluate(node.value, frame)
    try:
        if isinstance(old, list) and isinstance(node.op, ast.Add):
            old.extend(operations.short(old, value))
            return
        if isinstance(old, dict) and isinstance(node.op, ast.BitOr):
            old.update(value)
            return
        new = operations.binary(node.op, old, value)
    except (operations.Refused, TypeError, ValueError) as refused:
        raise NotStatic(where, str(refused)) from refused
    known = frame.names.get(node.target.id)
    owner = known.owner if known is not None else frame.owner
    frame.names[node.target.id] = Binding(new, where, owner, node.value, None, frame.module)


def _import(evaluator: Evaluator, node: ast.Import, frame: Frame, doc: Doc) -> None:
    """Bind the modules of `import a.b` (the name `a`) or `import a.b as c`."""
    del doc
    where = frame.module.source(node)
    for alias in node.names:
        name = alias.asname or alias.name.partition(".")[0]
        module = alias.name if alias.asname else name
        found = Binding(Import(module, None, where), where, Owner(alias.name))
        frame.names[name] = found
        if frame.names is not frame.module.typing_names:
            evaluator.load(Import(alias.name, None, where), found)


def _import_from(evaluator: Evaluator, node: ast.ImportFrom, frame: Frame, doc: Doc) -> None:
    """Bind what `from module import names` gives; modules for annotations wait for their use."""
    del doc
    where = frame.module.source(node)
    module = evaluator.absolute(frame.module, node, where)
    for alias in node.names:
        if alias.name == "*":
            evaluator.star_import(module, frame, where)
            continue
        name = alias.asname or alias.name
        owner = Owner(f"{module}.{alias.name}")
        found = Import(module, alias.name, where)
        binding = Binding(found, where, owner)
        frame.names[name] = binding
        if frame.names is not frame.module.typing_names:
            evaluator.load(found, binding)


def _function(
    evaluator: Evaluator,
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    frame: Frame,
    doc: Doc,
) -> None:
    """Bind a function; its body is not executed."""
    del evaluator, doc
    where = frame.module.source(node)
    owner = Owner(f"{frame.owner.name}.{node.name}", ast.get_docstring(node) or "")
    info = FunctionInfo(frame.module, node, owner, where)
    frame.names[node.name] = Binding(info, where, owner, None, None, frame.module)


def _class(evaluator: Evaluator, node: ast.ClassDef, frame: Frame, doc: Doc) -> None:
    """Bind a class and execute its body in a scope of its own."""
    del doc
    where = frame.module.source(node)
    owner = Owner(f"{frame.owner.name}.{node.name}", ast.get_docstring(node) or "")
    bases = tuple(_base(evaluator, base, frame) for base in node.bases)
    info = ClassInfo(frame.module, node, owner.name, where, bases)
    inner = Frame(frame.module, owner, info.names, frame, frame.depth, frame.site)
    run(evaluator, node.body, inner)
    frame.names[node.name] = Binding(info, where, owner, None, None, frame.module)


def _base(evaluator: Evaluator, node: ast.expr, frame: Frame) -> Callable[[], Any]:
    """Return what gives a base class; its name keeps what it is bound to now."""
    while isinstance(node, ast.Subscript):
        node = node.value
    bound = frame.names.get(node.id) if isinstance(node, ast.Name) else None
    if bound is not None:
        return lambda: evaluator.follow(bound)
    return lambda: evaluator.evaluate(node, frame)


def _if(evaluator: Evaluator, node: ast.If, frame: Frame, doc: Doc) -> None:
    """Execute the chosen branch; the names of `if TYPE_CHECKING:` serve annotations only."""
    del doc
    test = evaluator.try_evaluate(node.test, frame)
    if isinstance(test, External) and test.name == "typing.TYPE_CHECKING":
        test = False
        names = frame.module.typing_names
        run(evaluator, node.body, Frame(frame.module, frame.owner, names, frame, frame.depth))
        run(evaluator, node.orelse, frame)
        return
    value = evaluator.evaluate(node.test, frame)
    try:
        chosen = node.body if operations.truth(value) else node.orelse
    except operations.Refused as refused:
        raise NotStatic(frame.module.source(node.test), str(refused)) from refused
    run(evaluator, chosen, frame)


def _expression(evaluator: Evaluator, node: ast.Expr, frame: Frame, doc: Doc) -> None:
    """Carry out a call that changes a known list or dict; others may change anything."""
    if isinstance(node.value, ast.Constant):
        return
    call = node.value
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and not call.keywords:
        owner = evaluator.try_evaluate(call.func.value, frame)
        if call.func.attr in CHANGING.get(type(owner), ()):
            values = [evaluator.settle(argument, frame) for argument in call.args]
            if not any(isinstance(a, ast.Starred) for a in call.args):
                try:
                    getattr(owner, call.func.attr)(*values)
                except (TypeError, ValueError, LookupError) as error:
                    got = f"a call that fails: {error}"
                    raise NotStatic(frame.module.source(node), got) from error
                return
    taint(evaluator, node, frame, doc)


CHANGING: dict[type, tuple[str, ...]] = {
    list: ("append", "extend", "insert", "remove", "clear", "reverse"),
    dict: ("update", "setdefault", "pop", "clear"),
}
"""Methods that change their object and are carried out on it."""


def _return(evaluator: Evaluator, node: ast.Return, frame: Frame, doc: Doc) -> None:
    """Leave a function with its value."""
    del doc
    if frame.depth == 0:
        raise NotStatic(frame.module.source(node), "a return outside of a function")
    raise Return(None if node.value is None else evaluator.evaluate(node.value, frame))


def _raise(evaluator: Evaluator, node: ast.Raise, frame: Frame, doc: Doc) -> None:
    """Refuse a function that raises; a module that raises is read all the same."""
    del evaluator, doc
    if frame.depth:
        raise NotStatic(frame.module.source(node), "a raise statement that is reached")


def _nothing(evaluator: Evaluator, node: ast.stmt, frame: Frame, doc: Doc) -> None:
    """Do nothing: the statement binds no name and changes no value."""


HANDLERS: dict[type[ast.stmt], Callable[..., None]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.If: _if,
    ast.Expr: _expression,
    ast.Return: _return,
    ast.Pass: _nothing,
    ast.Global: _nothing,
    ast.Assert: _nothing,
    ast.Raise: _raise,
}
"""Handler of each statement that is executed; every other one taints."""
