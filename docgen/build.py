"""The whole line: extract, judge, run what is stale, render, write, Sphinx.

Each phase leaves files that the next one reads, so a failure later loses nothing
that was measured. Nothing here prints: progress and report go to the caller.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from docgen import garbage, unchanged
from docgen.errors import OutputError, Problem, UsageError
from docgen.report import Figure, OnStep, Options, Reading, Report, Step, read_figures

if TYPE_CHECKING:
    from docgen.catalog import Snippet
    from docgen.config import Config
    from docgen.evidence import Evidence
    from docgen.sphinx.site import SiteReport

__all__ = [
    "Figure",
    "OnStep",
    "Options",
    "Reading",
    "Report",
    "Step",
    "build",
    "choose",
    "judge_again",
    "read",
    "read_figures",
]


def read(config: Config) -> Reading:
    """Return catalog and evidence; executes nothing."""
    from docgen.evidence import judge
    from docgen.extract import extract
    from docgen.foreign import make_plain
    from docgen.snippets.collect import collect
    from docgen.snippets.store import Store

    catalog = make_plain(extract(config))
    return Reading(catalog, judge(collect(catalog, config), Store(config.store), config))


def judge_again(reading: Reading, config: Config) -> Reading:
    """Return the same source with what is in the store now."""
    from docgen.evidence import judge
    from docgen.snippets.store import Store

    snippets = tuple(judged.snippet for judged in reading.evidence.judged)
    return Reading(reading.catalog, judge(snippets, Store(config.store), config))


def build(config: Config, options: Options, on_step: OnStep | None = None) -> Report:
    """Build everything and return what was done; failed snippets stand in the report.

    Raises:
        DocgenError: The source, a template or a page cannot be used. What was
            measured before is in the store.
    """
    with _locked(config), garbage.collected_seldom():
        return _build(config, options, on_step if on_step is not None else _ignore)


def _build(config: Config, options: Options, tell: OnStep) -> Report:
    """Do every phase in order."""
    report = Report()
    with _timed(report, "extract"):
        tell(Step("extract", 0, 0))
        reading = read(config)
    garbage.settle()
    chosen = choose(reading.evidence, options)
    if chosen:
        with _timed(report, "run"):
            _execute(chosen, config, options.jobs, tell)
            reading = judge_again(reading, config)
    report.executed = tuple(snippet.id for snippet in chosen)
    _fill(report, reading)
    if not options.site or not unchanged.qualifies(config):
        _make(report, reading, config, options, tell)
        return report
    with _timed(report, "compare"):
        key = unchanged.make_key(reading.catalog, reading.evidence, config)
        state = unchanged.find(key, config)
    if state is not None:
        _reuse(report, state, config)
        return report
    unchanged.forget(config)
    site = _make(report, reading, config, options, tell)
    if site is not None and not site.warnings:
        with _timed(report, "keep"):
            count = report.pages["written"] + report.pages["unchanged"]
            unchanged.keep(key, config, site.shown, generated=count, pages=site.pages)
    return report


def _make(
    report: Report, reading: Reading, config: Config, options: Options, tell: OnStep
) -> SiteReport | None:
    """Render the pages and build the site."""
    with _timed(report, "render"):
        tell(Step("render", 0, 0))
        report.pages = _write_pages(reading, config)
    if options.site:
        with _timed(report, "site"):
            report.site = _build_site(reading, config, options, tell)
    return report.site


def _reuse(report: Report, state: unchanged.State, config: Config) -> None:
    """Report a site that needs nothing."""
    from docgen.sphinx.site import SiteReport

    report.pages = {"written": 0, "unchanged": state.generated, "removed": 0}
    report.site = SiteReport(config.site)
    report.site.pages = state.pages


def _ignore(step: Step) -> None:
    """Take no notice."""


@contextmanager
def _locked(config: Config) -> Iterator[None]:
    """Keep a second build away: both would write the same pages and the same site."""
    import fcntl

    place = config.cache / "build.lock"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        file = place.open("w")
    except OSError as error:
        got = error.strerror or str(error)
        raise OutputError(Problem(str(place), "a writable place", got, "free it")) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            want, got = "one build of a tree at a time", "another one at work"
            raise OutputError(Problem(str(place), want, got, "wait for it to end")) from error
        yield


@contextmanager
def _timed(report: Report, phase: str) -> Iterator[None]:
    """Add the time of a phase to the report."""
    start = time.perf_counter()
    try:
        yield
    finally:
        report.seconds[phase] = time.perf_counter() - start


def choose(evidence: Evidence, options: Options) -> tuple[Snippet, ...]:
    """Return the snippets to execute: able to run here, and without a fresh, passed result.

    Raises:
        UsageError: A pattern of `options.only` means no snippet.
    """
    check_patterns([judged.snippet.id for judged in evidence.judged], options.only)
    if not options.run:
        return ()
    return tuple(
        judged.snippet
        for judged in evidence.judged
        if (judged.needs_run or (options.force and not judged.unmet))
        and (not options.only or _matches(judged.snippet.id, options.only))
    )


def _matches(snippet_id: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a snippet is meant by one of the patterns."""
    return any(fnmatchcase(snippet_id, pattern) for pattern in patterns)


def check_patterns(ids: list[str], patterns: tuple[str, ...]) -> None:
    """Raise UsageError for every pattern that means none of the ids, with likely ones."""
    problems = []
    for pattern in patterns:
        if any(fnmatchcase(name, pattern) for name in ids):
            continue
        close = get_close_matches(pattern, ids, n=3, cutoff=0.4)
        likely = " or ".join(map(repr, close))
        mend = f"did you mean {likely}?" if close else f"use one of {len(ids)} such as {ids[:1]}"
        problems.append(Problem("--only", "a pattern of snippet ids", repr(pattern), mend))
    if problems:
        raise UsageError(problems)


def _execute(chosen: tuple[Snippet, ...], config: Config, jobs: int, tell: OnStep) -> None:
    """Execute snippets; each result is in the store as soon as it is there."""
    from docgen.snippets.run import Progress, run
    from docgen.snippets.store import Store

    def note(progress: Progress) -> None:
        tell(Step("run", progress.done, progress.total, progress.snippet.id))

    tell(Step("run", 0, len(chosen)))
    run(chosen, config, jobs, note, Store(config.store))


def _fill(report: Report, reading: Reading) -> None:
    """Put into the report what is known now."""
    evidence = reading.evidence
    report.states = {state.value: count for state, count in evidence.counts().items()}
    report.failed = tuple(
        (judged.snippet.id, judged.reason)
        for judged in evidence.judged
        if judged.state is type(judged.state).FAILED
    )
    figures = (f for judged in evidence.judged for f in read_figures(judged, report.executed))
    report.figures = tuple(dict.fromkeys(figures))  # one run can serve two snippets
    report.diagnostics = reading.catalog.diagnostics


def _write_pages(reading: Reading, config: Config) -> dict[str, int]:
    """Render the pages and write those that changed; return how many of each."""
    from docgen.parts import Parts
    from docgen.render import write

    catalog, evidence = reading.catalog, reading.evidence
    broken = any(found.severity == "error" for found in catalog.diagnostics)
    parts = None if config.since else Parts.of(evidence, config)
    return write(catalog, evidence, config, keep=broken, parts=parts).counts()


def _build_site(reading: Reading, config: Config, options: Options, tell: OnStep) -> SiteReport:
    """Build the site from the pages as they are on disk."""
    from docgen.sphinx.site import build_site

    def note(phase: str, total: int) -> None:
        tell(Step("site", 0, 0, f"{phase}: {total}"))

    tell(Step("site", 0, 0))
    return build_site(
        config, reading.evidence, jobs=options.jobs, strict=options.strict, on_phase=note
    )
