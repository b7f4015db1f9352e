"""Differences made short: equal changes of many configurations in one line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from docgen import formatting as fmt
from docgen.changes.model import Change, Changed, Configuration, Place, Side, System

FIRST = (
    "offline_expected_qps", "server_target_qps", "target_qps", "expected_latency_ms",
    "single_stream_expected_latency_ns", "multi_stream_expected_latency_ns", "gpu_batch_size",
    "batch_size", "precision", "tensor_parallelism", "pipeline_parallelism",
)  # fmt: skip
"""Fields that a reader asks for first."""


@dataclass(frozen=True)
class Line:
    """One change, and every configuration of a system in which it happened."""

    change: Change
    """The change, with the places of its first configuration."""
    places: tuple[Place, ...]
    """Configurations in which it happened."""

    @property
    def where(self) -> str:
        """Return the configurations in words, those of one workload together."""
        return short_places(self.places)


def lines(system: System) -> list[Line]:
    """Return the changes of a system, each once, the most asked for first.

    A dictionary of flags of which every part is new or gone is one line a dictionary.
    """
    found: dict[tuple[str, str, str], tuple[Change, list[Place]]] = {}
    for configuration in system.changed:
        for change in _grouped(configuration):
            key = (change.field, text(change.old), text(change.new))
            found.setdefault(key, (change, []))[1].append(configuration.place)
    every = [Line(change, tuple(places)) for change, places in found.values()]
    return sorted(every, key=_order)


def _order(line: Line) -> tuple[object, ...]:
    """Return the sort key of a change: fields asked for first, then the most frequent."""
    field = line.change.field.partition(".")[0]
    first = FIRST.index(field) if field in FIRST else len(FIRST)
    kind = 0 if line.change.old and line.change.new else 1
    return (first, kind, line.change.field, -len(line.places), line.places[0])


def _grouped(configuration: Changed) -> Iterable[Change]:
    """Yield the changes of a configuration, dictionaries that came or went whole as one."""
    groups: dict[tuple[str, bool], list[Change]] = {}
    for change in configuration.changes:
        head, dot, _ = change.field.partition(".")
        if dot and (change.old is None or change.new is None):
            groups.setdefault((head, change.old is None), []).append(change)
        else:
            yield change
    for (head, came), parts in groups.items():
        if len(parts) == 1:
            yield parts[0]
            continue
        names = ", ".join(p.field.partition(".")[2] for p in parts)
        side = parts[0].new if came else parts[0].old
        if side is None:
            continue
        whole = Side(resolved=names, expression="", source=side.source, set_by=side.set_by)
        field = f"{head}.*"
        yield Change(field=field, new=whole) if came else Change(field=field, old=whole)


def text(side: Side | None) -> str:
    """Return a value for readers; `not set` where there is none."""
    if side is None:
        return "not set"
    return fmt.value(side.resolved).replace(fmt.THIN, " ")


def expression(side: Side | None) -> str:
    """Return the source text of a value where it says more than the value."""
    if side is None or side.expression.strip("'\"") in {"", text(side), str(side.resolved)}:
        return ""
    if side.expression.startswith("{"):  # a dictionary that is its only value
        return ""
    plain = side.expression.replace("_", "").replace(" ", "")
    return "" if plain == text(side).replace(" ", "") else side.expression


def where(side: Side | None) -> str:
    """Return `file:line` of a value."""
    return f"{side.source.path}:{side.source.line}" if side is not None else ""


def short_places(places: Iterable[Place]) -> str:
    """Return places in words, with what those of one workload have in common said once."""
    groups: dict[str, dict[str, list[str]]] = {}
    for place in sorted(places):
        rest = place.text.removeprefix(f"{place.workload} {place.scenario}").strip() or "99 %"
        groups.setdefault(place.workload, {}).setdefault(place.scenario, []).append(rest)
    parts = []
    for workload, scenarios in groups.items():
        inner = []
        for scenario, rests in scenarios.items():
            plain = rests == ["99 %"]
            inner.append(scenario if plain else f"{scenario} ({', '.join(rests)})")
        parts.append(f"{workload} {', '.join(inner)}")
    return "; ".join(parts)


def short_configurations(found: Iterable[Configuration]) -> str:
    """Return configurations in words."""
    return short_places(c.place for c in found)


def headline(system: System) -> str:
    """Return what happened to a system, with numbers."""
    if system.state == "appeared":
        return f"{system.new} appeared: {fmt.count(len(system.added), 'configuration')}"
    if system.state == "went":
        return f"{system.old} went: {fmt.count(len(system.removed), 'configuration')}"
    name = system.new if system.state == "kept" else f"{system.old} → {system.new}"
    same = len(system.both) - len(system.changed)
    return (
        f"{name}: {len(system.changed)} changed, {len(system.added)} added, "
        f"{len(system.removed)} removed, {same} the same"
    )
