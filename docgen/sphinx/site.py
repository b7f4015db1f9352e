"""Builds the site with Sphinx in this process, with evidence that is judged already."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docgen import garbage
from docgen.errors import OutputError, Problem, SiteError

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from docgen.config import Config
    from docgen.evidence import Evidence

DOCTREES = ".doctrees"
"""Folder below the cache that Sphinx keeps between builds."""

MOST_WARNINGS = 20
"""Warnings that one error message lists; the number of all of them is always given."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class SiteReport:
    """What Sphinx did."""

    def __init__(self, path: Path) -> None:
        """Start with nothing done."""
        self.path = path
        """Folder of the site."""
        self.read = 0
        """Pages read anew."""
        self.written = 0
        """Pages written."""
        self.pages = 0
        """Pages of the site."""
        self.warnings: tuple[str, ...] = ()
        """Warnings, one text each."""
        self.shown: tuple[str, ...] = ()
        """Files of the documented tree that have pages of source."""


def build_site(
    config: Config,
    evidence: Evidence | None = None,
    *,
    jobs: int = 2,
    strict: bool = True,
    on_phase: Callable[[str, int], None] | None = None,
) -> SiteReport:
    """Build the HTML site and return what was done.

    Args:
        config: Where the pages and the site are.
        evidence: What is known of the snippets; None lets the extension find out.
        jobs: Processes that read and write pages.
        strict: Whether a warning is an error; the site is written all the same.
        on_phase: Called with the name of a phase and the number of its pages.

    Raises:
        SiteError: Sphinx stopped, or warned while `strict`.
        OutputError: The site cannot be written.
    """
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    from docgen.sphinx.defaults import settings
    from docgen.sphinx.sources import read_shown

    report = SiteReport(config.site)
    warnings = io.StringIO()
    try:
        config.site.mkdir(parents=True, exist_ok=True)
        with patch_docutils(config.docs), docutils_namespace():
            own = (config.docs / "conf.py").is_file()
            app = Sphinx(
                srcdir=config.docs,
                confdir=config.docs if own else None,
                outdir=config.site,
                doctreedir=config.cache / DOCTREES,
                buildername="html",
                confoverrides={**({} if own else settings(config)), "nitpicky": True},
                status=None,
                warning=warnings,
                parallel=jobs,
            )
            _watch(app, report, on_phase)
            if evidence is not None:
                _give(app, evidence)
            if not own:
                _keep_templates(app, config)
            garbage.settle()
            with _no_child_left():
                app.build()
            report.pages = len(app.env.found_docs)
            report.shown = read_shown(Path(app.doctreedir))
    except SphinxError as error:
        raise SiteError(Problem("site", "pages that build", str(error), "mend them")) from error
    except OSError as error:
        where = str(error.filename or config.site)
        raise OutputError(
            Problem(where, "a place to write the site", error.strerror or str(error), "free it")
        ) from error
    report.warnings = tuple(_split(warnings.getvalue(), config.root))
    if strict and report.warnings:
        raise SiteError(_problems(report.warnings))
    return report


@contextlib.contextmanager
def _no_child_left() -> Iterator[None]:
    """End Sphinx's processes where a build fails.

    Why: Sphinx raises at the first process that failed. The others wait for somebody to
        read what they send, and Python waits for them before it exits: a hang.
    """
    try:
        yield
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise


def _watch(app: Sphinx, report: SiteReport, on_phase: Callable[[str, int], None] | None) -> None:
    """Count the pages that are read and written."""

    def note_read(app: Sphinx, env: Any, docnames: list[str]) -> None:
        del app, env
        report.read = len(docnames)
        if on_phase is not None:
            on_phase("read pages", len(docnames))

    prepare = app.builder.prepare_writing

    def note_write(docnames: Any) -> None:
        report.written = len(docnames)
        if on_phase is not None:
            on_phase("write pages", len(docnames))
        prepare(docnames)

    def sweep_sometimes(*_: object) -> None:
        garbage.count_page()

    app.connect("env-before-read-docs", note_read)
    app.connect("source-read", sweep_sometimes)
    app.connect("html-page-context", sweep_sometimes)
    app.builder.prepare_writing = note_write  # type: ignore[method-assign]


def _keep_templates(app: Sphinx, config: Config) -> None:
    """Let compiled templates of the theme be kept; only where no `conf.py` changes how.

    Why: to compile them takes as long as to write thirty pages with them.
    """
    from docgen.templating import keep_compiled

    environment = getattr(getattr(app.builder, "templates", None), "environment", None)
    if environment is not None:
        environment.bytecode_cache = keep_compiled(config.cache)


def _give(app: Sphinx, evidence: Evidence) -> None:
    """Hand judged evidence to the extension, where the site uses it."""
    from docgen.sphinx import domain

    if "docgen.sphinx" in app.extensions:
        domain.of(app.env).reader.give(evidence)


def _split(text: str, root: Path) -> Iterable[str]:
    """Yield the warnings of Sphinx's stream, with paths relative to the root."""
    for line in _COLOUR.sub("", text).splitlines():
        if line.strip():
            yield line.strip().replace(f"{root}/", "")


def _problems(warnings: tuple[str, ...]) -> list[Problem]:
    """Return the warnings as problems, the first ones in full."""
    found = []
    for warning in warnings[:MOST_WARNINGS]:
        where, sep, rest = warning.partition(": WARNING: ")
        place, got = (where, rest) if sep else ("site", warning.removeprefix("WARNING: "))
        found.append(Problem(place, "a page without warnings", got, "mend the page"))
    if len(warnings) > MOST_WARNINGS:
        rest_count = len(warnings) - MOST_WARNINGS
        found.append(
            Problem("site", "no warnings", f"{rest_count} more", "mend the first ones first")
        )
    return found
