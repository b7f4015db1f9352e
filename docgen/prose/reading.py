"""Documents as blocks, whatever they are written in."""

from __future__ import annotations

from pathlib import Path

from docgen.prose.model import Document

MAX_BYTES = 2_000_000
"""Longest document that is read."""


def read(root: Path, place: str) -> Document:
    """Return a document as blocks; one that cannot be read has none.

    Raises:
        UsageError: reStructuredText needs a package that is not installed.
    """
    path = root / place
    try:
        if path.stat().st_size > MAX_BYTES:
            return Document(path=place, blocks=(), problem=f"longer than {MAX_BYTES:,} bytes")
        text = path.read_bytes().decode("utf-8", "replace")
        if place.lower().endswith(".rst"):
            from docgen.prose import restructured

            return restructured.read(text, place)
        from docgen.prose import markdown

        return markdown.read(text, place)
    except OSError as error:
        return Document(path=place, blocks=(), problem=error.strerror or str(error))
    except RecursionError:
        return Document(path=place, blocks=(), problem="nested too deeply")
