"""What becomes of quick tables: their links, other outputs than HTML, header cells."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from docgen.sphinx import quick_links
from docgen.sphinx.tables import QuickLines, QuickPipes, QuickTable, quick_list, quick_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

_TAGS = re.compile(r"<(/?)([a-z0-9]+)[^>]*>")
SETTINGS = "bench-settings"
"""Class of the tables of settings."""
_WIDEST = 40
"""Characters of the widest column in plain text."""


class QuickLinks(SphinxPostTransform):
    """Turns the links of quick tables into HTML, or into references that Sphinx resolves."""

    default_priority = 5
    """Before the references are resolved."""

    def run(self, **kwargs: Any) -> None:
        """Put something in place of every mark."""
        del kwargs
        app = getattr(self.env, "_app", None) or self.env.app
        for table in list(self.document.findall(quick_table)):
            links = table["links"]
            if not links:
                continue
            written = [self._write(link, app.builder) for link in links]
            table.children = [
                piece
                for child in table.children
                for piece in (
                    _replace_marks(child, links, written, self.env.docname)
                    if isinstance(child, nodes.raw)
                    else [child]
                )
            ]
            for child in table.children:
                child.parent = table

    def _write(self, link: quick_links.Link, builder: Any) -> str | None:
        """Return a link as HTML; None where it must be a reference."""
        if builder.format != "html":
            return None
        return quick_links.write(link, self.env, builder, self.env.docname)


def _replace_marks(
    raw: nodes.raw, links: list[quick_links.Link], written: list[str | None], here: str
) -> Iterator[nodes.Node]:
    """Yield a piece of HTML with its links, cut where one must be a reference."""
    parts = quick_links.MARKS.split(raw.astext())
    html = parts[0]
    for number, rest in zip(map(int, parts[1::2]), parts[2::2], strict=True):
        link = written[number]
        if link is None:
            yield nodes.raw("", html, format="html")
            yield quick_links.make_node(links[number], here)
            html = rest
        else:
            html += link + rest
    yield nodes.raw("", html, format="html")


class PlainTables(SphinxPostTransform):
    """Replaces quick tables by ones of docutils for every writer but HTML."""

    default_priority = 890

    def run(self, **kwargs: Any) -> None:
        """Build the tables from their pieces."""
        del kwargs
        app = getattr(self.env, "_app", None) or self.env.app
        if app.builder.format == "html":
            return
        for table in list(self.document.findall(quick_table)):
            is_list = isinstance(table, quick_list)
            table.replace_self(make_plain_list(table) if is_list else make_plain(table))


def make_plain_list(quick: quick_table) -> nodes.bullet_list:
    """Return a list of docutils with the words and nodes of a quick one."""
    items: list[nodes.paragraph] = []
    for child in list(quick.children):
        if not isinstance(child, nodes.raw):
            items[-1] += child
            continue
        text, at = child.astext(), 0
        for tag in [*_TAGS.finditer(text), None]:
            words = unescape(text[at : tag.start() if tag else len(text)])
            if items and words.strip("\n"):
                items[-1] += nodes.Text(words)
            if tag is not None:
                at = tag.end()
                if tag[2] == "li" and not tag[1]:
                    items.append(nodes.paragraph())
    return nodes.bullet_list("", *(nodes.list_item("", item) for item in items))


def make_plain(quick: quick_table) -> nodes.table:
    """Return a table of docutils with the words and nodes of a quick one."""
    rows: list[list[nodes.paragraph]] = []
    heads = 0
    for child in list(quick.children):
        if not isinstance(child, nodes.raw):
            rows[-1][-1] += child
            continue
        text, at = child.astext(), 0
        for tag in [*_TAGS.finditer(text), None]:
            words = unescape(text[at : tag.start() if tag else len(text)])
            if rows and rows[-1] and words.strip("\n"):
                rows[-1][-1] += nodes.Text(words)
            if tag is None:
                break
            at = tag.end()
            if tag[2] == "tr" and not tag[1]:
                rows.append([])
            elif tag[2] in {"td", "th"} and not tag[1]:
                rows[-1].append(nodes.paragraph())
            elif tag[2] in {"p", "li", "summary"} and tag[1] and rows:
                rows[-1][-1] += nodes.Text(" ")
            elif tag[2] == "thead" and tag[1]:
                heads = len(rows)
    return _make_table(rows, heads)


def _make_table(rows: list[list[nodes.paragraph]], heads: int) -> nodes.table:
    """Return a table of docutils with these cells."""
    widths = [
        min(_WIDEST, max(len(c.astext()) for c in column) + 2) for column in zip(*rows, strict=True)
    ]
    group = nodes.tgroup("", *(nodes.colspec(colwidth=w) for w in widths), cols=len(widths))
    made = [nodes.row("", *(nodes.entry("", cell) for cell in row)) for row in rows]
    if heads:
        group += nodes.thead("", *made[:heads])
    group += nodes.tbody("", *made[heads:])
    return nodes.table("", group)


def _visit_quick(writer: Any, node: quick_table) -> None:
    """Write what the table begins with; its pieces are the rest."""
    ids = [escape(name) for name in node["ids"]]
    writer.body.append('<div class="pst-scrollable-table-container">')
    writer.body.append("".join(f'<span id="{name}"></span>' for name in ids[1:]))
    named = f' id="{ids[0]}"' if ids else ""
    classes = escape(" ".join(dict.fromkeys(node["classes"])))
    writer.body.append(f'<table class="{classes}"{named}>\n')
    title = _title_above(node) if SETTINGS in node["classes"] else ""
    if title:
        writer.body.append(f'<caption class="visually-hidden">{escape(title)}</caption>\n')


def _title_above(node: nodes.Node) -> str:
    """Return the title of the section that a node stands in, with the one above it.

    Why: a caption is what a screen reader lists tables by; the sections of a page of
    settings are called by scenario or group, the page by system and benchmark.
    """
    titles: list[str] = []
    section = node.parent
    while section is not None:
        if isinstance(section, nodes.section):
            titles += [t.astext() for t in section.children if isinstance(t, nodes.title)]
        section = section.parent
    found = dict.fromkeys((titles[:1] + titles[-1:])[::-1])
    return ": ".join(found)


def _visit_list(writer: Any, node: quick_list) -> None:
    """Write nothing: the pieces are the list."""


def _depart_quick(writer: Any, node: quick_table) -> None:
    """Write nothing: the last piece ends the table."""


def _visit_entry(writer: Any, node: nodes.entry) -> None:
    """Write the cell as the writer does, and add `scope` to a header cell."""
    before = len(writer.body)
    type(writer).visit_entry(writer, node)
    scope = "col" if isinstance(node.parent.parent, nodes.thead) else "row"
    for index in range(before, len(writer.body)):
        if writer.body[index].startswith("<th"):
            writer.body[index] = f'<th scope="{scope}"' + writer.body[index][len("<th") :]
            return


def _depart_entry(writer: Any, node: nodes.entry) -> None:
    """Close the cell as the writer does."""
    type(writer).depart_entry(writer, node)


def register(app: Sphinx) -> None:
    """Add the fast tables, and take part in how HTML writers write table cells."""
    app.add_node(nodes.entry, override=True, html=(_visit_entry, _depart_entry))
    app.add_node(quick_table, html=(_visit_quick, _depart_quick))
    app.add_node(quick_list, html=(_visit_list, _depart_quick))
    app.add_directive_to_domain("bench", "lines", QuickLines)
    app.add_directive_to_domain("bench", "table", QuickTable)
    app.add_directive_to_domain("bench", "pipes", QuickPipes)
    app.add_post_transform(QuickLinks)
    app.add_post_transform(PlainTables)
