"""Text from the source tree made safe to stand in a MyST page.

The Catalog's texts are Markdown by intent, yet nobody wrote them for Sphinx: a
stray `{`, `<` or `*` must not become a role, a tag or emphasis.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Mapping
from typing import Any

from docgen import formatting as fmt

LONGEST_CELL = 100
"""Characters of a value that a cell of a table shows at once."""

KEPT = 20_000
"""Texts that are made safe once and remembered: pages repeat values and names."""

_CODE = re.compile(r"(`+)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_KEEP = re.compile(
    r"<https?://[^\s<>]+>"
    r"|\[[^\[\]\n]+\]\(https?://[^\s()]+\)"
    r"|(?<![\w*])\*\*?(?=[^\s*])[^*\n]*[^\s*]\*\*?(?![\w*])"
)
_SPECIAL = re.compile(r"[\\*_<\[\]{}$|~^]")
_LINE_START = re.compile(
    r"^(\s*)(#{1,6}(?=\s)|[+]{3}|%|:::+|:(?=\s|[^\s:]+:)|>|={3,}|-{3,}|\([^()\s]+\)=)"
)
_LIST = re.compile(r"^(\s*)([-+*]|\d+[.)])\s+")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")


@functools.lru_cache(maxsize=KEPT)
def prose(text: str) -> str:
    """Return Markdown text that renders as written: code, lists and links kept, the rest safe."""
    lines: list[str] = []
    block: list[str] = []
    fence = ""
    for line in text.strip("\n").splitlines():
        mark = _FENCE.match(line)
        if fence:
            lines.append(line)
            if mark and line.strip() == fence:
                fence = ""
            continue
        if mark:
            lines += _safe_lines(block)
            block = []
            fence = mark.group(1)
            info = line.strip()[len(fence) :].strip()
            lines.append(fence + (info if info.isidentifier() else ""))
            continue
        block.append(line)
    lines += _safe_lines(block)
    if fence:
        lines.append(fence)
    return "\n".join(lines)


@functools.lru_cache(maxsize=KEPT)
def inline(text: str) -> str:
    """Return text for one line of a page: whitespace joined, markup safe."""
    return prose(_one_line(text))


@functools.lru_cache(maxsize=KEPT)
def first_sentence(text: str) -> str:
    """Return the first sentence of a text, safe for one line."""
    paragraph = _one_line(text.strip().split("\n\n", maxsplit=1)[0])
    match = re.match(r"(.+?[.!?])(?=\s+[A-Z`0-9]|$)", paragraph)
    return inline(match.group(1) if match else paragraph)


def code(text: str) -> str:
    """Return text as an inline code span, whatever backticks it holds; empty stays empty."""
    return _code(str(text))


@functools.lru_cache(maxsize=KEPT)
def _code(text: str) -> str:
    """Return text as an inline code span."""
    joined = _one_line(text)
    if not joined:
        return ""
    longest = max((len(run) for run in re.findall(r"`+", joined)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if joined.startswith("`") or joined.endswith("`") else ""
    return f"{fence}{pad}{joined}{pad}{fence}"


def in_cell(resolved: Any, unit: str = "", longest: int = LONGEST_CELL) -> str:
    """Return a configured value for one line of a table; long ones open on demand."""
    if resolved and isinstance(resolved, str | int | float):  # zero has two signs that are equal
        return _known_cell(resolved, unit, longest)
    return _make_cell(resolved, unit, longest)


@functools.lru_cache(maxsize=KEPT, typed=True)
def _known_cell(resolved: str | float, unit: str, longest: int) -> str:
    """Return the cell of a value that many configurations share."""
    return _make_cell(resolved, unit, longest)


def _make_cell(resolved: Any, unit: str, longest: int) -> str:
    """Return the cell of a value."""
    text = _one_line(fmt.value(resolved, unit))
    if len(text) <= longest:
        return inline(text)
    count = len(resolved) if isinstance(resolved, Mapping | list | tuple) else 0
    word = fmt.count(count, "part") if count else f"{len(text)} characters"
    body = _entities(text)
    return f'<details class="bench-why"><summary>{word}</summary>{body}</details>'


def _entities(text: str) -> str:
    """Return text that is safe as Markdown and as raw HTML: its marks as character references.

    Why: a tag at the start of a line makes the whole line raw HTML, where a backslash
    escapes nothing.
    """
    return re.sub(r"[^\w ,.]|_", lambda mark: f"&#{ord(mark.group())};", text)


def fenced(text: str, language: str = "text") -> str:
    """Return text as a fenced block, longer than any fence inside it."""
    longest = max((len(run) for run in re.findall(r"^`{3,}", text, re.MULTILINE)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def raw(text: str) -> str:
    """Return text for a raw HTML part of a page."""
    return html.escape(_one_line(str(text)), quote=True)


def _one_line(text: str) -> str:
    """Return text with its line breaks and blanks joined; narrow no-break spaces stay."""
    return re.sub(r"[ \t\r\n]+", " ", text).strip(" ")


@functools.lru_cache(maxsize=KEPT)
def slug(text: str) -> str:
    """Return a label: lower case; letters, digits, dots, underscores and hyphens only."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-")


def anchor(text: str) -> str:
    """Return the HTML id that Sphinx derives from a label."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _safe_lines(lines: list[str]) -> list[str]:
    """Return the lines of a text without fences, safe; code may span lines."""
    text = "\n".join(lines)
    parts: list[str] = []
    at = 0
    for span in _CODE.finditer(text):
        if "\n\n" in span.group(2):
            continue
        parts += [_escape(text[at : span.start()]), code(span.group(2))]
        at = span.end()
    parts.append(_escape(text[at:]))
    return [_safe_start(line) for line in "".join(parts).split("\n")] if lines else []


def _escape(text: str) -> str:
    """Return text outside code with every mark escaped that is no plain emphasis or link."""
    kept: list[str] = []
    at = 0
    for match in _KEEP.finditer(text):
        kept += [_marks(text[at : match.start()]), match.group()]
        at = match.end()
    kept.append(_marks(text[at:]))
    return "".join(kept)


def _marks(text: str) -> str:
    """Return text with its special characters escaped; list bullets and lone backticks too."""
    safe = []
    for line in text.split("\n"):
        bullet = _LIST.match(line)
        head = bullet.group() if bullet else ""
        body = _SPECIAL.sub(r"\\\g<0>", line[len(head) :])
        safe.append(head + body.replace("`", r"\`"))
    return "\n".join(safe)


def _safe_start(line: str) -> str:
    """Return a line that opens no heading, comment, directive or rule by accident."""
    return _LINE_START.sub(r"\1\\\2", line)
