"""From the options of `harness quantize` to an order, and from what was made to the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.cli.ranges import Opened, write_plots
from runtime.errors import ArtifactError, ConfigError, InvalidResult, Problem, UsageError

if TYPE_CHECKING:
    from runtime.calibration.order import Made, Order
    from runtime.calibration.places import Kept
    from runtime.calibration.qdq import Recipe
    from runtime.calibration.record import CalibrationRecord
    from runtime.calibration.result import QuantizationRecord, Side

_SHOWN = 5


def make_order(
    opened: Opened,
    recipe: Recipe,
    own: dict[str, Any],
    data: Path | None,
    report: Callable[[str, int, int], None],
    *,
    fresh: bool,
) -> tuple[Order, Sequence[str]]:
    """Return what shall be made, with ranges; and notes for the user.

    Args:
        opened: What the options name.
        recipe: Format, placement, layers to skip.
        own: The options of `quantize` alone.
        data: The user's evaluation data.
        report: Gets the progress.
        fresh: Calibrate even where the cache has the ranges.
    """
    from runtime.calibration.calibration import calibrate
    from runtime.calibration.models import prepare
    from runtime.calibration.order import Order
    from runtime.calibration.qdq import ranges_of
    from runtime.calibration.quantization import set_ranges
    from runtime.vocabulary import AccuracyTarget

    limits = _limits(own["limits"])
    notes: list[str] = []
    seconds, record, graph = 0.0, None, None
    if own["ranges_file"]:
        graph = prepare(opened.model, opened.precision)
        record, ranges = _read_ranges(own["ranges_file"], opened)
    elif own["tool"] == "modelopt":
        _check_modelopt(opened, recipe)
        graph, ranges = prepare(opened.model, opened.precision), {}
    else:
        workload = opened.module.WORKLOAD
        found = calibrate(
            opened.model,
            workload,
            opened.samples,
            opened.algorithm,
            precision=opened.precision,
            fresh=fresh,
            report=report,
        )
        seconds, record, graph = found.seconds, found.record, found.model
        ranges = ranges_of(found.record)
        notes += found.notes
        if not found.cached:
            notes.append(f"calibrated: {found.reason}")
    order = Order(
        module=opened.module,
        model=opened.model,
        graph=graph,
        samples=opened.samples,
        algorithm=opened.algorithm,
        ranges=set_ranges(ranges, limits),
        recipe=recipe,
        by_hand=tuple(sorted(limits)),
        record=record,
        calibration_seconds=seconds,
        target=own["target"] or "",
        tool=own["tool"],
        verify=own["verify"],
        mixed=own["mixed"],
        sensitivity=own["sensitivity"],
        compare=own["compare"],
        share=AccuracyTarget(own["accuracy_target"]),
        data=data,
        report=report,
    )
    return order, notes


def finish(made: Made, place: Path, plots: Path | None, *, as_json: bool) -> None:
    """Write the model, its record and the plots; print; end with the verdict.

    Raises:
        InvalidResult: The model was refused.
        ArtifactError: A file is not where it was wanted.
    """
    from runtime.calibration.places import keep
    from runtime.calibration.result import REFUSED, to_json

    record = made.record
    refused = record.verdict == REFUSED
    file = place.with_suffix(f".refused{place.suffix}") if refused else place
    model = keep(file, made.content, "--out")
    beside = keep(model.path.with_suffix(".json"), to_json(record), "--out")
    copy = _copy(record, file.stem)
    if plots:
        write_plots(plots, record.tensors, record.costs)
    _show(record, model.path, as_json=as_json)
    problems = [k.problem for k in (model, beside, copy) if k and k.problem]
    if problems:
        raise ArtifactError(problems)
    if refused:
        raise InvalidResult(_refusal(record, model.path))


def _copy(record: QuantizationRecord, name: str) -> Kept | None:
    """Write a copy of the record where HARNESS_RECORD_DIR wants it.

    Why: the folder is shared with run records; the one field around ours tells them apart.
    """
    import msgspec

    from runtime.artifacts import record_folder
    from runtime.calibration.places import keep

    folder = record_folder()
    if folder is None:
        return None
    data = msgspec.json.format(msgspec.json.encode({"quantization": record}), indent=1) + b"\n"
    return keep(folder / f"quantization-{name}.json", data, "HARNESS_RECORD_DIR")


def _limits(texts: Sequence[str]) -> dict[str, float]:
    """Return the ranges set by hand; raise UsageError with every text that is none."""
    found: dict[str, float] = {}
    problems = []
    for text in texts:
        name, _, value = text.rpartition("=")
        try:
            number = float(value)
        except ValueError:
            number = 0.0
        if not name or not 0 < number < float("inf"):
            mend = "write for example --range conv1.relu=1.5"
            problems.append(
                Problem("--range", "TENSOR=MAX with a positive number", repr(text), mend)
            )
        found[name] = number
    if problems:
        raise UsageError(problems)
    return found


def _read_ranges(
    path: Path, opened: Opened
) -> tuple[CalibrationRecord | None, dict[str, tuple[float, float]]]:
    """Return the ranges of a record or a TensorRT cache, with the record where it is one."""
    from runtime.calibration import trtcache
    from runtime.calibration.cache import read_file
    from runtime.calibration.qdq import ranges_of

    try:
        data = path.read_bytes()
    except OSError as error:
        got = error.strerror or str(error)
        mend = "check path and permissions"
        raise ArtifactError(Problem(f"--ranges {path}", "a readable file", got, mend)) from error
    if not data.lstrip().startswith(b"{"):
        found = trtcache.read(data.decode("utf-8", "replace"), f"--ranges {path}")
        return None, {name: (-value, value) for name, value in found.items()}
    record = read_file(path)
    if record.model_sha256 != opened.model.sha256:
        want = f"ranges of the model {opened.model.sha256[:16]}..."
        got = f"those of {record.model_sha256[:16]}... ({record.workload})"
        mend = "calibrate this model, or name the other one with --model"
        raise ConfigError(Problem(f"--ranges {path}", want, got, mend))
    return record, ranges_of(record)


def _check_modelopt(opened: Opened, recipe: Recipe) -> None:
    """Raise before the work what ModelOpt cannot do or that it is absent."""
    from runtime.calibration import modelopt

    modelopt.check(opened.algorithm, recipe)
    modelopt.require_modelopt()


def _refusal(record: QuantizationRecord, path: Path) -> Problem:
    """Return the problem of a model below its goal: the dearest layers, and what would do."""
    dear = [f"{c.layer} ({c.changed:.1%} of answers change)" for c in record.costs[:_SHOWN]]
    accuracy = record.after.accuracy or 0.0
    got = f"{accuracy:.4f}; layers that cost most: {', '.join(dear)}"
    mend = "use another algorithm or FP16"
    if record.offer:
        flags = " ".join(f"--skip {name}" for name in record.offer.skip)
        mend = f"add {flags} (accuracy {record.offer.accuracy:.4f}), or --mixed"
    return Problem(f"accuracy of {path}", f"at least {record.goal:.4f}", got, mend)


def _show(record: QuantizationRecord, path: Path, *, as_json: bool) -> None:
    """Print the record for programs or for people."""
    from runtime.cli.output import console, duration, print_json, show_pairs, show_rows

    if as_json:
        import msgspec

        print_json({"path": str(path), **msgspec.to_builtins(record)})
        return
    out = console()
    show_rows(
        out,
        ("", "before", "after", "ratio"),
        _rows(record.before, record.after),
        right=("before", "after", "ratio"),
    )
    if record.costs:
        rows = [(c.layer, f"{c.changed:.2%}", f"{c.noise:.2e}") for c in record.costs]
        head = ("layer quantized alone", "changed answers", "noise")
        show_rows(out, head, rows, right=head[1:])
    ranges = duration(record.calibration_seconds)
    goal = "" if record.goal is None else f", goal {record.goal:.4f}"
    lines = [
        ("verdict", f"{record.verdict}{goal}"),
        ("format", f"{record.precision}, placed for {record.placement}, {record.algorithm}"),
        ("layers", f"{len(record.quantized)} quantized, {_names(record.skipped)} skipped"),
        ("time", f"{ranges} for ranges, {duration(record.seconds)} for all else"),
        ("model", str(path)),
    ]
    lines += [("note", record.note)] if record.note else []
    show_pairs(out, [*lines, ("", record.statement)])


def _names(skipped: Sequence[str]) -> str:
    """Return the skipped layers in words."""
    return ", ".join(skipped) or "none"


def _rows(before: Side, after: Side) -> list[tuple[str, str, str, str]]:
    """Return the table of both models."""
    from runtime.calibration.result import ratio
    from runtime.cli.output import number

    pairs: list[tuple[str, float | None, float | None]] = [
        ("size, bytes", before.size_bytes, after.size_bytes),
        ("memory, MiB", before.memory_mib, after.memory_mib),
        ("one inference, ms", before.latency_ms, after.latency_ms),
        ("accuracy", before.accuracy, after.accuracy),
    ]
    return [
        (name, number(a), number(b), f"{ratio(b, a):.3f}" if ratio(b, a) is not None else "")
        for name, a, b in pairs
        if a is not None and b is not None
    ]
