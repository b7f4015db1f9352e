"""Header cells of HTML tables say which way they head, for those who hear a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx


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
    """Take part in how HTML writers write table cells."""
    app.add_node(nodes.entry, override=True, html=(_visit_entry, _depart_entry))
