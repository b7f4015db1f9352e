"""The whole way from documents to findings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docgen.errors import Problem, UsageError
from docgen.prose.facts import Facts
from docgen.prose.files import SKIPPED
from docgen.prose.model import Document, Verdict

if TYPE_CHECKING:
    from docgen.config import Config

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
    from docgen.extract import extract

    facts = Facts(config.root, extract(config), config.cache)
    chosen = tuple(named)
    paths = [_place(p, config.root) for p in chosen] if chosen else list(find(config))
    return judge(facts, (read(config.root, path) for path in paths))


def judge(facts: Facts, documents: Iterable[Document]) -> Report:
    """Return the verdicts on documents that were read."""
    from docgen.prose.rules import COLLECTORS

    verdicts: list[Verdict] = []
    names: list[str] = []
    for document in documents:
        names.append(document.path)
        found = dict.fromkeys(v for collect in COLLECTORS for v in collect(document, facts))
        verdicts += sorted(found, key=lambda v: (v.line, v.code))
    return Report(tuple(verdicts), tuple(names))


def find(config: Config) -> Iterator[str]:
    """Yield the documents of a tree, sorted: what was generated is left out."""
    from docgen.foreign import OURS

    root = config.root
    generated = _generated(config)
    own = (config.root / "pyproject.toml").is_file() and config.docs.is_relative_to(root)
    for here, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED and f not in ("build", "dist"))
        if own and Path(here) == root and config.dialect in ("", OURS):
            folders[:] = [f for f in folders if (root / f) == config.docs]
        for name in sorted(names):
            path = Path(here, name)
            place = path.relative_to(root).as_posix()
            if name.lower().endswith(ENDINGS) and name not in HISTORY and place not in generated:
                yield place


def _generated(config: Config) -> frozenset[str]:
    """Return the pages that docgen wrote itself."""
    from docgen.errors import DocgenError
    from docgen.manifest import read_manifest

    if not config.docs.is_relative_to(config.root):
        return frozenset()
    base = config.docs.relative_to(config.root).as_posix()
    try:
        return frozenset(f"{base}/{name}" for name in read_manifest(config.docs))
    except DocgenError:
        return frozenset()


def _place(path: Path, root: Path) -> str:
    """Return a named document relative to the root, or as it was named where it is outside."""
    full = path.expanduser().absolute()
    if not full.is_file():
        inside = root / path
        if not inside.is_file():
            want, got = "a Markdown or reStructuredText file", "no file"
            raise UsageError(Problem(str(path), want, got, "give another path"))
        full = inside
    if full.suffix.lower() not in ENDINGS:
        want = "a document that ends in " + ", ".join(ENDINGS)
        raise UsageError(Problem(str(path), want, full.suffix or "no ending", "give another file"))
    resolved, base = full.resolve(), root.resolve()
    if resolved.is_relative_to(base):
        return resolved.relative_to(base).as_posix()
    return full.as_posix()


def read(root: Path, place: str) -> Document:
    """Return a document as blocks; one that cannot be read has none."""
    path = root / place
    try:
        if path.stat().st_size > MAX_BYTES:
            return Document(path=place, blocks=())
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return Document(path=place, blocks=())
    from docgen.prose import markdown

    return markdown.read(text, place)
