"""What is known of the snippets that pages show; reads the store, executes nothing."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from sphinx.util import logging

from docgen.errors import DocgenError

if TYPE_CHECKING:
    from docgen.catalog import Catalog, Snippet
    from docgen.config import Config
    from docgen.evidence import Evidence, Judged
    from docgen.snippets.store import Store

_log = logging.getLogger(__name__)


class Reader:
    """Judges snippets on first use, so a site that shows none never reads the source."""

    def __init__(self, root: Path | None, store: Path | None = None) -> None:
        """Hold where to read; `root` is the folder that source references start at."""
        self.root = root
        self.lengths: dict[str, int | None] = {}
        """Lines of each file that pages link to, counted once a build; None without a page."""
        self._store = store
        self._given: Evidence | None = None

    @classmethod
    def of_project(cls, srcdir: Path, root: str | Path | None, store: str | Path | None) -> Reader:
        """Return the reader for a Sphinx project; relative paths start at `srcdir`."""
        from docgen.config import find_root

        found = (srcdir / root).resolve() if root is not None else find_root(srcdir)
        place = (srcdir / store).resolve() if store is not None else None
        return cls(found, place)

    @property
    def can_collect(self) -> bool:
        """Whether the project's snippets are known, so that an unknown id is a mistake."""
        return self._collected is not None

    def prepare(self) -> None:
        """Judge now what would be judged on first use."""
        _ = self._collected

    def give(self, evidence: Evidence) -> None:
        """Use evidence that the caller has judged already."""
        self._given = evidence

    @cached_property
    def config(self) -> Config | None:
        """The project's docgen configuration; None without one."""
        if self.root is None:
            return None
        from docgen.config import load, project_table

        try:
            if "docgen" not in project_table(self.root).get("tool", {}):
                return None
            return load(self.root)
        except DocgenError as error:
            _log.warning("%s", error, type="docgen", subtype="config")
            return None

    @cached_property
    def catalog(self) -> Catalog | None:
        """What the source says; None where it cannot be read."""
        if self.config is None:
            return None
        from docgen.extract import extract

        try:
            return extract(self.config)
        except DocgenError as error:
            _log.warning("%s", error, type="docgen", subtype="source")
            return None

    def live(self, role: str, words: str) -> str:
        """Return the text that a live value stands for; its words where it names nothing."""
        from docgen import live

        try:
            return live.resolve(role, words, self.catalog)[0] if self.catalog else words
        except DocgenError:
            return words

    @cached_property
    def _collected(self) -> Evidence | None:
        """Evidence of every snippet of the project; None where its source cannot be read."""
        if self._given is not None:
            return self._given
        if self.config is None:
            return None
        from docgen.extract import extract
        from docgen.snippets.collect import collect

        try:
            return self._judge(collect(extract(self.config), self.config))
        except DocgenError as error:
            _log.warning("%s", error, type="docgen", subtype="source")
            return None

    def _judge(self, snippets: tuple[Snippet, ...]) -> Evidence | None:
        """Return the evidence of these snippets; None without a configuration."""
        if self.config is None:
            return None
        from docgen.evidence import judge

        return judge(snippets, self._results, self.config)

    @cached_property
    def _results(self) -> Store:
        """The kept results, read once a build."""
        from docgen.snippets.store import Store

        if self._store is None and self.config is not None:
            return Store(self.config.store)
        return Store(self._store or Path())

    def find(self, snippet_id: str, written: Snippet | None = None) -> Judged | None:
        """Return what is known of a snippet; None where nothing is.

        Args:
            snippet_id: Its identity.
            written: The snippet as the page itself writes it; used where the project's
                own collection does not hold it with the same text.
        """
        collected = self._collected
        if collected is not None:
            try:
                judged = collected.of(snippet_id)
            except KeyError:
                judged = None
            if judged is not None and (written is None or judged.snippet.text == written.text):
                return judged
        if written is None:
            return None
        alone = self._judge((written,))
        return None if alone is None else alone.of(snippet_id)


def fingerprint(judged: Judged | None) -> str:
    """Return a hash over everything that a page shows of a snippet."""
    if judged is None:
        return "nothing known"
    parts: list[Any] = [judged.state.value, judged.reason, judged.snippet, judged.result]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
