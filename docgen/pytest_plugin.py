"""Runs the snippets of pages and docstrings as tests: `pytest --snippets docs runtime`.

Off by default: without the flag nothing is imported and nothing is collected. Node ids
read `docs/quickstart.md::first-run`. A fresh stored result is used as it is; anything
else is executed and stored.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from docgen.catalog import Catalog, Snippet
    from docgen.config import Config
    from docgen.snippets.model import Result


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flags; this is all that happens without them."""
    group = parser.getgroup("docgen", "snippets of the documentation")
    group.addoption(
        "--snippets",
        action="store_true",
        help="collect the snippets of pages (.md) and of docstrings and configs (.py) as tests",
    )
    group.addoption(
        "--snippets-rerun",
        action="store_true",
        help="execute every collected snippet, even where the stored result is fresh",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Return the collector of a file that has snippets; None for every other file."""
    if not parent.config.getoption("--snippets") or file_path.suffix not in (".md", ".py"):
        return None
    project = _Project.of(parent.config)
    if not project.may_have(file_path):
        return None
    collector: SnippetFile = SnippetFile.from_parent(parent, path=file_path)
    return collector


class _Project:
    """The documented project of a test session, read on first use."""

    def __init__(self, root: Path) -> None:
        """Load the configuration; the source is read only when it is needed."""
        from docgen.config import load
        from docgen.snippets.store import Store

        self.config: Config = load(root)
        self.store = Store(self.config.store)
        self._catalog: Catalog | None = None
        self._collected: tuple[Snippet, ...] | None = None

    @classmethod
    def of(cls, config: pytest.Config) -> _Project:
        """Return the project of a session."""
        project: _Project | None = config.stash.get(_PROJECT, None)
        if project is None:
            project = cls(config.rootpath)
            config.stash[_PROJECT] = project
        return project

    @property
    def catalog(self) -> Catalog:
        """The Catalog of the project's source."""
        if self._catalog is None:
            from docgen.extract import extract

            self._catalog = extract(self.config)
        return self._catalog

    @functools.cached_property
    def _pages(self) -> frozenset[Path]:
        """The hand-written pages."""
        from docgen.snippets.collect import pages

        return frozenset(pages(self.config))

    def may_have(self, path: Path) -> bool:
        """Return whether a file can have snippets, before anything is read."""
        if path.suffix == ".md":
            return path in self._pages
        folders = {*self.config.packages, *self.config.api}
        return any(path.is_relative_to(self.config.root / f.replace(".", "/")) for f in folders)

    def snippets(self, path: Path) -> tuple[Snippet, ...]:
        """Return the snippets of a file."""
        from docgen.snippets.collect import collect, collect_page
        from docgen.snippets.entries import complete

        if path.suffix == ".md":
            found = collect_page(path, self.config.root)
            named = any(s.measures or ("gpu" in s.needs and "=" in s.needs) for s in found)
            return tuple(complete(s, self.catalog) for s in found) if named else found
        if self._collected is None:
            self._collected = collect(self.catalog, self.config)
        name = path.relative_to(self.config.root).as_posix()
        return tuple(s for s in self._collected if s.source.path == name)


_PROJECT: pytest.StashKey[_Project] = pytest.StashKey()


class SnippetFile(pytest.File):
    """A file whose snippets are tests."""

    def collect(self) -> Iterator[SnippetItem]:
        """Yield one test a snippet."""
        from docgen.errors import DocgenError

        project = _Project.of(self.config)
        try:
            found = project.snippets(self.path)
        except DocgenError as error:
            raise self.CollectError(str(error)) from error
        for snippet in found:
            item: SnippetItem = SnippetItem.from_parent(
                self, name=snippet.id, snippet=snippet, project=project
            )
            yield item


class SnippetItem(pytest.Item):
    """One snippet as a test."""

    def __init__(self, *, snippet: Snippet, project: _Project, **rest: Any) -> None:
        """Hold the snippet and its project."""
        super().__init__(**rest)
        self.snippet = snippet
        self.project = project

    def runtest(self) -> None:
        """Execute the snippet, or take its fresh result; fail with every broken expectation."""
        from docgen.errors import SnippetError
        from docgen.evidence import describe_lack
        from docgen.snippets.run import problems

        result = self._result()
        if result.status == "skipped":
            pytest.skip(describe_lack(result))
        self.add_report_section("call", "snippet", _describe(result))
        self.user_properties += [("seconds", result.seconds), ("started", result.started)]
        found = problems(self.snippet, result)
        if found:
            raise SnippetError(found)

    def _result(self) -> Result:
        """Return the fresh result, or execute; skip where the machine lacks something."""
        from docgen.evidence import judge
        from docgen.snippets.run import run

        judged = judge((self.snippet,), self.project.store, self.project.config).judged[0]
        if judged.unmet:
            pytest.skip(judged.unmet)
        rerun = self.config.getoption("--snippets-rerun")
        if judged.result is not None and not judged.needs_run and not rerun:
            return judged.result
        return run([self.snippet], self.project.config, store=self.project.store)[0]

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **named: Any
    ) -> Any:
        """Return the problems alone: a traceback through docgen helps nobody."""
        from docgen.errors import SnippetError

        if isinstance(excinfo.value, SnippetError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args, **named)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line and name for reports."""
        return self.path, self.snippet.source.line - 1, self.snippet.id


def _describe(result: Result) -> str:
    """Return what an execution printed."""
    return f"$ {result.text}\n{result.output}{result.errors}"
