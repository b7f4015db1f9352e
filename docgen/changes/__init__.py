"""What changed between two trees, by GPU: configurations, values, fields and systems."""

from __future__ import annotations

from docgen.changes.compare import compare
from docgen.changes.model import Changes

__all__ = ["Changes", "compare"]
