"""What `harness mig` prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime.artifacts import atomic_write
from runtime.cli.output import console, print_json, show_pairs, show_rows
from runtime.errors import ConfigError, HarnessError, MissingError, Problem
from runtime.mig.boards import Board, table
from runtime.mig.commands import create_commands, mig_parted, nvidia_smi
from runtime.mig.creation import creation_order
from runtime.mig.drawing import describe, draw_strip, draw_svg, draw_text
from runtime.mig.layouts import (
    Layout,
    count_layouts,
    layouts,
    representatives,
)
from runtime.mig.report import (
    SCHEMA,
    board_json,
    headline,
    instance_row,
    memory_words,
    placement_json,
    plan_json,
    sms_words,
    stranded_words,
)
from runtime.mig.validity import arrange, check_layout, check_profiles, parse_layout

if TYPE_CHECKING:
    from rich.console import Console

    from runtime.mig.alternatives import Alternative
    from runtime.mig.plans import GpuPlan, Plan
    from runtime.mig.requests import Asked

INFERRED = "inferred: not seen in print; compare with `nvidia-smi mig -lgip -lgipp` on the board"
"""Footnote of every table with an inferred row."""


def show_boards(boards: Sequence[Board]) -> None:
    """Print one line for each board."""
    out = console()
    rows = [
        [
            b.name,
            ", ".join(b.pci_ids) or "not known",
            str(b.compute_slices),
            str(b.slots),
            str(count_layouts(b).placements),
            str(count_layouts(b, media=True).placements),
            "inferred in part" if b.inferred else "confirmed",
        ]
        for b in boards
    ]
    heads = ("board", "PCI ids", "compute", "slots", "layouts", "with media", "rows")
    show_rows(out, heads, rows, right=("compute", "slots", "layouts", "with media"))
    out.print(INFERRED, style="dim", markup=False)


def show_all(board: Board, *, media: bool, every: bool, as_json: bool) -> None:
    """Print the profiles and layouts of a board."""
    counts = count_layouts(board, media=media)
    found = layouts(board, media=media) if every else representatives(board, media=media)
    if as_json:
        print_json(
            {
                "schema": SCHEMA,
                "board": board_json(board, table().sources),
                "media": media,
                "counts": {name: getattr(counts, name) for name in counts.__dataclass_fields__},
                "which": "all layouts" if every else "maximal sets of profiles, one layout each",
                "layouts": [[placement_json(board, p) for p in layout] for layout in found],
            }
        )
        return
    out = console()
    _show_profiles(board, out, media=media)
    what = "every layout" if every else "one maximal layout of each set"
    out.print(
        f"{counts.placements} layouts, {counts.maximal} maximal; {counts.multisets} sets of "
        f"profiles, {counts.maximal_multisets} maximal{' (with media variants)' * media}. "
        f"Shown: {what}.\n"
    )
    rows = [_layout_row(board, layout) for layout in found]
    heads = ("slots", "compute", "memory", "instances in creation order")
    show_rows(out, heads, rows, right=("compute", "memory"))


def _show_profiles(board: Board, out: Console, *, media: bool) -> None:
    """Print the profiles of a board."""
    out.print(
        f"[bold]{board.name}[/]  {board.compute_slices} compute slices, {board.slots} memory "
        f"slots, PCI {', '.join(board.pci_ids) or 'not known'}"
    )
    shown = [p for p in board.profiles if media or not p.attributes]
    rows = [
        [
            p.name,
            "?" if p.profile_id is None else str(p.profile_id),
            str(p.compute_slices),
            str(p.size),
            ",".join(map(str, p.starts)),
            str(p.max_instances),
            memory_words(board, p),
            sms_words(board, p),
            "inferred" if p.inferred else "confirmed",
        ]
        for p in shown
    ]
    heads = ("profile", "id", "compute", "slots", "starts", "max", "GiB", "SMs", "row")
    right = ("id", "compute", "slots", "max", "GiB", "SMs")
    show_rows(out, heads, rows, right=right)
    if board.note:
        show_pairs(out, [("note", board.note)])
    if any(p.inferred for p in shown):
        show_pairs(out, sorted({("row", f"{p.confidence}") for p in shown if p.inferred}))


def _layout_row(board: Board, layout: Layout) -> list[str]:
    """Return the cells of one layout."""
    profiles = [board.profile(p.profile) for p in layout]
    return [
        draw_strip(board, layout).replace("[", r"\["),
        str(sum(p.compute_slices for p in profiles)),
        str(sum(p.size for p in profiles)),
        " ".join(str(p) for p in creation_order(layout)),
    ]


def check_one(board: Board, wanted: str, svg: Path | None, *, as_json: bool) -> None:
    """Judge one layout and print it.

    Raises:
        UsageError: It cannot be understood.
        ConfigError: It breaks rules; with all of them.
    """
    placed, free = parse_layout(board, wanted, "--check")
    names = [*free, *(p.profile for p in placed)]
    try:
        problems = [*check_layout(board, placed), *(check_profiles(board, names) if free else ())]
        if problems:
            raise ConfigError(tuple(dict.fromkeys(problems)))
        layout = arrange(board, free, placed) if free else tuple(placed)
    except HarnessError as error:
        if as_json:
            print_json(_verdict_json(board, (), error))
            click.get_current_context().exit(error.exit_code)
        raise
    if svg is not None:
        atomic_write(svg, draw_svg(board, layout).encode())
    if as_json:
        print_json(_verdict_json(board, layout, None))
        return
    out = console()
    out.print(f"[bold green]valid[/] on {board.name}\n")
    out.print(draw_text(board, layout), markup=False, soft_wrap=True)
    out.print("\n" + describe(board, layout), markup=False)
    out.print("\nTo create it on an empty GPU 0 in MIG mode:")
    for line in create_commands(0, layout):
        out.print(f"  {line}", markup=False, soft_wrap=True)
    if any(board.profile(p.profile).inferred for p in layout):
        out.print(f"\n{INFERRED}", style="dim", markup=False)


def _verdict_json(board: Board, layout: Layout, error: HarnessError | None) -> dict[str, Any]:
    """Return the verdict on a layout."""
    order = creation_order(layout)
    return {
        "schema": SCHEMA,
        "board": board.name,
        "valid": error is None,
        "problems": [vars(p) for p in error.problems] if error else [],
        "creation_order": [placement_json(board, p) for p in order],
        "commands": list(create_commands(0, layout)) if layout else [],
        "text": describe(board, layout) if layout else "",
    }


def find_plan(
    asked: Asked, *, careful: bool, time_limit_s: float
) -> tuple[Plan, tuple[Alternative, ...]]:
    """Return the best plan with its alternatives.

    Raises:
        ConfigError: A need that no board can serve, or instances that cannot stand there.
        MissingError: The workloads do not fit on the GPUs.
    """
    from runtime.mig.alternatives import alternatives
    from runtime.mig.planner import plan

    found = plan(asked.needs, asked.gpus, careful=careful, time_limit_s=time_limit_s)
    if found is None:
        raise MissingError(_shortage(asked, time_limit_s))
    return found, alternatives(found, asked.needs, asked.gpus, time_limit_s=time_limit_s)


def write_plan(
    found: tuple[Plan, tuple[Alternative, ...]], config: Path | None, drawings: Path | None
) -> None:
    """Write a plan's configuration and drawings where they are wanted."""
    gpus = found[0].gpus
    if config is not None:
        atomic_write(config, mig_parted(gpus).encode())
    if drawings is not None:
        for one in gpus:
            if one.in_use:
                title = f"GPU {one.gpu.index}: {one.gpu.board.title}"
                text = draw_svg(one.gpu.board, one.layout, _labels(one), title)
                atomic_write(drawings / f"gpu-{one.gpu.index}.svg", text.encode())


def show_plan(found: tuple[Plan, tuple[Alternative, ...]], *, as_json: bool) -> None:
    """Print a plan."""
    if as_json:
        print_json(plan_json(*found))
    else:
        _print_plan(*found)


def _print_plan(found: Plan, others: Sequence[Alternative]) -> None:
    """Print a plan for people."""
    out = console()
    out.print(headline(found), style="bold", markup=False)
    for one in found.gpus:
        if one.in_use or one.changed:
            _print_gpu(one, out)
    idle = [str(g.gpu.index) for g in found.gpus if not g.in_use and not g.changed]
    if idle:
        out.print(f"\nnot needed: GPU {', '.join(idle)}")
    out.print("\n[bold]Why not otherwise[/]")
    show_pairs(out, [(a.name, _against(a)) for a in others])
    out.print("\n[bold]Commands[/]")
    for line in nvidia_smi(found.gpus):
        out.print(f"  {line}", markup=False, soft_wrap=True)
    out.print("\n[bold]mig-parted[/] (rebuilds a GPU whose instances differ; knows no places)")
    for line in mig_parted(found.gpus).splitlines():
        out.print(f"  {line}", markup=False, soft_wrap=True)
    if any(g.gpu.board.profile(p.profile).inferred for g in found.gpus for p in g.layout):
        out.print(f"\n{INFERRED}", style="dim", markup=False)


def _print_gpu(one: GpuPlan, out: Console) -> None:
    """Print the layout of one GPU."""
    board = one.gpu.board
    out.print(f"\n[bold]GPU {one.gpu.index}[/]  {board.name}\n")
    out.print(draw_text(board, one.layout, _labels(one)), markup=False, soft_wrap=True)
    heads = ("instance", "start", "workload", "what", "GiB", "SMs", "row")
    rows = [instance_row(board, i) for i in one.instances]
    show_rows(out, heads, rows, right=("start", "GiB", "SMs"))
    pairs = [("stranded", stranded_words(one) or "nothing")] if one.in_use else []
    if one.destroyed:
        pairs.append(("destroyed", ", ".join(map(str, one.destroyed))))
    show_pairs(out, pairs)


def _labels(one: GpuPlan) -> dict[Any, str]:
    """Return the workload of each placement."""
    return {i.placement: i.workload for i in one.instances if i.workload}


def _against(other: Alternative) -> str:
    """Return an alternative's score and why it loses."""
    if other.score is None:
        return other.reason
    score = other.score
    return (
        f"{score.gpus} GPUs, {float(score.stranded):.2f} stranded, {score.destroyed} destroyed: "
        f"{other.reason}"
    )


def _shortage(asked: Asked, time_limit_s: float) -> Problem:
    """Return how many GPUs are missing."""
    from runtime.mig.planner import gpus_needed

    boards = {g.board.name: g.board for g in asked.gpus}
    more = {
        name: gpus_needed(asked.needs, asked.gpus, board, time_limit_s=time_limit_s)
        for name, board in boards.items()
    }
    mends = [f"{count} more {name}" for name, count in more.items() if count]
    count = sum(n.count for n in asked.needs)
    want = f"GPUs for {count} instance{'s' if count != 1 else ''}"
    have = ", ".join(f"{sum(g.board.name == name for g in asked.gpus)} x {name}" for name in boards)
    mend = "give " + " or ".join(mends) if mends else "ask for less, or keep fewer instances"
    return Problem("plan", want, have, mend)
