"""The evaluator for ordinary Python: it also carries out functions, loops and objects.

Harnesses written by others build their vocabulary with helper functions, decorators,
closures and classes with methods of their own. This evaluator interprets these exactly
on evaluated values, within limits on steps and sizes. It still imports and runs nothing:
what leads outside of the tree, or is not understood, stays Unknown with its place.
The environment is read as empty, apart from what the tree itself writes into it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import PurePath
from typing import Any

from docgen.catalog import Source
from docgen.evaluate import MAX_DEPTH, Evaluator
from docgen.evaluation import classes, comparison, operations, operators, programs, statements
from docgen.evaluation.construction import PLAIN_BASES
from docgen.evaluation.containers import known
from docgen.evaluation.library import path_attribute
from docgen.evaluation.objects import (
    Binding,
    Bound,
    ClassInfo,
    EnumMember,
    External,
    FunctionInfo,
    Instance,
    NotStatic,
    Setting,
    Unknown,
)
from docgen.evaluation.scopes import Frame, Rules
from docgen.evaluation.tree import Module, Tree

RULES = Rules(comprehensions=True, functions=True, builtins=True, unpacking=True)
"""What the interpreter allows."""

MAX_STEPS = 400_000
"""Rounds of loops and calls of functions that one module-level call may lead to."""
MAX_TOTAL = 4_000_000
"""The same for a whole tree; no harness comes near it."""


class Raised(NotStatic):
    """A `raise` that the program certainly reaches."""


class Interpreter(Evaluator):
    """Evaluates expressions of one tree with functions, loops and objects."""

    def __init__(self, tree: Tree) -> None:
        """Interpret over a tree; nothing is read yet."""
        super().__init__(tree, RULES)
        self.expressions |= operators.EXPRESSIONS
        self.statements |= programs.STATEMENTS
        self.environment: dict[str, Any] = {}
        """The environment variables that the tree itself sets."""
        self.memory: dict[Any, tuple[list[Any], Any]] | None = None
        """Arguments and results of calls on fixed values, while nothing changes."""
        self.on_decorator: Callable[[ClassInfo, ast.expr, Frame], bool] | None = None
        """Takes the decorators of classes that a dialect gives a meaning."""
        self.differ: Callable[[Any, Any], bool] | None = None
        """Tells that two objects are certainly unequal, where that needs no comparison."""
        self.stops: dict[str, NotStatic] = {}
        """Where Python certainly stops reading a module, by its name."""
        self.undecided: list[NotStatic] = []
        """Why it stayed open whether two members of an enum are equal; they count as two."""
        self._steps = 0
        self._total = 0
        self._frames: dict[str, Frame] = {}

    def frame(self, scope: Frame | Module) -> Frame:
        """Return the frame of a scope; that of a module that was read is kept."""
        if isinstance(scope, Frame):
            return scope
        known = self._frames.get(scope.name)
        if known is None:
            known = super().frame(scope)
            if scope.state == "done":
                self._frames[scope.name] = known
        return known

    def step(self, source: Source) -> None:
        """Count a round or call; raise NotStatic where there were too many."""
        self._steps += 1
        self._total += 1
        for steps, limit in ((self._steps, MAX_STEPS), (self._total, MAX_TOTAL)):
            if steps > limit:
                raise NotStatic(source, f"more than {limit:,} steps", do="make it simpler")

    # Where Python would stop

    def stop(self, module: Module, cause: NotStatic) -> None:
        """Note that Python reads a module only up to a certain statement."""
        self.stops.setdefault(module.name, cause)

    def settle(self, node: ast.expr, scope: Frame | Module) -> Any:
        """Return the value of an expression, or Unknown; note a certain error of a module."""
        value = super().settle(node, scope)
        if isinstance(value, Unknown) and (isinstance(value.cause, Raised) or value.cause.fails):
            frame = self.frame(scope)
            if not frame.depth and value.cause.source.path == frame.module.path:
                self.stop(frame.module, value.cause)
        return value

    def check_import(self, name: str, part: str | None, source: Source, module: Module) -> None:
        """Note an import that certainly fails, because the tree lacks what it names."""
        if not self.tree.owns(name):
            return
        loaded = self.tree.module(name)
        below = f"{name}.{part}"
        inside = self.tree.module(below) is not None or self.tree.is_namespace(below)
        if loaded is None:
            if not self.tree.is_namespace(name):
                self.stop(module, NotStatic(source, f"module {name!r}, which is not there"))
            elif part and part != "*" and not inside:
                self.stop(module, NotStatic(source, f"{below!r}, which is not there"))
        elif loaded.node is None:
            self.stop(module, NotStatic(source, f"{loaded.path}, which is not Python"))
        else:
            cause = self.failure_of(loaded.name, module.name)
            if cause is not None:
                self.stop(module, cause)

    def failure_of(self, name: str, user: str) -> NotStatic | None:
        """Return why an import of a module fails, packages above it first; None where it may not.

        A package that the importing module is part of is loading already: it does not count.
        """
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            package = ".".join(parts[:end])
            inside = end < len(parts) and f"{user}.".startswith(f"{package}.")
            if package in self.stops and not inside:
                return self.stops[package]
        return None

    # Attributes

    def attribute(self, value: Any, name: str, source: Source, scope: Frame | Module) -> Any:
        """Return an attribute of an evaluated value; methods come back bound."""
        if isinstance(value, External) and f"{value.name}.{name}" == "os.environ":
            return self.environment
        if isinstance(value, ClassInfo):
            return self._of_class(value, name, source, scope)
        if isinstance(value, (Instance, EnumMember)):
            return self._of_object(value, name, source, scope)
        if name == "__class__" and not isinstance(value, (External, FunctionInfo, Bound)):
            return comparison.type_of(value, source)
        if isinstance(value, PurePath):
            return path_attribute(value, name)
        if isinstance(value, (tuple, set, frozenset, int, float, re.Pattern)):
            return Bound(value, name)
        return super().attribute(value, name, source, scope)

    def _of_class(self, cls: ClassInfo, name: str, source: Source, scope: Frame | Module) -> Any:
        """Return an attribute of a class; class methods come back bound."""
        if classes.is_enum(cls):
            if name in ("__members__", "_member_map_"):
                return dict(classes.enum_members(cls))
            members = classes.enum_members(cls)
            if name in members:
                return members[name]
        found = attribute_of(cls, name)
        if found is not None:
            value = self.follow(found)
            bound = isinstance(value, FunctionInfo) and value.kind == "classmethod"
            return Bound(cls, name, value) if bound else value
        outside = {b.name for b in classes.mro(cls) if isinstance(b, External)}
        if name.startswith("_") or not outside <= PLAIN_BASES | classes.ENUMS:
            return super().attribute(cls, name, source, scope)
        names = [n for base in classes.own_classes(cls) for n in base.names]
        close = get_close_matches(name, names, n=3, cutoff=0.5)
        mend = "did you mean " + " or ".join(close) + "?" if close else "name one that it has"
        want = f"an attribute of {cls.short}"
        raise Raised(source, f"{cls.short}.{name}", want=want, do=mend)

    def _of_object(
        self, value: Instance | EnumMember, name: str, source: Source, scope: Frame | Module
    ) -> Any:
        """Return a field, property or bound method of an object."""
        if isinstance(value, Instance) and name in value.fields:
            return self.use(value.value(name))
        if isinstance(value, EnumMember) and name in ("value", "_value_", "name", "_name_"):
            return self.use(value.value if "value" in name else value.name)
        if name == "__class__":
            return value.cls
        found = classes.attribute(value.cls, name)
        if found is None:
            got = f"attribute {name!r}, which {value.cls.short} lacks"
            raise NotStatic(source, got)
        method = self.follow(found)
        if not isinstance(method, FunctionInfo) or method.kind == "staticmethod":
            return method
        if method.kind == "property":
            return self.call_function(method, [value], {}, source, self.frame(scope))
        return Bound(value.cls if method.kind == "classmethod" else value, name, method)

    # Assignments

    def assign(self, target: ast.expr, value: Any, node: ast.expr | None, frame: Frame) -> None:
        """Bind a value to a name, to several, to an item or to an attribute."""
        if not isinstance(target, ast.Attribute):
            super().assign(target, value, node, frame)
            return
        holder = self.evaluate(target.value, frame)
        where = frame.module.source(target)
        if isinstance(holder, Instance):
            setting = Setting(value, node or target, frame.module, frame.owner)
            holder.fields[target.attr] = (setting,)
        elif isinstance(holder, ClassInfo):
            bound = Binding(value, where, frame.owner, node, None, frame.module)
            holder.names[target.attr] = bound
        else:
            raise NotStatic(where, "an assignment to an attribute")

    def key(self, holder: Any, key: Any, source: Source, frame: Frame) -> Any:
        """Return the object of a dict that equals another one, as the tree's classes compare them.

        Where that is not known, the object itself is the key.
        """
        if not isinstance(key, Instance) or not isinstance(holder, dict) or key in holder:
            return key
        for known_key in list(holder):
            try:
                if isinstance(known_key, Instance) and comparison.equal(
                    self, known_key, key, source, frame
                ):
                    return known_key
            except NotStatic:
                return key
        return key

    # Calls

    def call_function(
        self,
        function: FunctionInfo,
        values: list[Any],
        named: dict[str, Any],
        source: Source,
        frame: Frame,
    ) -> Any:
        """Return the result of a function of the tree."""
        key = self._memory_key(function, values, named)
        if key is not None and self.memory is not None and key in self.memory:
            return self.memory[key][1]
        if frame.depth >= MAX_DEPTH or isinstance(function.node, ast.AsyncFunctionDef):
            raise NotStatic(source, f"a call of {function.node.name}(), which goes too deep")
        if not frame.depth:
            self._steps = 0
        self.step(source)
        home = function.closure or self.frame(function.module)
        bound = self._bind(function, values, named, source, home)
        names = {n: Binding(v, source, function.owner) for n, v in bound.items()}
        site = frame.site or source
        inner = Frame(function.module, function.owner, names, home, frame.depth + 1, site)
        result = None
        try:
            statements.run(self, function.node.body, inner)
        except statements.Return as returned:
            result = returned.value
        if key is not None and self.memory is not None:
            self.memory[key] = (values, result)
        return result

    def _memory_key(
        self, function: FunctionInfo, values: list[Any], named: dict[str, Any]
    ) -> tuple[Any, ...] | None:
        """Return what a result may be remembered under; None for values that may change."""
        if self.memory is None or named or function.closure is not None:
            return None
        key: list[Any] = [id(function)]
        for value in values:
            if not isinstance(value, (Instance, EnumMember, ClassInfo)):
                return None
            key.append(value if isinstance(value, EnumMember) else id(value))
        return tuple(key)

    def _bind(
        self,
        function: FunctionInfo,
        values: list[Any],
        named: dict[str, Any],
        source: Source,
        home: Frame,
    ) -> dict[str, Any]:
        """Return the parameters of a function with their values, as Python binds them."""
        spec = function.node.args
        names = [a.arg for a in (*spec.posonlyargs, *spec.args)]
        only = [a.arg for a in spec.kwonlyargs]
        given = dict(zip(names, values, strict=False))
        rest = {k: v for k, v in named.items() if k not in names and k not in only}
        given |= {k: v for k, v in named.items() if k not in rest}
        wrong = NotStatic(source, f"a call of {function.node.name}() with wrong arguments")
        if (len(values) > len(names) and spec.vararg is None) or (rest and spec.kwarg is None):
            raise wrong
        tail = names[len(names) - len(spec.defaults) :]
        pairs: list[tuple[str, ast.expr]] = [*zip(tail, spec.defaults, strict=True)]
        pairs += [(n, d) for n, d in zip(only, spec.kw_defaults, strict=True) if d is not None]
        for name, default in pairs:
            if name not in given:
                given[name] = self.settle(default, home)
        if set(given) != {*names, *only}:
            raise wrong
        if spec.vararg is not None:
            given[spec.vararg.arg] = tuple(values[len(names) :])
        if spec.kwarg is not None:
            given[spec.kwarg.arg] = rest
        return given

    def truth(self, value: Any, node: ast.AST, frame: Frame) -> bool:
        """Return the truth of a value; raise NotStatic where the tree decides it otherwise."""
        self.use(value)
        if isinstance(value, (ClassInfo, FunctionInfo, Bound, External)):
            return True
        if isinstance(value, PurePath):
            return True
        if isinstance(value, operations.CONTAINERS):
            return len(known(value, frame.module.source(node))) > 0
        if isinstance(value, Instance) and not any(
            classes.attribute(value.cls, n) for n in ("__bool__", "__len__")
        ):
            return True
        try:
            return operations.truth(value)
        except operations.Refused as refused:
            raise NotStatic(frame.module.source(node), str(refused)) from refused


def declared_only(binding: Binding) -> bool:
    """Tell whether a class body only annotates a name: that makes no attribute."""
    return binding.node is None and binding.annotation is not None


def attribute_of(cls: ClassInfo, name: str) -> Binding | None:
    """Return the binding of a class attribute, looked up along the bases."""
    for base in classes.own_classes(cls):
        if name in base.names and not declared_only(base.names[name]):
            return base.names[name]
    return None
