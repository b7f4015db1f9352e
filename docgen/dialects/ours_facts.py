"""Targets and workloads of our dialect: facts with their sources, properties with units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from docgen import catalog as c
from docgen.docstrings import Docstring, parse
from docgen.evaluate import plain
from docgen.evaluation.checks import check_instance
from docgen.evaluation.classes import dataclass_fields, derives_from, enum_members, is_enum
from docgen.evaluation.notes import Notes
from docgen.evaluation.objects import Binding, EnumMember, Instance, NotStatic, Unknown
from docgen.evaluation.provenance import place_of

if TYPE_CHECKING:
    from docgen.dialects.ours import Reading
    from docgen.evaluation.tree import Module


def note_twice(notes: Notes, kind: str, name: str, source: c.Source) -> None:
    """Note an identity that is used a second time."""
    message = f"want {kind} names of their own, got {name!r} twice; rename one"
    notes.add("duplicate-key", "error", message, source)


def config_modules(reading: Reading, folder: str) -> list[Module]:
    """Return the modules of a folder whose names do not start with `_`, executed statically."""
    modules = []
    for name in reading.evaluator.tree.children(f"{reading.package}.{folder}"):
        if not name.rpartition(".")[2].startswith("_"):
            module = reading.evaluator.module(name)
            if module is not None:
                modules.append(module)
    return modules


def listed(reading: Reading, module: Module, name: str, cls: str) -> list[Instance]:
    """Return the objects in a module's tuple; note what is no object of the class."""
    binding = module.names.get(name)
    if binding is None:
        return []
    try:
        value = reading.evaluator.follow(binding)
    except NotStatic as cause:
        reading.notes.unresolved(cause)
        return []
    if not isinstance(value, (tuple, list)):
        message = f"want {name} as a tuple, got another value; write a tuple"
        reading.notes.add("wrong-type", "error", message, binding.source)
        return []
    found = []
    for item in value:
        if isinstance(item, Unknown):
            reading.notes.unresolved(item.cause)
        elif isinstance(item, Instance) and derives_from(item.cls, f"{reading.package}.{cls}"):
            found.append(item)
        else:
            message = f"want an object of {cls.rpartition('.')[2]} in {name}, got another value; "
            reading.notes.add("wrong-type", "error", message + "take it out", binding.source)
    return found


def field_value(
    reading: Reading, item: Instance, name: str, default: Any = None, kind: Any = Any
) -> Any:
    """Return a field as JSON; the default where it is not static or of another kind.

    What is not static is noted here, a wrong type where the object is checked.
    """
    if name not in item.fields:
        return default
    try:
        return typed(plain(item.value(name)), kind, default)
    except NotStatic as cause:
        reading.notes.unresolved(cause)
        return default


def typed(value: Any, kind: Any, default: Any) -> Any:
    """Return a JSON value as the Catalog types it (1 as 1.0 for float), or the default."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return default


def read_targets(reading: Reading) -> list[c.Target]:
    """Return the targets by family as the vocabulary orders them, then as declared."""
    found: dict[str, tuple[int, c.Target]] = {}
    for module in config_modules(reading, "targets"):
        for item in listed(reading, module, "TARGETS", "configs.target.Target"):
            check_object(reading, item)
            name = field_value(reading, item, "name")
            if not isinstance(name, str):
                continue
            if name in found:
                note_twice(reading.notes, "target", name, item.source)
                continue
            found[name] = (_rank(item), _target(reading, name, item, module))
    ordered = sorted(found.values(), key=lambda pair: pair[0])
    return [target for _, target in ordered]


def check_object(reading: Reading, item: Instance) -> None:
    """Note the mistakes of an object and of the objects in its fields, once."""
    if id(item) in reading.checked:
        return
    reading.checked[id(item)] = item
    reading.notes.findings(item)
    try:
        check_instance(item, reading.evaluator, reading.notes)
    except NotStatic as cause:
        reading.notes.unresolved(cause)
    for chain in item.fields.values():
        if isinstance(chain[-1].value, Instance):
            check_object(reading, chain[-1].value)


def _rank(item: Instance) -> int:
    """Return the place of a target's family in its enum."""
    family = item.fields["family"][-1].value if "family" in item.fields else None
    if isinstance(family, EnumMember) and is_enum(family.cls):
        return list(enum_members(family.cls)).index(family.name)
    return len(item.fields)


def constant_of(item: Instance, module: Module) -> tuple[Binding | None, Docstring]:
    """Return the constant that an object was made in and its docstring."""
    name = item.owner.name.rpartition(".")[2]
    binding = module.names.get(name)
    if binding is None or binding.value is not item:
        return None, parse("")
    return binding, parse(item.owner.doc)


def _target(reading: Reading, name: str, item: Instance, module: Module) -> c.Target:
    """Return a target as the Catalog has it."""
    _, doc = constant_of(item, module)
    facts = {}
    for field_name, spec in dataclass_fields(item.cls, reading.evaluator).items():
        chain = item.fields.get(field_name, ())
        value = chain[-1].value if chain else None
        if isinstance(value, Unknown):
            reading.notes.unresolved(value.cause)
        if not isinstance(value, Instance) or value.cls.short != "Fact":
            continue
        facts[field_name] = c.Fact(
            name=field_name,
            value=field_value(reading, value, "value"),
            source=place_of(chain[-1]),
            unit=typed(reading.annotation(spec).mark_value("Unit", "symbol"), str, ""),
            basis=field_value(reading, value, "source", "", str),
            note=field_value(reading, value, "note", "", str),
            doc=spec.doc,
        )
    _check_reason_fields(reading, item, doc)
    why, basis = _inherited_reasons(item)
    return c.Target(
        name=name,
        title=field_value(reading, item, "title", name, str),
        family=field_value(reading, item, "family", "", str),
        devices=field_value(reading, item, "devices", 1, int),
        facts=facts,
        source=item.source,
        mig=field_value(reading, item, "mig", None, c.MigSlice | None),
        pci_ids=field_value(reading, item, "pci_ids", (), tuple[str, ...]),
        sibling=field_value(reading, item, "sibling", "", str),
        doc=doc.text or module.doc,
        why=why,
        basis=basis,
    )


def _inherited_reasons(item: Instance) -> tuple[dict[str, str], dict[str, str]]:
    """Return reason and origin by field, from the constant that set the field last."""
    why: dict[str, str] = {}
    basis: dict[str, str] = {}
    for name, chain in item.fields.items():
        last = item.owner if chain[-1].default else chain[-1].owner
        doc, own = parse(last.doc), parse(item.owner.doc)
        reason = own.why.get(name) or doc.why.get(name)
        origin = own.basis.get(name) or doc.basis.get(name)
        if reason:
            why[name] = reason
        if origin:
            basis[name] = origin
    return why, basis


def _check_reason_fields(reading: Reading, item: Instance, doc: Docstring) -> None:
    """Note reasons for fields that the object does not have."""
    known = dataclass_fields(item.cls, reading.evaluator)
    note_unknown_reasons(reading, item, doc, list(known))


def note_unknown_reasons(
    reading: Reading, item: Instance, doc: Docstring, known: list[str]
) -> None:
    """Note items of `Why:` and `Source:` that name no field."""
    from difflib import get_close_matches

    for name, line in doc.lines.items():
        if not name or name in known:
            continue
        close = get_close_matches(name, known, n=2, cutoff=0.5)
        mend = "did you mean " + " or ".join(map(repr, close)) + "?" if close else "take it out"
        message = f"want a reason for a field of {item.cls.short}, got {name!r}; {mend}"
        where = c.Source(path=item.source.path, line=item.owner.doc_line + line)
        reading.notes.add("unknown-why-field", "warning", message, where)


def read_workloads(reading: Reading) -> list[c.Workload]:
    """Return the workloads, in order of their modules."""
    found: dict[str, c.Workload] = {}
    for module in config_modules(reading, "workloads"):
        binding = module.names.get("WORKLOAD")
        if binding is None:
            continue
        try:
            item = reading.evaluator.follow(binding)
        except NotStatic as cause:
            reading.notes.unresolved(cause)
            continue
        if not isinstance(item, Instance):
            continue
        check_object(reading, item)
        name = field_value(reading, item, "name")
        if not isinstance(name, str):
            continue
        if name in found:
            note_twice(reading.notes, "workload", name, item.source)
            continue
        found[name] = _workload(reading, name, item, module)
    return list(found.values())


def _workload(reading: Reading, name: str, item: Instance, module: Module) -> c.Workload:
    """Return a workload as the Catalog has it."""
    specs = dataclass_fields(item.cls, reading.evaluator)
    names = [n for n in specs if n in item.fields and n not in ("name", "title")]
    values = {n: field_value(reading, item, n, _MISSING) for n in names}
    marks = {n: reading.annotation(specs[n]).mark_value("Unit", "symbol") for n in names}
    units = {n: typed(mark, str, "") for n, mark in marks.items()}
    return c.Workload(
        name=name,
        title=field_value(reading, item, "title", name, str),
        source=item.source,
        properties={n: v for n, v in values.items() if v is not _MISSING},
        docs={n: specs[n].doc for n in names},
        units={n: unit for n, unit in units.items() if unit},
        doc=module.doc,
    )


_MISSING = object()
