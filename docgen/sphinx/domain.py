"""The `bench` domain: configs, targets, fields, policies, terms and snippets as objects.

Everything a page contributes stands in one record of that page, so forgetting a page
or merging what parallel readers found touches nothing else, and the inventory is the
same however the pages were read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

from sphinx.domains import Domain, ObjType
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

from docgen.catalog import Snippet
from docgen.sphinx.evidence import Reader, fingerprint

if TYPE_CHECKING:
    from docutils import nodes
    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.builders import Builder
    from sphinx.environment import BuildEnvironment

DATA_VERSION = 2
"""Version of what the domain keeps in the environment."""

KINDS = ("config", "target", "field", "policy", "term", "snippet")
"""Object types, each with a directive that declares and a role that links."""

_log = logging.getLogger(__name__)


class Declared(NamedTuple):
    """An object where it is declared."""

    kind: str
    name: str
    docname: str
    anchor: str
    title: str
    place: str
    """File and line, for messages."""


class Shown(NamedTuple):
    """Evidence on a page, as the page shows it."""

    written: Snippet | None
    """The snippet, where the page itself writes it."""
    fingerprint: str
    """Hash of what is shown."""


@dataclass
class PageRecord:
    """Everything that one page contributes."""

    declared: list[Declared] = field(default_factory=list)
    """Objects that it declares, in order."""
    references: set[tuple[str, str]] = field(default_factory=set)
    """Kind and name of every object that it links to."""
    sources: dict[str, set[int]] = field(default_factory=dict)
    """Lines that it links to, by file of the documented tree."""
    shown: dict[str, Shown] = field(default_factory=dict)
    """What it shows of each snippet, by identity."""
    live: dict[tuple[str, str], str] = field(default_factory=dict)
    """Text that each live value stands for, by role and words."""


def make_anchor(kind: str, name: str) -> str:
    """Return the id of an object on its page: readable, and stable while it is named so.

    The prefix keeps it apart from the ids of headings and labels.
    """
    return f"bench-{kind}-" + re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")


def of(env: BuildEnvironment) -> BenchDomain:
    """Return the domain of an environment."""
    return cast("BenchDomain", env.get_domain(BenchDomain.name))


class BenchDomain(Domain):
    """Objects of benchmark documentation and the links between them."""

    name = "bench"
    label = "Benchmark"
    data_version = DATA_VERSION
    initial_data: ClassVar[dict[str, Any]] = {"pages": {}, "published": {}}
    """What each page contributes, and what the last build published."""
    object_types: ClassVar[dict[str, ObjType]] = {kind: ObjType(kind, kind) for kind in KINDS}
    """One type a kind; the role has the kind's name."""
    reader: Reader = Reader(None)
    """Where evidence is read; set when a build starts."""
    _index: dict[tuple[str, str], Declared] | None = None

    @property
    def pages(self) -> dict[str, PageRecord]:
        """Records by page."""
        return cast("dict[str, PageRecord]", self.data["pages"])

    def record(self, docname: str) -> PageRecord:
        """Return the record of a page, made where there is none."""
        return self.pages.setdefault(docname, PageRecord())

    def clear_doc(self, docname: str) -> None:
        """Forget everything a page contributed."""
        self.pages.pop(docname, None)
        self._index = None

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, Any]) -> None:
        """Take over the records of the pages that another process read."""
        for docname in docnames:
            record = otherdata["pages"].get(docname)
            if record is not None:
                self.pages[docname] = record
        self._index = None

    def declare(self, item: Declared) -> None:
        """Enter an object."""
        self.record(item.docname).declared.append(item)
        self._index = None

    def show(self, docname: str, snippet_id: str, written: Snippet | None) -> Any:
        """Return what is known of a snippet and remember what the page shows of it."""
        judged = self.reader.find(snippet_id, written)
        self.record(docname).shown[snippet_id] = Shown(written, fingerprint(judged))
        return judged

    def index(self) -> dict[tuple[str, str], Declared]:
        """Return the object for every kind and name; the first page by name wins."""
        if self._index is None:
            self._index = {}
            for item in self._declared():
                self._index.setdefault((item.kind, item.name), item)
        return self._index

    def _declared(self) -> Iterator[Declared]:
        """Yield every declaration in an order that does not depend on who read it."""
        for docname in sorted(self.pages):
            yield from self.pages[docname].declared

    def get_objects(self) -> Iterable[tuple[str, str, str, str, str, int]]:
        """Yield the objects for the inventory and the search."""
        for (kind, name), item in sorted(self.index().items()):
            yield name, item.title or name, kind, item.docname, item.anchor, 1

    def resolve_xref(  # noqa: PLR0917 - the signature is Sphinx's
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        typ: str,
        target: str,
        node: pending_xref,
        contnode: Element,
    ) -> nodes.reference | None:
        """Return the link to an object; None where there is none."""
        del env, node
        item = self.index().get((typ, target))
        if item is None:
            return None
        return make_refnode(
            builder, fromdocname, item.docname, item.anchor, contnode, item.title or item.name
        )

    def resolve_any_xref(  # noqa: PLR0917 - the signature is Sphinx's
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        target: str,
        node: pending_xref,
        contnode: Element,
    ) -> list[tuple[str, nodes.reference]]:
        """Return the links to every object of that name, whatever its kind."""
        found = []
        for kind in KINDS:
            link = self.resolve_xref(env, fromdocname, builder, kind, target, node, contnode)
            if link is not None:
                found.append((f"bench:{kind}", link))
        return found

    def outdated(self, docnames: AbstractSet[str]) -> list[str]:
        """Return the pages among these that show evidence which has changed."""
        return [
            docname
            for docname, page in sorted(self.pages.items())
            if docname in docnames
            and (
                any(
                    fingerprint(self.reader.find(snippet_id, shown.written)) != shown.fingerprint
                    for snippet_id, shown in page.shown.items()
                )
                or any(
                    self.reader.live(role, words) != text
                    for (role, words), text in page.live.items()
                )
            )
        ]

    def affected(self) -> list[str]:
        """Return the pages that link to an object whose place changed since the last build."""
        before = self.data["published"]
        now = {key: (item.docname, item.anchor, item.title) for key, item in self.index().items()}
        self.data["published"] = now
        changed = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
        if not before or not changed:
            return []
        return [
            docname for docname, page in sorted(self.pages.items()) if page.references & changed
        ]

    def warn_duplicates(self) -> None:
        """Warn of every further declaration of a name, with both places."""
        first: dict[tuple[str, str], Declared] = {}
        for item in self._declared():
            known = first.setdefault((item.kind, item.name), item)
            if known is not item:
                _log.warning(
                    "want one declaration of bench:%s %r, got a second one at %s; "
                    "remove it or the first one at %s",
                    item.kind,
                    item.name,
                    item.place,
                    known.place,
                    location=item.docname,
                    type="bench",
                    subtype="duplicate",
                )

    def warn_missing(self, node: Any) -> bool | None:
        """Warn of an unknown name with its likely spelling; None for what is not ours."""
        kind, target = node["reftype"], node["reftarget"]
        if kind not in KINDS:
            return None
        known = [name for declared, name in self.index() if declared == kind]
        close = get_close_matches(target, known, n=3, cutoff=0.5)
        mend = (
            "did you mean " + " or ".join(repr(name) for name in close) + "?"
            if close
            else f"declare it with the directive bench:{kind}"
        )
        _log.warning(
            "want a declared bench:%s, got %r; %s",
            kind,
            target,
            mend,
            location=node,
            type="ref",
            subtype=kind,
        )
        return True
