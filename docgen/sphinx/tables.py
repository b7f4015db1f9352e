"""Tables of generated pages, written fast; header cells say which way they head.

A settings table has thousands of cells with parts that open. As docutils nodes they cost
most of a build. `bench:table` takes what `list-table` takes, renders each cell with
markdown-it alone, and keeps nodes only for roles, which Sphinx resolves as everywhere.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import roles
from docutils.parsers.rst.directives.tables import ListTable, RSTTable, Table
from sphinx.util import logging

from docgen.sphinx import cells, quick_links

if TYPE_CHECKING:
    from collections.abc import Sequence

    Rows = list[list[list[str]]]

_LABEL = re.compile(r"\(([^()\s]+)\)=")
_CELL = re.compile(r"(\* -|  -)(?: (.*))?")
_BLOCKS = re.compile(r"^ *(?:`{3}|~{3}|:{3}|\+{3}|%|\[[^\]]*\]:)", re.MULTILINE)
"""Starts of blocks that only MyST itself understands."""
_ROLE_TEXT = re.compile(r"\{[a-z:]+\}`[^`\n]+`")
_CODE_TEXT = re.compile(r"`[^`\n]+`")
_ODD_CODE = re.compile(r"``|`\{")
_ONLY_MYST = re.compile(r"[\]`]|<[A-Za-z/!?]|\$|\{\{")
"""Marks of links, attributes, HTML, notes and the like, which MyST must read."""
_OWN_TAG = re.compile(r'</?(?:details|summary|span)(?: class="[a-z -]+")?>')
"""Tags that docgen itself writes into lines; MyST leaves them as they are, too."""
_PIPE = re.compile(r" (?<!\\)\| ")
_PIPE_HEAD = ("headings", "marks")
_SIDES = {":--": "text-left", "--:": "text-right"}
_ROLE = "\ue000{}\ue001"
_ROLES = re.compile("\ue000(\\d+)\ue001")
_PRIVATE = re.compile("[\ue000-\ue003]")
_log = logging.getLogger(__name__)


class quick_table(nodes.General, nodes.TextElement):  # noqa: N801 - docutils names nodes so
    """A table as HTML pieces, with nodes between them for what Sphinx must resolve."""


class quick_list(quick_table):  # noqa: N801 - docutils names nodes so
    """A list as such pieces."""


class _Quick(Table):
    """Base: cells as HTML, with marks for what Sphinx must resolve."""

    def make(self, rows: Rows, classes: list[str], columns: Sequence[str] = ()) -> quick_table:
        """Return the table.

        Args:
            rows: Cells by row, as lines.
            classes: Classes of the table.
            columns: Class of the cells of each column; with them, a cell is one line of words.
        """
        found: list[nodes.Node] = []
        links: list[quick_links.Link] = []
        html = self._html(rows, columns, found, links)
        return self._cut(html, found, quick_table(links=links, classes=classes))

    def _cut(self, html: str, found: list[nodes.Node], into: quick_table) -> quick_table:
        """Return a node with HTML cut at the marks of nodes, and these between."""
        at = 0
        for mark in _ROLES.finditer(html):
            into += nodes.raw("", html[at : mark.start()], format="html")
            into += found[int(mark[1])]
            at = mark.end()
        into += nodes.raw("", html[at:], format="html")
        into.source, into.line = self.place()
        return into

    def place(self) -> tuple[str | None, int | None]:
        """Return where the table stands."""
        found: tuple[str | None, int | None] = self.state_machine.get_source_and_line(self.lineno)
        return found

    def _html(
        self,
        rows: Rows,
        columns: Sequence[str],
        found: list[nodes.Node],
        links: list[quick_links.Link],
    ) -> str:
        """Return the rows as HTML with a mark for each node and link put into the lists."""
        heads = self.options.get("header-rows", 1 if columns else 0)
        stubs = self.options.get("stub-columns", 0)
        out = []
        for number, row in enumerate(rows):
            if number == 0 and heads:
                out.append("<thead>\n")
            if number == heads:
                out.append(("</thead>\n" if heads else "") + "<tbody>\n")
            parity = "row-odd" if number % 2 == 0 else "row-even"
            out.append(f'<tr class="{parity}">')
            for place, lines in enumerate(row):
                inside = self._cell(lines, found, links, words=bool(columns))
                side = columns[place] if columns else ""
                out.append(_wrap(inside, side, head=number < heads, stub=place < stubs))
            out.append("</tr>\n")
        out.append("</tbody>\n" if len(rows) > heads else "</thead>\n")
        out.append("</table>\n</div>\n" if columns else "</table></div>\n")
        return "".join(out)

    def _cell(
        self,
        lines: list[str],
        found: list[nodes.Node],
        links: list[quick_links.Link],
        *,
        words: bool,
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
        html, spans = cells.render("\n".join(lines), words=words)
        for name, text in spans:
            link = quick_links.take(self.state.document.settings.env, name, text)
            if link is not None:
                html = html.replace(cells.MARK, quick_links.MARK.format(len(links)), 1)
                links.append(link)
                continue
            html = html.replace(cells.MARK, _ROLE.format(len(found)), 1)
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


def _wrap(inside: str, side: str, *, head: bool, stub: bool) -> str:
    """Return a cell; a header says which way it heads."""
    if not (head or stub):
        kind = f' class="{side}"' if side else ""
        return f"<td{kind}>{inside}</td>\n"
    scope = 'scope="col"' if head else 'scope="row"'
    kind = "head" if head else "stub"
    attributes = f'{scope} class="{kind} {side}"' if side else f'class="{kind}" {scope}'
    return f"<th {attributes}>{inside}</th>\n"


class QuickTable(_Quick, ListTable):
    """A `list-table` whose cells are rendered without docutils where they are simple."""

    option_spec: ClassVar[dict[str, Any]] = ListTable.option_spec
    """The options of `list-table`."""

    def run(self) -> list[Any]:
        """Return the table; one with blocks that only MyST understands as `list-table` does."""
        rows = split_rows(list(self.content))
        if rows is None or self.arguments or "name" in self.options:
            return list(ListTable.run(self))
        return [self.make(rows, ["table", *self.options.get("class", [])])]


class QuickPipes(_Quick, RSTTable):
    """A `table` around a pipe table, rendered without docutils where it is simple."""

    option_spec: ClassVar[dict[str, Any]] = RSTTable.option_spec
    """The options of `table`."""

    def run(self) -> list[Any]:
        """Return the table; one with marks that only MyST understands as `table` does."""
        found = split_pipes(list(self.content))
        if found is None or self.arguments or "name" in self.options:
            return list(RSTTable.run(self))
        rows, columns = found
        return [self.make(rows, [*self.options.get("class", []), "table"], columns)]


class QuickLines(_Quick):
    """A list of single lines, rendered without docutils where they are simple."""

    optional_arguments = 0
    option_spec: ClassVar[dict[str, Any]] = {}
    """No options."""

    def run(self) -> list[Any]:
        """Return the list; one with marks that only MyST understands as MyST reads it."""
        lines = [line for line in self.content if line.strip()]
        plain = all(line.startswith("- ") for line in lines)
        if not lines or not plain or _needs_myst("\n".join(lines)):
            holder = nodes.Element()
            self.state.nested_parse(self.content, self.content_offset, holder)
            return list(holder.children)
        found: list[nodes.Node] = []
        links: list[quick_links.Link] = []
        cells = (self._cell([line[2:].strip()], found, links, words=True) for line in lines)
        items = "".join(f"<li>{cell}</li>\n" for cell in cells)
        html = f'<ul class="simple">\n{items}</ul>\n'
        return [self._cut(html, found, quick_list(links=links, classes=[]))]


def split_pipes(lines: list[str]) -> tuple[Rows, list[str]] | None:
    """Return the cells of a pipe table and the class of each column; None for the real one."""
    lines = [line for line in lines if line.strip()]
    text = "\n".join(lines)
    if len(lines) <= len(_PIPE_HEAD) or _needs_myst(text):
        return None
    if not all(line.startswith("| ") and line.endswith(" |") for line in lines):
        return None
    cells = [[c.replace("\\|", "|") for c in _PIPE.split(line[2:-2])] for line in lines]
    sides = [_SIDES.get(mark.strip()) for mark in cells[1]]
    if len({len(row) for row in cells}) != 1 or None in sides:
        return None
    rows = [[[cell.strip()] for cell in row] for row in (cells[0], *cells[2:])]
    return rows, [side or "" for side in sides]


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


def _needs_myst(text: str) -> bool:
    """Tell whether words have marks that mean more to MyST than to plain Markdown."""
    words = _OWN_TAG.sub("", _ROLE_TEXT.sub("", text))
    if _ODD_CODE.search(words) or _PRIVATE.search(text):
        return True
    return _ONLY_MYST.search(_CODE_TEXT.sub("", words)) is not None
