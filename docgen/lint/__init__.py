"""Looks for configurations that are written correctly and look wrong all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from docgen.catalog import Catalog
from docgen.findings import Finding, at_least, ordered
from docgen.lint import accepted, bodies, fields, memory, rates, variants
from docgen.lint.context import Subject, merged

if TYPE_CHECKING:
    from docgen.config import Config

__all__ = ["PARTS", "Report", "lint", "run"]

_GROUPS = {
    "rates": rates,
    "memory": memory,
    "fields": fields,
    "variants": variants,
    "bodies": bodies,
}

READING, DECISIONS = "reading the source", "what is accepted"

PARTS = (READING, *_GROUPS, DECISIONS)
"""Parts of the work, in their order, as `run` names them when it begins one."""

OnPart = Callable[[str], object]
"""Called with the name of each part that begins."""


@dataclass(frozen=True)
class Report:
    """What was found in one tree."""

    root: str
    """Name of the tree."""
    configurations: int
    """How many configurations it has."""
    findings: tuple[Finding, ...]
    """Open findings, the gravest first."""
    accepted: tuple[Finding, ...]
    """Findings that somebody has accepted, each with the reason."""

    def failing(self, severity: str) -> tuple[Finding, ...]:
        """Return the open findings that are as grave as a severity."""
        return at_least(self.findings, severity)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "schema": 1,
            "root": self.root,
            "configurations": self.configurations,
            "findings": msgspec.to_builtins(self.findings),
            "accepted": msgspec.to_builtins(self.accepted),
        }


def run(
    config: Config,
    *,
    ignore_file: Path | None = None,
    only: Iterable[str] = (),
    on_part: OnPart = str,
) -> Report:
    """Return what is found in a tree, with accepted findings apart.

    Args:
        config: The tree.
        ignore_file: TOML file with decisions to accept findings.
        only: Names of the rules to apply; empty for all.
        on_part: Called with the name of each part that begins.

    Raises:
        UsageError: A decision lacks its rule, place or reason.
        SourceError: The tree cannot be read.
    """
    from docgen.config import project_table
    from docgen.extract import extract

    ignores: tuple[accepted.Ignore, ...] = ()
    table = project_table(config.root).get("tool", {}).get("docgen", {})
    if isinstance(table, Mapping) and "lint" in table:
        ignores = accepted.read_table(table["lint"], "pyproject.toml [tool.docgen.lint]")
    if ignore_file is not None:
        ignores += accepted.read_file(ignore_file)
    on_part(READING)
    catalog = extract(config)
    names = frozenset(only)
    found = lint(catalog, config.root, on_part=on_part)
    on_part(DECISIONS)
    open_ones, done = accepted.apply(found, catalog, config.root, ignores)
    if names:
        open_ones = tuple(f for f in open_ones if f.code in names)
        done = tuple(f for f in done if f.code in names)
    return Report(catalog.root, len(catalog.entries), ordered(open_ones), done)


def lint(
    catalog: Catalog, root: Path | None = None, *, on_part: OnPart = str
) -> tuple[Finding, ...]:
    """Return every finding about a tree, accepted or not, the gravest first.

    Args:
        catalog: What the tree says.
        root: Its folder; without it, rules that read source text are left out.
        on_part: Called with the name of each group of rules that begins.
    """
    return ordered(merged(_every(Subject(catalog, root), on_part)))


def _every(subject: Subject, on_part: OnPart) -> Iterator[Finding]:
    """Yield what every group of rules finds."""
    for name, module in _GROUPS.items():
        on_part(name)
        yield from module.check(subject)
