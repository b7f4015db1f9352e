"""What `harness tune` prints: the plan, where it stands, what it found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime.cli.output import (
    assignment,
    console,
    duration,
    number,
    print_json,
    show_pairs,
    show_rows,
)
from runtime.cli.progress import describe
from runtime.errors import Problem
from runtime.tuning.bench import Bench, Step
from runtime.tuning.forecast import Stage, forecast
from runtime.tuning.model import RESULT, Trial, Tuning
from runtime.tuning.plots import shape_words

if TYPE_CHECKING:
    from runtime.cli.tunerun import Search
    from runtime.loadgen.progress import Progress

Reports = tuple[Callable[[Step], None], Callable[["Progress"], None]]
"""What takes the steps of a search, and what takes the progress of a trial."""

COLOURS = {"confirmed": "green", "unconfirmed": "yellow", "nothing": "red"}
"""Colour of each status; the word itself is always printed."""

LONG_LADDER = 6
"""Values from which on only the ends of a ladder are printed."""

SHOWN_TRIALS = 40
"""Most trials of the printed table; the file has all."""


def print_forecast(
    bench: Bench, stages: Sequence[Stage], budget: float | None, *, as_json: bool
) -> None:
    """Print what a search would try."""
    least = sum(s.seconds[0] for s in stages)
    most = sum(s.seconds[1] for s in stages)
    capped = [min(t, budget * 60) if budget else t for t in (least, most)]
    if as_json:
        print_json(
            {
                "kind": "calliope.tune-plan",
                "schema": 1,
                "key": bench.plan.key,
                "folder": str(bench.folder),
                "trials_kept": len(bench.journal),
                "stages": [_stage_json(s) for s in stages],
                "seconds": [round(t, 1) for t in capped],
            }
        )
        return
    out = console()
    out.print(f"\n[bold]{bench.plan.key}[/]  (search, dry run: nothing was opened or measured)")
    rows = [
        (
            stage.name,
            _ladder(stage.values),
            f"{stage.least} to {stage.most}",
            f"{duration(stage.seconds[0])} to {duration(stage.seconds[1])}",
            stage.why,
        )
        for stage in stages
    ]
    show_rows(out, ("stage", "values", "trials", "time", "why"), rows, right=("trials", "time"))
    lines = [("in all", f"{duration(capped[0])} to {duration(capped[1])}")]
    if budget:
        lines.append(("budget", f"{duration(budget * 60)}; what is best by then is confirmed"))
    lines.append(("writes to", str(bench.folder)))
    if len(bench.journal):
        lines.append(("journal", f"{len(bench.journal)} trials; those that fit are not repeated"))
    show_pairs(out, lines)


@contextmanager
def show_progress(found: Search) -> Iterator[Reports]:
    """Show where a search stands, on stderr; give what takes its reports."""
    stages = forecast(found.bench, found.axes, found.fits, found.options)
    usual = sum((s.least + s.most) / 2 for s in stages)
    said = _Said(found.bench, usual)
    if not sys.stderr.isatty():
        yield said.line, lambda _: None
        return
    with console(err=True).status("starting") as status:

        def step(step: Step) -> None:
            if step.trial is not None:
                said.line(step)
            else:
                status.update(said.now(step))

        def progress(progress: Progress) -> None:
            status.update(f"{said.text}  {describe(progress)}".rstrip())

        yield step, progress


class _Said:
    """Words of the steps of a search."""

    def __init__(self, bench: Bench, usual: float) -> None:
        """Hold what the estimate of the rest needs."""
        self._bench = bench
        self._usual = usual
        self._ran = 0
        self.text = ""
        """What is tried now."""

    def now(self, step: Step) -> str:
        """Return what is tried, and about how long the search still takes."""
        tried = step.candidate
        given = ", ".join(assignment(n, v) for n, v in tried.changes.items())
        self.text = f"trial {step.done + 1}  {tried.purpose}  {given or 'own values'}"
        self.text += f"  ({self.left(step)})"
        return self.text

    def left(self, step: Step) -> str:
        """Return the expected time left, in words."""
        each = self._bench.spent_s / self._ran if self._ran else self._bench.trial_s + 1
        seconds = max(1.0, self._usual - step.done) * each
        if step.budget_left_s is not None:
            seconds = min(seconds, max(0.0, step.budget_left_s))
        return f"about {duration(seconds)} left"

    def line(self, step: Step) -> None:
        """Print a line for a trial that has ended."""
        trial = step.trial
        if trial is None:
            return
        self._ran += not step.reused
        figure = "" if trial.value is None else f" {number(trial.value)}"
        if trial.latency_ms is not None and trial.latency_ms != trial.value:
            figure += f", {number(trial.latency_ms, 3)} ms"
        given = ", ".join(assignment(n, v) for n, v in trial.changes.items()) or "own values"
        how = "journal" if step.reused else duration(trial.seconds)
        text = f"trial {step.done}: {trial.purpose} {given}: {trial.verdict}{figure} ({how}"
        click.echo(f"{text}; {self.left(step)})", err=True)


def show_result(tuning: Tuning, bench: Bench, code: int, *, err: bool = False) -> None:
    """Print what a search found, and the exit code where that is not 0."""
    out = console(err=err)
    colour = COLOURS[tuning.status]
    count = f"{len(tuning.trials)} trials, {duration(tuning.seconds)}"
    out.print(f"\n[bold {colour}]{tuning.status}[/]  [bold]{tuning.key}[/]  ({count})")
    _show_trials(tuning, bench, err=err)
    lines = list(_figures(tuning))
    if code:
        lines.append(("exit code", str(code)))
    for name, value in tuning.changes.items():
        before = tuning.own[name]
        lines.append((name, f"{_plain(value)}   (entry: {_plain(before)})"))
    if not tuning.changes and tuning.value is not None:
        lines.append(("values", "the entry's own are the best that was found"))
    lines += [(what, _place(bench.folder, name)) for what, name in tuning.files.items()]
    lines.append(("result", str(bench.folder / RESULT)))
    show_pairs(out, lines)
    for note in tuning.notes:
        out.print(f"  {note}", style="yellow", markup=False)
    if tuning.entry:
        out.print("\nEntry to paste:", markup=False)
        out.print(tuning.entry, markup=False, highlight=False, soft_wrap=True)
    out.print(f"Unverified. {tuning.statement}", markup=False)


def show_problems(problems: Sequence[Problem]) -> None:
    """Print what could not be written, and how to get it."""
    for problem in problems:
        click.echo(f"note: {problem}", err=True)


def _figures(tuning: Tuning) -> Iterator[tuple[str, str]]:
    """Yield the figure of the result, and what is known around it."""
    if tuning.value is not None:
        runs = f"{tuning.confirmations} of {tuning.wanted} VALID runs in a row"
        kind = "full" if tuning.full else "quick"
        yield tuning.metric, f"{number(tuning.value)} {tuning.unit} (unverified; {runs}, {kind})"
    if tuning.bound_ms is not None:
        yield "bound", f"p{tuning.percentile:g} latency of at most {tuning.bound_ms:g} ms"
    if tuning.failed_at is not None:
        yield "did not hold", f"{number(tuning.failed_at)} {tuning.unit}"
    if tuning.reason:
        yield "because", tuning.reason


def _show_trials(tuning: Tuning, bench: Bench, *, err: bool) -> None:
    """Print the trials as a table."""
    out = console(err=err)
    shown = tuning.trials[-SHOWN_TRIALS:]
    left_out = len(tuning.trials) - len(shown)
    if left_out:
        out.print(f"  the first {left_out} trials are in {bench.folder / RESULT}")
    rate = "rate" if tuning.bound_ms is not None else ""
    heads = ["trial", "stage", "values", *([rate] if rate else []), tuning.unit]
    heads += [f"p{tuning.percentile:g} ms"] if rate else []
    rows = [_row(trial, rate=bool(rate)) for trial in shown]
    show_rows(out, [*heads, "verdict"], rows, right=(rate, *heads[-2:]))


def _row(trial: Trial, *, rate: bool) -> tuple[str, ...]:
    """Return a trial's cells."""
    figure = "-" if trial.value is None else number(trial.value)
    cells = [str(trial.number), trial.purpose, shape_words(trial.changes)]
    if rate:
        asked = trial.changes.get("target_qps")
        latency = "-" if trial.latency_ms is None else number(trial.latency_ms, 3)
        return (*cells, "own" if asked is None else number(asked), figure, latency, trial.verdict)
    return (*cells, figure, trial.verdict)


def _plain(value: Any) -> str:
    """Return a value as a person writes it."""
    from runtime.cli.output import plain

    return plain(value)


def _place(folder: Path, name: str) -> str:
    """Return where a file lies; one that was written elsewhere has its whole path."""
    return name if Path(name).is_absolute() else str(folder / name)


def _ladder(values: tuple[object, ...]) -> str:
    """Return the values of a stage in words, the middle of a long ladder left out."""
    words = [str(v).lower() if isinstance(v, bool) else str(v) for v in values]
    if len(words) > LONG_LADDER:
        words = [*words[:3], "...", words[-1]]
    return ", ".join(words) or "follow from what is measured"


def _stage_json(stage: Stage) -> dict[str, Any]:
    """Return a stage in JSON form."""
    return {
        "name": stage.name,
        "why": stage.why,
        "values": list(stage.values),
        "trials": [stage.least, stage.most],
        "seconds": [round(s, 1) for s in stage.seconds],
    }
