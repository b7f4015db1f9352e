"""What a launch found: verdict, interference, readings; as JSON, as a plot and as a table."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import msgspec

from runtime.artifacts import atomic_write
from runtime.environment import read_code, read_packages
from runtime.errors import HarnessError, MissingError, Problem
from runtime.launcher.instances import EMULATED
from runtime.launcher.interference import Comparison, Figure, compare
from runtime.launcher.launch import Launch
from runtime.launcher.members import Role
from runtime.launcher.rounds import ALONE, TOGETHER, Done, Rounds
from runtime.record import QUICK_NOTE, STATEMENT, Code, Machine
from runtime.tuning.plots import Drawing, Point, draw

REPORT = "report.json"
"""Name of the report in the launch's folder."""

PLOT = "plot.svg"
"""Name of its plot."""

TABLE = "plot.csv"
"""Name of the figures behind the plot."""

SCHEMA_VERSION = 1
"""Version of the report's form."""


class MemberRow(msgspec.Struct, frozen=True, kw_only=True):
    """One member and where it ran."""

    name: str
    """Name of the member."""
    role: str
    """`main` or `background`."""
    key: str
    """Key of its entry."""
    gpu: int
    """Index of the GPU."""
    board: str
    """Board of the GPU."""
    profile: str
    """Profile of the instance."""
    start: int | None
    """First memory slot; None where the driver does not tell."""
    uuid: str
    """UUID of the MIG device; empty where emulated."""
    cores: tuple[int, ...]
    """Processors that stand in for the instance; empty for a real one."""
    shared: bool
    """Whether another member has the same processors."""
    rates: tuple[float, ...]
    """Units per second during the main timed part of each round together."""
    unit: str
    """What the rates count."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A launch, whole."""

    status: str
    """`success`, `failed` or `interrupted`."""
    emulated: bool
    """Whether shares of the processors stood in for instances."""
    isolated: bool
    """Whether instances had processors of their own."""
    quick: bool
    """Whether runs were shortened."""
    created: str
    """End of the launch, ISO 8601 in UTC."""
    repeats: int
    """Pairs that were asked for."""
    failure: dict[str, str] | None
    """Code, member and text of what ended it; None for a success."""
    members: tuple[MemberRow, ...]
    """Members, the main ones first."""
    comparisons: tuple[Comparison, ...]
    """Every metric alone and together; empty where there is nothing to compare."""
    totals: dict[str, Figure]
    """Figures of all main members together, in the last round; rates are summed."""
    readings: dict[str, dict[str, float]]
    """Mean clocks and power by kind of round, where the machine tells."""
    disturbed: int
    """Rounds during which other processes worked enough to matter."""
    rounds: tuple[Done, ...]
    """Every round."""
    notes: tuple[str, ...]
    """Sentences that every output must carry."""
    machine: Machine
    """Where it was measured."""
    packages: dict[str, str]
    """Versions of the libraries that matter."""
    code: Code
    """Which source made it."""
    statement: str = STATEMENT
    """What MLCommons asks for beside the figures."""
    schema: int = SCHEMA_VERSION
    """Version of this form."""
    kind: str = "calliope.mig-run"
    """Says what this JSON is."""


def summarise(found: Rounds, failed: Done | None, *, interrupted: bool = False) -> Report:
    """Return the report of a launch.

    Args:
        found: Its rounds.
        failed: The round that ended it; None where none did.
        interrupted: Whether the user stopped it.
    """
    launch = found.launch
    good = [r for r in found.done if r.success]
    failure = None
    if failed is not None:
        failure = {"code": failed.code, "member": failed.member, "text": failed.text}
    elif interrupted:
        failure = {"code": "interrupted", "member": "", "text": "the user stopped the launch"}
    last = next((r for r in reversed(good) if r.kind == TOGETHER), None)
    return Report(
        status="interrupted" if interrupted else "failed" if failed else "success",
        emulated=launch.emulated,
        isolated=launch.isolated,
        quick=launch.quick,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        repeats=found.repeats,
        failure=failure,
        members=tuple(_member_rows(launch, good)),
        comparisons=compare(_pairs(good), len(launch.mains)),
        totals=dict(last.figures) if last else {},
        readings={kind: _mean(good, kind) for kind in (ALONE, TOGETHER) if _mean(good, kind)},
        disturbed=sum(r.disturbed for r in good),
        rounds=tuple(found.done),
        notes=notes_of(launch),
        machine=found.machine,
        packages=read_packages(),
        code=read_code(),
    )


def notes_of(launch: Launch) -> tuple[str, ...]:
    """Return the sentences that every output of a launch must carry."""
    notes = [EMULATED] if launch.emulated else []
    if launch.quick:
        notes.append(QUICK_NOTE)
    if launch.isolated and any(p.instance.shared for p in launch.posts):
        shared = ", ".join(p.name for p in launch.posts if p.instance.shared)
        notes.append(f"too few processors: {shared} share theirs with others")
    if not launch.isolated:
        notes.append("not isolated: all members share all processors, as without MIG")
    return tuple(notes)


def to_json(report: Report) -> bytes:
    """Return the JSON form: UTF-8, two spaces of indent."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def write_files(report: Report, folder: Path) -> list[Problem]:
    """Write report, plot and table; return what could not be written.

    A report is more than its plot: without matplotlib the plot is missing, and that is all.
    """
    problems: list[Problem] = []
    drawn = drawing_of(report)
    jobs: list[tuple[str, Callable[[], bytes]]] = [(REPORT, partial(to_json, report))]
    if drawn is not None:
        jobs.append((PLOT, partial(_svg, drawn)))
        jobs.append((TABLE, lambda: table_of(report).encode()))
    for name, make in jobs:
        try:
            atomic_write(folder / name, make())
        except MissingError as error:
            problems += [Problem("plot", p.want, p.got, p.do, p.code) for p in error.problems]
        except HarnessError as error:
            problems += error.problems
    return problems


def _svg(drawn: Drawing) -> bytes:
    """Return a plot as the bytes of its file."""
    return draw(drawn).encode()


def drawing_of(report: Report) -> Drawing | None:
    """Return the plot of a launch: the main figure of each repeat, alone and together."""
    shown = _shown(report)
    if shown is None:
        return None
    mark = "emulated, " if report.emulated else ""
    names = {"alone": shown.alone, "with backgrounds": shown.together}
    if len([m for m in report.members if m.role == Role.MAIN]) > 1:
        names = {"one alone, times their number": shown.alone, "all together": shown.together}
    return Drawing(
        title=f"{report.members[0].key} ({mark}ratio {ratio_words(shown)})",
        across="repeat",
        up=f"{shown.name} ({shown.unit})",
        series={
            words: tuple(
                Point(x=float(n), y=value, valid=True) for n, value in enumerate(values, start=1)
            )
            for words, values in names.items()
        },
    )


def table_of(report: Report) -> str:
    """Return the figures of every pair as CSV."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(["metric", "unit", "pair", "alone", "together", "ratio"])
    for one in report.comparisons:
        for n, (alone, together) in enumerate(zip(one.alone, one.together, strict=True), start=1):
            row = [f"{alone:.6g}", f"{together:.6g}", f"{together / alone:.6g}"]
            out.writerow([one.name, one.unit, n, *row])
    return text.getvalue()


def ratio_words(one: Comparison) -> str:
    """Return a ratio with its interval."""
    if one.low is None or one.high is None:
        return f"{one.ratio:.3f}, one pair: no interval"
    return f"{one.ratio:.3f}, 95 % interval {one.low:.3f} to {one.high:.3f}"


def _shown(report: Report) -> Comparison | None:
    """Return what the plot shows: a rate that LoadGen dictates says nothing, its latency does."""
    by_name = {c.name: c for c in report.comparisons}
    if report.members and report.members[0].key.split("/")[2].startswith("server"):
        return by_name.get("latency_p99_ms") or next(iter(report.comparisons), None)
    return next(iter(report.comparisons), None)


def _pairs(good: Sequence[Done]) -> list[tuple[dict[str, Figure], dict[str, Figure]]]:
    """Return the figures of every pair that is whole."""
    by_step = {(r.pair, r.kind): r.figures for r in good}
    pairs = sorted({pair for pair, _ in by_step})
    return [
        (by_step[pair, ALONE], by_step[pair, TOGETHER])
        for pair in pairs
        if (pair, ALONE) in by_step and (pair, TOGETHER) in by_step
    ]


def _member_rows(launch: Launch, good: Sequence[Done]) -> list[MemberRow]:
    """Return every member with what it did in the rounds together."""
    rows = []
    for post in launch.posts:
        own = [o for r in good if r.kind == TOGETHER for o in r.outcomes if o["name"] == post.name]
        one = dataclasses.asdict(post.instance)
        rows.append(
            MemberRow(
                name=post.name,
                role=str(post.role),
                key=post.plan.key,
                rates=tuple(round(o["rate"], 3) for o in own if o["rate"] is not None),
                unit=next((o["unit"] for o in own if o["unit"]), ""),
                **one,
            )
        )
    return rows


def _mean(good: Sequence[Done], kind: str) -> dict[str, float]:
    """Return the mean of the readings of one kind of round."""
    rows: list[dict[str, Any]] = [r.readings for r in good if r.kind == kind]
    names = dict.fromkeys(name for row in rows for name in row)
    return {n: round(fmean(row[n] for row in rows if n in row), 3) for n in names}
