"""How to tune a target, as tables: fields by scenario, run times, memory that is needed."""

from __future__ import annotations

from dataclasses import dataclass

from docgen import formatting as fmt
from docgen.catalog import Entry, Target
from docgen.views import estimates, links, tuning
from docgen.views.lookup import Lookup, none_cell, scenario_title, variant
from docgen.views.measure import Measurement, best
from docgen.views.model import Table
from docgen.views.text import code


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """Advice for one scenario."""

    title: str
    """The scenario."""
    advice: Table
    """The fields that matter most, with the value of every workload."""
    formula: str
    """Formula of the timed part's length, in field names; empty where unknown."""
    times: Table
    """Length of the timed part by workload."""


def by_scenario(
    target: Target,
    entries: list[Entry],
    runs: dict[str, tuple[Measurement, ...]],
    lookup: Lookup,
) -> list[Tuning]:
    """Return advice for every scenario, with the values of the plain variants."""
    found = []
    for scenario in lookup.scenarios(entries):
        mine = [e for e in entries if e.scenario == scenario and "," not in variant(e)]
        estimated = [(e, t) for e in mine if (t := estimates.run_time(e)) is not None]
        found.append(
            Tuning(
                title=scenario_title(scenario),
                advice=_advice(mine, target, lookup),
                formula=estimated[0][1].formula if estimated else "",
                times=_times(estimated, runs, lookup),
            )
        )
    return [part for part in found if part.advice.rows]


def _advice(entries: list[Entry], target: Target, lookup: Lookup) -> Table:
    """Return the fields to tune as rows, the present value of each workload beside them."""
    by_entry = [{a.field: a for a in tuning.advice(e, target, lookup)} for e in entries]
    rows = []
    for name in dict.fromkeys(n for found in by_entry for n in found):
        item = next(found[name] for found in by_entry if name in found)
        spec = lookup.spec(name, item.entry.scenario)
        now = [found[name].now if name in found else none_cell() for found in by_entry]
        head = links.field(spec) if spec else code(name)
        rows.append((head, *now, f"{item.direction}. {item.reason}"))
    titles = [lookup.title(e.workload) for e in entries]
    headers = ("Field", *titles, "Which way, and why")
    numeric = tuple(range(1, len(titles) + 1))
    return Table(headers=headers, rows=tuple(rows), numeric=numeric, name="bench-tuning")


def _times(
    estimated: list[tuple[Entry, estimates.RunTime]],
    runs: dict[str, tuple[Measurement, ...]],
    lookup: Lookup,
) -> Table:
    """Return how long the timed part takes by workload, and how long the stored run took."""
    rows = []
    for entry, time in estimated:
        last = best(runs[entry.key])
        stored = fmt.duration(last.seconds) + (" (quick)" if last.quick else "") if last else ""
        name = lookup.title(entry.workload)
        rows.append((name, time.numbers, time.size, fmt.duration(time.seconds), stored))
    headers = ("Workload", "Computed as", "Sends", "Timed part takes", "Stored run took")
    shown = len(headers) if any(row[-1] for row in rows) else len(headers) - 1
    return Table(
        headers=headers[:shown],
        rows=tuple(row[:shown] for row in rows),
        numeric=tuple(range(2, shown)),
    )


def fits(target: Target, entries: list[Entry], lookup: Lookup) -> list[tuple[str, Table, str]]:
    """Return what each workload's largest entry needs of a device's memory."""
    found = []
    for workload in lookup.workloads_of(target.name):
        known = lookup.workloads.get(workload)
        mine = [
            (estimates.memory_fit(e, target, known), e) for e in entries if e.workload == workload
        ]
        sized = [(fit, e) for fit, e in mine if fit is not None]
        if not sized:
            continue
        fit, entry = max(sized, key=lambda pair: pair[0].total)
        table = Table(headers=("Part", "Computed as", "Size"), rows=fit.parts, numeric=(2,))
        title = f"{lookup.title(workload)}, {variant(entry)}"
        found.append((title, table, _fit_words(fit)))
    return found


def _fit_words(fit: estimates.MemoryFit) -> str:
    """Return whether a sum of parts fits, in one sentence."""
    text = f"Together {fmt.si(fit.total, 'B')}"
    if fit.capacity:
        verdict = "fits" if fit.share < 1 else "does not fit"
        text += f", {fmt.percent(fit.share)} of {fmt.si(fit.capacity, 'B')}: {verdict}"
    if fit.largest:
        share = fmt.percent(estimates.USABLE)
        text += f". A batch of {fmt.quantity(fit.largest, 'samples')} takes {share} of it"
    rest = (
        ""
        if fit.complete
        else " Intermediate activations and the runtime's own memory come on top."
    )
    return f"{text}.{rest}"
