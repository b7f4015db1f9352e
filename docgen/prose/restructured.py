"""reStructuredText documents as blocks, by docutils' parser; directives of Sphinx are passed by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from docutils import nodes
from docutils.core import publish_doctree

from docgen.prose.anchors import Slugs
from docgen.prose.model import Block, Document, Span

_SETTINGS = {
    "report_level": 5,
    "halt_level": 5,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "syntax_highlight": "none",
    "_disable_config": True,
    "warning_stream": "",
}
_ROLE = re.compile(r":[\w.+:-]+:`([^`]+)`")
_DIRECTIVE = re.compile(r"^\.\.\s+([\w:-]+)::\s*(.*)$")


def read(text: str, path: str) -> Document:
    """Return a reStructuredText document as blocks.

    Args:
        text: Its content.
        path: Its path, as findings name it.
    """
    tree = publish_doctree(text, source_path=path, settings_overrides=_SETTINGS)
    reader = _Reader(text.splitlines())
    reader.walk(tree)
    anchors = dict.fromkeys(reader.slugs.found)
    for node in tree.findall(nodes.Element):
        for key in ("ids", "names"):
            given: list[str] = node.get(key, [])
            anchors.update(dict.fromkeys(given))
    return Document(path=path, blocks=tuple(reader.blocks), anchors=tuple(anchors), dialect="rst")


@dataclass
class _Reader:
    """Walks the tree of one document."""

    lines: list[str]
    blocks: list[Block] = field(default_factory=list)
    slugs: Slugs = field(default_factory=Slugs)
    section: list[str] = field(default_factory=list)
    lead: str = ""
    last: str = ""
    depth: int = 0
    seen: int = 0

    def walk(self, node: nodes.Element) -> None:
        """Take the children of a node."""
        for child in node.children:
            if isinstance(child, nodes.section):
                self.walk(child)
                self.section.pop()
            elif isinstance(child, nodes.title):
                self._title(child)
            elif isinstance(child, nodes.literal_block):
                self._fence(child)
            elif isinstance(child, nodes.paragraph):
                self._paragraph(child)
            elif isinstance(child, (nodes.bullet_list, nodes.enumerated_list)):
                before, self.lead, self.depth = self.lead, self.last, self.depth + 1
                self.walk(child)
                self.lead, self.depth = before, self.depth - 1
            elif isinstance(child, nodes.system_message):
                self._unknown(child)
            elif isinstance(child, nodes.Element) and not isinstance(child, nodes.comment):
                self.walk(child)

    def _title(self, node: nodes.title) -> None:
        """Take a heading."""
        words = node.astext()
        self.slugs.add(words)
        if isinstance(node.parent, nodes.document):
            self.section = []
        self._add("heading", words, self._locate(words), spans=tuple(_spans(node, self)))
        self.section.append(words)
        self.last = words

    def _fence(self, node: nodes.literal_block) -> None:
        """Take a literal block or a code block."""
        classes = [name for name in map(str, node.get("classes", ())) if name != "code"]
        language = classes[0] if classes else ""
        words = node.astext()
        self._add("fence", words, self._locate(words), language=language)

    def _paragraph(self, node: nodes.paragraph) -> None:
        """Take a paragraph, the words of a list item, or of a cell."""
        words = _words(node)
        line = self._locate(node.rawsource or words)
        kind = "item" if isinstance(node.parent, nodes.list_item) else "paragraph"
        if isinstance(node.parent, nodes.entry):
            kind = "cell"
        spans = tuple(
            Span(kind=s.kind, text=s.text, target=s.target, line=line + _offset(words, s.text))
            for s in _spans(node, self)
        )
        lead = self.lead if kind == "item" else ""
        self._add(kind, words, line, spans=spans, lead=lead, depth=self.depth)
        self.last = words

    def _unknown(self, node: nodes.system_message) -> None:
        """Take the body of a directive that docutils does not know; code in it is a fence."""
        for block in node.findall(nodes.literal_block):
            first, _, rest = block.astext().partition("\n")
            match = _DIRECTIVE.match(first)
            if match and match.group(1) in ("code-block", "sourcecode", "prompt"):
                body = rest.strip("\n")
                words = "\n".join(one.strip() for one in body.splitlines())
                self._add(
                    "fence", words, self._locate(words), language=match.group(2).split(" ")[0]
                )

    def _locate(self, words: str) -> int:
        """Return the line that a text begins in, from where the last one began."""
        first = next((one.strip() for one in words.splitlines() if one.strip()), "")
        probe = first[:40].split("`")[0].strip() or first[:40]
        for place in range(self.seen, len(self.lines)):
            if probe and probe in self.lines[place]:
                self.seen = place
                return place + 1
        return self.seen + 1

    def _add(
        self,
        kind: str,
        text: str,
        line: int,
        *,
        language: str = "",
        lead: str = "",
        depth: int = 0,
        spans: tuple[Span, ...] = (),
    ) -> None:
        """Keep a block below the headings that are open."""
        self.blocks.append(
            Block(
                kind=kind,
                text=text,
                line=line,
                language=language,
                lead=lead,
                depth=depth,
                section=tuple(self.section),
                spans=spans,
            )
        )


def _words(node: nodes.Element) -> str:
    """Return the words of a paragraph with inline code in backticks."""
    parts = []
    for child in node.children:
        if isinstance(child, nodes.literal):
            parts.append(f"`{child.astext()}`")
        elif isinstance(child, nodes.problematic):
            parts.append(_ROLE.sub(r"\1", child.astext()))
        elif isinstance(child, nodes.Element) and not isinstance(child, nodes.Text):
            parts.append(_words(child) if child.children else child.astext())
        else:
            parts.append(child.astext())
    return "".join(parts)


def _spans(node: nodes.Element, reader: _Reader) -> Iterator[Span]:
    """Yield inline code and links of a node; their line is that of the block."""
    for child in node.findall(nodes.Element):
        if isinstance(child, nodes.literal):
            yield Span(kind="code", text=child.astext(), line=reader.seen + 1)
        elif isinstance(child, nodes.reference) and child.get("refuri"):
            text, target = child.astext(), str(child["refuri"])
            yield Span(kind="link", text=text, target=target, line=reader.seen + 1)


def _offset(words: str, text: str) -> int:
    """Return how many lines below the start of a paragraph a part of it stands."""
    place = words.find(text)
    return words.count("\n", 0, place) if place > 0 else 0
