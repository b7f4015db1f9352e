"""`harness calibrate`: ranges of a model's tensors, kept so that nobody measures them twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime.cli.group import main
from runtime.cli.ranges import open_all, shared_options, show_phases, show_ranges, write_plots
from runtime.cli.words import Choice
from runtime.errors import ArtifactError, Problem

if TYPE_CHECKING:
    from runtime.calibration.calibration import Calibrated


@main.command("calibrate")
@shared_options
@click.option(
    "--precision",
    type=Choice(["int8", "fp8"]),
    default="int8",
    show_default=True,
    help="Format that the model will be quantized to.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the calibration record here, too; `quantize --ranges` reads it.",
)
@click.option(
    "--trt-cache",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the ranges in the text format of TensorRT's calibration cache.",
)
def calibrate_model(
    *,
    as_json: bool,
    fresh: bool,
    plots: Path | None,
    out: Path | None,
    trt_cache: Path | None,
    **options: Any,
) -> None:
    """Run calibration samples through a model and choose the range of every tensor.

    The record is kept in the cache under everything that it depends on: model, samples,
    algorithm, libraries. A second call reads it; when something changed, it says what.

    \b
    Examples:
      harness calibrate --workload digits
      harness calibrate --workload digits --algorithm entropy --plots plots
      harness calibrate --workload digits --algorithm fraction:0.9 --trt-cache digits.cache
      harness calibrate --workload resnet50 --model resnet50.onnx \\
                        --calibration-data calibration --list ids.txt --out ranges.json
      harness calibrate --workload digits --json | jq .record.tensors

    \b
    JSON: record (the ranges with all that they depend on), path, cached, reason, seconds,
    notes.
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.calibration.calibration import calibrate
    from runtime.calibration.places import check_places

    _check_plots(plots)
    check_places(
        {
            "--out": out,
            "--trt-cache": trt_cache,
            "--plots": plots / "histograms.svg" if plots else None,
        }
    )
    opened = open_all(**options)
    workload = opened.module.WORKLOAD
    with show_phases(f"calibrate {workload.name}") as report:
        found = calibrate(
            opened.model,
            workload,
            opened.samples,
            opened.algorithm,
            precision=opened.precision,
            fresh=fresh,
            report=report,
        )
    problems = _write(found, out, trt_cache)
    if plots:
        write_plots(plots, found.record.tensors)
    _show(found, as_json=as_json)
    if problems:
        raise ArtifactError(problems)


def _write(found: Calibrated, out: Path | None, trt_cache: Path | None) -> list[Problem]:
    """Write the record where the user wants it; return what went elsewhere."""
    from runtime.calibration import trtcache
    from runtime.calibration.places import keep
    from runtime.calibration.record import to_json

    kept = []
    if out:
        kept.append(keep(out, to_json(found.record), "--out"))
    if trt_cache:
        text = trtcache.write(found.record.tensors, found.record.algorithm)
        kept.append(keep(trt_cache, text.encode(), "--trt-cache"))
    return [k.problem for k in kept if k.problem]


def _check_plots(plots: Path | None) -> None:
    """Raise MissingError before the work where plots are wanted and cannot be drawn."""
    if plots:
        from runtime.calibration.plots import require_matplotlib

        require_matplotlib()


def _show(found: Calibrated, *, as_json: bool) -> None:
    """Print the ranges and where they come from."""
    from runtime.cli.output import console, duration, print_json, show_pairs

    record = found.record
    if as_json:
        import msgspec

        print_json(
            {
                "record": msgspec.to_builtins(record),
                "path": found.path,
                "cached": found.cached,
                "reason": found.reason,
                "seconds": found.seconds,
                "notes": found.notes,
            }
        )
        return
    out = console()
    checked = f", none among {record.evaluation_samples} evaluation samples"
    origin = "from the cache" if found.cached else f"calibrated now ({found.reason})"
    lines = [
        ("algorithm", record.algorithm),
        ("samples", f"{len(record.samples)}{checked}"),
        ("libraries", record.library),
        ("ranges", f"{origin}, {duration(found.seconds)}"),
        ("kept as", str(found.path)),
    ]
    lines += [("note", note) for note in (record.note, *found.notes) if note]
    show_ranges(out, record.tensors)
    show_pairs(out, lines)
