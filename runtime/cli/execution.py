"""Runs plans one after another: progress, results, copies of records, exit code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from runtime.artifacts import atomic_write
from runtime.cli.group import show_error
from runtime.cli.request import Request
from runtime.errors import HarnessError, Interrupted, InvalidResult
from runtime.plan import RunPlan
from runtime.record import RunRecord

SEVERITY = (0, 6, 2, 3, 4, 5, 1, 130)
"""Exit codes from harmless to grave: a call that ran several entries ends with the gravest."""

Outcome = RunRecord | HarnessError
"""What became of one run."""


def run_all(
    plans: Sequence[RunPlan], folders: Sequence[Path], request: Request, *, as_json: bool
) -> list[Outcome]:
    """Run plans one after another, print each result, and return what became of them.

    A run that fails leaves the earlier results as they are, and the next one starts;
    only Ctrl-C ends the whole.
    """
    from runtime.cli.summary import show_table

    outcomes: list[Outcome] = []
    shown: list[tuple[str, RunRecord | HarnessError]] = []
    for plan, folder in zip(plans, folders, strict=True):
        record, error = _run_one(plan, folder, request, as_json=as_json)
        outcomes += [o for o in (record, error) if o is not None]
        shown.append((plan.key, record or error or Interrupted(())))
        if isinstance(error, Interrupted):
            break
    if len(plans) > 1:
        show_table(shown, err=as_json)
    if as_json:
        _print_records([o for o in outcomes if isinstance(o, RunRecord)], request)
    return outcomes


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Return the gravest exit code among records and errors."""
    codes = [0]
    for outcome in outcomes:
        if isinstance(outcome, HarnessError):
            codes.append(outcome.exit_code)
        elif outcome.verdict.result == "INVALID":
            codes.append(InvalidResult.exit_code)
    return max(codes, key=SEVERITY.index)


def _run_one(
    plan: RunPlan, folder: Path, request: Request, *, as_json: bool
) -> tuple[RunRecord | None, HarnessError | None]:
    """Run a plan and show the result; return its record (partial ones too) and its error."""
    from runtime.cli.progress import show_progress
    from runtime.cli.summary import show_record
    from runtime.loadgen.session import execute

    record: RunRecord | None = None
    failure: HarnessError | None = None
    try:
        with show_progress(plan.key) as report:
            record = execute(plan, folder, report)
    except HarnessError as error:
        failure = error
        record = _partial(folder)
    if record is not None:
        try:
            _copy_record(record, request)
        except HarnessError as error:
            failure = failure or error
        show_record(record, folder, err=as_json)
    if failure is not None:
        show_error(failure)
    return record, failure


def _partial(folder: Path) -> RunRecord | None:
    """Return the record that an unfinished run left, or None."""
    import msgspec

    from runtime.record import from_json

    try:
        record = from_json((folder / "record.json").read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
    return record if record.verdict.result == "PARTIAL" else None


def _copy_record(record: RunRecord, request: Request) -> None:
    """Write the record where `--record` wants it."""
    from runtime.record import to_json

    path = request.record_file(record.key)
    if path is not None:
        atomic_write(path, to_json(record))


def _print_records(records: Sequence[RunRecord], request: Request) -> None:
    """Print one record, or the list of them, as JSON to stdout."""
    import msgspec

    from runtime.record import to_json

    if request.single:
        click.echo(b"".join(map(to_json, records)), nl=False)
    else:
        text = msgspec.json.format(msgspec.json.encode(list(records)), indent=2)
        click.echo(text)
