"""The first page of a tree that others wrote: what was read, and what was found wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from docgen.catalog import Catalog
from docgen.foreign import OURS
from docgen.views import links
from docgen.views.lookup import Lookup
from docgen.views.model import Config, Evidence, Page, Table
from docgen.views.text import inline, slug


def pages(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Page]:
    """Yield the page; a tree of one's own has a hand-written one."""
    del evidence, config
    if catalog.dialect == OURS:
        return
    counts = Counter(d.severity for d in catalog.diagnostics)
    refused = sum(d.code == "rejected" for d in catalog.diagnostics)
    lookup = Lookup(catalog)
    idle = sum(not lookup.entries_of(t.name) for t in catalog.targets)
    kinds = len({e.setting.harness for e in lookup.entries.values()})
    rows = (
        (links.doc("/targets/index.md", "Systems"), str(len(catalog.targets))),
        (links.doc("/workloads/index.md", "Benchmarks"), str(len(catalog.workloads))),
        (links.doc("/reference/systems.md", "Systems without configurations"), str(idle)),
        (links.doc("/reference/harnesses.md", "Harness kinds in use"), str(kinds)),
        ("Configurations", str(len(catalog.entries) - refused)),
        (links.doc("/reference/fields.md", "Fields"), str(len(catalog.fields))),
        (links.doc("/health.md", "Configurations that the tree would refuse"), str(refused)),
        (links.doc("/health.md", "Errors found"), str(counts["error"])),
        (links.doc("/health.md", "Warnings"), str(counts["warning"])),
    )
    context = {
        "title": inline(catalog.root) or "Guides",
        "dialect": catalog.dialect,
        "summary": Table(headers=("What", "Number"), rows=rows, numeric=(1,)),
        "families": _families(lookup),
    }
    yield Page(path="index.md", template="front.md.j2", context=context)


def _families(lookup: Lookup) -> Table:
    """Return the families of systems: how many each has, and how many configurations."""
    rows = []
    for name, members in lookup.families():
        count = sum(len(lookup.entries_of(t.name)) for t in members)
        slices = sum(t.mig is not None for t in members)
        rows.append(
            (links.ref(f"family-{slug(name)}", name), str(len(members)), str(slices), str(count))
        )
    headers = ("Family", "Systems", "of them MIG slices", "Configurations")
    return Table(headers=headers, rows=tuple(rows), numeric=(1, 2, 3))
