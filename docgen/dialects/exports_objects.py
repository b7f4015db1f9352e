"""Objects of the tree's own classes: dataclasses, and classes that only assign attributes."""

from __future__ import annotations

import ast

from docgen.catalog import Source
from docgen.dialects.exports_values import Point
from docgen.evaluate import Evaluator
from docgen.evaluation import calls, classes
from docgen.evaluation.objects import (
    Binding,
    ClassInfo,
    FunctionInfo,
    Instance,
    NotStatic,
    Setting,
)
from docgen.evaluation.scopes import Frame
from docgen.evaluation.tree import Module


def build(
    evaluator: Evaluator, cls: ClassInfo, node: ast.Call, frame: Frame, where: Source
) -> Instance:
    """Return an object of a dataclass, or of a class whose constructor only assigns."""
    options = [classes.dataclass_options(c, evaluator) for c in classes.own_classes(cls)]
    if any(option is not None for option in options):
        made = calls.instantiate(evaluator, cls, node, frame)
        for finding in made.findings:
            raise NotStatic(finding.source, finding.message, fails=True)
        return Point(made.cls, made.fields, made.source, made.owner)
    found = classes.attribute(cls, "__init__")
    function = evaluator.follow(found) if found is not None else None
    if not isinstance(function, FunctionInfo):
        raise NotStatic(where, f"an object of {cls.short}, whose constructor is not known")
    return Point(cls, _construct(evaluator, function, node, frame, where), where, frame.owner)


def _construct(
    evaluator: Evaluator, function: FunctionInfo, node: ast.Call, frame: Frame, where: Source
) -> dict[str, tuple[Setting, ...]]:
    """Return the attributes that a constructor assigns."""
    arguments = function.node.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    me, values, named = names[0], *calls.read_arguments(evaluator, node, frame)
    given = dict(zip(names[1:], values, strict=False)) | named
    home = evaluator.frame(function.module)
    tail = names[len(names) - len(arguments.defaults) :]
    only = [a.arg for a in arguments.kwonlyargs]
    defaults = [*zip(tail, arguments.defaults, strict=True)]
    defaults += [(n, d) for n, d in zip(only, arguments.kw_defaults, strict=True) if d]
    for name, default in defaults:
        if name not in given:
            given[name] = evaluator.evaluate(default, home)
    if set(given) != {*names[1:], *only} or arguments.vararg or arguments.kwarg:
        raise NotStatic(where, f"a call of {function.owner.name} with other arguments")
    bound = {n: Binding(v, where, function.owner) for n, v in given.items()}
    inner = Frame(function.module, function.owner, bound, home, frame.depth + 1)
    fields: dict[str, tuple[Setting, ...]] = {}
    for statement in function.node.body:
        name, value = _attribute_set(statement, me, function.module)
        if name:
            made = evaluator.settle(value, inner)
            fields[name] = (Setting(made, value, function.module, function.owner),)
    return fields


def _attribute_set(statement: ast.stmt, me: str, module: Module) -> tuple[str, ast.expr]:
    """Return name and value of `self.name = value`; an empty name for a docstring."""
    value = getattr(statement, "value", None)
    if isinstance(statement, ast.Expr) and isinstance(value, ast.Constant):
        return "", value
    targets: list[ast.expr] = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    target = targets[0] if len(targets) == 1 else None
    if isinstance(target, ast.Attribute) and isinstance(value, ast.expr):
        holder = target.value
        if isinstance(holder, ast.Name) and holder.id == me:
            return target.attr, value
    raise NotStatic(module.source(statement), "a constructor that does more than assign")
