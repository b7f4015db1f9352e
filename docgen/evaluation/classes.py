"""Classes of the tree as data: order of bases, dataclass fields, enum members."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docgen.catalog import Source
from docgen.evaluation.objects import (
    Auto,
    Binding,
    ClassInfo,
    EnumMember,
    External,
    FieldCall,
    FunctionInfo,
    NotStatic,
    Setting,
    Unknown,
)

if TYPE_CHECKING:
    from docgen.evaluate import Evaluator

ENUMS = frozenset(
    f"enum.{name}" for name in ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "ReprEnum")
)
"""Outside classes that make a class an enum."""

OUTSIDE_ENUMS = frozenset({"nvmitten.aliased_name.AliasedNameEnum"})
"""Enums of outside packages that others derive from; their members may hold objects of
outside classes, whose names are known while their values are not."""


@dataclass(frozen=True)
class Field:
    """A field of a dataclass."""

    name: str
    """Name."""
    annotation: ast.expr
    """Annotation as written."""
    owner: ClassInfo
    """Class that declares it."""
    source: Source
    """Where it is declared."""
    doc: str
    """Attribute docstring."""
    default: Setting | None
    """The default; None where the field is required."""
    positional: bool
    """Whether it can be given by position."""
    init: bool = True
    """Whether the constructor takes it."""


def mro(cls: ClassInfo) -> tuple[ClassInfo | External, ...]:
    """Return the bases of a class in Python's order, itself first.

    Classes from outside the tree stand as leaves.

    Raises:
        NotStatic: When a base is not static, a class inherits from itself, or no
            order exists.
    """
    if cls.order is not None:
        if not cls.order:
            raise _broken(cls, f"class {cls.short} among its own bases")
        return cls.order
    cls.order = ()
    try:
        bases = [base() for base in cls.bases]
        for base in bases:
            if not isinstance(base, (ClassInfo, External)):
                raise _broken(cls, f"class {cls.short} with a base that is no class")
        lines = [list(mro(b)) if isinstance(b, ClassInfo) else [b] for b in bases]
        order = (cls, *_merge(cls, [*lines, list(bases)]))
    except NotStatic:
        cls.order = None
        raise
    cls.order = order
    return order


def _merge(cls: ClassInfo, lines: list[list[Any]]) -> list[Any]:
    """Return the C3 merge of several orders."""
    merged: list[Any] = []
    while lines := [line for line in lines if line]:
        for line in lines:
            head = line[0]
            if not any(head in other[1:] for other in lines):
                break
        else:
            raise _broken(cls, f"class {cls.short} whose bases have no common order")
        merged.append(head)
        lines = [line[1:] if line[0] == head else line for line in lines]
    return merged


def _broken(cls: ClassInfo, got: str) -> NotStatic:
    return NotStatic(cls.source, got, want="a class with a known order of bases", do="mend it")


def own_classes(cls: ClassInfo) -> tuple[ClassInfo, ...]:
    """Return the classes of the tree in a class's order, itself first."""
    if cls.own is None:
        cls.own = tuple(base for base in mro(cls) if isinstance(base, ClassInfo))
    return cls.own


def derives_from(cls: ClassInfo, name: str) -> bool:
    """Tell whether a class is, or derives from, the class of that dotted name."""
    return any(base.name == name for base in mro(cls))


def is_enum(cls: ClassInfo) -> bool:
    """Tell whether a class is an enum."""
    if cls.is_enum is None:
        outside = (base.name for base in mro(cls) if isinstance(base, External))
        cls.is_enum = any(name in ENUMS or name in OUTSIDE_ENUMS for name in outside)
    return cls.is_enum


def attribute(cls: ClassInfo, name: str) -> Binding | None:
    """Return a class attribute or method, looked up along the bases."""
    for base in own_classes(cls):
        if name in base.names:
            return base.names[name]
    return None


def enum_members(cls: ClassInfo) -> dict[str, EnumMember]:
    """Return the members of an enum by name, aliases included, in order.

    Raises:
        NotStatic: When a member's value is not static, outside of `OUTSIDE_ENUMS`.
    """
    if cls.members is None:
        by_value: dict[str, EnumMember] = {}
        members: dict[str, EnumMember] = {}
        last: Any = None
        opaque = any(isinstance(b, External) and b.name in OUTSIDE_ENUMS for b in mro(cls))
        for name, binding in cls.names.items():
            if name.startswith("_") or binding.node is None:
                continue
            value = binding.value
            if isinstance(value, Unknown) and not opaque:
                raise value.cause
            if isinstance(value, Auto):
                value = _auto(cls, name, last)
            last = value
            if not isinstance(value, Unknown):
                _check_size(value, binding)
            member = by_value.setdefault(repr(value), EnumMember(cls, name, value))
            members[name] = member
        cls.members = members
    return cls.members


def _check_size(value: Any, binding: Binding) -> None:
    """Raise NotStatic for a member's value that is too large to write down."""
    from docgen.evaluation import operations

    try:
        operations.bounded(value)
    except operations.Refused as refused:
        raise NotStatic(binding.source, str(refused)) from refused


def _auto(cls: ClassInfo, name: str, last: Any) -> Any:
    """Return what `enum.auto()` gives a member."""
    if derives_from(cls, "enum.StrEnum"):
        return name.lower()
    if derives_from(cls, "enum.Flag") or derives_from(cls, "enum.IntFlag"):
        return 1 if last is None else 1 << last.bit_length()
    return last + 1 if isinstance(last, int) else 1


def dataclass_options(cls: ClassInfo, evaluator: Evaluator) -> dict[str, bool] | None:
    """Return the keywords of a class's own `@dataclass`; None where it has none."""
    for decorator in cls.node.decorator_list:
        call = decorator.func if isinstance(decorator, ast.Call) else decorator
        found = evaluator.try_evaluate(call, cls.module)
        if isinstance(found, External) and found.name == "dataclasses.dataclass":
            keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
            return {
                k.arg: bool(k.value.value)
                for k in keywords
                if k.arg and isinstance(k.value, ast.Constant)
            }
    return None


def dataclass_fields(cls: ClassInfo, evaluator: Evaluator) -> dict[str, Field]:
    """Return the fields of a dataclass by name, inherited ones first.

    Raises:
        NotStatic: When the class is no dataclass, or builds itself in a way of its own.
    """
    if cls.fields is None:
        if dataclass_options(cls, evaluator) is None:
            raise NotStatic(cls.source, f"class {cls.short}, which is no dataclass")
        fields: dict[str, Field] = {}
        for base in reversed(own_classes(cls)):
            options = dataclass_options(base, evaluator)
            _check_plain(base)
            if options is not None:
                for field in declared_fields(base, options, evaluator):
                    fields[field.name] = field
        cls.fields = fields
    return cls.fields


def _check_plain(cls: ClassInfo) -> None:
    """Raise NotStatic for a class whose objects may differ from what calls say."""
    for name in ("__init__", "__new__", "__getattribute__", "__getattr__"):
        if name in cls.names:
            raise NotStatic(cls.names[name].source, f"{cls.short} with its own {name}")
    post = cls.names.get("__post_init__")
    if post is not None and isinstance(post.value, FunctionInfo):
        for node in ast.walk(post.value.node):
            setter = isinstance(node, ast.Attribute) and node.attr in ("__setattr__", "__dict__")
            if setter or (isinstance(node, ast.Name) and node.id in ("setattr", "vars")):
                where = cls.module.source(node)
                raise NotStatic(where, f"{cls.short} with a __post_init__ that sets fields")


def declared_fields(cls: ClassInfo, options: dict[str, bool], evaluator: Evaluator) -> list[Field]:
    """Return the fields that a dataclass declares itself."""
    fields = []
    keyword_only = options.get("kw_only", False)
    for name, binding in cls.names.items():
        if binding.annotation is None:
            continue
        head = evaluator.annotation_head(binding.annotation, cls.module)
        if head == "typing.ClassVar":
            continue
        if head == "dataclasses.KW_ONLY":
            keyword_only = True
            continue
        default, init = _default(cls, binding, evaluator)
        fields.append(
            Field(
                name=name,
                annotation=binding.annotation,
                owner=cls,
                source=binding.source,
                doc=binding.owner.doc,
                default=default,
                positional=not keyword_only,
                init=init,
            )
        )
    return fields


def _default(cls: ClassInfo, binding: Binding, evaluator: Evaluator) -> tuple[Setting | None, bool]:
    """Return the default of a field and whether the constructor takes the field."""
    if binding.node is None:
        return None, True
    node, value, init = binding.node, binding.value, True
    if isinstance(value, FieldCall):
        init = value.init
        if value.default is not None:
            node = value.default
            value = evaluator.settle(node, cls.module)
        elif value.factory is not None:
            node = value.factory
            value = _from_factory(node, cls, evaluator)
        else:
            return None, init
    owner = type(binding.owner)(name=cls.name)
    return Setting(value, node, cls.module, owner, default=True), init


def _from_factory(node: ast.expr, cls: ClassInfo, evaluator: Evaluator) -> Any:
    """Return what a default factory makes, or Unknown."""
    factory = evaluator.try_evaluate(node, cls.module)
    empty = {"builtins.list": list, "builtins.dict": dict, "builtins.tuple": tuple}
    if isinstance(factory, External) and factory.name in empty:
        return empty[factory.name]()
    if isinstance(factory, ClassInfo):
        try:
            return evaluator.instantiate(factory, ast.Call(node, [], []), cls.module, node)
        except NotStatic as cause:
            return Unknown(cause)
    return Unknown(NotStatic(cls.module.source(node), "a default factory"))
