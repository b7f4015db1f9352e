"""What changed since the tree that a site is compared with."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from docgen.catalog import Catalog
from docgen.changes.compare import compare
from docgen.changes.model import Changes
from docgen.changes.trees import Side, read_side

_PARTS = 3
"""Last parts of a path that tell trees apart: `round/closed/submitter`."""


def changes_since(config: Any, catalog: Catalog) -> Changes | None:
    """Return what changed since `config.since`; None where a site is compared with nothing.

    Args:
        config: Configuration of the site; `since` names a folder, `@REV` of the documented
            tree, `PATH@REV`, or an exported Catalog.
        catalog: The documented tree as it is.

    Raises:
        UsageError: There is no such tree.
    """
    since = getattr(config, "since", "")
    if not since:
        return None
    root = Path(config.root)
    old = _old(since, root)
    return compare(old.catalog, catalog, names=(old.name, catalog.version or catalog.root))


def _short(text: str) -> str:
    """Return the last parts of a path: pages name no place of a machine."""
    return "/".join(Path(text).parts[-_PARTS:]).lstrip("/")


@lru_cache(maxsize=2)
def _old(since: str, root: Path) -> Side:
    """Return the older tree, read once a process; relative places are seen from the root."""
    text = since
    if since.startswith("@"):
        text = f"{root}{since}"
    elif (root / since.partition("@")[0]).exists():
        text = str(root / since)
    side = read_side(text, option="--since")
    return Side(side.name if side.name != text else _short(text), side.catalog)
