"""Attribute docstrings as data: summary, text, and the reasons given for single values.

Under a constant, after the text, two sections may stand:

    Why:
        batch_size: why it has this value.
    Source:
        target_qps, lanes: where the figures come from.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

SECTIONS = ("Why", "Source")
"""Headings of the sections whose items are read."""

_HEADING = re.compile(r"^([A-Z][A-Za-z ]*):\s*(.*)$")
_ITEM = re.compile(r"^(\s+)([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*):(?:\s+(.*))?$")


@dataclass(frozen=True)
class Docstring:
    """A docstring taken apart."""

    summary: str = ""
    """First paragraph, on one line."""
    text: str = ""
    """Everything but the sections that are read, as written (Markdown)."""
    why: dict[str, str] = field(default_factory=dict)
    """Reason by field; under the empty name what holds for the whole."""
    basis: dict[str, str] = field(default_factory=dict)
    """Origin by field; under the empty name what holds for the whole."""
    lines: dict[str, int] = field(default_factory=dict)
    """Line of the first item of a field, counted from the docstring's first line, from 0."""


@functools.lru_cache(maxsize=4096)
def parse(doc: str) -> Docstring:
    """Return the parts of a cleaned docstring."""
    kept: list[str] = []
    items: dict[str, dict[str, list[str]]] = {name: {} for name in SECTIONS}
    lines: dict[str, int] = {}
    section = ""
    names: tuple[str, ...] = ()
    indent = 0
    for number, line in enumerate(doc.splitlines()):
        heading = _HEADING.match(line)
        if heading is not None and heading[1] in SECTIONS:
            section, names, indent = heading[1], ("",), 0
            if heading[2]:
                items[section].setdefault("", []).append(heading[2])
            continue
        if section and line and not line[0].isspace():
            section = ""
        if not section:
            kept.append(line)
            continue
        item = _ITEM.match(line)
        if item is not None and (not indent or len(item[1]) == indent):
            indent = len(item[1])
            names = tuple(part.strip() for part in item[2].split(","))
            for name in names:
                lines.setdefault(name, number)
                items[section].setdefault(name, []).append(item[3] or "")
        elif line.strip():
            for name in names:
                items[section].setdefault(name, []).append(line.strip())
    text = "\n".join(kept).strip()
    return Docstring(
        summary=" ".join(text.split("\n\n", 1)[0].split()),
        text=text,
        why={name: _join(parts) for name, parts in items["Why"].items()},
        basis={name: _join(parts) for name, parts in items["Source"].items()},
        lines=lines,
    )


def _join(parts: list[str]) -> str:
    """Return the lines of an item as one."""
    return " ".join(part for part in parts if part)
