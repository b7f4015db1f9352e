"""Measured figures of a target as tables: what, expected beside it, when, where, with what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docgen import formatting as fmt
from docgen.catalog import Entry
from docgen.views import figures, links
from docgen.views.lookup import Lookup, none_cell, variant
from docgen.views.measure import Measurement, best
from docgen.views.model import Plot, Table
from docgen.views.text import code, inline, raw

Runs = Mapping[str, Sequence[Measurement]]
"""Records by the key of their entry."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Every figure of one entry."""

    title: str
    """Workload and variant."""
    table: Table
    """Figures of its performance record."""
    plot: Plot | None
    """Drawing of the same."""
    notes: tuple[str, ...]
    """Sentences that must stand beside the figures."""


def overview(entries: Sequence[Entry], runs: Runs, lookup: Lookup) -> Table:
    """Return one row per record: its metric, measured and expected."""
    rows = [
        (
            links.config(entry, f"{lookup.title(entry.workload)}, {variant(entry)}"),
            *_metric(run, entry, lookup),
        )
        for entry in entries
        for run in runs[entry.key]
    ]
    headers = ("Configuration", "Metric", "Measured", "Expected", "Ratio")
    return Table(headers=headers, rows=tuple(rows), numeric=(2, 3, 4))


def provenance(entries: Sequence[Entry], runs: Runs, lookup: Lookup) -> Table:
    """Return one row per record: state, verdict, what it was held against, when, its file."""
    rows = [
        (
            _run(run, entry, lookup),
            f"{links.badge(run.state)} {', '.join(run.labels)}",
            inline(run.verdict),
            "; ".join(inline(c) for c in run.checks if not c.startswith("exit")) or none_cell(),
            fmt.moment(run.created),
            f'<a href="../../{raw(run.file)}">JSON</a>',
        )
        for entry in entries
        for run in runs[entry.key]
    ]
    headers = ("Run", "State", "Verdict", "Held against", "Started", "Record")
    return Table(headers=headers, rows=tuple(rows))


def places(entries: Sequence[Entry], runs: Runs, lookup: Lookup) -> Table:
    """Return where and with what the records were made; equal places stand once."""
    found: dict[tuple[str, ...], list[str]] = {}
    for entry in entries:
        for run in runs[entry.key]:
            place = tuple(
                inline(t) or none_cell() for t in (run.machine, run.devices, run.versions, run.code)
            )
            found.setdefault(place, []).append(_run(run, entry, lookup))
    rows = tuple(("; ".join(names), *place) for place, names in found.items())
    headers = ("Runs", "Machine", "Accelerator and driver", "Versions", "Code")
    if len(rows) == 1:
        return Table(headers=headers[1:], rows=(rows[0][1:],))
    return Table(headers=headers, rows=rows)


def measured(entries: Sequence[Entry], runs: Runs, lookup: Lookup) -> list[Measured]:
    """Return the entries with a performance record, each with all figures and a plot."""
    found = []
    for entry in entries:
        newest = best(runs[entry.key])
        if newest is None:
            continue
        found.append(
            Measured(
                title=f"{lookup.title(entry.workload)}, {variant(entry)}",
                table=_figures(newest, entry, lookup),
                plot=figures.plot(newest, entry, lookup),
                notes=tuple(inline(note) for note in newest.notes),
            )
        )
    return found


def _run(run: Measurement, entry: Entry, lookup: Lookup) -> str:
    """Return the name of a run: workload, variant, and its mode where it is not timed."""
    name = f"{lookup.title(entry.workload)}, {variant(entry)}"
    return inline(name if run.mode == "performance" else f"{name}, {run.mode}")


def _metric(run: Measurement, entry: Entry, lookup: Lookup) -> tuple[str, str, str, str]:
    """Return the metric that judges a record, its figure, the expected one, and their ratio."""
    if run.accuracy is not None:
        return _accuracy(run.accuracy)
    figure = run.primary
    if figure is None:
        return none_cell(), none_cell(), none_cell(), none_cell()
    expected = lookup.expected(entry)
    same = expected is not None and expected[2] == figure.unit
    return (
        inline(figure.words),
        f"**{figure.text}**",
        figures.expected_text(entry, lookup) if same else none_cell(),
        figures.ratio_text(run, entry, lookup),
    )


def _accuracy(part: Mapping[str, object]) -> tuple[str, str, str, str]:
    """Return the accuracy as metric; its goal stands as the expected figure."""
    value, goal = float(str(part["value"])), float(str(part["goal"]))
    return (
        f"{inline(str(part['metric']))}, {fmt.count(int(str(part['samples'])), 'sample')}",
        f"**{fmt.percent(value)}**",
        f"at least {fmt.percent(goal)}",
        fmt.ratio(value / goal) if goal else none_cell(),
    )


def _figures(run: Measurement, entry: Entry, lookup: Lookup) -> Table:
    """Return every figure of a record; the scenario's own metric stands in bold."""
    bound = entry.values.get("target_latency_ms")
    rows = []
    for figure in run.figures:
        expected = figures.expected_text(entry, lookup) if figure.primary else none_cell()
        if bound is not None and figure.name == _bounded(entry):
            expected = f"at most {fmt.quantity(float(bound.resolved), 'ms')}"
        shown = f"**{figure.text}**" if figure.primary else figure.text
        rows.append((inline(figure.words), shown, expected, code(figure.name)))
    headers = ("Figure", "Measured", "Expected", "Name in the record")
    return Table(headers=headers, rows=tuple(rows), numeric=(1, 2))


def _bounded(entry: Entry) -> str:
    """Return the name of the figure that the latency bound of a Server entry is about."""
    share = entry.values.get("target_latency_percentile")
    number = fmt.exact(float(share.resolved)) if share else "99"
    return f"latency_p{number.replace('.', '_')}_ms"
