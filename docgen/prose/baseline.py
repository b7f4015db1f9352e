"""Findings that are accepted, each with a reason: a JSON file that lives beside the documents."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from docgen.errors import OutputError, Problem, UsageError
from docgen.prose.model import Verdict

VERSION = 1
"""Version of the file's form."""

_KEYS = ("document", "code", "claimed", "reason")


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted finding."""

    document: str
    """Document that it is in."""
    code: str
    """Its rule."""
    claimed: str
    """The claim."""
    reason: str
    """Why it may stand."""


def read(path: Path) -> tuple[Accepted, ...]:
    """Return the accepted findings of a file.

    Raises:
        UsageError: With every problem: no file, no JSON, entries without a reason.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        got = error.strerror or str(error)
        do = "write one with --write-baseline"
        raise UsageError(Problem(str(path), "a baseline file", got, do)) from error
    except ValueError as error:
        raise UsageError(Problem(str(path), "JSON", str(error), "mend the file")) from error
    entries = data.get("accepted") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        want = "an object with a list `accepted`"
        raise UsageError(Problem(str(path), want, type(data).__name__, "write it anew"))
    problems = [p for n, entry in enumerate(entries) for p in _problems(path, n, entry)]
    if problems:
        raise UsageError(problems)
    return tuple(Accepted(**{key: entry[key] for key in _KEYS}) for entry in entries)


def _problems(path: Path, number: int, entry: Any) -> Iterable[Problem]:
    """Yield what is wrong with one entry."""
    where = f"{path}: accepted[{number}]"
    if not isinstance(entry, dict):
        yield Problem(where, "an object", type(entry).__name__, "correct or remove it")
        return
    for key in _KEYS:
        value = entry.get(key)
        if not isinstance(value, str) or not value.strip():
            got = "nothing" if key not in entry else repr(value)
            do = "say why the claim may stand" if key == "reason" else "correct or remove it"
            yield Problem(f"{where}.{key}", "a text", got, do)


def apply(
    verdicts: Iterable[Verdict], accepted: Iterable[Accepted]
) -> tuple[list[Verdict], list[Accepted]]:
    """Return verdicts with the reasons of those accepted, and the entries that fit none."""
    reasons = {(a.document, a.code, a.claimed): a for a in accepted}
    used: set[tuple[str, str, str]] = set()
    found = []
    for verdict in verdicts:
        key = (verdict.document, verdict.code, verdict.claimed)
        if not verdict.holds and key in reasons:
            used.add(key)
            found.append(msgspec.structs.replace(verdict, reason=reasons[key].reason))
        else:
            found.append(verdict)
    return found, [a for key, a in reasons.items() if key not in used]


def write(
    path: Path, findings: Iterable[Verdict], reason: str, before: Iterable[Accepted] = ()
) -> int:
    """Write a baseline of findings; return how many it has.

    Args:
        path: File to write.
        findings: What is accepted from now on.
        reason: Why; entries that the file has already keep theirs.
        before: Entries of the file as it is; those that fit no finding are dropped.

    Raises:
        OutputError: The file cannot be written.
    """
    from docgen.writing import write_atomically

    known = {(a.document, a.code, a.claimed): a.reason for a in before}
    entries = {}
    for one in findings:
        key = (one.document, one.code, one.claimed)
        entries[key] = dict(zip(_KEYS, (*key, known.get(key, reason)), strict=True))
    data = {"version": VERSION, "accepted": [entries[key] for key in sorted(entries)]}
    try:
        write_atomically(path, (json.dumps(data, indent=2) + "\n").encode())
    except OSError as error:
        got = error.strerror or str(error)
        raise OutputError(Problem(str(path), "a file to write", got, "choose another")) from error
    return len(entries)
