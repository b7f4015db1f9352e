"""Nodes that docutils lacks: collapsible parts and inline SVG; plain text elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class details(nodes.General, nodes.Element):  # noqa: N801 - docutils names nodes so
    """A part that a reader can open; its first child is the summary."""


class summary(nodes.General, nodes.TextElement):  # noqa: N801 - docutils names nodes so
    """What a closed `details` shows."""


class inline_svg(nodes.General, nodes.Element):  # noqa: N801 - docutils names nodes so
    """A drawing that takes part in the page's style; its child says what it shows."""


class command_block(nodes.literal_block):  # noqa: N801 - docutils names nodes so
    """Commands that may wrap, but never inside a flag."""


_FLAG = re.compile(r"(?<![\w/=&;-])(--?[A-Za-z][\w-]*)(?![^<]*>)")


class PlainForms(SphinxPostTransform):
    """Replaces the nodes above by plain ones for every writer but HTML."""

    default_priority = 900

    def run(self, **kwargs: Any) -> None:
        """Turn summaries and drawings into paragraphs, collapsible parts into containers."""
        del kwargs
        app = getattr(self.env, "_app", None) or self.env.app
        if app.builder.format == "html":
            return
        for drawing in list(self.document.findall(inline_svg)):
            drawing.replace_self(drawing.children)
        for line in list(self.document.findall(summary)):
            line.replace_self(nodes.paragraph("", "", *line.children))
        for part in list(self.document.findall(details)):
            part.replace_self(nodes.container("", *part.children))
        for block in list(self.document.findall(command_block)):
            plain = nodes.literal_block(block.rawsource, block.astext(), **block.attributes)
            block.replace_self(plain)


def _visit_details(writer: Any, node: nodes.Element) -> None:
    opened = {"open": "open"} if node.get("opened") else {}
    writer.body.append(writer.starttag(node, "details", "", **opened))


def _depart_details(writer: Any, node: nodes.Element) -> None:
    del node
    writer.body.append("</details>\n")


def _visit_summary(writer: Any, node: nodes.Element) -> None:
    writer.body.append(writer.starttag(node, "summary", ""))


def _depart_summary(writer: Any, node: nodes.Element) -> None:
    del node
    writer.body.append("</summary>\n")


def _visit_command(writer: Any, node: nodes.Element) -> None:
    try:
        type(writer).visit_literal_block(writer, node)
    finally:  # the writer skips the node's children by raising
        writer.body[-1] = _FLAG.sub(r'<span class="docgen-flag">\1</span>', writer.body[-1])


def _visit_svg(writer: Any, node: nodes.Element) -> None:
    writer.body.append(writer.starttag(node, "div", ""))
    writer.body.append(node["markup"])
    writer.body.append("</div>\n")
    raise nodes.SkipNode


def register(app: Sphinx) -> None:
    """Make the nodes known to the writers."""
    app.add_node(details, html=(_visit_details, _depart_details))
    app.add_node(summary, html=(_visit_summary, _depart_summary))
    app.add_node(command_block, html=(_visit_command, None))
    app.add_node(inline_svg, html=(_visit_svg, None))
    app.add_post_transform(PlainForms)
