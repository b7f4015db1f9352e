"""`harness fit`: whether an entry fits into a device's memory, and the largest batch that does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime.cli import options
from runtime.cli.group import main

if TYPE_CHECKING:
    from runtime.configs.registry import Registry
    from runtime.configs.schema import Entry, Settings
    from runtime.footprint.entries import EntryFit

TOO_BIG = 3
"""Exit code where an entry does not fit."""


@main.command("fit")
@options.target(
    "Device to fit into; without it, every GPU target, one device of each.", required=False
)
@options.workload("What to fit; without it, every workload.", required=False)
@options.scenario(
    "Which entries; without it, every scenario of a target, or offline for all targets.",
    required=False,
)
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    metavar="N",
    help="Another batch size than the entries have.",
)
@options.overrides("Replace one value of the entries: lanes=2, precision=fp16, processes=2.")
@click.option(
    "--memory",
    type=click.FloatRange(min=0.001),
    metavar="GB",
    help="Memory to fit into, in 10^9 bytes, instead of the target's.",
)
@options.model_file()
@options.as_json()
@click.pass_context
def fit_memory(
    ctx: click.Context,
    *,
    target: str | None,
    workload: str | None,
    scenario: str | None,
    batch: int | None,
    overrides: tuple[str, ...],
    memory: float | None,
    model: Path | None,
    as_json: bool,
) -> None:
    """Tell how much device memory an entry needs, and the largest batch that fits.

    The model's graph is read, its shapes inferred: weights, inputs and outputs, and the
    fullest moment between its nodes, in the entry's number format, for all lanes and
    processes of a device. A library that fuses operators needs less, and only what does not
    fit even then is said not to fit. The CUDA context and the libraries' own memory are not
    in the sum; the largest batch leaves a tenth of the memory for them. On a machine that has the
    target's device, what is free there now is shown, too.

    \b
    Exit codes:
      0  everything fits
      3  an entry does not fit

    \b
    Examples:
      harness fit --target h200-sxm-141gb --workload resnet50
      harness fit --target a30-mig-1g.6gb --workload resnet50 --batch 4096
      harness fit --workload resnet50                     every GPU target
      harness fit --target l4 --workload resnet50 --model mine.onnx --set precision=fp16
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.progress import show_wait
    from runtime.configs.registry import load
    from runtime.devices.discovery import discover
    from runtime.footprint.entries import fit_entries

    registry = load()
    if batch is not None:
        overrides = (*overrides, f"batch_size={batch}")
    chosen = _chosen(registry, target, workload, scenario, overrides)
    with show_wait("reading the model's graph"):
        found = list(fit_entries(registry, chosen, discover(), model, memory))
    if as_json:
        from runtime.cli.output import print_json

        rows = [row.to_dict() for row in found]
        print_json({"kind": "calliope.fit", "schema": 1, "entries": rows})
    else:
        _show(found)
    ctx.exit(TOO_BIG if any(f.footprint.verdict == "does not fit" for f in found) else 0)


def _chosen(
    registry: Registry,
    target: str | None,
    workload: str | None,
    scenario: str | None,
    overrides: Sequence[str],
) -> list[tuple[Entry, Settings]]:
    """Return the entries that the words name, with their effective settings.

    Raises:
        UsageError: With every word and value that is wrong.
    """
    from runtime.errors import UsageError
    from runtime.overrides import apply_overrides, parse_overrides
    from runtime.selection import select
    from runtime.vocabulary import Family

    names = [target] if target is not None else []
    if target is None:
        targets = registry.targets.values()
        names = [t.name for t in targets if t.family is not Family.CPU and t.devices == 1]
        scenario = scenario or "offline"
    words = {"workload": workload, "scenario": scenario}
    entries = [e for name in names for e in select(registry, target=name, **words)]
    if target is None:
        entries = [e for e in entries if str(e.accuracy) == "99" and str(e.power) == "maxp"]
        entries = [e for e in entries if str(e.harness) == "direct"]
    values, problems = parse_overrides(overrides, *[type(e.settings) for e in entries])
    made = []
    for entry in entries:
        own = {n: v for n, v in values.items() if hasattr(entry.settings, n)}
        settings, unfit = apply_overrides(entry.settings, own)
        problems += unfit
        made.append((entry, settings))
    if problems:
        raise UsageError(dict.fromkeys(problems))
    return made


def _show(found: Sequence[EntryFit]) -> None:
    """Print one entry part by part, or a line for each of several."""
    from runtime.cli.output import console, show_rows
    from runtime.footprint.estimate import USABLE

    out = console()
    if len(found) == 1:
        _show_one(found[0])
        return
    rows = []
    for one in found:
        needed = one.footprint
        colour = {"fits": "green", "tight": "yellow"}.get(needed.verdict, "red")
        rows.append(
            (
                one.key,
                f"{needed.batch:,}",
                gigabytes(needed.total),
                gigabytes(needed.memory),
                f"{needed.share:.1%}",
                f"{needed.largest:,}",
                f"[{colour}]{needed.verdict}[/]",
            )
        )
    heads = ("entry", "batch", "needs GB", "of GB", "share", "largest", "verdict")
    show_rows(out, heads, rows, right=heads[1:6])
    out.print(
        f"largest: the largest batch that leaves {1 - USABLE:.0%} of the memory free, for the CUDA "
        "context and the libraries' own memory, which come on top"
    )


def _show_one(one: EntryFit) -> None:
    """Print one entry part by part."""
    from runtime.cli.output import console, show_pairs, show_rows
    from runtime.footprint.estimate import USABLE

    out, needed = console(), one.footprint
    colour = {"fits": "green", "tight": "yellow"}.get(needed.verdict, "red")
    out.print(f"[bold]{one.key}[/]  [{colour}]{needed.verdict}[/]")
    rows = [(p.name, p.computed, gigabytes(p.size)) for p in needed.parts]
    rows.append(("together", f"{needed.share:.2%} of the memory", gigabytes(needed.total)))
    show_rows(out, ("part", "computed from", "GB"), rows, right=("GB",))
    lines = [
        ("memory", f"{gigabytes(needed.memory)} GB"),
        ("largest batch", f"{needed.largest:,} (leaves {1 - USABLE:.0%} of the memory free)"),
        ("graph", f"{one.model}, as written"),
        ("at least", f"{gigabytes(needed.least)} GB, with every element-wise operator fused"),
        ("on top", "the CUDA context and the libraries' own memory"),
    ]
    if one.free is not None:
        fits = "fits" if needed.least <= one.free else "does not fit now"
        lines.append(("free here", f"{gigabytes(one.free)} GB: {fits}"))
    if needed.unsized:
        text = f"{needed.unsized} tensors whose shape is not known: export with static shapes"
        lines.append(("not counted", text))
    show_pairs(out, lines)


def gigabytes(size: float) -> str:
    """Return a size in GB with three significant digits, small ones too."""
    return f"{size / 1e9:.3g}" if size < 1e12 else f"{size / 1e9:,.0f}"  # noqa: PLR2004 - above, digits before the point are enough
