"""Containers as the interpreter sees them: what is in them, where that is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from docgen.catalog import Source
from docgen.evaluation import classes, operations
from docgen.evaluation.objects import ClassInfo, NotStatic, Unknown


class DefaultDict(dict[Any, Any]):
    """A dict that makes missing items, as `collections.defaultdict` does."""

    make: Callable[[], Any] | None = None
    """What makes them; None where that is not known, so that a missing item is an error."""


def known(value: Any, source: Source) -> Any:
    """Return a container whose items are known one by one; raise where it was spoilt."""
    if isinstance(value, dict) and operations.SPOILT in value:
        raise value[operations.SPOILT].cause
    if isinstance(value, (set, frozenset)):
        for item in value:
            if isinstance(item, Unknown):
                raise item.cause
    if not isinstance(value, operations.CONTAINERS):
        raise NotStatic(source, f"the items of {operations.describe(value)}")
    return value


def iterate(value: Any, source: Source) -> list[Any]:
    """Return the items of a container, text or enum; those of a set in a fixed order."""
    if isinstance(value, str):
        return list(value)
    if isinstance(value, ClassInfo) and classes.is_enum(value):
        members = classes.enum_members(value)
        return [member for name, member in members.items() if name == member.name]
    items = known(value, source)
    if isinstance(items, (set, frozenset)):
        return sorted(items, key=lambda item: (type(item).__name__, repr(item)))
    return list(items)
