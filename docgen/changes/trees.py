"""The two sides of a comparison: folders, commits of a repository, exported Catalogs.

A commit is written `PATH@REV` or `PATH@REV:FOLDER`, where PATH is a repository, a folder in
one, or empty for the working directory. Its files are read from the objects of git into a
temporary folder: nothing is checked out, no hook runs, nothing is fetched.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from docgen.catalog import Catalog, from_json
from docgen.errors import Problem, SourceError, UsageError
from docgen.evaluation.tree import MAX_BYTES

_LINK = "120000"
_FILE = "blob"
_NAMES = ("pyproject.toml",)
_ENDS = (".py", ".mk", ".json")
_STARTS = ("Makefile",)
_ENVIRONMENT = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}


@dataclass(frozen=True)
class Side:
    """One tree of a comparison."""

    name: str
    """What it is called: as asked for, with the short commit where there is one."""
    catalog: Catalog
    """What it says."""


def read_side(text: str, *, option: str, dialect: str = "") -> Side:
    """Return the tree that a text names.

    Args:
        text: A folder, `PATH@REV`, `PATH@REV:FOLDER` or a file of `docgen export`.
        option: What the text was given for, for messages.
        dialect: Name of its dialect; empty lets docgen find out.

    Raises:
        UsageError: There is no such folder, repository, commit or folder in it.
        SourceError: The tree cannot be read as a harness.
    """
    path = Path(text).expanduser()
    if text and path.is_dir():
        return Side(text, _read(path, dialect))
    if text and path.is_file():
        return Side(text, from_json(path.read_bytes(), text))
    place, at, revision = text.rpartition("@")
    if not at or not revision:
        want = "a folder, PATH@REV or an exported Catalog"
        got = "nothing of that name" if text else "nothing"
        raise UsageError(Problem(f"{option} {text}".strip(), want, got, "see `docgen diff --help`"))
    return _read_commit(place or ".", revision, f"{option} {text}", dialect)


def _read(folder: Path, dialect: str) -> Catalog:
    """Return the Catalog of a folder, with a configuration of docgen's own or without."""
    from docgen.extract import extract
    from docgen.foreign import make_plain
    from docgen.trees import load_source

    return make_plain(extract(load_source(folder, dialect=dialect)))


def _read_commit(place: str, revision: str, where: str, dialect: str) -> Side:
    """Return the tree of a commit."""
    from docgen.extract import extract
    from docgen.foreign import make_plain
    from docgen.trees import cache_folder, load_source

    repository = Path(place).expanduser().absolute()
    if not repository.is_dir():
        want, got = "the folder of a git repository before the @", "no folder"
        raise UsageError(Problem(where, want, got, "give its path"))
    rev, _, below = revision.partition(":")
    commit = _git(
        repository,
        where,
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{rev}^{{commit}}",
    )
    prefix = _git(repository, where, "rev-parse", "--show-prefix") if not below else ""
    folder = (below or prefix).strip("/")
    name = PurePosixPath(folder).name or repository.name.removesuffix(".git")
    with tempfile.TemporaryDirectory(prefix="docgen-") as scratch:
        root = Path(scratch, name)
        root.mkdir()
        _copy(repository, where, f"{commit}:{folder}", root)
        config = load_source(root, dialect=dialect)
        kept = cache_folder(repository / f"@{folder}")
        catalog = make_plain(extract(replace(config, cache=kept)))
    return Side(f"{name}@{rev} ({commit[:10]})" if rev != commit else f"{name}@{rev}", catalog)


def _git(repository: Path, where: str, *words: str) -> str:
    """Return what a command of git prints; raise UsageError where it fails."""
    return _run(repository, where, words).decode("utf-8", "surrogateescape").strip()


def _run(repository: Path, where: str, words: Iterable[str], data: bytes = b"") -> bytes:
    """Run git on a repository without its hooks; return its output."""
    command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]
    try:
        done = subprocess.run(
            [*command, "-C", str(repository), *words],
            input=data,
            capture_output=True,
            check=False,
            env={**os.environ, **_ENVIRONMENT},
        )
    except OSError as error:
        problem = Problem(where, "git", error.strerror or str(error), "install git")
        raise UsageError(problem) from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        got = said[-1].removeprefix("fatal: ") if said else "no such commit"
        want = "a commit of a git repository"
        raise UsageError(Problem(where, want, got, "give a tag, branch or commit that it has"))
    return done.stdout


def _copy(repository: Path, where: str, tree: str, root: Path) -> None:
    """Write the files of a tree that docgen reads into an empty folder.

    Links to places outside of the tree are left out.
    """
    listed = _run(repository, where, ["ls-tree", "-r", "-z", "--long", "--full-tree", tree])
    blobs: dict[str, tuple[str, bool]] = {}
    for line in listed.split(b"\0"):
        head, _, raw = line.partition(b"\t")
        if not raw:
            continue
        mode, kind, sha, size = head.decode().split()
        name = os.fsdecode(raw)
        if kind == _FILE and _is_read(name, mode) and size.isdigit() and int(size) <= MAX_BYTES:
            blobs[name] = (sha, mode == _LINK)
    if not blobs:
        want = f"Python files in {tree.partition(':')[2] or 'the commit'}"
        raise SourceError(Problem(where, want, "none", "name the folder behind a colon"))
    wanted = "\n".join(sha for sha, _ in blobs.values()) + "\n"
    found = _run(repository, where, ["cat-file", "--batch"], wanted.encode())
    for (name, (_, link)), data in zip(blobs.items(), _blobs(found), strict=True):
        if data is None:
            continue
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not link:
            path.write_bytes(data)
        elif (path.parent / os.fsdecode(data)).resolve().is_relative_to(root.resolve()):
            path.symlink_to(os.fsdecode(data))


def _is_read(name: str, mode: str) -> bool:
    """Tell whether docgen can need a file; a name that leads out of the tree is none."""
    if ".." in PurePosixPath(name).parts or name.startswith("/"):
        return False
    last = name.rpartition("/")[2]
    return mode == _LINK or last in _NAMES or last.endswith(_ENDS) or last.startswith(_STARTS)


def _blobs(output: bytes) -> Iterator[bytes | None]:
    """Yield the contents that `git cat-file --batch` prints; None for an absent one."""
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        words = output[at:end].split()
        at = end + 1
        if words[-1] == b"missing":
            yield None
            continue
        size = int(words[-1])
        yield output[at : at + size]
        at += size + 1
