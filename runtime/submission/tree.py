"""A submission tree on the disk, read once: what is where, and what nobody has asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from runtime.errors import ArtifactError, Problem


@dataclass
class Tree:
    """Folders and files below a root, by their path relative to it."""

    root: Path
    """The tree's folder."""
    folders: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)
    """Names of the folders and of the files in each folder; the root is the empty path."""
    links: list[str] = field(default_factory=list)
    """Symbolic links; none is followed."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Size of each file, in bytes."""
    known: set[str] = field(default_factory=set)
    """Files and folders that a rule has a place for, or has reported already."""

    @classmethod
    def read(cls, root: Path) -> Tree:
        """Return the tree of a folder.

        Raises:
            ArtifactError: There is no such folder, or a part of it cannot be read.
        """
        if not root.is_dir():
            got = "no folder" if not root.exists() else "something else"
            do = "name the folder that holds closed/, open/ or network/"
            raise ArtifactError(Problem(str(root), "a submission tree", got, do))
        tree = cls(root)
        for place, folders, files in os.walk(root, onerror=_unreadable):
            here = Path(place).relative_to(root).as_posix()
            here = "" if here == "." else here
            tree.folders[here] = (sorted(folders), sorted(files))
            for name in [*folders, *files]:
                path = Path(place) / name
                if path.is_symlink():
                    tree.links.append(join(here, name))
                elif name in files:
                    tree.sizes[join(here, name)] = path.stat().st_size
        return tree

    def folders_in(self, folder: str) -> list[str]:
        """Return the names of the folders in a folder; none where it is absent."""
        return self.folders.get(folder, ([], []))[0]

    def files_in(self, folder: str) -> list[str]:
        """Return the names of the files in a folder; none where it is absent."""
        return self.folders.get(folder, ([], []))[1]

    def has(self, path: str) -> bool:
        """Tell whether a file is there."""
        return path in self.sizes

    def claim(self, *paths: str) -> None:
        """Note that files or folders have their place."""
        self.known.update(paths)

    def claim_below(self, folder: str) -> None:
        """Note that everything in a folder has its place."""
        inside = folder + "/"
        self.known.update(
            p for p in [*self.folders, *self.sizes] if p == folder or p.startswith(inside)
        )

    def bytes(self, path: str) -> bytes:
        """Return what is in a file.

        Raises:
            ArtifactError: It cannot be read.
        """
        try:
            return (self.root / path).read_bytes()
        except OSError as error:
            got = error.strerror or str(error)
            raise ArtifactError(Problem(path, "a file that we can read", got, "mend it")) from error

    def text(self, path: str) -> str:
        """Return a file's text; bytes that are none become marks."""
        return self.bytes(path).decode("utf-8", errors="replace")


def join(*parts: str) -> str:
    """Return a relative path of parts; empty ones are left out."""
    return "/".join(part for part in parts if part)


def _unreadable(error: OSError) -> None:
    """Raise for a folder that cannot be listed."""
    got = error.strerror or str(error)
    do = "mend its permissions"
    raise ArtifactError(Problem(str(error.filename), "a folder that we can read", got, do))
