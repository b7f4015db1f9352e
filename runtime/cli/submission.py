"""`harness submission`: from runs to a submission tree: init, pack, check, rehearse."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from runtime.cli import options
from runtime.cli.group import main
from runtime.cli.words import complete_target


def complete_round(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the rounds whose names start with a text."""
    del ctx, param
    from runtime.policies.rounds import ROUNDS

    return [CompletionItem(r.name) for r in ROUNDS if r.name.startswith(incomplete)]


@main.group("submission")
def submission() -> None:
    """Make and judge submission trees: init, pack, check, rehearse.

    The structure is that of the round whose seeds the LoadGen wheel carries. Results are not
    verified by MLCommons Association until it has reviewed them.

    \b
    Examples:
      harness submission rehearse --out rehearsal          all of it, on generated images
      harness submission init submission.toml
      harness submission pack runs/* --metadata submission.toml --out tree
      harness submission check tree
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines


@submission.command("init")
@click.argument("file", type=click.Path(path_type=Path))
def write_template(file: Path) -> None:
    """Write the metadata file for `pack`, with what this machine tells filled in.

    Empty values are yours to fill: `pack` lists all that are missing at once. An existing
    file is not overwritten.

    \b
    Examples:
      harness submission init submission.toml
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.artifacts import atomic_write
    from runtime.errors import ArtifactError, Problem
    from runtime.submission.template import template

    if file.exists():
        problem = Problem(str(file), "a file to make", "one that exists", "name another")
        raise ArtifactError(problem)
    atomic_write(file, template().encode())
    click.echo(f"wrote {file}: fill in the empty values, then `harness submission pack`", err=True)


@submission.command("pack")
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), metavar="RUN...")
@click.option(
    "--metadata",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What only you know of system and model, TOML; `harness submission init` writes one.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the tree; must not exist.",
)
@click.option("--dry-run", is_flag=True, help="Print the tree; write nothing.")
@click.option("--force", is_flag=True, help="Write the tree although `check` refuses it.")
@options.as_json()
@click.pass_context
def pack_runs(
    ctx: click.Context,
    /,
    *,
    runs: tuple[Path, ...],
    metadata: Path,
    out: Path,
    dry_run: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Pack runs into the tree of their round, checked before it appears.

    RUN is the --out folder of a run: for each benchmark and scenario one performance run, one
    accuracy run, and in the closed division the compliance runs. All must be made with the
    same code, model and settings on one machine. The tree appears whole or not at all.

    \b
    Examples:
      harness submission pack speed accuracy --metadata submission.toml --out tree
      harness submission pack results/* --metadata submission.toml --out tree --dry-run
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.submissionoutput import end_with, show_plan, show_report
    from runtime.configs.registry import load
    from runtime.submission.metadata import read_metadata
    from runtime.submission.pack import plan_tree, publish

    plan = plan_tree(runs, read_metadata(metadata), load())
    if dry_run:
        show_plan(plan, out, as_json=as_json)
        return
    report = publish(plan, out, force=force, on_step=lambda s: click.echo(f"{s} ...", err=True))
    show_report(report, as_json=as_json)
    ctx.exit(end_with(report))


@submission.command("check")
@click.argument("tree", type=click.Path(path_type=Path))
@click.option(
    "--round",
    "round_name",
    default="v6.1",
    show_default=True,
    metavar="NAME",
    shell_complete=complete_round,
    help="Round whose rules hold: v6.0 or v6.1.",
)
@options.as_json()
@click.pass_context
def check_one(ctx: click.Context, /, *, tree: Path, round_name: str, as_json: bool) -> None:
    """Judge a submission tree by every rule of its round, all breaches at once.

    Stricter than the official checker; each breach names its rule, its path and its mend. The
    exit code is 0 for a clean tree and 6 for one with breaches.

    \b
    Examples:
      harness submission check tree
      harness submission check tree --json | jq '.findings[].rule'
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.submissionoutput import end_with, show_report
    from runtime.errors import Problem, UsageError
    from runtime.policies.rounds import round_of
    from runtime.submission.check import check_tree

    round_ = round_of(round_name)
    if round_.layout != "v6":
        do = "check it with the official checker of that round"
        raise UsageError(Problem("--round", "v6.0 or later", round_name, do))
    report = check_tree(tree, round_)
    show_report(report, as_json=as_json)
    ctx.exit(end_with(report))


@submission.command("rehearse")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the rehearsal; one that was stopped goes on.",
)
@click.option(
    "--target",
    default="cpu",
    show_default=True,
    metavar="NAME",
    shell_complete=complete_target,
    help="What to run on.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Your own ONNX model; without it, a small stand-in that knows the generated images.",
)
@click.option(
    "--quick",
    is_flag=True,
    help="Seconds instead of minutes, 2,048 images; the tree cannot be submitted, and `check` "
    "says why.",
)
@options.as_json()
@click.pass_context
def rehearse_all(
    ctx: click.Context, /, *, out: Path, target: str, model: Path | None, quick: bool, as_json: bool
) -> None:
    """Go all the way to a checked tree: resnet50 Offline, open division, generated images.

    A performance run of 600 s, an accuracy run over 50,000 images of the true shape, packed
    and checked with no hand edit: about 14 minutes. Model and images are stand-ins, and every
    output says so; the figures say nothing of ResNet-50.

    \b
    Examples:
      harness submission rehearse --out rehearsal
      harness submission rehearse --out trial --quick
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.submissionoutput import end_with, follow, show_outcome
    from runtime.configs.registry import load
    from runtime.submission.rehearse import Rehearsal

    with follow() as report:
        rehearsal = Rehearsal(
            out=out, registry=load(), target=target, quick=quick, model=model, on_progress=report
        )
        outcome = rehearsal.run()
    show_outcome(outcome, as_json=as_json)
    ctx.exit(end_with(outcome.report))
