"""`harness quantize`: an INT8 or FP8 model with Q/DQ nodes, and the proof of its accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime.cli.group import main
from runtime.cli.ranges import Opened, open_all, shared_options, show_phases
from runtime.cli.words import Choice, complete_target
from runtime.errors import HarnessError, Problem, UsageError

if TYPE_CHECKING:
    from runtime.calibration.qdq import Recipe

FOLDER = "quantized"
"""Folder under the working directory that models go to unless `--out` is given."""


@main.command("quantize")
@shared_options
@click.option(
    "--precision",
    type=Choice(["int8", "fp8"]),
    default="int8",
    show_default=True,
    help="Format of the layers.",
)
@click.option(
    "--target",
    metavar="NAME",
    shell_complete=complete_target,
    help="Where the model shall run: the format is checked, the placement chosen.",
)
@click.option(
    "--placement",
    type=Choice(["tensorrt", "cpu"]),
    help="Where Q/DQ nodes stand. tensorrt: runs everywhere. cpu: fast on ONNX Runtime's CPU "
    "provider, int8 only. Without it: cpu for --target cpu, else tensorrt.",
)
@click.option(
    "--ranges",
    "ranges_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Ranges from a calibration record or a TensorRT calibration cache.",
)
@click.option(
    "--range",
    "limits",
    multiple=True,
    metavar="TENSOR=MAX",
    help="Set the range of one tensor by hand; can be repeated.",
)
@click.option(
    "--skip",
    multiple=True,
    metavar="LAYER",
    help="Leave a layer in its format; can be repeated.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Judge every evaluation sample; refuse a model below the accuracy goal.",
)
@click.option(
    "--mixed",
    is_flag=True,
    help="With --verify: keep as few layers as needed in their format to reach the goal.",
)
@click.option("--sensitivity", is_flag=True, help="Say what each layer alone costs.")
@click.option(
    "--accuracy-target",
    type=Choice(["99", "99.9"]),
    default="99",
    show_default=True,
    help="Share of the reference accuracy to keep, in %.",
)
@click.option(
    "--compare/--no-compare",
    default=True,
    help="Measure time and memory of both models (the default), or leave it.",
)
@click.option(
    "--tool",
    type=Choice(["onnxruntime", "modelopt"]),
    default="onnxruntime",
    show_default=True,
    help="Library that quantizes; modelopt is an optional extra.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The quantized model; its record stands beside it as .json. "
    f"Without it: a name in {FOLDER}/ under the working directory.",
)
def quantize_model(
    *, as_json: bool, plots: Path | None, out: Path | None, fresh: bool, **options: Any
) -> None:
    """Quantize a model to INT8 or FP8 with Q/DQ nodes, and prove what came out.

    Ranges come from the cache, from calibration, or from --ranges. With --verify a model
    below the accuracy goal is not blessed: it is kept as NAME.refused.onnx, the layers that
    cost most are named, and mixed precision that reaches the goal is offered. Exit code 6.

    \b
    Examples:
      harness quantize --workload digits --verify
      harness quantize --workload digits --target cpu --algorithm entropy --verify
      harness quantize --workload digits --precision fp8 --verify --sensitivity --plots plots
      harness quantize --workload digits --range conv2.relu=0.05 --verify   refused
      harness quantize --workload digits --range conv2.relu=0.05 --verify --mixed
      harness quantize --workload resnet50 --target cpu --no-compare
      harness run --target cpu --workload digits --scenario offline --quick \\
                  --set precision=int8 --model quantized/digits-int8-percentile-99.9-cpu.onnx

    \b
    JSON: the record: both models' size, time, memory, accuracy; verdict; costs; ranges.
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.quantizing import finish, make_order

    names = ("target", "placement", "skip", "accuracy_target", "tool", "verify", "mixed")
    more = ("ranges_file", "limits", "sensitivity", "compare")
    own = {name: options.pop(name) for name in (*names, *more)}
    problems = _conflicts(own)
    if problems:
        raise UsageError(problems)
    opened = open_all(**options)
    recipe = _recipe(opened, own)
    place, note = _place(opened, recipe, out)
    _check_places(opened, place, plots)
    from runtime.calibration.processor import note_on_speed
    from runtime.calibration.quantization import make

    for text in filter(None, (note, note_on_speed(recipe))):
        click.echo(f"note: {text}", err=True)
    with show_phases(f"quantize {opened.module.WORKLOAD.name}") as report:
        order, notes = make_order(opened, recipe, own, options["data"], report, fresh=fresh)
        made = make(order)
    for text in notes:
        click.echo(f"note: {text}", err=True)
    finish(made, place, plots, as_json=as_json)


def _conflicts(own: dict[str, Any]) -> list[Problem]:
    """Return what the options contradict each other in."""
    problems = []
    if own["mixed"] and not own["verify"]:
        problems.append(Problem("--mixed", "--verify beside it", "none", "add --verify"))
    if own["tool"] == "modelopt":
        clash = [f for f in ("ranges_file", "limits", "sensitivity", "mixed") if own[f]]
        flags = {"ranges_file": "--ranges", "limits": "--range"}
        named = ", ".join(flags.get(f, f"--{f}") for f in clash)
        if named:
            want, mend = "no own ranges or layers with modelopt", "leave one of them out"
            problems.append(Problem("--tool modelopt", want, named, mend))
    for name, words in (("tool", ("onnxruntime", "modelopt")), ("accuracy_target", ("99", "99.9"))):
        if own[name] not in words:
            flag = f"--{name.replace('_', '-')}"
            problems.append(Problem(flag, " or ".join(words), own[name], "choose one of them"))
    return problems


def _recipe(opened: Opened, own: dict[str, Any]) -> Recipe:
    """Return format, placement and layers to skip; raise UsageError where a target lacks them."""
    from runtime.calibration.qdq import Placement, Recipe, placement_for
    from runtime.policies.precision import check_quantization

    target = opened.registry.target(own["target"]) if own["target"] else None
    problems = check_quantization(opened.precision, target) if target else []
    words = [str(p) for p in Placement]
    if own["placement"] not in (None, *words):
        got, mend = repr(own["placement"]), "choose one of them"
        problems.append(Problem("--placement", " or ".join(words), got, mend))
    if problems:
        raise UsageError(problems)
    chosen = own["placement"] or placement_for(target, opened.precision)
    return Recipe(opened.precision, Placement(chosen), frozenset(own["skip"]))


def _place(opened: Opened, recipe: Recipe, out: Path | None) -> tuple[Path, str]:
    """Return the file to write, and a note where it is not the usual place."""
    from runtime.calibration.places import usable

    if out is not None:
        return out, ""
    algorithm = str(opened.algorithm).replace(":", "-")
    name = f"{opened.module.WORKLOAD.name}-{recipe.precision}-{algorithm}-{recipe.placement}.onnx"
    folder, note = usable(Path(FOLDER), "models")
    return folder / name, note


def _check_places(opened: Opened, place: Path, plots: Path | None) -> None:
    """Raise HarnessError before the work where something cannot be written or drawn."""
    from runtime.artifacts import record_folder
    from runtime.calibration.places import check_places
    from runtime.calibration.plots import require_matplotlib

    errors: list[HarnessError] = []
    try:
        drawn = plots / "histograms.svg" if plots else None
        copies = record_folder()
        copy = copies / "quantization.json" if copies else None
        places = {"--out": place, "--plots": drawn, "HARNESS_RECORD_DIR": copy}
        check_places(places, opened.model.path.stat().st_size)
    except HarnessError as error:
        errors.append(error)
    try:
        if plots:
            require_matplotlib()
    except HarnessError as error:
        errors.append(error)
    if errors:
        raise type(errors[0])(p for e in errors for p in e.problems)
