"""Files and folders of a tree, as documents name them."""

from __future__ import annotations

import posixpath
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from docgen.catalog import Source
from docgen.claims.makefiles import makefiles
from docgen.listing import Listing, listing
from docgen.prose import files, projects
from docgen.prose.model import Edit

if TYPE_CHECKING:
    from docgen.prose.ahead import Ahead

_DIVISIONS = ("closed", "open", "network")

MADE = frozenset(
    {"build", "dist", "results", "compliance", "measurements", "logs", "data", "models", "output",
     "outputs", "preprocessed_data", "tmp", "bin", "lib", "usr", "etc", "mnt", "home", "opt",
     "..", "calibration_cache", "submission", "submission-staging", "artifacts"}
)  # fmt: skip
"""First folders of paths that a build, a download or a run makes."""

COMMON_NAMES = frozenset(
    {"README.md", "__init__.py", "__main__.py", "Makefile", "index.md", "main.py", "utils.py",
     "setup.py", "requirements.txt"}
)  # fmt: skip
"""File names that say nothing about which file is meant."""


class Places:
    """What a tree has on disk."""

    def __init__(
        self,
        root: Path,
        cache: Path | None,
        known: Listing | None,
        ahead: Ahead | None = None,
    ) -> None:
        """Hold a tree.

        Args:
            root: Its folder.
            cache: Folder for what may be read again; None keeps nothing.
            known: Its files, where they are known.
            ahead: What a second process reads of it meanwhile.
        """
        self.root = root
        self.cache = cache
        self._known = known
        self.ahead = ahead

    @cached_property
    def listing(self) -> Listing:
        """Return the names, sizes and times of its files."""
        return listing(self.root) if self._known is None else self._known

    @cached_property
    def index(self) -> files.Index:
        """Return its files and words."""
        found = self.ahead.index() if self.ahead is not None else None
        return found or files.load(self.root, self.cache, self.listing)

    @cached_property
    def file_set(self) -> frozenset[str]:
        """Return its files for look-up."""
        return frozenset(self.index.files)

    @cached_property
    def folder_set(self) -> frozenset[str]:
        """Return its folders for look-up."""
        return frozenset((*self.index.folders, ""))

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        """Return its files and folders by their last part."""
        found: dict[str, list[str]] = {}
        for path in (*self.index.files, *self.index.folders):
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    @cached_property
    def _by_folder(self) -> dict[str, list[str]]:
        """Return its files by the folder that they are in."""
        found: dict[str, list[str]] = {}
        for path in self.index.files:
            found.setdefault(path.rpartition("/")[0], []).append(path)
        return found

    def in_folder(self, folder: str) -> list[str]:
        """Return the files that are in a folder itself."""
        return self._by_folder.get(folder, [])

    def has(self, path: str) -> bool:
        """Tell whether a file or folder of that path is there."""
        return path in self.file_set or path in self.folder_set

    def knows(self, word: str) -> bool:
        """Tell whether a word stands in any file that decides something."""
        return word in self.index.words

    def place(self, word: str) -> Source | None:
        """Return where a word stands first; None where it stands nowhere."""
        number = self.index.words.get(word)
        if number is None:
            return None
        name = self.index.files[number]
        return Source(path=name, line=files.line_of(self.root, name, word))

    def text(self, path: str) -> str:
        """Return the content of a file; empty where it cannot be read."""
        try:
            return (self.root / path).read_bytes().decode("utf-8", "replace")
        except OSError:
            return ""

    def folder_of(self, path: str) -> str:
        """Return the nearest folder above a missing path that is there; `.` for the root."""
        while path:
            path = path.rpartition("/")[0]
            if path in self.folder_set:
                break
        return path or "."

    def is_made(self, path: str) -> bool:
        """Tell whether a path is one that a build, a download or a run makes."""
        return path.partition("/")[0] in MADE or files.is_ignored(path, self.index.ignored)

    def folder(self, path: str | None) -> str | None:
        """Return a folder of the tree as relative path; None where it is outside or unknown."""
        if path is None:
            return None
        stripped = self.strip(path)
        return stripped if stripped in self.folder_set else None

    def strip(self, path: str) -> str:
        """Return a path relative to the root: without `./` and `closed/<submitter>/`."""
        plain_path = posixpath.normpath(path.rstrip("/") or ".").removeprefix("./")
        if plain_path == ".":
            return ""
        parts = plain_path.split("/")
        division = len(parts) > 1 and parts[0] in _DIVISIONS
        own = division and parts[1] in (self.root.name, "NVIDIA")
        if own and parts[0] == self.root.parent.name:
            return "/".join(parts[2:])
        return plain_path

    def find(self, path: str, document: str = "", folder: str = "") -> str:
        """Return the file or folder that a path names; empty where there is none.

        It is looked for from the folder of a command, from the root, from the document
        and every folder above it, and last as the end of any path of the tree.
        """
        plain_path = self.strip(path)
        if not plain_path:
            return "."
        if self._is_sibling(path):
            return "."
        bases = [folder, ""]
        here = document
        while "/" in here:
            here = here.rpartition("/")[0]
            bases.append(here)
        for base in dict.fromkeys(bases):
            one = posixpath.normpath(posixpath.join(base, plain_path))
            if self.has(one):
                return one
        return next(iter(self.ending(plain_path)), "")

    def ending(self, path: str) -> list[str]:
        """Return every file and folder that a path, relative to the root, is the end of."""
        name, ending = path.rpartition("/")[2], f"/{path}"
        return [p for p in self.by_name.get(name, ()) if p == path or p.endswith(ending)]

    def namesakes(self, found: str, path: str, document: str) -> list[str]:
        """Return the files that a path may mean as well as the one found.

        Those that are as near to the document: with as many folders above in common.
        """
        ways = {p: _shared(p, document) for p in self.ending(self.strip(path))}
        here = document.rpartition("/")[0]
        if not ways or found in (self.strip(path), posixpath.normpath(f"{here}/{path}")):
            return [found]
        best = max(ways.values())
        return [p for p, shared in ways.items() if shared == best]

    def _is_sibling(self, path: str) -> bool:
        """Tell whether a path is that of a file in the tree of another submitter beside it."""
        parts = posixpath.normpath(path).split("/")
        other = (
            len(parts) > len(("closed", "submitter"))
            and parts[0] == self.root.parent.name
            and parts[1] != self.root.name
        )
        return other and ".." not in parts and (self.root.parent.parent / "/".join(parts)).exists()

    def must_have(self, path: str, document: str) -> bool:
        """Tell whether a path that is missing would have to be in the tree.

        So it is where its first folder is one of the tree's, seen from the root or from
        a folder above the document, and it is not a place for what is made or fetched.
        """
        first, slash, _ = path.partition("/")
        if not slash or first in MADE or files.is_ignored(path, self.index.ignored):
            return False
        here = document.rpartition("/")[0]
        while True:
            if (f"{here}/{first}" if here else first) in self.folder_set:
                return True
            if not here:
                return False
            here = here.rpartition("/")[0]

    @cached_property
    def _projects(self) -> frozenset[str]:
        """Return the folders that are projects of their own."""
        return projects.roots(self.file_set)

    def project(self, document: str) -> str:
        """Return the project inside of the tree that a document belongs to; empty for none."""
        return projects.above(document, self._projects)

    def moved(self, path: str) -> str:
        """Return the only other place of a file's name; empty where there is none or several."""
        name = PurePosixPath(path).name
        if name in COMMON_NAMES:
            return ""
        found = [p for p in self.by_name.get(name, ()) if p in self.file_set]
        return found[0] if len(found) == 1 else ""

    def moved_words(self, path: str, moved: str) -> str:
        """Return where a file is now, in words; one in another branch may be another file."""
        if not moved:
            return ""
        near = set(path.split("/")[:-1]) & set(moved.split("/")[:-1])
        return f"; it is at {moved} now" if near else f"; a file of that name is at {moved}"

    def beside(self, path: str, near: str) -> Source:
        """Return the place to look at for a missing file: a near one, or its nearest folder."""
        if near in self.file_set:
            return Source(path=near, line=1)
        return Source(path=near or self.folder_of(path), line=0)

    def moved_edit(self, claimed: str, moved: str, document: str) -> Edit | None:
        """Return the edit to where a file is now, in the way in which it was written.

        Only for a file that went one or more folders up or down: a file of the same name
        in another branch of the tree may be another file.
        """
        old, new = self.strip(claimed).split("/")[:-1], moved.split("/")[:-1]
        here = posixpath.dirname(document)
        prefix = claimed[: len(claimed) - len(self.strip(claimed))]
        if not moved or not (_within(old, new) or _within(new, old)):
            return None
        if here and moved.startswith(f"{here}/") and old[:1] != new[:1]:
            return Edit(old=claimed, new=posixpath.relpath(moved, here))
        return Edit(old=claimed, new=f"{prefix}{moved}")

    @cached_property
    def makefile(self) -> str:
        """Return the Makefile that make reads by itself; empty where the tree has none."""
        found = makefiles(self.root)
        return found[0].name if found else ""

    def mentions(self, name: str) -> bool:
        """Tell whether a source of the tree has the name of a file, which it may write."""
        needle = name.encode()
        return any(needle in data for data in self._sources.values())

    def quotes(self, name: str) -> bool:
        """Tell whether a program has a name as a text of its own, as declarations do."""
        texts = [f"{mark}{word}{mark}" for mark in "\"'" for word in (name, f"--{name}")]
        return any(self.mentions(text) for text in texts)

    @cached_property
    def _sources(self) -> dict[str, bytes]:
        """Return the content of programs and build files."""
        found = {}
        for path in self.index.files:
            name = path.rpartition("/")[2]
            if name.endswith((".py", ".sh", ".mk")) or name.startswith(("Makefile", "Dockerfile")):
                try:
                    found[path] = (self.root / path).read_bytes()
                except OSError:
                    continue
        return found


def _shared(path: str, other: str) -> int:
    """Return how many folders from the root on two paths have in common."""
    one, two = path.split("/")[:-1], other.split("/")[:-1]
    return next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b),
                min(len(one), len(two)))  # fmt: skip


def _within(short: list[str], long: list[str]) -> bool:
    """Tell whether the parts of one folder stand in another one, in their order."""
    rest = iter(long)
    return all(part in rest for part in short)
