"""What `harness triton report` does and prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime.artifacts import RESULTS, unique_folder
from runtime.cli.output import console, number, print_json, show_pairs, show_rows
from runtime.cli.request import slug
from runtime.configs.registry import load
from runtime.errors import InvalidResult, Problem, UsageError
from runtime.loadgen.progress import Progress

if TYPE_CHECKING:
    from runtime.tuning.served import Comparison

MOST_RUNS = 2
"""Folders that can be given: a served run and a direct one."""


def report(
    *,
    runs: tuple[Path, ...],
    quick: bool,
    out: Path | None,
    as_json: bool,
    **words: Any,
) -> int:
    """Compare, write and print, and return the exit code: 6 where a run was INVALID.

    Raises:
        HarnessError: Words or folders are wrong, or a run fails.
    """
    from runtime.tuning.served import read, write

    if len(runs) > MOST_RUNS or (runs and words["target"]):
        want = "an entry to run, or one or two folders of earlier runs"
        raise UsageError(Problem("harness triton report", want, "more", "leave one away"))
    if runs:
        found = read(runs[0], runs[1] if len(runs) == MOST_RUNS else None)
        folder = out or runs[0]
    else:
        found, folder = _measure(out, quick=quick, as_json=as_json, **words)
    problems = write(found, folder)
    if as_json:
        print_json(found.to_dict())
    else:
        _show(found, folder)
    for problem in problems:
        click.echo(f"note: {problem}", err=True)
    sides = [r for r in (found.served, found.direct) if r is not None]
    valid = all(r.verdict.result == "VALID" for r in sides)
    return 0 if valid else InvalidResult.exit_code


def _measure(
    out: Path | None, *, quick: bool, as_json: bool, **words: Any
) -> tuple[Comparison, Path]:
    """Run the entry both ways and return the comparison with its folder."""
    from runtime.cli.preflight import check_before_run
    from runtime.cli.progress import describe
    from runtime.cli.tritonmodel import served_plans
    from runtime.tuning.served import SIDES, compare, direct_plan

    registry = load()
    plans = served_plans(registry, **words, quick=quick)
    if len(plans) != 1:
        do = "add --workload and --scenario"
        got = ", ".join(p.key for p in plans)
        raise UsageError(Problem("harness triton report", "one entry", got, do))
    plan = plans[0]
    folder = out or unique_folder(Path(RESULTS), f"triton-report-{slug(plan.key)}")
    both = [plan, direct_plan(plan)]
    check_before_run(both, registry, [folder / side for side in SIDES], None)
    phases: set[tuple[str, str]] = set()

    def tell(side: str, progress: Progress) -> None:
        if (side, progress.phase) not in phases:
            phases.add((side, progress.phase))
            click.echo(
                f"{plan.key} {side}: {progress.phase} {describe(progress)}".rstrip(), err=True
            )

    del as_json
    return compare(plan, folder, tell), folder


def _show(found: Comparison, folder: Path) -> None:
    """Print the comparison for people."""
    out = console()
    out.print(f"\n[bold]{found.served.key}[/]: where a request's time goes (means)")
    total = sum(s.ms for s in found.shares)
    rows = [
        (s.name, number(s.ms), f"{s.ms / total:.0%}" if total else "", s.meaning)
        for s in found.shares
    ]
    if found.direct_ms is not None:
        rows.append(("direct", number(found.direct_ms), "", "the same samples without a server"))
    show_rows(out, ("part", "ms", "share", "what happens"), rows, right=("ms", "share"))
    lines = [("server", found.origin or "not the harness's own")]
    for side, record in (("Triton", found.served), ("direct", found.direct)):
        if record is not None:
            metric = record.primary
            figure = f"{number(metric.value)} {metric.unit}" if metric else "no figure"
            tail = {m.name: m.value for m in record.metrics}.get("latency_p99_ms")
            p99 = f", p99 {number(tail)} ms" if tail is not None else ""
            lines.append((side, f"{record.verdict.result}, {figure}{p99}"))
    if found.ratio is not None:
        lines.append(("ratio", f"{found.ratio:.2f} of the direct harness (above 1 is better)"))
    each, joined = found.samples_per_request, found.samples_per_inference
    lines += [
        ("samples", f"{each:.1f} a request, {joined:.1f} an inference"),
        ("retried", f"{found.retried} requests"),
        ("files", str(folder)),
    ]
    show_pairs(out, lines)
    for note in found.notes:
        out.print(f"  {note}", style="yellow", markup=False)
    out.print(f"  {found.served.statement}", markup=False)
