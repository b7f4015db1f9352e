"""What one execution of a snippet leaves behind: one JSON file a key."""

from __future__ import annotations

from typing import Any

import msgspec

SCHEMA_VERSION = 1
"""Version of the stored form."""


class _Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the stored types."""


class Check(_Frozen, frozen=True):
    """One expectation held against what was printed or recorded."""

    expect: str
    """The condition as written."""
    actual: str
    """What was found, with its unit; `missing` where there was nothing."""
    ok: bool
    """Whether it holds."""


class Dependencies(_Frozen, frozen=True):
    """What the execution really touched, seen while it ran."""

    code: dict[str, dict[str, str]]
    """Hash by qualified name by file: every executed function of the project, and
    `<module>` for the module-level statements of every imported file. Comments,
    docstrings and positions do not enter a hash."""
    files: dict[str, str]
    """SHA-256 by path of every file of the project that was opened for reading (of what
    it does, for a Python source); for a
    path that ends in `/`, a folder that was listed, over its names; `absent` for a file
    that was looked for in vain."""
    sources: dict[str, str] = {}
    """SHA-256 by path of every Python source in `code` and `files` as it was; where it
    still holds, nothing in the file can have changed."""
    values: str = ""
    """`Snippet.values` at that time: the configuration that the figures stand for."""


class Figure(_Frozen, frozen=True):
    """A drawing that an execution wrote, with its data."""

    path: str
    """The file as the page names it, relative to the working folder."""
    svg: str
    """Text of the drawing."""
    rows: tuple[tuple[str, ...], ...] = ()
    """The CSV file of the same name, its head first; empty without one."""


class Result(_Frozen, frozen=True):
    """One execution."""

    snippet: str
    """Identity of the snippet."""
    text: str
    """What was executed."""
    status: str
    """`passed`, `failed`, `timeout`, or `skipped` where the command says that the machine
    lacks something: a data set, a package."""
    started: str
    """ISO 8601 in UTC."""
    seconds: float
    """Wall-clock time of the execution."""
    exit_code: int | None
    """Exit code; None after a timeout."""
    output: str
    """What was printed (standard output; its end where it is long)."""
    errors: str
    """Standard error; its end where it is long."""
    checks: tuple[Check, ...]
    """Every expectation with its outcome."""
    depends: Dependencies
    """What it depended on."""
    code_key: str
    """Hash over text, expectations and dependencies."""
    environment: dict[str, str]
    """Machine and package versions that figures depend on, by name."""
    environment_key: str
    """Hash over the environment."""
    records: tuple[dict[str, Any], ...] = ()
    """Run records that the execution wrote."""
    figures: tuple[Figure, ...] = ()
    """Drawings that it wrote and the page asked for."""
    beside: tuple[str, ...] | None = None
    """Identities of the snippets that docgen executed during this time, sorted; empty where
    it ran alone, as everything does that measures. None in files of older versions."""
    schema: int = SCHEMA_VERSION
    """Version of this form."""
