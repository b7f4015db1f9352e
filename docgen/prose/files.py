"""Files of a tree and the words in them, without running anything."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath

import msgspec

MAX_BYTES = 400_000
"""Longest file whose words count; longer ones are data."""

MAX_FILES = 50_000
"""Files of a tree that are listed."""

SKIPPED = frozenset({".git", ".hg", ".nox", ".venv", "node_modules", "__pycache__", ".mypy_cache"})
"""Folders that are no source of anything."""

BUILT = frozenset({"build", "dist", ".evidence"})
"""Folders at a root that a build writes."""

FORM = "2"
"""Version of what is kept; another one makes everything anew."""

PROSE = (".md", ".rst", ".txt", ".markdown", ".adoc", ".ipynb", ".html")
"""Endings of files that claim and do not decide."""

_DATA = (
    ".png", ".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".npy", ".npz", ".onnx", ".pb", ".gz", ".tar",
    ".zip", ".so", ".o", ".a", ".pkl", ".bin", ".cache", ".patch", ".diff", ".ico", ".csv",
)  # fmt: skip
_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]+")


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """Names of a tree's files, and the words of those that decide something."""

    files: tuple[str, ...] = ()
    """Every file, relative to the root, sorted."""
    folders: tuple[str, ...] = ()
    """Every folder, relative to the root."""
    words: dict[str, int] = {}
    """Word to the number of the first file that has it."""
    ignored: tuple[str, ...] = ()
    """Patterns of its .gitignore: what is made, not kept."""
    state: str = ""
    """Hash over names, sizes and times of its files."""


@dataclass(frozen=True)
class Listing:
    """Names, sizes and times of everything below a root."""

    files: dict[str, tuple[int, int]]
    """Size in bytes and time of change in nanoseconds by path relative to the root, sorted."""
    folders: tuple[str, ...]
    """Folders, relative to the root."""

    @cached_property
    def state(self) -> str:
        """Return a hash over files that decide something, and over the names of documents."""
        digest = hashlib.sha256(FORM.encode())
        for place, (size, stamp) in self.files.items():
            claims = place.lower().endswith(PROSE)
            line = f"{place}\n" if claims else f"{place}\0{size}\0{stamp}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()[:32]


def listing(root: Path) -> Listing:
    """Return what is below a root, without what is built or kept for later there."""
    found: dict[str, tuple[int, int]] = {}
    folders: list[str] = []
    for place, size, stamp in _walk(str(root), ""):
        if size < 0:
            folders.append(place)
            continue
        found[place] = (size, stamp)
        if len(found) >= MAX_FILES:
            break
    return Listing(found, tuple(folders))


def _walk(base: str, inner: str) -> Iterator[tuple[str, int, int]]:
    """Yield path, size and time of each file; folders have size -1."""
    try:
        with os.scandir(f"{base}/{inner}") as found:
            entries = sorted(found, key=lambda e: e.name)
    except OSError:
        return
    for entry in entries:
        place = f"{inner}/{entry.name}" if inner else entry.name
        try:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED and (inner or entry.name not in BUILT):
                    yield place, -1, 0
                    yield from _walk(base, place)
                continue
            status = entry.stat(follow_symlinks=False)
            yield place, status.st_size, status.st_mtime_ns
            if entry.is_symlink() and entry.is_dir():
                yield place, -1, 0
        except OSError:
            continue


def load(root: Path, cache: Path | None, known: Listing | None = None) -> Index:
    """Return the index of a tree, from the cache while no file has changed."""
    found = listing(root) if known is None else known
    kept = cache / f"words-{found.state}.msgpack" if cache is not None else None
    if kept is not None:
        try:
            return msgspec.msgpack.decode(kept.read_bytes(), type=Index)
        except (OSError, msgspec.MsgspecError):
            pass
    index = Index(
        files=tuple(found.files),
        folders=found.folders,
        words=_words(root, list(found.files)),
        ignored=tuple(_ignored(root)),
        state=found.state,
    )
    if kept is not None:
        keep(kept, msgspec.msgpack.encode(index), "words-*.msgpack")
    return index


def keep(file: Path, data: bytes, pattern: str, number: int = 4) -> None:
    """Keep bytes in a cache and remove the oldest of their kind; a cache may refuse."""
    from docgen.snippets.store import write_atomically

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, data)
        old = sorted(file.parent.glob(pattern), key=lambda p: p.stat().st_mtime)[:-number]
        for one in old:
            one.unlink(missing_ok=True)
    except OSError:
        return


def _words(root: Path, files: list[str]) -> dict[str, int]:
    """Return each word of the files that decide something, with the first of them."""
    found: dict[bytes, int] = {}
    for number, name in enumerate(files):
        if name.lower().endswith((*PROSE, *_DATA)):
            continue
        path = root / name
        try:
            if path.is_symlink() or path.stat().st_size > MAX_BYTES:
                continue
            data = path.read_bytes()
        except OSError:
            continue
        if b"\0" in data[:1024]:
            continue
        for word in set(_WORD.findall(data)):
            found.setdefault(word, number)
    return {word.decode("ascii"): number for word, number in found.items()}


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
