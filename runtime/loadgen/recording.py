"""From what a run's child process told to the record, whole or partial, on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from msgspec import convert, structs

from runtime import artifacts
from runtime.configs.workload import Workload
from runtime.environment import read_code, read_machine, read_packages
from runtime.errors import ArtifactError
from runtime.loadgen.endings import check_end, kept_elsewhere
from runtime.loadgen.logs import DETAIL, LOGS, read_detail
from runtime.loadgen.metrics import read_metrics
from runtime.loadgen.modules import find_workload
from runtime.loadgen.process import Outcome
from runtime.loadgen.progress import Progress
from runtime.loadgen.serving import with_retries
from runtime.loadgen.telemetry import RunWatch
from runtime.loadgen.verdict import judge_accuracy, judge_performance
from runtime.plan import RunPlan, values_of
from runtime.record import (
    QUICK_NOTE,
    Accuracy,
    Cause,
    EngineFile,
    Metric,
    Model,
    RunRecord,
    Verdict,
    to_json,
)
from runtime.vocabulary import Mode, Scenario

RECORD = "record.json"
"""Name of the record in the run's folder."""

PARTIAL_NOTE = "partial: the run was stopped before its end; the figures are what it had so far"
"""What every output of a run that did not end carries."""

REFUSED_NOTE = "the results folder refused the record; LoadGen's own files may be cut off"
"""What a record carries that lies elsewhere than it was asked for."""


@dataclass(frozen=True)
class Recorder:
    """What a record needs besides the outcome."""

    plan: RunPlan
    """The run."""
    folder: Path
    """Where the record goes, with LoadGen's logs below it."""
    created: datetime
    """Start of the run, in UTC."""
    began: float
    """The same moment, as `time.perf_counter()`."""
    evidence: bool
    """Whether a copy may go to HARNESS_RECORD_DIR."""
    watch: RunWatch
    """What looks at the run's GPUs."""

    def finish(self, done: dict[str, Any], more: tuple[str, ...] = ()) -> RunRecord:
        """Return the record of a test that came to its end; its notes end with `more`."""
        detail = read_detail(self.folder / LOGS / DETAIL)
        check_end(detail, self.plan, self.folder)
        model = Model(**done["model"])
        engines = join_engines(done.get("engines", ()))
        notes = (*done["notes"], *more)
        retried = int(done.get("retried", 0))
        if self.plan.mode is Mode.PERFORMANCE:
            least = _facts(self.plan.workload).performance_samples
            verdict = judge_performance(detail, self.plan.settings, least)
            metrics = read_metrics(detail, self.plan.settings)
            verdict = with_retries(verdict, retried)
            return self._record(metrics, verdict, model, notes, engines=engines)
        accuracy = self._accuracy(done["accuracy"])
        samples = int(detail.number("qsl_reported_total_count") or accuracy.samples)
        verdict = with_retries(judge_accuracy(accuracy, detail, samples), retried)
        metric = Metric(
            name="accuracy", value=accuracy.value, unit="share", better="higher", primary=True
        )
        return self._record((metric,), verdict, model, notes, engines=engines, accuracy=accuracy)

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
                problems += [*refusal.problems, kept_elsewhere(place, self.folder)]
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
        *,
        engines: tuple[EngineFile, ...] = (),
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
            engines=engines,
            accuracy=accuracy,
            telemetry=self.watch.summary(),
            notes=_audit_notes(plan) + _quick_notes(plan) + plan.notes + notes,
            logs=LOGS,
            audit=plan.audit,
        )


def join_engines(told: Iterable[dict[str, Any]]) -> tuple[EngineFile, ...]:
    """Return each engine once, with every device that executed it; built where one says so.

    Args:
        told: What each process told of its own, as `EngineFile` in JSON form.
    """
    found: dict[tuple[str, str], EngineFile] = {}
    for plain in told:
        new = convert(plain, EngineFile)
        old = found.get((new.name, new.sha256), new)
        devices = tuple(sorted({*old.devices, *new.devices}))
        both = structs.replace(new, devices=devices, built=old.built or new.built)
        found[new.name, new.sha256] = both
    return tuple(found.values())


def _facts(workload: str) -> Workload:
    """Return what a workload's module says of it."""
    return find_workload(workload).WORKLOAD


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
