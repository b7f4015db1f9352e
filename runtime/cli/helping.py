"""Help texts that no terminal cuts: whole sentences, and room for them on narrow ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import click

NARROW = 70
"""Columns below which an explanation stands under its option, not beside it."""

UNDER = 2
"""Widest first column there: no option or command is as short."""


class Formatter(click.HelpFormatter):
    """Writes lists of two columns in one where the terminal is narrow."""

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write terms with their explanations."""
        super().write_dl(list(rows), UNDER if self.width < NARROW else col_max, col_spacing)


class Context(click.Context):
    """A context whose help is written by `Formatter`."""

    formatter_class = Formatter


class Command(click.Command):
    """A command with such help."""

    context_class = Context


class Group(click.Group):
    """A group that shows the whole first sentence of every command."""

    context_class = Context
    command_class = Command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands; click itself would cut what does not fit into a line."""
        names = self.list_commands(ctx)
        found = [(n, cast("click.Command", self.get_command(ctx, n))) for n in names]
        rows = [(n, c.get_short_help_str(limit=10_000)) for n, c in found if not c.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


Group.group_class = Group
