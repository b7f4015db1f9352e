"""Draws the layouts of a board, a row each; frames and numbers take the colour of the page."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from docgen.catalog import MigBoard
from docgen.views.miglayouts import Layout

_COLOURS = ("#3b6fb6", "#257548", "#8a5fb0", "#a4570f", "#0f7f8c", "#a8435c", "#6b7a1e")
"""Fills on which white text has a contrast of 4.5 or more."""

_WIDTH = 600
_HIGH, _GAP, _TOP = 24, 5, 22
_SIDE = 54


def draw(board: MigBoard, rows: Sequence[Layout], words: str) -> str:
    """Return the SVG of layouts: memory slots from left to right, a layout in each row.

    Args:
        board: The board.
        rows: Its layouts.
        words: What the drawing shows, for those who do not see it.
    """
    slot = _WIDTH / board.slots
    height = _TOP + len(rows) * (_HIGH + _GAP)
    names = [p.name for p in board.profiles if not p.attributes]
    names += [p.name for p in board.profiles if p.attributes]
    colours = {name: _COLOURS[n % len(_COLOURS)] for n, name in enumerate(names)}
    compute = {p.name: p.compute_slices for p in board.profiles}
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + _SIDE} {height}" '
            'role="img" font-family="system-ui, sans-serif" font-size="12">'
        ),
        f"<title>{escape(words)}</title>",
        *(
            f'<text x="{(n + 0.5) * slot:g}" y="14" text-anchor="middle" '
            f'fill="currentColor">{n}</text>'
            for n in range(board.slots)
        ),
        f'<text x="{_WIDTH + 8}" y="14" fill="currentColor">slices</text>',
    ]
    for number, layout in enumerate(rows):
        top = _TOP + number * (_HIGH + _GAP)
        parts.append(
            f'<rect x="0.5" y="{top}" width="{_WIDTH - 1}" height="{_HIGH}" fill="none" '
            'stroke="currentColor" stroke-opacity="0.4" stroke-dasharray="3 3"/>'
        )
        for place in layout:
            left, width = place.start * slot + 1, place.size * slot - 2
            parts.append(
                f'<rect x="{left:g}" y="{top}" width="{width:g}" height="{_HIGH}" rx="3" '
                f'fill="{colours[place.profile]}"/>'
                f'<text x="{left + width / 2:g}" y="{top + 16}" text-anchor="middle" '
                f'fill="#ffffff">{escape(_fit(place.profile, width))}</text>'
            )
        used = sum(compute[p.profile] for p in layout)
        parts.append(
            f'<text x="{_WIDTH + 8}" y="{top + 16}" fill="currentColor">'
            f"{used} of {board.compute_slices}</text>"
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _fit(name: str, width: float) -> str:
    """Return a name as far as its box has room; a narrow box says the slices alone."""
    room = int(width // 6.6)
    return name if len(name) <= room else name.partition(".")[0]
