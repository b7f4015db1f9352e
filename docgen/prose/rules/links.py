"""Claims in links: other documents, files and anchors."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote

from docgen.catalog import Source
from docgen.prose.facts import Facts
from docgen.prose.model import Document, Edit, Span, Verdict
from docgen.prose.names import nearest, plain
from docgen.prose.rules.base import broken, held
from docgen.prose.rules.table import ANCHOR, LINK

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")
_FILE_HOST = re.compile(r"^https?://([\w-]+\.(?:md|rst|py|sh|cfg|json|yaml))/?$", re.IGNORECASE)


def collect(document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield a verdict for every link into the tree."""
    for block in document.blocks:
        for span in block.spans:
            if span.kind in ("link", "image") and span.target:
                yield from _link(span, document, facts)


def _link(span: Span, document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdicts on one link."""
    target = span.target
    host = _FILE_HOST.match(target)
    if host:
        yield from _host(host.group(1), span, document, facts)
        return
    if _SCHEME.match(target) or target.startswith(("//", "/", "<")) or "{" in target:
        return
    path, _, fragment = target.partition("#")
    path = unquote(path.partition("?")[0])
    if path:
        here = posixpath.dirname(document.path)
        full = posixpath.normpath(posixpath.join(here, path))
        if full.startswith("..") or posixpath.isabs(document.path):
            return
        found = _target(full, facts)
        if not found and "/" not in path and facts.label(path, document.path):
            return
        if not found:
            if not facts.is_made(full):
                yield _missing(path, full, span, document, facts)
            return
        yield held(document, span.line, LINK.code, target, Source(path=found, line=1))
    else:
        found = document.path
    if fragment:
        yield from _anchor(fragment, found, span, document, facts)


def _host(name: str, span: Span, document: Document, facts: Facts) -> Iterator[Verdict]:
    """Yield the verdict on a web address whose host is the name of a file."""
    found = facts.find(name, document.path)
    if found:
        relative = posixpath.relpath(found, posixpath.dirname(document.path) or ".")
        yield broken(
            document,
            span.line,
            LINK,
            span.target,
            f"a web address with the name of the file {found} as its host",
            source=Source(path=found, line=1),
            nearest=relative,
            edit=Edit(old=span.target, new=relative),
        )


def _target(path: str, facts: Facts) -> str:
    """Return the file or folder that a link leads to; empty where there is none."""
    if path == ".":
        return "."
    page = path.removesuffix(".html") if path.endswith(".html") else path
    for one in (path, f"{page}.md", f"{page}.rst"):
        if facts.has(one):
            return one
    return ""


def _missing(path: str, full: str, span: Span, document: Document, facts: Facts) -> Verdict:
    """Return the verdict on a link to nothing."""
    here = posixpath.dirname(document.path)
    stripped = facts.strip(path)
    other = stripped or "."
    at = other if other == "." or facts.has(other) else facts.moved(full)
    near = posixpath.relpath(at, here or ".") if at else ""
    folder = facts.folder_of(full)
    return broken(
        document,
        span.line,
        LINK,
        span.target,
        f"from this document the link leads to {full}, which is not there",
        source=Source(
            path=at if at and at != "." else folder, line=1 if at in facts.file_set else 0
        ),
        nearest=near,
        edit=Edit(old=path, new=near) if near else None,
    )


def _anchor(
    fragment: str, path: str, span: Span, document: Document, facts: Facts
) -> Iterator[Verdict]:
    """Yield the verdict on an anchor within a document."""
    anchors = document.anchors if path == document.path else facts.anchors(path)
    if anchors is None:
        return
    wanted = plain(unquote(fragment))
    claimed = f"#{fragment}"
    if any(plain(a) == wanted for a in anchors):
        yield held(document, span.line, ANCHOR.code, claimed, Source(path=path, line=1))
        return
    if path == document.path and facts.label(unquote(fragment), path):
        return
    if facts.console_names and path == document.path:
        return  # MyST finds labels of other documents too, and warns of what it does not find
    near = nearest(fragment.lower(), anchors)
    yield broken(
        document,
        span.line,
        ANCHOR,
        claimed,
        f"{path} has no heading or label of that name",
        source=Source(path=path, line=1),
        nearest=f"#{near}" if near else "",
        edit=None,
    )
