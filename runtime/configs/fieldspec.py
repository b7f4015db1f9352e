"""What a field's annotation says beyond its type, and the check that holds it.

`batch_size: Annotated[int, Unit("samples"), Between(1, 65536)] = 1` is read by
people, by mypy (type and name), by `check` (bounds) and by docgen (all of it,
without running it).
"""

from __future__ import annotations

import dataclasses
import functools
import math
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from runtime.errors import Problem
from runtime.troubles.settings import CONFIG_VALUE


@dataclasses.dataclass(frozen=True)
class Unit:
    """Physical or counting unit of a number, as printed after it."""

    symbol: str
    """Printed form: `ms`, `samples`, `samples/s`, `GB`."""


@dataclasses.dataclass(frozen=True)
class Between:
    """Closed interval that a number must lie in; an open end is None."""

    low: float | None = None
    """Least allowed value."""
    high: float | None = None
    """Greatest allowed value."""


@dataclasses.dataclass(frozen=True)
class OneOf:
    """The only allowed values of a field whose type is wider."""

    choices: tuple[str | int | float, ...]
    """Allowed values."""


@dataclasses.dataclass(frozen=True)
class Group:
    """Which heading of the settings page a field stands under.

    Guides print the groups in the order a reader tunes: batching, concurrency,
    load, latency, durations, model, device.
    """

    name: str
    """Lower-case heading."""


@dataclasses.dataclass(frozen=True)
class LoadGenKey:
    """The user.conf key that carries the field to LoadGen."""

    key: str
    """Key without model and scenario, for example `target_qps`."""


def check(obj: Any, where: str = "") -> list[Problem]:
    """Return every problem of a config object: types, bounds, choices.

    Args:
        obj: An instance of a dataclass whose fields may carry `Annotated` marks.
        where: Text put before each field's name, usually the entry's key.

    Returns:
        One problem per field that is wrong; empty when all is well.
    """
    problems: list[Problem] = []
    cls: type = type(obj)
    for name, base, marks in _annotated_fields(cls):
        place = f"{where}.{name}" if where else f"{type(obj).__name__}.{name}"
        problems += _check_value(place, getattr(obj, name), base, marks)
    return problems


def field_types(cls: type) -> dict[str, Any]:
    """Return the type of each field of a config class, without its marks, by field name."""
    return {name: base for name, base, _ in _annotated_fields(cls)}


def unit_of(cls: type, field: str) -> str:
    """Return the printed unit of a field of a config class; empty where it has none."""
    for name, _, marks in _annotated_fields(cls):
        if name == field:
            return next((m.symbol for m in marks if isinstance(m, Unit)), "")
    return ""


def group_of(cls: type, field: str) -> str:
    """Return the heading that a field of a config class stands under; empty where it has none."""
    for name, _, marks in _annotated_fields(cls):
        if name == field:
            return next((m.name for m in marks if isinstance(m, Group)), "")
    return ""


def most_of(cls: type, field: str) -> float | None:
    """Return the greatest value that a field of a config class admits; None without a bound."""
    for name, _, marks in _annotated_fields(cls):
        if name == field:
            return next((m.high for m in marks if isinstance(m, Between)), None)
    return None


@functools.cache
def _annotated_fields(cls: type) -> tuple[tuple[str, Any, tuple[Any, ...]], ...]:
    """Return (name, type, marks) of each field; read once per class."""
    hints = get_type_hints(cls, include_extras=True)
    found = []
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        if get_origin(hint) is Annotated:
            base, *marks = get_args(hint)
            found.append((field.name, base, tuple(marks)))
        else:
            found.append((field.name, hint, ()))
    return tuple(found)


def _check_value(place: str, value: Any, base: Any, marks: tuple[Any, ...]) -> list[Problem]:
    """Return the problems of one value."""
    allowed = get_args(base) if get_origin(base) in _UNIONS else (base,)
    if value is None and type(None) in allowed:
        return []
    plain = tuple(
        t for t in allowed if isinstance(t, type) and t is not type(None) and get_origin(t) is None
    )
    if plain and not _is_a(value, plain):
        wanted = " or ".join(t.__name__ for t in plain)
        got = f"{value!r} ({type(value).__name__})"
        return [Problem(place, wanted, got, "give a value of that type", CONFIG_VALUE.code)]
    return [p for mark in marks for p in _check_mark(place, value, mark)]


def _is_a(value: Any, types: tuple[type, ...]) -> bool:
    """Tell whether a value is of one of the types; an int is a float, a bool is no int."""
    if isinstance(value, bool):
        return bool in types
    if isinstance(value, int) and not isinstance(value, Enum) and float in types:
        return True
    return isinstance(value, types)


def _check_mark(place: str, value: Any, mark: Any) -> list[Problem]:
    """Return the problems that one mark finds in a value."""
    if isinstance(mark, Between):
        low = -math.inf if mark.low is None else mark.low
        high = math.inf if mark.high is None else mark.high
        if isinstance(value, (int, float)) and not low <= value <= high:
            span = _span(mark)
            do = "choose a value in that range"
            return [Problem(place, span, repr(value), do, CONFIG_VALUE.code)]
    if isinstance(mark, OneOf) and value not in mark.choices:
        names = ", ".join(repr(c) for c in mark.choices)
        do = "choose one of them"
        return [Problem(place, f"one of {names}", repr(value), do, CONFIG_VALUE.code)]
    return []


def _span(mark: Between) -> str:
    """Return the interval in words."""
    if mark.high is None:
        return "any number" if mark.low is None else f"at least {mark.low:.12g}"
    if mark.low is None:
        return f"at most {mark.high:.12g}"
    return f"{mark.low:.12g} to {mark.high:.12g}"


def _union_types() -> tuple[Any, ...]:
    import types

    return (Union, getattr(types, "UnionType", Union))


_UNIONS = _union_types()
