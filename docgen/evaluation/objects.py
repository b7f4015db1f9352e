"""What an expression can evaluate to, besides plain numbers, strings and containers."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from docgen.catalog import Source

if TYPE_CHECKING:
    from docgen.evaluation.tree import Module

ALLOWED = (
    "literals, names of module constants, attributes of configs and enums, calls of config "
    "dataclasses and dataclasses.replace, arithmetic, comparisons, conditional expressions "
    "and f-strings"
)
"""What may stand in a config, as told to the author of one that goes beyond it."""


class NotStatic(Exception):  # noqa: N818 - it is a finding that is passed on, seldom a failure
    """An expression whose value cannot be known without running the program."""

    def __init__(
        self,
        source: Source,
        got: str,
        *,
        code: str = "unresolved",
        want: str = "a static value",
        do: str = f"write it with {ALLOWED}",
        fails: bool = False,
    ) -> None:
        """Hold the place of the very expression and what stands there.

        `fails` says that Python itself would stop there, whatever the values are.
        """
        super().__init__(f"{source.path}:{source.line}:{source.column}: {got}")
        self.source = source
        self.code = code
        self.want = want
        self.got = got
        self.do = do
        self.fails = fails

    @property
    def message(self) -> str:
        """Return the finding without its place."""
        return f"want {self.want}, got {self.got}; {self.do}"


@dataclass(frozen=True)
class Unknown:
    """Stands where a value could not be resolved; using it raises its cause."""

    cause: NotStatic
    """Why, and where."""


@dataclass(frozen=True)
class External:
    """Something outside the documented tree: only its dotted name is known."""

    name: str
    """Dotted name: `dataclasses.replace`, `builtins.int`."""


@dataclass(frozen=True)
class ModuleRef:
    """A module of the tree, as a value."""

    module: Module
    """The module."""


@dataclass(frozen=True)
class Owner:
    """The statement that an expression belongs to: what sets a value."""

    name: str
    """Dotted name of the constant or class attribute."""
    doc: str = ""
    """Its attribute docstring."""
    doc_line: int = 0
    """Line where that docstring starts; 0 without one."""


@dataclass
class Binding:
    """A name and what it stands for."""

    value: Any
    """The value; an Import until it is first used, an Unknown where it is not static."""
    source: Source
    """Where it is bound."""
    owner: Owner
    """Dotted name and docstring."""
    node: ast.expr | None = None
    """Expression of an assignment."""
    annotation: ast.expr | None = None
    """Annotation of the assignment."""
    module: Module | None = None
    """Module that it is bound in."""


@dataclass(frozen=True)
class Import:
    """`from module import name` or `import module`, not yet followed."""

    module: str
    """Absolute dotted name of the module."""
    name: str | None
    """Name in the module; None for the module itself."""
    source: Source
    """Where it is imported."""


@dataclass(eq=False, repr=False)
class FunctionInfo:
    """A function or method of the tree."""

    module: Module
    """Module that defines it."""
    node: ast.FunctionDef | ast.AsyncFunctionDef
    """Its definition."""
    owner: Owner
    """Dotted name and docstring."""
    source: Source
    """Where it is defined."""
    kind: str = ""
    """`classmethod`, `staticmethod` or `property`, where a decorator made it one."""
    closure: Any = None
    """Scope of the function call in which it was defined, where there is one."""

    def __repr__(self) -> str:
        """Return the dotted name."""
        return f"<function {self.owner.name}>"


@dataclass(eq=False, repr=False)
class ClassInfo:
    """A class of the tree."""

    module: Module
    """Module that defines it."""
    node: ast.ClassDef
    """Its definition."""
    name: str
    """Dotted name."""
    source: Source
    """Where it is defined."""
    bases: tuple[Callable[[], Any], ...]
    """Each gives a base class, as its name was bound at the definition."""
    names: dict[str, Binding] = field(default_factory=dict)
    """Class attributes and methods, in order."""
    order: tuple[ClassInfo | External, ...] | None = None
    """Itself and its bases in Python's order, once they were asked for."""
    own: tuple[ClassInfo, ...] | None = None
    """Those of the order that the tree defines, once they were asked for."""
    is_enum: bool | None = None
    """Whether it is an enum, once that was asked for."""
    members: dict[str, EnumMember] | None = None
    """Members of an enum, once they were asked for."""
    fields: dict[str, Any] | None = None
    """Fields of a dataclass, once they were asked for."""

    def __repr__(self) -> str:
        """Return the dotted name: the whole would not end."""
        return f"<class {self.name}>"

    @property
    def short(self) -> str:
        """Return the name without the module."""
        return self.node.name

    @property
    def doc(self) -> str:
        """Return the docstring, cleaned; empty without one."""
        return ast.get_docstring(self.node) or ""


@dataclass(frozen=True)
class EnumMember:
    """A member of an enum of the tree."""

    cls: ClassInfo
    """Its enum."""
    name: str
    """Name as written."""
    value: Any = field(compare=False)
    """Its value."""


@dataclass(frozen=True)
class Setting:
    """One setting of a field: its value and who gave it."""

    value: Any
    """The value, or Unknown."""
    node: ast.expr
    """Expression of the value."""
    module: Module
    """Module in which the expression stands."""
    owner: Owner
    """Class (a default) or constant (an override) that sets it."""
    default: bool = False
    """Whether it is the default of the class."""


@dataclass(frozen=True)
class Finding:
    """A mistake in a call that can be evaluated all the same."""

    code: str
    """Code of the diagnostic."""
    message: str
    """`want X, got Y; do Z`."""
    source: Source
    """Where it is."""


@dataclass(frozen=True, eq=False, repr=False)
class Instance:
    """An object of a dataclass of the tree."""

    cls: ClassInfo
    """Its class."""
    fields: dict[str, tuple[Setting, ...]]
    """Every setting of each field that has a value, in order; the last one holds."""
    source: Source
    """Where the call stands that made it."""
    owner: Owner
    """Constant in whose statement it was made."""
    findings: tuple[Finding, ...] = ()
    """Mistakes in the calls that made it."""
    site: Source | None = None
    """Where the module-level call stands that led to it, where a function made it."""

    def __repr__(self) -> str:
        """Return class and place."""
        return f"<{self.cls.short} of {self.owner.name} at line {self.source.line}>"

    def value(self, name: str) -> Any:
        """Return a field's value, or Unknown; KeyError where it has none."""
        return self.fields[name][-1].value


@dataclass(frozen=True)
class FieldCall:
    """`dataclasses.field(...)` in a class body."""

    default: ast.expr | None
    """Expression of the default."""
    factory: ast.expr | None
    """Expression of the default factory."""
    init: bool
    """Whether the field is a parameter."""


@dataclass(frozen=True)
class Auto:
    """`enum.auto()`."""


@dataclass(frozen=True)
class Bound:
    """A method of an object, as the function of a call."""

    owner: Any
    """The object."""
    name: str
    """Name of the method."""
    function: Callable[..., Any] | FunctionInfo | None = None
    """The function, where it is one of the tree."""
