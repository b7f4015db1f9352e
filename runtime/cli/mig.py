"""`harness mig`: boards, layouts and plans. Only `plan --device` and `--apply` look at a GPU."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from runtime.cli.group import main


def complete_board(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the boards whose names start with a text, whatever its case."""
    del ctx, param
    from runtime.mig.boards import table

    start = incomplete.casefold()
    return [
        CompletionItem(b.name, help=b.title)
        for b in table().boards
        if b.name.casefold().startswith(start)
    ]


@main.group("mig")
def mig() -> None:
    """Lay out GPUs with MIG: boards, valid layouts, plans; make them real; run workloads on them.

    Boards, layouts and plans are computed from a table of profiles, without a GPU. Rows of
    the table that were not seen in print are shown as inferred. `status` looks at this
    machine's GPUs, `apply` changes their instances, `run` measures workloads side by side.

    \b
    Examples:
      harness mig boards
      harness mig layouts --board A100-80GB
      harness mig plan --gpu A100-80GB*2 --need bert:memory=18,count=3 --need llm:memory=35
      harness mig status
      harness mig run --main digits:server --background digits:offline --quick
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines


@mig.command("boards")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to stdout.")
def list_boards(as_json: bool) -> None:
    """Print the boards that MIG can partition, with their PCI ids and numbers of layouts.

    \b
    Examples:
      harness mig boards
      harness mig boards --json
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.migoutput import show_boards
    from runtime.mig.boards import table
    from runtime.mig.report import SCHEMA, board_json

    found = table()
    if as_json:
        from runtime.cli.output import print_json

        boards = [board_json(b, found.sources) for b in found.boards]
        print_json({"schema": SCHEMA, "boards": boards})
    else:
        show_boards(found.boards)


@mig.command("layouts")
@click.option(
    "--board",
    required=True,
    metavar="NAME",
    shell_complete=complete_board,
    help="Board or PCI id; `harness mig boards` prints both.",
)
@click.option("--media", is_flag=True, help="With the variants too: +me, -me, +gfx.")
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Every layout with its placements; without it, the maximal sets of profiles.",
)
@click.option(
    "--check",
    "wanted",
    metavar="LAYOUT",
    help="Judge one layout: 3g.40gb,1g.10gb*2 or with starts 3g.40gb@4,1g.10gb@0.",
)
@click.option(
    "--svg",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw the layout of --check into FILE.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to stdout.")
def show_layouts(
    *, board: str, media: bool, every: bool, wanted: str | None, svg: Path | None, as_json: bool
) -> None:
    """Print the profiles and valid layouts of a board, or judge one layout.

    A layout is valid when no two instances share a memory slot, no profile exceeds its
    number, the compute slices fit, and at most one instance has +me. With --check the exit
    code is 2 for a layout that is not, with every rule that it breaks.

    \b
    Examples:
      harness mig layouts --board A100-80GB
      harness mig layouts --board A30-24GB --media --all
      harness mig layouts --board A100-80GB --check 3g.40gb,3g.40gb,1g.10gb
      harness mig layouts --board A100-80GB --check 3g.40gb,2g.20gb --svg layout.svg
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli import migoutput
    from runtime.errors import Problem, UsageError
    from runtime.mig.boards import find_board

    found = find_board(board)
    if wanted is not None:
        migoutput.check_one(found, wanted, svg, as_json=as_json)
        return
    if svg is not None:
        problem = Problem("--svg", "--check with a layout", "none", "name the layout to draw")
        raise UsageError(problem)
    migoutput.show_all(found, media=media, every=every, as_json=as_json)


@mig.command("plan")
@click.option(
    "--need",
    "needs",
    multiple=True,
    metavar="NAME:KEY=VALUE,...",
    help="A workload: profile, memory (GiB), sms, share (of the SMs), rate with rate_per_sm, "
    "nvdec, nvenc, jpeg, ofa, count. Can be repeated.",
)
@click.option(
    "--gpu",
    "gpus",
    multiple=True,
    metavar="BOARD[*N][@INDEX]",
    help="GPUs to use, numbered from 0 in the order given, or from INDEX on. Can be repeated.",
)
@click.option(
    "--current",
    multiple=True,
    metavar="GPU:PROFILE@START[#GI][=WORKLOAD][!]",
    help="An instance that exists: its number, what runs on it, ! to keep it. Can be repeated.",
)
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSON or TOML with lists need, gpu and current; adds to the options.",
)
@click.option(
    "--careful",
    is_flag=True,
    help="Destroy as few existing instances as possible first, strand little second.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Time for the solver; when it runs out, the gap is stated.",
)
@click.option(
    "--device",
    "from_device",
    is_flag=True,
    help="Plan for this machine's GPUs and the instances on them, read through NVML. Those in "
    "use are kept.",
)
@click.option(
    "--apply",
    "make_it",
    is_flag=True,
    help="Make the plan real, as `harness mig apply` does; implies --device.",
)
@click.option(
    "--mig-parted",
    "config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the plan as a mig-parted configuration.",
)
@click.option(
    "--svg",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Draw each GPU in use into DIR/gpu-N.svg.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to stdout.")
def plan_workloads(
    *,
    needs: tuple[str, ...],
    gpus: tuple[str, ...],
    current: tuple[str, ...],
    file: Path | None,
    careful: bool,
    time_limit: float,
    from_device: bool,
    make_it: bool,
    config: Path | None,
    svg: Path | None,
    as_json: bool,
) -> None:
    """Find the best instances for workloads: fewest GPUs, least stranded, least destroyed.

    Every valid layout is considered, and the plan is proven best unless the solver's time
    runs out. Stranded is what nobody can use: slices out of reach of further instances, and
    what an instance has beyond its workload's need. A rate is turned into SMs with the rate
    per SM that you give; measure it.

    Prints the layouts, why the alternatives lose, and the commands that make the plan real.
    Nothing is changed without --apply. Exit code 3 when the workloads do not fit.

    \b
    Examples:
      harness mig plan --gpu A100-80GB --need a:profile=1g.10gb,count=3 --need b:memory=35
      harness mig plan --gpu A100-80GB*2 --need bert:memory=18,sms=20,count=5
      harness mig plan --gpu A100-80GB --current 0:3g.40gb@4#2=llm \\
                       --need llm:memory=35 --need small:share=0.14,count=2
      harness mig plan --file plan.toml --mig-parted config.yaml
      sudo harness mig plan --need llm:memory=35 --apply      on this machine's GPUs
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.migoutput import find_plan, show_plan, write_plan
    from runtime.mig.requests import read_request

    asked = read_request(needs, gpus, current, file)
    if from_device or make_it:
        from runtime.cli.migapply import device_gpus

        asked = asked.on(device_gpus())
    found = find_plan(asked, careful=careful, time_limit_s=time_limit)
    write_plan(found, config, svg)
    if make_it:
        from runtime.cli.migapply import make_real
        from runtime.mig.steps import wanted_of

        if not as_json:
            show_plan(found, as_json=False)
        make_real(wanted_of(found[0].gpus), dry_run=False, as_json=as_json)
        return
    show_plan(found, as_json=as_json)
