"""Executes snippets, each in a process of its own, and keeps what they left behind.

Snippets that measure or draw run alone, one after another, after all others; the others share
`jobs` threads. One that left run records though nothing said that it measures is executed
once more, alone: a figure that was taken beside other work is never kept. Snippets with the
same commands share one execution, so that two pages show the same figure. Every result is
kept as soon as it is there, with the names of those that ran during the same time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass

from docgen.catalog import Snippet
from docgen.config import Config
from docgen.errors import Problem
from docgen.snippets import expect, process
from docgen.snippets.execution import Execution, execute, make_result
from docgen.snippets.model import Result
from docgen.snippets.store import Store


@dataclass(frozen=True)
class Progress:
    """One step of a run."""

    snippet: Snippet
    """Which snippet."""
    result: Result | None
    """Its result; None when it starts."""
    done: int
    """Snippets that have ended."""
    total: int
    """Snippets of the run."""


def run(
    snippets: Sequence[Snippet],
    config: Config,
    jobs: int = 1,
    on_progress: Callable[[Progress], None] | None = None,
    store: Store | None = None,
) -> list[Result]:
    """Execute snippets and return their results in the order of the snippets.

    Args:
        snippets: What to execute; whether this machine can is the caller's question.
        config: The documented project.
        jobs: How many snippets that measure nothing may run at a time.
        on_progress: Called when a snippet starts and when it ends, one call at a time.
        store: Where each result is saved at once; None is the project's own.

    Raises:
        KeyboardInterrupt: When the user stops it; everything that ran is ended, and
            finished results are in the store.
    """
    session = _Session(config, len(snippets), on_progress, store or Store(config.store))
    groups = _group(snippets)
    alone = [g for g in groups if any(is_alone(s) for s in g)]
    shared = [g for g in groups if g not in alone]
    try:
        late = _share(session, shared, jobs)
        for group in (*alone, *late):
            session.run(group)
    except KeyboardInterrupt:
        session.running.stop_all()
        raise
    return [session.results[s.id] for s in snippets]


def is_alone(snippet: Snippet) -> bool:
    """Return whether nothing else may run beside a snippet: it measures, draws, or asks so."""
    measures = bool(snippet.measures or snippet.mode or snippet.figures)
    return measures or snippet.alone or any(map(expect.is_figure, snippet.expect))


def _share(
    session: _Session, groups: Sequence[Sequence[Snippet]], jobs: int
) -> list[Sequence[Snippet]]:
    """Execute groups side by side; return those that measured after all, in their order."""
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        futures = [pool.submit(session.run, group) for group in groups]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            session.running.stop_all()
            raise
    return [g for g, f in zip(groups, futures, strict=True) if not f.result()]


def _group(snippets: Sequence[Snippet]) -> list[list[Snippet]]:
    """Return the snippets that have the same commands together, in order of the first."""
    groups: dict[tuple[str, str], list[Snippet]] = {}
    for snippet in snippets:
        groups.setdefault((snippet.language, snippet.text), []).append(snippet)
    return list(groups.values())


class _Session:
    """One call of `run`: counts, reports one step at a time, keeps results."""

    def __init__(
        self,
        config: Config,
        total: int,
        on_progress: Callable[[Progress], None] | None,
        store: Store,
    ) -> None:
        """Hold what every execution shares."""
        self.config = config
        self.running = process.Running()
        self.results: dict[str, Result] = {}
        self._total = total
        self._on_progress = on_progress
        self._store = store
        self._lock = threading.Lock()
        self._live: dict[str, tuple[set[str], set[str]]] = {}

    def run(self, group: Sequence[Snippet]) -> bool:
        """Execute the commands of a group once; save and report the result of each.

        Returns:
            Whether the execution counts. It does not where it left run records and
            other snippets ran at that time; nothing is kept of it then.
        """
        for snippet in group:
            with self._lock:
                self._tell(snippet, None)
        limit = max(s.timeout_s for s in group)
        with self._noting(group) as beside:
            execution = execute(group[0], self.config, self.running, limit)
        if beside and execution.records:
            return False
        for snippet in group:
            self._keep(snippet, execution, beside)
        return True

    def _keep(self, snippet: Snippet, execution: Execution, beside: set[str]) -> None:
        """Save and report the result of one snippet."""
        result = make_result(snippet, execution, self.config, beside)
        with self._lock:
            self.results[snippet.id] = result
            if not self.running.stopped:
                self._store.save(result)
            self._tell(snippet, result)

    @contextmanager
    def _noting(self, group: Sequence[Snippet]) -> Iterator[set[str]]:
        """Give the identities of what runs at the same time; complete when the block ends."""
        own, beside = {snippet.id for snippet in group}, set[str]()
        with self._lock:
            for names, others in self._live.values():
                beside |= names
                others.update(own)
            self._live[group[0].id] = own, beside
        try:
            yield beside
        finally:
            with self._lock:
                del self._live[group[0].id]

    def _tell(self, snippet: Snippet, result: Result | None) -> None:
        """Tell the caller of a step; called with the lock held, so that counts rise by one."""
        if self._on_progress is not None:
            self._on_progress(Progress(snippet, result, len(self.results), self._total))


def problems(snippet: Snippet, result: Result) -> tuple[Problem, ...]:
    """Return what is wrong with a result, one problem a broken expectation.

    None for one that passed, and for one that was skipped because the machine lacks something.
    """
    if result.status == "skipped":
        return ()
    where = f"{snippet.source.path}:{snippet.source.line} snippet {snippet.id}"
    if result.status == "timeout":
        got = f"no end after {snippet.timeout_s:g} s; it and its children were killed"
        last = [line for line in (result.errors or result.output).splitlines() if line.strip()]
        got += f" (last line: {last[-1].strip()[:100]})" if last else " (nothing was printed)"
        do = "raise `:timeout:`, or mend what hangs"
        return (Problem(where, f"an end within {snippet.timeout_s:g} s", got, do),)
    return tuple(
        Problem(where, check.expect, check.actual, "mend the command, or correct the expectation")
        for check in result.checks
        if not check.ok
    )
