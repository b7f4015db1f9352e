"""Findings that somebody has accepted: a comment, an entry of a file, or a stated reason.

In the source, on the line of the finding or right above it:

    offline_expected_qps = 53000  # docgen: ignore[rate-power] measured under 350 W

or for a whole file, on a line of its own: `# docgen: ignore-file[RULE, ...] REASON`. In
`[tool.docgen.lint]`, or in a TOML file for trees that others wrote:

    [[ignore]]
    rule = "rate-power"
    where = "configs/resnet50/*"
    reason = "measured under 350 W"

A `Why:` section that justifies the very value is a reason too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import tomllib
from msgspec.structs import replace

from docgen.catalog import Catalog, Source
from docgen.catalog.base import Frozen
from docgen.errors import Problem, UsageError
from docgen.findings import Finding, Other
from docgen.lint import rules
from docgen.lint.rules import RULES

_COMMENT = re.compile(r"#\s*docgen:\s*ignore(-file)?\[([^\]]*)\][ \t:]*(.*)")
_EVERY = "*"
_OF_RATES = frozenset(
    {
        rules.RATE_COUNT.id,
        rules.RATE_POWER.id,
        rules.RATE_HARNESS.id,
        rules.RATE_ACCURACY.id,
        rules.SERVER_OVER_OFFLINE.id,
        rules.RATE_SIBLING.id,
    }
)
_KEYS = ("rule", "where", "reason")


class Ignore(Frozen, frozen=True, kw_only=True):
    """A decision to accept findings."""

    codes: tuple[str, ...]
    """Names of rules; `*` for every rule."""
    reason: str
    """Why they are accepted."""
    where: str = "*"
    """Pattern of `file`, `file:line` or the key of a configuration."""
    source: Source
    """Where the decision is written."""

    def covers(self, finding: Finding) -> bool:
        """Tell whether it is about a finding."""
        if finding.code not in self.codes and _EVERY not in self.codes:
            return False
        names = (finding.source.path, finding.place, *finding.keys)
        return any(fnmatchcase(name, self.where) for name in names)


def read_table(table: Any, where: str) -> tuple[Ignore, ...]:
    """Return the decisions of a TOML table.

    Args:
        table: Value of `[tool.docgen.lint]`, or of a whole file.
        where: Name of the file, for messages.

    Raises:
        UsageError: With every decision that lacks a rule, a place or a reason.
    """
    entries = table.get("ignore", []) if isinstance(table, Mapping) else None
    if not isinstance(entries, list):
        problem = Problem(f"{where} ignore", "[[ignore]] tables", repr(entries), "write one each")
        raise UsageError(problem)
    problems = [p for n, e in enumerate(entries, 1) for p in _problems(e, f"{where} ignore {n}")]
    problems += [
        Problem(f"{where} {key}", "a known key", "an unknown one", "write ignore")
        for key in table
        if key != "ignore"
    ]
    if problems:
        raise UsageError(problems)
    return tuple(
        Ignore(
            codes=(e["rule"],),
            where=e["where"],
            reason=e["reason"],
            source=Source(path=where, line=1),
        )
        for e in entries
    )


def _problems(entry: Any, where: str) -> Iterator[Problem]:
    """Yield what is wrong with one decision."""
    if not isinstance(entry, Mapping):
        yield Problem(where, "a table", repr(entry), "write rule, where and reason")
        return
    for key in _KEYS:
        value = entry.get(key)
        if not isinstance(value, str) or not value.strip():
            yield Problem(f"{where} {key}", "a text", repr(value), f"say its {key}")
    yield from (
        Problem(f"{where} {key}", f"one of {', '.join(_KEYS)}", "an unknown key", "remove it")
        for key in entry
        if key not in _KEYS
    )
    rule = entry.get("rule")
    if isinstance(rule, str) and rule not in RULES and rule != _EVERY:
        yield Problem(f"{where} rule", "the name of a rule", repr(rule), _suggest(rule))


def _suggest(rule: str) -> str:
    """Return the likely spelling of a rule."""
    from difflib import get_close_matches

    near = get_close_matches(rule, RULES, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else "see `docgen lint --rules`"


def read_file(path: Path) -> tuple[Ignore, ...]:
    """Return the decisions of a TOML file; raise UsageError where it cannot be read."""
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            Problem(str(path), "a readable TOML file", str(error), "mend it")
        ) from error
    return read_table(table, str(path))


def apply(
    findings: Sequence[Finding],
    catalog: Catalog,
    root: Path | None,
    ignores: Iterable[Ignore] = (),
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return findings in two parts: open ones, and accepted ones with their reasons.

    What is wrong with the decisions themselves is a finding too: no reason, an unknown
    rule, nothing left to ignore.
    """
    whys = _whys(catalog)
    comments, bad = _comments(root, _paths(findings, catalog)) if root is not None else ([], [])
    decisions = [*ignores, *comments]
    used: set[int] = set()
    open_ones, accepted = [], []
    for finding in findings:
        place = (finding.source.path, finding.source.line)
        reason = whys.get(place) if finding.code in _OF_RATES else None
        for number, decision in enumerate(decisions):
            if decision.covers(finding):
                used.add(number)
                reason = reason or decision.reason
        if reason:
            accepted.append(replace(finding, reason=" ".join(reason.split())))
        else:
            open_ones.append(finding)
    idle = [_idle(d) for n, d in enumerate(decisions) if n not in used]
    return (*open_ones, *bad, *idle), tuple(accepted)


def _whys(catalog: Catalog) -> dict[tuple[str, int], str]:
    """Return the stated reason of every place that sets a value with one.

    They answer rules about rates, whose values people justify.
    """
    return {
        (step.source.path, step.source.line): step.why
        for entry in catalog.entries
        for value in entry.values.values()
        for step in value.chain
        if step.why
    }


def _paths(findings: Sequence[Finding], catalog: Catalog) -> list[str]:
    """Return the files that can hold decisions, sorted: those of configurations and findings."""
    found = {f.source.path for f in findings} | {e.source.path for e in catalog.entries}
    return sorted(found)


def _comments(root: Path, paths: Iterable[str]) -> tuple[list[Ignore], list[Finding]]:
    """Return the decisions in the comments of files, and what is wrong with them."""
    decisions, bad = [], []
    for path in paths:
        try:
            text = (root / path).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if "docgen:" not in text:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            match = _COMMENT.search(line)
            if match is None:
                continue
            found = _decision(match, path, number, line)
            wrong = _wrong(found)
            if wrong:
                bad.append(wrong)
            else:
                decisions.append(found)
    return decisions, bad


def _decision(match: re.Match[str], path: str, number: int, line: str) -> Ignore:
    """Return the decision of a comment; one on a line of its own is about the next line."""
    own = not line[: match.start()].strip()
    where = path if match[1] else f"{path}:{number + 1 if own else number}"
    codes = tuple(name.strip() for name in match[2].split(",") if name.strip())
    return Ignore(
        codes=codes,
        where=re.sub(r"([\[*?])", r"[\1]", where),
        reason=match[3].strip(),
        source=Source(path=path, line=number, column=match.start()),
    )


def _wrong(decision: Ignore) -> Finding | None:
    """Return what is wrong with a comment; None where it is right."""
    unknown = [rule for rule in decision.codes if rule not in RULES and rule != _EVERY]
    if unknown or not decision.codes:
        got = ", ".join(map(repr, unknown)) or "none"
        do = _suggest(unknown[0]) if unknown else "name one"
        return _about(decision, "error", f"want the name of a rule, got {got}; {do}")
    if not decision.reason:
        message = "want a reason behind the bracket, got none; say why it is accepted"
        return _about(decision, "error", message)
    return None


def _idle(decision: Ignore) -> Finding:
    """Return the finding of a decision that nothing needs any more."""
    what = ", ".join(decision.codes)
    message = f"want a finding of {what} to ignore, got none; remove the decision"
    return _about(decision, "warning", message)


def _about(decision: Ignore, severity: str, message: str) -> Finding:
    """Return a finding about a decision."""
    place = () if decision.where == "*" else (Other(source=decision.source, text=decision.where),)
    return Finding(
        code="suppression",
        severity=severity,
        message=message,
        source=decision.source,
        others=place if severity == "warning" else (),
    )
