"""Verdicts that are kept per document, so that only what changed is judged again.

A verdict depends on the document, on the tree's other files, on documents whose anchors
it asked for, and on docgen itself; it is used again only where all of them are the same.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from docgen.keys import own_listing
from docgen.listing import Listing
from docgen.prose.model import Verdict
from docgen.writing import keep

if TYPE_CHECKING:
    from docgen.config import Config


KEPT = 4
"""States of a tree whose verdicts stay."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one document."""

    digest: str
    """SHA-256 of its content."""
    verdicts: tuple[Verdict, ...]
    """Verdicts on its claims."""
    asked: dict[str, str] = {}
    """SHA-256 of each document whose anchors were asked for, by path."""


class Store:
    """Verdicts of one state of a tree."""

    def __init__(self, config: Config, found: Listing) -> None:
        """Read what is kept for a state of a tree."""
        self.root = config.root
        own = own_listing().state
        words = (found.state, own, config.dialect, *config.packages, "|", *config.api)
        digest = hashlib.sha256("\0".join((*words, sys.version)).encode())
        self._file = config.cache / f"verdicts-{digest.hexdigest()[:32]}.msgpack"
        self._documents: dict[str, Judged] = {}
        self._changed = False
        try:
            data = self._file.read_bytes()
            self._documents = msgspec.msgpack.decode(data, type=dict[str, Judged])
        except (OSError, msgspec.MsgspecError):
            pass

    def get(self, name: str, digest: str) -> tuple[Verdict, ...] | None:
        """Return the verdicts on a document; None where something that they need changed."""
        found = self._documents.get(name)
        if found is None or found.digest != digest:
            return None
        same = all(digest_of(self.root / p) == d for p, d in found.asked.items())
        return found.verdicts if same else None

    def put(
        self, name: str, digest: str, verdicts: tuple[Verdict, ...], asked: Iterable[str] = ()
    ) -> None:
        """Keep the verdicts on a document."""
        needs = {path: digest_of(self.root / path) for path in sorted(asked)}
        self._documents[name] = Judged(digest=digest, verdicts=verdicts, asked=needs)
        self._changed = True

    def write(self) -> None:
        """Write what is kept where it changed; a cache that cannot be written is none."""
        if self._changed:
            keep(self._file, msgspec.msgpack.encode(self._documents), "verdicts-*.msgpack", KEPT)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file; empty where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
