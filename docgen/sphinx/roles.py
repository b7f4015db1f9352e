"""Roles: links to objects and source lines, badges, and values of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes
from sphinx.roles import XRefRole
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole, SphinxRole

from docgen.evidence import State
from docgen.sphinx import domain, sources

if TYPE_CHECKING:
    from sphinx.environment import BuildEnvironment

_log = logging.getLogger(__name__)


class ObjectRole(XRefRole):
    """Links to an object of the domain: `target`, or `text <target>`."""

    @classmethod
    def of_kind(cls, kind: str) -> ObjectRole:
        """Return the role for a kind: names are code, terms are prose."""
        return cls(innernodeclass=nodes.inline if kind == "term" else nodes.literal)

    def create_xref_node(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link: names stand as code, a writer's own words as prose."""
        last = self.target.rpartition(".")[2]
        own_words = self.has_explicit_title and self.title not in (self.target, last)
        plain = own_words or self.name == "bench:term"
        self.innernodeclass = nodes.inline if plain else nodes.literal
        return super().create_xref_node()

    def process_link(
        self,
        env: BuildEnvironment,
        refnode: nodes.Element,
        has_explicit_title: bool,
        title: str,
        target: str,
    ) -> tuple[str, str]:
        """Return title and target, and remember that the page refers to the object."""
        del has_explicit_title
        target = " ".join(target.split())
        domain.of(env).record(env.docname).references.add((refnode["reftype"], target))
        return title, target


class SourceRole(ReferenceRole):
    """Links to a line of a source file: `path`, `path:line`, or `text <path:line>`."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link; it is resolved when the page is written."""
        place = sources.parse_place(self.target)
        text = nodes.literal("", self.title, classes=["docgen-src"])
        problem = sources.find_problem(domain.of(self.env).reader, place)
        if problem:
            _log.warning("%s", problem, location=self.get_location(), type="bench", subtype="src")
            return [text], []
        lines = domain.of(self.env).record(self.env.docname).sources.setdefault(place.path, set())
        if place.line:
            lines.add(place.line)
        link = addnodes.pending_xref(
            "",
            text,
            refdomain="bench",
            reftype="src",
            reftarget=self.target,
            refexplicit=self.has_explicit_title,
            refdoc=self.env.docname,
        )
        self.set_source_info(link)
        return [link], []


class BadgeRole(ReferenceRole):
    """Shows a state of evidence in words and colour: `measured`, or `text <measured>`."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the badge; an unknown state is a warning and stands as plain text."""
        word = " ".join(self.target.split())
        known = {state.value: state for state in State}
        if word not in known:
            _log.warning(
                "bench:badge: want one of %s, got %r; correct the word",
                ", ".join(known),
                word,
                location=self.get_location(),
                type="bench",
                subtype="badge",
            )
            return [nodes.Text(self.title)], []
        return [make_badge(known[word], self.title)], []


class LiveRole(SphinxRole):
    """Shows a value of the source: `value`, `count`, or a `command` that it has."""

    def __init__(self, kind: str) -> None:
        """Hold which of `docgen.live.ROLES` it is."""
        super().__init__()
        self.kind = kind

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the text; words that name nothing are a warning and stand as written."""
        from docgen import live
        from docgen.errors import UsageError

        record = domain.of(self.env).record(self.env.docname)
        catalog = domain.of(self.env).reader.catalog
        shown = self.text
        if self.kind == "command" and catalog and not live.is_command(self.text, catalog):
            return [addnodes.literal_strong("", self.text, classes=["command"])], []
        if catalog is not None:
            try:
                shown = live.resolve(self.kind, self.text, catalog)[0]
            except UsageError as error:
                where = self.get_location()
                _log.warning("%s", error, location=where, type="bench", subtype="live")
        record.live[(self.kind, self.text)] = shown
        classes = ["docgen-live", f"docgen-live-{self.kind}"]
        if self.kind == "command":
            return [nodes.literal("", shown, classes=classes)], []
        return [nodes.inline("", shown, classes=classes)], []


def make_badge(state: State, text: str = "") -> nodes.inline:
    """Return the badge of a state; the word says it, colour only repeats it."""
    name = state.name.lower()
    classes = ["docgen-badge", f"docgen-badge-{name}"]
    return nodes.inline("", text or state.value, classes=classes)
