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

READABLE = 16
"""Columns that a longer text of a table gets at least."""

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


def table(*columns: str, right: tuple[str, ...] = (), tight: bool = False) -> Table:
    """Return an empty table with plain headings.

    Args:
        columns: Headings.
        right: Headings whose column is aligned to the right: numbers.
        tight: Leave less room between columns.
    """
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=tight)
    for index, name in enumerate(columns):
        justify: Any = "right" if name in right else "left"
        keep = index == 0 or name in right
        made.add_column(name, justify=justify, overflow="fold", no_wrap=keep)
    return made


def show_rows(
    out: Console, columns: Sequence[str], rows: Iterable[Sequence[str]], right: tuple[str, ...] = ()
) -> None:
    """Print rows as a table, or one under the other where the terminal is too narrow.

    No number is broken, and a text has room for `READABLE` columns. A name such as
    TARGET/WORKLOAD/SCENARIO takes two lines before the table is given up.

    Args:
        out: Where to print.
        columns: Headings; the first column is the name of the row.
        rows: Cells of each row; they may carry rich's markup.
        right: Headings whose column is aligned to the right: numbers.
    """
    rows = [list(row) for row in rows]
    broken = [[row[0].replace("/", "/\n", 1), *row[1:]] for row in rows]
    for shown, tight in ((rows, False), (rows, True), (broken, True)):
        if out.width >= NARROW and _needed(columns, shown, right, tight=tight) <= out.width:
            made = table(*columns, right=right, tight=tight)
            for row in shown:
                made.add_row(*row)
            out.print(made)
            return
    for name, *cells in rows:
        out.print(f"[bold]{name}[/]", soft_wrap=True)
        for head, cell in zip(columns[1:], cells, strict=True):
            if cell:
                out.print(f"  {head}: {cell}")


def _needed(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: tuple[str, ...],
    *,
    tight: bool,
) -> int:
    """Return the columns that a table needs of the terminal so that it can be read."""
    from rich.cells import cell_len
    from rich.text import Text

    total = 2 * len(columns) if tight else 3 * len(columns) - 1
    for index, name in enumerate(columns):
        texts = [Text.from_markup(row[index]).plain for row in rows]
        lines = [line for text in texts for line in text.splitlines()]
        words = [word for text in (name, *texts) for word in text.split()]
        longest = max(map(cell_len, words), default=0)
        whole = max(map(cell_len, (*lines, name)))
        free = index > 0 and name not in right
        total += max(longest, min(whole, READABLE) if free else whole)
    return total


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
