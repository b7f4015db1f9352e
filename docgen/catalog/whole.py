"""The Catalog itself and its versioned JSON form."""

from __future__ import annotations

from typing import Any

import msgspec

from docgen.catalog.base import Frozen
from docgen.catalog.boards import MigBoard
from docgen.catalog.pages import Claim, Diagnostic, Snippet
from docgen.catalog.programs import ApiItem, Command, Failure, MakeTarget
from docgen.catalog.settings import Entry, FieldSpec
from docgen.catalog.subjects import Policy, Row, Target, Term, Word, Workload
from docgen.errors import Problem, SourceError

SCHEMA_VERSION = 1
"""Version of the JSON form; a change that old readers cannot read raises it."""


class Catalog(Frozen, frozen=True, kw_only=True):
    """Everything that was read from one source tree."""

    dialect: str
    """Front end that read it."""
    root: str
    """Name of the tree (never an absolute path)."""
    packages: tuple[str, ...]
    """Packages or folders that were read."""
    targets: tuple[Target, ...] = ()
    """Systems, by family, then as declared."""
    workloads: tuple[Workload, ...] = ()
    """Benchmark tasks."""
    fields: tuple[FieldSpec, ...] = ()
    """Settings that entries can have, in order of declaration."""
    entries: tuple[Entry, ...] = ()
    """Configurations, by target, workload and scenario."""
    policies: tuple[Policy, ...] = ()
    """Rules of the harness."""
    terms: tuple[Term, ...] = ()
    """The glossary."""
    words: tuple[Word, ...] = ()
    """Members of the vocabulary's enums."""
    rows: tuple[Row, ...] = ()
    """Objects that pages tabulate, by kind, in order of declaration."""
    boards: tuple[MigBoard, ...] = ()
    """GPUs that MIG can partition, where the tree has a table of them."""
    commands: tuple[Command, ...] = ()
    """Commands of the console scripts, each group before its commands."""
    makes: tuple[MakeTarget, ...] = ()
    """Targets of the Makefiles at the root, in trees written by others."""
    failures: tuple[Failure, ...] = ()
    """Error classes with their codes."""
    api: tuple[ApiItem, ...] = ()
    """Public items of the documented packages; members follow their parent."""
    snippets: tuple[Snippet, ...] = ()
    """Commands and programs of the pages, where a front end collects them."""
    claims: tuple[Claim, ...] = ()
    """Statements in prose, where a front end collects them."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What was found wrong, the gravest first."""
    files: dict[str, str] = msgspec.field(default_factory=dict)
    """SHA-256 of every file that was read, by path relative to the root."""
    version: str = ""
    """Version of the documented project, as its own metadata says."""
    schema: int = SCHEMA_VERSION
    """Version of this form."""

    def target(self, name: str) -> Target:
        """Return the target of that name; KeyError when there is none."""
        for target in self.targets:
            if target.name == name:
                return target
        raise KeyError(name)

    def rows_of(self, kind: str) -> tuple[Row, ...]:
        """Return the tabulated objects of a kind; empty where the tree has none."""
        return tuple(row for row in self.rows if row.kind == kind)

    def entries_of(self, target: str, workload: str | None = None) -> tuple[Entry, ...]:
        """Return the entries of a target, optionally of one workload only."""
        return tuple(
            e
            for e in self.entries
            if e.target == target and (workload is None or e.workload == workload)
        )


def to_json(catalog: Catalog) -> bytes:
    """Return the JSON form: UTF-8, two spaces of indent, keys in declaration order."""
    return msgspec.json.format(msgspec.json.encode(catalog), indent=2) + b"\n"


def from_json(data: bytes, where: str = "catalog.json") -> Catalog:
    """Return the Catalog of a JSON form; raise SourceError where it does not fit."""
    try:
        catalog = msgspec.json.decode(data, type=Catalog)
    except msgspec.MsgspecError as error:
        raise SourceError(
            Problem(where, "a Catalog", str(error), "export it again with `docgen export`")
        ) from error
    if catalog.schema > SCHEMA_VERSION:
        raise SourceError(
            Problem(
                where,
                f"schema version {SCHEMA_VERSION} or older",
                str(catalog.schema),
                "read it with a newer docgen",
            )
        )
    return catalog


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the Catalog."""
    return msgspec.json.schema(Catalog)


def schema_json() -> bytes:
    """Return the JSON Schema as a file's content."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2) + b"\n"
