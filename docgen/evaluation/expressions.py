"""One handler an expression type: evaluates it exactly or raises NotStatic with its place."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from docgen.catalog import Source
from docgen.evaluation import classes, operations
from docgen.evaluation.calls import call
from docgen.evaluation.objects import (
    Binding,
    Bound,
    ClassInfo,
    EnumMember,
    External,
    FunctionInfo,
    Instance,
    ModuleRef,
    NotStatic,
)
from docgen.evaluation.scopes import Frame, plain_constant

if TYPE_CHECKING:
    from docgen.evaluate import Evaluator


def constant(_: Evaluator, node: ast.Constant, __: Frame) -> Any:
    """Return a literal."""
    return node.value


def name(evaluator: Evaluator, node: ast.Name, frame: Frame) -> Any:
    """Return what a name stands for."""
    return evaluator.look_up(node.id, node, frame)


def attribute(evaluator: Evaluator, node: ast.Attribute, frame: Frame) -> Any:
    """Return an attribute of a module, class, enum member or config object."""
    value = evaluator.evaluate(node.value, frame)
    return evaluator.attribute(value, node.attr, frame.module.source(node), frame)


def get_attribute(evaluator: Evaluator, value: Any, name: str, where: Source, frame: Frame) -> Any:
    """Return an attribute of an evaluated value."""
    if isinstance(value, External):
        if evaluator.tree.owns(value.name):
            return evaluator.import_name(f"{value.name}.{name}", where)
        known, plain = plain_constant(f"{value.name}.{name}")
        return plain if known else External(f"{value.name}.{name}")
    if isinstance(value, ModuleRef):
        return evaluator.module_attribute(value.module, name, where)
    if isinstance(value, ClassInfo):
        return _class_attribute(evaluator, value, name, where)
    if isinstance(value, EnumMember) and name in ("value", "name"):
        return evaluator.use(value.value if name == "value" else value.name)
    if isinstance(value, Instance) and name in value.fields:
        return evaluator.use(value.value(name))
    if isinstance(value, (Instance, EnumMember)):
        return _property(evaluator, value, name, where, frame)
    if isinstance(value, (list, dict, str)):
        return Bound(value, name)
    raise NotStatic(where, f"attribute {name!r} of {operations.describe(value)}")


def _class_attribute(evaluator: Evaluator, cls: ClassInfo, name: str, where: Source) -> Any:
    """Return an attribute of a class: an enum member, a constant, a method."""
    if classes.is_enum(cls):
        members = classes.enum_members(cls)
        if name in members:
            return members[name]
    found = classes.attribute(cls, name)
    if found is not None:
        return evaluator.follow(found)
    if name == "__name__":
        return cls.short
    known = list(classes.enum_members(cls)) if classes.is_enum(cls) else []
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    mend = "did you mean " + " or ".join(close) + "?" if close else "name one that it has"
    want = f"an attribute of {cls.short}"
    known_all = all(isinstance(base, ClassInfo) for base in classes.mro(cls))
    raise NotStatic(where, f"{cls.short}.{name}", want=want, do=mend, fails=known_all)


def _property(
    evaluator: Evaluator, value: Instance | EnumMember, name: str, where: Source, frame: Frame
) -> Any:
    """Return the value of a property; methods come back bound."""
    found = classes.attribute(value.cls, name)
    if found is None:
        raise NotStatic(where, f"attribute {name!r}, which {value.cls.short} lacks")
    function = evaluator.follow(found)
    if not isinstance(function, FunctionInfo):
        return function
    for decorator in function.node.decorator_list:
        kind = evaluator.try_evaluate(decorator, function.module)
        if isinstance(kind, External) and kind.name in _PROPERTIES:
            return evaluator.call_function(function, [value], {}, where, frame)
    return Bound(value, name, function)


_PROPERTIES = ("builtins.property", "functools.cached_property")


def binary(evaluator: Evaluator, node: ast.BinOp, frame: Frame) -> Any:
    """Return the result of an arithmetic operator."""
    left = evaluator.evaluate(node.left, frame)
    right = evaluator.evaluate(node.right, frame)
    return _carry_out(node, frame, operations.binary, node.op, left, right)


def unary(evaluator: Evaluator, node: ast.UnaryOp, frame: Frame) -> Any:
    """Return the result of a sign, inversion or `not`."""
    value = evaluator.evaluate(node.operand, frame)
    return _carry_out(node, frame, operations.unary, node.op, value)


def compare(evaluator: Evaluator, node: ast.Compare, frame: Frame) -> Any:
    """Return the result of a chain of comparisons."""
    left = evaluator.evaluate(node.left, frame)
    for operation, right_node in zip(node.ops, node.comparators, strict=True):
        right = evaluator.evaluate(right_node, frame)
        if not _carry_out(node, frame, operations.compare, operation, left, right):
            return False
        left = right
    return True


def boolean(evaluator: Evaluator, node: ast.BoolOp, frame: Frame) -> Any:
    """Return the result of `and` or `or`, evaluated as far as Python does."""
    stop = isinstance(node.op, ast.Or)
    value: Any = None
    for item in node.values:
        value = evaluator.evaluate(item, frame)
        if _carry_out(node, frame, operations.truth, value) is stop:
            break
    return value


def condition(evaluator: Evaluator, node: ast.IfExp, frame: Frame) -> Any:
    """Return the chosen branch of a conditional expression."""
    test = evaluator.evaluate(node.test, frame)
    chosen = node.body if _carry_out(node, frame, operations.truth, test) else node.orelse
    return evaluator.evaluate(chosen, frame)


def text(evaluator: Evaluator, node: ast.JoinedStr, frame: Frame) -> str:
    """Return the text of an f-string."""
    parts = []
    for part in node.values:
        if not isinstance(part, ast.FormattedValue):
            parts.append(str(evaluator.evaluate(part, frame)))
            continue
        value = evaluator.evaluate(part.value, frame)
        if isinstance(value, EnumMember):
            value = member_text(evaluator, value, part, frame)
        spec = str(evaluator.evaluate(part.format_spec, frame)) if part.format_spec else ""
        parts.append(_carry_out(node, frame, operations.formatted, value, part.conversion, spec))
        if sum(map(len, parts)) > operations.MAX_LENGTH:
            raise NotStatic(frame.module.source(node), "a text too long to write down")
    return "".join(parts)


def member_text(evaluator: Evaluator, member: EnumMember, node: ast.AST, frame: Frame) -> str:
    """Return `str(member)` as its enum's own `__str__` says; raise NotStatic without one."""
    where = frame.module.source(node)
    found = classes.attribute(member.cls, "__str__")
    function = evaluator.follow(found) if found is not None else None
    if isinstance(function, FunctionInfo):
        return str(evaluator.call_function(function, [member], {}, where, frame))
    if classes.derives_from(member.cls, "enum.StrEnum"):
        return str(member.value)
    got = f"the text of {operations.describe(member)}"
    raise NotStatic(where, got, do="write .value or give the enum a __str__")


def sequence(evaluator: Evaluator, node: ast.Tuple | ast.List | ast.Set, frame: Frame) -> Any:
    """Return a tuple, list or set; items that are not static stand in it as Unknown."""
    items: list[Any] = []
    for item in node.elts:
        if isinstance(item, ast.Starred):
            items += iterate(evaluator.evaluate(item.value, frame), item, frame)
        else:
            items.append(evaluator.settle(item, frame))
    if isinstance(node, ast.Set):
        for found in operations.unknowns(items):
            raise found.cause
        return _carry_out(node, frame, set, items)
    return tuple(items) if isinstance(node, ast.Tuple) else items


def mapping(evaluator: Evaluator, node: ast.Dict, frame: Frame) -> dict[Any, Any]:
    """Return a dict; values that are not static stand in it as Unknown."""
    result: dict[Any, Any] = {}
    for key, item in zip(node.keys, node.values, strict=True):
        if key is None:
            other = evaluator.evaluate(item, frame)
            if not isinstance(other, dict):
                raise NotStatic(frame.module.source(item), "`**` of something that is no dict")
            result.update(other)
        else:
            result[hashable(evaluator.evaluate(key, frame), key, frame)] = evaluator.settle(
                item, frame
            )
    return result


def hashable(value: Any, node: ast.AST, frame: Frame) -> Any:
    """Return a dict key; raise NotStatic for values that cannot be one."""
    try:
        hash(operations.bounded(value))
    except operations.Refused as refused:
        raise NotStatic(frame.module.source(node), str(refused)) from refused
    except TypeError as error:
        raise NotStatic(frame.module.source(node), "an unhashable key") from error
    return value


def subscript(evaluator: Evaluator, node: ast.Subscript, frame: Frame) -> Any:
    """Return an item of an evaluated sequence, dict or enum."""
    value = evaluator.evaluate(node.value, frame)
    if isinstance(node.slice, ast.Slice):
        parts = (node.slice.lower, node.slice.upper, node.slice.step)
        low, high, step = (None if p is None else evaluator.evaluate(p, frame) for p in parts)
        return _carry_out(node, frame, lambda: operations.operand(value)[low:high:step])
    index = evaluator.evaluate(node.slice, frame)
    if isinstance(value, ClassInfo) and classes.is_enum(value):
        members = classes.enum_members(value)
        if index in members:
            return members[index]
    if isinstance(value, (tuple, list, dict, str)):
        return evaluator.use(_carry_out(node, frame, operations.item, value, index))
    where = frame.module.source(node)
    raise NotStatic(where, f"an item of {operations.describe(value)}")


def comprehension(
    evaluator: Evaluator, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, frame: Frame
) -> Any:
    """Return the items of a comprehension, where the rules allow it."""
    if not evaluator.rules.comprehensions:
        raise NotStatic(frame.module.source(node), "a comprehension")
    items = [evaluator.evaluate(node.elt, inner) for inner in rounds(evaluator, node, frame, 0)]
    return set(items) if isinstance(node, ast.SetComp) else items


def dict_comprehension(evaluator: Evaluator, node: ast.DictComp, frame: Frame) -> Any:
    """Return the dict of a comprehension, where the rules allow it."""
    if not evaluator.rules.comprehensions:
        raise NotStatic(frame.module.source(node), "a comprehension")
    result = {}
    for inner in rounds(evaluator, node, frame, 0):
        key = hashable(evaluator.evaluate(node.key, inner), node.key, inner)
        result[key] = evaluator.evaluate(node.value, inner)
    return result


def rounds(evaluator: Evaluator, node: Any, frame: Frame, level: int) -> Iterable[Frame]:
    """Yield a frame for each round of the loops of a comprehension."""
    generator = node.generators[level]
    if generator.is_async:
        raise NotStatic(frame.module.source(node), "an asynchronous comprehension")
    for value in iterate(evaluator.evaluate(generator.iter, frame), generator.iter, frame):
        names: dict[str, Binding] = {}
        inner = frame.inner(names)
        evaluator.assign(generator.target, value, None, inner)
        tests = (evaluator.evaluate(test, inner) for test in generator.ifs)
        if not all(_carry_out(node, frame, operations.truth, test) for test in tests):
            continue
        if level + 1 < len(node.generators):
            yield from rounds(evaluator, node, inner, level + 1)
        else:
            yield inner


def iterate(value: Any, node: ast.AST, frame: Frame) -> list[Any]:
    """Return the items of an evaluated sequence, dict or enum."""
    if isinstance(value, (tuple, list, dict, str)):
        return list(value)
    if isinstance(value, ClassInfo) and classes.is_enum(value):
        members = classes.enum_members(value)
        return [member for name, member in members.items() if name == member.name]
    where = frame.module.source(node)
    raise NotStatic(where, f"a loop over {operations.describe(value)}")


def _carry_out(node: ast.AST, frame: Frame, function: Callable[..., Any], *values: Any) -> Any:
    """Return an operation's result; turn a refusal into NotStatic with the place."""
    try:
        return function(*values)
    except operations.Refused as refused:
        raise NotStatic(frame.module.source(node), str(refused)) from refused
    except (TypeError, ValueError, LookupError) as error:
        got = f"an operation that fails: {error}"
        raise NotStatic(frame.module.source(node), got) from error


HANDLERS: dict[type[ast.expr], Callable[..., Any]] = {
    ast.Constant: constant,
    ast.Name: name,
    ast.Attribute: attribute,
    ast.BinOp: binary,
    ast.UnaryOp: unary,
    ast.Compare: compare,
    ast.BoolOp: boolean,
    ast.IfExp: condition,
    ast.JoinedStr: text,
    ast.Tuple: sequence,
    ast.List: sequence,
    ast.Set: sequence,
    ast.Dict: mapping,
    ast.Subscript: subscript,
    ast.ListComp: comprehension,
    ast.SetComp: comprehension,
    ast.GeneratorExp: comprehension,
    ast.DictComp: dict_comprehension,
    ast.Call: call,
}
"""Handler of each expression that can be static; a front end may add to a copy."""
