"""What tables of the EXPORTS dialect hold: declared fields as keys, keys of configurations."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import Any

from docgen.catalog import Source
from docgen.evaluation import operations
from docgen.evaluation.mappings import Table
from docgen.evaluation.objects import EnumMember, Instance, Setting
from docgen.evaluation.tree import Module


@dataclass(frozen=True, eq=False)
class FieldRef:
    """A declared field: what a config's table has for keys."""

    name: str
    """Declared name, which may differ from that of the attribute that holds it."""
    module: Module
    """Module that declares it."""
    source: Source
    """Where it is declared."""
    doc: str = ""
    """Its description."""
    parser: ast.expr | None = None
    """Expression of the function that reads it from text."""
    choices: tuple[Any, ...] = ()
    """Texts that the command line takes for it."""
    environment: str = ""
    """Variable that can give its value."""


class Point(Instance):
    """An object that equals every other of the same class with the same content."""

    def _content(self) -> tuple[Any, ...]:
        """Return what equality compares."""
        parts = ((name, _token(chain[-1].value)) for name, chain in self.fields.items())
        return (self.cls.name, *sorted(parts, key=lambda part: part[0]))

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return isinstance(other, Point) and self._content() == other._content()

    def __hash__(self) -> int:
        """Return a hash over the content."""
        return hash(self._content())


def _token(value: Any) -> Any:
    """Return something hashable that stands for a value."""
    if isinstance(value, EnumMember):
        return (value.cls.name, value.name)
    try:
        hash(operations.bounded(value))
    except TypeError:
        return repr(value)
    except operations.Refused:
        return id(value)
    return value


def settings_of(table: Table, key: Any) -> tuple[Setting, ...]:
    """Return the history of a key; the last setting holds the value of the table."""
    chain = table.chains.get(key, ())
    if not chain:
        return ()
    return (*chain[:-1], replace(chain[-1], value=table[key]))
