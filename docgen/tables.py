"""Tables as MyST: pipe tables for single lines, list tables for richer cells."""

from __future__ import annotations

from docgen.views.model import Table


def render_table(content: Table, empty: str = "") -> str:
    """Return a table as MyST; the words of `empty` where it has no rows.

    Tables whose cells are single lines become pipe tables, which align numbers; others
    become list tables.
    """
    if not content.rows:
        return empty
    plain = all("\n" not in cell for row in content.rows for cell in row)
    return _pipe_table(content) if plain else _list_table(content)


def _pipe_table(content: Table) -> str:
    """Return a table of single lines."""
    marks = [":--" if i not in content.numeric else "--:" for i in range(len(content.headers))]
    lines = [_pipe_row(content.headers), "| " + " | ".join(marks) + " |"]
    lines += [_pipe_row(row) for row in content.rows]
    options = [f":class: {content.name}", ":widths: auto"] if content.name else [":widths: auto"]
    return "\n".join(["```````{bench:pipes}", *options, "", *lines, "```````"])


def _pipe_row(cells: tuple[str, ...]) -> str:
    """Return one row of a pipe table."""
    return "| " + " | ".join(cell.replace("\\|", "|").replace("|", "\\|") for cell in cells) + " |"


def _list_table(content: Table) -> str:
    """Return a table whose cells may hold paragraphs, lists and collapsible parts."""
    options = [":header-rows: 1", ":widths: auto"]
    if content.stub:
        options.append(f":stub-columns: {content.stub}")
    classes = [content.name] if content.name else []
    classes += [f"bench-numeric-{i + 1}" for i in content.numeric]
    if classes:
        options.append(f":class: {' '.join(classes)}")
    options += [f":{name}: {word}" for name, word in content.extras.items()]
    lines = ["```````{bench:table}", *options, ""]
    for row in (content.headers, *content.rows):
        for place, cell in enumerate(row):
            bullet = "* -" if place == 0 else "  -"
            first, *rest = cell.split("\n")
            lines.append(f"{bullet} {first}".rstrip())
            lines += [f"    {line}".rstrip() for line in rest]
    return "\n".join([*lines, "```````"])
