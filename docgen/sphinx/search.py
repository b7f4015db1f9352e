"""The search index of a rebuild: as whole as that of a build from nothing.

Sphinx takes words and titles of pages that it does not write again from the index on
disk, but not the entries of their index directives; it keeps words that no page has any
more; and to it a mark of raw HTML such as `&quot;` is a word. Here the entries are taken
over, too, and what is written is in one order, so that an index does not depend on the
way to it. Stems are remembered for all pages and builds.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
from html import unescape
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docgen.writing import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from sphinx.application import Sphinx
    from sphinx.search import IndexBuilder

STEMS = "docgen_stems.json"
"""File beside the doctrees that keeps stems."""

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
        _remember_stems(app, language)
        language.split = functools.partial(_split, language.split)
        theirs(docnames)
        _forget(indexer)

    builder.load_indexer = load_indexer


def _remember_stems(app: Sphinx, language: Any) -> None:
    """Let stems be remembered for all pages, and from one build to the next.

    Sphinx remembers them by page. Those of a language depend on the word alone.
    """
    kind = type(language)
    tools = f"{version('snowballstemmer')} {version('sphinx')}"
    key = f"{kind.__module__}.{kind.__qualname__} {language.lang} {tools}"
    place = Path(app.doctreedir) / STEMS
    kept = _read_stems(place, key)
    stems, theirs = dict(kept), language.stem

    def stem(word: str) -> str:
        found = stems.get(word)
        if found is None:
            found = stems[word] = theirs(word)
        return found

    def keep(app: Sphinx, exception: Exception | None) -> None:
        del app
        if exception is None and len(stems) > len(kept):
            with contextlib.suppress(OSError):
                write_atomically(place, json.dumps([key, stems]).encode(), durable=False)

    language.stem = stem
    app.connect("build-finished", keep)


def _read_stems(place: Path, key: str) -> dict[str, str]:
    """Return the stems that an earlier build kept; none where they are of another language."""
    try:
        found, stems = json.loads(place.read_text("utf-8"))
    except (OSError, ValueError, TypeError):
        return {}
    return stems if found == key and isinstance(stems, dict) else {}


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
