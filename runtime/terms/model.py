"""What a word of the glossary has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Term:
    """A word that the guides use, and what it means here."""

    name: str
    """The word, as it is written in a sentence."""
    definition: str
    """What it means, in one to three sentences."""
    source: str
    """Document and section that defines it."""
