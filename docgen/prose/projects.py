"""Projects of others inside of a tree, and the labels of their documentation."""

from __future__ import annotations

import re
from collections.abc import Collection

_MARKS = frozenset({"setup.py", "setup.cfg", "pyproject.toml", "Cargo.toml", "package.json"})
_LICENCE = re.compile(r"^(?:licen[cs]e|copying)(?:\.(?:txt|md|rst))?$", re.IGNORECASE)
_LABEL = re.compile(r"^(?:\(([^()\s]+)\)=|\.\. _([^:\n]+):)\s*$", re.MULTILINE)


def roots(files: Collection[str]) -> frozenset[str]:
    """Return the folders below the root that are projects of their own.

    Such a folder is installed by itself, or has a licence of its own.

    Args:
        files: Every file of the tree, relative to its root.
    """
    found = set()
    for path in files:
        folder, slash, name = path.rpartition("/")
        if slash and (name in _MARKS or _LICENCE.match(name)):
            found.add(folder)
    return frozenset(found)


def above(document: str, folders: Collection[str]) -> str:
    """Return the nearest of some folders that a document is in; empty where it is in none."""
    here = document
    while "/" in here:
        here = here.rpartition("/")[0]
        if here in folders:
            return here
    return ""


def labels(text: str) -> list[str]:
    """Return the labels that a document of Sphinx declares for all others of its project."""
    return [one or other for one, other in _LABEL.findall(text)]
