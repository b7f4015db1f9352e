"""Objects of any class of the tree, and enums that a call makes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from docgen.catalog import Source
from docgen.evaluation import classes, comparison
from docgen.evaluation.containers import known
from docgen.evaluation.objects import (
    Binding,
    ClassInfo,
    EnumMember,
    External,
    FunctionInfo,
    Instance,
    NotStatic,
    Owner,
    Setting,
    Unknown,
)
from docgen.evaluation.scopes import Frame

if TYPE_CHECKING:
    from docgen.evaluation.interpreter import Interpreter
    from docgen.evaluation.library import Given

PLAIN_BASES = frozenset({"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"})
"""Outside classes that give a class no further attributes or behaviour."""


def construct(cls: ClassInfo, given: Given) -> Any:
    """Return the object that a call of a class makes; an enum gives a member or a new enum."""
    interpreter, where = given.interpreter, given.source
    if classes.is_enum(cls):
        return _call_enum(cls, given)
    for name in ("__new__", "__getattribute__"):
        if classes.attribute(cls, name) is not None:
            raise NotStatic(where, f"an object of {cls.short} with its own {name}")
    made = Instance(cls, {}, where, given.frame.owner, (), given.frame.site)
    maker = _maker(interpreter, cls)
    if maker is None:
        outside = {b.name for b in classes.mro(cls) if isinstance(b, External)}
        if given.values or given.named or not outside <= PLAIN_BASES:
            raise NotStatic(where, f"an object of {cls.short}, which is made elsewhere")
    elif isinstance(maker, FunctionInfo):
        values = [made, *given.values]
        interpreter.call_function(maker, values, given.named, where, given.frame)
    else:
        _fill(made, maker, given)
        post = classes.attribute(cls, "__post_init__")
        if post is not None:
            _after(made, interpreter.follow(post), given)
    return made


def _maker(interpreter: Interpreter, cls: ClassInfo) -> FunctionInfo | ClassInfo | None:
    """Return the `__init__` that a class has, or the dataclass that makes one for it."""
    for base in classes.own_classes(cls):
        if "__init__" in base.names:
            found = interpreter.follow(base.names["__init__"])
            if isinstance(found, FunctionInfo):
                return found
            raise NotStatic(base.source, f"an __init__ of {base.short} that is not known")
        if classes.dataclass_options(base, interpreter) is not None:
            return base
    return None


def _fill(made: Instance, maker: ClassInfo, given: Given) -> None:
    """Give an object of a dataclass its fields."""
    fields = _fields(given.interpreter, maker)
    positions = [f for f in fields.values() if f.init and f.positional]
    if len(given.values) > len(positions) or not set(given.named) <= set(fields):
        raise NotStatic(made.source, f"a call of {maker.short} with wrong arguments")
    pairs = zip(positions, given.values, strict=False)
    values = {f.name: (v, given.nodes.get(i)) for i, (f, v) in enumerate(pairs)}
    values |= {name: (value, given.nodes.get(name)) for name, value in given.named.items()}
    frame = given.frame
    for name, field in fields.items():
        if name in values:
            value, node = values[name]
            made.fields[name] = (Setting(value, node or _NOWHERE, frame.module, frame.owner),)
        elif field.default is not None:
            made.fields[name] = (field.default,)
        elif field.init:
            raise NotStatic(made.source, f"a call of {maker.short} without {name}")


_NOWHERE = ast.Constant(None)
"""Stands for the expression of a value that was not written as one."""


def _fields(interpreter: Interpreter, cls: ClassInfo) -> dict[str, classes.Field]:
    """Return the fields of a dataclass; a `__post_init__` may change what they hold."""
    if cls.fields is None:
        fields: dict[str, classes.Field] = {}
        for base in reversed(classes.own_classes(cls)):
            options = classes.dataclass_options(base, interpreter)
            if options is not None:
                for field in classes.declared_fields(base, options, interpreter):
                    fields[field.name] = field
        cls.fields = fields
    return cls.fields


def _after(made: Instance, post: Any, given: Given) -> None:
    """Carry out a `__post_init__`; what it may set is Unknown where that is not possible."""
    if not isinstance(post, FunctionInfo):
        got = f"a __post_init__ of {made.cls.short} that is not known"
        raise NotStatic(given.source, got)
    try:
        given.interpreter.call_function(post, [made], {}, given.source, given.frame)
    except NotStatic as cause:
        for name in _set_in(post):
            made.fields[name] = (Setting(Unknown(cause), _NOWHERE, post.module, post.owner),)


def _set_in(function: FunctionInfo) -> list[str]:
    """Return the attributes that a method sets on its object; raise where any may be set."""
    refused = NotStatic(function.source, "a __post_init__ that sets any field")
    names = []
    for node in ast.walk(function.node):
        if isinstance(node, ast.Attribute) and node.attr == "__dict__":
            raise refused
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.append(node.attr)
        elif isinstance(node, ast.Call):
            text = ast.unparse(node.func)
            if text not in ("object.__setattr__", "setattr"):
                continue
            name = node.args[1] if len(node.args) > 1 else None
            if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
                raise refused
            names.append(name.value)
    return names


def _call_enum(cls: ClassInfo, given: Given) -> Any:
    """Return the member with a value, or the enum that `Base("Name", {...})` makes."""
    values, where = given.values, given.source
    if len(values) > 1 and not classes.enum_members(cls):
        return make_enum(cls, given)
    if len(values) != 1 or given.named:
        raise NotStatic(where, f"a call of {cls.short} without exactly one value")
    if isinstance(values[0], EnumMember) and values[0].cls is cls:
        return values[0]
    for member in classes.enum_members(cls).values():
        if comparison.equal(given.interpreter, member.value, values[0], where, given.frame):
            return member
    raise NotStatic(where, f"{values[0]!r}, which {cls.short} does not have")


def make_enum(base: ClassInfo | None, given: Given) -> ClassInfo:
    """Return an enum made by a call; members with equal values are aliases of the first."""
    interpreter, where, frame = given.interpreter, given.source, given.frame
    name, table = given.value(0), _table(known(given.value(1), where))
    if not isinstance(name, str) or table is None or not all(isinstance(k, str) for k in table):
        raise NotStatic(where, "an enum made of something that is no dict of names")
    node = ast.ClassDef(name, [], [], [], [])
    node.lineno, node.col_offset, node.end_lineno = where.line, where.column, where.line
    parent: Any = base if base is not None else External("enum.Enum")
    made = ClassInfo(frame.module, node, f"{frame.module.name}.{name}", where, (lambda: parent,))
    members: dict[str, EnumMember] = {}
    before, interpreter.memory = interpreter.memory, {}
    for key, value in table.items():
        interpreter.step(where)
        alias = _alias(interpreter, members, value, where, frame)
        members[key] = alias or EnumMember(made, key, value)
        source = value.site or value.source if isinstance(value, Instance) else where
        owner = Owner(f"{made.name}.{key}")
        made.names[key] = Binding(members[key], source, owner, None, None, frame.module)
    interpreter.memory = before
    made.members = members
    return made


def _table(given: Any) -> dict[Any, Any] | None:
    """Return the names and values that an enum is made of: a dict or pairs."""
    if isinstance(given, dict):
        return given
    pairs = [(p[0], p[1]) for p in given if isinstance(p, (list, tuple)) and len(p) == _PAIR]
    return dict(pairs) if pairs and len(pairs) == len(given) else None


_PAIR = 2


def _alias(
    interpreter: Interpreter,
    members: dict[str, EnumMember],
    value: Any,
    where: Source,
    frame: Frame,
) -> EnumMember | None:
    """Return the member whose value equals one, as Python's enums compare them."""
    for member in members.values():
        if interpreter.differ is not None and interpreter.differ(member.value, value):
            continue
        try:
            if comparison.equal(interpreter, member.value, value, where, frame):
                return member
        except NotStatic as cause:
            interpreter.undecided.append(cause)
    return None
