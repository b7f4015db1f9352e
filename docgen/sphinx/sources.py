"""Highlighted source pages: only of files that pages refer to, rewritten only on change."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from docutils import nodes

from docgen.errors import Problem

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.builders import Builder
    from sphinx.builders.html import StandaloneHTMLBuilder
    from sphinx.environment import BuildEnvironment

    from docgen.sphinx.evidence import Reader

FOLDER = "_source"
"""Where source pages stand in the site."""

STAMPS = "docgen_sources.json"
"""File beside the doctrees that says which text each written source page shows."""

LARGEST_BYTES = 2_000_000
"""A file above this size gets no page: nobody reads it in a browser."""


class Place(NamedTuple):
    """A line of a file; line 0 is the whole file."""

    path: str
    """Path relative to the root of the documented tree."""
    line: int = 0
    """Line, from 1; 0 for the whole file."""


def parse_place(text: str) -> Place:
    """Return the place that `path` or `path:line` names."""
    match = re.fullmatch(r"(.+?):(\d+)", text.strip())
    return Place(match[1], int(match[2])) if match else Place(text.strip())


def find_file(root: Path | None, path: str) -> Path | None:
    """Return the text file below `root`; None where it is missing, elsewhere or too large."""
    if root is None or PurePosixPath(path).is_absolute():
        return None
    found = (root / path).resolve()
    if not found.is_relative_to(root.resolve()) or not found.is_file():
        return None
    return found if found.stat().st_size <= LARGEST_BYTES else None


def find_problem(reader: Reader, place: Place) -> Problem | None:
    """Return what is wrong with a reference to a source line; None where nothing is."""
    where = "bench:src"
    root = reader.root
    if root is None:
        return Problem(where, "a project root", "none", "set docgen_root in conf.py")
    if place.path not in reader.lengths:
        found = find_file(root, place.path)
        reader.lengths[place.path] = _count_lines(found) if found is not None else None
    lines = reader.lengths[place.path]
    if lines is None:
        want = f"a file below {root.name} of at most {LARGEST_BYTES} bytes"
        return Problem(where, want, repr(place.path), "correct the path")
    if place.line > lines:
        got = f"line {place.line} of {lines} in {place.path}"
        return Problem(where, "a line of the file", got, "correct the number")
    return None


def find_repository(env: BuildEnvironment) -> str:
    """Return the address of source lines elsewhere, with `{path}` and `{line}`; or nothing."""
    from docgen.sphinx import domain

    if env.config.docgen_repository_url:
        return cast("str", env.config.docgen_repository_url)
    config = domain.of(env).reader.config
    return config.repository_url if config is not None else ""


def _count_lines(path: Path) -> int:
    """Return the number of lines, the last one counted with or without its newline."""
    data = path.read_bytes()
    return data.count(b"\n") + (not data.endswith(b"\n"))


class Located(NamedTuple):
    """Where a link to a line goes."""

    uri: str
    """Its address."""
    title: str
    """What a reader learns of it before following it."""
    internal: bool
    """Whether it stays on the site."""


def locate(env: BuildEnvironment, builder: Builder, here: str, place: Place) -> Located | None:
    """Return where a link on a page goes; None where the output has no pages of source."""
    title = f"{place.path}, line {place.line}" if place.line else place.path
    repository = find_repository(env)
    if repository:
        uri = repository.replace("{path}", place.path).replace("{line}", str(place.line or 1))
        return Located(uri, title, internal=False)
    if builder.format != "html" or builder.name in {"singlehtml", "epub"}:
        return None
    anchor = f"#L{place.line}" if place.line else ""
    uri = builder.get_relative_uri(here, f"{FOLDER}/{place.path}") + anchor
    return Located(uri, title, internal=True)


def _resolve(app: Sphinx, env: BuildEnvironment, node: Any, contnode: Any) -> Any:
    """Return the link of a `bench:src` role; plain text where the output has no pages."""
    if node.get("refdomain") != "bench" or node.get("reftype") != "src":
        return None
    found = locate(env, app.builder, node["refdoc"], parse_place(node["reftarget"]))
    if found is None:
        return contnode
    uri, title, internal = found
    return nodes.reference("", "", contnode, refuri=uri, internal=internal, reftitle=title)


def _collect_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the source pages whose text, or what surrounds it, is not what was written."""
    from docgen.sphinx import domain

    builder = cast("StandaloneHTMLBuilder", app.builder)
    if find_repository(app.env) or builder.name in {"singlehtml", "epub"}:
        return
    bench = domain.of(app.env)
    wanted = sorted({path for page in bench.pages.values() for path in page.sources})
    stamps_path = Path(app.doctreedir) / STAMPS
    before = _read_stamps(stamps_path)
    surroundings = _hash_surroundings(app)
    now: dict[str, str] = {}
    for path in wanted:
        found = find_file(bench.reader.root, path)
        if found is None:
            continue
        data = found.read_bytes()
        now[path] = hashlib.sha256(surroundings + data).hexdigest()
        page = f"{FOLDER}/{path}"
        if before.get(path) != now[path] or not Path(builder.get_outfilename(page)).is_file():
            yield page, _make_context(path, data.decode("utf-8", "replace")), "page.html"
    for path in before.keys() - now.keys():
        Path(builder.get_outfilename(f"{FOLDER}/{path}")).unlink(missing_ok=True)
    if before != now:
        temporary = stamps_path.with_suffix(".tmp")
        temporary.write_text(json.dumps(now, indent=1), "utf-8")
        temporary.replace(stamps_path)


def _read_stamps(path: Path) -> dict[str, str]:
    """Return the stamps of the pages that were written; empty where there are none."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def read_shown(doctrees: Path) -> tuple[str, ...]:
    """Return the files that have pages of source, by the stamps beside the doctrees."""
    return tuple(_read_stamps(doctrees / STAMPS))


def _hash_surroundings(app: Sphinx) -> bytes:
    """Return a hash of what stands around every page: configuration and first-level menu."""
    env, config = app.env, app.config
    menu = [
        (name, env.titles[name].astext())
        for name in env.toctree_includes.get(config.root_doc, [])
        if name in env.titles
    ]
    parts = [
        menu,
        *(str(v.value) for v in config.filter({"html"}) if v.name != "html_static_path"),
        config.project,
        config.version,
        config.release,
    ]
    return hashlib.sha256(repr(parts).encode()).digest()


def _make_context(path: str, text: str) -> dict[str, Any]:
    """Return the page of a file: a heading and its numbered, highlighted lines."""
    title = escape(path)
    return {
        "title": title,
        "meta": {"html_theme.sidebar_secondary.remove": "true"},
        "body": f'<h1 class="docgen-source-title"><code>{title}</code></h1>\n'
        + highlight(path, text),
    }


def highlight(path: str, text: str) -> str:
    """Return numbered HTML lines of a file, `#L12` leading to the twelfth."""
    from pygments import highlight as colour
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer, TextLexer, get_lexer_for_filename
    from pygments.util import ClassNotFound

    try:
        lexer = (
            PythonLexer(stripnl=False, ensurenl=True)
            if path.endswith(".py")  # a search through all lexers costs as much as a short file
            else get_lexer_for_filename(path, stripnl=False, ensurenl=True)
        )
    except ClassNotFound:
        lexer = TextLexer(stripnl=False, ensurenl=True)
    lines = colour(text, lexer, HtmlFormatter(nowrap=True)).splitlines()
    numbered = "\n".join(
        f'<span class="docgen-line" id="L{number}"><a class="docgen-lineno" href="#L{number}"'
        f' aria-label="line {number}">{number}</a>{line}</span>'
        for number, line in enumerate(lines, 1)
    )
    region = f'tabindex="0" role="region" aria-label="{escape(path)}"'
    return f'<div class="highlight docgen-source" {region}><pre>{numbered}</pre></div>'


def register(app: Sphinx) -> None:
    """Resolve links to source lines and collect their pages."""
    app.connect("missing-reference", _resolve)
    app.connect("html-collect-pages", _collect_pages)
