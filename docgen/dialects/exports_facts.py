"""Fields, systems, benchmarks and vocabulary of a tree in the EXPORTS dialect."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docgen import catalog as c
from docgen.dialects.exports_files import ConfigFile, Reading
from docgen.dialects.exports_values import FieldRef
from docgen.evaluation.classes import enum_members, is_enum
from docgen.evaluation.objects import ClassInfo, EnumMember, NotStatic
from docgen.evaluation.tree import Module, dotted

FIELD_MODULES = ("fields.py",)
"""Files that declare fields, wherever they are below the code folder."""

MAX_FOLDERS = 20_000
"""Folders below the code folder that are looked into."""

UNITS = {"_ns": "ns", "_usec": "us", "_us": "us", "_ms": "ms"}
"""Unit that the end of a field's name says."""


def read_fields(reading: Reading, root: Path, code: str) -> list[c.FieldSpec]:
    """Return every declared field by module and place, fields of the same name once."""
    refs: dict[FieldRef, str] = {}
    for module in _field_modules(reading, root, code):
        reading.evaluator.module(module.name)
        for name, binding in module.names.items():
            if isinstance(binding.value, FieldRef) and binding.module is module:
                refs.setdefault(binding.value, name)
    for ref in reading.used:
        refs.setdefault(ref, ref.name)
    chosen: dict[str, FieldRef] = {}
    for ref in sorted(refs, key=lambda r: (r not in reading.used, *_place(r))):
        first = chosen.setdefault(ref.name, ref)
        if first is not ref and (first.doc, _type(first)) != (ref.doc, _type(ref)):
            message = (
                f"want field names of their own, got {ref.name!r} again; "
                f"{first.source.path}:{first.source.line} declares it in another way"
            )
            severity = "warning" if ref in reading.used else "info"
            reading.notes.add("duplicate-field", severity, message, ref.source)
    return [_spec(reading, ref, refs[ref]) for ref in sorted(chosen.values(), key=_place)]


def _place(ref: FieldRef) -> tuple[str, int, int]:
    """Return the place of a declaration, for sorting."""
    return (ref.source.path, ref.source.line, ref.source.column)


def _field_modules(reading: Reading, root: Path, code: str) -> Iterator[Module]:
    """Yield the modules that may declare fields, sorted by path."""
    for count, (folder, folders, names) in enumerate(os.walk(root / code)):
        folders.sort()
        if count >= MAX_FOLDERS:
            return
        here = Path(folder)
        for name in sorted(names):
            if name in FIELD_MODULES or (here.name == "fields" and name.endswith(".py")):
                path = here / name
                if name.startswith("__") or not path.is_file():
                    continue
                module = reading.evaluator.tree.read(path)
                if module is not None:
                    yield module


def _spec(reading: Reading, ref: FieldRef, attribute: str) -> c.FieldSpec:
    """Return a field as the Catalog has it."""
    doc = [ref.doc.strip()]
    if attribute != ref.name:
        doc.append(f"Configs write it as `{attribute}`.")
    if ref.environment:
        doc.append(f"The environment variable `{ref.environment}` can give it.")
    return c.FieldSpec(
        name=ref.name,
        owner=dotted(ref.module.name),
        type=_type(ref),
        doc="\n\n".join(part for part in doc if part),
        source=ref.source,
        unit=_unit(ref),
        choices=tuple(choice for choice in ref.choices if isinstance(choice, (str, int, float))),
        group=_group(reading, ref.module),
    )


def _type(ref: FieldRef) -> str:
    """Return the type that a field's text is read as."""
    if ref.parser is None or isinstance(ref.parser, ast.Lambda):
        return "str"
    return " ".join(ref.module.text(ref.parser).split())


def _unit(ref: FieldRef) -> str:
    """Return the unit that the name or the description of a field says."""
    for end, unit in UNITS.items():
        if ref.name.endswith(end):
            return unit
    found = re.search(r"\((ns|us|ms|s)\)\s*\.?$", ref.doc)
    return found.group(1) if found else ""


def _group(reading: Reading, module: Module) -> str:
    """Return the heading of a module's fields: the first line of its docstring, or its name."""
    bound = module.names.get("__doc__")
    try:
        text = reading.evaluator.follow(bound) if bound is not None else module.doc
    except NotStatic:
        text = module.doc
    lines = str(text).strip().splitlines() if isinstance(text, str) else []
    if lines:
        return lines[0].rstrip(".")
    parts = [dotted(part) for part in module.name.split(".")[1:]]
    return next((part for part in reversed(parts) if part != "fields"), "fields")


def read_workloads(reading: Reading, files: list[ConfigFile], code: str) -> list[c.Workload]:
    """Return the benchmarks that have configs, by name."""
    declared = _declared(reading, code, "Benchmark")
    found: dict[str, c.Workload] = {}
    for file in files:
        name = file.benchmark
        if name in found:
            continue
        place = declared.get(name, c.Source(path=file.module.path, line=1))
        found[name] = c.Workload(name=name, title=name, source=place, properties={})
    for kind, names in (("Benchmark", [f.benchmark for f in files]), ("Scenario", None)):
        _check_names(reading, files, kind, names or [f.scenario for f in files], code)
    return [found[name] for name in sorted(found)]


def _check_names(
    reading: Reading, files: list[ConfigFile], kind: str, names: list[str], code: str
) -> None:
    """Note files that the harness never looks for: no member of its enum has that name."""
    declared = _declared(reading, code, kind)
    if not declared:
        return
    for file, name in zip(files, names, strict=True):
        if name not in declared:
            message = (
                f"want a {kind.lower()} of {', '.join(declared)}, got {name!r}; "
                "the harness does not look for this file: rename it or remove it"
            )
            where = c.Source(path=file.module.path, line=1)
            reading.notes.add("unknown-name", "warning", message, where)


def _declared(reading: Reading, code: str, enum: str) -> dict[str, c.Source]:
    """Return the texts of an enum's members with their places; empty without that enum."""
    module = reading.evaluator.module(f"{code}.common.constants")
    bound = module.names.get(enum) if module is not None else None
    cls = bound.value if bound is not None else None
    if not isinstance(cls, ClassInfo) or not is_enum(cls):
        return {}
    return {str(_text(cls, n, m)): cls.names[n].source for n, m in enum_members(cls).items()}


def _text(cls: ClassInfo, name: str, member: EnumMember) -> Any:
    """Return a member's value, or the first text of the call that makes it, or its name."""
    if isinstance(member.value, (str, int, float)):
        return member.value
    node = cls.names[name].node
    first = node.args[0] if isinstance(node, ast.Call) and node.args else None
    known = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return first.value if known and isinstance(first, ast.Constant) else name


def read_words(reading: Reading, code: str) -> list[c.Word]:
    """Return the members of the enums beside the class of the keys."""
    module = reading.evaluator.module(f"{code}.common.constants")
    words = []
    for binding in list(module.names.values()) if module is not None else ():
        cls = binding.value
        if not isinstance(cls, ClassInfo) or cls.module is not module or not is_enum(cls):
            continue
        try:
            members = enum_members(cls)
        except NotStatic:
            continue
        for name, member in members.items():
            bound = cls.names[name]
            words.append(
                c.Word(
                    enum=cls.short,
                    name=name,
                    value=_text(cls, name, member),
                    doc=bound.owner.doc,
                    source=bound.source,
                )
            )
    return words
