"""Entries that the documented tree's own checks would refuse, each with the reason."""

from __future__ import annotations

from docgen.catalog import Entry
from docgen.views import links
from docgen.views.lookup import variant
from docgen.views.model import Table
from docgen.views.text import inline


def rejections(entries: list[Entry]) -> Table:
    """Return the refused entries with reason and place; no rows where there are none."""
    rows = tuple(
        (inline(f"{e.workload}, {variant(e)}"), inline(e.rejected), links.short_src(e.source))
        for e in entries
    )
    return Table(headers=("Configuration", "Why it would be refused", "Place"), rows=rows)
