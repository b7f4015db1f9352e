"""Docstrings of a tree as documents: their prose may show commands and name files."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from docgen.prose import markdown
from docgen.prose.model import Block, Document, Span
from docgen.prose.symbols import Docstring


def read(
    found: Iterable[Docstring], before: Mapping[str, Document] | None = None
) -> Iterator[Document]:
    """Yield the docstrings of each file as one document, with the file's lines.

    Args:
        found: Docstrings that may claim something.
        before: Documents of files whose docstrings are read already, by path.
    """
    known = before or {}
    files: dict[str, list[Docstring]] = {}
    for one in found:
        files.setdefault(one.path, []).append(one)
    for path, parts in files.items():
        if path in known:
            yield known[path]
            continue
        blocks: list[Block] = []
        for part in parts:
            first, _, rest = part.text.partition("\n")
            plain = first.lstrip() + "\n" + textwrap.dedent(rest)
            read_ones = markdown.read(plain, path).blocks
            blocks.extend(_shifted(block, part.line - 1) for block in read_ones)
        yield Document(path=path, blocks=tuple(blocks), dialect="docstring")


def _shifted(block: Block, offset: int) -> Block:
    """Return a block with the lines of its file; a heading is none in a docstring."""
    spans = tuple(
        Span(kind=s.kind, text=s.text, target=s.target, line=s.line + offset) for s in block.spans
    )
    return Block(
        kind=block.kind,
        text=block.text,
        line=block.line + offset,
        depth=block.depth,
        language=block.language,
        lead=block.lead,
        spans=spans,
    )
