"""Vocabulary, benchmarks and command-line options of a decorator-registry tree."""

from __future__ import annotations

from typing import Any

from docgen import catalog as c
from docgen.dialects.registry_reading import (
    CONSTANTS,
    FIELDS,
    Reading,
    enum_of,
    field_of,
    members_of,
    plain_text,
)
from docgen.evaluation.objects import ClassInfo, EnumMember, Instance


def read_words(reading: Reading) -> tuple[c.Word, ...]:
    """Return the members of the enums of the module of constants."""
    module = reading.interpreter.module(CONSTANTS)
    words = []
    for binding in module.names.values() if module is not None else ():
        cls = binding.value
        if not isinstance(cls, ClassInfo) or cls.module is not module or not enum_of(cls):
            continue
        for name, member in members_of(cls).items():
            bound = cls.names[name]
            words.append(
                c.Word(
                    enum=cls.short,
                    name=name,
                    value=plain_text(member.value),
                    doc=bound.owner.doc,
                    source=bound.source,
                )
            )
    return tuple(words)


def read_workloads(reading: Reading) -> tuple[c.Workload, ...]:
    """Return the benchmarks that the tree knows, as declared."""
    enum = reading.enum(CONSTANTS, "Benchmark")
    if enum is None:
        return ()
    harnesses = reading.name_in(CONSTANTS, "G_DEFAULT_HARNESS_TYPES")
    return tuple(
        _workload(reading, enum, member, harnesses if isinstance(harnesses, dict) else {})
        for name, member in members_of(enum).items()
        if name == member.name
    )


def _workload(
    reading: Reading, enum: ClassInfo, member: EnumMember, harnesses: dict[Any, Any]
) -> c.Workload:
    """Return a benchmark as the Catalog has it."""
    title = plain_text(member.value)
    properties: dict[str, Any] = {}
    aliases = plain_text(field_of(member.value, "aliases"))
    if aliases:
        properties["aliases"] = aliases
    harness = harnesses.get(member)
    if isinstance(harness, EnumMember):
        properties["default_harness"] = harness.name
    precise = reading.name_in(CONSTANTS, "G_HIGH_ACC_ENABLED_BENCHMARKS")
    if isinstance(precise, (tuple, list)):
        properties["high_accuracy"] = member in precise
    return c.Workload(
        name=member.name,
        title=title if isinstance(title, str) else member.name,
        source=enum.names[member.name].source,
        properties=properties,
    )


def read_commands(reading: Reading) -> tuple[c.Command, ...]:
    """Return the options of the harness's entry point, where the tree declares them."""
    enum = reading.enum(FIELDS, "MainArgs")
    if enum is None:
        return ()
    flags = [
        _flag(enum.names[name].source, member.value)
        for name, member in members_of(enum).items()
        if isinstance(member.value, Instance)
    ]
    doc = enum.doc.partition("\n\n")[0]
    return (
        c.Command(name="python3 -m code.main", help=doc, source=enum.source, flags=tuple(flags)),
    )


def _flag(source: c.Source, value: Instance) -> c.Flag:
    """Return an option as the Catalog has it."""
    options = field_of(value, "argparse_opts")
    options = options if isinstance(options, dict) else {}
    choices = plain_text(options.get("choices")) or []
    kind = getattr(field_of(value, "value_type"), "name", "").removeprefix("builtins.")
    return c.Flag(
        names=(f"--{field_of(value, 'name')}",),
        help=str(field_of(value, "description") or ""),
        source=source,
        type="" if kind == "str" else kind,
        default=plain_text(field_of(value, "default")),
        required=options.get("required") is True,
        is_flag=kind == "bool",
        choices=tuple(str(choice) for choice in choices) if isinstance(choices, list) else (),
    )
