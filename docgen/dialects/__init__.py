"""Front ends onto one Catalog: each reads one way of writing configurations."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from docgen.errors import Problem, SourceError, UsageError

DIALECTS: dict[str, str] = {
    "ours": "docgen.dialects.ours",
    "exports": "docgen.dialects.exports",
    "registry": "docgen.dialects.registry",
}
"""Module of each dialect by name, in the order in which they are tried.

A module offers `detect(root, packages) -> bool` and
`read(root, packages, api, cache) -> Catalog`; the cache is a folder or None. It may offer
`count(root) -> int`, the number of its config files, by which a tree with files of
several dialects is judged; `fits(root) -> bool`, whether what they need is there too;
`LOOKED_FOR`, what it looks for, in words; `FOLDERS`, where it reads, for trees without
a configuration of docgen's own; and `read_brief(root) -> Catalog`, which may leave out what
`docgen.extract.extract_brief` leaves out.
"""


@dataclass(frozen=True)
class Dialect:
    """A front end that was chosen for a tree."""

    name: str
    """Name in the table."""
    read: Callable[..., Any]
    """Reads the tree: `read(root, packages, api, cache) -> Catalog`."""
    folders: tuple[str, ...] = ()
    """Folders that it reads whatever the configuration says."""
    others: tuple[tuple[str, int], ...] = ()
    """Other dialects that have files in the tree too, with the number of files."""
    read_brief: Callable[[Path], Any] | None = None
    """Reads what prose is held against alone, and faster; None where there is no such way."""


def choose(root: Path, packages: tuple[str, ...], name: str = "") -> Dialect:
    """Return the dialect of a tree: the one named, or the one that most files are in.

    Raises:
        UsageError: When the name is unknown.
        SourceError: When no dialect recognizes the tree; says what each looks for.
    """
    if name and name not in DIALECTS:
        close = get_close_matches(name, DIALECTS, cutoff=0.5)
        mend = f"did you mean {close[0]!r}?" if close else "use one of: " + ", ".join(DIALECTS)
        raise UsageError(Problem("dialect", "a known dialect", repr(name), mend))
    if name:
        return _dialect(name)
    found = {known: _count(known, root, packages) for known in DIALECTS}
    best = max(found, key=lambda known: (found[known] > 0 and _fits(known, root), found[known]))
    if found[best]:
        rest = ((known, count) for known, count in found.items() if count and known != best)
        return _dialect(best, tuple(rest))
    looked = ", ".join(f"{known} ({_looked_for(known)})" for known in DIALECTS)
    where = ", ".join(packages) or root.name or str(root)
    want = f"a harness in one of the dialects {looked}"
    do = "name the dialect or another folder, such as closed/<submitter>"
    raise SourceError(Problem(where, want, "none of them", do))


def _count(name: str, root: Path, packages: tuple[str, ...]) -> int:
    """Return the number of config files that a dialect has in a tree; 1 where it only knows."""
    module = importlib.import_module(DIALECTS[name])
    if not module.detect(root, packages):
        return 0
    return max(int(module.count(root)), 1) if hasattr(module, "count") else 1


def _fits(name: str, root: Path) -> bool:
    """Tell whether a tree has what the files of a dialect need."""
    module = importlib.import_module(DIALECTS[name])
    return bool(module.fits(root)) if hasattr(module, "fits") else True


def _looked_for(name: str) -> str:
    """Return what a dialect looks for, in words."""
    return str(getattr(importlib.import_module(DIALECTS[name]), "LOOKED_FOR", "its own files"))


def _dialect(name: str, others: tuple[tuple[str, int], ...] = ()) -> Dialect:
    """Return a dialect of the table."""
    module = importlib.import_module(DIALECTS[name])
    folders = tuple(getattr(module, "FOLDERS", ()))
    return Dialect(name, module.read, folders, others, getattr(module, "read_brief", None))
