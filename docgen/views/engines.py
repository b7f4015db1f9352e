"""What was measured of a target's TensorRT engines: a section of the guides, from committed files.

`tests/gpu/measure.py` writes `evidence/TARGET/tensorrt.json` under the documentation folder. A
file of another schema, or one that is no JSON, shows nothing: it is no evidence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docgen import formatting as fmt
from docgen.views.model import Config, Table
from docgen.views.text import code, inline

SCHEMA = 1
"""Version of the file that this module reads."""


@dataclass(frozen=True, kw_only=True)
class Engines:
    """A target's engines, as its guide shows them."""

    table: Table
    """One row an engine: build, difference to ONNX Runtime, raw rate, harness, ratio, accuracy."""
    scenarios: Table
    """One row a run of a scenario."""
    facts: tuple[str, ...]
    """When, where, with what, and the goal of the ratio."""
    failed: tuple[str, ...]
    """Steps that did not end well."""


def section(target: str, config: Config) -> Engines | None:
    """Return what was measured of a target's engines; None where nothing was."""
    path = Path(config.root) / str(config.docs) / "evidence" / target / "tensorrt.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        if facts["schema"] != SCHEMA or not any(s["kind"] == "engine" for s in facts["steps"]):
            return None
        return _section(facts)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _section(facts: Mapping[str, Any]) -> Engines:
    """Return the section of a file's content."""
    steps = [s for s in facts["steps"] if s.get("precision")]
    pairs = dict.fromkeys((s["workload"], s["precision"]) for s in steps)
    rows = tuple(_row(w, p, [s for s in steps if _of(s) == (w, p)]) for w, p in pairs)
    machine, packages = facts["machine"], facts["packages"]
    driver = machine["driver"] or "unknown"
    versions = ", ".join(f"{n} {packages[n]}" for n in ("tensorrt", "pycuda") if n in packages)
    places = ", ".join(machine["devices"]) or "a machine whose devices nobody named"
    return Engines(
        table=Table(
            headers=(
                "Model",
                "Format",
                "Build, s",
                "Difference",
                "Allowed",
                "Raw loop, samples/s",
                "Harness, samples/s",
                "Ratio",
                "Top-1",
            ),
            rows=rows,
            numeric=tuple(range(2, 9)),
        ),
        scenarios=_scenarios(steps),
        facts=(
            (
                f"Measured {fmt.day(facts['created'])} on {inline(places)}; driver "
                f"{inline(driver)}; {inline(versions or 'no versions told')}; "
                f"commit {code(facts['code']['commit'][:12] or 'unknown')}."
            ),
            (
                f"Each timed part took {facts['timed_s']:g} s: short runs, not official ones. The "
                f"goal of the ratio is {facts['goal']:g}."
            ),
        ),
        failed=tuple(
            f"{inline(s['step'])}: exit code {s['exit_code']}"
            for s in facts["steps"]
            if s["exit_code"] not in (0, 6) and s["kind"] != "doctor"
        ),
    )


def _of(step: Mapping[str, Any]) -> tuple[str, str]:
    """Return the engine that a step is about."""
    return step["workload"], step["precision"]


def _row(workload: str, precision: str, steps: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the figures of one engine."""
    told = {s["kind"] + s.get("scenario", ""): s["told"] for s in steps}
    compare, engine = told.get("compare", {}), told.get("engine", {})
    raw = told.get("loop", {}).get("overlapped", {}).get("samples_per_s")
    ours = told.get("runoffline", {}).get("samples_per_s")
    return (
        workload,
        precision,
        _figure(engine.get("build_s"), ".1f"),
        _figure(compare.get("error"), ".1e"),
        _figure(compare.get("allowed"), ".0e"),
        _figure(raw, ",.0f"),
        _figure(ours, ",.0f"),
        _figure(ours / raw if ours and raw else None, ".3f"),
        _figure(told.get("accuracy", {}).get("accuracy"), ".4f"),
    )


def _scenarios(steps: Sequence[Mapping[str, Any]]) -> Table:
    """Return the verdict and the command of every run."""
    rows = tuple(
        (s["workload"], s["precision"], s["scenario"], inline(s["told"].get("result", "no record")))
        for s in steps
        if s["kind"] == "run"
    )
    return Table(headers=("Model", "Format", "Scenario", "Result"), rows=rows)


def _figure(value: float | None, form: str) -> str:
    """Return a figure as text; a dash where it was not measured."""
    return "\N{EN DASH}" if value is None else format(value, form)
