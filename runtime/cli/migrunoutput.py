"""What `harness mig run` prints: progress and the report."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime.cli.output import console, number, show_pairs, show_rows
from runtime.launcher.instances import Instance
from runtime.launcher.interference import Comparison
from runtime.launcher.members import Role
from runtime.launcher.report import PLOT, REPORT, TABLE, MemberRow, Report
from runtime.launcher.rounds import Rounds
from runtime.record import from_json
from runtime.troubles.catalog import troubles

if TYPE_CHECKING:
    from rich.console import Console

    from runtime.errors import Problem
    from runtime.launcher.process import Running

PLAIN_INTERVAL_S = 10.0
"""Shortest time between two plain lines of one part, in seconds."""

STATUS = {"success": "green", "failed": "red", "interrupted": "yellow"}
"""Colour of each status; the word itself is always printed."""


# --- progress ---


Watch = Callable[[int, int, str, str, "Sequence[Running]"], None]


@contextmanager
def show_progress(rounds: Rounds) -> Iterator[Watch]:
    """Show where a launch stands, on stderr; give the function that is told."""
    if rounds.reused:
        many = f"{rounds.reused} of {len(rounds.schedule)} rounds"
        click.echo(f"{many} are there from an earlier call", err=True)
    if not sys.stderr.isatty():
        yield _Lines(rounds.launch.emulated)
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = [SpinnerColumn("line"), TextColumn("{task.description}"), BarColumn()]
    columns.append(TextColumn("{task.fields[said]}"))
    with Progress(*columns, console=console(err=True), transient=True) as bar:
        yield _Bar(bar, rounds.launch.emulated)


def said(running: Sequence[Running]) -> str:
    """Return the state of every member in words."""
    parts = []
    for one in running:
        told = one.told
        busy = told.begun is not None and told.ended is None
        share = f" {told.done / told.total:.0%}" if busy and told.total else ""
        phase = f" ({told.phase})" if str(one.state) == "starting" and told.phase else ""
        parts.append(f"{one.member.name} {one.state}{phase}{share}")
    return ", ".join(parts)


class _Lines:
    """One line when a part begins, and now and then while it lasts."""

    def __init__(self, emulated: bool) -> None:
        self._mark = ", emulated" if emulated else ""
        self._part = ""
        self._last = 0.0

    def __call__(
        self, at: int, count: int, kind: str, part: str, running: Sequence[Running]
    ) -> None:
        """Print a line where one is due."""
        now, step = time.monotonic(), f"{at} {part}"
        if step != self._part or now - self._last >= PLAIN_INTERVAL_S:
            self._part, self._last = step, now
            head = f"round {at} of {count} ({kind}{self._mark})"
            click.echo(f"{head}: {part}; {said(running)}", err=True)


class _Bar:
    """A bar that follows the main member."""

    def __init__(self, bar: Any, emulated: bool) -> None:
        self._bar = bar
        self._mark = ", emulated" if emulated else ""
        self._task = bar.add_task("starting", total=None, said="")

    def __call__(
        self, at: int, count: int, kind: str, part: str, running: Sequence[Running]
    ) -> None:
        """Move the bar."""
        main = next(r for r in running if r.member.role is Role.MAIN)
        self._bar.update(
            self._task,
            description=f"round {at}/{count} {kind}{self._mark}: {part}",
            total=main.told.total or None,
            completed=main.told.done,
            said=said(running),
        )


# --- report ---


def show_report(
    report: Report, rounds: Rounds, problems: Sequence[Problem], *, err: bool = False
) -> None:
    """Print a report for people; to stderr where stdout carries JSON."""
    out = console(err=err)
    count = len([r for r in report.rounds if r.success])
    mark = "emulated, " if report.emulated else ""
    head = f"[bold {STATUS[report.status]}]{report.status}[/]"
    done = f"{mark}{count} of {len(rounds.schedule)} rounds"
    out.print(f"\n{head}  [bold]{report.members[0].key}[/]  ({done})")
    print_notes(report.notes, out)
    if report.failure:
        show_pairs(out, failure_pairs(report, rounds.folder), style="red")
    heads = ("member", "entry", "instance", "where", "rate meanwhile")
    rows = [_report_row(m) for m in report.members]
    show_rows(out, heads, rows, right=("rate meanwhile",))
    if report.comparisons:
        show_rows(
            out,
            ("main workload", "alone", "together", "ratio", "95 % interval", "reading"),
            [_comparison_row(c) for c in report.comparisons],
            right=("alone", "together", "ratio"),
        )
    elif report.totals:
        pairs = [(n, f"{number(f.value)} {f.unit}") for n, f in report.totals.items()]
        show_pairs(out, pairs)
    _print_readings(report, out)
    _print_files(report, rounds.folder, problems, out)


def failure_pairs(report: Report, folder: Path) -> list[tuple[str, str]]:
    """Return what ended a launch, why, where to look, and what to do."""
    failure = report.failure or {}
    who, code = failure["member"], failure["code"]
    pairs = [(code, f"{who + ': ' if who else ''}{failure['text']}")]
    last = report.rounds[-1] if report.rounds else None
    if last is not None and not last.success:
        own = [o for o in last.outcomes if o["name"] == who and o["record"]]
        for outcome in own:
            record = from_json((folder / outcome["record"]).read_bytes())
            pairs += [("cause", f"{c.text}; {c.do}") for c in record.verdict.causes]
        pairs.append(("files", str(folder / last.folder)))
    known = {t.code: t.mend for t in troubles()}
    if code in known:
        pairs += [("do", known[code]), ("read more", f"harness explain {code}")]
    pairs.append(("go on", "the same command goes on after the rounds that succeeded"))
    return pairs


def place_words(instance: Instance | MemberRow) -> str:
    """Return where an instance is: its UUID, or the processors that stand in for it."""
    if instance.uuid:
        return instance.uuid
    cores = ", ".join(map(str, instance.cores))
    return f"emulated: processor{'s' * (len(instance.cores) > 1)} {cores}" + (
        " (shared)" * instance.shared
    )


def print_notes(notes: Sequence[str], out: Console) -> None:
    """Print the sentences that every output carries."""
    for note in notes:
        out.print(note, style="yellow", markup=False)


def _report_row(member: MemberRow) -> list[str]:
    """Return the cells of one member of a report."""
    from statistics import fmean

    rate = f"{number(fmean(member.rates), 4)} {member.unit}/s" if member.rates else "-"
    start = "" if member.start is None else f"@{member.start}"
    where = f"GPU {member.gpu} {member.profile}{start}"
    return [member.name, member.key, where, place_words(member), rate]


def _comparison_row(one: Comparison) -> list[str]:
    """Return the cells of one metric."""
    from statistics import fmean

    interval = "one pair"
    reading = "not known"
    if one.low is not None and one.high is not None:
        interval = f"{one.low:.3f} to {one.high:.3f}"
        worse = f"{abs(one.cost):.1%} {'worse' if one.cost > 0 else 'better'}"
        reading = worse if one.clear else "unclear"
    values = [f"{number(fmean(v), 4)} {one.unit}" for v in (one.alone, one.together)]
    return [one.name, *values, f"{one.ratio:.3f}", interval, reading]


def _print_readings(report: Report, out: Console) -> None:
    """Print clocks, power, and how quiet the machine was."""
    pairs = []
    names = dict.fromkeys(n for row in report.readings.values() for n in row)
    for name in names:
        shown = [f"{k} {number(v[name], 4)}" for k, v in report.readings.items() if name in v]
        pairs.append((name, ", ".join(shown)))
    if report.disturbed:
        what = f"{report.disturbed} rounds beside other work on this machine: repeat when idle"
        pairs.append(("disturbed", what))
    show_pairs(out, pairs)


def _print_files(report: Report, folder: Path, problems: Sequence[Problem], out: Console) -> None:
    """Print where everything lies, and what could not be written."""
    refused = {p.where for p in problems}
    files = [("report", folder / REPORT)]
    if report.comparisons and "plot" not in refused:
        files += [("plot", folder / PLOT), ("figures", folder / TABLE)]
    show_pairs(out, [(name, str(path)) for name, path in files])
    for problem in problems:
        out.print(f"  {problem}", style="yellow", markup=False, soft_wrap=True)
    out.print(f"  {report.statement}", markup=False)
