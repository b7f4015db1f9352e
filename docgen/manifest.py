"""The list of generated files, and how files are written and removed by it.

A file that is not in the list was written by a person and is never touched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from docgen.errors import OutputError, Problem
from docgen.writing import write_atomically

MANIFEST = ".docgen-manifest.json"
"""Name of the list, in the documentation folder."""

VERSION = 1
"""Version of its form."""


def read_manifest(docs: Path) -> dict[str, Any]:
    """Return the files that were generated before; empty where there is no manifest."""
    try:
        manifest = msgspec.json.decode((docs / MANIFEST).read_bytes())
        files = manifest["files"]
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError, KeyError, TypeError) as error:
        raise OutputError(
            Problem(
                MANIFEST,
                "the list of generated files",
                str(error),
                "restore the file, or remove it together with the generated pages",
            )
        ) from error
    return dict(files) if isinstance(files, dict) else {path: {} for path in files}


def write_manifest(docs: Path, entries: Mapping[str, Any]) -> None:
    """Write the manifest where it changed."""
    manifest = {"version": VERSION, "files": dict(sorted(entries.items()))}
    data = (json.dumps(manifest, indent=1) + "\n").encode()
    if read(docs / MANIFEST) != data:
        write_file(docs / MANIFEST, data)


def refuse_foreign(docs: Path, paths: list[str], before: Mapping[str, Any]) -> None:
    """Raise OutputError with every file in the way that the generator does not own."""
    problems = [
        Problem(
            path,
            "no file, or one that docgen wrote",
            "a file of somebody else",
            "move it away, or rename the page that it collides with",
        )
        for path in paths
        if path not in before and (docs / path).exists()
    ]
    if problems:
        raise OutputError(problems)


def remove(docs: Path, paths: list[str]) -> list[str]:
    """Remove generated files that nobody gives any more, and folders they leave empty."""
    removed = []
    for path in paths:
        file = docs / path
        if file.exists():
            file.unlink()
            removed.append(path)
        for folder in file.parents:
            if folder == docs or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()
    return removed


def write_file(path: Path, data: bytes) -> None:
    """Write a file atomically: readers see the old text or the new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data, durable=False)
    except OSError as error:
        raise OutputError(
            Problem(path.name, "a writable place", str(error), "check owner and free space")
        ) from error


def read(path: Path) -> bytes | None:
    """Return the bytes of a file; None where there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def digest(data: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()
