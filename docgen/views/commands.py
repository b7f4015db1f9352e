"""Commands of a guide of a tree that others wrote: composed, checked, never executed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from docgen.catalog import Entry
from docgen.claims.commands import Finding, check_command
from docgen.claims.compose import Composer
from docgen.views import links
from docgen.views.lookup import Lookup, variant
from docgen.views.model import Table
from docgen.views.text import code, fenced, inline

_KINDS = {
    "target": "make target",
    "variable": "variable of make",
    "flag": "option",
    "value": "value",
    "program": "program",
}
"""Words for the parts of a command."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One command as the page shows it."""

    purpose: str
    """What it is for."""
    block: str
    """The command as a block of code."""
    state: str
    """Badge, and what is missing."""


@dataclass(frozen=True, kw_only=True)
class Commands:
    """The commands of one guide."""

    steps: tuple[Shown, ...]
    """The first commands to type."""
    title: str
    """Configuration that they run."""
    table: Table
    """A command for every configuration."""
    checked: Table
    """What the commands were held against, each with its place."""
    why_none: str
    """Why there is no command; empty where there are."""


def composed(entries: Sequence[Entry], lookup: Lookup, composer: Composer) -> Commands:
    """Return the commands that run the configurations of a target."""
    if composer.why_none or not entries:
        empty = Table(headers=(), rows=())
        return Commands(steps=(), title="", table=empty, checked=empty, why_none=composer.why_none)
    first = entries[0]
    findings: dict[tuple[str, str], Finding] = {}
    rows, steps = [], []
    for step in composer.steps(first):
        found = check_command(step.text, composer.tools)
        findings |= {(f.kind, f.claimed): f for f in found}
        block = fenced(f"$ {step.text}", "console")
        steps.append(Shown(purpose=step.purpose, block=block, state=_state(found)))
    for entry in entries:
        text = composer.run(entry)
        found = check_command(text, composer.tools)
        findings |= {(f.kind, f.claimed): f for f in found}
        words = f"{lookup.title(entry.workload)}, {variant(entry)}"
        rows.append((links.config(entry, words), code(text), _state(found)))
    return Commands(
        steps=tuple(steps),
        title=inline(f"{lookup.title(first.workload)}, {variant(first)}"),
        table=Table(
            headers=("Configuration", "Command", "Held against the files"), rows=tuple(rows)
        ),
        checked=_checked(list(findings.values())),
        why_none="",
    )


def _state(findings: list[Finding]) -> str:
    """Return the badge of a command: checked, or not found with what is missing."""
    missing = [f for f in findings if not f.holds]
    if not missing:
        return _badge("checked", "measured")
    said = "; ".join(
        f"{_KINDS[f.kind]} {code(f.claimed)}, {inline(f.detail)}"
        + (f", nearest is {code(f.nearest)}" if f.nearest else "")
        for f in missing
    )
    return f"{_badge('not found', 'failed')} {said}"


def _badge(words: str, state: str) -> str:
    """Return a badge in the colours of a state of evidence.

    Why: a check of text is no evidence of a run, so it is none of the states.
    """
    return f'<span class="docgen-badge docgen-badge-{state}">{words}</span>'


def _checked(findings: list[Finding]) -> Table:
    """Return the parts of the commands that hold, each with its place; values by option."""
    rows: dict[tuple[str, str, str], None] = {}
    for found in findings:
        if found.holds and found.source is not None and found.kind != "value":
            place = links.short_src(found.source)
            rows.setdefault((_KINDS[found.kind], code(found.claimed), place))
    return Table(headers=("What", "Name", "Where the tree has it"), rows=tuple(rows))
