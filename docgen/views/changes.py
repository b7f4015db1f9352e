"""What changed since another tree: a page for all, and one for each GPU that has changes."""

from __future__ import annotations

from collections.abc import Iterable

from docgen import formatting as fmt
from docgen.catalog import Catalog
from docgen.changes import Changes, summary
from docgen.changes.model import Configuration, Gpu, Side, System
from docgen.changes.since import changes_since
from docgen.views import links
from docgen.views.lookup import none_cell
from docgen.views.model import Config, Evidence, Page, Table
from docgen.views.text import code, in_cell, inline, slug

VALUE = 30
"""Characters of a value, and of its source text, that a cell shows at once."""

OVERVIEW = "reference/changes.md"
"""Page about all systems."""


def pages(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Page]:
    """Yield the pages of what changed; none without a tree to compare with."""
    del evidence
    found = changes_since(config, catalog)
    if found is None:
        return
    known = {t.name: t.title for t in catalog.targets}
    yield Page(
        path=OVERVIEW,
        template="changes.md.j2",
        context={
            "old": inline(found.old),
            "new": inline(found.new),
            "same": found.same,
            "summary": _summary(found, known),
            "gone": _gone(found),
            "renamed": _renamed(found),
            "added": [f"{code(f.name)} {links.src(f.source)}" for f in found.fields_added],
            "removed": [code(f.name) for f in found.fields_removed],
        },
    )
    for gpu in found.gpus:
        for system in gpu.systems:
            if system.new in known:
                yield _page(system, gpu, found, known[system.new])


def changed_targets(config: Config, catalog: Catalog) -> dict[str, str]:
    """Return the page of what changed by the name of each system that has one."""
    found = changes_since(config, catalog)
    names = {t.name for t in catalog.targets}
    return {
        system.new: page_of(system.new)
        for gpu in (found.gpus if found is not None else ())
        for system in gpu.systems
        if system.new in names
    }


def page_of(name: str) -> str:
    """Return the path of the page of what changed for a system."""
    return f"targets/{name}/changes.md"


def _summary(found: Changes, known: dict[str, str]) -> Table:
    """Return what happened to each system that is still there, with numbers."""
    rows = []
    for gpu in found.gpus:
        for system in gpu.systems:
            if system.new not in known:
                continue
            shown = links.doc(page_of(system.new), known[system.new])
            was = f"<br>was {code(system.old)}" if system.state == "renamed" else ""
            numbers = (len(system.changed), len(system.added), len(system.removed))
            cells = (str(n) if n else none_cell() for n in numbers)
            rows.append((inline(gpu.name), f"{shown}{was}", system.state, *cells))
    headers = ("GPU", "System", "What happened", "Changed", "Added", "Removed")
    return Table(headers=headers, rows=tuple(rows), numeric=(3, 4, 5))


def _gone(found: Changes) -> Table:
    """Return the systems that are no longer there, a row a GPU."""
    rows = []
    for gpu in found.gpus:
        gone = [s for s in gpu.systems if s.state == "went"]
        if gone:
            names = ", ".join(code(s.old) for s in gone)
            rows.append((inline(gpu.name), names, str(sum(len(s.removed) for s in gone))))
    return Table(headers=("GPU", "Systems", "Configurations"), rows=tuple(rows), numeric=(2,))


def _renamed(found: Changes) -> Table:
    """Return the fields that have another name."""
    rows = tuple(
        (
            code(r.old),
            code(r.new),
            f"{r.equal} of {r.configurations}" if r.configurations else "same description",
        )
        for r in found.renamed
    )
    return Table(headers=("Was", "Is", "Values equal"), rows=rows)


def _page(system: System, gpu: Gpu, found: Changes, title: str) -> Page:
    """Return the page of one system."""
    return Page(
        path=page_of(system.new),
        template="changes_target.md.j2",
        context={
            "label": f"{slug(system.new)}-changes",
            "title": inline(title),
            "target": system.new,
            "gpu": inline(gpu.name),
            "old": inline(found.old),
            "sentence": inline(_sentence(system)),
            "facts": _facts(system),
            "values": _values(system),
            "added": _list(system.added, link=True),
            "removed": _list(system.removed, link=False),
        },
    )


def _sentence(system: System) -> str:
    """Return what happened to a system in a sentence."""
    if system.state == "appeared":
        return f"It is new, with {fmt.count(len(system.added), 'configuration')}."
    same = len(system.both) - len(system.changed)
    text = (
        f"{len(system.changed)} of {fmt.count(len(system.both), 'configuration')} changed, "
        f"{len(system.added)} were added, {len(system.removed)} removed, {same} are the same."
    )
    return f"It was called {system.old}. {text}" if system.state == "renamed" else text


def _facts(system: System) -> Table:
    """Return the facts that differ."""
    rows = tuple((inline(f.name), in_cell(f.old), in_cell(f.new)) for f in system.facts)
    return Table(headers=("Fact", "Was", "Is"), rows=rows)


def _values(system: System) -> Table:
    """Return every changed value with where it is set now."""
    rows = tuple(
        (
            _field(line.change.field),
            _cell(line.change.old),
            _cell(line.change.new, placed=True),
            inline(line.where),
        )
        for line in summary.lines(system)
    )
    return Table(headers=("Field", "Was", "Is", "In"), rows=rows, numeric=(1, 2))


def _field(name: str) -> str:
    """Return the name of a field; a part of a dictionary stands below the dictionary."""
    head, dot, part = name.partition(".")
    return f"{code(head)}<br>{code(part)}" if dot and part != "*" else code(head)


def _cell(side: Side | None, *, placed: bool = False) -> str:
    """Return a value, with its source text where that says more, and where it is set."""
    if side is None:
        return none_cell()
    how = summary.expression(side)
    lines = [in_cell(side.resolved, longest=VALUE)]
    lines += [code(how)] if how and len(how) <= VALUE else []
    lines += [links.short_src(side.source)] if placed else []
    return "<br>".join(lines)


def _list(found: tuple[Configuration, ...], *, link: bool) -> list[str]:
    """Return configurations that only one of the trees has; old places are not in the site."""
    return [
        f"{inline(c.place.text)} {links.short_src(c.source)}" if link else inline(c.place.text)
        for c in found
    ]
