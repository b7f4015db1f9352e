"""Names, sizes and times of the files of a tree, by which an unchanged one is known again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

MAX_FILES = 50_000
"""Files of a tree that are listed."""

SKIPPED = frozenset({".git", ".hg", ".nox", ".venv", "node_modules", "__pycache__", ".mypy_cache"})
"""Folders that are no source of anything."""

BUILT = frozenset({"build", "dist", ".evidence"})
"""Folders at a root that a build writes."""

PROSE = (".md", ".rst", ".txt", ".markdown", ".adoc", ".ipynb", ".html")
"""Endings of files that claim and do not decide."""


class Stamp(NamedTuple):
    """What tells one state of a file from another without reading it."""

    size: int
    """Bytes; -1 for a folder."""
    modified: int
    """Time of the last change of its content, in nanoseconds."""
    changed: int
    """Time of the last change of its content or its properties, in nanoseconds."""
    link: bool = False
    """Whether it is a link; the rest then is its target's."""


@dataclass(frozen=True)
class Listing:
    """Names, sizes and times of everything below a root."""

    files: dict[str, Stamp]
    """Stamp by path relative to the root, sorted."""
    folders: tuple[str, ...]
    """Folders, relative to the root."""
    whole: bool = True
    """Whether everything was seen: no folder is a link, and there are not too many files."""

    @cached_property
    def state(self) -> str:
        """Return a hash over files that decide something, and over the names of documents."""
        lines = [
            place if place.lower().endswith(PROSE) else f"{place}\0{tuple(stamp)}"
            for place, stamp in self.files.items()
        ]
        whole = "\n".join((*lines, "", *self.folders)).encode("utf-8", "surrogateescape")
        return hashlib.sha256(whole).hexdigest()[:32]

    @property
    def newest(self) -> int:
        """Return the time of the latest change of a file that decides, in nanoseconds."""
        times = (
            max(stamp.modified, stamp.changed)
            for place, stamp in self.files.items()
            if not place.lower().endswith(PROSE)
        )
        return max(times, default=0)


def listing(root: Path, built: Collection[str] = BUILT, without: Collection[Path] = ()) -> Listing:
    """Return what is below a root, without folders that are no source.

    Args:
        root: Folder of the tree.
        built: Folders at the root that are left out.
        without: Further folders that are left out, absolute.
    """
    found: dict[str, Stamp] = {}
    folders: list[str] = []
    whole = True
    left = {os.fspath(folder) for folder in without}
    for place, stamp in _walk(str(root), "", built, left):
        if stamp.size < 0:
            folders.append(place)
            whole = whole and not stamp.link
            continue
        if len(found) >= MAX_FILES:
            whole = False
            break
        found[place] = stamp
    return Listing(found, tuple(folders), whole)


def _walk(
    base: str, inner: str, built: Collection[str], left: Collection[str]
) -> Iterator[tuple[str, Stamp]]:
    """Yield path and stamp of each file and folder."""
    try:
        with os.scandir(f"{base}/{inner}") as found:
            entries = sorted(found, key=lambda e: e.name)
    except OSError:
        return
    for entry in entries:
        place = f"{inner}/{entry.name}" if inner else entry.name
        try:
            if entry.is_dir(follow_symlinks=False):
                skip = entry.name in SKIPPED or (not inner and entry.name in built)
                if not skip and f"{base}/{place}" not in left:
                    yield place, Stamp(-1, 0, 0)
                    yield from _walk(base, place, built, left)
                continue
            yield place, _stamp(entry)
            if entry.is_symlink() and entry.is_dir():
                yield place, Stamp(-1, 0, 0, link=True)
        except OSError:
            continue


def _stamp(entry: os.DirEntry[str]) -> Stamp:
    """Return the stamp of a file; a link has that of its target, where there is one."""
    link = entry.is_symlink()
    try:
        status = entry.stat(follow_symlinks=link)
    except OSError:
        status = entry.stat(follow_symlinks=False)
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, link)
