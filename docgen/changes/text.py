"""Differences on a terminal: one screen a GPU, more on demand."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from docgen.changes import summary
from docgen.changes.model import Changes, Gpu, System

if TYPE_CHECKING:
    from rich.console import Console

ROWS = 16
"""Changed values that are shown of a system, unless all are asked for."""

FIELD = 44
"""Columns of the name of a field, at most."""

VALUE = 18
"""Columns of a value, at most."""

LEAST = 9
"""Columns of a value, at least, where one is as long."""

WHERE = 28
"""Columns that are kept for the configurations of a change."""


def print_changes(changes: Changes, console: Console, *, full: bool = False) -> None:
    """Print what differs, GPU by GPU.

    Args:
        changes: What differs.
        console: Where to.
        full: Show every changed value instead of the first ones.
    """
    head = f"[bold]{_safe(changes.old)}[/] → [bold]{_safe(changes.new)}[/]"
    console.print(head, highlight=False, soft_wrap=True)
    if changes.is_empty:
        console.print(f"nothing differs in {changes.same} configurations")
        _print_unread(changes, console)
        return
    for gpu in changes.gpus:
        _print_gpu(gpu, console, full=full)
    if changes.renamed:
        console.print()
        console.print("[bold]fields under another name[/]")
        for field in changes.renamed:
            told = f"{field.equal} of {field.configurations} equal"
            tail = told if field.configurations else "same type and description"
            words = f"  {field.old} → {field.new}"
            apart = "  " if len(words) + len(tail) + 4 <= console.width else "\n    "
            console.print(f"{_safe(words)}{apart}[dim]({tail})[/]", highlight=False, soft_wrap=True)
    for title, fields in (
        ("fields declared now", changes.fields_added),
        ("fields no longer declared", changes.fields_removed),
    ):
        if fields:
            names = ", ".join(f.name for f in fields)
            console.print()
            console.print(f"[bold]{title}[/] ({len(fields)}): {_safe(names)}", highlight=False)
    _print_unread(changes, console)


def _print_unread(changes: Changes, console: Console) -> None:
    """Print what could not be read: what seems new or gone may be there."""
    if changes.unread:
        console.print()
    for unread in changes.unread:
        words = f"{unread.text}; `docgen export` lists them"
        console.print(f"[yellow]{_safe(words)}[/]", highlight=False, soft_wrap=True)


def _safe(text: str) -> str:
    """Return text that rich does not take for markup."""
    from rich.markup import escape

    return escape(text)


def _print_gpu(gpu: Gpu, console: Console, *, full: bool) -> None:
    """Print what differs for one GPU."""
    console.print()
    state = "" if gpu.state == "kept" else f" {gpu.state}"
    console.print(f"[bold cyan]{_safe(gpu.name)}[/][bold]{state}[/]")
    for system in gpu.systems:
        _print_system(system, console, full=full)


def _print_system(system: System, console: Console, *, full: bool) -> None:
    """Print what differs in one system."""
    colours = {"appeared": "green", "went": "red"}
    head = summary.headline(system)
    if len(head) + 2 > console.width:  # what differs goes below the names
        name, _, rest = head.partition(": ")
        head = f"{name}:\n    {rest}"
    colour = colours.get(system.state, "yellow")
    console.print(f"  [{colour}]{_safe(head)}[/]", highlight=False, soft_wrap=True)
    alone = system.state in {"appeared", "went"}
    for sign, colour, found in (("+", "green", system.added), ("-", "red", system.removed)):
        if found:
            words = summary.short_configurations(found)
            shown = words if full else _cut(words, console.width - 6)
            console.print(
                f"    [{colour}]{sign}[/] {_safe(shown)}", highlight=False, soft_wrap=True
            )
    if alone:
        return
    for fact in system.facts:
        line = f"    {fact.name.replace('_', ' ')} of the system: {fact.old} → {fact.new}"
        console.print(_safe(line), highlight=False)
    lines = summary.lines(system)
    shown_lines = lines if full else lines[:ROWS]
    if shown_lines:
        _print_lines(shown_lines, console, full=full)
    if len(lines) > len(shown_lines):
        console.print(f"    [dim]and {len(lines) - len(shown_lines)} more changes; --full[/]")


def _cut(words: str, length: int) -> str:
    """Return words cut at a comma, with what is left out said."""
    if len(words) <= length:
        return words
    head = words[: max(length - 3, 8)]
    end = max(head.rfind(","), head.rfind(";"))
    if end > 0:
        return head[:end] + ", …"
    return head.rpartition(" ")[0] + " …" if " " in head else head + "…"


def _print_lines(lines: list[summary.Line], console: Console, *, full: bool) -> None:
    """Print changed values in columns: field, old, new, the configurations as far as they fit."""
    from rich.text import Text

    rows = [
        (line, line.change.field, summary.text(line.change.old), summary.text(line.change.new))
        for line in lines
    ]
    room = console.width - len("      " + " → " + "  ") - WHERE
    field = min(max(len(row[1]) for row in rows), FIELD, max(room - 2 * LEAST, LEAST))
    value = min(
        max(len(text) for row in rows for text in row[2:]), VALUE, max((room - field) // 2, LEAST)
    )
    for line, name, before, after in rows:
        old, new = _apart(before, after, value)
        shown = Text(f"    {_fit_end(name, field):{field}}  ")
        shown.append(f"{_fit(old, value):>{value}}", style="red" if line.change.old else "dim")
        shown.append(" → ")
        shown.append(f"{_fit(new, value):{value}}", style="green" if line.change.new else "dim")
        room = console.width - len(shown) - 2
        shown.append("  " + (line.where if full else _cut(line.where, room)))
        console.print(shown, highlight=False, soft_wrap=full)
        if full:
            _print_places(line, console)


def _print_places(line: summary.Line, console: Console) -> None:
    """Print where a value was and is set, with its source text where that says more."""
    from rich.text import Text

    for word, side in (("was", line.change.old), ("is", line.change.new)):
        if side is not None:
            how = summary.expression(side)
            tail = f" = {how}" if how else ""
            text = f"        {word} set at {summary.where(side)}{tail}"
            console.print(Text(text, style="dim"), soft_wrap=True)


def _apart(old: str, new: str, length: int) -> tuple[str, str]:
    """Return two values with what they begin with alike left out, where they are too long."""
    paths = "/" in old and "/" in new and old.startswith("/") == new.startswith("/")
    same = posixpath.commonpath([old, new]) if paths else ""
    if max(len(old), len(new)) <= length or not same:
        return old, new
    return "…" + old[len(same) :], "…" + new[len(same) :]


def _fit_end(text: str, length: int) -> str:
    """Return the end of a name where it is longer than its column: its last part says most."""
    return text if len(text) <= length else "…" + text[1 - length :]


def _fit(text: str, length: int) -> str:
    """Return text that is no longer than its column."""
    return text if len(text) <= length else text[: length - 1] + "…"
