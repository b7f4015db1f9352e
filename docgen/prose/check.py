"""The whole way from documents to findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from docgen import keys
from docgen.catalog import Source
from docgen.errors import DocgenError, Problem, SourceError, UsageError
from docgen.listing import Listing
from docgen.prose.kept import Store, digest_of
from docgen.prose.model import Document, Verdict
from docgen.prose.reading import read

if TYPE_CHECKING:
    from docgen.catalog import Catalog
    from docgen.config import Config
    from docgen.prose.ahead import Ahead
    from docgen.prose.facts import Facts

ENDINGS = (".md", ".markdown", ".rst")
"""Endings of documents that are read."""

HISTORY = frozenset({"CHANGELOG.md", "CHANGES.md", "HISTORY.md", "CHANGELOG.rst", "NEWS.md"})
"""Documents that tell of the past and are read only when they are named."""

DOCSTRINGS = "*.py"
"""Name under which verdicts on docstrings are kept."""


MUCH = 100_000
"""Bytes of documents to read anew from which a second process pays."""


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


def check(config: Config, named: Iterable[Path] = (), *, cache: bool = True) -> Report:
    """Return the verdicts on every claim of a tree's documents, or of those named.

    Args:
        config: What to check.
        named: Documents; without any, all of the tree and the docstrings of its programs.
        cache: Use verdicts again where nothing that they depend on has changed.

    Raises:
        UsageError: A named document is not there or is of no known kind.
        DocgenError: The tree cannot be read.
    """
    chosen = [_place(p, config.root) for p in named]
    run = _Run(config, keys.listing_of(config), cache=cache)
    names = [n for n in chosen or find(config, run.listing) if not n.endswith(".py")]
    wanted = {name for name in chosen if name.endswith(".py")}
    try:
        run.look_ahead(names)
        found = {name: run.document(name) for name in names}
        if wanted or not chosen:
            programs = run.docstrings().items()
            found.update({name: vs for name, vs in programs if not wanted or name in wanted})
        run.write()
    finally:
        run.close()
    return Report(tuple(v for verdicts in found.values() for v in verdicts), tuple(found))


class _Run:
    """One check: facts are read only where a verdict has to be found anew."""

    def __init__(self, config: Config, found: Listing, *, cache: bool) -> None:
        self.config = config
        self.listing = found
        self.store = Store(config, found) if cache else None
        self.known: dict[str, tuple[Verdict, ...]] = {}
        self.ahead: Ahead | None = None

    @cached_property
    def facts(self) -> Facts:
        """Return the facts of the tree."""
        found = facts_of(self.config, self.listing, self.ahead)
        if self.ahead is not None:
            self.ahead.go()
        return found

    def look_ahead(self, names: list[str]) -> None:
        """Have what must be read anew read in a second process, where it is much."""
        if self.store is not None:
            digests = {name: digest_of(self.config.root / name) for name in names}
            got = {name: self.store.get(name, digest) for name, digest in digests.items()}
            self.known = {name: vs for name, vs in got.items() if vs is not None}
        unknown = [name for name in names if name not in self.known]
        if (
            self.store is not None
            and sum(_size(self.config.root / name) for name in unknown) >= MUCH
        ):
            from docgen.prose.ahead import Ahead

            self.ahead = Ahead.start(self.config, self.listing, unknown)

    def close(self) -> None:
        """End the second process."""
        if self.ahead is not None:
            self.ahead.close()

    def write(self) -> None:
        """Keep verdicts, and what was parsed for them."""
        if self.store is not None:
            self.store.write()
            if "facts" in vars(self) and "symbols" in vars(self.facts):
                self.facts.symbols.write()

    def document(self, name: str) -> tuple[Verdict, ...]:
        """Return the verdicts on one document."""
        if name in self.known:
            return self.known[name]
        digest = digest_of(self.config.root / name)
        verdicts, asked = self._judged(name, digest)
        if self.store is not None:
            self.store.put(name, digest, verdicts, asked)
        return verdicts

    def _judged(self, name: str, digest: str) -> tuple[tuple[Verdict, ...], Iterable[str]]:
        """Return the verdicts on a document, and the documents that they depend on."""
        facts, document = self.facts, None
        if self.ahead is not None:
            known = self.ahead.judged(name, digest)
            if known is not None:
                return known.verdicts, known.asked
            document = self.ahead.document(name, digest)
        facts.asked.clear()
        verdicts = judge(facts, [document or read(self.config.root, name)]).verdicts
        return verdicts, facts.asked

    def docstrings(self) -> dict[str, tuple[Verdict, ...]]:
        """Return the verdicts on the docstrings of the tree's programs, by file."""
        known = self.store.get(DOCSTRINGS, "") if self.store is not None else None
        if known is None:
            from docgen.prose import docstrings

            own = self.config.packages if self.facts.console_names else ()
            texts = self.facts.symbols.docstrings(lambda path: _is_source(path, own))
            before = self.ahead.docstrings() if self.ahead is not None else {}
            known = judge(self.facts, docstrings.read(texts, before)).verdicts
            if self.store is not None:
                self.store.put(DOCSTRINGS, "", known)
        found: dict[str, list[Verdict]] = {}
        for verdict in known:
            found.setdefault(verdict.document, []).append(verdict)
        return {name: tuple(verdicts) for name, verdicts in found.items()}


def facts_of(config: Config, found: Listing | None = None, ahead: Ahead | None = None) -> Facts:
    """Return the facts of a tree; one in no known dialect has its build files and programs.

    Args:
        config: What is checked.
        found: Its files, where they are known.
        ahead: What a second process reads of it meanwhile.

    Raises:
        DocgenError: A dialect was named and does not fit.
    """
    from docgen.extract import extract, extract_brief
    from docgen.prose.facts import Facts

    try:
        catalog = extract_brief(config, found)
    except SourceError:
        if config.dialect or config.packages:
            raise
        return Facts(config.root, _bare(config.root), config.cache, found, ahead=ahead)
    whole = partial(extract, config)
    return Facts(config.root, catalog, config.cache, found, whole=whole, ahead=ahead)


def _bare(root: Path) -> Catalog:
    """Return the Catalog of a tree without configurations that could be read."""
    from docgen.catalog import Catalog
    from docgen.claims.arguments import read_programs
    from docgen.claims.makefiles import read_makefiles

    makes = read_makefiles(root)
    programs = read_programs(root, makes)
    return Catalog(dialect="none", root=root.name, packages=(), makes=makes, commands=programs)


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
        if document.problem:
            verdicts.append(_unread(document))
        collectors = IN_DOCSTRINGS if document.dialect == "docstring" else COLLECTORS
        found = dict.fromkeys(v for collect in collectors for v in collect(document, facts))
        verdicts += sorted(found, key=lambda v: (v.line, v.code))
    return Report(tuple(verdicts), tuple(names))


def _unread(document: Document) -> Verdict:
    """Return the finding of a document that could not be read."""
    from docgen.prose.rules.base import broken
    from docgen.prose.rules.table import DOCUMENT

    claimed, truth = "a document that can be checked", f"it cannot be read: {document.problem}"
    place = Source(path=document.path, line=1)
    return broken(document, 1, DOCUMENT, claimed, truth, source=place)


def find(config: Config, found: Listing) -> Iterator[str]:
    """Yield the documents of a tree, sorted: what was generated is left out."""
    generated = _generated(config)
    inside = config.docs.is_relative_to(config.root)
    docs = config.docs.relative_to(config.root).as_posix() if inside else ""
    for place in found.files:
        folder, _, name = place.rpartition("/")
        if not name.lower().endswith(ENDINGS) or name in HISTORY or place in generated:
            continue
        if not docs or not folder or f"{place}/".startswith(f"{docs}/"):
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


def _size(path: Path) -> int:
    """Return the bytes of a file; 0 where it cannot be read."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
