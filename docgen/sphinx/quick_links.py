"""Links in quick tables, kept as short tuples from reading to writing.

A settings table has hundreds of links. As nodes each costs a reference, its text and a walk
by every transform. A link stands as a mark in the table's HTML, with what it leads to beside
it; just before Sphinx resolves references, the mark becomes the HTML that Sphinx would have
written, or the reference itself where the target is not known or the output is not HTML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from docutils import nodes
from docutils.utils import unescape
from sphinx import addnodes
from sphinx.util import docname_join
from sphinx.util.docutils import ReferenceRole

from docgen.sphinx import domain, sources

if TYPE_CHECKING:
    from sphinx.builders import Builder
    from sphinx.environment import BuildEnvironment

MARK = "\ue002{}\ue003"
"""What stands in the HTML for a link, with its number."""
MARKS = re.compile("\ue002(\\d+)\ue003")
"""Finds the marks."""

_SPECIAL = str.maketrans({"&": "&amp;", "<": "&lt;", '"': "&quot;", ">": "&gt;", "@": "&#64;"})
"""What docutils writes for characters that HTML or harvesters of addresses would take."""

_BENCH = {f"bench:{kind}": kind for kind in domain.KINDS}
_QUICK = {*_BENCH, "bench:src", "doc"}


class Link(NamedTuple):
    """A link as its role gives it."""

    role: str
    """`bench:src`, `bench:field`, ..., `doc`."""
    target: str
    """What it leads to."""
    title: str
    """What it shows."""
    explicit: bool
    """Whether the title was given beside the target."""
    plain: bool = False
    """Whether the title is prose, not code."""


def take(env: BuildEnvironment, name: str, text: str) -> Link | None:
    """Return the link of a role and note what the page refers to; None for what is not quick."""
    if (
        text.startswith("!")
        or "\x00" in text
        or (name not in _BENCH and name not in {"bench:src", "doc"})
    ):
        return None
    match = ReferenceRole.explicit_title_re.match(text)
    title, target = (unescape(match[1]), unescape(match[2])) if match else (unescape(text),) * 2
    record = domain.of(env).record(env.docname)
    if name == "bench:src":
        place = sources.parse_place(target)
        if sources.find_problem(domain.of(env).reader, place):
            return None
        lines = record.sources.setdefault(place.path, set())
        if place.line:
            lines.add(place.line)
        return Link(name, target, title, explicit=bool(match))
    if name == "doc":
        return Link(name, target, title, explicit=True) if match else None
    last = target.rpartition(".")[2]
    prose = (bool(match) and title not in {target, last}) or name == "bench:term"
    wanted = " ".join(target.split())
    record.references.add((_BENCH[name], wanted))
    return Link(name, wanted, title, explicit=bool(match), plain=prose)


def write(link: Link, env: BuildEnvironment, builder: Builder, here: str) -> str | None:
    """Return a link as HTML; None where Sphinx must look for its target, and warn."""
    if link.role == "bench:src":
        return _write_source(link, env, builder, here)
    if link.role == "doc":
        there = docname_join(here, link.target)
        if there not in env.all_docs:
            return None
        inside = f'<span class="doc">{_encode(link.title)}</span>'
        href = builder.get_relative_uri(here, there)
        return f'<a class="reference internal" href="{_encode(href)}">{inside}</a>'
    kind = _BENCH[link.role]
    item = domain.of(env).index().get((kind, link.target))
    if item is None:
        return None
    classes = f"xref bench bench-{kind}"
    inside = _inside(link.title, classes, plain=link.plain)
    page = "" if item.docname == here else builder.get_relative_uri(here, item.docname)
    href = _encode(f"{page}#{item.anchor}")
    title = _encode(item.title or item.name)
    return f'<a class="reference internal" href="{href}" title="{title}">{inside}</a>'


def _write_source(link: Link, env: BuildEnvironment, builder: Builder, here: str) -> str:
    """Return a link to a line of a file."""
    found = sources.locate(env, builder, here, sources.parse_place(link.target))
    inside = _inside(link.title, "docgen-src", plain=False)
    if found is None:
        return inside
    kind = "internal" if found.internal else "external"
    title = _encode(found.title)
    return f'<a class="reference {kind}" href="{_encode(found.uri)}" title="{title}">{inside}</a>'


def _encode(text: str) -> str:
    """Return a text as docutils writes it, in an attribute or outside of tags."""
    return text.translate(_SPECIAL)


def _inside(title: str, classes: str, *, plain: bool) -> str:
    """Return what a link shows, as HTML writers write it."""
    if plain:
        return f'<span class="{classes}">{_encode(title)}</span>'
    return f'<code class="{classes} docutils literal notranslate">{write_words(title)}</code>'


def write_words(text: str) -> str:
    """Return the words of code, each of which stays on its line."""
    parts = []
    for word in re.split(r"(\s+)", text):
        if not word.strip():
            parts.append(word if word in {"", " ", "\n"} else "&#160;" * (len(word) - 1) + " ")
        else:
            parts.append(f'<span class="pre">{_encode(word)}</span>')
    return "".join(parts)


def make_node(link: Link, here: str) -> nodes.Element:
    """Return the reference that the role itself would have given."""
    kind = link.role.removeprefix("bench:")
    if link.role == "bench:src":
        inner: nodes.TextElement = nodes.literal("", link.title, classes=["docgen-src"])
    else:
        classes = ["xref", link.role] if link.role == "doc" else ["xref", "bench", f"bench-{kind}"]
        element: Any = nodes.inline if link.plain or link.role == "doc" else nodes.literal
        inner = element("", link.title, classes=classes)
    return addnodes.pending_xref(
        "",
        inner,
        refdomain="std" if link.role == "doc" else "bench",
        reftype=kind,
        reftarget=link.target,
        refexplicit=link.explicit,
        refdoc=here,
        refwarn=link.role == "doc",
    )
