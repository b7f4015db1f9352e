"""Pages as pure functions of Catalog and Evidence; templates turn them into text."""

from __future__ import annotations

from collections.abc import Iterator

from docgen.catalog import Catalog
from docgen.views.model import Config, Evidence, Output

NAMES = (
    "front",
    "targets",
    "guide",
    "changes",
    "settings",
    "mig",
    "workloads",
    "comparison",
    "words",
    "fields",
    "systems",
    "cli",
    "api",
    "troubleshooting",
    "health",
    "machine",
)
"""Modules whose `pages` make the site, in the order of rendering."""


def every(catalog: Catalog, evidence: Evidence, config: Config) -> Iterator[Output]:
    """Yield the output of every view."""
    from importlib import import_module

    for name in NAMES:
        yield from import_module(f"docgen.views.{name}").pages(catalog, evidence, config)
