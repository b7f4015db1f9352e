"""What `harness submission` prints: trees, findings, a rehearsal's progress and outcome."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime.cli.output import console, duration, print_json
from runtime.cli.progress import PLAIN_INTERVAL_S, describe
from runtime.errors import InvalidResult

if TYPE_CHECKING:
    from runtime.submission.findings import Report
    from runtime.submission.pack import TreePlan
    from runtime.submission.rehearse import Outcome, Whole

STEP_WORDS = {
    "images": "preparing images and model",
    "probe": "finding the rate",
    "performance": "performance run",
    "accuracy": "accuracy run",
    "pack": "packing and checking",
}
"""Steps of a rehearsal in words."""


def end_with(report: Report) -> int:
    """Return the exit code of a judgement: 6 for one with breaches."""
    return 0 if report.clean else InvalidResult.exit_code


def show_report(report: Report, *, as_json: bool = False, err: bool = False) -> None:
    """Print a judgement."""
    if as_json:
        print_json(report.to_dict())
        return
    out = console(err=err)
    count = len(report.findings)
    if report.clean:
        results = f"{len(report.results)} result" + ("s" if len(report.results) > 1 else "")
        out.print(f"[green bold]clean[/]  {report.tree}, round {report.round}, {results}")
        return
    said = f"{count} breach" + ("es" if count != 1 else "") if count else "no results"
    out.print(f"[red bold]refused[/]  {report.tree}, round {report.round}: {said}")
    for finding in report.findings:
        out.print(f"\n[bold]{finding.path}[/]  {finding.rule.id}", soft_wrap=True)
        for label, text in (
            ("want", finding.rule.rule),
            ("got", finding.got),
            ("do", finding.do),
        ):
            out.print(f"  {label:<5}{text}", markup=False, soft_wrap=True)


def show_plan(plan: TreePlan, out: Path, *, as_json: bool) -> None:
    """Print the files of a tree that was not written; a source folder as one line."""
    names = sorted(plan.files)
    if as_json:
        print_json({"tree": str(out), "round": plan.round.name, "files": names})
        return
    shown: dict[str, int] = {}
    for name in names:
        folder, mark, _ = name.partition(f"/{plan.round.code_folder}/")
        key = f"{folder}{mark}" if mark else name
        shown[key] = shown.get(key, 0) + 1
    click.echo(f"{out}  round {plan.round.name}, {len(names)} files; nothing was written")
    for name, count in shown.items():
        click.echo(f"  {name}" + (f"  ({count} files)" if count > 1 else ""))


def show_outcome(outcome: Outcome, *, as_json: bool) -> None:
    """Print what a rehearsal came to, with everything that must be said of it."""
    notes = dict.fromkeys((*outcome.speed.notes, *outcome.accuracy.notes))
    if as_json:
        print_json(_outcome_json(outcome, list(notes)))
        return
    from runtime.cli.summary import show_record

    show_record(outcome.speed, outcome.tree.parent / "performance")
    show_record(outcome.accuracy, outcome.tree.parent / "accuracy")
    click.echo()
    show_report(outcome.report)


def _outcome_json(outcome: Outcome, notes: list[str]) -> dict[str, Any]:
    """Return the JSON form of an outcome."""
    primary, accuracy = outcome.speed.primary, outcome.accuracy.accuracy
    return {
        "kind": "calliope.rehearsal-outcome",
        "tree": str(outcome.tree),
        "samples_per_s": primary.value if primary else None,
        "accuracy": accuracy.value if accuracy else None,
        "samples": accuracy.samples if accuracy else None,
        "notes": notes,
        "statement": outcome.speed.statement,
        "check": outcome.report.to_dict(),
    }


@contextmanager
def follow() -> Iterator[Callable[[Whole], None]]:
    """Show where a rehearsal stands, on stderr; give the function that takes each report."""
    if not sys.stderr.isatty():
        yield _PlainLines()
        return
    from rich.progress import BarColumn, Progress, TextColumn

    bar = Progress(
        TextColumn("[bold]rehearsal[/]"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[said]}"),
        console=console(err=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("whole", total=1.0, said="")

        def show(whole: Whole) -> None:
            bar.update(task, completed=whole.share, said=_words(whole))

        yield show


class _PlainLines:
    """One line when a step starts, and now and then while it lasts."""

    def __init__(self) -> None:
        self._step = ""
        self._last = 0.0

    def __call__(self, whole: Whole) -> None:
        """Print a line where one is due."""
        now = time.monotonic()
        if whole.step != self._step or now - self._last >= PLAIN_INTERVAL_S:
            self._step, self._last = whole.step, now
            click.echo(f"rehearsal {whole.share:.0%}  {_words(whole)}", err=True)


def _words(whole: Whole) -> str:
    """Return step, rate and the time left of the whole in words."""
    parts = [STEP_WORDS[whole.step]]
    if whole.run is not None and (said := describe(whole.run)):
        parts.append(said.rpartition(", ")[0] or said)
    parts.append(f"{duration(whole.left_s)} left of all")
    return ", ".join(parts)
