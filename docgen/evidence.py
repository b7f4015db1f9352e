"""Judges what is kept of each snippet against source and machine as they are now."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from docgen.catalog import Snippet
from docgen.config import Config
from docgen.errors import Problem
from docgen.snippets import expect, machine, needs, trace
from docgen.snippets.execution import here
from docgen.snippets.figures import MARK
from docgen.snippets.machine import Machine
from docgen.snippets.model import Result
from docgen.snippets.run import is_alone
from docgen.snippets.run import problems as result_problems
from docgen.snippets.store import Store, made_in


class State(str, Enum):
    """What a page may say of a snippet; the value is the badge's word."""

    MEASURED = "measured"
    """Executed with figures, every expectation held, and nothing it depended on has changed."""
    EXECUTED = "executed"
    """As measured, of a command that gives no figures: it ran, and what was expected held."""
    RESOLVED = "resolved"
    """Executed as a dry run only: the command and its values are right, nothing was measured."""
    EMULATED = "emulated"
    """Executed with the hardware emulated by CPU shares."""
    STALE = "stale"
    """Executed once, but code, files or text that it depended on have changed since."""
    SKIPPED = "skipped"
    """Not executed here: the machine lacks what it needs."""
    FAILED = "failed"
    """Executed, and it failed, hung or broke an expectation."""
    NEVER = "never run"
    """Nothing is known of it."""


@dataclass(frozen=True)
class Judged:
    """What is known of one snippet."""

    state: State
    """What its badge says."""
    reason: str
    """Why it is in that state, in words; may be empty where there is nothing to add."""
    result: Result | None
    """The execution that is shown; None where there is none."""
    snippet: Snippet
    """The snippet itself."""
    needs_run: bool = False
    """Whether this machine can execute it and has no fresh, passed result of its own."""
    unmet: str = ""
    """Why this machine cannot execute it; empty where it can."""
    changes: tuple[str, ...] = ()
    """What changed since the execution, one item a function, file or text."""
    history: tuple[Result, ...] = ()
    """Every stored result of it, of all machines, newest first."""


@dataclass(frozen=True)
class Evidence:
    """The judged snippets of a project, in the order of the snippets."""

    judged: tuple[Judged, ...]
    """One item a snippet."""
    problems: tuple[Problem, ...] = ()
    """Stored files that cannot be read; they count as never run."""

    def of(self, snippet_id: str) -> Judged:
        """Return what is known of a snippet; KeyError for an unknown one."""
        for item in self.judged:
            if item.snippet.id == snippet_id:
                return item
        raise KeyError(snippet_id)

    def measurements(self, entry_key: str) -> tuple[Judged, ...]:
        """Return the snippets that measure an entry; of those with equal commands, one.

        Why: equal commands share one execution, whose figures would be listed twice. The
            snippet that follows from the entry itself is preferred to one on a page.
        """
        found = [j for j in self.judged if j.snippet.measures == entry_key]
        own = [j for j in found if j.snippet.id.endswith(f":{entry_key}")]
        kept: dict[tuple[str, str], Judged] = {}
        for item in (*own, *found):
            kept.setdefault((item.snippet.language, item.snippet.text), item)
        return tuple(kept.values())

    def counts(self) -> dict[State, int]:
        """Return how many snippets are in each state, in the order of `State`."""
        found = Counter(j.state for j in self.judged)
        return {state: found[state] for state in State if found[state]}

    def stale_here(self) -> tuple[Judged, ...]:
        """Return the snippets that this machine should execute: no fresh, passed result."""
        return tuple(j for j in self.judged if j.needs_run)

    def outdated(self) -> tuple[Judged, ...]:
        """Return the snippets whose shown result no longer agrees with the source."""
        return tuple(j for j in self.judged if j.changes)


def judge(
    snippets: Iterable[Snippet],
    store: Store,
    config: Config,
    this_machine: Machine | None = None,
) -> Evidence:
    """Return the state of every snippet.

    Args:
        snippets: What the project's pages, docstrings and entries ask for.
        store: The kept results.
        config: The documented project.
        this_machine: Machine to judge for; None asks this one.
    """
    judge_one = _Judge(store, config, this_machine or machine.probe())
    return Evidence(tuple(judge_one(s) for s in snippets), store.problems)


def can_run_here(snippet: Snippet) -> bool:
    """Return whether this machine has what a snippet needs."""
    return not needs.unmet(snippet.needs, machine.probe(), snippet.pci_ids, snippet.device)


class _Judge:
    """Judges snippets one by one; files and results are read once for all."""

    def __init__(self, store: Store, config: Config, this_machine: Machine) -> None:
        """Hold what all snippets share."""
        self._machine = this_machine
        declared = here(config)
        packages = [name for name in declared if name not in machine.MACHINE_KEYS]
        self._here = machine.environment(this_machine, packages)
        self._tree = trace.Tree(config.root)
        self._results: dict[str, list[Result]] = {}
        for result in store.all():
            self._results.setdefault(result.snippet, []).append(result)

    def __call__(self, snippet: Snippet) -> Judged:
        """Return what is known of a snippet."""
        unmet = needs.unmet(snippet.needs, self._machine, snippet.pci_ids, snippet.device)
        results = tuple(self._results.get(snippet.id, ()))
        if not results:
            state = State.SKIPPED if unmet else State.NEVER
            return Judged(state, unmet, None, snippet, not unmet, unmet)
        changes = {id(r): tuple(self._changes(snippet, r)) for r in results}
        shown = min(results, key=lambda r: (bool(changes[id(r)]), not made_in(r, self._here)))
        mine = made_in(shown, self._here)
        state = _state(shown, changes[id(shown)])
        fresh = state not in (State.STALE, State.FAILED) and mine
        return Judged(
            state,
            self._reason(snippet, shown, state, changes[id(shown)], mine=mine),
            shown,
            snippet,
            not unmet and not fresh,
            unmet,
            changes[id(shown)],
            results,
        )

    def _changes(self, snippet: Snippet, result: Result) -> list[str]:
        """Return everything that a result depended on and that is different now."""
        found = []
        if result.text != snippet.text:
            found.append("the commands changed")
        drawn = {c.expect.removeprefix(MARK) for c in result.checks if c.expect.startswith(MARK)}
        if {f.path for f in result.figures} | drawn != set(snippet.figures):
            found.append("the figures that the page asks for changed")
        added = ("run record ", MARK)
        if {c.expect for c in result.checks if not c.expect.startswith(added)} != {
            c.expect for c in expect.check(snippet.expect, expect.Outcome(0, "", ""))
        }:
            found.append("the expectations changed")
        if result.depends.values != snippet.values:
            whose = snippet.measures or snippet.id.partition(":")[2]
            found.append(f"{snippet.source.path}: settings of {whose} changed")
        if is_alone(snippet) and _may_have_been_beside(snippet, result):
            found.append("it was not executed alone")
        return found + self._tree.changes(result.depends)

    def _reason(
        self,
        snippet: Snippet,
        result: Result,
        state: State,
        changes: tuple[str, ...],
        *,
        mine: bool,
    ) -> str:
        """Return why a snippet is in its state."""
        parts = []
        if state is State.STALE:
            more = f" and {len(changes) - _NAMED} more" if len(changes) > _NAMED else ""
            parts.append("; ".join(changes[:_NAMED]) + more)
        elif state is State.FAILED:
            parts += [f"want {p.want}, got {p.got}" for p in result_problems(snippet, result)]
        elif state is State.SKIPPED:
            parts.append(describe_lack(result))
        elif state is State.RESOLVED:
            parts.append("dry run: nothing was measured")
        if not mine:
            parts.append(_other_environment(result.environment, self._here))
        return "; ".join(parts)


def _may_have_been_beside(snippet: Snippet, result: Result) -> bool:
    """Return whether other snippets ran during an execution, or nobody knows.

    Older versions did not note it; they ran alone what measures an entry and what draws.
    """
    if result.beside is None:
        return not (snippet.measures or snippet.figures)
    return bool(result.beside)


_NAMED = 3
_SAID = 300


def _state(result: Result, changes: tuple[str, ...]) -> State:
    """Return the state of a snippet that has a result."""
    if changes:
        return State.STALE
    if result.status == "skipped":
        return State.SKIPPED
    if result.status != "passed":
        return State.FAILED
    if "--dry-run" in result.text:
        return State.RESOLVED
    if any(_emulated(record) for record in result.records):
        return State.EMULATED
    return State.MEASURED if _has_figures(result) else State.EXECUTED


def _has_figures(result: Result) -> bool:
    """Return whether an execution left run records, or was held to a figure."""
    return bool(result.records) or any(expect.is_figure(c.expect) for c in result.checks)


def describe_lack(result: Result) -> str:
    """Return what a skipped command said last, without the word `error` and its code."""
    text = result.errors or result.output
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-1] if lines else "it says that something is missing here"
    return re.sub(r"^error(?: \w+)?: ", "", last)[:_SAID]


def _emulated(record: dict[str, Any]) -> bool:
    """Return whether a run record says that its hardware was emulated."""
    notes = record.get("notes")
    return isinstance(notes, list) and any("emulated" in str(note).lower() for note in notes)


def _other_environment(before: dict[str, str], now: dict[str, str]) -> str:
    """Return in words how the environment of a result differs from this one."""
    names = [n for n in machine.MACHINE_KEYS if n != "python"]
    if any(before.get(n, "") != now.get(n, "") for n in names):
        return "measured on another machine: " + describe_machine(before)
    versions = [
        f"{name} {value}, here {now.get(name) or 'absent'}"
        for name, value in before.items()
        if now.get(name, "") != value
    ]
    return "measured with other versions: " + ", ".join(versions)


def describe_machine(environment: dict[str, str]) -> str:
    """Return the machine of a result in one line."""
    cores = f"{environment['cores']} cores" if environment.get("cores") else ""
    named = [environment.get("cpu", ""), cores, environment.get("gpus", "")]
    driver = f"driver {environment['driver']}" if environment.get("driver") else ""
    return ", ".join(part for part in (*named, driver, environment.get("os", "")) if part)
