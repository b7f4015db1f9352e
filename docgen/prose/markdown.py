"""Markdown and MyST documents as blocks, by markdown-it's CommonMark parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from docgen.prose.anchors import Slugs
from docgen.prose.model import Block, Document, Span

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_LABEL = re.compile(r"^\(([^()\s]+)\)=\s*$", re.MULTILINE)
_GIVEN = re.compile(r"^#{1,6}\s.*\{#([\w.:-]+)[^{}]*\}\s*$", re.MULTILINE)
_HTML_ANCHOR = re.compile(r"<[a-zA-Z][^<>]*?\b(?:id|name)=[\"']([^\"'<>]+)[\"']")
_ROLE = re.compile(r"\{([\w:.+-]+)\}$")
_OPTION = re.compile(r"^:[\w-]+:")
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)

_NESTED = frozenset(
    {"note", "tip", "warning", "important", "admonition", "caution", "hint", "attention",
     "danger", "seealso", "dropdown", "details", "tab-item", "card", "grid", "tab-set",
     "div", "only"}
)  # fmt: skip
"""MyST directives whose body is prose."""


@cache
def _parser() -> MarkdownIt:
    """Return the parser: CommonMark with tables."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def read(text: str, path: str) -> Document:
    """Return a Markdown document as blocks.

    Args:
        text: Its content.
        path: Its path, as findings name it.
    """
    front = _FRONT.match(text)
    if front:
        text = "\n" * front.group().count("\n") + text[front.end() :]
    reader = _Reader()
    reader.read(text, 0)
    anchors = [*reader.slugs.found, *_LABEL.findall(text), *_HTML_ANCHOR.findall(text)]
    anchors += _GIVEN.findall(text)
    return Document(path=path, blocks=tuple(reader.blocks), anchors=tuple(dict.fromkeys(anchors)))


@dataclass
class _Reader:
    """Walks the tokens of one document."""

    blocks: list[Block] = field(default_factory=list)
    slugs: Slugs = field(default_factory=Slugs)
    section: list[tuple[int, str]] = field(default_factory=list)
    leads: list[str] = field(default_factory=list)
    last: str = ""

    def read(self, text: str, offset: int) -> None:
        """Read a text whose first line is line `offset` + 1 of the document."""
        tokens = _parser().parse(_COMMENT.sub(_blank, text))
        kind = "paragraph"
        for place, token in enumerate(tokens):
            if token.type in ("bullet_list_open", "ordered_list_open"):
                self.leads.append(self.last)
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                self.leads.pop()
            elif token.type in ("td_open", "th_open"):
                kind = "cell"
            elif token.type in ("td_close", "th_close"):
                kind = "paragraph"
            elif token.type in ("fence", "code_block"):
                self._fence(token, offset)
            elif token.type == "inline":
                opener = tokens[place - 1]
                self._inline(token, opener, kind, offset)

    def _fence(self, token: Token, offset: int) -> None:
        """Take a fence; the body of an admonition is read as prose."""
        info = token.info.strip()
        first = (token.map or [0])[0] + offset + 1 + (token.type == "fence")
        name = info.partition("}")[0].removeprefix("{").strip() if info.startswith("{") else ""
        if name in _NESTED:
            self.read(token.content, first - 1)
            return
        body = token.content
        if name:
            lines = body.split("\n")
            skipped = 0
            while skipped < len(lines) and _OPTION.match(lines[skipped]):
                skipped += 1
            body, first = "\n".join(lines[skipped:]), first + skipped
        language = info.split()[0] if info else ""
        self._add("fence", body, first, language=language)

    def _inline(self, token: Token, opener: Token, kind: str, offset: int) -> None:
        """Take the words of a heading, paragraph, item or cell."""
        line = (token.map or [0])[0] + offset + 1
        text, spans = _flatten(token, line)
        if opener.type == "heading_open":
            level = int(opener.tag[1:])
            plain = text.replace("`", "")
            self.slugs.add(plain)
            while self.section and self.section[-1][0] >= level:
                self.section.pop()
            self._add("heading", text, line, depth=level, spans=spans)
            self.section.append((level, plain))
            self.last = plain
            return
        if self.leads and kind == "paragraph":
            self._add("item", text, line, depth=len(self.leads), spans=spans, lead=self.leads[-1])
            self.last = text
            return
        self._add(kind, text, line, spans=spans)
        if kind == "paragraph":
            self.last = text

    def _add(
        self,
        kind: str,
        text: str,
        line: int,
        *,
        depth: int = 0,
        language: str = "",
        lead: str = "",
        spans: tuple[Span, ...] = (),
    ) -> None:
        """Keep a block below the headings that are open."""
        section = tuple(title for _, title in self.section)
        self.blocks.append(
            Block(
                kind=kind,
                text=text,
                line=line,
                depth=depth,
                language=language,
                section=section,
                lead=lead,
                spans=spans,
            )
        )


def _blank(match: re.Match[str]) -> str:
    """Return the line breaks of a comment, so that lines keep their numbers."""
    return "\n" * match.group().count("\n")


def _flatten(token: Token, line: int) -> tuple[str, tuple[Span, ...]]:
    """Return the words of an inline token and its marked parts."""
    parts: list[str] = []
    spans: list[Span] = []
    open_links: list[tuple[str, int, int]] = []
    for child, content in _children(token):
        at = line + sum(part.count("\n") for part in parts)
        if child.type == "code_inline":
            role = _ROLE.search(parts[-1]) if parts else None
            kind, target = ("role", role.group(1)) if role else ("code", "")
            spans.append(Span(kind=kind, text=content, line=at, target=target))
            parts.append(f"`{content}`")
        elif child.type == "link_open":
            open_links.append((str(child.attrGet("href") or ""), at, len(parts)))
        elif child.type == "link_close" and open_links:
            target, begun, start = open_links.pop()
            words = "".join(parts[start:])
            spans.append(Span(kind="link", text=words, line=begun, target=target))
        elif child.type == "image":
            target = str(child.attrGet("src") or "")
            spans.append(Span(kind="image", text=content, line=at, target=target))
        elif child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif child.type == "text":
            parts.append(content)
    return "".join(parts), tuple(spans)


def _children(token: Token) -> Iterator[tuple[Token, str]]:
    """Yield the parts of an inline token with their words."""
    for child in token.children or ():
        yield child, child.content
