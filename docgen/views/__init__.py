"""Pages as pure functions of Catalog and Evidence; templates turn them into text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from docgen.catalog import Catalog
from docgen.views.model import Config, Evidence, Output, Part

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


def parts(catalog: Catalog, evidence: Evidence, config: Config) -> Iterator[Part]:
    """Yield the parts of every view, in the order of rendering.

    A view whose outputs depend on little has a function `parts`; any other one is one part.
    """
    from importlib import import_module

    for name in NAMES:
        view = import_module(f"docgen.views.{name}")
        if hasattr(view, "parts"):
            yield from view.parts(catalog, evidence, config)
        else:
            yield Part(make=partial(view.pages, catalog, evidence, config))


def every(catalog: Catalog, evidence: Evidence, config: Config) -> Iterator[Output]:
    """Yield the output of every view."""
    for part in parts(catalog, evidence, config):
        yield from part.make()
