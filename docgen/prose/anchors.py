"""Names of headings as links give them: the rules of GitHub, which MyST follows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_DROPPED = re.compile(r"[^\w\- ]", re.UNICODE)


def slug(title: str) -> str:
    """Return the anchor of a heading: small letters, no punctuation, dashes for spaces."""
    return _DROPPED.sub("", title.strip().lower()).replace(" ", "-")


@dataclass
class Slugs:
    """Anchors of one document; a title that comes again gets a number."""

    found: list[str] = field(default_factory=list)
    """Anchors so far."""
    _seen: dict[str, int] = field(default_factory=dict)

    def add(self, title: str) -> str:
        """Return the anchor of the next heading."""
        base = slug(title)
        count = self._seen.get(base, 0)
        self._seen[base] = count + 1
        name = f"{base}-{count}" if count else base
        self.found.append(name)
        return name
