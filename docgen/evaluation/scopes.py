"""Where names are looked up, and what the evaluator lets an expression do."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field
from typing import Any

from docgen.catalog import Source
from docgen.evaluation.objects import Binding, External, Owner
from docgen.evaluation.tree import Module


@dataclass(frozen=True)
class Rules:
    """What a dialect allows beyond the common subset; each is exact where it is allowed."""

    comprehensions: bool = False
    """Comprehensions over evaluated sequences and enums."""
    functions: bool = False
    """Calls of functions of the tree that only assign, choose and return."""
    builtins: bool = False
    """Calls of pure built-in functions: `len`, `max`, `str`, ..."""
    unpacking: bool = False
    """`**mapping` and `*sequence` in calls."""


COMMON = Rules()
"""The subset for configs: literal, readable, checkable by mypy."""
FREE = Rules(comprehensions=True, functions=True, builtins=True, unpacking=True)
"""Everything that can be evaluated exactly; for code that is no config."""


@dataclass
class Frame:
    """The names that an expression sees, and the statement that it belongs to."""

    module: Module
    """Module whose names stand behind the local ones."""
    owner: Owner
    """What the statement sets."""
    names: dict[str, Binding] = field(default_factory=dict)
    """Names of this scope; those of the module at its top level."""
    outer: Frame | None = None
    """Enclosing scope, where there is one."""
    depth: int = 0
    """Function calls that led here."""
    site: Source | None = None
    """Where the first of those calls stands."""

    def inner(self, names: dict[str, Binding]) -> Frame:
        """Return a frame nested in this one."""
        return Frame(self.module, self.owner, names, self, self.depth, self.site)


def builtin(name: str) -> External | None:
    """Return the built-in of that name, by name only; None where Python has none."""
    return External(f"builtins.{name}") if hasattr(builtins, name) else None


def plain_constant(name: str) -> tuple[bool, Any]:
    """Return whether a dotted outside name is a known constant, and its value."""
    known: dict[str, Any] = {"typing.TYPE_CHECKING": False, "math.pi": 3.141592653589793}
    known |= {"math.inf": float("inf"), "math.e": 2.718281828459045}
    return name in known, known.get(name)
