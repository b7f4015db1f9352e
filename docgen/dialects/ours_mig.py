"""Reads the table of boards that MIG can partition: data of the harness, not code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from docgen import catalog as c
from docgen.evaluation.notes import Notes

PLACE = "mig/data/mig_profiles.json"
"""Where a package keeps its table."""


def read_boards(
    root: Path, packages: tuple[str, ...], notes: Notes
) -> tuple[tuple[c.MigBoard, ...], dict[str, str]]:
    """Return the boards of all packages, and the hash of each table by its path.

    Args:
        root: Folder that holds the packages.
        packages: Packages with configurations; those without a table are passed over.
        notes: Gets what is wrong with a table.
    """
    boards: list[c.MigBoard] = []
    files = {}
    for package in packages:
        path = root / package.replace(".", "/") / PLACE
        if not path.is_file():
            continue
        name = path.relative_to(root).as_posix()
        data = path.read_bytes()
        files[name] = hashlib.sha256(data).hexdigest()
        try:
            boards += _boards(json.loads(data))
        except (ValueError, KeyError, TypeError, AttributeError, msgspec.ValidationError) as error:
            message = f"want a table of MIG profiles, got {type(error).__name__}: {error}; mend it"
            source = c.Source(path=name, line=1, column=0)
            notes.add("unresolved", "error", message, source)
    return tuple(boards), files


def _boards(raw: dict[str, Any]) -> list[c.MigBoard]:
    """Return the boards of a table; sources are written out."""
    sources = raw["sources"]
    return [
        msgspec.convert(
            {
                **row,
                "name": name,
                "engines": row.get("engines"),
                "profiles": [
                    {**profile, "sources": [sources[key] for key in profile["sources"]]}
                    for profile in row["profiles"]
                ],
            },
            c.MigBoard,
        )
        for name, row in raw["boards"].items()
    ]
