"""Tables of generated pages, written fast; header cells say which way they head.

A settings table has thousands of cells with parts that open. As docutils nodes they cost
most of a build. `bench:table` takes what `list-table` takes, renders each cell with
markdown-it alone, and keeps nodes only for roles, which Sphinx resolves as everywhere.
"""

from __future__ import annotations

import functools
import re
from html import escape, unescape
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import roles
from docutils.parsers.rst.directives.tables import ListTable
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from docgen.sphinx import quick_links

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it import MarkdownIt
    from sphinx.application import Sphinx

    Rows = list[list[list[str]]]

_LABEL = re.compile(r"\(([^()\s]+)\)=")
_CELL = re.compile(r"(\* -|  -)(?: (.*))?")
_BLOCKS = re.compile(r"^ *(?:`{3}|~{3}|:{3}|\+{3}|%|\[[^\]]*\]:)", re.MULTILINE)
"""Starts of blocks that only MyST itself understands."""
_ROLE = "\ue000{}\ue001"
_ROLES = re.compile("\ue000(\\d+)\ue001")
_PRIVATE = re.compile("[\ue000-\ue003]")
_TAGS = re.compile(r"<(/?)([a-z0-9]+)[^>]*>")


_WIDEST = 40
"""Characters of the widest column in plain text."""
_log = logging.getLogger(__name__)


class quick_table(nodes.General, nodes.TextElement):  # noqa: N801 - docutils names nodes so
    """A table as HTML pieces, with nodes between them for what Sphinx must resolve."""


class QuickTable(ListTable):
    """A `list-table` whose cells are rendered without docutils where they are simple."""

    option_spec: ClassVar[dict[str, Any]] = ListTable.option_spec
    """The options of `list-table`."""

    def run(self) -> list[Any]:
        """Return the table; one with blocks that only MyST understands as `list-table` does."""
        rows = split_rows(list(self.content))
        if rows is None or self.arguments or "name" in self.options:
            return list(super().run())
        found: list[nodes.Node] = []
        links: list[quick_links.Link] = []
        html = self._html(rows, found, links)
        table = quick_table(links=links)
        at = 0
        for mark in _ROLES.finditer(html):
            table += nodes.raw("", html[at : mark.start()], format="html")
            table += found[int(mark[1])]
            at = mark.end()
        table += nodes.raw("", html[at:], format="html")
        table.source, table.line = self.place()
        return [table]

    def place(self) -> tuple[str | None, int | None]:
        """Return where the table stands."""
        found: tuple[str | None, int | None] = self.state_machine.get_source_and_line(self.lineno)
        return found

    def _html(self, rows: Rows, found: list[nodes.Node], links: list[quick_links.Link]) -> str:
        """Return the table as HTML with a mark for each node and link put into the lists."""
        heads = self.options.get("header-rows", 0)
        stubs = self.options.get("stub-columns", 0)
        classes = escape(" ".join(["table", *self.options.get("class", [])]), quote=True)
        out = [f'<div class="pst-scrollable-table-container"><table class="{classes}">\n']
        for number, row in enumerate(rows):
            if number == 0 and heads:
                out.append("<thead>\n")
            if number == heads:
                out.append(("</thead>\n" if heads else "") + "<tbody>\n")
            parity = "row-odd" if number % 2 == 0 else "row-even"
            out.append(f'<tr class="{parity}">')
            for place, lines in enumerate(row):
                inside = self._cell(lines, found, links)
                if number < heads:
                    out.append(f'<th class="head" scope="col">{inside}</th>\n')
                elif place < stubs:
                    out.append(f'<th class="stub" scope="row">{inside}</th>\n')
                else:
                    out.append(f"<td>{inside}</td>\n")
            out.append("</tr>\n")
        out.append("</tbody>\n" if len(rows) > heads else "</thead>\n")
        out.append("</table></div>\n")
        return "".join(out)

    def _cell(
        self, lines: list[str], found: list[nodes.Node], links: list[quick_links.Link]
    ) -> str:
        """Return a cell as HTML: anchors of its labels, then its text."""
        anchors = []
        while lines and (label := _LABEL.fullmatch(lines[0])):
            target = nodes.target("", "", names=[nodes.fully_normalize_name(label[1])])
            self.state.document.note_explicit_target(target)
            anchors += [f'<span id="{escape(name, quote=True)}"></span>' for name in target["ids"]]
            lines = lines[1:]
        if not any(lines):
            return "".join(anchors)
        html, spans = _render("\n".join(lines))
        for name, text in spans:
            link = quick_links.take(self.state.document.settings.env, name, text)
            if link is not None:
                html = html.replace("\ue000\ue001", quick_links.MARK.format(len(links)), 1)
                links.append(link)
                continue
            html = html.replace("\ue000\ue001", _ROLE.format(len(found)), 1)
            found.append(self._role(name, text))
        head, rest = ("<p>", html[3:]) if html.startswith("<p>") else ("", html)
        return head + "".join(anchors) + rest  # inside: styles know a cell's first paragraph

    def _role(self, name: str, text: str) -> nodes.Node:
        """Return what a role gives."""
        document = self.state.document
        inliner = self.state.inliner
        find: Any = roles.role
        language = self.state_machine.language
        function, messages = find(name, language, self.lineno, document.reporter)
        if function is None:
            _log.warning("unknown role %r; correct the name", name, location=self.place())
            return nodes.inline("", "", *messages, nodes.literal("", text))
        given, problems = function(name, f"{{{name}}}`{text}`", text, self.lineno, inliner)
        return (
            given[0]
            if len(given) == 1 and not problems
            else nodes.inline("", "", *given, *problems)
        )


def split_rows(lines: list[str]) -> Rows | None:
    """Return the cells of a `list-table` as lines; None where they need the real one."""
    if _BLOCKS.search("\n".join(lines)) or _PRIVATE.search("\n".join(lines)):
        return None
    rows: Rows = []
    for line in lines:
        cell = _CELL.fullmatch(line)
        if cell and cell[1] == "* -":
            rows.append([[cell[2] or ""]])
        elif cell and rows:
            rows[-1].append([cell[2] or ""])
        elif rows and (not line or line.startswith("    ")):
            rows[-1][-1].append(line[4:])
        elif line:
            return None
    return rows if rows and len({len(row) for row in rows}) == 1 else None


@functools.lru_cache(maxsize=20_000)
def _render(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return Markdown as HTML with a mark for each role, and the roles in order."""
    env: dict[str, Any] = {"roles": []}
    html = str(_parser().render(text, env)).rstrip()
    return html, tuple(env["roles"])


@functools.cache
def _parser() -> MarkdownIt:
    """Return the parser of cells: what MyST understands inside a line, and no more."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.myst_role import myst_role_plugin

    parser = MarkdownIt("commonmark").use(myst_role_plugin)

    def write_role(_self: Any, tokens: Any, index: int, _options: Any, env: Any) -> str:
        token = tokens[index]
        env["roles"].append((token.meta["name"], token.content))
        return "\ue000\ue001"

    def write_code(_self: Any, tokens: Any, index: int, _options: Any, _env: Any) -> str:
        words = re.split(r"(\s+)", tokens[index].content)
        inside = "".join(
            word if not word.strip() else f'<span class="pre">{escape(word)}</span>'
            for word in words
        )
        return f'<code class="docutils literal notranslate">{inside}</code>'

    parser.add_render_rule("myst_role", write_role)
    parser.add_render_rule("code_inline", write_code)
    return parser


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
            table.replace_self(make_plain(table))


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
    """Write nothing: the pieces are the table."""


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
    app.add_node(quick_table, html=(_visit_quick, _visit_quick))
    app.add_directive_to_domain("bench", "table", QuickTable)
    app.add_post_transform(QuickLinks)
    app.add_post_transform(PlainTables)
