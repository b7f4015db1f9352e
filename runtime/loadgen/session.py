"""Runs one plan from folder to record: `execute`.

The test itself runs in a child process; this module starts it, listens, ends it
when asked, and writes down what was measured, whole or partial.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from msgspec import structs

from runtime import artifacts, errors
from runtime.configs.workload import Workload
from runtime.environment import read_code, read_machine, read_packages
from runtime.errors import ArtifactError, HarnessError, Interrupted, Problem, RunError
from runtime.loadgen.audit import write_audit
from runtime.loadgen.logs import DETAIL, LOGS, Detail, read_detail
from runtime.loadgen.metrics import read_metrics
from runtime.loadgen.modules import find_workload
from runtime.loadgen.process import STDERR, Child, Outcome
from runtime.loadgen.progress import Progress
from runtime.loadgen.serving import Serving, serving, with_retries
from runtime.loadgen.settings import refuse_audit
from runtime.loadgen.telemetry import INTERVAL_S, RunWatch, find_devices
from runtime.loadgen.verdict import judge_accuracy, judge_performance
from runtime.plan import RunPlan, values_of
from runtime.record import (
    QUICK_NOTE,
    Accuracy,
    Cause,
    Metric,
    Model,
    RunRecord,
    Verdict,
    to_json,
)
from runtime.troubles.verdicts import CHILD_DIED, INTERRUPTED
from runtime.vocabulary import Mode, Scenario

if TYPE_CHECKING:
    from runtime.loadgen.kept import KeptServers

__all__ = ["RECORD", "STALL_S", "Progress", "execute"]

RECORD = "record.json"
"""Name of the record in the run's folder."""

STALL_S = 300.0
"""Longest time in which the timed part may finish nothing, in seconds."""

PARTIAL_NOTE = "partial: the run was stopped before its end; the figures are what it had so far"
"""What every output of a run that did not end carries."""

REFUSED_NOTE = "the results folder refused the record; LoadGen's own files may be cut off"
"""What a record carries that lies elsewhere than it was asked for."""


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
        run = _Run(plan, folder, datetime.now(timezone.utc), perf_counter(), evidence, watch)
        plan_file = folder / "plan.json"
        artifacts.atomic_write(plan_file, _absolute(plan).to_json())
        (folder / LOGS).mkdir()
        home = write_audit(plan.audit, folder) if plan.audit else None
        with serving(plan, folder, lender) as served:
            with closing(watch), closing(Child(plan_file, folder, home, variables)) as child:
                watch.start()
                outcome = run.listen(child, on_progress, stall_s)
                tail = child.tail()
            failure = _failure_of(outcome, folder, tail, served)
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
            raise _told(failure, kept, folder)
        try:
            record = run.finish(outcome.done or {}, tuple(served.notes))
        except ArtifactError as error:
            kept = run.save_partial(outcome, "unreadable-log", str(error))
            raise _told(error, kept, folder) from error
        return run.save(record)


@dataclass(frozen=True)
class _Run:
    """What a record needs besides the outcome."""

    plan: RunPlan
    folder: Path
    created: datetime
    began: float
    evidence: bool
    watch: RunWatch

    def listen(
        self, child: Child, on_progress: Callable[[Progress], None] | None, stall_s: float
    ) -> Outcome:
        """Return the outcome once the child has ended; keep what it measured where it fails.

        Args:
            child: The process that runs LoadGen.
            on_progress: Called with each report.
            stall_s: Longest time in which the timed part may make no step, in seconds.

        Raises:
            Interrupted: The user stopped the run.
            RunError: The child stood still, or a GPU was lost.
        """
        watch = self.watch
        try:
            outcome = child.listen(watch.follow(on_progress), stall_s, watch.check)
            watch.check()
        except KeyboardInterrupt:
            outcome = _stop(child)
            kept = self.save_partial(outcome, "interrupted", "the user stopped the run")
            raise Interrupted(_stopped(kept or self.folder / RECORD, outcome)) from None
        except RunError as error:
            kept = self.save_partial(
                child.outcome, "gpu-lost" if watch.lost else "stalled", str(error)
            )
            raise _told(error, kept, self.folder) from None
        return outcome

    def finish(self, done: dict[str, Any], more: tuple[str, ...] = ()) -> RunRecord:
        """Return the record of a test that came to its end; its notes end with `more`."""
        detail = read_detail(self.folder / LOGS / DETAIL)
        _check_end(detail, self.plan, self.folder)
        model = Model(**done["model"])
        notes = (*done["notes"], *more)
        retried = int(done.get("retried", 0))
        if self.plan.mode is Mode.PERFORMANCE:
            least = _facts(self.plan.workload).performance_samples
            verdict = judge_performance(detail, self.plan.settings, least)
            metrics = read_metrics(detail, self.plan.settings)
            return self._record(metrics, with_retries(verdict, retried), model, notes)
        accuracy = self._accuracy(done["accuracy"])
        samples = int(detail.number("qsl_reported_total_count") or accuracy.samples)
        verdict = with_retries(judge_accuracy(accuracy, detail, samples), retried)
        metric = Metric(
            name="accuracy", value=accuracy.value, unit="share", better="higher", primary=True
        )
        return self._record((metric,), verdict, model, notes, accuracy)

    def save(self, record: RunRecord) -> RunRecord:
        """Write the record, and its copy where HARNESS_RECORD_DIR asks for one; return it.

        Raises:
            ArtifactError: A place refused it; the record is kept elsewhere, and the message
                says where.
        """
        data = to_json(record)
        noted = to_json(structs.replace(record, notes=(*record.notes, REFUSED_NOTE)))
        problems = []
        for path in (self.folder / RECORD, *self._copy(record)):
            place, refusal = artifacts.rescue_write(path, data, noted)
            if refusal is not None:
                problems += [*refusal.problems, _kept(place, self.folder)]
        if problems:
            raise ArtifactError(problems)
        return record

    def save_partial(self, outcome: Outcome, code: str, text: str) -> Path | None:
        """Write the record of a test that did not end, and return where it lies.

        Why: a failure to write must not hide why the run ended, so None is returned where
            every place refuses.
        """
        do = "run it again; the files of this run stay in its folder"
        verdict = Verdict(result="PARTIAL", causes=(Cause(code=code, text=text, do=do),))
        metrics = tuple(_so_far(self.plan, outcome.timed))
        model = Model(name=self.plan.model.name if self.plan.model else "", sha256="")
        record = self._record(metrics, verdict, model, (PARTIAL_NOTE,))
        try:
            place, _ = artifacts.rescue_write(self.folder / RECORD, to_json(record))
            for path in self._copy(record):
                artifacts.rescue_write(path, to_json(record))
        except ArtifactError:
            return None
        return place

    def _copy(self, record: RunRecord) -> tuple[Path, ...]:
        """Return where HARNESS_RECORD_DIR wants a copy: one path or none."""
        copies = artifacts.record_folder() if self.evidence else None
        if copies is None:
            return ()
        stamp = self.created.strftime("%Y%m%dT%H%M%S%f")
        key = record.key.replace("/", "-").replace("@", "-")
        return (copies / f"{stamp}-{key}-{record.mode}-{os.getpid()}.json",)

    def _accuracy(self, found: dict[str, Any]) -> Accuracy:
        """Return the accuracy with its goal: a share of the reference accuracy."""
        facts = _facts(self.plan.workload)
        goal = float(self.plan.accuracy_goal.value) / 100 * facts.reference_accuracy
        return Accuracy(
            metric=facts.metric,
            value=found["value"],
            reference=facts.reference_accuracy,
            goal=goal,
            passed=found["value"] >= goal,
            samples=found["samples"],
        )

    def _record(
        self,
        metrics: tuple[Metric, ...],
        verdict: Verdict,
        model: Model,
        notes: tuple[str, ...],
        accuracy: Accuracy | None = None,
    ) -> RunRecord:
        """Return a record with everything that does not depend on the outcome."""
        plan = self.plan
        return RunRecord(
            key=plan.key,
            target=plan.target,
            workload=plan.workload,
            scenario=str(plan.scenario),
            mode=str(plan.mode),
            quick=plan.quick,
            created=self.created.isoformat(timespec="seconds"),
            seconds=round(perf_counter() - self.began, 3),
            settings=values_of(plan.settings),
            overrides=plan.overrides,
            metrics=metrics,
            verdict=verdict,
            machine=read_machine(),
            packages=read_packages(),
            code=read_code(),
            model=model,
            accuracy=accuracy,
            telemetry=self.watch.summary(),
            notes=_audit_notes(plan) + _quick_notes(plan) + plan.notes + notes,
            logs=LOGS,
            audit=plan.audit,
        )


def _failure_of(outcome: Outcome, folder: Path, tail: str, served: Serving) -> HarnessError | None:
    """Return why a test did not come to its end; None where it did and its servers live."""
    if outcome.done is None:
        return served.explain(_error_of(outcome, folder, tail))
    dead = served.deaths()
    return RunError(dead) if dead else None


def _stop(child: Child) -> Outcome:
    """End the child and return what it told; a second Ctrl-C ends it at once."""
    try:
        return child.stop()
    except KeyboardInterrupt:
        return child.outcome


def _facts(workload: str) -> Workload:
    """Return what a workload's module says of it."""
    return find_workload(workload).WORKLOAD


def _absolute(plan: RunPlan) -> RunPlan:
    """Return the plan with absolute paths, as it may be read from elsewhere."""
    from dataclasses import replace

    return replace(
        plan,
        model=plan.model.absolute() if plan.model else None,
        data=plan.data.absolute() if plan.data else None,
    )


def _audit_notes(plan: RunPlan) -> tuple[str, ...]:
    """Return what every output of a compliance run must say; nothing for an ordinary run."""
    if not plan.audit:
        return ()
    return (f"compliance test {plan.audit}: the figure is compared with the performance run's",)


def _quick_notes(plan: RunPlan) -> tuple[str, ...]:
    """Return what every output of a quick run must say; nothing for an ordinary run."""
    if not plan.quick:
        return ()
    judged = plan.overrides.get("target_latency_percentile")
    if judged is None or plan.mode is not Mode.PERFORMANCE:
        return (QUICK_NOTE,)
    count = getattr(plan.settings, "min_query_count", 0)
    why = f"for want of queries ({count} asked for)"
    return (QUICK_NOTE, f"judged at percentile {judged:g} instead of the scenario's own, {why}")


def _so_far(plan: RunPlan, timed: Progress | None) -> list[Metric]:
    """Return what the last report of the timed part says of speed."""
    if timed is None or plan.mode is Mode.ACCURACY or not timed.done or timed.elapsed_s <= 0:
        return []
    rate = timed.done / timed.elapsed_s
    if plan.scenario is Scenario.OFFLINE:
        name, unit = "samples_per_s", "samples/s"
    else:
        name, unit = "queries_per_s", "queries/s"
    primary = plan.scenario in (Scenario.OFFLINE, Scenario.SERVER)
    metrics = [Metric(name=name, value=rate, unit=unit, better="higher", primary=primary)]
    metrics.append(
        Metric(name=timed.unit, value=float(timed.done), unit=timed.unit, better="higher")
    )
    return metrics


def _check_end(detail: Detail, plan: RunPlan, folder: Path) -> None:
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


def _told(error: HarnessError, kept: Path | None, folder: Path) -> HarnessError:
    """Return an error that also says where the partial record is, where that is elsewhere."""
    if kept == folder / RECORD:
        return error
    return type(error)([*error.problems, _kept(kept, folder)])


def _kept(place: Path | None, folder: Path) -> Problem:
    """Return what to say of a record that is not in its folder."""
    got = f"it in {place}" if place else "no place that takes it"
    return Problem("record", f"it in {folder}", got, "move it where you want it")


def _stopped(record: Path, outcome: Outcome) -> Problem:
    """Return what to say of a run that the user stopped."""
    last = outcome.progress
    got = "a stop before the start"
    if last:
        got = f"a stop in phase {last.phase} after {last.done} of {last.total} {last.unit}"
    do = f"the partial record is {record}; run again into another folder"
    return Problem("run", "to end by itself", got, do, INTERRUPTED.code)


def _error_of(outcome: Outcome, folder: Path, tail: str) -> HarnessError:
    """Return the error that ended the child, of the class that the child raised."""
    told = outcome.error
    if told is None:
        code = outcome.exit_code
        ended = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        phase = outcome.progress.phase if outcome.progress else "start"
        got = f"{ended} in phase {phase}" + (f":\n{tail}" if tail else "")
        do = f"see {folder / STDERR}"
        return RunError(Problem("child process", "to end with a result", got, do, CHILD_DIED.code))
    if told["problems"]:
        cls = getattr(errors, told["kind"], RunError)
        known = isinstance(cls, type) and issubclass(cls, HarnessError)
        return (cls if known else RunError)([Problem(*parts) for parts in told["problems"]])
    got = f"{told['kind']}: {told['text']}" + (f"\n{tail}" if tail else "")
    do = f"see {folder / STDERR}"
    return RunError(Problem("child process", "to end with a result", got, do, CHILD_DIED.code))
