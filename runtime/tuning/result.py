"""From what a search found to the files that it leaves: result, entry, plot, table."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from runtime.artifacts import record_folder, rescue_write
from runtime.configs.schema import Entry, Server
from runtime.configs.workload import ModelFile, Workload
from runtime.environment import read_code, read_machine, read_packages
from runtime.errors import MissingError, Problem
from runtime.plan import values_of
from runtime.record import QUICK_NOTE
from runtime.tuning.bench import Bench, metric_of
from runtime.tuning.entry import write_entry
from runtime.tuning.found import Found, Options, why_not
from runtime.tuning.model import RESULT, Tuning, to_json
from runtime.tuning.plots import draw, drawing_of, table_of

ENTRY, PLOT, TABLE = "entry.py", "plot.svg", "plot.csv"
"""Names of the files beside the result."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was written, and what could not be."""

    tuning: Tuning
    """The result, with its files."""
    problems: tuple[Problem, ...]
    """What is missing and how to get it: a plot without matplotlib, a folder that refused."""


def summarise(
    bench: Bench,
    found: Found,
    options: Options,
    *,
    entry: Entry,
    workload: Workload,
    model: ModelFile,
) -> Tuning:
    """Return the result of a search, with the source of its entry."""
    own = entry.settings
    percentile = getattr(own, "target_latency_percentile", None)
    judged = _judged_percentile(bench, percentile)
    metric, unit, better = metric_of(entry.scenario, judged)
    confirmed = found.value is not None and found.confirmations >= options.confirmations
    status = "confirmed" if confirmed else "nothing" if found.value is None else "unconfirmed"
    reason = "" if confirmed else found.reason or why_not(found, bench.used)
    notes = [n for n in (model.note, "" if options.full else QUICK_NOTE) if n]
    disturbed = [t for t in bench.used if t.disturbed]
    if disturbed:
        notes.append(
            f"{len(disturbed)} of {len(bench.used)} trials ran beside other work (up to "
            f"{max(t.others for t in disturbed):.1f} cores): search again on an idle machine"
        )
    if judged != percentile:
        notes.append(f"trials are judged at percentile {judged:g} instead of {percentile:g}")
    made = Tuning(
        key=entry.key,
        scenario=str(entry.scenario),
        metric=metric,
        unit=unit,
        better=better,
        status=status,
        reason=reason,
        value=found.value,
        changes=_changes({**bench.plan.overrides, **found.changes}, entry),
        own=values_of(own),
        confirmations=found.confirmations,
        wanted=options.confirmations,
        failed_at=found.failed_at if found.value is not None else None,
        bound_ms=own.target_latency_ms if isinstance(own, Server) else None,
        percentile=judged,
        full=options.full,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        seconds=round(sum(t.seconds for t in bench.used), 3),
        trials=tuple(bench.used),
        machine=read_machine(),
        packages=read_packages(),
        code=read_code(),
        model=model.sha256,
        notes=tuple(notes),
    )
    if made.value is None or not made.changes:
        return made
    return msgspec.structs.replace(made, entry=write_entry(made, entry, workload.title))


def write_files(
    tuning: Tuning, folder: Path, floor: dict[int, float] | None = None, *, copies: bool = True
) -> Written:
    """Write everything that a search leaves, and return it with what could not be written.

    Args:
        tuning: The result.
        folder: The search's folder.
        floor: Samples/s of a bare loop around the backend, by batch size, where measured.
        copies: Whether HARNESS_RECORD_DIR gets a copy of the result.

    Raises:
        ArtifactError: Every place refuses the result itself.
    """
    problems: list[Problem] = []
    files: dict[str, str] = {}
    texts = [("entry", ENTRY, tuning.entry), ("table", TABLE, table_of(tuning))]
    drawing = drawing_of(tuning, floor)
    if drawing is not None:
        try:
            texts.append(("plot", PLOT, draw(drawing)))
        except MissingError as error:
            problems += error.problems
    for what, name, text in texts:
        if text:
            place = _write(folder / name, text.encode(), problems)
            files[what] = name if place == folder / name else str(place)
    tuning = msgspec.structs.replace(tuning, files=files)
    data = to_json(tuning)
    _write(folder / RESULT, data, problems)
    for path in _copies(tuning) if copies else ():
        _write(path, data, problems)
    return Written(tuning=tuning, problems=tuple(problems))


def _write(path: Path, data: bytes, problems: list[Problem]) -> Path:
    """Write a file, in its folder or elsewhere, and return where; note a refusal."""
    place, refusal = rescue_write(path, data)
    if refusal is not None:
        got = f"it in {place}"
        problems += [
            *refusal.problems,
            Problem(path.name, f"it in {path.parent}", got, "move it where you want it"),
        ]
    return place


def _copies(tuning: Tuning) -> Iterable[Path]:
    """Yield where HARNESS_RECORD_DIR wants a copy."""
    folder = record_folder()
    if folder is not None:
        stamp = tuning.created.translate({ord(c): None for c in "-:+"})
        key = tuning.key.replace("/", "-").replace("@", "-")
        yield folder / f"{stamp}-{key}-tune-{os.getpid()}.json"


def _changes(changes: dict[str, Any], entry: Entry) -> dict[str, Any]:
    """Return the values that differ from the entry's, in the order of its fields."""
    own = values_of(entry.settings)
    return {name: changes[name] for name in own if name in changes and changes[name] != own[name]}


def _judged_percentile(bench: Bench, own: float | None) -> float | None:
    """Return the percentile that trials are judged at: a slow target's is lower."""
    from runtime.tuning.model import Candidate

    if own is None:
        return None
    sized = bench.settings(Candidate(changes={}, purpose="size"))
    return float(getattr(sized, "target_latency_percentile", own))
