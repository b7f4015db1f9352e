"""Entries of our dialect: the key, and every setting with its override chain."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from docgen import catalog as c
from docgen.dialects.ours_facts import (
    check_object,
    config_modules,
    field_value,
    listed,
    note_twice,
    note_unknown_reasons,
)
from docgen.docstrings import parse
from docgen.evaluate import plain
from docgen.evaluation.classes import dataclass_fields, derives_from
from docgen.evaluation.objects import Instance, NotStatic, Unknown
from docgen.evaluation.provenance import note_reasons, place_of, values_of

if TYPE_CHECKING:
    from docgen.dialects.ours import Reading


def read_entries(
    reading: Reading, targets: list[c.Target], workloads: list[c.Workload]
) -> list[c.Entry]:
    """Return the entries by target, workload and scenario, in the order of those."""
    found: dict[str, c.Entry] = {}
    for module in config_modules(reading, "targets"):
        for item in listed(reading, module, "ENTRIES", "configs.schema.Entry"):
            entry = _entry(reading, item)
            if entry is None:
                continue
            if entry.key in found:
                note_twice(reading.notes, "entry", entry.key, entry.source)
                continue
            _check_names(reading, item, targets, workloads)
            found[entry.key] = entry
    for module in reading.evaluator.tree.walk(f"{reading.package}.targets"):
        for _, settings in reading.constants(module, "configs.schema.Settings"):
            _check_settings(reading, settings)
    ranks = (
        {t.name: i for i, t in enumerate(targets)},
        {w.name: i for i, w in enumerate(workloads)},
        {s: i for i, s in enumerate(_scenarios(reading))},
    )
    return sorted(found.values(), key=lambda e: _rank(e, *ranks))


def _rank(entry: c.Entry, targets: Any, workloads: Any, scenarios: Any) -> tuple[int, ...]:
    """Return the place of an entry; entries of one place keep their order."""
    return (
        targets.get(entry.target, len(targets)),
        workloads.get(entry.workload, len(workloads)),
        scenarios.get(entry.scenario, len(scenarios)),
    )


def _scenarios(reading: Reading) -> Iterator[str]:
    """Yield the scenarios in the order in which the schema declares their classes."""
    from docgen.dialects.ours import scenario_of

    base = reading.cls("configs.schema.Settings")
    for binding in base.module.names.values() if base is not None else ():
        cls = binding.value
        if base is not None and getattr(cls, "bases", None) and derives_from(cls, base.name):
            yield from scenario_of(reading, cls)


def _entry(reading: Reading, item: Instance) -> c.Entry | None:
    """Return an entry as the Catalog has it; None, with notes, where it has no key."""
    notes, evaluator = reading.notes, reading.evaluator
    check_object(reading, item)
    for chain in item.fields.values():
        if isinstance(chain[-1].value, Unknown):
            notes.unresolved(chain[-1].value.cause)
    settings = item.fields["settings"][-1].value if "settings" in item.fields else None
    if not isinstance(settings, Instance):
        return None
    try:
        key = str(evaluator.attribute(item, "key", item.source, item.cls.module))
        scenario = plain(evaluator.attribute(item, "scenario", item.source, item.cls.module))
    except NotStatic as cause:
        notes.unresolved(cause)
        return None
    parts = {
        name: str(field_value(reading, item, name))
        for name in c.Setting.__struct_fields__
        if name in item.fields
    }
    inline = settings.owner.name == item.owner.name
    _check_settings(reading, settings)
    return c.Entry(
        key=key,
        target=str(field_value(reading, item, "target")),
        workload=str(field_value(reading, item, "workload")),
        scenario=str(scenario),
        setting=c.Setting(**parts),
        values=values_of(settings, evaluator, notes),
        source=item.source,
        set_by="" if inline else settings.owner.name,
        doc="" if inline else parse(settings.owner.doc).summary,
    )


def _check_settings(reading: Reading, settings: Instance) -> None:
    """Note the mistakes in settings, and values without a reason."""
    check_object(reading, settings)
    for chain in settings.fields.values():
        if isinstance(chain[-1].value, Unknown):
            reading.notes.unresolved(chain[-1].value.cause)
    note_reasons(settings, reading.notes)
    known = list(dataclass_fields(settings.cls, reading.evaluator))
    note_unknown_reasons(reading, settings, parse(settings.owner.doc), known)


def _check_names(
    reading: Reading, item: Instance, targets: list[c.Target], workloads: list[c.Workload]
) -> None:
    """Note targets and workloads that do not exist."""
    tables = (("target", [t.name for t in targets]), ("workload", [w.name for w in workloads]))
    for kind, known in tables:
        name = field_value(reading, item, kind)
        if name in known:
            continue
        close = get_close_matches(str(name), known, n=3, cutoff=0.5)
        if close:
            mend = "did you mean " + " or ".join(map(repr, close)) + "?"
        else:
            mend = "use one of: " + ", ".join(known)
        message = f"want a known {kind}, got {name!r}; {mend}"
        reading.notes.add("unknown-name", "error", message, place_of(item.fields[kind][-1]))
