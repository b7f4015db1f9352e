"""Claims in paths: files and folders that a document names."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from docgen.catalog import Source
from docgen.prose.facts import Facts
from docgen.prose.model import Block, Document, Verdict
from docgen.prose.names import nearest
from docgen.prose.rules.base import broken, held
from docgen.prose.rules.table import PATH

_PATH = re.compile(r"^(?:\.{1,2}/)*[A-Za-z0-9_@+.-]+(?:/[A-Za-z0-9_@+.-]+)*/?$")
_ENDING = re.compile(
    r"\.(?:py|sh|md|rst|json|ya?ml|toml|cfg|conf|cc|cpp|cu|h|hpp|mk|in|txt|ini|j2|proto|patch)$"
)
_BARE = re.compile(
    r"(?<![\w/:.`<>{}$~*\\-])((?:[A-Za-z0-9_.-]+/)+[A-Za-z0-9_-]+\.(?:py|sh|md|cc|cpp|h|cu|mk))(?![\w/*{])"
)
_WRITTEN = re.compile(
    r"(?:\b(?:creat|writ|add|mak)(?:e|es|ed|ing|ten)?\s+(?:a|an|your|another)\s+(?:\w+\s+){0,2}?"
    r"(?=(?:file|script|program|folder|directory|module)\s)"
    r"|\b(?:results?|outputs?|logs?|records?|files?|reports?)\s+(?:\w+\s+)?go(?:es)?\s+(?:in)?to"
    r"|\b(?:generat|creat|writ|sav|stor|append|dump|record|keep|kept|output)"
    r"(?:e|es|ed|ten|ing|s)?\b"
    r"(?:(?!\b(?:is|are|located|found|defined|see|use|using|by|from|run|running|with)\b)[^.,;:`])*"
    r"\b(?:in|to|into|at|under|as))"
    r"\s*(?:(?:the|a)\s+)?(?:(?:file|script|program|folder|directory|path|module)\s+)?"
    r"(?:(?:called|named)\s+)?$",
    re.IGNORECASE,
)
"""Words before a path that say that something is written there, not that it is there."""

_REGISTRY = re.compile(r"[\w.-]+/[\w.-]+")
"""The form of a name in a registry of images or models: owner and name."""

_ELSEWHERE = re.compile(
    r"\b(?:images?|docker|models?\s+(?:names?|id)|hugging ?face|repo(?:sitory)?|registry|"
    r"datasets?|symlink(?:s|ed)?|checkpoints?)\b",
    re.IGNORECASE,
)
"""Words that tell of such a registry, or of data that the reader fetches."""

_LOOK_BACK = 300
"""Characters before a path that are looked at for such words."""

_STANDS_FOR = frozenset(
    {"benchmark", "scenario", "system", "model", "path", "to", "your", "benchmark_name",
     "BENCHMARK", "SCENARIO", "SYSTEM", "foo", "bar"}
)  # fmt: skip
"""Folders of paths in which a reader fills in a name."""


def collect(document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield a verdict for every path that the words of a document name."""
    for block in document.blocks:
        if block.kind == "fence":
            continue
        links = {span.text.strip("`") for span in block.spans if span.kind in ("link", "role")}
        seen: set[str] = set()
        cursor = 0
        for span in block.spans:
            if span.kind == "code" and span.text not in links and _PATH.match(span.text):
                seen.add(span.text)
                start = block.text.find(f"`{span.text}`", cursor)
                cursor = max(start, cursor)
                at = block, max(start, 0)
                yield from _judge(span.text, at, span.line, document, facts)
        if document.dialect == "docstring":  # its plain words may be of any project
            continue
        text = re.sub(r"`[^`]*`", lambda m: " " * len(m.group()), block.text)
        for match in _BARE.finditer(text):
            path = match.group(1)
            if path not in seen and not any(path in link for link in links):
                line = block.line + block.text.count("\n", 0, match.start())
                yield from _judge(path, (block, match.start()), line, document, facts)


def _is_written(before: str) -> bool:
    """Tell whether the words before a path say that something is written there."""
    return bool(_WRITTEN.search(re.sub(r"\([^()]*\)", "", before[-_LOOK_BACK:])))


def _is_of_others(path: str, document: Document, facts: Facts, ends: bool) -> bool:
    """Tell whether a path is one that a project inside of the tree may give a meaning to."""
    own = facts.project(document.path)
    if not own:
        return False
    here = posixpath.join(own, path)
    stem = here.rpartition(".")[0]
    renamed = any(p.rpartition(".")[0] == stem for p in facts.in_folder(posixpath.dirname(here)))
    near = renamed or (facts.has(posixpath.dirname(here)) and bool(facts.moved(here)))
    return document.dialect == "docstring" or not ends or not near


def _judge(
    path: str, at: tuple[Block, int], line: int, document: Document, facts: Facts
) -> Iterator[Verdict]:
    """Yield the verdict on a path, where it can be decided; one that is written may be missing.

    Args:
        path: The path as written.
        at: Block that it stands in, and its place in the words of the block.
        line: Line that it stands in.
        document: Document that it stands in.
        facts: The tree.
    """
    words, before = at[0].text, at[0].text[: at[1]]
    ends = bool(_ENDING.search(path.rstrip("/")))
    if "/" not in path and not ends:
        return
    found = facts.find(path, document.path)
    if found:
        yield held(document, line, PATH.code, path, Source(path=found, line=1))
        return
    plain = facts.strip(path)
    if _is_written(before) or _STANDS_FOR & set(plain.split("/")):
        return
    if not ends and _REGISTRY.fullmatch(path) and _ELSEWHERE.search(words):
        return
    if not facts.must_have(plain, document.path) or _is_of_others(plain, document, facts, ends):
        return
    name = plain.rpartition("/")[2]
    moved = facts.moved(plain)
    near = moved or nearest(plain, facts.index.files if ends else facts.index.folders, 0.75)
    made = not moved and ends and not name.endswith(".md") and facts.mentions(name)
    yield broken(
        document,
        line,
        PATH,
        path,
        f"the tree has no {'file' if ends else 'file or folder'} {plain}"
        + facts.moved_words(plain, moved),
        source=facts.beside(plain, near),
        nearest=near,
        edit=facts.moved_edit(path, moved, document.path),
        severity="warning" if made or not ends else "",
    )
