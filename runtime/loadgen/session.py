"""Runs one plan from folder to record: `execute`.

The test itself runs in a child process; this module starts it, listens, ends it
when asked, and writes down what was measured, whole or partial.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from runtime import artifacts
from runtime.errors import ArtifactError, Interrupted, RunError
from runtime.loadgen.audit import write_audit
from runtime.loadgen.endings import failure_of, stopped, told
from runtime.loadgen.logs import DETAIL, LOGS
from runtime.loadgen.process import Child, Outcome
from runtime.loadgen.progress import Progress
from runtime.loadgen.recording import RECORD, Recorder
from runtime.loadgen.serving import serving
from runtime.loadgen.settings import refuse_audit
from runtime.loadgen.telemetry import INTERVAL_S, RunWatch, find_devices
from runtime.plan import RunPlan
from runtime.record import RunRecord

if TYPE_CHECKING:
    from runtime.loadgen.kept import KeptServers

__all__ = ["RECORD", "STALL_S", "Progress", "execute"]

STALL_S = 300.0
"""Longest time in which the timed part may finish nothing, in seconds."""


def execute(
    plan: RunPlan,
    out: Path,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    stall_s: float = STALL_S,
    evidence: bool = True,
    telemetry_s: float = INTERVAL_S,
    lender: KeptServers | None = None,
) -> RunRecord:
    """Run a plan and return its record, which also lies in `out/record.json`.

    Args:
        plan: The run.
        out: Folder for record, user.conf and LoadGen's logs; absent or empty.
        on_progress: Called about five times a second with where the run stands.
        stall_s: Longest time in which the timed part may finish nothing, in seconds.
        evidence: Whether the record may be copied to HARNESS_RECORD_DIR: not where the run
            says nothing of its entry's speed, as a compliance test, a stand-in, or a trial of
            a search.
        telemetry_s: Time between two looks at the run's GPUs, in seconds; 0 for none.
        lender: Lends the Triton servers of several runs; None starts and stops the run's own.

    Returns:
        The record. An INVALID result is a record like any other.

    Raises:
        ArtifactError: The folder cannot be written, holds files, or is another run's.
        ConfigError: Settings, model and files do not fit, or an audit.config lies about.
        MissingError: A package, a provider, a model or a data set is not there.
        RunError: The child died or stood still, or a GPU was lost; a partial record is written.
        Interrupted: The user stopped the run; a partial record is written.
    """
    refuse_audit(Path.cwd())
    with artifacts.claim_folder(out) as folder:
        devices, variables = find_devices(plan)
        watch = RunWatch(devices, folder, telemetry_s)
        run = Recorder(plan, folder, datetime.now(timezone.utc), perf_counter(), evidence, watch)
        plan_file = folder / "plan.json"
        artifacts.atomic_write(plan_file, _absolute(plan).to_json())
        (folder / LOGS).mkdir()
        home = write_audit(plan.audit, folder) if plan.audit else None
        with serving(plan, folder, lender) as served:
            with closing(watch), closing(Child(plan_file, folder, home, variables)) as child:
                watch.start()
                outcome = _listen(run, child, on_progress, stall_s)
                tail = child.tail()
            failure = failure_of(outcome, folder, tail, served)
        if failure is not None:
            if isinstance(failure, RunError):
                failure = watch.blamed(failure)
            kept: Path | None = folder / RECORD
            # LoadGen's log is there from its start on, also where no report told of it.
            if isinstance(failure, RunError) or (folder / LOGS / DETAIL).exists():
                kept = run.save_partial(
                    outcome, "gpu-lost" if watch.lost else "child-died", str(failure)
                )
            # a run that never started leaves its message, and no record
            raise told(failure, kept, folder / RECORD)
        try:
            record = run.finish(outcome.done or {}, tuple(served.notes))
        except ArtifactError as error:
            kept = run.save_partial(outcome, "unreadable-log", str(error))
            raise told(error, kept, folder / RECORD) from error
        return run.save(record)


def _listen(
    run: Recorder, child: Child, on_progress: Callable[[Progress], None] | None, stall_s: float
) -> Outcome:
    """Return the outcome once the child has ended; keep what it measured where it fails.

    Args:
        run: What writes the record.
        child: The process that runs LoadGen.
        on_progress: Called with each report.
        stall_s: Longest time in which the timed part may make no step, in seconds.

    Raises:
        Interrupted: The user stopped the run.
        RunError: The child stood still, or a GPU was lost.
    """
    watch = run.watch
    try:
        outcome = child.listen(watch.follow(on_progress), stall_s, watch.check)
        watch.check()
    except KeyboardInterrupt:
        outcome = _stop(child)
        kept = run.save_partial(outcome, "interrupted", "the user stopped the run")
        raise Interrupted(stopped(kept or run.folder / RECORD, outcome)) from None
    except RunError as error:
        kept = run.save_partial(child.outcome, "gpu-lost" if watch.lost else "stalled", str(error))
        raise told(error, kept, run.folder / RECORD) from None
    return outcome


def _stop(child: Child) -> Outcome:
    """End the child and return what it told; a second Ctrl-C ends it at once."""
    try:
        return child.stop()
    except KeyboardInterrupt:
        return child.outcome


def _absolute(plan: RunPlan) -> RunPlan:
    """Return the plan with absolute paths, as it may be read from elsewhere."""
    return replace(
        plan,
        model=plan.model.absolute() if plan.model else None,
        data=plan.data.absolute() if plan.data else None,
    )
