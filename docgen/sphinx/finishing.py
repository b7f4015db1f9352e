"""What Sphinx does again for every page and every build, done once.

Labels are forgotten only of pages that have some. Addresses of pages are made once. The
inventory of objects is written only where it would be another one: to sort and pack it
takes as long as to write ten pages.
"""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.builders.dirhtml import DirectoryHTMLBuilder
from sphinx.builders.html import INVENTORY_FILENAME, StandaloneHTMLBuilder

from docgen.writing import write_atomically

if TYPE_CHECKING:
    from sphinx.application import Sphinx

KEPT = "docgen_inventory.json"
"""File beside the doctrees that says what the inventory was made of, and its hash."""

TABLES = ("progoptions", "objects", "_terms", "labels", "anonlabels")
"""What the standard domain knows, by a name with the page first in each value."""

LATEST = 4096
"""Addresses seen from a page that are remembered: those of the page in work, and more."""

PURE = (StandaloneHTMLBuilder, DirectoryHTMLBuilder)
"""Builders whose addresses depend on the names of pages alone."""


def _forget_seldom(app: Sphinx) -> None:
    """Let labels be forgotten only of pages that have any: Sphinx looks through all of them.

    Why: a settings table labels every value, and each page read would walk through thousands.
    """
    standard: Any = app.env.get_domain("std")
    theirs = standard.clear_doc
    known = {place[0] for name in TABLES for place in getattr(standard, name).values()}

    def clear_doc(docname: str) -> None:
        if docname in known:
            theirs(docname)
        known.add(docname)  # it is read now

    standard.clear_doc = clear_doc


def _take_over(app: Sphinx) -> None:
    """Let labels, addresses and the inventory be looked at only where they must be."""
    _forget_seldom(app)
    builder: Any = app.builder
    if type(builder) not in PURE:
        return
    builder.get_target_uri = functools.cache(builder.get_target_uri)
    builder.get_relative_uri = functools.lru_cache(LATEST)(builder.get_relative_uri)
    builder.dump_inventory = functools.partial(_dump, app, builder.dump_inventory)


def _dump(app: Sphinx, theirs: Any) -> None:
    """Write the inventory, unless it stands there."""
    place, kept = Path(app.outdir) / INVENTORY_FILENAME, Path(app.doctreedir) / KEPT
    key = _hash_objects(app)
    if _read(kept) == [key, _hash_file(place)]:
        return
    theirs()
    try:
        write_atomically(kept, json.dumps([key, _hash_file(place)]).encode(), durable=False)
    except OSError:
        return


def _hash_objects(app: Sphinx) -> str:
    """Return a hash over all that stands in the inventory."""
    from docgen.unchanged import hash_tools

    config = app.config
    digest = hashlib.sha256(hash_tools())
    digest.update(repr([config.project, config.version, app.builder.get_target_uri("a")]).encode())
    for domain in app.env.domains.sorted():
        found = sorted(domain.get_objects())
        digest.update(f"{domain.name} {found!r}".encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _hash_file(path: Path) -> str:
    """Return the hash of a file; empty where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _read(path: Path) -> Any:
    """Return what is kept of the last inventory; None without it."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def register(app: Sphinx) -> None:
    """Take part in what Sphinx does in each build."""
    app.connect("builder-inited", _take_over)
