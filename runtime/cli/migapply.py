"""`harness mig status` and `harness mig apply`: what stands on this machine's GPUs, and changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime.cli.mig import mig

if TYPE_CHECKING:
    from runtime.mig.apply import Applied
    from runtime.mig.device import Machine, MigGpu
    from runtime.mig.fleet import Gpu
    from runtime.mig.steps import Step, Wanted


@mig.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to stdout.")
def show_status(as_json: bool) -> None:
    """Print MIG mode, instances, UUIDs and processes of this machine's GPUs; change nothing.

    \b
    Examples:
      harness mig status
      harness mig status --json | jq '.gpus[].instances[].uuids[]'
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.mig.device import open_machine

    with open_machine() as machine:
        _check_there(machine)
        if as_json:
            from runtime.cli.output import print_json

            gpus = [gpu_json(g) for g in machine.gpus]
            print_json({"schema": 1, "gpus": gpus, "others": machine.others})
        else:
            _print_gpus(machine.gpus, machine.others)


@mig.command("apply")
@click.argument("plan", type=click.Path(path_type=Path), metavar="PLAN")
@click.option("--dry-run", is_flag=True, help="Print the steps; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to stdout.")
def apply_plan(*, plan: Path, dry_run: bool, as_json: bool) -> None:
    """Make a plan real on this machine's GPUs: destroy and create instances at their places.

    PLAN is the output of `harness mig plan ... --json`. Instances are read from the GPUs
    first: one that the plan does not know, or that is in use, is refused before anything is
    changed. When a step fails, the earlier ones are undone; instances that had to be made
    again have new UUIDs. Instances are lost when the machine is booted.

    Needs root, or the right to configure MIG; the message says which right is missing.
    Exit codes: 2 the plan does not fit the GPUs, 3 a right or a GPU is missing, 5 a step
    failed and the earlier ones were undone.

    \b
    Examples:
      harness mig plan --device --need llm:memory=35 --json > plan.json
      harness mig apply plan.json --dry-run
      sudo harness mig apply plan.json
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.mig.steps import read_plan

    make_real(read_plan(plan), dry_run=dry_run, as_json=as_json)


def device_gpus() -> tuple[Gpu, ...]:
    """Return this machine's GPUs as the planner takes them, with their instances.

    Raises:
        MissingError: There is none that MIG can partition, or instances may not be read.
    """
    from runtime.errors import MissingError
    from runtime.mig.device import open_machine
    from runtime.mig.steps import current_of, unreadable

    with open_machine() as machine:
        _check_there(machine)
        if problems := unreadable(machine.gpus):
            raise MissingError(problems)
        return tuple(current_of(g) for g in machine.gpus)


def make_real(wanted: Sequence[Wanted], *, dry_run: bool, as_json: bool) -> None:
    """Do what is wanted, or print what would be done.

    Raises:
        ConfigError: It does not fit the GPUs.
        MissingError: A GPU or a right is missing.
        RunError: A step failed; the earlier ones were undone.
    """
    from runtime.errors import MissingError
    from runtime.mig.apply import apply
    from runtime.mig.device import open_machine
    from runtime.mig.steps import steps_of, unreadable

    with open_machine() as machine:
        _check_there(machine)
        indices = {w.index for w in wanted}
        if problems := unreadable([g for g in machine.gpus if g.index in indices]):
            raise MissingError(problems)
        steps = steps_of(wanted, machine.gpus)
        done = None
        if not dry_run:
            done = apply(machine.nvml, steps, machine.gpus, None if as_json else _say)
    if as_json:
        from runtime.cli.output import print_json

        print_json(_result_json(steps, done))
    else:
        _print_result(steps, done)


def _check_there(machine: Machine) -> None:
    """Raise MissingError where no GPU can be partitioned."""
    from runtime.errors import MissingError, Problem
    from runtime.troubles.machine import DEVICE_MISSING

    if not machine.gpus:
        many = f"{machine.others} GPU{'s' if machine.others > 1 else ''} that it cannot"
        got = machine.why_none or many
        do = "run it where such a GPU is; `harness mig boards` lists them"
        want = "a GPU that MIG can partition"
        raise MissingError(Problem("this machine", want, got, do, DEVICE_MISSING.code))


def gpu_json(gpu: MigGpu) -> dict[str, Any]:
    """Return a GPU with its instances."""
    return {
        "index": gpu.index,
        "name": gpu.name,
        "uuid": gpu.uuid,
        "board": gpu.board.name,
        "mig": gpu.on,
        "mig_pending": gpu.pending,
        "placements_readable": gpu.readable,
        "processes": list(gpu.pids),
        "instances": [
            {
                "profile": s.profile.name,
                "start": s.start,
                "size": s.profile.size,
                "gi_id": s.gi_id,
                "uuids": [c.uuid for c in s.computes if c.uuid],
                "processes": list(s.pids),
            }
            for s in gpu.standing
        ],
    }


def _result_json(steps: Sequence[Step], done: Applied | None) -> dict[str, Any]:
    """Return steps and outcome as JSON."""
    return {
        "schema": 1,
        "applied": done is not None,
        "steps": [
            {
                "gpu": s.gpu,
                "act": str(s.act),
                "profile": s.placement.profile if s.placement else None,
                "start": s.placement.start if s.placement else None,
            }
            for s in steps
        ],
        "gpus": [gpu_json(g) for g in done.gpus] if done else [],
    }


def _say(step: Step, what: str) -> None:
    """Print a step as it is done or undone."""
    click.echo(f"{step}: {what}", err=True)


def _print_result(steps: Sequence[Step], done: Applied | None) -> None:
    """Print steps and outcome for people."""
    from runtime.cli.output import console

    out = console()
    if not steps:
        out.print("nothing to change: the instances of the plan are there", markup=False)
        return
    if done is None:
        out.print("[bold]Steps[/] (dry run: nothing is changed)")
        for step in steps:
            out.print(f"  {step}", markup=False)
        return
    count = len(steps)
    out.print(f"[bold green]done[/]: {count} step{'s' if count > 1 else ''}")
    _print_gpus(done.gpus, 0)


def _print_gpus(gpus: Sequence[MigGpu], others: int) -> None:
    """Print GPUs with their instances."""
    from runtime.cli.output import console, show_rows
    from runtime.mig.drawing import draw_text
    from runtime.mig.layouts import Placement
    from runtime.mig.steps import pids_words

    out = console()
    for gpu in gpus:
        mode = "on" if gpu.on else "off"
        if gpu.on != gpu.pending:
            mode += f", {'on' if gpu.pending else 'off'} after a reset"
        out.print(f"\n[bold]GPU {gpu.index}[/]  {gpu.name} ({gpu.board.name}), MIG mode {mode}")
        layout = [
            Placement(s.start, s.profile.size, s.profile.name)
            for s in gpu.standing
            if s.start is not None
        ]
        if layout:
            out.print("\n" + draw_text(gpu.board, layout) + "\n", markup=False, soft_wrap=True)
        if not gpu.readable:
            out.print("placements: not readable without the right to configure MIG", style="yellow")
        rows = [
            [
                s.profile.name,
                "?" if s.start is None else str(s.start),
                str(s.gi_id),
                ", ".join(c.uuid for c in s.computes if c.uuid) or "none: no compute instance",
                pids_words(s.pids) if s.pids else "-",
            ]
            for s in gpu.standing
        ]
        if rows:
            show_rows(out, ("instance", "start", "GI", "UUID", "in use by"), rows)
        elif gpu.on:
            out.print("no instances", markup=False)
    if others:
        what = f"{others} other GPU{'s' if others > 1 else ''} that MIG cannot partition"
        out.print(f"\n{what}, or whose board is not in the table", markup=False)
