"""Folders and files by the structure: found whatever their letter case, strangers reported."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.policies import submission as rules
from runtime.submission.findings import Ledger
from runtime.submission.tree import Tree, join


def find_folders(tree: Tree, ledger: Ledger, parent: str, wanted: Sequence[str]) -> dict[str, str]:
    """Return the folders of given names by those names, as they are spelt on the disk.

    A folder in another letter case is reported, and taken for the one that is meant.
    """
    found: dict[str, str] = {}
    present = tree.folders_in(parent)
    for name in wanted:
        alike = [p for p in present if p == name] or [p for p in present if p.lower() == name]
        if not alike:
            continue
        found[name] = alike[0]
        tree.claim(join(parent, alike[0]))
        if alike[0] != name:
            path = join(parent, alike[0])
            ledger.add(rules.FOLDER_CASE, path, "another letter case", f"rename it to {name}")
    return found


def require(tree: Tree, ledger: Ledger, folder: str, names: Sequence[str]) -> set[str]:
    """Return those of the wanted files that are there and not empty; report the others."""
    usable: set[str] = set()
    for name in names:
        path = join(folder, name)
        tree.claim(path)
        if not tree.has(path):
            ledger.add(rules.MISSING, path, "no such file", "pack the run again, with this file")
        elif not tree.sizes[path] or not tree.bytes(path).strip():
            ledger.add(rules.EMPTY, path, "an empty file", "pack the run again, with this file")
        else:
            usable.add(name)
    return usable


def report_strays(tree: Tree, ledger: Ledger) -> None:
    """Report what lies where no rule has a place for it, and names that are refused."""
    _report_names(tree, ledger)
    strange_folders = [f for f in tree.folders if f and f not in tree.known]
    for folder in strange_folders:
        parent = folder.rpartition("/")[0]
        if parent not in strange_folders:
            ledger.add(rules.STRAY, folder, "a folder without a place", "move it away")
    for path in tree.sizes:
        parent = path.rpartition("/")[0]
        if path not in tree.known and parent not in strange_folders:
            ledger.add(rules.STRAY, path, "a file without a place", "move it away")


def _report_names(tree: Tree, ledger: Ledger) -> None:
    """Report names that a repository refuses, links, and files that are too large."""
    for path in tree.links:
        ledger.add(rules.NAMES, path, "a symbolic link", "put the file itself there")
        tree.claim(path)
    for path in [*tree.folders, *tree.sizes]:
        name = path.rpartition("/")[2]
        if name.startswith(".") or " " in name:
            tree.claim_below(path)
            ledger.add(rules.NAMES, path, f"the name {name!r}", "rename it or move it away")
    limit = int(rules.SIZE.number * 2**20)
    for path, size in tree.sizes.items():
        if size > limit:
            do = "leave it out, or publish it elsewhere and name the place"
            ledger.add(rules.SIZE, path, f"{size / 2**20:.1f} MB", do)
