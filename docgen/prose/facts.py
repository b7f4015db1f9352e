"""What a tree really has: the side of every comparison that decides."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from docgen.catalog import Catalog, Command, Source
from docgen.claims.arguments import PYTHON, read_program
from docgen.claims.commands import Tools
from docgen.claims.makefiles import makefiles
from docgen.foreign import OURS
from docgen.prose import files

if TYPE_CHECKING:
    from docgen.claims.makefiles import MakeTarget

_NUMBER_OF_SUGGESTIONS = 1
_DIVISIONS = ("closed", "open", "network")

MADE = frozenset(
    {"build", "dist", "results", "compliance", "measurements", "logs", "data", "models", "output",
     "outputs", "preprocessed_data", "tmp", "bin", "lib", "usr", "etc", "mnt", "home", "opt",
     "..", "calibration_cache", "submission", "submission-staging", "artifacts"}
)  # fmt: skip
"""First folders of paths that a build, a download or a run makes."""


class Facts:
    """The facts of one tree; what is expensive is read when a rule first asks."""

    def __init__(self, root: Path, catalog: Catalog, cache: Path | None = None) -> None:
        """Hold a tree against which documents are judged.

        Args:
            root: Its folder.
            catalog: What its configurations say.
            cache: Folder for what may be read again; None keeps nothing.
        """
        self.root = root
        self.catalog = catalog
        self.cache = cache
        self.tools = Tools(catalog)
        self._programs: dict[str, Command | None] = {}

    @cached_property
    def index(self) -> files.Index:
        """Return its files and words."""
        return files.load(self.root, self.cache)

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
    def consoles(self) -> dict[str, Command]:
        """Return the commands of its console scripts by full name."""
        return {c.name: c for c in self.catalog.commands if not c.name.startswith(PYTHON)}

    @cached_property
    def console_names(self) -> frozenset[str]:
        """Return the first words of its console scripts."""
        if self.catalog.dialect != OURS:
            return frozenset()
        return frozenset(name.split()[0] for name in self.consoles)

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

    def program(self, path: str) -> Command | None:
        """Return a Python program of the tree with its options; None where it has none."""
        if path not in self._programs:
            name = path.removesuffix(".py").removesuffix("/__main__").replace("/", ".")
            known = self.tools.programs.get(name)
            self._programs[path] = known or read_program(self.root / path, path, PYTHON + name)
        return self._programs[path]

    def module(self, dotted: str) -> str:
        """Return the file of a module; empty where the tree has none."""
        base = dotted.replace(".", "/")
        for path in (f"{base}.py", f"{base}/__main__.py", f"{base}/__init__.py"):
            if path in self.file_set:
                return path
        return ""

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
        bases = [folder, ""]
        here = document
        while "/" in here:
            here = here.rpartition("/")[0]
            bases.append(here)
        for base in dict.fromkeys(bases):
            one = posixpath.normpath(posixpath.join(base, plain_path))
            if self.has(one):
                return one
        if plain_path.startswith(".."):
            return ""
        name = plain_path.rpartition("/")[2]
        ending = f"/{plain_path}"
        return next((p for p in self.by_name.get(name, ()) if p.endswith(ending)), "")

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

    def is_name(self, word: str, names: Iterable[str]) -> bool:
        """Tell whether a word is one of some names, whatever their dashes and case."""
        return plain(word) in {plain(name) for name in names}

    def reaches(self, target: MakeTarget) -> list[MakeTarget]:
        """Return a target and everything that it makes."""
        return self.tools.reached(target)

    def moved(self, path: str) -> str:
        """Return the only other place of a file's name; empty where there is none or several."""
        name = PurePosixPath(path).name
        if name in COMMON_NAMES:
            return ""
        found = [p for p in self.by_name.get(name, ()) if p in self.file_set]
        return found[0] if len(found) == 1 else ""

    @cached_property
    def makefile(self) -> str:
        """Return the Makefile that make reads by itself; empty where the tree has none."""
        found = makefiles(self.root)
        return found[0].name if found else ""

    def mentions(self, name: str) -> bool:
        """Tell whether a source of the tree has the name of a file, which it may write."""
        needle = name.encode()
        return any(needle in data for data in self._sources.values())

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


COMMON_NAMES = frozenset({"README.md", "__init__.py", "__main__.py", "Makefile", "index.md", "main.py", "utils.py", "setup.py", "requirements.txt"})  # fmt: skip
"""File names that say nothing about which file is meant."""


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the most similar of some names; empty where none is near."""
    found = get_close_matches(word, list(dict.fromkeys(known)), _NUMBER_OF_SUGGESTIONS, cutoff)
    return found[0] if found else ""


def plain(name: str) -> str:
    """Return a name as it is compared: small letters and digits alone."""
    return re.sub(r"[^a-z0-9]+", "", name.lower())
