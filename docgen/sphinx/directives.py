"""Directives: declare objects, show snippets with their evidence, inline drawings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from docgen.catalog import Snippet, Source
from docgen.errors import SourceError
from docgen.sphinx import domain, drawings, markup, results

_log = logging.getLogger(__name__)

DEFAULT_TIMEOUT_S = 60.0
"""Longest run time of a snippet that does not say one, in seconds."""


class _Directive(SphinxDirective):
    """Base: the objects of the domain that a directive can enter."""

    @property
    def bench(self) -> domain.BenchDomain:
        """The domain of this build."""
        return domain.of(self.env)

    def declare(self, kind: str, name: str, node: nodes.Element, title: str = "") -> None:
        """Enter an object whose anchor is on `node`."""
        here = self.bench.record(self.env.docname).declared
        wanted = anchor = domain.make_anchor(kind, name)
        taken = {item.anchor: (item.kind, item.name) for item in here}
        count = 1
        while taken.get(anchor, (kind, name)) != (kind, name):
            count += 1
            anchor = f"{wanted}-{count}"
        if anchor not in taken:
            node["ids"].append(anchor)
            self.state.document.note_explicit_target(node)
        place = f"{self.env.doc2path(self.env.docname, base=False)}:{self.get_source_info()[1]}"
        self.bench.declare(domain.Declared(kind, name, self.env.docname, anchor, title, place))


class DeclareDirective(_Directive):
    """Declares an object of the domain: an invisible anchor that roles link to."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"title": directives.unchanged}
    """`:title:`, the words that links show."""

    def run(self) -> list[nodes.Node]:
        """Return the anchor."""
        kind = self.name.rpartition(":")[2]
        name = " ".join(self.arguments[0].split())
        anchor = nodes.target("", "")
        self.declare(kind, name, anchor, self.options.get("title") or "")
        return [anchor]


class SnippetDirective(_Directive):
    """Shows commands together with what their last execution left behind."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "needs": directives.unchanged_required,
        "timeout": directives.unchanged_required,
        "expect": directives.unchanged,
        "language": directives.unchanged_required,
        "measures": directives.unchanged_required,
        "mode": directives.unchanged_required,
        "caption": directives.unchanged_required,
        "figure": directives.unchanged_required,
        "output": lambda given: directives.choice(given, ("open", "closed")),
        "alone": directives.flag,
    }
    """The options of a snippet; see `docgen.snippets.fences`."""

    def run(self) -> list[nodes.Node]:
        """Return the commands, their badge, output and provenance."""
        self.assert_has_content()
        written = self._read()
        judged = self.bench.show(self.env.docname, written.id, written)
        block = nodes.container(classes=["docgen-snippet"])
        self.declare("snippet", written.id, block, self.options.get("caption") or "")
        block += results.make_command(written)
        shown = self.options.get("output") == "open"
        block += results.make_report(judged, written, shown=shown)
        self.set_source_info(block)
        return [block]

    def _read(self) -> Snippet:
        """Return the snippet as it is written here."""
        timeout = self.options.get("timeout", str(DEFAULT_TIMEOUT_S))
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*s?", timeout)
        if match is None:
            raise self.error(f"timeout: want seconds such as 120, got {timeout!r}; correct it")
        return Snippet(
            id=" ".join(self.arguments[0].split()),
            text="\n".join(self.content),
            language=self.options.get("language", "console"),
            source=Source(
                path=str(self.env.doc2path(self.env.docname, base=False)), line=self.lineno
            ),
            needs=self.options.get("needs", "cpu"),
            timeout_s=float(match[1]),
            expect=read_expectations(self.block_text, self.options.get("expect") or ""),
            measures=self.options.get("measures", ""),
            mode=self.options.get("mode", ""),
            figures=tuple(self.options.get("figure", "").split()),
            alone="alone" in self.options,
        )


def read_expectations(block_text: str, last: str) -> tuple[str, ...]:
    """Return every `:expect:` of a directive, in order.

    Args:
        block_text: The directive as written; MyST keeps only the last of repeated options.
        last: The option's value as the parser gives it; may hold several lines.
    """
    found: list[str] = []
    inside = False
    for line in block_text.splitlines():
        option = re.match(r"\s*:([a-z]+):(?:[ \t]+(.*\S))?\s*$", line)
        if option is None and inside:
            break
        if option is not None:
            inside = True
            if option[1] == "expect" and option[2]:
                found.append(option[2])
    several = tuple(line.strip() for line in last.splitlines() if line.strip())
    return several if len(several) > len(found) else tuple(found)


class ResultDirective(_Directive):
    """Shows what the last execution of a snippet left behind that stands elsewhere."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"command": directives.flag}
    """`:command:`, which repeats the commands."""

    def run(self) -> list[nodes.Node]:
        """Return badge, output and provenance; with `:command:` the commands before them."""
        snippet_id = " ".join(self.arguments[0].split())
        judged = self.bench.show(self.env.docname, snippet_id, None)
        block = nodes.container(classes=["docgen-snippet", "docgen-result"])
        if judged is None and self.bench.reader.can_collect:
            _log.warning(
                "bench:result: want the id of a snippet, got %r; correct it",
                snippet_id,
                location=self.get_location(),
                type="bench",
                subtype="result",
            )
        if judged is not None and "command" in self.options:
            block += results.make_command(judged.snippet)
        block += results.make_report(judged)
        self.set_source_info(block)
        return [block]


class SvgDirective(_Directive):
    """Inlines an SVG file, so that the theme's colours reach into it."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"alt": directives.unchanged_required}
    """`:alt:`, the words for readers who cannot see the drawing."""

    def run(self) -> list[nodes.Node]:
        """Return the drawing; elsewhere than in HTML, its description."""
        root = Path(self.env.srcdir).resolve()
        name = self.arguments[0].lstrip("/")
        path = (root / name).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise self.error(f"bench:svg: want a file below docs, got {name!r}; correct the path")
        if "alt" not in self.options:
            raise self.error(f"bench:svg: want :alt:, got none for {name}; say what it shows")
        self.env.note_dependency(str(path))
        alt = " ".join(self.options["alt"].split())
        prefix = "svg-" + re.sub(r"[^A-Za-z0-9]+", "-", name.removesuffix(".svg"))
        drawing = markup.inline_svg(classes=["docgen-svg"])
        try:
            drawing["markup"] = drawings.inline(path.read_text("utf-8"), prefix, alt, name)
        except (SourceError, UnicodeDecodeError) as error:
            raise self.error(str(error)) from error
        drawing += nodes.paragraph("", alt)
        return [drawing]
