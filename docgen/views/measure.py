"""Stored run records as rows that a page can show, each with its provenance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docgen import formatting as fmt
from docgen.catalog import Entry
from docgen.evidence import State
from docgen.views.model import Evidence, Judged
from docgen.views.text import slug

UNVERIFIED = "Result not verified by MLCommons Association."
"""Footnote under every figure that MLCommons has not reviewed."""

_LATENCY = "latency_"
_METRICS = {
    "samples_per_s": "throughput",
    "queries_per_s": "completed rate",
    "queries_per_s_scheduled": "scheduled rate",
    "early_stopping_p90_ms": "p90 latency by early stopping",
    "early_stopping_p99_ms": "p99 latency by early stopping",
}
"""Metrics whose name does not say enough."""

_PACKAGES = ("loadgen", "onnxruntime", "tensorrt", "numpy")
"""Libraries whose versions stand beside a figure, in this order; others follow."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured metric in words and as a number."""

    name: str
    """Name in the record."""
    words: str
    """Name for readers."""
    value: float
    """The figure, in `unit`."""
    unit: str
    """Unit of the figure."""
    text: str
    """Value and unit for readers."""
    primary: bool
    """Whether it is the metric of the scenario."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One run record of an entry, with what may be said of it."""

    key: str
    """Key of the entry."""
    snippet: str
    """Identity of the snippet that made it."""
    state: str
    """Word of the badge."""
    reason: str
    """Why it is in that state."""
    mode: str
    """`performance` or `accuracy`."""
    figures: tuple[Figure, ...]
    """Every metric of the record."""
    accuracy: Mapping[str, Any] | None
    """Accuracy part of the record."""
    verdict: str
    """`VALID`, `INVALID` or `PARTIAL`."""
    causes: tuple[Mapping[str, str], ...]
    """Why it is not valid: code, text, do."""
    created: str
    """Start of the run, ISO 8601."""
    seconds: float
    """Wall-clock time of the run."""
    machine: str
    """Machine in words."""
    devices: str
    """Accelerators and their driver, in words."""
    versions: str
    """Versions of the libraries that matter."""
    code: str
    """Which source made the run."""
    quick: bool
    """Whether durations were shortened."""
    judged_at: str
    """Percentile that judged it where a quick run chose another than the scenario's."""
    synthetic: bool
    """Whether the weights were noise."""
    notes: tuple[str, ...]
    """Sentences that must stand beside the figures."""
    checks: tuple[str, ...]
    """Expectations that were held against it, with their tolerance."""
    statement: str
    """What MLCommons asks for beside the figures."""
    record: Mapping[str, Any]
    """The record as stored."""

    @property
    def primary(self) -> Figure | None:
        """Return the metric that judges the scenario; None where nothing was measured."""
        return next((f for f in self.figures if f.primary), None)

    @property
    def file(self) -> str:
        """Return the name of the file that carries the record on the site."""
        return f"records/{slug(self.key)}-{self.mode}.json"

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the words that qualify the figures: unverified, quick, synthetic weights."""
        words = ["unverified"]
        if self.quick:
            words.append("quick run")
        if self.judged_at:
            words.append(f"judged at p{self.judged_at}")
        if self.synthetic:
            words.append("synthetic weights: speed only")
        if self.verdict and self.verdict != "VALID":
            words.append(self.verdict)
        return tuple(words)

    def latencies(self) -> tuple[Figure, ...]:
        """Return the latency figures in the record's order."""
        return tuple(f for f in self.figures if f.name.startswith(_LATENCY))


def _judged_at(record: Mapping[str, Any]) -> str:
    """Return the percentile that a record's overrides name, as digits; empty for its own."""
    named = (record.get("overrides") or {}).get("target_latency_percentile")
    return f"{named:g}" if isinstance(named, int | float) else ""


def judged(evidence: Evidence, snippet_id: str) -> Judged | None:
    """Return what is known of a snippet; None where there is no such snippet."""
    try:
        return evidence.of(snippet_id)
    except KeyError:
        return None


def measurements(evidence: Evidence, entry: Entry) -> tuple[Measurement, ...]:
    """Return every stored record of an entry, performance before accuracy."""
    found = [
        _measurement(item, record)
        for item in evidence.measurements(entry.key)
        if item.result is not None
        for record in item.result.records
        if record.get("key") == entry.key
    ]
    return tuple(sorted(found, key=lambda m: (m.mode != "performance", m.mode, m.created)))


def state_of(evidence: Evidence, entry: Entry) -> tuple[str, str]:
    """Return the badge word of an entry and its reason.

    The state of its performance snippet; where that was never run here and the
    dry run of the target passed, `resolved`.
    """
    states = [(j.state, j.reason) for j in evidence.measurements(entry.key) if _times(j)]
    state, reason = states[0] if states else (State.NEVER, "no command measures it")
    if state in {State.NEVER, State.SKIPPED}:
        dry = judged(evidence, f"resolve:{entry.target}")
        if dry is not None and dry.state in {State.RESOLVED, State.EXECUTED, State.MEASURED}:
            return State.RESOLVED.value, "resolved, never measured" + (
                f": {reason}" if reason else ""
            )
        if dry is not None and dry.state is State.STALE:
            return State.STALE.value, f"dry run: {dry.reason}"
    return state.value, reason


def best(found: Sequence[Measurement]) -> Measurement | None:
    """Return the performance measurement to show in one cell: the newest one."""
    timed = [m for m in found if m.mode == "performance" and m.primary is not None]
    return max(timed, key=lambda m: m.created, default=None)


def accuracy_of(found: Sequence[Measurement]) -> Measurement | None:
    """Return the newest accuracy measurement; None where there is none."""
    judged_runs = [m for m in found if m.accuracy is not None]
    return max(judged_runs, key=lambda m: m.created, default=None)


def metric_words(name: str) -> str:
    """Return a metric's name for readers: `latency_p99_ms` gives `p99 latency`."""
    if name in _METRICS:
        return _METRICS[name]
    words = re.sub(r"_(ms|us|s|ns)$", "", name)
    percentile = re.sub(r"p(\d+)_(\d+)", r"p\1.\2", words)
    if percentile.startswith(_LATENCY):
        return f"{percentile.removeprefix(_LATENCY)} latency"
    return percentile.replace("_", " ")


def _times(item: Judged) -> bool:
    """Tell whether a snippet is a performance run."""
    return (item.snippet.mode or "performance") == "performance"


def _measurement(item: Judged, record: Mapping[str, Any]) -> Measurement:
    """Return one record with the state of the snippet that made it."""
    verdict = record.get("verdict") or {}
    model = record.get("model") or {}
    return Measurement(
        key=record["key"],
        snippet=item.snippet.id,
        state=item.state.value,
        reason=item.reason,
        mode=record.get("mode", "performance"),
        figures=tuple(_figure(m) for m in record.get("metrics", ())),
        accuracy=record.get("accuracy"),
        verdict=verdict.get("result", ""),
        causes=tuple(verdict.get("causes", ())),
        created=record.get("created", ""),
        seconds=float(record.get("seconds", 0.0)),
        machine=_machine(record.get("machine") or {}),
        devices=_devices(record.get("machine") or {}),
        versions=_versions(record.get("packages") or {}),
        code=_code(record.get("code") or {}),
        quick=bool(record.get("quick")),
        judged_at=_judged_at(record),
        synthetic=bool(model.get("synthetic")),
        notes=tuple(record.get("notes", ())),
        checks=_checks(item),
        statement=record.get("statement", "") or UNVERIFIED,
        record=record,
    )


def _figure(metric: Mapping[str, Any]) -> Figure:
    """Return one metric of a record."""
    return Figure(
        name=metric["name"],
        words=metric_words(metric["name"]),
        value=float(metric["value"]),
        unit=metric.get("unit", ""),
        text=fmt.metric(float(metric["value"]), metric.get("unit", "")),
        primary=bool(metric.get("primary")),
    )


def _machine(machine: Mapping[str, Any]) -> str:
    """Return a machine in one line: processor, cores, memory, system."""
    parts = [str(machine.get("cpu", ""))]
    if machine.get("cores"):
        parts.append(fmt.count(int(machine["cores"]), "core"))
    if machine.get("memory_gib"):
        parts.append(f"{fmt.rounded(float(machine['memory_gib']), 3)}{fmt.THIN}GiB")
    if machine.get("os"):
        parts.append(str(machine["os"]))
    return ", ".join(p for p in parts if p)


def _devices(machine: Mapping[str, Any]) -> str:
    """Return accelerators and driver in one line."""
    names = [str(d) for d in machine.get("devices", ())]
    kinds = {n: names.count(n) for n in names}
    text = ", ".join(n if c == 1 else f"{c} \u00d7 {n}" for n, c in kinds.items())
    if not text:
        return "none"
    return f"{text}, driver {machine['driver']}" if machine.get("driver") else text


def _versions(packages: Mapping[str, str]) -> str:
    """Return library versions in one line, the decisive ones first."""
    order = [p for p in _PACKAGES if p in packages]
    order += sorted(p for p in packages if p not in _PACKAGES)
    return ", ".join(f"{p} {packages[p]}" for p in order if packages[p])


def _code(code: Mapping[str, Any]) -> str:
    """Return the version, commit and state of the source in one line."""
    parts = [str(code.get("version", ""))]
    if code.get("commit"):
        parts.append(f"commit {str(code['commit'])[:10]}")
    if code.get("modified"):
        parts.append("with uncommitted changes")
    return ", ".join(p for p in parts if p)


def _checks(item: Judged) -> tuple[str, ...]:
    """Return the expectations that were held against an execution, with what was found."""
    if item.result is None:
        return ()
    return tuple(
        f"{c.expect} ({'holds' if c.ok else 'does not hold'}: {c.actual})"
        for c in item.result.checks
    )
