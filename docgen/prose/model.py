"""The types between documents, rules and reports."""

from __future__ import annotations

import msgspec

from docgen.catalog import Source


class _Frozen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the types: immutable, compared by value."""


class Span(_Frozen, frozen=True, kw_only=True):
    """A marked part of a block: inline code, a link, a role."""

    kind: str
    """`code`, `link`, `image` or `role`."""
    text: str
    """What the reader sees."""
    line: int
    """Line of the document, from 1."""
    target: str = ""
    """Address of a link; name of a role."""


class Block(_Frozen, frozen=True, kw_only=True):
    """A paragraph, heading, list item, table cell or fence of a document."""

    kind: str
    """`heading`, `paragraph`, `item`, `cell` or `fence`."""
    text: str
    """Its words; inline code stands in backticks, line breaks as in the document."""
    line: int
    """Line of the document that its text begins in, from 1."""
    depth: int = 0
    """Level of a heading; nesting of a list item."""
    language: str = ""
    """Language of a fence: first word behind its mark."""
    section: tuple[str, ...] = ()
    """Headings above it, the outermost first."""
    lead: str = ""
    """Paragraph that introduces the list of an item."""
    spans: tuple[Span, ...] = ()
    """Its marked parts, in order."""


class Document(_Frozen, frozen=True, kw_only=True):
    """One document as read."""

    path: str
    """Path relative to the root of the tree, with forward slashes."""
    blocks: tuple[Block, ...]
    """Its blocks, in order."""
    anchors: tuple[str, ...] = ()
    """Places in it that a link can name."""
    dialect: str = "markdown"
    """`markdown`, `rst` or `docstring`."""
    problem: str = ""
    """Why it could not be read; empty where it could."""


class Edit(_Frozen, frozen=True, kw_only=True):
    """A replacement within one line that mends a claim."""

    old: str
    """Text as it stands."""
    new: str
    """Text that holds."""


class Verdict(_Frozen, frozen=True, kw_only=True):
    """One claim, and whether the tree agrees."""

    code: str
    """Rule that judged it, a key of `docgen.prose.rules.RULES`."""
    severity: str
    """`error`, `warning` or `info`; of no meaning where the claim holds."""
    document: str
    """Path of the document, relative to the root."""
    line: int
    """Line of the document, from 1."""
    claimed: str
    """What is claimed, as short as it can be said."""
    holds: bool
    """Whether the tree agrees."""
    truth: str = ""
    """What holds instead, in words."""
    source: Source | None = None
    """Where the tree says so."""
    nearest: str = ""
    """Nearest right name."""
    edit: Edit | None = None
    """Replacement that is safe to make."""
    since: str = ""
    """Round or commit in which it was still true, where history tells."""
    reason: str = ""
    """Why it is accepted, where a baseline says so."""
