"""What stands around a page: menus, trail, neighbours; pages whose surroundings changed.

Sphinx writes a page again when its own text, or what it links to, has changed. A new or
renamed page also changes the menus of others, which would stay as they were written.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes

from docgen.writing import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

KEPT = "docgen_surroundings.json"
"""File beside the doctrees that says what stands around each page that was written."""

APART = frozenset({"html_static_path", "templates_path"})
"""Settings that decide nothing of a menu; themes and extensions add to them in each build."""


def hash_section(app: Sphinx, section: str) -> str:
    """Return a hash over what menus of titles of a section show, and over what makes them."""
    from docgen.unchanged import hash_tools

    builder, config = app.builder, app.config
    parts = [
        hash_tools().hex(),
        *(f"{v.name} {v.value!r}" for v in config.filter({"html"}) if v.name not in APART),
        *(config.language, *sorted(app.tags), builder.name, builder.get_target_uri("a/b")),
        *(str(config.exclude_patterns), str(config.include_patterns)),
        *_titles(app.env, section),
    ]
    return _hash(parts)


def find_section(env: BuildEnvironment, pagename: str) -> str:
    """Return the page of the first level that a page stands below; empty for other pages."""
    from sphinx.environment.adapters.toctree import _get_toctree_ancestors

    found = [*_get_toctree_ancestors(env.toctree_includes, pagename)]
    return found[-1] if found else ""


def _titles(env: BuildEnvironment, section: str) -> Iterator[str]:
    """Yield titles and menu entries of the pages of a section, its first one included."""
    for docname in _below(env, section):
        depth = env.metadata.get(docname, {}).get("tocdepth", 0)
        yield from (docname, str(depth))
        toc = env.tocs.get(docname)
        for item in toc.children if toc is not None else ():
            if isinstance(item, nodes.Element) and item.children:
                yield from _words(item.children[0])
        for menu in toc.findall(addnodes.toctree) if toc is not None else ():
            yield from _words(menu)
        yield from _words(env.titles.get(docname))


def _below(env: BuildEnvironment, section: str) -> list[str]:
    """Return the pages of a section, its first one included."""
    found = {section: None}
    pending = [section]
    while pending:
        for name in env.toctree_includes.get(pending.pop(), ()):
            if name not in found:
                found[name] = None
                pending.append(name)
    return sorted(found)


def _words(node: nodes.Node | None) -> Iterator[str]:
    """Yield a node as words: every node in it with all its attributes."""
    if isinstance(node, nodes.Element):
        yield f"<{node.tagname} {sorted(node.attributes.items())}"
        for child in node.children:
            yield from _words(child)
        yield ">"
    elif node is not None:
        yield repr(node.astext())


def _hash(parts: list[str]) -> str:
    """Return a hash over texts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def _surroundings(env: BuildEnvironment) -> dict[str, str]:
    """Return a hash over what stands around each page."""
    root = env.config.root_doc
    first = env.toctree_includes.get(root, [])
    top = [word for name in (root, *first) for word in (name, *_words(env.titles.get(name)))]
    sections = {name: _hash([*top, *_titles(env, name)]) for name in first}
    parents: dict[str, str] = {}
    for name, children in env.toctree_includes.items():
        parents |= dict.fromkeys(children, name)
    relations = env.collect_relations()
    found = {}
    for docname in sorted(env.found_docs):
        related = [name or "" for name in relations.get(docname, ())]
        trail = _trail(parents, docname)
        words = [w for n in (*related, *trail) for w in (n, *_words(env.titles.get(n)))]
        section = sections.get(trail[-1] if trail else docname, "")
        found[docname] = _hash([*top, section, *words])
    return found


def _trail(parents: dict[str, str], docname: str) -> list[str]:
    """Return a page and those above it, without the root of all."""
    trail: list[str] = []
    while docname in parents and docname not in trail:
        trail.append(docname)
        docname = parents[docname]
    return trail


def _find_changed(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Return the pages around which something else stands than when they were written."""
    if app.builder.format != "html":
        return []
    before = _read(Path(app.doctreedir) / KEPT)
    now = _surroundings(env)
    app.__dict__["docgen_surroundings"] = now
    return [name for name in now if before.get(name) != now[name]]


def _keep(app: Sphinx, exception: Exception | None) -> None:
    """Remember what stands around pages, once all are written."""
    now = app.__dict__.get("docgen_surroundings")
    if exception is None and now is not None:
        place = Path(app.doctreedir) / KEPT
        try:
            write_atomically(place, json.dumps(now, indent=1).encode(), durable=False)
        except OSError:
            place.unlink(missing_ok=True)


def _read(place: Path) -> dict[str, str]:
    """Return what stood around pages; nothing where that is not known."""
    try:
        found = json.loads(place.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def register(app: Sphinx) -> None:
    """Let pages be written again around which something has changed."""
    app.connect("env-updated", _find_changed)
    app.connect("build-finished", _keep)
