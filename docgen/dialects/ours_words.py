"""Policies, terms, vocabulary and error classes of our dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docgen import catalog as c
from docgen.api import descendants
from docgen.dialects.ours_facts import check_object, field_value, note_twice, typed
from docgen.docstrings import parse
from docgen.evaluate import Evaluator, plain
from docgen.evaluation.classes import attribute, enum_members, is_enum
from docgen.evaluation.objects import ClassInfo, Instance, NotStatic

if TYPE_CHECKING:
    from docgen.dialects.ours import Reading


def read_policies(reading: Reading) -> list[c.Policy]:
    """Return the constants of Policy, by id; modules in order of their names."""
    found: dict[str, c.Policy] = {}
    for module in reading.evaluator.tree.walk(f"{reading.package}.policies"):
        reading.evaluator.module(module.name)
        for binding, item in reading.constants(module, "policies.model.Policy"):
            values = _plain_fields(reading, item)
            if not isinstance(values.get("id"), str):
                continue
            doc = parse(binding.owner.doc).text
            policy = c.Policy(
                id=values["id"],
                title=typed(values.get("title"), str, ""),
                rule=typed(values.get("rule"), str, ""),
                applies_to=typed(values.get("applies_to"), str, ""),
                basis=typed(values.get("source"), str, ""),
                source=item.source,
                value=typed(values.get("value"), float | None, None),
                unit=typed(values.get("unit"), str, ""),
                doc=doc,
            )
            if policy.id in found:
                note_twice(reading.notes, "policy", policy.id, item.source)
            found.setdefault(policy.id, policy)
    return list(found.values())


def _plain_fields(reading: Reading, item: Instance) -> dict[str, Any]:
    """Return an object's fields as JSON; what is wrong with it is noted and left out."""
    check_object(reading, item)
    values = {name: field_value(reading, item, name, _MISSING) for name in item.fields}
    return {name: value for name, value in values.items() if value is not _MISSING}


_MISSING = object()


def read_terms(reading: Reading) -> list[c.Term]:
    """Return the constants of Term, in order; `terms` is a module or a folder of them."""
    found: dict[str, c.Term] = {}
    for module in reading.evaluator.tree.walk(f"{reading.package}.terms"):
        reading.evaluator.module(module.name)
        for cls in ("terms.Term", "terms.model.Term"):
            for _, item in reading.constants(module, cls):
                _keep_term(reading, item, found)
    return list(found.values())


def _keep_term(reading: Reading, item: Instance, found: dict[str, c.Term]) -> None:
    """Keep one term; note a name that is used a second time."""
    values = _plain_fields(reading, item)
    name = next((values[n] for n in ("name", "word", "term") if n in values), "")
    if not isinstance(name, str) or not name:
        return
    if name in found:
        note_twice(reading.notes, "term", name, item.source)
        return
    found[name] = c.Term(
        name=name,
        definition=typed(values.get("definition"), str, ""),
        basis=typed(values.get("source", values.get("basis")), str, ""),
        source=item.source,
    )


TABULATED: tuple[tuple[str, str, str, str], ...] = (
    ("policies", "policies.rounds.Round", "Round", "name"),
    ("policies", "policies.contradictions.Contradiction", "Contradiction", "id"),
    ("policies", "policies.scenarios.ScenarioGuide", "ScenarioGuide", "title"),
    ("troubles", "troubles.model.Trouble", "Trouble", "code"),
)
"""Folder, class, kind and naming field of the objects that pages tabulate."""


def read_rows(reading: Reading) -> list[c.Row]:
    """Return the constants of the tabulated classes, by kind; a tree may have none of them."""
    found: dict[tuple[str, str], c.Row] = {}
    for folder, cls, kind, field in TABULATED:
        for module in reading.evaluator.tree.walk(f"{reading.package}.{folder}"):
            reading.evaluator.module(module.name)
            for binding, item in reading.constants(module, cls):
                values = _plain_fields(reading, item)
                name = values.get(field)
                if not isinstance(name, str) or not name:
                    continue
                alone = binding.value is item
                doc = parse(binding.owner.doc).text if alone else ""
                row = c.Row(kind=kind, name=name, values=values, source=item.source, doc=doc)
                if (kind, name) in found and found[kind, name] != row:
                    note_twice(reading.notes, kind, name, item.source)
                found.setdefault((kind, name), row)
    return list(found.values())


def read_words(reading: Reading) -> list[c.Word]:
    """Return the members of the vocabulary's enums, in order."""
    module = reading.evaluator.module(f"{reading.package}.vocabulary")
    words = []
    for binding in module.names.values() if module is not None else ():
        cls = binding.value
        if not isinstance(cls, ClassInfo) or cls.module is not module or not is_enum(cls):
            continue
        for name, member in enum_members(cls).items():
            bound = cls.names[name]
            words.append(
                c.Word(
                    enum=cls.short,
                    name=name,
                    value=plain(member),
                    doc=bound.owner.doc,
                    source=bound.source,
                )
            )
    return words


def read_failures(
    evaluator: Evaluator, packages: tuple[str, ...], items: list[c.ApiItem]
) -> list[c.Failure]:
    """Return the classes that set a `code` and have an `exit_code`, by code."""
    failures: dict[str, c.Failure] = {}
    for name in sorted(descendants(items, ("Exception",))):
        module_name, _, short = name.rpartition(".")
        module = evaluator.module(module_name)
        bound = module.names.get(short) if module is not None else None
        cls = bound.value if bound is not None else None
        failure = _failure(evaluator, cls) if isinstance(cls, ClassInfo) else None
        if failure is not None:
            failures[name] = failure
    order = {package: index for index, package in enumerate(packages)}
    return sorted(
        failures.values(),
        key=lambda f: (order.get(f.source.path.split("/")[0], 99), f.code, f.name),
    )


def _failure(evaluator: Evaluator, cls: ClassInfo) -> c.Failure | None:
    """Return an error class as the Catalog has it; None where it has no code of its own."""
    try:
        code, exit_code = (attribute(cls, name) for name in ("code", "exit_code"))
        if code is None or exit_code is None or "code" not in cls.names:
            return None
        values = evaluator.follow(code), evaluator.follow(exit_code)
    except NotStatic:
        return None
    if not isinstance(values[0], str) or not isinstance(values[1], int):
        return None
    return c.Failure(
        code=values[0], name=cls.short, doc=cls.doc, exit_code=values[1], source=cls.source
    )
