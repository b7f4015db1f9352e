"""Parts of views that need not be made again: what they are made of is as it was.

A key over a part's input leads to the files that it gave, with a hash of each. They stand
for the part where the files on disk still are those. Nothing is trusted but content.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from docgen.manifest import digest, read
from docgen.writing import write_atomically

if TYPE_CHECKING:
    from docgen.catalog import Catalog
    from docgen.config import Config
    from docgen.evidence import Evidence
    from docgen.views.model import Part

KEPT = "parts.msgpack"
"""File in the cache that lists the parts of the last rendering."""


@dataclass(frozen=True)
class File:
    """A generated file."""

    path: str
    """Path below the documentation folder."""
    data: bytes
    """Its content."""
    sha256: str
    """Hash of the content."""
    drawn: str = ""
    """Key of the data that a plot was drawn from."""


class Parts:
    """Files of parts by key, from one rendering to the next."""

    def __init__(self, frame: bytes, cache: Path, docs: Path) -> None:
        """Read what an earlier rendering kept.

        Args:
            frame: Hash over what every part depends on.
            cache: Folder that keeps the list.
            docs: Folder of the files.
        """
        self.cache = cache
        """Folder that keeps the list."""
        self._frame = frame
        self._kept = cache / KEPT
        self._docs = docs
        self._old = _read(self._kept)
        self._new: dict[str, list[tuple[str, str, str]]] = {}
        self._digests: dict[int, tuple[Any, bytes]] = {}

    @classmethod
    def of(cls, evidence: Evidence, config: Config) -> Parts:
        """Return the parts of a project."""
        from docgen.unchanged import make_frame

        return cls(make_frame(evidence, config), config.cache, config.docs)

    def key(self, part: Part) -> str:
        """Return a hash over everything that a part is made of; empty where that is not known."""
        if part.catalog is None:
            return ""
        found = hashlib.sha256(self._frame)
        found.update(msgspec.msgpack.encode(part.words))
        found.update(self._of_catalog(part.catalog))
        return found.hexdigest()

    def find(self, key: str) -> list[File] | None:
        """Return the files of a part; None where they must be made."""
        listed = self._old.get(key) if key else None
        if listed is None:
            return None
        files = []
        for path, sha256, drawn in listed:
            data = read(self._docs / path)
            if data is None or digest(data) != sha256:
                return None
            files.append(File(path, data, sha256, drawn))
        self._new[key] = listed
        return files

    def note(self, key: str, files: list[File]) -> None:
        """Remember the files of a part."""
        if key:
            self._new[key] = [(file.path, file.sha256, file.drawn) for file in files]

    def keep(self) -> None:
        """Keep the parts of this rendering, and no others; a cache may refuse."""
        if self._new != self._old:
            with contextlib.suppress(OSError):
                self._kept.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(self._kept, msgspec.msgpack.encode(self._new), durable=False)

    def _of_catalog(self, catalog: Catalog) -> bytes:
        """Return a hash over a Catalog; what several of them share is hashed once."""
        found = hashlib.sha256()
        for name in catalog.__struct_fields__:
            value = getattr(catalog, name)
            found.update(self._of_tuple(value) if isinstance(value, tuple) else _hash(value))
        return found.digest()

    def _of_tuple(self, items: tuple[Any, ...]) -> bytes:
        """Return a hash over the items of a tuple."""
        return self._once(items, lambda: _hash([self._of(item) for item in items]))

    def _of(self, item: Any) -> bytes:
        """Return a hash over an item."""
        return self._once(item, lambda: _hash(item))

    def _once(self, thing: Any, make: Any) -> bytes:
        """Return a hash that is made once for a thing, which is held so that it stays itself."""
        found = self._digests.get(id(thing))
        if found is None:
            found = self._digests[id(thing)] = (thing, make())
        return found[1]


def _hash(value: Any) -> bytes:
    """Return a hash over a value."""
    return hashlib.sha256(msgspec.msgpack.encode(value)).digest()


def _read(path: Path) -> dict[str, list[tuple[str, str, str]]]:
    """Return the parts of an earlier rendering; none where they cannot be read."""
    try:
        kind = dict[str, list[tuple[str, str, str]]]
        return msgspec.msgpack.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return {}
