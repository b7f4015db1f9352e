"""One guide per target: the page that everything else serves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import msgspec

from docgen import formatting as fmt
from docgen.catalog import Catalog, Entry, Policy, Target
from docgen.claims.compose import Composer
from docgen.evidence import State
from docgen.views import commands as shell
from docgen.views import (
    engines,
    evidence_tables,
    figures,
    guide_tables,
    links,
    mig,
    profile,
    quantization,
    telemetry,
    tuning_tables,
)
from docgen.views.changes import changed_targets
from docgen.views.lookup import Lookup, none_cell, scenario_title
from docgen.views.measure import (
    UNVERIFIED,
    Measurement,
    best,
    judged,
    measurements,
)
from docgen.views.model import Config, Evidence, Output, Page, Part, Table
from docgen.views.rejected import rejections
from docgen.views.siblings import Comparison, compare, powers
from docgen.views.text import inline, slug

_COMMANDS = 3
"""How many commands stand under the first heading at most."""


def parts(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Part]:
    """Yield the guide of every target, with its plots.

    Those of a tree of others depend on the entries of the target and of the one it is
    compared with; ours look at every entry, and at engines on disk.
    """
    lookup = Lookup(catalog)
    changed = changed_targets(config, catalog)
    frame = _without_entries(catalog)
    composer = Composer(frame) if lookup.foreign else None
    for target in catalog.targets:
        sibling, since = lookup.sibling(target), changed.get(target.name, "")
        entries = lookup.held_by(target.name)
        entries += tuple(lookup.entries_of(sibling.name)) if sibling else ()
        mine = msgspec.structs.replace(frame, entries=entries) if lookup.foreign else catalog
        beside = _Beside(sibling, composer, since, evidence, config)
        make = partial(_guide, target, mine, beside)
        words = ("guide", target.name, sibling.name if sibling else "", since)
        yield Part(make=make, catalog=mine if lookup.foreign else None, words=words)


def _without_entries(catalog: Catalog) -> Catalog:
    """Return what guides may show of a Catalog beside entries."""
    return Catalog(
        dialect=catalog.dialect,
        root=catalog.root,
        packages=catalog.packages,
        targets=catalog.targets,
        workloads=catalog.workloads,
        fields=catalog.fields,
        policies=catalog.policies,
        words=catalog.words,
        rows=catalog.rows,
        boards=catalog.boards,
        commands=catalog.commands,
        makes=catalog.makes,
    )


@dataclass(frozen=True)
class _Beside:
    """What a guide is made of beside the Catalog."""

    sibling: Target | None
    """The target that it is best compared with."""
    composer: Composer | None
    """Composes commands, in trees of others."""
    since: str
    """Page of what changed since an older state; empty without one."""
    evidence: Evidence
    """What is known of its snippets."""
    config: Config
    """The documented project."""


def _guide(target: Target, catalog: Catalog, beside: _Beside) -> Iterable[Output]:
    """Yield one guide and its plots."""
    lookup, evidence, composer = Lookup(catalog), beside.evidence, beside.composer
    entries = lookup.entries_of(target.name)
    runs = {e.key: measurements(evidence, e) for e in entries}
    measured = evidence_tables.measured(entries, runs, lookup)
    yield from (m.plot for m in measured if m.plot is not None)
    quantized = quantization.section(target, lookup, evidence)
    yield from (q.plot for q in quantized if q.plot is not None)
    workloads = lookup.workloads_of(target.name)
    yield Page(
        path=links.target_page(target.name),
        template="target.md.j2",
        context={
            "target": target,
            "label": slug(target.name),
            "sentence": profile.sentence(target),
            "facts": _fact_list(target) if lookup.foreign else _facts(target),
            "fact_sources": [] if lookup.foreign else _fact_sources(target),
            "evidence_line": _evidence_line(entries, runs, evidence, target),
            "commands": _commands(target, entries, evidence),
            "shell": shell.composed(entries, lookup, composer) if composer else None,
            "matrix": guide_tables.matrix(target, workloads, runs, lookup, evidence),
            "workloads": [_settings_link(target, w, lookup) for w in workloads],
            "tuning": tuning_tables.by_scenario(target, entries, runs, lookup),
            "fits": tuning_tables.fits(target, entries, lookup),
            "policies": _policies(entries, lookup),
            "precisions": _precisions(target, lookup),
            "quantized": quantized,
            "engines": None if lookup.foreign else engines.section(target.name, beside.config),
            "mig": _mig(target, lookup),
            "served": None if lookup.foreign else _served(target, entries, evidence),
            "runs": evidence_tables.overview(entries, runs, lookup),
            "provenance": evidence_tables.provenance(entries, runs, lookup),
            "places": evidence_tables.places(entries, runs, lookup),
            "telemetry": telemetry.telemetry(entries, runs, lookup),
            "measured": measured,
            "statement": UNVERIFIED,
            "unmeasured": [e for e in entries if not runs[e.key]],
            "sibling": _sibling(target, beside.sibling, lookup),
            "foreign": lookup.foreign,
            "powers": powers(entries, lookup) if lookup.foreign else None,
            "changed": beside.since,
            "rejected": rejections(lookup.rejected_of(target.name)),
            "problems": guide_tables.problems(entries, runs, lookup, evidence),
            "likely": guide_tables.likely_causes(entries, lookup),
        },
    )


def _facts(target: Target) -> Table:
    """Return the facts as one row."""
    shown = profile.facts(target)
    headers = [label for label, _, _ in shown]
    cells = [text for _, text, _ in shown]
    if target.devices > 1:
        headers, cells = ["Devices", *headers], [str(target.devices), *cells]
    return Table(headers=tuple(headers), rows=(tuple(cells),) if cells else (), name="bench-facts")


def _fact_list(target: Target) -> Table:
    """Return the facts one below the other; names of theirs can be long."""
    rows = [
        (label, text, links.short_src(fact.source)) for label, text, fact in profile.facts(target)
    ]
    if target.devices > 1:
        rows = [("Devices", str(target.devices), links.short_src(target.source)), *rows]
    return Table(headers=("Fact", "Value", "Place"), rows=tuple(rows))


def _fact_sources(target: Target) -> list[tuple[str, str, str, str, str]]:
    """Return heading, value, document, note and line of every fact."""
    return [
        (label, text, inline(fact.basis), inline(fact.note), links.src(fact.source))
        for label, text, fact in profile.facts(target)
    ]


def _evidence_line(
    entries: list[Entry],
    runs: dict[str, tuple[Measurement, ...]],
    evidence: Evidence,
    target: Target,
) -> str:
    """Return how much of a target was measured, when and where."""
    timed = [m for e in entries if (m := best(runs[e.key])) is not None]
    total = fmt.count(len(entries), "configuration")
    if not timed:
        dry = judged(evidence, f"resolve:{target.name}")
        done = dry is not None and dry.state in {State.RESOLVED, State.EXECUTED, State.MEASURED}
        shown = links.badge(State.RESOLVED.value) + ", " if done else ""
        return f"{shown}never measured: {total}, figures below are expectations."
    last = max(timed, key=lambda m: m.created)
    stale = sum(m.state != State.MEASURED.value for m in timed)
    note = f" ({stale} no longer fresh)" if stale else ""
    return (
        f"{len(timed)} of {total} measured{note}, last on {fmt.day(last.created)} "
        f"on {inline(last.machine)}."
    )


def _commands(target: Target, entries: list[Entry], evidence: Evidence) -> list[tuple[str, str]]:
    """Return purpose and snippet of the first commands to type."""
    first = entries[0] if entries else None
    wanted = [("See what this machine has.", "doctor")]
    wanted += [
        ("Resolve every configuration of this target; nothing runs.", f"resolve:{target.name}")
    ]
    if first is not None:
        title = f"{first.workload} {scenario_title(first.scenario)}"
        wanted.append((f"Run one workload: {title}, shortened.", f"run:{first.key}"))
        wanted.append((f"Judge the answers: {title}.", f"accuracy:{first.key}"))
    found = [(words, name) for words, name in wanted if figures.exists(evidence, name)]
    return found[:_COMMANDS]


def _settings_link(target: Target, workload: str, lookup: Lookup) -> tuple[str, str, str]:
    """Return document, title and size of a settings page, for the table of contents."""
    count = len(lookup.entries_of(target.name, workload))
    return workload, lookup.title(workload), fmt.count(count, "variant")


def _policies(entries: list[Entry], lookup: Lookup) -> list[Policy]:
    """Return the rules of this target's scenarios and workloads; not those of every run."""
    names = {e.scenario for e in entries} | {e.workload for e in entries}
    names |= {scenario_title(e.scenario).lower() for e in entries}
    return [p for p in lookup.catalog.policies if _words(p.applies_to) & names]


def _words(applies_to: str) -> set[str]:
    """Return the parts of what a rule holds for."""
    return {part.strip().lower() for part in applies_to.replace(" and ", ",").split(",")}


def _precisions(target: Target, lookup: Lookup) -> Table:
    """Return the number formats as a table."""
    rows = tuple(
        (inline(row.name), row.note, inline(", ".join(row.used)) or none_cell())
        for row in profile.precisions(target, lookup)
    )
    return Table(headers=("Format", "Hardware", "Used by"), rows=rows)


def _mig(target: Target, lookup: Lookup) -> dict[str, object] | None:
    """Return what MIG means for a target; None where it cannot."""
    if not profile.can_mig(target) and not profile.slices(target, lookup.catalog):
        return None
    whole = profile.board(target, lookup)
    found = mig.board_of(target, lookup.catalog)
    return {
        "slice": target.mig,
        "board": whole,
        "slices": profile.slices(target, lookup.catalog),
        "shares": _shares(target, whole) if whole else [],
        "drawn": mig.section(target, lookup.catalog),
        "page": f"mig-{slug(found.name)}" if found else "",
    }


def _served(target: Target, entries: list[Entry], evidence: Evidence) -> dict[str, object] | None:
    """Return how a target's models are served; None where no snippet shows it."""
    snippet = f"serve:{target.name}"
    if not figures.exists(evidence, snippet):
        return None
    return {
        "snippet": snippet,
        "entries": [e for e in entries if e.setting.harness == "triton"],
        "slice": target.mig is not None,
        "cpu": target.family.lower() == "cpu",
    }


def _shares(target: Target, whole: Target) -> list[tuple[str, str, str, str]]:
    """Return how much of its board a slice has, fact by fact."""
    found = []
    for name in ("memory_gb", "sms", "bandwidth_gb_s"):
        mine, all_of_it = profile.number(target, name), profile.number(whole, name)
        if mine and all_of_it:
            unit = target.facts[name].unit
            found.append(
                (
                    profile.LABELS[name],
                    fmt.quantity(mine, unit),
                    fmt.quantity(all_of_it, unit),
                    fmt.percent(mine / all_of_it, 1),
                )
            )
    return found


def _sibling(target: Target, other: Target | None, lookup: Lookup) -> Comparison | None:
    """Return the differences to the target that this one is best compared with."""
    return compare(target, other, lookup) if other else None
