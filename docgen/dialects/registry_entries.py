"""Registered classes as entries: key, every field with its chain, verdict, digest."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from docgen import catalog as c
from docgen.dialects.registry_checks import Candidate, Checks
from docgen.dialects.registry_fields import FieldRules
from docgen.dialects.registry_objects import as_member, text_of
from docgen.dialects.registry_reading import PARTS, Reading, Registration
from docgen.digests import canonical, digest
from docgen.evaluation.classes import mro
from docgen.evaluation.interpreter import declared_only
from docgen.evaluation.objects import (
    Binding,
    Bound,
    ClassInfo,
    EnumMember,
    External,
    FunctionInfo,
    Instance,
    NotStatic,
    Unknown,
)

IDENTITY = ("benchmark", "scenario", "system")
"""Fields that are parts of the key."""


@dataclass
class Chains:
    """Every class's fields with the settings along its bases; each step is made once."""

    reading: Reading
    """What is read."""
    order: dict[str, int]
    """Place of each declared field."""
    _values: dict[tuple[int, ...], c.Value | None] = field(default_factory=dict)
    _steps: dict[int, c.Step] = field(default_factory=dict)
    _kept: list[Binding] = field(default_factory=list)

    def of(self, cls: ClassInfo) -> tuple[dict[str, c.Value], list[NotStatic]]:
        """Return the fields of a class by name, and the causes of those left out.

        Raises:
            NotStatic: Where the bases of the class are not known.
        """
        chains: dict[str, list[tuple[ClassInfo, Binding]]] = {}
        causes: list[NotStatic] = []
        for base in reversed(mro(cls)):
            if not isinstance(base, ClassInfo):
                if base.name != "builtins.object":
                    got = f"fields of {base.name}, a base class outside of the tree"
                    causes.append(NotStatic(cls.source, got, do="add the file that defines it"))
                continue
            for name, binding in base.names.items():
                if not name.startswith("_") and not declared_only(binding):
                    chains.setdefault(name, []).append((base, binding))
        values: dict[str, c.Value] = {}
        for name in sorted(chains, key=lambda n: (self.order.get(n, len(self.order)), n)):
            try:
                value = self._value(chains[name])
            except NotStatic as cause:
                causes.append(cause)
                continue
            if value is not None:
                values[name] = value
        return values, causes

    def _value(self, chain: list[tuple[ClassInfo, Binding]]) -> c.Value | None:
        """Return a field from its settings; None for a method or what None overrides."""
        key = tuple(id(binding) for _, binding in chain)
        if key in self._values:
            return self._values[key]
        self._kept += [binding for _, binding in chain]
        raw = self.reading.interpreter.follow(chain[-1][1])
        value = None
        if raw is not None and not isinstance(raw, (FunctionInfo, ClassInfo, Bound)):
            resolved = self._resolved(raw, chain[-1][1])
            steps = tuple(self._step(cls, binding) for cls, binding in chain)
            last = steps[-1]
            value = c.Value(
                resolved=resolved,
                expression=last.expression,
                kind=kind_of(chain[-1][1].node, raw),
                source=last.source,
                set_by=last.set_by,
                chain=steps,
            )
        self._values[key] = value
        return value

    def _resolved(self, raw: Any, binding: Binding) -> c.Json:
        """Return the canonical form of a value; an object stands as its own text."""
        if isinstance(raw, Instance):
            return text_of(self.reading, raw)
        try:
            return canonical(raw)
        except TypeError as error:
            got = f"a value that is no field: {error}"
            if isinstance(raw, External):
                got = f"{raw.name}, which lies outside of the tree"
            raise NotStatic(binding.source, got) from error

    def _step(self, cls: ClassInfo, binding: Binding) -> c.Step:
        """Return one setting; a value that is not static stands as null."""
        if id(binding) not in self._steps:
            try:
                resolved = self._resolved(self.reading.interpreter.follow(binding), binding)
            except NotStatic:
                resolved = None
            module = binding.module or cls.module
            text, source = "", binding.source
            if binding.node is not None:
                text = module.text(binding.node)
                text = " ".join(text.split()) if "\n" in text else text
                source = module.source(binding.node)
            self._steps[id(binding)] = c.Step(
                set_by=cls.name, expression=text, resolved=resolved, source=source
            )
        return self._steps[id(binding)]


def kind_of(node: ast.expr | None, value: Any) -> str:
    """Return how an expression gives its value."""
    if isinstance(node, (ast.Attribute, ast.Name, ast.Subscript)):
        return "enum" if isinstance(value, EnumMember) else "reference"
    if node is None or isinstance(node, ast.Constant):
        return "literal" if node is not None else "derived"
    if isinstance(node, ast.UnaryOp):
        return kind_of(node.operand, value) if _signed(node) else "arithmetic"
    if isinstance(node, ast.BinOp):
        return "arithmetic"
    parts = [n for n in ast.walk(node) if isinstance(n, ast.expr)]
    plain = (ast.Constant, ast.Dict, ast.List, ast.Tuple, ast.Set, ast.UnaryOp, ast.expr_context)
    return "literal" if all(isinstance(part, plain) for part in parts) else "derived"


def _signed(node: ast.UnaryOp) -> bool:
    return isinstance(node.op, (ast.UAdd, ast.USub)) and isinstance(node.operand, ast.Constant)


def read_entries(
    reading: Reading, rules: FieldRules | None, *, judged: bool = True
) -> tuple[c.Entry, ...]:
    """Return every registration whose key is known, rejected ones included.

    Args:
        reading: What is read.
        rules: Rules of the declared fields.
        judged: Ask the tree's own checks, and hash the values.
    """
    order = {name: i for i, name in enumerate(rules.declared)} if rules is not None else {}
    chains, checks = Chains(reading, order), Checks(reading, rules) if judged else None
    accepted: set[str] = set()
    used: dict[str, int] = {}
    entries = []
    for registration in reading.registrations:
        entry = _entry(reading, registration, chains, checks)
        if entry is None:
            continue
        reasons = [entry.rejected] if entry.rejected else []
        if entry.key in accepted:
            reasons.append("its key is registered already")
        elif not reasons:
            accepted.add(entry.key)
        entries.append(_numbered(entry, reasons, used))
    return tuple(sorted(entries, key=lambda e: (e.target, e.workload, e.scenario)))


def _numbered(entry: c.Entry, reasons: list[str], used: dict[str, int]) -> c.Entry:
    """Return an entry with its verdict, under a key of its own."""
    import msgspec

    count = used[entry.key] = used.get(entry.key, 0) + 1
    key = entry.key if count == 1 else f"{entry.key}#{count}"
    return msgspec.structs.replace(entry, key=key, rejected="; ".join(reasons))


def _entry(
    reading: Reading, registration: Registration, chains: Chains, checks: Checks | None
) -> c.Entry | None:
    """Return a registration as the Catalog has it; None, with notes, where it has no key."""
    cls = registration.cls
    try:
        values, causes = chains.of(cls)
        order = mro(cls)
    except NotStatic as cause:
        reading.notes.unresolved(cause)
        return None
    for found in causes:
        reading.notes.unresolved(found)
    parts = dict(_parts(reading, registration))
    if len(parts) < len(IDENTITY) + len(PARTS):
        return None
    names = {key: member.name for key, member in parts.items()}
    key = "/".join(names[part] for part in (*IDENTITY, *PARTS))
    candidate = Candidate(cls, parts, frozenset(values))
    reasons = list(dict.fromkeys(checks.reasons(candidate))) if checks is not None else []
    stop = registration.stopped
    stopped = f"{stop.source.path}:{stop.source.line} fails with {stop.got}" if stop else ""
    if stopped:
        reasons.insert(0, f"it is never registered: {stopped}")
    raw = {name: value.resolved for name, value in values.items()}
    return c.Entry(
        key=key,
        target=names["system"],
        workload=names["benchmark"],
        scenario=names["scenario"],
        setting=c.Setting(
            accuracy=names["accuracy_target"],
            power=names["power_setting"],
            harness=names["harness_type"],
        ),
        values=values,
        source=cls.source,
        set_by=cls.name,
        doc=cls.doc.partition("\n")[0],
        rejected="; ".join(reasons),
        stopped=stopped,
        digest="" if causes or checks is None else digest(raw),
        bases=tuple(base.name for base in (*order, *_root(order))),
    )


def _root(order: tuple[Any, ...]) -> tuple[External, ...]:
    """Return the root of all classes, where an order does not name it."""
    return () if getattr(order[-1], "name", "") == "builtins.object" else (_OBJECT,)


_OBJECT = External("builtins.object")


def _parts(reading: Reading, registration: Registration) -> Iterator[tuple[str, EnumMember]]:
    """Yield the parts of a key; what is neither an enum member nor a named system is noted."""
    cls = registration.cls
    found = {name: reading.attribute(cls, name) for name in IDENTITY}
    found |= {name: registration.values.get(name) for name in PARTS}
    for name, value in found.items():
        if isinstance(value, EnumMember):
            yield name, value
        elif isinstance(value, Instance) and name == "system":
            try:
                yield name, as_member(reading, value)
            except NotStatic as cause:
                reading.notes.unresolved(cause)
        elif isinstance(value, Unknown):
            reading.notes.unresolved(value.cause)
        else:
            where = cls.source if name in IDENTITY else registration.source
            got = "none" if value is None else "another value"
            message = f"want {name} of {cls.short} as an enum member, got {got}; set it"
            reading.notes.add("no-key", "error", message, where)
