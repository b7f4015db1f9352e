"""Keys under which what was read from a tree is kept: by stamps alone, or by content.

The key by content stays the same when files are copied or checked out again. The key by
stamps is found without reading a file; it is trusted only where no stamp is so young that
a file could have changed again under the same one.
"""

from __future__ import annotations

import functools
import hashlib
import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from docgen.listing import BUILT, PROSE, SKIPPED, Listing, Stamp, listing

if TYPE_CHECKING:
    from docgen.config import Config
    from docgen.dialects import Dialect

MAX_BYTES = 4_000_000
"""Longest file whose content counts; of longer ones it is the size."""

SETTLED_NS = 2_000_000_000
"""Age from which the stamp of a file is trusted: file systems tell times of two seconds apart."""

OTHERS = "configs"
"""Folder without which no dialect of other harnesses fits a tree."""

_DATA = (
    ".png", ".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".npy", ".npz", ".onnx", ".pb", ".gz", ".tar",
    ".zip", ".so", ".o", ".a", ".pkl", ".bin", ".ico", ".pyc",
)  # fmt: skip


def listing_of(config: Config) -> Listing:
    """Return the files of a tree, without what is made of it."""
    return listing(config.root, without=(config.cache, config.site, config.store))


def _own_packages(config: Config) -> Listing:
    """Return the files of a project's packages: nothing else of it decides its Catalog.

    Why: a command that looks at all of the project depends on all of it, pages included.
    """
    found: dict[str, Stamp] = {}
    folders: list[str] = []
    whole = True
    for name in dict.fromkeys((*config.packages, *config.api)):
        folder = name.replace(".", "/")
        inside = listing(config.root / folder, built=())
        found |= {f"{folder}/{path}": stamp for path, stamp in inside.files.items()}
        folders += [folder, *(f"{folder}/{path}" for path in inside.folders)]
        whole = whole and inside.whole
    try:
        status = (config.root / "pyproject.toml").stat()
        found["pyproject.toml"] = Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    except OSError:
        whole = False
    return Listing(found, tuple(folders), whole)


def by_stamps(config: Config, found: Listing | None = None) -> str:
    """Return a key over names, sizes and times of files; empty where that is not enough.

    It is not where a folder is a link, where there are too many files, or where a file
    changed just now. Of documents the name alone counts: nothing of a Catalog is theirs.

    Args:
        config: What is read.
        found: Its files, where they are known.
    """
    if found is None:
        alone = config.packages and not (config.root / OTHERS).exists()
        found = _own_packages(config) if alone else listing_of(config)
    own = own_listing()
    if not found.whole or time.time_ns() - max(found.newest, own.newest) < SETTLED_NS:
        return ""
    return _hash(config, found.state, own.state, config.dialect)


@functools.cache
def own_listing() -> Listing:
    """Return docgen's own files as they were at first; another docgen judges and reads anew."""
    return listing(Path(__file__).parent)


def by_content(config: Config, dialect: Dialect) -> str:
    """Return a key over every file that the Catalog depends on.

    Of documents and data the name alone counts, and only in trees of others: a harness may
    open such a file as soon as it starts, so that the Catalog tells of one that is missing.
    """
    from docgen.foreign import OURS

    digest = hashlib.sha256()
    for path in _own_files():
        digest.update(path.read_bytes())
    if dialect.name == OURS:
        names = [name.replace(".", "/") for name in (*config.packages, *config.api)]
        inside = (p for p in _below(config.root, names) if not _is_named_only(p))
        files = [config.root / "pyproject.toml", *inside]
    else:
        files = list(_below(config.root, (*dialect.folders, "")))
    for file in files:
        digest.update(os.fsencode(file.relative_to(config.root)) + b"\0")
        if not _is_named_only(file):
            digest.update(_state(file))
    others = (f"{name}:{count}" for name, count in dialect.others)
    return _hash(config, digest.hexdigest(), dialect.name, *others)


def _hash(config: Config, *words: str) -> str:
    """Return a hash over words and what the configuration chooses."""
    chosen = (*config.packages, "|", *config.api, "|", config.root.name)
    texts = (*words, "|", *chosen, sys.version)
    return hashlib.sha256(b"\0".join(map(os.fsencode, texts))).hexdigest()[:32]


def _below(root: Path, folders: Iterable[str]) -> Iterator[Path]:
    """Yield the files below folders of a tree, each once.

    Links to folders are followed, as reading follows them, and no folder is entered twice.
    Below the root itself, given as the last and empty name, they are not, and what a build
    wrote is left out: links there lead to models and data.
    """
    seen: set[tuple[int, int]] = set()
    for folder in dict.fromkeys(folders):
        for here, names, files in os.walk(root / folder, followlinks=bool(folder)):
            status = Path(here).stat()
            if (status.st_dev, status.st_ino) in seen:
                names.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            left = SKIPPED if folder or Path(here) != root else SKIPPED | BUILT
            names[:] = sorted(name for name in names if name not in left)
            yield from (Path(here, name) for name in sorted(files))


def _is_named_only(file: Path) -> bool:
    """Tell whether a file is a document or data, whose content decides nothing."""
    return file.name.lower().endswith((*PROSE, *_DATA))


def _state(file: Path) -> bytes:
    """Return what tells one state of a file from another: its content, where that is read."""
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return f"{status.st_mode}:{status.st_size}".encode()
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError as error:
        return str(error.errno).encode()


def _own_files() -> list[Path]:
    """Return docgen's own files that decide what is read; another docgen reads anew."""
    here = Path(__file__).parent
    names = ("api", "commands", "docstrings", "digests", "evaluate", "extract", "foreign", "keys")
    folders = ("catalog", "evaluation", "dialects", "claims")
    own = [here / f"{name}.py" for name in names]
    return own + [p for folder in folders for p in sorted((here / folder).glob("*.py"))]
