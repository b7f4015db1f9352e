"""Evaluated objects as catalog values: what each field holds, who set it, where and why."""

from __future__ import annotations

import msgspec

from docgen.catalog import Source, Step, Value
from docgen.docstrings import parse
from docgen.evaluate import Evaluator, kind_of, plain
from docgen.evaluation.classes import dataclass_fields
from docgen.evaluation.notes import Notes
from docgen.evaluation.objects import Instance, NotStatic, Setting, Unknown


def values_of(instance: Instance, evaluator: Evaluator, notes: Notes) -> dict[str, Value]:
    """Return every field of an object with its chain, in order of declaration.

    A field whose last setting is not static is left out and noted.
    """
    values: dict[str, Value] = {}
    for name in dataclass_fields(instance.cls, evaluator):
        if name not in instance.fields:
            continue
        try:
            values[name] = value_of(name, instance.fields[name], instance.owner.doc)
        except NotStatic as cause:
            notes.unresolved(cause)
    return values


def value_of(name: str, settings: tuple[Setting, ...], own_doc: str = "") -> Value:
    """Return the catalog value of a field from its settings.

    A reason that the object's own docstring gives for a value it inherits stands
    at the step that holds. Earlier settings that are not static stand in the chain as null.

    Raises:
        NotStatic: When the last setting is not static.
    """
    last = settings[-1]
    resolved = plain(last.value)
    own = parse(own_doc)
    steps = [_step(name, setting) for setting in settings]
    steps[-1] = msgspec.structs.replace(
        steps[-1],
        why=own.why.get(name) or steps[-1].why,
        basis=own.basis.get(name) or steps[-1].basis,
    )
    return Value(
        resolved=resolved,
        expression=steps[-1].expression,
        kind="default" if last.default else kind_of(last.node, last.value),
        source=steps[-1].source,
        set_by=steps[-1].set_by,
        chain=tuple(steps),
    )


def _step(name: str, setting: Setting) -> Step:
    """Return one setting as a step of the chain."""
    try:
        resolved = plain(setting.value)
    except NotStatic:
        resolved = None
    doc = parse(setting.owner.doc)
    return Step(
        set_by=setting.owner.name,
        expression=expression_of(setting),
        resolved=resolved,
        source=place_of(setting),
        why=doc.why.get(name, ""),
        basis=doc.basis.get(name, ""),
    )


def expression_of(setting: Setting) -> str:
    """Return the source text of a setting, on one line where it is several."""
    text = setting.module.text(setting.node)
    return " ".join(text.split()) if "\n" in text else text


def place_of(setting: Setting) -> Source:
    """Return where the expression of a setting stands."""
    return setting.module.source(setting.node)


def note_reasons(instance: Instance, notes: Notes) -> None:
    """Note values set away from their default without a reason or an origin."""
    for name, settings in instance.fields.items():
        last = settings[-1]
        first = settings[0]
        if last.default or (first.default and _same(first, last)):
            continue
        doc = parse(last.owner.doc)
        if not doc.why.get(name) and not doc.basis.get(name):
            message = (
                f"want a reason for {name}, got none; add `{name}:` under `Why:` or `Source:` "
                f"in the docstring of {last.owner.name.rpartition('.')[2]}"
            )
            notes.add("no-reason", "warning", message, place_of(last))


def _same(first: Setting, last: Setting) -> bool:
    """Tell whether two settings give the same value."""
    if isinstance(first.value, Unknown) or isinstance(last.value, Unknown):
        return False
    try:
        return type(first.value) is type(last.value) and bool(first.value == last.value)
    except TypeError:
        return False
