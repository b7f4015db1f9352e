"""Texts of a tree that are written from records: README files, measurements, notes."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable

from runtime.configs.workload import Workload
from runtime.record import STATEMENT, RunRecord
from runtime.submission.metadata import Metadata
from runtime.submission.runs import Result, Run
from runtime.workloads.generated import MODEL_NOTE

DTYPES = {"float32": "fp32", "float16": "fp16", "int8": "int8", "int64": "int64"}
"""Short names of element types, as submissions write them."""


def measurements_json(result: Result, facts: Workload, metadata: Metadata) -> bytes:
    """Return the measurements.json of a result; what the submitter says wins."""
    record = result.runs["performance"].record
    dtype = facts.input.dtype
    told = {
        "input_data_types": DTYPES.get(dtype, dtype),
        "retraining": "",
        "starting_weights_filename": record.model.name,
        "weight_data_types": str(record.settings.get("precision", "")),
        "weight_transformations": "",
    } | metadata.measurements
    return json.dumps(told, indent=2).encode() + b"\n"


def command_of(record: RunRecord) -> str:
    """Return the command that makes a run like a record's again."""
    parts = ["harness", "run", "--target", record.target, "--workload", record.workload]
    parts += ["--scenario", record.scenario, "--mode", record.mode]
    for name, value in record.overrides.items():
        parts += ["--set", f"{name}={value}"]
    if record.quick:
        parts.append("--quick")
    return shlex.join(parts) + " --model MODEL --data DATA --out FOLDER"


def result_readme(result: Result, metadata: Metadata) -> bytes:
    """Return the README of a result: what was run, how to run it again, what must be said."""
    lines = [
        f"# {result.benchmark.name}, {result.scenario}, {metadata.system_id}",
        "",
        f"{metadata.submitter}, {metadata.division} division. {STATEMENT}",
        "",
    ]
    notes = dict.fromkeys(n for run in result.runs.values() for n in run.record.notes)
    lines += [f"- {note}" for note in notes] + ([""] if notes else [])
    lines += [
        *_rehearsed(notes),
        "`harness` is the package in the folder `src`, as its README says. MODEL is the file of",
        "the hash below, DATA the folder of the evaluation set.",
        "",
        "```console",
    ]
    for kind, run in _in_order(result):
        if run.record.audit:
            lines.append(
                f"harness compliance run {kind} --performance RUN --accuracy RUN --out FOLDER"
            )
        else:
            lines.append(command_of(run.record))
    lines += [
        "```",
        "",
        "| run | started (UTC) | model | SHA-256 of the model |",
        "|---|---|---|---|",
    ]
    for kind, run in _in_order(result):
        record = run.record
        lines.append(f"| {kind} | {record.created} | {record.model.name} | {record.model.sha256} |")
    lines += ["", "Settings of the performance run:", "", "| setting | value |", "|---|---|"]
    settings = result.runs["performance"].record.settings
    lines += [f"| {name} | {value} |" for name, value in settings.items()]
    return ("\n".join(lines) + "\n").encode()


def _rehearsed(notes: Iterable[str]) -> list[str]:
    """Return where the model and the images of a rehearsal come from; nothing for others."""
    if MODEL_NOTE not in notes:
        return []
    return ["`harness submission rehearse` makes this model, these images and this tree.", ""]


def _in_order(result: Result) -> list[tuple[str, Run]]:
    """Return the runs of a result, the performance run first."""
    return sorted(result.runs.items(), key=lambda item: (item[0] != "performance", item[0]))


def source_readme(record: RunRecord) -> bytes:
    """Return the README beside the source."""
    code = record.code
    commit = f", commit {code.commit}" if code.commit else ""
    changed = " with uncommitted changes" if code.modified else ""
    packages = "\n".join(f"- {name} {version}" for name, version in record.packages.items())
    return (
        "# Source of the results\n\n"
        f"Calliope harness {code.version}{commit}{changed}: the package `runtime`. It connects to\n"
        "LoadGen in `runtime/loadgen`: `child.py` runs the test, `sut.py` takes the queries,\n"
        "`lanes.py` batches and answers them. Preprocessing is in `runtime/workloads`.\n\n"
        "With these packages installed, `python -m runtime run ...` in this folder runs it:\n\n"
        f"{packages}\n"
    ).encode()


def documentation_readme(results: list[Result], metadata: Metadata) -> bytes:
    """Return the README of the documentation folder."""
    rows = "\n".join(f"| {r.benchmark.name} | {r.scenario} |" for r in results)
    return (
        f"# {metadata.submitter}: {metadata.system_id}\n\n{STATEMENT}\n\n"
        f"| benchmark | scenario |\n|---|---|\n{rows}\n\n"
        "`calibration.md` says how the weights were made. Each result has a README with its\n"
        "commands and settings.\n"
    ).encode()
