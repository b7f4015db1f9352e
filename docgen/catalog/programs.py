"""What can be typed or called: commands, make targets, the API, its errors."""

from __future__ import annotations

from docgen.catalog.base import Frozen, Json, Source


class Flag(Frozen, frozen=True, kw_only=True):
    """An option or argument of a command."""

    names: tuple[str, ...]
    """Spellings: `--target`, `-t`; the metavariable alone for an argument."""
    help: str
    """Help text."""
    source: Source
    """Where it is declared."""
    type: str = ""
    """Type as declared; empty for plain text."""
    default: Json = None
    """Default value."""
    required: bool = False
    """Whether it must be given."""
    is_flag: bool = False
    """Whether it takes no value."""
    multiple: bool = False
    """Whether it can be given more than once."""
    choices: tuple[str, ...] = ()
    """Allowed values."""
    argument: bool = False
    """Whether it is positional."""


class Command(Frozen, frozen=True, kw_only=True):
    """A command of one of the console scripts."""

    name: str
    """Full name as typed: `harness run`."""
    help: str
    """Docstring of the command (Markdown)."""
    source: Source
    """Where it is defined."""
    flags: tuple[Flag, ...] = ()
    """Options and arguments, in order of declaration."""


class MakeRun(Frozen, frozen=True, kw_only=True):
    """A Python program that a recipe of a Makefile starts."""

    program: str
    """Dotted name of the module, as `python -m` takes it."""
    variables: tuple[str, ...] = ()
    """Variables of make among its arguments: `RUN_ARGS`."""
    flags: tuple[str, ...] = ()
    """Options that the recipe gives itself: `--action=run_harness`."""


class MakeTarget(Frozen, frozen=True, kw_only=True):
    """A target of a tree's Makefiles."""

    name: str
    """Name as typed behind `make`; with `%` where it is a pattern."""
    source: Source
    """Rule that has its recipe."""
    makefile: str = ""
    """File that must be named with `-f`; empty where make reads it by itself."""
    phony: bool = False
    """Whether it names no file."""
    pattern: bool = False
    """Whether it stands for many names."""
    conditional: bool = False
    """Whether it exists under a condition only."""
    needs: tuple[str, ...] = ()
    """Targets that are made before it."""
    variables: tuple[str, ...] = ()
    """Variables that its recipe uses."""
    calls: tuple[str, ...] = ()
    """Targets that its recipe makes with make itself."""
    runs: tuple[MakeRun, ...] = ()
    """Python programs that its recipe starts."""


class ApiItem(Frozen, frozen=True, kw_only=True):
    """A module, class, function or attribute of a documented package."""

    name: str
    """Dotted path: `runtime.configs.fieldspec.check`."""
    kind: str
    """`module`, `class`, `function`, `method`, `property` or `attribute`."""
    source: Source
    """Where it is defined."""
    signature: str = ""
    """Parameters and result as written, without the name: `(obj: Any) -> list[Problem]`."""
    annotation: str = ""
    """Type of an attribute or property, as written."""
    value: str = ""
    """Expression of an attribute, as written."""
    bases: tuple[str, ...] = ()
    """Base classes, as written."""
    doc: str = ""
    """Docstring (Markdown, Google sections as written)."""


class Failure(Frozen, frozen=True, kw_only=True):
    """An error class of the harness: its code is a section of the troubleshooting page."""

    code: str
    """Stable code, `H200`."""
    name: str
    """Class name."""
    doc: str
    """Its docstring: what failed and what to do."""
    exit_code: int
    """What the command line returns."""
    source: Source
    """Where it is defined."""
