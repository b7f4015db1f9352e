"""What the tree's own registry would refuse: its checks, by the names that its code calls.

A check of a name that is known here is carried out natively, because it looks at
source text; any other is interpreted. A tree that lacks a check does not apply it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from docgen.dialects.registry_fields import FieldRules
from docgen.dialects.registry_reading import PARTS, Reading, enum_of, field_of
from docgen.evaluation import statements
from docgen.evaluation.classes import mro
from docgen.evaluation.interpreter import Raised
from docgen.evaluation.objects import (
    Binding,
    ClassInfo,
    EnumMember,
    FunctionInfo,
    Instance,
    NotStatic,
    Unknown,
)
from docgen.evaluation.scopes import Frame

MAX_DEPTH = 8
"""Nesting to which objects are compared by their parts."""
BOARD = "gpu"
"""Attribute that names the board of a system which a call makes."""
METADATA = frozenset({"action", "harness_type"})
"""Attributes that say something of a configuration and are no fields."""


SETTINGS = frozenset(PARTS)
"""Parts of the key that are given beside a configuration."""


@dataclass
class Candidate:
    """A registration whose key is known."""

    cls: ClassInfo
    """The configuration."""
    parts: dict[str, EnumMember]
    """Benchmark, scenario, system, harness_type, accuracy_target, power_setting."""
    fields: frozenset[str]
    """Names of the fields that it has."""


@dataclass(frozen=True)
class Check:
    """A check of the registry."""

    method: FunctionInfo
    """Its definition."""
    native: Any
    """What carries it out natively; None where it is interpreted whole."""
    body: tuple[ast.stmt, ...]
    """Statements of it that are interpreted."""
    asks: frozenset[str] | None
    """Attributes that these depend on; None where they may depend on anything."""


@dataclass
class Checks:
    """The checks of one tree."""

    reading: Reading
    """What is read."""
    rules: FieldRules | None
    """Rules of the declared fields."""
    checks: list[Check] = field(default_factory=list)
    """Checks that the registry calls, in order."""
    _assigned: dict[int, tuple[dict[str, list[int]], int]] = field(default_factory=dict)
    _signatures: dict[int, Any] = field(default_factory=dict)
    _outcomes: dict[Any, list[str]] = field(default_factory=dict)
    _counted: tuple[type[ast.Assign | ast.AnnAssign], ...] | None = None
    _asked_for: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find the checks that the registry's `validate` calls."""
        registry = self.reading.registry
        start = registry.names.get("validate") if registry is not None else None
        if registry is None or start is None or not isinstance(start.value, FunctionInfo):
            return
        for node in ast.walk(start.value.node):
            name = node.attr if isinstance(node, ast.Attribute) else ""
            found = registry.names.get(name)
            if found is not None and isinstance(found.value, FunctionInfo):
                self.checks.append(_check(name, found.value))

    def reasons(self, candidate: Candidate) -> list[str]:
        """Return why the registry would refuse a configuration; nothing where it would not."""
        found: list[str] = []
        for index, check in enumerate(self.checks):
            if check.native is not None:
                found += check.native(self, candidate)
            if not check.body:
                continue
            if check.asks is None:
                found += self._interpret(check, candidate)
                continue
            key = (index, *self._asked(check.asks, candidate))
            if key not in self._outcomes:
                self._outcomes[key] = list(self._interpret(check, candidate))
            found += self._outcomes[key]
        return found

    def _asked(self, names: frozenset[str], candidate: Candidate) -> Iterator[Any]:
        """Yield what a check asks a configuration for; equal answers have equal outcomes."""
        for name in names:
            part = candidate.parts.get(name)
            value = part if part is not None else self.reading.attribute(candidate.cls, name)
            fixed = value is None or isinstance(value, (EnumMember, bool, int, str))
            yield (type(value).__name__, value) if fixed else id(candidate.cls)

    def _interpret(self, check: Check, candidate: Candidate) -> Iterator[str]:
        """Yield the `raise` that statements of a check reach."""
        method, interpreter = check.method, self.reading.interpreter
        names = [a.arg for a in method.node.args.args]
        setting = self._workload_setting(candidate)
        values = dict(zip(names, (self.reading.registry, candidate.cls, setting), strict=False))
        at = method.source
        bound = {n: Binding(v, at, method.owner) for n, v in values.items()}
        home = interpreter.frame(method.module)
        try:
            frame = Frame(method.module, method.owner, bound, home, 1, at)
            statements.run(interpreter, list(check.body), frame)
        except statements.Return:
            return
        except Raised as cause:
            where = f"{cause.source.path}:{cause.source.line}"
            yield f"the tree's check at {where} ends with {cause.got}"
        except NotStatic as cause:
            self.reading.notes.unresolved(cause, "info")

    def _workload_setting(self, candidate: Candidate) -> Any:
        """Return the object that the registry makes of harness, accuracy and power."""
        from docgen.evaluation.construction import construct
        from docgen.evaluation.library import Given

        registry = self.reading.registry
        parts = {
            k: candidate.parts[k] for k in ("harness_type", "accuracy_target", "power_setting")
        }
        cls = None
        if registry is not None:
            cls = self.reading.name_in(registry.module.name, "WorkloadSetting")
        if not isinstance(cls, ClassInfo):
            return Unknown(NotStatic(candidate.cls.source, "a workload setting"))
        frame = self.reading.interpreter.frame(cls.module)
        try:
            given = Given(self.reading.interpreter, [], dict(parts), cls.source, frame)
            return construct(cls, given)
        except NotStatic as cause:
            return Unknown(cause)

    # Native checks

    def inheritance(self, candidate: Candidate) -> Iterator[str]:
        """Yield what is wrong with the bases of a configuration."""
        asked = self._words("_check_inheritance_constraints")
        order = mro(candidate.cls)
        own = [base for base in order if isinstance(base, ClassInfo)]
        root = "BenchmarkConfiguration"
        if root in asked and not any(base.name.endswith(f".{root}") for base in order):
            yield f"it does not inherit from {root}"
        for base in own[:-1] if asked & {"bases", "__bases__"} else ():
            if len(base.node.bases) != 1:
                yield f"{base.short} has {len(base.node.bases)} base classes, not one"
        for name in ("benchmark", "scenario"):
            value = candidate.parts[name]
            for base in own[:-1] if name in asked else ():
                other = self.reading.attribute(base, name)
                if isinstance(other, EnumMember) and other != value:
                    yield f"{name} is {value.name}, but {other.name} in its base {base.short}"
        if asked & {"get_accelerators", "accelerator_conf"}:
            yield from self._foreign_accelerators(own, candidate)
        if BOARD in asked:
            yield from self._foreign_boards(own, candidate)

    def _foreign_accelerators(self, own: list[ClassInfo], candidate: Candidate) -> Iterator[str]:
        """Yield the bases that are for an accelerator which the configuration's system lacks."""
        mine = self._accelerators(candidate.parts["system"])
        for base in own[1:-1]:
            other = self.reading.attribute(base, "system")
            theirs = self._accelerators(other) if isinstance(other, EnumMember) else set()
            if not theirs <= mine:
                yield f"its base {base.short} is for another accelerator ({other.name})"

    def _foreign_boards(self, own: list[ClassInfo], candidate: Candidate) -> Iterator[str]:
        """Yield the bases whose system names another board than the configuration's."""
        mine = field_of(candidate.parts["system"].value, BOARD)
        for base in own[1:-1]:
            theirs = field_of(self.reading.attribute(base, "system"), BOARD)
            if None not in (mine, theirs) and mine != theirs:
                yield f"its base {base.short} is for another accelerator ({theirs})"

    def _words(self, check: str) -> set[str]:
        """Return the names, attributes and texts in a check: what it asks for."""
        if check not in self._asked_for:
            found: set[str] = set()
            for item in self.checks:
                if item.method.node.name == check:
                    for node in ast.walk(item.method.node):
                        word = getattr(node, "attr", getattr(node, "id", ""))
                        found.add(word or str(getattr(node, "value", "")))
            self._asked_for[check] = found
        return self._asked_for[check]

    def _accelerators(self, system: EnumMember) -> set[Any]:
        """Return the accelerators of a system as values that can be compared."""
        layout = field_of(field_of(system.value, "accelerator_conf"), "layout")
        return {self._signature(item) for item in layout} if isinstance(layout, dict) else set()

    def _signature(self, value: Any, depth: int = 0) -> Any:
        """Return an object as a tuple of its parts; equal parts make equal objects."""
        if id(value) in self._signatures:
            return self._signatures[id(value)]
        if isinstance(value, Instance) and depth < MAX_DEPTH:
            parts = ((k, self._signature(value.value(k), depth + 1)) for k in value.fields)
            made = (value.cls.name, *parts)
            self._signatures[id(value)] = made
            return made
        if isinstance(value, (list, tuple)):
            return tuple(self._signature(item, depth + 1) for item in value)
        if isinstance(value, (str, int, float, EnumMember, type(None))):
            return value
        return ("object", id(value))

    def descriptions(self, candidate: Candidate) -> Iterator[str]:
        """Yield the fields that are missing, and those that should not be there."""
        yield from self._system_kind(candidate.parts["system"].cls)
        if self.rules is None:
            return
        mandatory, possible = self.rules.applicable(tuple(candidate.parts.values()))
        for name in sorted(candidate.fields - METADATA - possible):
            known = name in self.rules.declared
            yield f"{'unsupported' if known else 'unknown'} field {name!r}"
        for name in sorted(mandatory - candidate.fields):
            yield f"mandatory field {name!r} is missing"

    def _system_kind(self, cls: ClassInfo) -> Iterator[str]:
        """Yield what is wrong with the class of a system that a call makes."""
        asked = self._words("_check_field_descriptions")
        asked = asked | self._words("_check_inheritance_constraints")
        if not enum_of(cls) and "type" in asked and cls.short not in asked:
            yield f"its system is an object of {cls.short}, which the tree does not take"

    def reassignment(self, candidate: Candidate) -> Iterator[str]:
        """Yield the fields that one class sets more than once."""
        own = [base for base in mro(candidate.cls) if isinstance(base, ClassInfo)]
        for base in own[:-1]:
            assigned, other = self._assignments(base)
            if other:
                yield f"{base.short} sets something else than a name on line {other}"
            for name, lines in assigned.items():
                if name in candidate.fields and len(lines) > 1:
                    where = " and ".join(map(str, lines))
                    yield f"{base.short} sets {name!r} more than once, on lines {where}"

    def _kinds(self) -> tuple[type[ast.Assign | ast.AnnAssign], ...]:
        """Return the statements that the registry's module counts as assignments."""
        registry = self.reading.registry
        tree = registry.module.node if registry is not None else None
        if self._counted is None:
            nodes = ast.walk(tree) if tree is not None else ()
            annotated = any(isinstance(n, ast.Attribute) and n.attr == "AnnAssign" for n in nodes)
            self._counted = (ast.Assign, ast.AnnAssign) if annotated else (ast.Assign,)
        return self._counted

    def _assignments(self, cls: ClassInfo) -> tuple[dict[str, list[int]], int]:
        """Return the lines that set each name in a class, and one that sets anything else."""
        if id(cls) not in self._assigned:
            lines: dict[str, list[int]] = {}
            other = 0
            for node in _assign_statements(cls.node, self._kinds()):
                for target in node.targets if isinstance(node, ast.Assign) else (node.target,):
                    if isinstance(target, ast.Name):
                        lines.setdefault(target.id, []).append(node.lineno)
                    else:
                        other = node.lineno
            self._assigned[id(cls)] = (lines, other)
        return self._assigned[id(cls)]


NATIVE = {
    "_check_inheritance_constraints": Checks.inheritance,
    "_check_field_descriptions": Checks.descriptions,
    "_check_field_reassignment": Checks.reassignment,
}
"""Checks that are carried out natively, by the name of the registry's method."""


def _assign_statements(
    node: ast.ClassDef, kinds: tuple[type[ast.Assign | ast.AnnAssign], ...]
) -> Iterator[ast.Assign | ast.AnnAssign]:
    """Yield every assignment in a class, also in the functions and blocks in it."""
    for part in node.body:
        if isinstance(part, (ast.Assign, ast.AnnAssign)):
            if isinstance(part, kinds) and part.value is not None:
                yield part
        elif not isinstance(part, (ast.Expr, ast.Pass)):
            yield from (inner for inner in ast.walk(part) if isinstance(inner, kinds))


def _check(name: str, method: FunctionInfo) -> Check:
    """Return a check of the registry with what of it is to be interpreted."""
    native = NATIVE.get(name)
    body = tuple(method.node.body) if native is None else _own_tests(method)
    return Check(method, native, body, _asked(method, body))


def _asked(method: FunctionInfo, body: tuple[ast.stmt, ...]) -> frozenset[str] | None:
    """Return the attributes that statements ask for; None where they ask for more."""
    given = [a.arg for a in method.node.args.args][1:]
    asked: set[str] = set()
    plain: set[int] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                index = given.index(node.value.id) if node.value.id in given else -1
                if index >= 0 and (node.attr in SETTINGS) is (index > 0):
                    asked.add(node.attr)
                    plain.add(id(node.value))
            elif isinstance(node, ast.Name) and node.id in given and id(node) not in plain:
                return None
    return frozenset(asked)


def _own_tests(method: FunctionInfo) -> tuple[ast.stmt, ...]:
    """Return the `if` statements of a check that ask only for what it was given."""
    given = {a.arg for a in method.node.args.args}
    local = {
        node.id
        for node in ast.walk(method.node)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return tuple(
        node
        for node in method.node.body
        if isinstance(node, ast.If)
        and not {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} & (local - given)
    )
