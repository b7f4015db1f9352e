"""Rounds and contradictions as tables: what each edition asks of each benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from docgen import formatting as fmt
from docgen.catalog import Row
from docgen.views import links
from docgen.views.model import Table
from docgen.views.text import code, inline, slug

SHORT = {
    "Offline": "Offline",
    "Server": "Server",
    "SingleStream": "Single",
    "MultiStream": "Multi",
    "Interactive": "Interactive",
}
"""Scenarios as a narrow column writes them."""


def section(row: Row) -> dict[str, object]:
    """Return a round as its page shows it."""
    benchmarks = [b for b in row.values.get("benchmarks", ()) if isinstance(b, dict)]
    seeds = row.values.get("seeds")
    return {
        "name": row.name,
        "label": f"round-{slug(row.name)}",
        "wheels": ", ".join(code(str(w)) for w in row.values.get("wheels", ())),
        "seeds": _seeds(seeds if isinstance(seeds, dict) else {}),
        "scenarios": _scenarios(benchmarks),
        "numbers": _numbers(benchmarks),
        "bounds": _bounds(benchmarks),
        "basis": sorted({inline(str(b.get("source", ""))) for b in benchmarks}),
        "source": links.src(row.source),
    }


def contradictions(rows: Sequence[Row]) -> Table:
    """Return what official sources disagree about, with the value that was taken."""
    cells = []
    for row in rows:
        values = {name: inline(str(value)) for name, value in row.values.items()}
        taken = row.values.get("taken")
        sides = {n: (values.get(f"{n}_says", ""), values.get(f"{n}_source", "")) for n in _SIDES}
        shown = [f"{_strong(says, n == taken)}<br>{source}" for n, (says, source) in sides.items()]
        matter = f"**{values.get('subject', row.name)}**<br>{values.get('why', '')}"
        cells.append((matter, *shown))
    heads = ("Matter, and why the bold value is taken", "One source says", "Another says")
    return Table(headers=heads, rows=tuple(cells))


_SIDES = ("first", "second")


def _strong(text: str, taken: bool) -> str:
    """Return a text, bold where its side was taken."""
    return f"**{text}**" if taken else text


def _seeds(seeds: Mapping[str, Any]) -> Table:
    """Return the seeds of a round."""
    rows = [(code(f"{n}_rng_seed"), code(str(v))) for n, v in seeds.items() if isinstance(v, int)]
    return Table(headers=("Seed", "Value"), rows=tuple(rows), numeric=(1,))


def _scenarios(benchmarks: Sequence[Mapping[str, Any]]) -> Table:
    """Return which scenarios and tests a closed submission needs, by benchmark."""
    rows = [
        (
            code(str(b.get("name", ""))),
            inline(str(b.get("title", ""))),
            _asked(b, "datacenter"),
            _asked(b, "edge"),
            ", ".join(b.get("compliance", ())) or "none",
        )
        for b in benchmarks
    ]
    heads = ("Benchmark", "Task", "Datacenter", "Edge", "Compliance")
    return Table(headers=heads, rows=tuple(rows))


def _asked(benchmark: Mapping[str, Any], suite: str) -> str:
    """Return the scenarios of a suite, the optional ones in brackets."""
    needed = [SHORT.get(s, str(s)) for s in benchmark.get(suite, ())]
    besides = [SHORT.get(s, str(s)) for s in benchmark.get(f"{suite}_optional", ())]
    text = ", ".join(needed)
    if besides:
        text += f" ({', '.join(besides)})"
    return text or "not offered"


def _numbers(benchmarks: Sequence[Mapping[str, Any]]) -> Table:
    """Return goals and counts, by benchmark."""
    rows = [
        (
            code(str(b.get("name", ""))),
            "<br>".join(_goal(g) for g in b.get("goals", ())),
            _count(b.get("dataset_samples")),
            _count(b.get("performance_samples")),
            _count(b.get("offline_samples")),
        )
        for b in benchmarks
    ]
    heads = (
        "Benchmark",
        "Accuracy",
        "Data set, samples",
        "Performance, samples",
        "Offline, samples",
    )
    return Table(headers=heads, rows=tuple(rows), numeric=(2, 3, 4))


def _goal(goal: Mapping[str, Any]) -> str:
    """Return the range of one metric."""
    least, most = goal.get("least"), goal.get("most")
    low = _figure(least) if least is not None else ""
    high = _figure(most) if most is not None else ""
    text = f"{low} to {high}" if low and high else f"≤ {high}" if high else f"≥ {low}"
    scenarios = goal.get("scenarios")
    where = f" ({', '.join(SHORT.get(s, s) for s in scenarios)})" if scenarios else ""
    return f"{inline(str(goal.get('metric', '')))} {text}{where}"


def _figure(value: float) -> str:
    """Return a goal without the noise of its last binary digits, thousands apart."""
    return fmt.value(float(f"{value:.9g}"))


def _count(value: object) -> str:
    """Return a number; empty where there is no rule."""
    return fmt.value(value) if isinstance(value, (int, float)) else ""


def _bounds(benchmarks: Sequence[Mapping[str, Any]]) -> Table:
    """Return the latency bounds, by benchmark and scenario."""
    keys = ("latency_ms", "ttft_ms", "tpot_ms")
    rows = [
        (
            code(str(b.get("name", ""))),
            inline(str(x.get("scenario", ""))),
            *(_count(x.get(key)) for key in keys),
        )
        for b in benchmarks
        for x in b.get("bounds", ())
    ]
    heads = ("Benchmark", "Scenario", "Query, ms", "First token, ms", "Further token, ms")
    return Table(headers=heads, rows=tuple(rows), numeric=(2, 3, 4))
