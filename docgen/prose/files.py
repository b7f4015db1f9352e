"""Files of a tree and the words in them, without running anything."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import msgspec

from docgen.listing import Listing, listing
from docgen.writing import keep

MAX_BYTES = 400_000
"""Longest file whose words count; longer ones are data."""

MARKS = ("make ", "--", ".py", ".sh")
"""Texts of which a docstring has one when it shows a command, an option or a path."""

FORM = "3"
"""Version of what is kept; another one makes everything anew."""


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """Names of a tree's files, and the words of those that decide something."""

    files: tuple[str, ...] = ()
    """Every file, relative to the root, sorted."""
    folders: tuple[str, ...] = ()
    """Every folder, relative to the root."""
    words: dict[str, int] = {}
    """Word to the number of the first file that has it."""
    classes: dict[str, tuple[int, ...]] = {}
    """Name to the numbers of the Python files that seem to define a class of that name."""
    claiming: tuple[int, ...] = ()
    """Numbers of the Python files that may have a docstring with a claim."""
    ignored: tuple[str, ...] = ()
    """Patterns of its .gitignore: what is made, not kept."""
    state: str = ""
    """Hash over names, sizes and times of its files."""


def load(root: Path, cache: Path | None, known: Listing | None = None) -> Index:
    """Return the index of a tree, from the cache while no file has changed."""
    from docgen.prose import scans

    found = listing(root) if known is None else known
    state = hashlib.sha256(f"{FORM} {found.state}".encode()).hexdigest()[:32]
    kept = cache / f"words-{state}.msgpack" if cache is not None else None
    if kept is not None:
        try:
            return msgspec.msgpack.decode(kept.read_bytes(), type=Index)
        except (OSError, msgspec.MsgspecError):
            pass
    index = scans.index(root, found, cache, tuple(_ignored(root)))
    if kept is not None:
        keep(kept, msgspec.msgpack.encode(index), "words-*.msgpack", 4)
    return index


def _ignored(root: Path) -> Iterator[str]:
    """Yield the patterns of a .gitignore at the root, or next above it."""
    for folder in (root, *root.parents[:3]):
        try:
            lines = (folder / ".gitignore").read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        yield from (line.strip() for line in lines if line.strip() and not line.startswith("#"))
        if folder == root:
            return


def is_ignored(path: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a .gitignore names a path or a folder above it."""
    parts = PurePosixPath(path).parts
    for end in range(1, len(parts) + 1):
        part = "/".join(parts[:end])
        for raw in patterns:
            pattern = raw.strip("/")
            if "/" in pattern or raw.startswith("/"):
                if fnmatchcase(part, pattern):
                    return True
            elif fnmatchcase(parts[end - 1], pattern):
                return True
    return False


def line_of(root: Path, name: str, word: str) -> int:
    """Return the first line of a file that has a word; 1 where none has."""
    try:
        text = (root / name).read_text("utf-8", "replace")
    except OSError:
        return 1
    match = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)
    return text.count("\n", 0, match.start()) + 1 if match else 1
