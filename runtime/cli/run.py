"""`harness run`: one entry, or every entry of a target, one after another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from runtime.artifacts import RESULTS, unique_folder
from runtime.cli import options
from runtime.cli.group import main
from runtime.cli.request import Request, slug
from runtime.cli.words import Choice, complete_round
from runtime.configs.registry import Registry
from runtime.errors import Problem, UsageError
from runtime.plan import RunPlan
from runtime.vocabulary import HarnessKind


@main.command("run")
@options.target()
@options.workload("What to run; without it, every workload of the target.", required=False)
@options.scenario(
    "How LoadGen sends queries; without it, every scenario of the target.", required=False
)
@click.option(
    "--mode",
    type=Choice(["performance", "accuracy"]),
    default="performance",
    show_default=True,
    help="Measure speed, or judge the answer to every sample.",
)
@click.option(
    "--quick",
    is_flag=True,
    help="A run of seconds, no official one: shorter, fewer queries, a lower percentile where "
    "these are too few; outputs say so.",
)
@click.option(
    "--dry-run", is_flag=True, help="Print what would run, with all values; open nothing."
)
@options.overrides("Replace one value of the entry; can be repeated. The record lists it.")
@options.variant
@click.option(
    "--triton-url",
    "servers",
    multiple=True,
    metavar="HOST:PORT",
    help="A Triton server that runs already (its gRPC port), instead of one of the run's own; "
    "can be repeated.",
)
@options.model_file()
@options.data_folder
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Results folder, absent or empty; of several entries, each gets a folder in it. "
    "Without it: results/TIME-ENTRY under the working directory.",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the record here, too. Of several entries: a folder, one file each.",
)
@click.option(
    "--round",
    "round_name",
    metavar="NAME",
    shell_complete=complete_round,
    help="MLPerf round whose seeds the run must have (v6.1); refused where LoadGen's wheel has "
    "others.",
)
@options.as_json("Print the record as JSON to stdout, all else to stderr.")
@click.pass_context
def run_entries(ctx: click.Context, /, dry_run: bool, as_json: bool, **given: Any) -> None:
    """Run one entry, or every entry of a target, one after another.

    A run checks everything that it needs, loads the model, warms up, lets LoadGen
    measure, and leaves a record. Figures are not verified by MLCommons Association.

    \b
    Examples:
      harness run --target cpu --workload digits --scenario offline --quick
      harness run --target cpu --quick                  all entries of the target
      harness run --target cpu --workload digits --scenario server --mode accuracy
      harness run --target cpu --workload digits --scenario offline \\
                  --set batch_size=64 --set lanes=2     try other values
      harness run --target h200-sxm-141gb --dry-run     settings; needs no GPU
      harness run ... --json | jq .verdict              for programs

    \b
    JSON: with --workload and --scenario one record; otherwise a list of records.
    With --dry-run always a list, one object an entry: key, settings, overrides,
    estimate_s, user_conf, device.
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.configs.registry import load

    variant = {name: given.pop(name) for name in ("accuracy", "power", "harness")}
    request = Request(variant=variant, **given)
    registry = load()
    plans = make_plans(registry, request)
    if not dry_run:
        plans = _drop_unserved(plans, request)
    folders, note = _folders(plans, request)
    _check_record_place(request)
    if dry_run:
        _print_dry_run(plans, registry, folders, request, as_json=as_json)
        return
    from runtime.cli.execution import exit_code, run_all
    from runtime.cli.preflight import check_before_run, sudo_note

    check_before_run(plans, registry, folders, request.record, request.round_name)
    for text in filter(None, (note, sudo_note())):
        click.echo(f"note: {text}", err=True)
    outcomes = run_all(plans, folders, request, as_json=as_json)
    ctx.exit(exit_code(outcomes))


def _print_dry_run(
    plans: Sequence[RunPlan],
    registry: Registry,
    folders: Sequence[Path],
    request: Request,
    *,
    as_json: bool,
) -> None:
    """Print what would run."""
    from runtime.cli.dryrun import prepare, show

    fields = frozenset(text.partition("=")[0].strip() for text in request.overrides)
    runs = prepare(plans, registry, folders, fields)
    if as_json:
        from runtime.cli.output import print_json

        print_json([run.to_dict() for run in runs])
    else:
        show(runs)


def make_plans(registry: Registry, request: Request) -> tuple[RunPlan, ...]:
    """Return the plan of every entry that the command line names.

    Raises:
        UsageError: With every word, field, value and file that is wrong.
    """
    from runtime.plan import resolve_all

    plans = resolve_all(
        registry,
        target=request.target,
        workload=request.workload,
        scenario=request.scenario,
        mode=request.mode,
        quick=request.quick,
        overrides=request.overrides,
        model=request.model,
        data=request.data,
        **request.variant,
    )
    return tuple(_with_servers(plan, request) for plan in plans)


def _with_servers(plan: RunPlan, request: Request) -> RunPlan:
    """Return a plan with the servers that the command line names.

    Raises:
        UsageError: It is not run through Triton, or a server's address is none.
    """
    if not request.servers:
        return plan
    if plan.harness is not HarnessKind.TRITON:
        want = "an entry that is run through Triton"
        mend = "add --harness triton, or leave --triton-url away"
        raise UsageError(Problem("--triton-url", want, plan.key, mend))
    wrong = [s for s in request.servers if not re.fullmatch(r"[^:\s/]+:\d{1,5}", s)]
    if wrong:
        want, mend = "HOST:PORT of a server's gRPC", "write it as 127.0.0.1:8001"
        raise UsageError(Problem("--triton-url", want, repr(w), mend) for w in wrong)
    return replace(plan, servers=request.servers)


def _drop_unserved(plans: tuple[RunPlan, ...], request: Request) -> tuple[RunPlan, ...]:
    """Return the plans of a group without those whose Triton server is missing.

    Why: who runs every entry of a target did not ask for a server; who names one did.
    """
    from runtime.devices.packages import PACKAGES, version_of
    from runtime.triton.install import server_origin

    if request.single or request.servers or request.variant.get("harness"):
        return plans
    client = next(p for p in PACKAGES if p.distribution == "tritonclient")
    if version_of(client) and server_origin():
        return plans
    dropped = [p.key for p in plans if p.harness is HarnessKind.TRITON]
    if dropped:
        mend = "the extra `triton` brings it (harness explain triton-server-missing)"
        text = ", ".join(dropped)
        click.echo(f"note: left out for want of a Triton server: {text}; {mend}", err=True)
    return tuple(p for p in plans if p.harness is not HarnessKind.TRITON) or plans


def _folders(plans: Sequence[RunPlan], request: Request) -> tuple[list[Path], str]:
    """Return the results folder of each run, and a note where it is not the usual place."""
    from runtime.cli.preflight import choose_parent

    if request.out is not None:
        if request.single:
            return [request.out], ""
        return [request.out / slug(p.key) for p in plans], ""
    parent, note = choose_parent(Path(RESULTS))
    return [unique_folder(parent, slug(p.key)) for p in plans], note


def _check_record_place(request: Request) -> None:
    """Raise UsageError where `--record` names one file for the records of several entries."""
    path = request.record
    if path is not None and not request.single and (path.suffix or path.is_file()):
        want = "a folder, because several entries may be run"
        mend = "name a folder, or give --workload and --scenario"
        raise UsageError(Problem(f"--record {path}", want, "a file", mend))
