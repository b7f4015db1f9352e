"""What `calibrate` and `quantize` share: options, opening, progress, tables of ranges."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from runtime.cli.words import complete_workload
from runtime.errors import Problem, UsageError, suggest
from runtime.vocabulary import Precision

if TYPE_CHECKING:
    from rich.console import Console

    from runtime.calibration.algorithms import Algorithm
    from runtime.calibration.record import TensorRange
    from runtime.calibration.samples import CalibrationSet
    from runtime.configs.registry import Registry
    from runtime.configs.workload import ModelFile

DEFAULT_ALGORITHM = "percentile:99.9"
"""How ranges are chosen unless one says otherwise.

Why: it clips outliers, costs no search, and suits INT8 and FP8.
"""

ALGORITHM_WORDS = ("max", "fraction:0.99", "percentile:99.9", "entropy", "distribution")
"""What completion offers."""

_PHASES = {
    "prepare": "preparing the graph",
    "calibrate": "running calibration samples",
    "ranges": "choosing ranges",
    "quantize": "writing Q/DQ nodes",
    "judge FP32": "judging the FP32 model",
    "judge": "judging the quantized model",
    "judge mixed": "judging mixed precision",
    "layers": "comparing layers",
    "mixed": "looking for mixed precision",
    "compare": "measuring time and memory",
}


@dataclass(frozen=True)
class Opened:
    """Everything that was named, open and checked."""

    registry: Registry
    """What the packages define."""
    module: Any
    """The workload's module."""
    model: ModelFile
    """The FP32 model."""
    samples: CalibrationSet
    """The calibration set."""
    algorithm: Algorithm
    """How ranges are chosen."""
    precision: Precision
    """Format to quantize to."""


def complete_algorithm(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the algorithms that start with a text."""
    del ctx, param
    return [CompletionItem(word) for word in ALGORITHM_WORDS if word.startswith(incomplete)]


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name workload, model, samples and algorithm."""
    path = click.Path(path_type=Path)
    options = (
        click.option(
            "--workload",
            required=True,
            metavar="NAME",
            shell_complete=complete_workload,
            help="What the model is for; `harness list workloads` prints the names.",
        ),
        click.option("--model", type=path, metavar="FILE", help="Your own FP32 ONNX file."),
        click.option(
            "--calibration-data",
            "folder",
            type=path,
            metavar="DIR",
            help="Your own folder of calibration samples.",
        ),
        click.option(
            "--list",
            "listed",
            type=path,
            metavar="FILE",
            help="Which calibration samples, in which order: one id a line.",
        ),
        click.option(
            "--samples",
            "count",
            type=click.IntRange(min=1),
            metavar="N",
            help="Only the first N calibration samples.",
        ),
        click.option(
            "--data",
            type=path,
            metavar="DIR",
            help="Your own evaluation data; calibration may share none of it.",
        ),
        click.option(
            "--algorithm",
            default=DEFAULT_ALGORITHM,
            show_default=True,
            metavar="NAME",
            shell_complete=complete_algorithm,
            help="How ranges are chosen: max, fraction[:SHARE], percentile[:P], entropy, or "
            "distribution (fp8).",
        ),
        click.option("--fresh", is_flag=True, help="Calibrate even where the cache has it."),
        click.option(
            "--plots",
            type=path,
            metavar="DIR",
            help="Draw histograms and ranges into DIR as SVG; needs matplotlib.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object to stdout."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def open_all(
    *,
    workload: str,
    model: Path | None,
    folder: Path | None,
    listed: Path | None,
    count: int | None,
    data: Path | None,
    algorithm: str,
    precision: str,
) -> Opened:
    """Return what the options name, open and checked.

    Raises:
        UsageError: A word is unknown, or algorithm and format do not go together.
        HarnessError: Model or samples cannot be opened; calibration and evaluation overlap.
    """
    from runtime.artifacts import cache_folder
    from runtime.calibration.algorithms import parse
    from runtime.calibration.samples import open_set
    from runtime.configs.registry import load
    from runtime.devices.packages import require

    chosen, word = parse(algorithm), _precision(precision)
    _check_pair(str(chosen.method), word)
    registry = load()
    module: Any = registry.modules[registry.workload(workload).name]
    require(("onnx", "onnxruntime", "numpy"))
    samples = open_set(
        registry, workload, folder=folder, listed=listed, count=count, evaluation=data
    )
    return Opened(
        registry=registry,
        module=module,
        model=module.open_model(model, cache_folder()),
        samples=samples,
        algorithm=chosen,
        precision=word,
    )


@contextmanager
def show_phases(name: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show phases and what is done of each, on stderr; give the function that takes reports."""
    from runtime.cli.progress import show_progress
    from runtime.loadgen.progress import Progress

    begin = time.monotonic()
    with show_progress(name) as report:

        def tell(phase: str, done: int, total: int) -> None:
            elapsed = time.monotonic() - begin
            words = _PHASES.get(phase, phase)
            report(Progress(phase=words, done=done, total=total, unit="steps", elapsed_s=elapsed))

        yield tell


def show_ranges(out: Console, tensors: Sequence[TensorRange]) -> None:
    """Print what was seen of each tensor, and the chosen range."""
    from runtime.cli.output import number, show_rows

    rows = [
        (
            tensor.name,
            f"{number(tensor.lowest, 3)} to {number(tensor.highest, 3)}",
            f"{number(tensor.low, 3)} to {number(tensor.high, 3)}",
            f"{tensor.clipped:.3%}",
        )
        for tensor in tensors
    ]
    show_rows(out, ("tensor", "seen", "range", "clipped"), rows, right=("clipped",))


def write_plots(folder: Path, tensors: Sequence[TensorRange], costs: Sequence[Any] = ()) -> None:
    """Draw histograms, and costs where there are some, into a folder."""
    from runtime.artifacts import atomic_write
    from runtime.calibration.plots import draw_costs, draw_histograms

    if tensors:
        atomic_write(folder / "histograms.svg", draw_histograms(tensors))
    if costs:
        atomic_write(folder / "sensitivity.svg", draw_costs(costs))


def _precision(word: str) -> Precision:
    """Return the format of a word; raise UsageError for one that cannot be quantized to."""
    known = [str(Precision.INT8), str(Precision.FP8)]
    if word not in known:
        where, want = "--precision", " or ".join(known)
        raise UsageError(Problem(where, want, repr(word), suggest(word, known)))
    return Precision(word)


def _check_pair(method: str, precision: Precision) -> None:
    """Raise UsageError for an algorithm that is made for another format."""
    if method == "distribution" and precision is not Precision.FP8:
        want, mend = "max, fraction, percentile or entropy for int8", "choose one of them"
        raise UsageError(Problem("--algorithm", want, method, mend))
