"""The whole way from documents to findings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docgen.errors import DocgenError, Problem, SourceError, UsageError
from docgen.prose.files import SKIPPED
from docgen.prose.model import Document, Verdict

if TYPE_CHECKING:
    from docgen.catalog import Catalog
    from docgen.config import Config
    from docgen.prose.facts import Facts

ENDINGS = (".md", ".markdown", ".rst")
"""Endings of documents that are read."""

HISTORY = frozenset({"CHANGELOG.md", "CHANGES.md", "HISTORY.md", "CHANGELOG.rst", "NEWS.md"})
"""Documents that tell of the past and are read only when they are named."""

MAX_BYTES = 2_000_000
"""Longest document that is read."""


@dataclass(frozen=True)
class Report:
    """What came of checking some documents."""

    verdicts: tuple[Verdict, ...]
    """Every claim that was judged, by document and line."""
    documents: tuple[str, ...]
    """Documents that were read."""

    @property
    def findings(self) -> tuple[Verdict, ...]:
        """Return the claims that do not hold."""
        return tuple(v for v in self.verdicts if not v.holds)


def check(config: Config, named: Iterable[Path] = ()) -> Report:
    """Return the verdicts on every claim of a tree's documents, or of those named.

    Raises:
        UsageError: A named document is not there or is of no known kind.
        DocgenError: The tree cannot be read.
    """
    chosen = [_place(p, config.root) for p in named]
    facts = facts_of(config)
    return judge(facts, documents(config, facts, chosen))


def facts_of(config: Config) -> Facts:
    """Return the facts of a tree; one in no known dialect has its build files and programs.

    Raises:
        DocgenError: A dialect was named and does not fit.
    """
    from docgen.extract import extract
    from docgen.prose.facts import Facts

    try:
        catalog = extract(config)
    except SourceError:
        if config.dialect or config.packages:
            raise
        catalog = _bare(config.root)
    return Facts(config.root, catalog, config.cache)


def _bare(root: Path) -> Catalog:
    """Return the Catalog of a tree without configurations that could be read."""
    from docgen.catalog import Catalog
    from docgen.claims.arguments import read_programs
    from docgen.claims.makefiles import read_makefiles

    makes = read_makefiles(root)
    programs = read_programs(root, makes)
    return Catalog(dialect="none", root=root.name, packages=(), makes=makes, commands=programs)


def documents(config: Config, facts: Facts, chosen: list[str]) -> Iterator[Document]:
    """Yield the documents that are checked, then the docstrings of the tree's programs."""
    from docgen.prose import docstrings

    for place in chosen or find(config):
        if not place.endswith(".py"):
            yield read(config.root, place)
    wanted = {place for place in chosen if place.endswith(".py")}
    if wanted or not chosen:
        own = config.packages if facts.console_names else ()
        for document in docstrings.read(facts.symbols.docstrings):
            if document.path in wanted or (not chosen and _is_source(document.path, own)):
                yield document


def _is_source(path: str, packages: tuple[str, ...]) -> bool:
    """Tell whether a program is one whose docstrings count: of a harness's own packages."""
    first = path.partition("/")[0]
    return first in packages if packages else first not in ("tests", "test")


def judge(facts: Facts, read_ones: Iterable[Document]) -> Report:
    """Return the verdicts on documents that were read."""
    from docgen.prose.rules import COLLECTORS, IN_DOCSTRINGS

    verdicts: list[Verdict] = []
    names: list[str] = []
    for document in read_ones:
        names.append(document.path)
        collectors = IN_DOCSTRINGS if document.dialect == "docstring" else COLLECTORS
        found = dict.fromkeys(v for collect in collectors for v in collect(document, facts))
        verdicts += sorted(found, key=lambda v: (v.line, v.code))
    return Report(tuple(verdicts), tuple(names))


def find(config: Config) -> Iterator[str]:
    """Yield the documents of a tree, sorted: what was generated is left out."""
    root = config.root
    generated = _generated(config)
    own = config.docs.is_relative_to(root)
    for here, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED and f not in ("build", "dist"))
        if own and Path(here) == root:
            folders[:] = [f for f in folders if config.docs.is_relative_to(root / f)]
        for name in sorted(names):
            place = Path(here, name).relative_to(root).as_posix()
            if name.lower().endswith(ENDINGS) and name not in HISTORY and place not in generated:
                yield place


def _generated(config: Config) -> frozenset[str]:
    """Return the pages that docgen wrote itself."""
    from docgen.manifest import read_manifest

    if not config.docs.is_relative_to(config.root):
        return frozenset()
    base = config.docs.relative_to(config.root).as_posix()
    try:
        return frozenset(f"{base}/{name}" for name in read_manifest(config.docs))
    except DocgenError:
        return frozenset()


def _place(path: Path, root: Path) -> str:
    """Return a named document relative to the root, or as a whole path where it is outside."""
    kinds = (*ENDINGS, ".py")
    full = path.expanduser().absolute()
    if not full.is_file() and (root / path).is_file():
        full = root / path
    if not full.is_file():
        got = "a folder" if full.is_dir() else "no file"
        want = "a Markdown or reStructuredText file"
        raise UsageError(Problem(str(path), want, got, "give the path of a document"))
    if full.suffix.lower() not in kinds:
        want = "a document that ends in " + ", ".join(kinds)
        raise UsageError(Problem(str(path), want, full.suffix or "no ending", "give another file"))
    resolved, base = full.resolve(), root.resolve()
    return (
        resolved.relative_to(base).as_posix()
        if resolved.is_relative_to(base)
        else resolved.as_posix()
    )


def read(root: Path, place: str) -> Document:
    """Return a document as blocks; one that cannot be read has none.

    Raises:
        UsageError: reStructuredText needs a package that is not installed.
    """
    path = root / place
    try:
        if path.stat().st_size > MAX_BYTES:
            return Document(path=place, blocks=())
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return Document(path=place, blocks=())
    if place.lower().endswith(".rst"):
        from docgen.prose import restructured

        return restructured.read(text, place)
    from docgen.prose import markdown

    return markdown.read(text, place)
