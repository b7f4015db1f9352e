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

from docgen.errors import OutputError, Problem
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
from docgen.parts import File, Parts
from docgen.templating import BUNDLED, make_environment, render_page
from docgen.views.model import Config, Evidence, Output, Page, Part, Plot, Text

if TYPE_CHECKING:
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
    return {file.path: file.data.decode() for file in _rendered(catalog, evidence, config)}


def write(
    catalog: Catalog,
    evidence: Evidence,
    config: Config,
    *,
    keep: bool = False,
    parts: Parts | None = None,
) -> Written:
    """Write every generated file whose text changed, and remove those nobody gives.

    Args:
        catalog: What the source says.
        evidence: What is known of its snippets.
        config: The documented project.
        keep: Remove nothing, because the source could not be read whole.
        parts: What earlier writes gave; stands for what need not be made again.

    Raises:
        TemplateError: As `render`; nothing is written then.
        OutputError: A hand-written file stands in the way, or a place cannot be
            written; every such place at once, before anything is written.
    """
    docs = Path(config.docs)
    before = read_manifest(docs)
    files = list(_rendered(catalog, evidence, config, parts))
    refuse_foreign(docs, [file.path for file in files], before)
    entries = {
        file.path: {"sha256": file.sha256, **({"drawn": file.drawn} if file.drawn else {})}
        for file in files
    }
    if not set(entries) <= set(before):
        write_manifest(docs, {**{path: {} for path in entries}, **before})
    written = []
    for file in files:
        if read(docs / file.path) != file.data:
            write_file(docs / file.path, file.data)
            written.append(file.path)
    left = [path for path in before if path not in entries]
    removed = [] if keep else remove(docs, left)
    write_manifest(docs, {**{path: before[path] for path in left if keep}, **entries})
    if parts is not None:
        parts.keep()
    return Written(
        written=tuple(written), unchanged=len(files) - len(written), removed=tuple(removed)
    )


def compare(catalog: Catalog, evidence: Evidence, config: Config) -> list[Difference]:
    """Return how the generated files on disk differ from what they should be; writes nothing."""
    docs = Path(config.docs)
    before = read_manifest(docs)
    found = []
    wanted = set()
    for file in _rendered(catalog, evidence, config):
        path, text = file.path, file.data.decode()
        wanted.add(path)
        data = read(docs / path)
        if data == file.data:
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
    catalog: Catalog, evidence: Evidence, config: Config, parts: Parts | None = None
) -> Iterator[File]:
    """Yield every generated file."""
    from docgen import views

    make = _Maker(config, parts)
    seen: set[str] = set()
    for part in views.parts(catalog, evidence, config):
        for file in make.files(part):
            if file.path in seen:
                want, got = "one view per page", "two views"
                raise OutputError(Problem(file.path, want, got, "rename one of the pages"))
            seen.add(file.path)
            yield file


class _Maker:
    """Makes the files of parts, or takes them from disk where they need not be made."""

    def __init__(self, config: Config, parts: Parts | None) -> None:
        """Prepare the templates."""
        self._docs = Path(config.docs)
        self._before = read_manifest(self._docs)
        self._parts = parts
        self._environment = make_environment(config, parts.cache if parts is not None else None)

    def files(self, part: Part) -> list[File]:
        """Return the files of a part."""
        if self._parts is None:
            return [self._file(output) for output in part.make()]
        key = self._parts.key(part)
        found = self._parts.find(key)
        if found is None:
            found = [self._file(output) for output in part.make()]
            self._parts.note(key, found)
        return found

    def _file(self, output: Output) -> File:
        """Return the file of one output."""
        drawn = ""
        if isinstance(output, Text):
            text = output.text
        elif isinstance(output, Page):
            text = render_page(output, self._environment)
        else:
            text, drawn = _drawing(output, self._docs, self._before)
        data = text.encode()
        return File(output.path, data, digest(data), drawn)


def _drawing(plot: Plot, docs: Path, before: Mapping[str, Any]) -> tuple[str, str]:
    """Return the SVG of a plot: the file on disk where it was drawn from the same data."""
    from docgen import plots

    wanted = plots.key(plot)
    known = before.get(plot.path, {})
    data = read(docs / plot.path)
    if data is not None and known.get("drawn") == wanted and known.get("sha256") == digest(data):
        return data.decode(), wanted
    return plots.draw(plot), wanted


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
