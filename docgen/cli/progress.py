"""Shows what a command is doing: bars on a terminal; for builds a line a step elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from docgen.build import Step

PHASES = {
    "extract": "reading the source",
    "run": "running snippets",
    "render": "rendering pages",
    "site": "building the site",
}
"""Words for each phase."""


@contextmanager
def show_steps(*, quiet: bool) -> Iterator[Callable[[Step], None]]:
    """Give a function that shows progress on stderr; nothing at all when quiet."""
    if quiet:
        yield _ignore
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    bars = _Bars(console)
    try:
        yield bars
    finally:
        bars.stop()


@contextmanager
def show_parts(title: str, total: int, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Give a function that says which part is in work now; a bar goes to a terminal alone.

    Args:
        title: What the parts are of.
        total: How many there are.
        quiet: Show nothing at all.
    """
    if quiet or not sys.stderr.isatty():
        yield _ignore_part
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=total, note="")
        begun = False

        def begin(part: str) -> None:
            """Count the part before as done and name the next one."""
            nonlocal begun
            progress.update(task, advance=int(begun), note=part)
            begun = True

        yield begin


def _ignore_part(part: str) -> None:
    """Take no notice of a part."""
    del part


def _ignore(step: Step) -> None:
    """Take no notice of a step."""
    del step


class _Lines:
    """A line for every phase, and for every part that ended."""

    def __init__(self) -> None:
        """Start with nothing said."""
        self._phase = ""
        self._done = 0

    def __call__(self, step: Step) -> None:
        """Say what is new."""
        if step.phase != self._phase:
            self._phase, self._done = step.phase, 0
            click.echo(PHASES.get(step.phase, step.phase), err=True)
        if step.done > self._done:
            self._done = step.done
            click.echo(f"  {step.done}/{step.total} {step.note}", err=True)
        elif step.note and not step.total:
            click.echo(f"  {step.note}", err=True)


class _Bars:
    """A bar for every phase; lines while Sphinx runs, which forks and bears no thread."""

    def __init__(self, console: Any) -> None:
        """Start without a bar."""
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=console,
        )
        self._progress.start()
        self._lines = _Lines()
        self._phase = ""
        self._task: Any = None

    def stop(self) -> None:
        """End the last bar and the thread that draws it."""
        self._finish()
        self._progress.stop()

    def _finish(self) -> None:
        """Show the phase in work as done."""
        if self._task is not None:
            total = self._progress.tasks[self._task].total or 1
            self._progress.update(self._task, total=total, completed=total, note="")

    def __call__(self, step: Step) -> None:
        """Move the bar of the step's phase."""
        if step.phase == "site":
            self.stop()
            self._lines(step)
            return
        if step.phase != self._phase:
            self._finish()
            self._phase = step.phase
            title = PHASES.get(step.phase, step.phase)
            self._task = self._progress.add_task(title, total=None, note="")
        self._progress.update(
            self._task, total=step.total or None, completed=step.done, note=step.note
        )
