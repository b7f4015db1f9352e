"""How the command prints: consoles, numbers with units, JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PLAIN_WIDTH = 100
"""Columns of output that goes to a file or a pipe, unless COLUMNS says otherwise."""

NARROW = 72
"""Columns under which a table is printed as lines."""

SIGNIFICANT = 4
"""Significant digits of a figure in a summary; the record has all of them."""


def console(*, err: bool = False) -> Console:
    """Return a console on stdout or stderr; it follows NO_COLOR, FORCE_COLOR and COLUMNS."""
    import os
    import sys

    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else PLAIN_WIDTH
    return Console(stderr=err, highlight=False, soft_wrap=False, width=width)


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Return an empty table with plain headings.

    Args:
        columns: Headings.
        right: Headings whose column is aligned to the right: numbers.
    """
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(columns):
        justify: Any = "right" if name in right else "left"
        made.add_column(name, justify=justify, overflow="fold", no_wrap=index == 0)
    return made


def show_rows(
    out: Console, columns: Sequence[str], rows: Iterable[Sequence[str]], right: tuple[str, ...] = ()
) -> None:
    """Print rows as a table, or one under the other where the terminal is narrow.

    Args:
        out: Where to print.
        columns: Headings; the first column is the name of the row.
        rows: Cells of each row; they may carry rich's markup.
        right: Headings whose column is aligned to the right: numbers.
    """
    if out.width >= NARROW:
        made = table(*columns, right=right)
        for row in rows:
            made.add_row(*row)
        out.print(made)
        return
    for name, *cells in rows:
        out.print(f"[bold]{name}[/]", soft_wrap=True)
        for head, cell in zip(columns[1:], cells, strict=True):
            if cell:
                out.print(f"  {head}: {cell}")


def show_pairs(
    out: Console, pairs: Sequence[tuple[str, str]], *, indent: int = 2, style: str = ""
) -> None:
    """Print labels with texts beside them; long texts go on under their own start.

    Paths and commands are never broken inside a word, so that they can be copied.

    Args:
        out: Where to print.
        pairs: Label and text of each line; brackets are no markup.
        indent: Blanks before the labels.
        style: Style of the lines.
    """
    left = max((len(name) for name, _ in pairs), default=0) + 2
    for name, text in pairs:
        lines = textwrap.wrap(
            text,
            width=max(24, out.width - indent - left),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for index, line in enumerate(lines or [""]):
            head = f"{name if index == 0 else '':<{left}}"
            out.print(f"{' ' * indent}{head}{line}", style=style, markup=False, soft_wrap=True)


def plain(value: Any) -> str:
    """Return a setting's value as a person writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return number(value) if isinstance(value, (int, float)) else str(value)


def print_json(value: Any) -> None:
    """Print a value as JSON to stdout, and nothing else."""
    click.echo(json.dumps(value, indent=2, default=str))


def number(value: float, digits: int = SIGNIFICANT) -> str:
    """Return a number with thousands separated, rounded to significant digits.

    Large numbers keep all digits before the point: 123456.7 becomes `123,457`.
    """
    if value == int(value) and abs(value) < 1e15:  # noqa: PLR2004 - above, floats hold no units
        return f"{int(value):,}"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def duration(seconds: float) -> str:
    """Return a duration in the unit that a reader thinks in."""
    if seconds < 10:  # noqa: PLR2004 - tenths matter below ten seconds
        return f"{seconds:.1f} s"
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds:.0f} s"
    if seconds < 7200:  # noqa: PLR2004 - two hours
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def assignment(name: str, value: Any) -> str:
    """Return `FIELD=VALUE` as `--set` takes it."""
    if isinstance(value, float):
        return f"{name}={value:.12g}"
    return f"{name}={str(value).lower() if isinstance(value, bool) else value}"
