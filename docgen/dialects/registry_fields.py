"""Fields that a decorator-registry tree declares, and for which workloads it supports them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_
from typing import Any

from docgen import catalog as c
from docgen.dialects.registry_reading import (
    FIELDS,
    Reading,
    enum_of,
    field_of,
    members_of,
    plain_text,
    setting_of,
)
from docgen.evaluation import comparison
from docgen.evaluation.classes import enum_members
from docgen.evaluation.objects import (
    Bound,
    ClassInfo,
    EnumMember,
    FunctionInfo,
    Instance,
    NotStatic,
    Unknown,
)
from docgen.evaluation.scopes import Frame

PREFIX = "supported_"
"""Start of the names of the attributes that say what a field is for."""


@dataclass
class Declared:
    """A declared field, and the rules for when it may or must be set."""

    name: str
    """Name that configurations set."""
    member: EnumMember
    """Its member in the enum of fields."""
    required: bool
    """Whether it must be set where it is supported."""
    limits: dict[str, Any]
    """What it is for, by attribute: enum members or predicates over the system."""
    allowed: dict[int, set[str]] = field(default_factory=dict)
    """Names of the members that it is for, by identity of their enum."""
    tests: list[Any] = field(default_factory=list)
    """Predicates that must hold for the system."""

    kind: Any = None
    """What is equal for fields that are for the same workloads."""

    def __post_init__(self) -> None:
        """Sort the limits by what they limit."""
        for limit in self.limits.values():
            members = [m for m in limit if isinstance(m, EnumMember)]
            for member in members:
                self.allowed.setdefault(id(member.cls), {m.name for m in members})
            self.tests += [f for f in limit if isinstance(f, (FunctionInfo, Bound))]
        allowed = frozenset((enum, frozenset(names)) for enum, names in self.allowed.items())
        systems = tuple(map(id, self.limits.get(f"{PREFIX}systems", ())))
        self.kind = (allowed, tuple(map(_identity, self.tests)), systems)


@dataclass
class FieldRules:
    """Decides which fields a workload may and must set."""

    reading: Reading
    """What is read."""
    declared: dict[str, Declared]
    """Every declared field, by name."""
    _kept: dict[tuple[str, str], int] = field(default_factory=dict)
    _tests: dict[tuple[int, str], bool] = field(default_factory=dict)
    _sets: dict[int, tuple[frozenset[str], frozenset[str]]] = field(default_factory=dict)

    @cached_property
    def _groups(self) -> list[tuple[Declared, int]]:
        """Return a field of each kind of limits, with the bits of all fields that have these."""
        found: dict[Any, tuple[Declared, int]] = {}
        for place, declared in enumerate(self.declared.values()):
            first, bits = found.get(declared.kind, (declared, 0))
            found[declared.kind] = (first, bits | 1 << place)
        return list(found.values())

    def applicable(self, parts: tuple[EnumMember, ...]) -> tuple[frozenset[str], frozenset[str]]:
        """Return the fields that a workload must set, and all that it may set.

        Args:
            parts: Benchmark, scenario, system, harness, accuracy and power, as members.
        """
        bits = (1 << len(self.declared)) - 1
        for part in parts:
            bits &= self._supporting(part)
        if bits not in self._sets:
            every = enumerate(self.declared.values())
            chosen = [d for place, d in every if bits >> place & 1]
            mandatory = frozenset(d.name for d in chosen if d.required)
            self._sets[bits] = mandatory, frozenset(d.name for d in chosen)
        return self._sets[bits]

    def _supporting(self, part: EnumMember) -> int:
        """Return the fields that support one part of a workload: a bit for each."""
        key = (part.cls.name, part.name)
        if key not in self._kept:
            supported = (bits for d, bits in self._groups if self._supports(d, part))
            self._kept[key] = reduce(or_, supported, 0)
        return self._kept[key]

    def _supports(self, declared: Declared, part: EnumMember) -> bool:
        """Tell whether a field supports one part of a workload."""
        if not enum_of(part.cls):
            return self._takes(declared, part)
        allowed = declared.allowed.get(id(part.cls))
        if allowed is not None and part.name not in allowed:
            return False
        if not declared.tests or not _is_system(part):
            return True
        return all(self._test(test, part) for test in declared.tests)

    def _takes(self, declared: Declared, system: EnumMember) -> bool:
        """Tell whether a field is for a system that a call made: a limit equals its text."""
        limit = declared.limits.get(f"{PREFIX}systems", ())
        return not limit or any(self._equals(item, system) for item in limit)

    def _equals(self, item: Any, system: EnumMember) -> bool:
        """Tell whether what limits a field equals a system's text; what is not static allows it."""
        key = (id(item), system.name)
        if key not in self._tests:
            interpreter = self.reading.interpreter
            frame = interpreter.frame(system.cls.module)
            where = system.value.source
            try:
                holds = comparison.equal(interpreter, item, system.name, where, frame)
            except NotStatic as cause:
                self.reading.notes.unresolved(cause, "info")
                holds = True
            self._tests[key] = holds
        return self._tests[key]

    def _test(self, test: Any, part: EnumMember) -> bool:
        """Return what a predicate says of a system; one that is not static allows it."""
        key = (_identity(test), part.name)
        if key in self._tests:
            return self._tests[key]
        interpreter = self.reading.interpreter
        function, values = test, [part]
        if isinstance(test, Bound):
            function, values = test.function, [test.owner, part]
        try:
            module = function.module
            frame = interpreter.frame(module)
            result = interpreter.call_function(function, values, {}, function.source, frame)
            holds = interpreter.truth(result, function.node, Frame(module, function.owner))
        except NotStatic as cause:
            self.reading.notes.unresolved(cause, "info")
            holds = True
        self._tests[key] = holds
        return holds


def _identity(test: Any) -> int:
    """Return what two predicates that are the same function have in common."""
    return id(test.function if isinstance(test, Bound) else test)


def _is_system(part: EnumMember) -> bool:
    """Tell whether a part of a workload is its system."""
    return field_of(part.value, "accelerator_conf") is not None


def read_rules(reading: Reading) -> FieldRules | None:
    """Return the rules of the tree's fields; None where it declares none."""
    enum = reading.enum(FIELDS, "Fields")
    if enum is None:
        return None
    declared: dict[str, Declared] = {}
    for member in _members(reading, enum):
        name = field_of(member.value, "name")
        if not isinstance(name, str):
            continue
        limits = {
            key: tuple(_items(member.value.value(key)))
            for key in member.value.fields
            if key.startswith(PREFIX) and key != "supported_actions"
        }
        required = field_of(member.value, "required") is True
        declared[name] = Declared(name, member, required, limits)
    return FieldRules(reading, declared) if declared else None


def _members(reading: Reading, enum: ClassInfo) -> list[EnumMember]:
    """Return the members of the enum of fields whose value is an object."""
    try:
        found = enum_members(enum)
    except NotStatic as cause:
        reading.notes.unresolved(cause)
        found = {}
    return [m for n, m in found.items() if n == m.name and isinstance(m.value, Instance)]


def _items(value: Any) -> list[Any]:
    """Return the items of a limit; none where it is not static, so that it limits nothing."""
    if isinstance(value, (tuple, list, set, frozenset)):
        return [] if any(isinstance(item, Unknown) for item in value) else list(value)
    return []


def read_specs(rules: FieldRules | None) -> tuple[c.FieldSpec, ...]:
    """Return the declared fields as the Catalog has them, in order of declaration."""
    return tuple(_spec(declared) for declared in rules.declared.values()) if rules else ()


def _spec(declared: Declared) -> c.FieldSpec:
    """Return a declared field as the Catalog has it."""
    value = declared.member.value
    kind = setting_of(value, "value_type", "type")
    text = ""
    if kind is not None and hasattr(kind.node, "end_lineno"):
        text = " ".join(kind.module.text(kind.node).split())
    options = field_of(value, "argparse_opts")
    choices = options.get("choices") if isinstance(options, dict) else None
    limits = {
        key.removeprefix(PREFIX): _limit(items)
        for key, items in declared.limits.items()
        if not value.fields[key][-1].default
    }
    binding = declared.member.cls.names[declared.member.name]
    return c.FieldSpec(
        name=declared.name,
        owner=declared.member.cls.short,
        type=text,
        doc=str(field_of(value, "description", "help") or ""),
        source=binding.source,
        choices=tuple(plain_text(choices) or ()) if isinstance(choices, (list, tuple)) else (),
        default=plain_text(field_of(value, "default")),
        required=declared.required,
        scenarios=limits.pop("scenarios", ()),
        limits={key: items for key, items in limits.items() if items},
    )


def _limit(items: tuple[Any, ...]) -> tuple[str, ...]:
    """Return a limit in words: names of members or predicates; empty where it takes all."""
    members = [item for item in items if isinstance(item, EnumMember)]
    if members and enum_of(members[0].cls):
        every = {m.name for m in members_of(members[0].cls).values()}
        if every <= {m.name for m in members}:
            return ()
        return tuple(m.name for m in members)
    names = (item.name if isinstance(item, Bound) else "" for item in items)
    return tuple(name for name in names if name)
