"""Mends documents where there is one right answer: a slip in a name, a path that moved."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from docgen.errors import OutputError, Problem
from docgen.prose.model import Verdict


@dataclass(frozen=True)
class Change:
    """A document before and after."""

    document: str
    """Its path relative to the root."""
    before: str
    """Its content."""
    after: str
    """Its content with every safe edit made."""
    mended: tuple[Verdict, ...]
    """Findings that the edits mend."""

    def diff(self) -> str:
        """Return the unified difference."""
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            f"a/{self.document}",
            f"b/{self.document}",
        )
        return "".join(one if one.endswith("\n") else f"{one}\n" for one in lines)


def plan(root: Path, findings: Iterable[Verdict]) -> Iterator[Change]:
    """Yield the changes that findings ask for, by document; nothing is written."""
    by_document: dict[str, list[Verdict]] = {}
    for one in findings:
        if one.edit is not None and not one.reason:
            by_document.setdefault(one.document, []).append(one)
    for document, wanted in by_document.items():
        try:
            before = (root / document).read_bytes().decode("utf-8")
        except (OSError, ValueError):
            continue
        lines = before.splitlines(keepends=True)
        mended = [one for one in wanted if _edit(lines, one)]
        after = "".join(lines)
        if mended and after != before:
            yield Change(document, before, after, tuple(mended))


def _edit(lines: list[str], verdict: Verdict) -> bool:
    """Make the edit of one finding in its line, or the next ones where its command goes on."""
    edit = verdict.edit
    if edit is None:
        return False
    old = re.escape(edit.old)
    pattern = re.compile(rf"(?<![\w./-]){old}(?![\w-]|[./]\w)")
    if verdict.code == "link":  # the text of the link may be the same words
        pattern = re.compile(
            rf"(?<=\]\(){old}(?=[)\s#?])|(?<=<){old}(?=[>#?])|(?<=\]: ){old}(?=[\s#?]|$)"
        )
    for place in range(verdict.line - 1, min(verdict.line + 4, len(lines))):
        changed, count = pattern.subn(lambda _: edit.new, lines[place])
        if count:
            lines[place] = changed
            return True
        if not lines[place].rstrip().endswith("\\") and place > verdict.line:
            break
    return False


def write(root: Path, changes: Iterable[Change]) -> int:
    """Write changed documents, each whole or not at all; return how many findings they mend.

    Raises:
        OutputError: A document cannot be written.
    """
    from docgen.writing import write_atomically

    count = 0
    for change in changes:
        path = root / change.document
        try:
            mode = path.stat().st_mode
            write_atomically(path, change.after.encode())
            path.chmod(mode)
        except OSError as error:
            got = error.strerror or str(error)
            problem = Problem(str(path), "a document to write", got, "mend it by hand")
            raise OutputError(problem) from error
        count += len(change.mended)
    return count
