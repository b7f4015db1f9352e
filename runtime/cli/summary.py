"""The end of a run in words: verdict, figures, why INVALID and what to change, where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.cli.output import assignment, console, duration, number, show_pairs, show_rows
from runtime.errors import HarnessError
from runtime.record import Metric, RunRecord, Spread

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {"VALID": "green", "INVALID": "red", "PARTIAL": "yellow"}
"""Colour of each verdict; the word itself is always printed."""

_LABELS = {
    "samples_per_s": "throughput",
    "queries_per_s": "completed rate",
    "queries_per_s_scheduled": "scheduled rate",
    "duration_ms": "timed part",
    "accuracy": "accuracy",
    "queries": "queries",
    "samples": "samples",
}
_MINOR = {"latency_p95_ms", "latency_p97_ms"}


def show_record(record: RunRecord, folder: Path, *, err: bool = False) -> None:
    """Print one run for people.

    Args:
        record: What was measured.
        folder: Where its files lie.
        err: Print to stderr, because stdout carries JSON.
    """
    out = console(err=err)
    colour = COLOURS.get(record.verdict.result, "yellow")
    kind = f"{record.mode}, {'quick, ' if record.quick else ''}{duration(record.seconds)}"
    out.print(f"\n[bold {colour}]{record.verdict.result}[/]  [bold]{record.key}[/]  ({kind})")
    _show_metrics(record, out)
    _show_telemetry(record, out)
    for note in record.notes:
        out.print(f"  {note}", style="yellow", markup=False)
    _show_causes(record, out)
    changed = ", ".join(assignment(name, value) for name, value in record.overrides.items())
    lines = [("changed", changed)] if changed else []
    lines += [
        ("engine", f"{e.name or 'not kept'}, SHA-256 {e.sha256[:12]}") for e in record.engines
    ]
    show_pairs(out, [*lines, ("record", str(folder / "record.json"))])
    out.print(f"  {record.statement}", markup=False)


def show_table(
    results: Sequence[tuple[str, RunRecord | HarnessError]], *, err: bool = False
) -> None:
    """Print one line a run, when several entries were run.

    Args:
        results: Key of each entry with its record, or with the error that ended it.
        err: Print to stderr, because stdout carries JSON.
    """
    out = console(err=err)
    rows: list[tuple[str, ...]] = []
    for key, result in results:
        if isinstance(result, HarnessError):
            rows.append((key, f"[red]error {result.code}[/]", "-", ""))
            continue
        colour = COLOURS.get(result.verdict.result, "yellow")
        metric = result.primary
        figure = (number(metric.value), metric.unit) if metric else ("-", "")
        rows.append((key, f"[{colour}]{result.verdict.result}[/]", *figure))
    out.print()
    show_rows(out, ("entry", "verdict", "result", "unit"), rows, right=("result",))
    records = [r for _, r in results if isinstance(r, RunRecord)]
    for note in dict.fromkeys(n for r in records for n in r.notes):
        out.print(note, style="yellow", markup=False)
    if records:
        out.print(f"Unverified. {records[0].statement}")


def label(metric: Metric) -> str:
    """Return a metric's name for people: `latency_p99_ms` is `latency p99`."""
    if metric.name in _LABELS:
        return _LABELS[metric.name]
    return metric.name.removesuffix("_ms").replace("p99_9", "p99.9").replace("_", " ")


def _show_metrics(record: RunRecord, out: Console) -> None:
    """Print the figure that judges the run first, then the others, numbers aligned."""
    kept = (m for m in record.metrics if m.primary or m.name not in _MINOR)
    metrics = sorted(kept, key=lambda m: not m.primary)
    width = max((len(label(m)) for m in metrics), default=0)
    digits = max((len(number(m.value)) for m in metrics), default=0)
    for metric in metrics:
        bold = "bold" if metric.primary else "default"
        text = f"  {label(metric):<{width}}  {number(metric.value):>{digits}} {metric.unit}"
        mark = "  (unverified)" if metric.primary else ""
        out.print(f"{text}{mark}", style=bold, markup=False)
    found = record.accuracy
    if found:
        verb = "reaches" if found.passed else "misses"
        out.print(
            f"  {found.metric} of {found.samples} samples {verb} the goal {found.goal:.4f} "
            f"(reference {found.reference:.4f})",
            markup=False,
        )


def _show_causes(record: RunRecord, out: Console) -> None:
    """Print why a run is not VALID, and what to change."""
    if not record.verdict.causes:
        return
    good = record.verdict.result == "VALID"
    out.print("  LoadGen also says:" if good else f"  {record.verdict.result} because:")
    for cause in record.verdict.causes:
        show_pairs(out, [(cause.code, cause.text), ("  change", cause.do)], indent=4)
    codes = dict.fromkeys(cause.code for cause in record.verdict.causes)
    for code in codes:
        out.print(f"    read more: harness explain {code}", markup=False)


def _show_telemetry(record: RunRecord, out: Console) -> None:
    """Print what each GPU did in the timed part: one line, and one where it was held down."""
    many = len(record.telemetry) > 1
    for index, seen in enumerate(record.telemetry):
        facts = [
            _spread("SM", seen.sm_mhz, "MHz"),
            _spread("", seen.power_w, "W"),
            _spread("", seen.temperature_c, "\u00b0C"),
            _spread("memory", seen.memory_used_gb, "GB"),
        ]
        told = ", ".join(filter(None, facts)) or "tells neither clocks nor power"
        whole = " (clocks, power and heat of the whole board)" if seen.slice else ""
        place = f"device {index}, " if many else ""
        out.print(f"  {place}{seen.device}: {told}{whole}", markup=False)
        if seen.throttled:
            shares = ", ".join(f"{name} {share:.0%}" for name, share in seen.throttled.items())
            text = f"    clocks held down, share of {seen.looks} looks: {shares}"
            out.print(text, style="yellow", markup=False)
        if seen.silent:
            text = f"    not told: {', '.join(seen.silent)} (harness explain telemetry-missing)"
            out.print(text, markup=False)


def _spread(name: str, seen: Spread | None, unit: str) -> str:
    """Return mean and range of a quantity; empty where it was not told."""
    if seen is None:
        return ""
    span = f" ({number(seen.least)} to {number(seen.most)})" if seen.least != seen.most else ""
    return f"{name} {number(seen.mean)} {unit}{span}".strip()
