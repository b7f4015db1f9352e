"""What the parts of the decorator-registry dialect share while they read one tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from docgen import catalog as c
from docgen.digests import canonical
from docgen.evaluation.classes import enum_members, is_enum
from docgen.evaluation.interpreter import Interpreter, attribute_of
from docgen.evaluation.notes import Notes
from docgen.evaluation.objects import (
    ClassInfo,
    EnumMember,
    Instance,
    NotStatic,
    Setting,
    Unknown,
)
from docgen.evaluation.scopes import Frame

CONFIGS = "configs"
"""Package of the configurations."""
CODE = "code"
"""Package of the harness's own code."""
REGISTRY = "ConfigRegistry"
"""Class whose `register` enters a configuration."""
CONFIGURATION = "configs.configuration"
"""Module of the registry and of the base class of configurations."""
FIELDS = "code.common.fields"
"""Module of the declared fields."""
SYSTEMS = "code.common.systems.system_list"
"""Module of the known systems."""
CONSTANTS = "code.common.constants"
"""Module of the vocabulary."""


MAX_DEPTH = 5
"""Nesting of tolerant matches that is looked through."""


@dataclass
class Registration:
    """A class and one decorator that registers it."""

    cls: ClassInfo
    """The configuration."""
    node: ast.Call
    """The decorator."""
    values: dict[str, Any]
    """Its arguments by the name of the parameter; Unknown where they are not static."""
    source: c.Source
    """Where the decorator stands."""
    stopped: NotStatic | None = None
    """Why Python never gets to it: an error further up in its module."""


class ForeignNotes(Notes):
    """Diagnostics on a tree whose authors do not write for this program."""

    def unresolved(self, cause: NotStatic, severity: str = "error") -> None:
        """Note an expression that could not be resolved."""
        do = "it is left out" if "write it with" in cause.do else cause.do
        message = f"want {cause.want}, got {cause.got}; {do}"
        self.add(cause.code, severity, message, cause.source)


@dataclass
class Reading:
    """What the parts of the dialect share while they read one tree."""

    interpreter: Interpreter
    """Evaluator over the tree."""
    notes: Notes = field(default_factory=ForeignNotes)
    """What was found wrong."""
    registrations: list[Registration] = field(default_factory=list)
    """What the modules register, in the order in which Python would."""
    registry: ClassInfo | None = None
    """The registry's class, where the tree has it."""
    systems: dict[str, Instance] = field(default_factory=dict)
    """Systems that a call makes, by the text that their class gives them."""
    texts: dict[int, tuple[Instance, str | NotStatic]] = field(default_factory=dict)
    """Objects with that text, or why it is not known, by identity."""

    def name_in(self, module: str, name: str) -> Any:
        """Return a name of a module of the tree; None where that is not static."""
        found = self.interpreter.module(module)
        bound = found.names.get(name) if found is not None else None
        if bound is None:
            return None
        try:
            return self.interpreter.follow(bound)
        except NotStatic:
            return None

    def enum(self, module: str, name: str) -> ClassInfo | None:
        """Return an enum of the tree by module and name; None where there is none."""
        found = self.name_in(module, name)
        return found if isinstance(found, ClassInfo) and enum_of(found) else None

    def attribute(self, cls: ClassInfo, name: str) -> Any:
        """Return an attribute of a class along its bases; None without it, or Unknown."""
        try:
            found = attribute_of(cls, name)
            return None if found is None else self.interpreter.follow(found)
        except NotStatic as cause:
            return Unknown(cause)


def enum_of(cls: ClassInfo) -> bool:
    """Tell whether a class is an enum; one whose bases are not known is none."""
    try:
        return is_enum(cls)
    except NotStatic:
        return False


def members_of(cls: ClassInfo) -> dict[str, EnumMember]:
    """Return the members of an enum, aliases included; none where they are not static."""
    try:
        return enum_members(cls)
    except NotStatic:
        return {}


def plain_text(value: Any) -> Any:
    """Return a value as JSON: a named object by its name, an object with a pattern without it.

    None stands for what can be anything or is not static.
    """
    value = unwrap(value)
    if isinstance(value, EnumMember):
        value = unwrap(value.value)
    if isinstance(value, Instance):
        name = field_of(value, "name")
        return plain_text(name) if name is not None else None
    if isinstance(value, (list, tuple)):
        return [plain_text(item) for item in value]
    try:
        return canonical(value)
    except (NotStatic, TypeError):
        return None


def unwrap(value: Any) -> Any:
    """Return what a tolerant match stands around; the value itself where it is none."""
    for _ in range(MAX_DEPTH):
        if not isinstance(value, Instance) or "o" not in value.fields:
            break
        value = field_of(value, "o")
    return value


def field_of(instance: Any, *names: str) -> Any:
    """Return the first of some fields that an object has; None without, or where Unknown."""
    if not isinstance(instance, Instance):
        return None
    for name in names:
        if name in instance.fields:
            value = instance.value(name)
            return None if isinstance(value, Unknown) else value
    return None


def setting_of(instance: Any, *names: str) -> Setting | None:
    """Return the setting of the first of some fields that an object has."""
    if isinstance(instance, Instance):
        for name in names:
            if name in instance.fields:
                return instance.fields[name][-1]
    return None


def take_registrations(reading: Reading) -> None:
    """Let the interpreter note what a class is registered for, in place of calling it."""

    def on_decorator(cls: ClassInfo, decorator: ast.expr, frame: Frame) -> bool:
        call = decorator if isinstance(decorator, ast.Call) else None
        function = call.func if call is not None else None
        if call is None or not isinstance(function, ast.Attribute) or function.attr != "register":
            return False
        owner = reading.interpreter.settle(function.value, frame)
        text = ast.unparse(function.value)
        if isinstance(owner, ClassInfo) and owner.short == REGISTRY:
            reading.registry = owner
        elif text.rpartition(".")[2] != REGISTRY or isinstance(owner, ClassInfo):
            return False
        values = dict(_arguments(reading, call, frame))
        where = frame.module.source(decorator)
        stopped = _stop(reading, frame.module.name)
        reading.registrations.append(Registration(cls, call, values, where, stopped))
        return True

    reading.interpreter.on_decorator = on_decorator


def _stop(reading: Reading, module: str) -> NotStatic | None:
    """Return why Python stops reading a module, or the package that it is in; None without.

    Only modules of configurations count: the harness's own need hardware and packages.
    """
    stops = reading.interpreter.stops
    parts = module.split(".")
    names = [".".join(parts[: i + 1]) for i in range(len(parts))]
    return next((stops[n] for n in names if n in stops), None) if parts[0] == CONFIGS else None


PARTS = ("harness_type", "accuracy_target", "power_setting")
"""Parameters of `register`, in order."""


def _arguments(reading: Reading, call: ast.Call, frame: Frame) -> Iterator[tuple[str, Any]]:
    """Yield the arguments of `register` by the name of the parameter."""
    for name, node in zip(PARTS, call.args, strict=False):
        yield name, reading.interpreter.settle(node, frame)
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg, reading.interpreter.settle(keyword.value, frame)
