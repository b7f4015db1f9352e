"""What a section of the troubleshooting page holds."""

from __future__ import annotations

from dataclasses import dataclass

PAGE = "troubleshooting.html"
"""Page of the site that has a section for every code."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """One thing that goes wrong: how it looks, why, and what to do."""

    code: str
    """Stable code that messages print: `latency-bound`."""
    title: str
    """What happened, as a heading."""
    symptom: str
    """What one sees."""
    cause: str
    """Why it happens."""
    mend: str
    """What to change, with the field, the number or the command."""
    source: str
    """Where it is described: an issue, a document, or `tried`."""

    @property
    def anchor(self) -> str:
        """Return the place on the site, relative to its root."""
        return f"{PAGE}#{self.code}"
