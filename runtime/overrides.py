"""Values that the command line changes: `--set FIELD=VALUE`, parsed by the field's type."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from runtime.configs.fieldspec import field_types
from runtime.configs.schema import Settings
from runtime.errors import ConfigError, Problem, suggest
from runtime.troubles.settings import CONFIG_FIELD, CONFIG_VALUE

Overrides = Mapping[str, Any] | Sequence[str]
"""`FIELD=VALUE` texts, or field names with values or texts."""

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")
_HOW = "write it as in `--set batch_size=64`"


def parse_overrides(
    overrides: Overrides, *classes: type[Settings]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return override values by field name, in the type of the field, and every problem.

    Args:
        overrides: `FIELD=VALUE` texts, or a mapping.
        classes: Settings classes; a field is known when one of them has it.
    """
    types: dict[str, Any] = {}
    for cls in classes:
        types |= field_types(cls)
    pairs, problems = _pairs(overrides)
    values: dict[str, Any] = {}
    for name, value in pairs.items():
        place = f"--set {name}"
        if name not in types:
            mend = suggest(name, list(types))
            want = "a field of the entry"
            problems.append(Problem(place, want, repr(name), mend, CONFIG_FIELD.code))
        elif not isinstance(value, str) or isinstance(value, Enum):
            values[name] = value
        else:
            try:
                values[name] = _parse(value, types[name])
            except ValueError as error:
                problems.append(Problem(place, str(error), repr(value), _HOW, CONFIG_VALUE.code))
    return values, problems


def apply_overrides(
    settings: Settings, values: Mapping[str, Any]
) -> tuple[Settings, list[Problem]]:
    """Return settings with values replaced, or the unchanged ones and every problem."""
    try:
        return dataclasses.replace(settings, **values), []
    except ConfigError as error:
        return settings, [
            dataclasses.replace(p, where=f"--set {p.where.rpartition('.')[2]}")
            for p in error.problems
        ]


def _pairs(overrides: Overrides) -> tuple[dict[str, Any], list[Problem]]:
    """Return names with values or texts; a text without `=` is a problem."""
    if isinstance(overrides, Mapping):
        return dict(overrides), []
    pairs: dict[str, Any] = {}
    problems = []
    for text in overrides:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            problems.append(Problem("--set", "FIELD=VALUE", repr(text), _HOW))
        elif name in pairs:
            problems.append(Problem(f"--set {name}", "one value", "two", "give the field once"))
        else:
            pairs[name] = value.strip()
    return pairs, problems


def _parse(text: str, kind: Any) -> Any:
    """Return the value of a text; raise ValueError that says what would be right."""
    if kind is bool:
        return _parse_bool(text)
    if kind is int:
        try:
            return int(text)
        except ValueError:
            raise ValueError("a whole number") from None
    if kind is float:
        return _parse_float(text)
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(text)
        except ValueError:
            raise ValueError("one of " + ", ".join(str(m.value) for m in kind)) from None
    return text


def _parse_float(text: str) -> float:
    """Return a finite number; raise ValueError for anything else."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("a finite number")
    return value


def _parse_bool(text: str) -> bool:
    """Return True or False for the usual words; raise ValueError for any other."""
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("true or false")
