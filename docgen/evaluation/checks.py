"""Holds evaluated objects against the types and marks of their fields, as at run time."""

from __future__ import annotations

from typing import Any

from docgen.evaluate import Evaluator
from docgen.evaluation.annotations import Annotation, read_annotation
from docgen.evaluation.classes import dataclass_fields
from docgen.evaluation.notes import Notes
from docgen.evaluation.objects import (
    ClassInfo,
    EnumMember,
    External,
    Instance,
    NotStatic,
    Setting,
    Unknown,
)
from docgen.evaluation.operations import describe
from docgen.evaluation.provenance import place_of

_BUILTINS: dict[str, type] = {
    f"builtins.{t.__name__}": t for t in (int, float, str, bool, bytes, tuple, list, dict)
}


def check_instance(instance: Instance, evaluator: Evaluator, notes: Notes) -> None:
    """Note every field whose value has a wrong type, is out of bounds or not a choice."""
    for name, field in dataclass_fields(instance.cls, evaluator).items():
        if name not in instance.fields:
            continue
        setting = instance.fields[name][-1]
        if isinstance(setting.value, Unknown):
            continue
        try:
            annotation = read_annotation(field, evaluator)
        except NotStatic as cause:
            notes.unresolved(cause)
            continue
        place = f"{instance.cls.short}.{name}"
        if not _fits(setting.value, annotation):
            message = (
                f"want {place} as {annotation.text}, got {_shown(setting.value)}; "
                "give a value of that type"
            )
            notes.add("wrong-type", "error", message, place_of(setting))
            continue
        _check_marks(place, setting, annotation, notes)


def _fits(value: Any, annotation: Annotation) -> bool:
    """Tell whether a value is of one of the types; unknown types take everything."""
    return not annotation.types or any(_is_a(value, kind) for kind in annotation.types)


def _is_a(value: Any, kind: Any) -> bool:
    """Tell whether a value is of a type; an int is a float, a bool is no int."""
    if kind is None:
        return value is None
    if isinstance(kind, ClassInfo):
        if isinstance(value, (Instance, EnumMember)):
            return kind in value.cls.order if value.cls.order else _inherits(value.cls, kind)
        return False
    expected = _BUILTINS.get(kind.name) if isinstance(kind, External) else None
    if expected is None:
        return True
    if isinstance(value, EnumMember):
        return isinstance(value.value, expected)
    if isinstance(value, bool):
        return expected is bool
    if isinstance(value, int) and expected is float:
        return True
    return isinstance(value, expected)


def _inherits(cls: ClassInfo, kind: ClassInfo) -> bool:
    """Tell whether a class is, or derives from, another."""
    from docgen.evaluation.classes import mro

    return kind in mro(cls)


def _check_marks(place: str, setting: Setting, annotation: Annotation, notes: Notes) -> None:
    """Note what the marks `Between` and `OneOf` find in a value."""
    value = setting.value
    for mark in annotation.marks:
        if mark.cls.short == "Between" and isinstance(value, (int, float)):
            low, high = (_bound(mark, name) for name in ("low", "high"))
            if (low is not None and value < low) or (high is not None and value > high):
                message = (
                    f"want {place} {span(low, high)}, got {value!r}; choose a value in that range"
                )
                notes.add("out-of-bounds", "error", message, place_of(setting))
        elif mark.cls.short == "OneOf":
            choices = mark.value("choices")
            known = value.value if isinstance(value, EnumMember) else value
            if isinstance(choices, (tuple, list)) and known not in choices:
                names = ", ".join(repr(c) for c in choices)
                message = f"want {place} as one of {names}, got {known!r}; choose one of them"
                notes.add("out-of-bounds", "error", message, place_of(setting))


def _bound(mark: Instance, name: str) -> float | None:
    """Return an end of an interval; None where it is open."""
    value = mark.value(name) if name in mark.fields else None
    return value if isinstance(value, (int, float)) else None


def span(low: float | None, high: float | None) -> str:
    """Return an interval in words."""
    if low is None:
        return "of any size" if high is None else f"of at most {high:.12g}"
    return f"of at least {low:.12g}" if high is None else f"from {low:.12g} to {high:.12g}"


def _shown(value: Any) -> str:
    """Return a value as an author would recognize it."""
    if isinstance(value, (Instance, EnumMember, ClassInfo, External)):
        return describe(value)
    return f"{value!r} ({type(value).__name__})"
