"""Entries of the EXPORTS dialect: one for each key of a config file's EXPORTS."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from docgen import catalog as c
from docgen.dialects.exports_files import ConfigFile, Reading
from docgen.dialects.exports_resolution import value_of
from docgen.dialects.exports_values import FieldRef, settings_of
from docgen.digests import digest
from docgen.evaluation.mappings import Table
from docgen.evaluation.objects import (
    EnumMember,
    External,
    Import,
    Instance,
    NotStatic,
    Setting,
    Unknown,
)
from docgen.evaluation.operations import SPOILT, describe, unknowns
from docgen.evaluation.provenance import place_of
from docgen.evaluation.tree import Module, dotted

EXPORTS = "EXPORTS"
"""Name that a config file binds its configurations to."""

PARTS = ("harness_type", "accuracy_target", "power_setting")
"""Fields of a key, by the meaning that a Setting has for them: harness, accuracy, power."""

DEFAULTS = c.Setting(accuracy="0.99", power="MaxP", harness="Custom")
"""Parts of a key that the name of an entry leaves out."""


def read_entries(reading: Reading, files: list[ConfigFile]) -> list[c.Entry]:
    """Return the entries of all files; the ones that hold before those that are overwritten."""
    found: dict[str, c.Entry] = {}
    others: list[c.Entry] = []
    for file in files:
        for entry in _entries(reading, file):
            if entry.key in found or entry.rejected.startswith(OVERWRITTEN):
                others.append(entry)
            else:
                found[entry.key] = entry
    return [*found.values(), *others]


OVERWRITTEN = "overwritten"
"""First word of the reason why an entry does not hold whose key is set again."""


def _entries(reading: Reading, file: ConfigFile) -> Iterator[c.Entry]:
    """Yield the entries of one file."""
    exports = _exports(reading, file)
    if exports is None:
        return
    for cause in exports.broken:
        reading.notes.unresolved(cause)
    refusal = _refusal(reading, file, exports)
    for key, earlier in exports.repeated:
        later = place_of(exports.chains[key][-1])
        reason = f"{OVERWRITTEN} by the same key at {later.path}:{later.line}"
        message = f"want each key once, got it again at line {later.line}; take one out"
        reading.notes.add("duplicate-key", "warning", message, place_of(earlier))
        entry = _entry(reading, file, key, (earlier,), reason)
        if entry is not None:
            yield entry
    for key in exports:
        entry = _entry(reading, file, key, settings_of(exports, key), refusal)
        if entry is not None:
            yield entry


def _exports(reading: Reading, file: ConfigFile) -> Table | None:
    """Return the EXPORTS of a file; None, with a note, where there is none that is known."""
    module, notes = file.module, reading.notes
    if module.node is None:
        return None
    binding = module.names.get(EXPORTS)
    where = c.Source(path=module.path, line=1)
    if binding is None:
        message = f"want a dict {EXPORTS}, got none; define it or remove the file"
        notes.add("no-exports", "warning", message, where)
        return None
    try:
        value = reading.evaluator.follow(binding)
    except NotStatic as cause:
        notes.unresolved(cause)
        return None
    if not isinstance(value, Table):
        message = f"want {EXPORTS} as a dict, got {describe(value)}; write a dict"
        notes.add("wrong-type", "error", message, binding.source)
        return None
    if SPOILT in value:
        notes.unresolved(value[SPOILT].cause)
        return None
    return value


def _refusal(reading: Reading, file: ConfigFile, exports: Table) -> str:
    """Return why Python could not import a file; empty where nothing says so."""
    causes = list(exports.broken)
    modules = {file.module.name: file.module}
    for value in exports.values():
        if isinstance(value, Table):
            causes += [*value.broken, *(found.cause for found in unknowns(value))]
            modules |= {key.module.name: key.module for key in value if isinstance(key, FieldRef)}
        elif isinstance(value, Unknown):
            causes.append(value.cause)
    for module in modules.values():
        causes += _failed_imports(reading, module)
    failing = next((found for found in causes if found.fails), None)
    if failing is None:
        return ""
    reading.notes.unresolved(failing)
    return f"{failing.source.path}:{failing.source.line}: {failing.message}"


def _failed_imports(reading: Reading, module: Module) -> list[NotStatic]:
    """Return why names that a module imports from the tree are not there."""
    known = reading.imports.get(module.name)
    if known is not None:
        return known
    causes = []
    for binding in list(module.names.values()):
        if isinstance(binding.value, (Import, Unknown)):
            try:
                reading.evaluator.follow(binding)
            except NotStatic as cause:
                causes.append(cause)
    reading.imports[module.name] = causes
    return causes


def _entry(
    reading: Reading,
    file: ConfigFile,
    key: Any,
    chain: tuple[Setting, ...],
    refusal: str,
) -> c.Entry | None:
    """Return one entry; None, with a note, where its key is not known."""
    where = place_of(chain[-1]) if chain else c.Source(path=file.module.path, line=1)
    try:
        setting = _setting(key, where)
    except NotStatic as cause:
        reading.notes.unresolved(cause)
        return None
    table = chain[-1].value if chain else None
    values, problems, complete = _values(reading, table, where)
    complete = complete and not problems
    reasons = [reason for reason in (refusal, *problems) if reason]
    return c.Entry(
        key=_name(file, setting),
        target=file.system,
        workload=file.benchmark,
        scenario=file.scenario,
        setting=setting,
        values=values,
        source=where,
        set_by=_constant(chain[-1]) if chain else "",
        rejected="; ".join(dict.fromkeys(reasons)),
        digest=digest({n: v.resolved for n, v in values.items()}) if complete else "",
        environment=_environment(reading, file),
    )


def _name(file: ConfigFile, setting: c.Setting) -> str:
    """Return the key of an entry: parts that are as usual are left out."""
    name = f"{file.system}/{file.benchmark}/{file.scenario}"
    for part in ("accuracy", "power", "harness"):
        if getattr(setting, part) != getattr(DEFAULTS, part):
            name += f"@{getattr(setting, part)}"
    return name


def _constant(setting: Setting) -> str:
    """Return the constant that holds an entry's table, where it has one of its own."""
    node = setting.node
    name = node.id if isinstance(node, ast.Name) else ""
    return dotted(f"{setting.module.name}.{name}") if name else ""


def _setting(key: Any, where: c.Source) -> c.Setting:
    """Return the parts of a key.

    Raises:
        NotStatic: When a part is missing or not known.
    """
    if not isinstance(key, Instance):
        raise NotStatic(where, f"the key {describe(key)}", want="an object with the key's parts")
    harness, accuracy, power = (_part(key, name, where) for name in PARTS)
    return c.Setting(harness=harness, accuracy=accuracy, power=power)


def _part(key: Instance, name: str, where: c.Source) -> str:
    """Return a part of a key as text: the member of an enum, the number of an accuracy."""
    if name not in key.fields:
        raise NotStatic(where, f"a key without {name}", want="a key with all its parts")
    value = key.value(name)
    if isinstance(value, Instance) and len(value.fields) == 1:
        value = next(iter(value.fields.values()))[-1].value
    if isinstance(value, Unknown):
        raise value.cause
    if isinstance(value, EnumMember):
        number = isinstance(value.value, (int, float)) and name == PARTS[1]
        return str(float(value.value)) if number else value.name
    if isinstance(value, External):
        return value.name.rpartition(".")[2]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(float(value))
    if isinstance(value, str):
        return value
    raise NotStatic(where, f"{name} as {describe(value)}", want="an enum member or a number")


def _values(
    reading: Reading, table: Any, where: c.Source
) -> tuple[dict[str, c.Value], list[str], bool]:
    """Return the values of an entry, why the tree would refuse it, whether all is known."""
    if isinstance(table, Unknown):
        reading.notes.unresolved(table.cause)
        return {}, [], False
    if not isinstance(table, Table):
        return (
            {},
            [f"{where.path}:{where.line}: want a dict of fields, got {describe(table)}"],
            False,
        )
    if SPOILT in table:
        reading.notes.unresolved(table[SPOILT].cause)
        return {}, [], False
    values: dict[str, c.Value] = {}
    problems: list[str] = []
    for cause in table.broken:
        reading.notes.unresolved(cause)
    complete = not table.broken
    for key in table:
        chain = settings_of(table, key)
        if not isinstance(key, FieldRef):
            problems.append(_unknown_field(reading, key, place_of(chain[-1]) if chain else where))
            continue
        reading.used.setdefault(key)
        try:
            values[key.name] = value_of(chain, table[key], where)
        except NotStatic as cause:
            reading.notes.unresolved(cause)
            complete = False
    return values, problems, complete


def _unknown_field(reading: Reading, key: Any, where: c.Source) -> str:
    """Note a key that declares no field; return the reason for refusing the entry."""
    known = [f.name for f in reading.used]
    close = get_close_matches(key, known, n=2, cutoff=0.5) if isinstance(key, str) else []
    mend = "did you mean the field " + " or ".join(map(repr, close)) + "?" if close else "remove it"
    shown = repr(key) if isinstance(key, (str, int, float)) else describe(key)
    message = f"want a declared field, got {shown}; {mend}"
    reading.notes.add("unknown-field", "error", message, where)
    return f"{where.path}:{where.line}: {message}"


def _environment(reading: Reading, file: ConfigFile) -> dict[str, c.Value]:
    """Return the variables that a file sets, by name."""
    values = {}
    for name, chain in reading.evaluator.environment.get(file.module.name, {}).items():
        try:
            values[name] = value_of(chain, chain[-1].value, place_of(chain[-1]))
        except NotStatic as cause:
            reading.notes.unresolved(cause, "warning")
    return values
