"""Writes what a search found as Python source to paste into a target's file.

The text is in the dialect of `runtime/targets`: a constant made by `dataclasses.replace`
from the entry's own one, a docstring whose `Why:` and `Source:` carry the evidence, and
the line for `ENTRIES`.
"""

from __future__ import annotations

import importlib
import pkgutil
import statistics
import textwrap
from collections.abc import Iterator
from enum import Enum
from typing import Any

from runtime.configs.schema import Entry, Settings
from runtime.tuning.model import Tuning

WIDTH = 100
"""Longest line of the source."""

SUFFIX = "_TUNED"
"""End of the new constant's name."""


def write_entry(found: Tuning, entry: Entry, title: str) -> str:
    """Return the source to paste.

    Args:
        found: A search that found something.
        entry: The entry that it started from.
        title: Name of the workload for readers.
    """
    module, constant = find_constant(entry)
    name = (constant or _name_of(entry)).removesuffix(SUFFIX) + SUFFIX
    where = f"{module.replace('.', '/')}.py" if module else "the target's file in runtime/targets"
    lines = [
        f"# For {where}.",
        "# It needs `from dataclasses import replace`"
        + ("." if constant else f" and {type(entry.settings).__name__}."),
        f"# Put it below {constant or 'the entry that it replaces'}; ENTRIES gets the last lines.",
        "",
    ]
    base = constant or _literal(entry.settings)
    lines += _call(name, base, found.changes)
    lines += _docstring(found, entry, title)
    lines += ["", "# In ENTRIES, instead of the entry's own line:"]
    lines += [f"# {line}" for line in entry_lines(entry, name)]
    lines += [""]
    return "\n".join(lines)


def find_constant(entry: Entry, package: str = "runtime.targets") -> tuple[str, str]:
    """Return module and name of the constant that an entry's settings are; empty where none is."""
    parent = importlib.import_module(package)
    for info in pkgutil.iter_modules(parent.__path__):
        module = importlib.import_module(f"{package}.{info.name}")
        if not any(e.key == entry.key for e in getattr(module, "ENTRIES", ())):
            continue
        for name, value in vars(module).items():
            if value is entry.settings and name.isupper():
                return module.__name__, name
        return module.__name__, ""
    return "", ""


def source_of(value: Any) -> str:
    """Return a value as Python source: numbers grouped, members by their name."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, int):
        return f"{value:_}"
    whole = value == int(value) and abs(value) < 1e15  # noqa: PLR2004 - above, repr is exact
    return f"{int(value):_}.0" if whole else repr(value)


def _name_of(entry: Entry) -> str:
    """Return a constant's name for an entry."""
    return "".join(c if c.isalnum() else "_" for c in entry.key).upper()


def _literal(settings: Settings) -> str:
    """Return the settings as a call of their class, defaults left out."""
    import dataclasses

    given = ", ".join(
        f"{f.name}={source_of(getattr(settings, f.name))}"
        for f in dataclasses.fields(settings)
        if getattr(settings, f.name) != f.default
    )
    return f"{type(settings).__name__}({given})"


def _call(name: str, base: str, changes: dict[str, Any]) -> list[str]:
    """Return the lines of the constant, on one line where they fit."""
    given = [f"{field}={source_of(value)}" for field, value in changes.items()]
    line = f"{name} = replace({', '.join([base, *given])})"
    if len(line) <= WIDTH:
        return [line]
    middle = f"    {', '.join([base, *given])}"
    if len(middle) <= WIDTH:
        return [f"{name} = replace(", middle, ")"]
    return [f"{name} = replace(", *(f"    {part}," for part in [base, *given]), ")"]


def _docstring(found: Tuning, entry: Entry, title: str) -> list[str]:
    """Return the docstring with reasons and evidence of every value."""
    doubt = "" if found.status == "confirmed" else f" Not confirmed: {found.reason}."
    scenario = "".join(part.title() for part in str(entry.scenario).split("-"))
    head = f"{title} {scenario} on {entry.target}, as `harness tune` found it.{doubt}"
    lines = _wrap(f'"""{head}', "")
    lines += ["", "Why:"]
    for name, value in found.changes.items():
        lines += _item(name, "; ".join(_reasons(name, value, found)) + ".")
    lines += ["", "Source:"]
    evidence = _evidence(found)
    for name in found.changes:
        lines += _item(name, evidence)
        evidence = "The same search, unverified."
    return [*lines, '"""']


def _reasons(name: str, value: Any, found: Tuning) -> Iterator[str]:
    """Yield why a field has its value."""
    if name == "target_qps" and found.bound_ms is not None:
        held = f"{found.confirmations} of {found.wanted}"
        yield (
            f"The highest rate of the search whose {found.percentile:g}th-percentile latency "
            f"stayed under {found.bound_ms:g} ms, in {held} runs"
        )
        if found.failed_at is not None:
            yield f"{_figure(found.failed_at)} {found.unit} did not hold"
        return
    if name == "target_qps":
        yield "The measured throughput: it sizes the query for the wanted duration"
        return
    if name == "expected_latency_ms":
        yield "Just under the measured median, so that the prepared queries do not run out"
        return
    yield from _compared(name, value, found)


def _compared(name: str, value: Any, found: Tuning) -> Iterator[str]:
    """Yield what other values of a field gave, beside what the best one gave."""
    tried = sorted({t.changes.get(name, found.own[name]) for t in found.trials} - {value})
    figures = {v: figure for v in tried if (figure := figure_of(name, v, found)) is not None}
    best = found.value
    if best is None or not figures:
        yield "No other value that was tried ended VALID"
        return
    verb = "held" if found.bound_ms is not None else "gave"
    others = ", ".join(f"{v} {verb} {_figure(f)}" for v, f in figures.items())
    yield f"With it {_figure(best)} {found.unit}; {others}"
    ahead = [f for f in figures.values() if (f > best) == (found.better == "higher")]
    if found.bound_ms is None and ahead:
        yield "closer than the runs tell apart, so the one that takes less was kept"


def figure_of(name: str, value: Any, found: Tuning) -> float | None:
    """Return the best that trials with a value of a field gave; None where none was VALID.

    For a rate it is the highest one held; else the best median among the shapes that had
    the value, because single short runs differ.
    """
    same = [t for t in found.trials if t.valid and t.changes.get(name, found.own[name]) == value]
    if found.bound_ms is not None:
        rates = [t.changes["target_qps"] for t in same if "target_qps" in t.changes]
        return max(rates, default=None)
    groups: dict[str, list[float]] = {}
    for trial in same:
        if trial.value is not None:
            groups.setdefault(str(sorted(trial.changes.items())), []).append(trial.value)
    medians = [statistics.median(values) for values in groups.values()]
    return (max if found.better == "higher" else min)(medians, default=None)


def _evidence(found: Tuning) -> str:
    """Return when, where and how it was measured, and what must be said of it."""
    machine = found.machine
    where = ", ".join([*machine.devices, f"{machine.cpu}, {machine.cores} cores"])
    commit = f" at {found.code.commit[:10]}" if found.code.commit else ""
    figure = "" if found.value is None else f"{_figure(found.value)} {found.unit} in "
    kind = "full" if found.full else "quick"
    measured = f"{figure}{found.confirmations} VALID {kind} runs after {len(found.trials)} trials"
    source = f"harness {found.code.version}{commit}"
    first = f"harness tune on {found.created[:10]}, {where}: {measured}, {source}, unverified"
    rest = [*found.notes, found.statement.rstrip(".")]
    return ". ".join([first, *(part[:1].upper() + part[1:] for part in rest)]) + "."


def _figure(value: float) -> str:
    """Return a figure with thousands separated, or with four significant digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"  # noqa: PLR2004 - four digits


def _item(name: str, text: str) -> list[str]:
    """Return one item of a section, wrapped as the targets' files are."""
    return _wrap(f"    {name}: {text}", "        ")


def _wrap(text: str, rest: str) -> list[str]:
    """Return a text in lines, those after the first one indented."""
    return textwrap.wrap(
        text,
        width=WIDTH,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
        replace_whitespace=False,
    )


def entry_lines(entry: Entry, name: str) -> list[str]:
    """Return the lines of ENTRIES, on one line where they fit."""
    given = [
        f'target="{entry.target}"',
        f'workload="{entry.workload}"',
        f"settings={name}",
    ]
    defaults = Entry(target=entry.target, workload=entry.workload, settings=entry.settings)
    given += [
        f"{part}={source_of(getattr(entry, part))}"
        for part in ("accuracy", "power", "harness")
        if getattr(entry, part) != getattr(defaults, part)
    ]
    line = f"    Entry({', '.join(given)}),"
    if len(line) <= WIDTH:
        return [line]
    return ["    Entry(", *(f"        {part}," for part in given), "    ),"]
