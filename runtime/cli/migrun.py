"""`harness mig run`: workloads side by side, a process on each MIG instance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from runtime.cli import options
from runtime.cli.mig import complete_board, mig
from runtime.cli.words import complete_field


def complete_request(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return `WORKLOAD:SCENARIO` for what the harness knows."""
    del ctx, param
    from runtime.configs.registry import load
    from runtime.errors import HarnessError

    before, comma, start = incomplete.rpartition(",")
    try:
        entries = load().entries.values()
    except HarnessError:
        return []
    words = dict.fromkeys(f"{e.workload}:{e.scenario}" for e in entries)
    return [CompletionItem(before + comma + w) for w in words if w.startswith(start)]


def complete_change(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return `main.` and `background.`, and behind one of them the fields of an entry."""
    part, dot, start = incomplete.partition(".")
    if not dot:
        return [CompletionItem(f"{p}.") for p in ("main", "background") if p.startswith(part)]
    fields = complete_field(ctx, param, start)
    return [CompletionItem(f"{part}.{field.value}") for field in fields]


@mig.command("run")
@click.option(
    "--main",
    "main_text",
    required=True,
    metavar="WORKLOAD:SCENARIO[@PROFILE][*N]",
    shell_complete=complete_request,
    help="What is measured. With *N, N instances run it at once: uniform MIG.",
)
@click.option(
    "--background",
    "backgrounds",
    multiple=True,
    metavar="WORKLOAD:SCENARIO[@PROFILE][*N],...",
    shell_complete=complete_request,
    help="What keeps the other instances busy meanwhile. Can be repeated.",
)
@click.option(
    "--emulate",
    "board",
    metavar="BOARD",
    shell_complete=complete_board,
    help="Let shares of this machine's processors stand in for instances of this board. "
    "Without a GPU this is the default, with A30-24GB.",
)
@click.option(
    "--gpu-only", is_flag=True, help="Never emulate: fail where there is no MIG instance."
)
@click.option(
    "--no-isolation",
    is_flag=True,
    help="Emulated: all members share all processors, as without MIG.",
)
@options.target(
    "Run this target's entries, instead of those of the slice (or of the CPU, emulated).",
    required=False,
)
@click.option("--quick", is_flag=True, help="Runs of seconds, no official ones; outputs say so.")
@options.overrides(
    "Replace one value: main.target_qps=500. Can be repeated.",
    metavar="main|background.FIELD=VALUE",
    complete=complete_change,
)
@click.option(
    "--repeats",
    type=click.IntRange(min=1, max=100),
    default=3,
    show_default=True,
    metavar="N",
    help="How often the main workload is measured alone and with the others, in turns.",
)
@click.option(
    "--no-compare", is_flag=True, help="Do not measure the main workload alone; no report of cost."
)
@click.option(
    "--retries",
    type=click.IntRange(min=0, max=10),
    default=1,
    show_default=True,
    metavar="N",
    help="How often a round that failed is run again; never for an INVALID main result.",
)
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long the backgrounds run before the main starts (default: 2, quick: 1).",
)
@click.option(
    "--ready-limit",
    type=click.FloatRange(min=0.1),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="From a member's start to its timed part, at most.",
)
@click.option(
    "--main-limit",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="Main timed part, at most (default: five times what is expected, a minute at least).",
)
@click.option(
    "--silence-limit",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Timed part without a step forward, at most.",
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0.1),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="From SIGTERM to SIGKILL when members are ended.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of rounds, journal and report; a second call goes on there. Without it: "
    "results/mig-MAIN under the working directory.",
)
@click.option("--fresh", is_flag=True, help="Start anew; the earlier journal is kept aside.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print layout, instances, commands and timeline; start nothing.",
)
@options.as_json()
@click.pass_context
def run_beside(ctx: click.Context, /, dry_run: bool, as_json: bool, **given: Any) -> None:
    """Measure one workload on a MIG instance while others keep the other instances busy.

    A process on each instance (CUDA_VISIBLE_DEVICES=MIG-...). The backgrounds start first;
    when all are in their timed parts and have settled, the main workload starts; when it has
    its result, all are ended. A round counts only when the main result is VALID and every
    background was there from the start of the main timed part to its end. Each repeat also
    measures the main workload alone, in turns, and the report says what the others cost.

    Without a GPU, shares of the processors stand in for instances: same launcher, same
    report, and every output says *emulated*.

    Exit codes: 0 all rounds succeeded, 6 the main result is INVALID, 5 another failure.
    Figures are not verified by MLCommons Association.

    \b
    Examples:
      harness mig run --main digits:server --background digits:offline --quick --dry-run
      harness mig run --main digits:server --background resnet50:offline,digits:offline
      harness mig run --main digits:offline@1g.6gb*4 --quick          uniform: four slices
      harness mig run --main digits:server@1g.10gb --background resnet50:offline*6 \\
                      --set main.target_qps=500 --repeats 5
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.migrunning import Options, prepare, run_rounds, show_dry_run

    asked = Options(**given)
    if dry_run:
        show_dry_run(asked, as_json=as_json)
        return
    with prepare(asked) as rounds:
        ctx.exit(run_rounds(rounds, as_json=as_json))
