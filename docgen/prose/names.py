"""How names are compared: by their letters and digits, and by how near they are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the most similar of some names; empty where none is near."""
    found = get_close_matches(word, list(dict.fromkeys(known)), 1, cutoff)
    return found[0] if found else ""


def plain(name: str) -> str:
    """Return a name as it is compared: small letters and digits alone."""
    return re.sub(r"[^a-z0-9]+", "", name.lower())
