"""What `harness mig run --dry-run` prints: layout, instances, commands, timeline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.cli.migrunoutput import place_words, print_notes
from runtime.cli.output import console, duration, print_json, show_pairs, show_rows
from runtime.launcher.launch import START_ALLOWANCE_S, Launch, Post, command, environment, lasting
from runtime.launcher.members import Deadlines, Role
from runtime.launcher.report import notes_of
from runtime.launcher.rounds import ALONE, TOGETHER
from runtime.mig.drawing import draw_text
from runtime.mig.layouts import Placement
from runtime.plan import RunPlan, values_of

if TYPE_CHECKING:
    from rich.console import Console


def print_dry_run(
    launch: Launch, folder: Path, repeats: int, *, compare: bool, as_json: bool
) -> None:
    """Print layout, instances, commands and timeline of a launch."""
    steps = timeline(launch)
    if as_json:
        print_json(dry_run_json(launch, folder, repeats, steps, compare=compare))
        return
    out = console()
    print_notes(notes_of(launch), out)
    _print_layout(launch, out)
    heads = ("member", "entry", "instance", "where")
    show_rows(out, heads, [_member_row(p) for p in launch.posts])
    out.print("[bold]Commands[/]")
    for post in launch.posts:
        out.print(f"  {post.name}", style="bold", markup=False)
        for line in _command_lines(post, folder):
            out.print(f"    {line}", markup=False, soft_wrap=True)
    out.print("\n[bold]Timeline of a round with backgrounds[/]")
    show_pairs(out, steps)
    count = repeats * (2 if compare else 1)
    each = launch.expected_s + launch.deadlines.settle
    what = f"{repeats} alone and {repeats} together, in turns" if compare else f"{count} together"
    out.print(
        f"\n{count} rounds ({what}), each about {duration(each)} plus loading; results in {folder}",
        markup=False,
        soft_wrap=True,
    )


def timeline(launch: Launch) -> list[tuple[str, str]]:
    """Return the parts of a round together, with what ends each and its deadline."""
    limits: Deadlines = launch.deadlines
    steps = []
    if launch.backgrounds:
        names = ", ".join(p.name for p in launch.backgrounds)
        work = duration(launch.background_s())
        steps += [
            ("start", f"{names}; each has work for {work} at the rate it is expected to have"),
            ("wait", f"until all are in their timed part; {duration(limits.ready)} at most"),
            ("settle", f"{duration(limits.settle)}; one that ends makes the round fail"),
        ]
    mains = ", ".join(p.name for p in launch.mains)
    steps += [
        ("main", f"{mains}: start, and reach the timed part within {duration(limits.ready)}"),
        ("timed", f"about {duration(launch.expected_s)}, {duration(limits.timed)} at most"),
        ("", f"no more than {duration(limits.silence)} without a step, main and backgrounds"),
        ("result", f"within {duration(limits.finish)} of the end of the timed part"),
        ("end", f"SIGTERM to all process groups, SIGKILL after {duration(limits.grace)}"),
    ]
    return steps


def dry_run_json(
    launch: Launch,
    folder: Path,
    repeats: int,
    steps: Sequence[tuple[str, str]],
    *,
    compare: bool,
) -> dict[str, Any]:
    """Return a launch as JSON."""
    kinds = [ALONE, TOGETHER] if compare else [TOGETHER]
    return {
        "schema": 1,
        "kind": "calliope.mig-run-plan",
        "emulated": launch.emulated,
        "notes": list(notes_of(launch)),
        "folder": str(folder),
        "rounds": [
            f"{n}-{k}" for n in range(1, repeats + 1) for k in (kinds[:: 1 if n % 2 else -1])
        ],
        "expected_s": launch.expected_s,
        "background_s": launch.background_s(),
        "start_allowance_s": START_ALLOWANCE_S,
        "deadlines": vars(launch.deadlines),
        "timeline": [list(s) for s in steps],
        "members": [
            {
                "name": p.name,
                "role": str(p.role),
                "key": p.plan.key,
                "settings": values_of(_effective(launch, p).settings),
                "instance": vars(p.instance),
                "argv": list(command(folder / "plans" / f"{p.name}.json")),
                "env": environment(p.instance),
            }
            for p in launch.posts
        ],
    }


def _effective(launch: Launch, post: Post) -> RunPlan:
    """Return the plan that a member really gets."""
    if post.role is Role.MAIN:
        return post.plan
    return lasting(post.plan, launch.background_s())


def _print_layout(launch: Launch, out: Console) -> None:
    """Draw the layout of every GPU."""
    if launch.layout is None:
        return
    for one in launch.layout.gpus:
        board = one.gpu.board
        labels: dict[Placement, str] = {}
        for post in launch.posts:
            for placement in one.layout:
                where = post.instance
                if (where.gpu, where.start) == (one.gpu.index, placement.start):
                    labels[placement] = post.name
        out.print(f"\n[bold]GPU {one.gpu.index}[/]  {board.name}, emulated\n")
        out.print(draw_text(board, one.layout, labels), markup=False, soft_wrap=True)
        out.print()


def _member_row(post: Post) -> list[str]:
    """Return the cells of one member."""
    return [post.name, post.plan.key, str(post.instance), place_words(post.instance)]


def _command_lines(post: Post, folder: Path) -> list[str]:
    """Return the command of a member as a shell would take it."""
    import shlex

    argv = shlex.join(command(folder / "plans" / f"{post.name}.json"))
    visible = environment(post.instance).get("CUDA_VISIBLE_DEVICES", "")
    return [f"CUDA_VISIBLE_DEVICES={visible} {argv}" if visible else argv]
