"""What is seen while a run is going on: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from runtime.cli.output import console, duration, number

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from runtime.loadgen.progress import Progress

PLAIN_INTERVAL_S = 10.0
"""Shortest time between two plain lines of one phase, in seconds."""

_WORDS = {
    "load": "loading model and samples",
    "warm-up": "warming up",
    "timed": "timed run",
    "accuracy": "judging accuracy",
    "finish": "writing the record",
}


@contextmanager
def show_progress(key: str) -> Iterator[Callable[[Progress], None]]:
    """Show where a run stands, on stderr; give the function that takes each report.

    Args:
        key: Key of the entry that runs.
    """
    if not sys.stderr.isatty():
        yield _PlainLines(key)
        return
    with _live_bar() as bar:
        yield _LiveBar(bar, key)


@contextmanager
def show_wait(text: str) -> Iterator[None]:
    """Show on a terminal that something of unknown length goes on; elsewhere nothing."""
    out = console(err=True)
    if not out.is_terminal:
        yield
        return
    with out.status(text):
        yield


def describe(progress: Progress) -> str:
    """Return rate and time left in words; empty outside of the timed part and the accuracy."""
    counted = progress.phase in ("timed", "accuracy")
    if not counted or not progress.done or progress.elapsed_s <= 0:
        return ""
    rate = progress.done / progress.elapsed_s
    text = f"{number(rate, 3)} {progress.unit}/s"
    if progress.total > progress.done:
        text += f", {duration((progress.total - progress.done) / rate)} left"
    return text


class _PlainLines:
    """One line when a phase starts, and now and then while it lasts."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._phase = ""
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        """Print a line where one is due."""
        now = time.monotonic()
        words = _WORDS.get(progress.phase, progress.phase)
        if progress.phase != self._phase:
            self._phase, self._last = progress.phase, now
            click.echo(f"{self._key}: {words}", err=True)
        elif now - self._last >= PLAIN_INTERVAL_S:
            self._last = now
            share = f" {progress.done / progress.total:.0%}" if progress.total else ""
            click.echo(f"{self._key}: {words}{share} {describe(progress)}".rstrip(), err=True)


class _LiveBar:
    """A bar per phase in place."""

    def __init__(self, bar: Bar, key: str) -> None:
        self._bar = bar
        self._task = bar.add_task(key, total=None, phase="starting", said="")

    def __call__(self, progress: Progress) -> None:
        """Move the bar."""
        self._bar.update(
            self._task,
            total=progress.total or None,
            completed=progress.done,
            phase=_WORDS.get(progress.phase, progress.phase),
            said=describe(progress),
        )


def _live_bar() -> Bar:
    """Return a bar that goes when the run has ended, and folds on narrow terminals."""
    from rich.progress import BarColumn, SpinnerColumn, TextColumn
    from rich.progress import Progress as Bar

    out = console(err=True)
    columns = [
        SpinnerColumn("line"),
        TextColumn("{task.fields[phase]}"),
        BarColumn(bar_width=max(8, min(40, out.width - 72))),
        TextColumn("{task.fields[said]}"),
    ]
    if out.width >= 72 + 8:
        columns.insert(1, TextColumn("[bold]{task.description}[/]"))
    return Bar(*columns, console=out, transient=True)
