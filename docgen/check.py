"""Regenerates everything in memory and says where disk, source and evidence disagree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docgen.build import Reading
    from docgen.config import Config

LONGEST_DIFF = 200
"""Lines of a difference that are shown; the number of further lines is said."""

_WORDS = {
    "missing": "missing; run `docgen build`",
    "changed": "out of date; run `docgen build`",
    "stale": "no longer generated; run `docgen build` to remove it",
    "foreign": "written by hand where a page is generated; move it away",
}


@dataclass(frozen=True)
class Finding:
    """One thing that does not agree."""

    kind: str
    """`page`, `evidence` or `source`."""
    where: str
    """Page, snippet, or file and line."""
    text: str
    """What is wrong, and the mend."""
    diff: str = ""
    """Unified difference from disk to what the source says now."""
    fails: bool = True
    """Whether it makes the check fail."""


def check(config: Config) -> tuple[Finding, ...]:
    """Return every finding; executes nothing and writes nothing.

    Raises:
        DocgenError: The source or a template cannot be read at all.
    """
    from docgen.build import read

    reading = read(config)
    return (
        *_check_source(reading),
        *_check_evidence(reading),
        *_check_pages(reading, config),
    )


def _check_source(reading: Reading) -> Iterator[Finding]:
    """Yield what the reader of the source found; only errors fail."""
    for item in reading.catalog.diagnostics:
        where = f"{item.source.path}:{item.source.line}:{item.source.column}"
        text = f"{item.severity} {item.code}: {item.message}"
        yield Finding("source", where, text, fails=item.severity == "error")


def _check_evidence(reading: Reading) -> Iterator[Finding]:
    """Yield snippets whose result is stale, failed or missing though this machine can run them."""
    from docgen.evidence import State

    for problem in reading.evidence.problems:
        yield Finding("evidence", problem.where, str(problem))
    for judged in reading.evidence.judged:
        if judged.state not in {State.STALE, State.FAILED, State.NEVER} or judged.unmet:
            continue
        reason = f": {judged.reason}" if judged.reason else ""
        text = f"{judged.state.value}{reason}; run `docgen build`"
        yield Finding("evidence", judged.snippet.id, text)


def _check_pages(reading: Reading, config: Config) -> Iterator[Finding]:
    """Yield generated pages that are missing, different, in the way, or no longer generated."""
    from docgen.render import compare

    for item in compare(reading.catalog, reading.evidence, config):
        yield Finding("page", item.path, _WORDS[item.kind], shorten(item.diff))


def shorten(diff: str) -> str:
    """Return a difference cut after `LONGEST_DIFF` lines, with the number of lines left out."""
    lines = diff.splitlines()
    if len(lines) <= LONGEST_DIFF:
        return diff
    return "\n".join([*lines[:LONGEST_DIFF], f"... {len(lines) - LONGEST_DIFF} more lines"])
