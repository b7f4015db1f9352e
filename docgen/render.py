"""Turns views into files: renders in memory, writes only what changed, owns what it wrote.

The manifest in the documentation folder lists every generated file with the hash
of its text. A file that is not in it was written by a person and is never touched.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docgen.errors import OutputError, Problem, TemplateError
from docgen.manifest import (
    MANIFEST,
    digest,
    read,
    read_manifest,
    refuse_foreign,
    remove,
    write_file,
    write_manifest,
)
from docgen.tables import render_table
from docgen.views.model import Config, Evidence, Output, Page, Plot, Text

if TYPE_CHECKING:
    from jinja2 import Environment

    from docgen.catalog import Catalog

__all__ = [
    "BUNDLED",
    "MANIFEST",
    "Difference",
    "Written",
    "compare",
    "make_environment",
    "render",
    "render_page",
    "write",
]

BUNDLED = "docgen"
"""Prefix under which an overriding template reaches the one that it overrides."""

_DIFF_LINES = 3


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a write did, in numbers and names."""

    written: tuple[str, ...]
    """Files whose text changed."""
    unchanged: int
    """Files that were right already."""
    removed: tuple[str, ...]
    """Files that no view gives any more."""

    def counts(self) -> dict[str, int]:
        """Return the numbers: written, unchanged, removed."""
        return {
            "written": len(self.written),
            "unchanged": self.unchanged,
            "removed": len(self.removed),
        }


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A generated file that is not as the source says."""

    path: str
    """Path below the documentation folder."""
    kind: str
    """`missing`, `changed`, `stale` (nothing gives it any more) or `foreign` (in the way)."""
    diff: str
    """Unified diff from what is there to what should be there."""


def render(catalog: Catalog, evidence: Evidence, config: Config) -> dict[str, str]:
    """Return every generated file by its path below the documentation folder.

    Raises:
        TemplateError: A template is missing, wrong, or names what its context lacks.
    """
    return {path: text for path, text, _ in _rendered(catalog, evidence, config)}


def write(catalog: Catalog, evidence: Evidence, config: Config, *, keep: bool = False) -> Written:
    """Write every generated file whose text changed, and remove those nobody gives.

    Args:
        catalog: What the source says.
        evidence: What is known of its snippets.
        config: The documented project.
        keep: Remove nothing, because the source could not be read whole.

    Raises:
        TemplateError: As `render`; nothing is written then.
        OutputError: A hand-written file stands in the way, or a place cannot be
            written; every such place at once, before anything is written.
    """
    docs = Path(config.docs)
    before = read_manifest(docs)
    files = list(_rendered(catalog, evidence, config))
    refuse_foreign(docs, [path for path, _, _ in files], before)
    entries = {
        path: {"sha256": digest(text.encode()), **({"drawn": drawn} if drawn else {})}
        for path, text, drawn in files
    }
    if not set(entries) <= set(before):
        write_manifest(docs, {**{path: {} for path in entries}, **before})
    written = []
    for path, text, _ in files:
        if read(docs / path) != text.encode():
            write_file(docs / path, text.encode())
            written.append(path)
    left = [path for path in before if path not in entries]
    removed = [] if keep else remove(docs, left)
    write_manifest(docs, {**{path: before[path] for path in left if keep}, **entries})
    return Written(
        written=tuple(written), unchanged=len(files) - len(written), removed=tuple(removed)
    )


def compare(catalog: Catalog, evidence: Evidence, config: Config) -> list[Difference]:
    """Return how the generated files on disk differ from what they should be; writes nothing."""
    docs = Path(config.docs)
    before = read_manifest(docs)
    found = []
    wanted = set()
    for path, text, _ in _rendered(catalog, evidence, config):
        wanted.add(path)
        data = read(docs / path)
        if data == text.encode():
            continue
        if data is None:
            found.append(Difference(path=path, kind="missing", diff=_diff(path, "", text)))
            continue
        kind = "changed" if path in before else "foreign"
        there = data.decode(errors="replace")
        found.append(Difference(path=path, kind=kind, diff=_diff(path, there, text)))
    for path in sorted(set(before) - wanted):
        data = read(docs / path)
        if data is not None:
            there = data.decode(errors="replace")
            found.append(Difference(path=path, kind="stale", diff=_diff(path, there, "")))
    return found


def _rendered(
    catalog: Catalog, evidence: Evidence, config: Config
) -> Iterator[tuple[str, str, str]]:
    """Yield path, text and drawing key of every generated file."""
    from docgen import views

    environment = make_environment(config)
    docs = Path(config.docs)
    before = read_manifest(docs)
    seen: set[str] = set()
    for output in views.every(catalog, evidence, config):
        if output.path in seen:
            raise OutputError(
                Problem(output.path, "one view per page", "two views", "rename one of the pages")
            )
        seen.add(output.path)
        text, drawn = _text(output, environment, docs, before)
        yield output.path, text, drawn


def _text(
    output: Output, environment: Environment, docs: Path, before: Mapping[str, Any]
) -> tuple[str, str]:
    """Return the text of one output, and the drawing key of a plot."""
    if isinstance(output, Text):
        return output.text, ""
    if isinstance(output, Page):
        return render_page(output, environment), ""
    return _drawing(output, docs, before)


def _drawing(plot: Plot, docs: Path, before: Mapping[str, Any]) -> tuple[str, str]:
    """Return the SVG of a plot: the file on disk where it was drawn from the same data."""
    from docgen import plots

    wanted = plots.key(plot)
    known = before.get(plot.path, {})
    data = read(docs / plot.path)
    if data is not None and known.get("drawn") == wanted and known.get("sha256") == digest(data):
        return data.decode(), wanted
    return plots.draw(plot), wanted


def render_page(page: Page, environment: Environment) -> str:
    """Return the text of one page, ending in one line break.

    Raises:
        TemplateError: With template and line.
    """
    import jinja2

    try:
        text = environment.get_template(page.template).render(page.context)
    except jinja2.TemplateSyntaxError as error:
        where = f"{error.name or page.template}:{error.lineno}"
        raise TemplateError(
            Problem(where, "a Jinja2 template", str(error.message), "mend the template")
        ) from error
    except jinja2.TemplateNotFound as error:
        raise TemplateError(
            Problem(page.template, "a template of that name", "none", f"add {error.name}")
        ) from error
    except Exception as error:
        where, do = _template_line(error, page.template), "mend that line, or the page's context"
        got = f"{type(error).__name__}: {error}"
        raise TemplateError(Problem(where, f"a page {page.path}", got, do)) from error
    return _tidy(text)


def make_environment(config: Config) -> Environment:
    """Return the template environment: the user's templates over the bundled ones.

    Every name that a template uses must exist. A template of the user overrides the
    bundled one of the same name; it extends it as `docgen/NAME` to replace single blocks.
    """
    import jinja2.sandbox

    from docgen import formatting
    from docgen.config import bundled_templates
    from docgen.views import links, text

    bundled = jinja2.FileSystemLoader(bundled_templates())
    environment = jinja2.sandbox.SandboxedEnvironment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.FileSystemLoader(config.templates),
                bundled,
                jinja2.PrefixLoader({BUNDLED: bundled}),
            ]
        ),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters.update(
        table=render_table,
        code=text.code,
        prose=text.prose,
        inline=text.inline,
        raw=text.raw,
        fenced=text.fenced,
        slug=text.slug,
        src=links.src,
        badge=links.badge,
        day=formatting.day,
        moment=formatting.moment,
        duration=formatting.duration,
        count=formatting.count,
        percent=formatting.percent,
    )
    environment.globals.update(fmt=formatting, links=links)
    return environment


def _tidy(text: str) -> str:
    """Return a page without trailing blanks or runs of empty lines outside code blocks."""
    lines: list[str] = []
    for line in text.splitlines():
        stripped = line.rstrip()
        if stripped or (lines and lines[-1]):
            lines.append(stripped)
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n"


def _template_line(error: BaseException, template: str) -> str:
    """Return template and line of the innermost template frame of an error."""
    where = template
    frame = error.__traceback__
    while frame is not None:
        name = Path(frame.tb_frame.f_code.co_filename)
        if name.suffix == ".j2":
            where = f"{name.name}:{frame.tb_lineno}"
        frame = frame.tb_next
    return where


def _diff(path: str, there: str, wanted: str) -> str:
    """Return a unified diff of a file."""
    lines = difflib.unified_diff(
        there.splitlines(),
        wanted.splitlines(),
        f"a/{path}",
        f"b/{path}",
        lineterm="",
        n=_DIFF_LINES,
    )
    return "\n".join(lines)
