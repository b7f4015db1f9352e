"""Expressions of the interpreter: operators that objects define, lambdas, comprehensions."""

from __future__ import annotations

import ast
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from docgen.evaluation import classes, comparison, expressions, operations
from docgen.evaluation.containers import DefaultDict, known
from docgen.evaluation.invocation import call
from docgen.evaluation.objects import External, FunctionInfo, Instance, NotStatic, Owner
from docgen.evaluation.scopes import Frame

if TYPE_CHECKING:
    from docgen.evaluation.interpreter import Interpreter


def binary(interpreter: Interpreter, node: ast.BinOp, frame: Frame) -> Any:
    """Return the result of an operator; objects and paths bring their own."""
    left = interpreter.evaluate(node.left, frame)
    right = interpreter.evaluate(node.right, frame)
    return operate(interpreter, node.op, (left, right), node, frame)


def operate(
    interpreter: Interpreter,
    op: ast.operator,
    pair: tuple[Any, Any],
    node: ast.AST,
    frame: Frame,
) -> Any:
    """Return `left op right` for a pair."""
    left, right = pair
    where = frame.module.source(node)
    if isinstance(left, Instance) or isinstance(right, Instance):
        name = _METHODS.get(type(op), "")
        for one, other, method in ((left, right, f"__{name}__"), (right, left, f"__r{name}__")):
            found = classes.attribute(one.cls, method) if isinstance(one, Instance) else None
            function = interpreter.follow(found) if found is not None else None
            if isinstance(function, FunctionInfo):
                result = interpreter.call_function(function, [one, other], {}, where, frame)
                if not (isinstance(result, External) and result == comparison.DECLINED):
                    return result
    if isinstance(left, PurePath) and isinstance(right, (str, PurePath)):
        if isinstance(op, ast.Div):
            return left / right
        raise NotStatic(where, "an operator on a path")
    if isinstance(left, set) and isinstance(right, set):
        known(left, where), known(right, where)
        return operations.BINARY[type(op)](left, right)
    if isinstance(op, ast.Add) and isinstance(left, list) and isinstance(right, list):
        return left + operations.short(left, right)
    try:
        return operations.binary(op, left, right)
    except operations.Refused as refused:
        raise NotStatic(where, str(refused)) from refused


_METHODS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.BitOr: "or",
    ast.BitAnd: "and",
}


def unary(interpreter: Interpreter, node: ast.UnaryOp, frame: Frame) -> Any:
    """Return the result of a sign, inversion or `not`."""
    if isinstance(node.op, ast.Not):
        return not interpreter.truth(interpreter.evaluate(node.operand, frame), node, frame)
    return expressions.unary(interpreter, node, frame)


def compare(interpreter: Interpreter, node: ast.Compare, frame: Frame) -> bool:
    """Return the result of a chain of comparisons."""
    where = frame.module.source(node)
    left = interpreter.evaluate(node.left, frame)
    for operation, right_node in zip(node.ops, node.comparators, strict=True):
        right = interpreter.evaluate(right_node, frame)
        if not comparison.compare(interpreter, operation, (left, right), where, frame):
            return False
        left = right
    return True


def boolean(interpreter: Interpreter, node: ast.BoolOp, frame: Frame) -> Any:
    """Return the result of `and` or `or`, evaluated as far as Python does."""
    stop = isinstance(node.op, ast.Or)
    value: Any = None
    for item in node.values:
        value = interpreter.evaluate(item, frame)
        if interpreter.truth(value, node, frame) is stop:
            break
    return value


def condition(interpreter: Interpreter, node: ast.IfExp, frame: Frame) -> Any:
    """Return the chosen branch of a conditional expression."""
    test = interpreter.truth(interpreter.evaluate(node.test, frame), node.test, frame)
    return interpreter.evaluate(node.body if test else node.orelse, frame)


def function_literal(interpreter: Interpreter, node: ast.Lambda, frame: Frame) -> FunctionInfo:
    """Return the function that a lambda makes."""
    body = ast.copy_location(ast.Return(node.body), node.body)
    made = ast.FunctionDef("<lambda>", node.args, [body], [], None, None)
    ast.copy_location(made, node)
    del interpreter
    where = frame.module.source(node)
    owner = Owner(f"{frame.owner.name}.<lambda>")
    closure = frame if frame.depth or frame.outer is not None else None
    return FunctionInfo(frame.module, made, owner, where, closure=closure)


def comprehension(
    interpreter: Interpreter, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, frame: Frame
) -> Any:
    """Return the items of a comprehension; while nothing changes, one over globals only once."""
    memory = interpreter.memory
    if memory is None or not frame.depth or _local(node, frame):
        return expressions.comprehension(interpreter, node, frame)
    key = ("comprehension", id(node))
    if key not in memory:
        memory[key] = ([node], expressions.comprehension(interpreter, node, frame))
    return memory[key][1]


def _local(node: ast.expr, frame: Frame) -> bool:
    """Tell whether an expression uses names of the function that it stands in."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    scope: Frame | None = frame
    while scope is not None and scope.names is not scope.module.names:
        if names & scope.names.keys():
            return True
        scope = scope.outer
    return False


def subscript(interpreter: Interpreter, node: ast.Subscript, frame: Frame) -> Any:
    """Return an item; a dict may have objects for keys."""
    value = interpreter.evaluate(node.value, frame)
    if isinstance(node.slice, ast.Slice) or not isinstance(value, dict):
        return expressions.subscript(interpreter, node, frame)
    where = frame.module.source(node)
    items = known(value, where)
    key = interpreter.evaluate(node.slice, frame)
    try:
        key = interpreter.key(items, key, where, frame)
        if key in items:
            return interpreter.use(items[key])
    except TypeError as error:
        raise NotStatic(where, f"an operation that fails: {error}") from error
    if isinstance(value, DefaultDict) and value.make is not None:
        value[key] = made = value.make()
        return made
    raise NotStatic(where, f"the key {key!r}, which the dict does not have")


EXPRESSIONS: dict[type[ast.expr], Any] = {
    ast.BinOp: binary,
    ast.UnaryOp: unary,
    ast.Compare: compare,
    ast.BoolOp: boolean,
    ast.IfExp: condition,
    ast.Lambda: function_literal,
    ast.Subscript: subscript,
    ast.ListComp: comprehension,
    ast.SetComp: comprehension,
    ast.GeneratorExp: comprehension,
    ast.Call: call,
}
"""Handlers of expressions that the interpreter adds or replaces."""
