"""Draws layouts: as text for a terminal, as SVG for a page, and in words for everybody."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from runtime.mig.boards import Board
from runtime.mig.layouts import Placement

CELL = 8
"""Characters that one memory slot takes in the text drawing of a board with eight slots."""

_WIDTH, _HEIGHT, _EDGE = 64, 56, 2
_COLOURS = ("#3b6fb6", "#257548", "#8a5fb0", "#a4570f", "#0f7f8c", "#a8435c", "#6b7a1e")


def describe(
    board: Board, layout: Sequence[Placement], labels: Mapping[Placement, str] | None = None
) -> str:
    """Return a layout in one sentence: the text alternative of its drawing."""
    if not layout:
        return f"{board.name}: no instances, {board.slots} memory slots free."
    parts = []
    for placement in sorted(layout):
        label = (labels or {}).get(placement, "")
        parts.append(
            f"{placement.profile} on {_slots(placement)}" + (f" for {label}" * bool(label))
        )
    taken = sum(p.size for p in layout)
    compute = sum(board.profile(p.profile).compute_slices for p in layout)
    free = [str(n) for n in range(board.slots) if not any(p.mask >> n & 1 for p in layout)]
    rest = f"; free: slot{'s' if len(free) > 1 else ''} {', '.join(free)}" if free else ""
    return (
        f"{board.name}: {'; '.join(parts)}. {taken} of {board.slots} memory slots and "
        f"{compute} of {board.compute_slices} compute slices are taken{rest}."
    )


def draw_text(
    board: Board, layout: Sequence[Placement], labels: Mapping[Placement, str] | None = None
) -> str:
    """Return a layout as three lines of text: slot numbers, profiles, labels.

    Dots mark free slots.
    """
    cell = max(5, CELL * 8 // board.slots)
    numbers = "".join(f"{n:<{cell}}" for n in range(board.slots)).rstrip()
    lines = [f" {numbers}"]
    lines.append(_bar(board, layout, {p: p.profile for p in layout}, cell))
    if labels:
        lines.append(_bar(board, layout, labels, cell))
    return "\n".join(lines)


def draw_strip(board: Board, layout: Sequence[Placement]) -> str:
    """Return a layout in one short line: compute slices in each box, `*` for a variant."""
    names = {}
    for placement in layout:
        profile = board.profile(placement.profile)
        names[placement] = f"{profile.compute_slices}g{'*' if profile.attributes else ''}"
    return _bar(board, layout, names, max(4, 32 // board.slots)).strip()


def _bar(
    board: Board, layout: Sequence[Placement], names: Mapping[Placement, str], cell: int
) -> str:
    """Return a line with a box for each instance and dots for free slots."""
    line, at = " ", 0
    for placement in sorted(layout):
        inner = placement.size * cell - 2
        line += "." * ((placement.start - at) * cell)
        line += f"[{names.get(placement, '')[:inner]:<{inner}}]"
        at = placement.start + placement.size
    return line + "." * ((board.slots - at) * cell)


def draw_svg(
    board: Board,
    layout: Sequence[Placement],
    labels: Mapping[Placement, str] | None = None,
    title: str = "",
) -> str:
    """Return a layout as an SVG document of its own, with title and text alternative.

    Ids differ between drawings, so that several can stand in one page. Slot numbers and frames
    take the colour of the page around (currentColor), so that it reads on light and dark pages.
    """
    name = title or f"MIG layout of {board.title}"
    words = describe(board, layout, labels)
    mark = f"mig-{zlib.crc32((name + words).encode()):08x}"
    width = board.slots * _WIDTH + 2 * _EDGE
    height = _HEIGHT + 24
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" aria-labelledby="{mark}-t {mark}-d" '
            'font-family="system-ui, sans-serif" font-size="12">'
        ),
        f'<title id="{mark}-t">{escape(name)}</title>',
        f'<desc id="{mark}-d">{escape(words)}</desc>',
    ]
    for slot in range(board.slots):
        left = _EDGE + slot * _WIDTH
        parts.append(
            f'<rect x="{left}" y="20" width="{_WIDTH}" height="{_HEIGHT}" fill="none" '
            'stroke="currentColor" stroke-opacity="0.35" stroke-dasharray="3 3"/>'
            f'<text x="{left + _WIDTH / 2:g}" y="13" text-anchor="middle" '
            f'fill="currentColor">{slot}</text>'
        )
    colours = {p.name: _COLOURS[n % len(_COLOURS)] for n, p in enumerate(board.profiles)}
    for placement in sorted(layout):
        label = (labels or {}).get(placement, "")
        parts += _box(placement, colours[placement.profile], label)
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _box(placement: Placement, colour: str, label: str) -> list[str]:
    """Return one instance as SVG."""
    left = _EDGE + placement.start * _WIDTH + 2
    width = placement.size * _WIDTH - 4
    middle = left + width / 2
    room = max(4, width // 7)
    lines = [placement.profile, *([label] if label else [])]
    first = 20 + _HEIGHT / 2 + 4 - 8 * (len(lines) - 1)
    return [
        f'<rect x="{left}" y="22" width="{width}" height="{_HEIGHT - 4}" rx="4" fill="{colour}"/>',
        *(
            f'<text x="{middle:g}" y="{first + 16 * n:g}" text-anchor="middle" '
            f'fill="#ffffff">{escape(text[:room])}</text>'
            for n, text in enumerate(lines)
        ),
    ]


def _slots(placement: Placement) -> str:
    """Return the slots of a placement in words."""
    last = placement.start + placement.size - 1
    return f"slot {last}" if placement.size == 1 else f"slots {placement.start} to {last}"
