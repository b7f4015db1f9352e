"""Reads the drawings that an execution wrote and its page shows."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from docgen.snippets.model import Check, Figure

MOST_BYTES = 400_000
"""Largest drawing that is kept: a page carries it inline."""

MARK = "figure "
"""Start of the check of a drawing that is not there."""


def read(names: Iterable[str], folder: Path) -> tuple[tuple[Figure, ...], list[Check]]:
    """Return the drawings of an execution, and a failed check for each that is none.

    Args:
        names: Files as the page names them.
        folder: Working folder of the execution.
    """
    found = []
    broken = []
    for name in names:
        path = (folder / name).resolve()
        wrong = _wrong(path, folder.resolve())
        if wrong:
            broken.append(Check(expect=f"{MARK}{name}", actual=wrong, ok=False))
        else:
            rows = _rows(path.with_suffix(".csv"))
            found.append(Figure(path=name, svg=path.read_text("utf-8"), rows=rows))
    return tuple(found), broken


def _wrong(path: Path, folder: Path) -> str:
    """Return why a file cannot be shown; empty where it can."""
    if not path.is_relative_to(folder):
        return "a file outside of the working folder"
    if not path.is_file():
        return "no such file"
    size = path.stat().st_size
    return f"{size} bytes, more than {MOST_BYTES}" if size > MOST_BYTES else ""


def _rows(path: Path) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a CSV file; none where there is no such file."""
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(tuple(row) for row in csv.reader(file))
