"""The search index of a rebuild: as whole as that of a build from nothing.

Sphinx takes words and titles of pages that it does not write again from the index on
disk, but not the entries of their index directives; it keeps words that no page has any
more; and to it a mark of raw HTML such as `&quot;` is a word. Here the entries are taken
over, too, and what is written is in one order, so that an index does not depend on the
way to it. Stems are remembered for all pages.
"""

from __future__ import annotations

import functools
import io
from html import unescape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from sphinx.application import Sphinx
    from sphinx.search import IndexBuilder

MAIN = "main"
"""What marks the main entry among several in an index directive."""


class _Parsed:
    """A format of indexes, as Sphinx wants one, that gives back what was parsed already."""

    def __init__(self, frozen: Any) -> None:
        """Hold an index."""
        self._frozen = frozen

    def load(self, stream: Any) -> Any:
        """Return the index."""
        del stream
        return self._frozen


def _take_over(app: Sphinx) -> None:
    """Let an HTML builder restore and order its search index."""
    builder: Any = app.builder
    theirs: Callable[[AbstractSet[str]], None] | None = getattr(builder, "load_indexer", None)
    if theirs is None:
        return

    def load_indexer(docnames: AbstractSet[str]) -> None:
        indexer = builder.indexer
        indexer.load = functools.partial(_load, indexer, indexer.load)
        indexer.freeze = functools.partial(_freeze, indexer.freeze)
        language = indexer.lang
        language.stem = functools.cache(language.stem)  # Sphinx remembers stems by page
        language.split = functools.partial(_split, language.split)
        theirs(docnames)
        _forget(indexer)

    builder.load_indexer = load_indexer


def _split(theirs: Callable[[str], list[str]], text: str) -> list[str]:
    """Return the words of a text; in raw HTML `&quot;` is a mark, not a word."""
    return theirs(unescape(text) if "&" in text else text)


def _load(
    indexer: IndexBuilder, theirs: Callable[[Any, Any], None], stream: Any, form: Any
) -> None:
    """Restore an index from disk with the entries of index directives."""
    reader: Any = indexer.formats[form] if isinstance(form, str) else form
    frozen = reader.load(stream)
    theirs(io.StringIO(), _Parsed(frozen))
    entries: dict[str, list[tuple[str, str, str]]] = {}
    names = frozen["docnames"]
    for entry, places in frozen.get("indexentries", {}).items():
        for place, target, is_main in places:
            found = entries.setdefault(names[place], [])
            found.append((entry, target, MAIN if is_main else ""))
    indexer._index_entries = entries  # noqa: SLF001 - Sphinx leaves these alone and offers no other way


def _forget(indexer: IndexBuilder) -> None:
    """Drop the entries of pages that are written again, or are gone."""
    known, titles = indexer._index_entries, indexer._titles  # noqa: SLF001 - as in _load
    for docname in [name for name in known if name not in titles]:
        del known[docname]


def _freeze(theirs: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return an index without words that no page has, its entries in the order of pages."""
    frozen = theirs()
    for name in ("terms", "titleterms"):
        frozen[name] = {word: pages for word, pages in frozen[name].items() if pages != []}
    entries = frozen["indexentries"]
    frozen["indexentries"] = {name: sorted(map(tuple, entries[name])) for name in entries}
    return frozen


def register(app: Sphinx) -> None:
    """Complete the search index of HTML builders."""
    app.connect("builder-inited", _take_over)
