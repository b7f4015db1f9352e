"""Source tree to Catalog: chooses the dialect, reads, keeps the result for unchanged files."""

from __future__ import annotations

import hashlib
import os
import platform
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from docgen.catalog import Catalog, Diagnostic, Source
from docgen.claims.arguments import tool_files
from docgen.config import Config
from docgen.dialects import Dialect, choose
from docgen.errors import Problem, SourceError
from docgen.evaluation.tree import MAX_BYTES
from docgen.foreign import OURS
from docgen.snippets.store import write_atomically

KEPT = 4
"""Catalogs that the cache keeps; older ones are removed."""


def extract(config: Config, *, strict: bool = False, cache: bool = True) -> Catalog:
    """Return the Catalog of a source tree; nothing of the tree is imported or run.

    Args:
        config: What to read.
        strict: Raise for what could not be resolved, instead of listing it in
            the Catalog's diagnostics.
        cache: Keep the result in `config.cache` and take it from there while no
            file has changed.

    Raises:
        SourceError: When no dialect fits the tree; with `strict`, with every error
            that was found in it, each with file, line and column.
    """
    dialect = choose(config.root, config.packages, config.dialect)
    file = config.cache / f"catalog-{_key(config, dialect)}.msgpack" if cache else None
    catalog = _load(file) if file is not None else None
    if catalog is None:
        folder = config.cache if cache else None
        catalog = dialect.read(config.root, config.packages, config.api, folder)
        catalog = _note_others(_with_tools(catalog, config.root), dialect)
        if file is not None:
            _keep(file, catalog)
    if strict:
        raise_errors(catalog)
    return catalog


def raise_errors(catalog: Catalog) -> None:
    """Raise SourceError with every error among the diagnostics; return when there is none."""
    problems = [problem_of(d) for d in catalog.diagnostics if d.severity == "error"]
    if problems:
        raise SourceError(problems)


def problem_of(diagnostic: Diagnostic) -> Problem:
    """Return a diagnostic as a problem: `file:line:column: want X, got Y; do Z`."""
    place = diagnostic.source
    where = f"{place.path}:{place.line}:{place.column}"
    want, _, rest = diagnostic.message.removeprefix("want ").partition(", got ")
    got, _, do = rest.rpartition("; ")
    return Problem(where, want, got or rest, do or "mend it")


def _with_tools(catalog: Catalog, root: Path) -> Catalog:
    """Return the Catalog of a tree of others with its make targets and their programs."""
    if catalog.dialect == OURS:
        return catalog
    from docgen.claims.arguments import close_fields, read_programs
    from docgen.claims.makefiles import read_makefiles

    makes = read_makefiles(root)
    known = {command.name for command in catalog.commands}
    programs = [c for c in read_programs(root, makes) if c.name not in known]
    return msgspec.structs.replace(
        catalog,
        makes=makes,
        fields=close_fields(root, catalog.fields),
        commands=(*catalog.commands, *programs),
    )


def _note_others(catalog: Catalog, dialect: Dialect) -> Catalog:
    """Return the Catalog with a warning for files of other dialects, which were not read."""
    notes = tuple(
        Diagnostic(
            code="other-dialect",
            severity="warning",
            message=f"want one dialect, got {count} files of the dialect {name} too; "
            f"read them with --dialect {name}",
            source=Source(path=".", line=1),
        )
        for name, count in dialect.others
    )
    return msgspec.structs.replace(catalog, diagnostics=(*catalog.diagnostics, *notes))


def _key(config: Config, dialect: Dialect) -> str:
    """Return a hash over everything that the Catalog depends on."""
    digest = hashlib.sha256()
    others = (f"{name}:{count}" for name, count in dialect.others)
    words = (dialect.name, *others, *config.packages, "|", *config.api, platform.python_version())
    for word in (config.root.name, *words):
        digest.update(os.fsencode(word) + b"\0")
    for path in _own_files():
        digest.update(path.read_bytes())
    digest.update(_state(config.root / "pyproject.toml"))
    for name in _top(config.root) if dialect.name != OURS else ():
        digest.update(os.fsencode(name) + b"\0")  # some files only have to be there
    for file in tool_files(config.root) if dialect.name != OURS else ():
        digest.update(os.fsencode(file.relative_to(config.root)) + b"\0")
        digest.update(_state(file))
    for folder in dict.fromkeys((*config.packages, *config.api, *dialect.folders)):
        for file in _sources(config.root / folder.replace(".", "/")):
            digest.update(os.fsencode(file.relative_to(config.root)) + b"\0")
            digest.update(_state(file))
    return digest.hexdigest()[:32]


def _top(root: Path) -> list[str]:
    """Return the names in the root of a tree, sorted."""
    try:
        return sorted(path.name for path in root.iterdir())
    except OSError:
        return []


def _sources(folder: Path) -> Iterator[Path]:
    """Yield the Python files below a folder, sorted; links to folders are not followed."""
    for here, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(here, name) for name in sorted(names) if name.endswith(".py"))


def _state(file: Path) -> bytes:
    """Return what tells one state of a file from another: its content, where that is read."""
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return f"{status.st_mode}:{status.st_size}".encode()
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError as error:
        return str(error.errno).encode()


def _own_files() -> list[Path]:
    """Return docgen's own files that decide what is read; another docgen reads anew."""
    here = Path(__file__).parent
    names = ("api", "commands", "docstrings", "digests", "evaluate", "extract")
    folders = ("catalog", "evaluation", "dialects", "claims")
    own = [here / f"{name}.py" for name in names]
    return own + [p for folder in folders for p in sorted((here / folder).glob("*.py"))]


def _load(file: Path) -> Catalog | None:
    """Return a kept Catalog; None where there is none that can be read."""
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=Catalog)
    except (OSError, msgspec.MsgspecError):
        return None


def _keep(file: Path, catalog: Catalog) -> None:
    """Keep a Catalog and remove the oldest ones; a cache that cannot be written is none."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, msgspec.msgpack.encode(catalog))
        kept = sorted(file.parent.glob("catalog-*.msgpack"), key=lambda p: p.stat().st_mtime)
        for old in kept[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return
