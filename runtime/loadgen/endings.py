"""How a run's child process ended, in words: the error, and where the record is."""

from __future__ import annotations

from pathlib import Path

from runtime import artifacts, errors
from runtime.errors import ArtifactError, HarnessError, Problem, RunError
from runtime.loadgen.logs import DETAIL, LOGS, Detail
from runtime.loadgen.process import STDERR, Outcome
from runtime.loadgen.serving import Serving
from runtime.plan import RunPlan
from runtime.troubles.verdicts import CHILD_DIED, INTERRUPTED
from runtime.vocabulary import Mode


def failure_of(outcome: Outcome, folder: Path, tail: str, served: Serving) -> HarnessError | None:
    """Return why a test did not come to its end; None where it did and its servers live."""
    if outcome.done is None:
        return served.explain(error_of(outcome, folder, tail))
    dead = served.deaths()
    return RunError(dead) if dead else None


def check_end(detail: Detail, plan: RunPlan, folder: Path) -> None:
    """Raise ArtifactError where LoadGen's log has no end: its verdict never reached the disk.

    Why: LoadGen says nothing when the disk is full, and its log is then a shorter one.
    """
    if plan.mode is Mode.ACCURACY or "result_validity" in detail.values:
        return
    place = artifacts.probe(folder)
    found = artifacts.problem_of(place, "results folder")
    got = "one that is cut off" + (f" ({place.free_mib} MiB are free there)" if found else "")
    do = "free some space and run again" if found else "run again; see the limits with `ulimit -a`"
    where = str(folder / LOGS / DETAIL)
    raise ArtifactError(Problem(where, "LoadGen's log to its end", got, do))


def told(error: HarnessError, kept: Path | None, record: Path) -> HarnessError:
    """Return an error that also says where the partial record is, where it is not `record`."""
    if kept == record:
        return error
    return type(error)([*error.problems, kept_elsewhere(kept, record.parent)])


def kept_elsewhere(place: Path | None, folder: Path) -> Problem:
    """Return what to say of a record that is not in its folder."""
    got = f"it in {place}" if place else "no place that takes it"
    return Problem("record", f"it in {folder}", got, "move it where you want it")


def stopped(record: Path, outcome: Outcome) -> Problem:
    """Return what to say of a run that the user stopped."""
    last = outcome.progress
    got = "a stop before the start"
    if last:
        got = f"a stop in phase {last.phase} after {last.done} of {last.total} {last.unit}"
    do = f"the partial record is {record}; run again into another folder"
    return Problem("run", "to end by itself", got, do, INTERRUPTED.code)


def error_of(outcome: Outcome, folder: Path, tail: str) -> HarnessError:
    """Return the error that ended the child, of the class that the child raised."""
    raised = outcome.error
    if raised is None:
        code = outcome.exit_code
        ended = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        phase = outcome.progress.phase if outcome.progress else "start"
        got = f"{ended} in phase {phase}" + (f":\n{tail}" if tail else "")
        do = f"see {folder / STDERR}"
        return RunError(Problem("child process", "to end with a result", got, do, CHILD_DIED.code))
    if raised["problems"]:
        cls = getattr(errors, raised["kind"], RunError)
        known = isinstance(cls, type) and issubclass(cls, HarnessError)
        return (cls if known else RunError)([Problem(*parts) for parts in raised["problems"]])
    got = f"{raised['kind']}: {raised['text']}" + (f"\n{tail}" if tail else "")
    do = f"see {folder / STDERR}"
    return RunError(Problem("child process", "to end with a result", got, do, CHILD_DIED.code))
