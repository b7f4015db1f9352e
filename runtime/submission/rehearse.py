"""A submission from beginning to end without a data set: `rehearse`.

Real LoadGen runs of the true length and count in the open division, on generated images with
a small stand-in model, or one that the user names. What is done is kept: a rehearsal that was
stopped goes on where it was.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from runtime import artifacts
from runtime.configs.registry import Registry
from runtime.errors import ArtifactError, InvalidResult, Problem, RunError
from runtime.loadgen.progress import Progress
from runtime.loadgen.session import RECORD, execute
from runtime.plan import RunPlan, resolve
from runtime.record import RunRecord, from_json
from runtime.submission.findings import Report
from runtime.submission.pack import plan_tree, publish
from runtime.submission.standin import make_metadata, require_wheel
from runtime.vocabulary import Mode, Scenario
from runtime.workloads import generated

STATE = "rehearsal.json"
"""File that makes a folder one of a rehearsal."""

KIND = "calliope.rehearsal"
"""What that file says of itself."""

IMAGES = 50_000
"""Images of a rehearsal, as many as the data set has."""

QUICK_IMAGES = 2_048
"""Images of a quick one."""

QUICK_MS = 1_000
"""Least duration of a quick performance run, in ms."""

PROBE_MS = 4_000
"""Least duration of the run that finds the rate, in ms."""

MARGIN = 1.1
"""Head room of the rate over what was measured before.

Why: LoadGen sizes the query for 1.1 times the duration, so a system that turns out a fifth
    faster than the probe still fills its 600 s.
"""

QUICK_MARGIN = 1.6
"""The same for a quick run.

Why: one second is soon over when other work on the machine ends after the probe, and a
    larger query costs only half a second.
"""

ATTEMPTS = 3
"""Performance runs before a rehearsal gives up on a machine whose speed changes."""

STEPS = ("images", "probe", "performance", "accuracy", "pack")
"""What a rehearsal does, in order."""


@dataclass(frozen=True, kw_only=True)
class Whole:
    """Where a rehearsal stands."""

    step: str
    """One of `STEPS`."""
    share: float
    """Part of the whole that is done, by time, 0 to 1."""
    left_s: float
    """Estimate of the time left, in seconds."""
    run: Progress | None = None
    """Where the run of the step stands; None where it is none."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a rehearsal left."""

    tree: Path
    """The tree."""
    report: Report
    """The check's judgement on it."""
    speed: RunRecord
    """Record of the performance run."""
    accuracy: RunRecord
    """Record of the accuracy run."""


@dataclass
class Rehearsal:
    """One rehearsal in its folder."""

    out: Path
    """Its folder."""
    registry: Registry
    """Entries and targets."""
    target: str = "cpu"
    """Target to run on."""
    quick: bool = False
    """Whether runs are shortened; the tree then cannot be submitted."""
    model: Path | None = None
    """The user's model; None for the stand-in."""
    on_progress: Callable[[Whole], None] = field(default=lambda _: None)
    """Called with where it stands."""
    _estimates: dict[str, float] = field(default_factory=dict)
    _began: float = 0.0

    def run(self) -> Outcome:
        """Do what is not done yet, and return what came of the whole.

        Raises:
            ArtifactError: The folder is something else's, or cannot be written.
            HarnessError: What a run, or the packing, cannot do.
        """
        require_wheel()
        self._claim()
        with artifacts.lock_folder(self.out):
            self._estimates = dict(zip(STEPS, self._seconds(), strict=True))
            self._tell("images", 0.0, None)
            model = self._prepare()
            rate = self._probe(model)
            speed = self._measure(model, rate)
            rate = float(speed.settings["target_qps"])
            accuracy = self._run("accuracy", self._plan(model, rate, Mode.ACCURACY))
            if accuracy.verdict.result == "INVALID" and accuracy.accuracy is None:
                raise RunError(Problem("accuracy run", "an accuracy", "none", "see its folder"))
            report = self._pack()
        return Outcome(tree=self.out / "tree", report=report, speed=speed, accuracy=accuracy)

    def _seconds(self) -> tuple[float, ...]:
        """Return an estimate of each step's time, in seconds."""
        return (1.0, 4.0, 3.0, 4.0, 1.0) if self.quick else (1.0, 8.0, 740.0, 60.0, 3.0)

    def _claim(self) -> None:
        """Make the folder ours, or make sure that it is."""
        said = {"kind": KIND, "quick": self.quick, "target": self.target}
        said |= {"model": str(self.model.absolute()) if self.model else ""}
        path = self.out / STATE
        if not path.is_file():
            artifacts.prepare_folder(self.out)
            artifacts.atomic_write(path, json.dumps(said, indent=2).encode() + b"\n")
            return
        try:
            found = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            found = str(error)
        if found != said:
            do = "go on with the same flags, or choose another folder"
            raise ArtifactError(Problem(str(path), json.dumps(said), json.dumps(found), do))

    def _prepare(self) -> Path:
        """Make images and stand-in where they are not there; return the model to run."""
        images = self.out / "images"
        if not (images / generated.MANIFEST).is_file():
            generated.write_manifest(images, QUICK_IMAGES if self.quick else IMAGES)
        if self.model is not None:
            return self.model
        model = self.out / "model" / "stand-in.onnx"
        if not model.is_file():
            artifacts.atomic_write(model, generated.build_stand_in())
        return model

    def _plan(self, model: Path, rate: float, mode: Mode, **more: Any) -> RunPlan:
        """Return the plan of a run; what differs from the entry is in its record."""
        values: dict[str, Any] = {"target_qps": rate, "lanes": 1, "batch_size": 8, **more}
        if self.quick:
            values = {"min_duration_ms": QUICK_MS, "min_sample_count": 1024} | values
        return resolve(
            self.registry,
            target=self.target,
            workload="resnet50",
            scenario=Scenario.OFFLINE,
            mode=mode,
            quick=self.quick,
            overrides=values,
            model=model,
            data=self.out / "images",
        )

    @property
    def _margin(self) -> float:
        """Head room of the next run's rate over the last one's."""
        return QUICK_MARGIN if self.quick else MARGIN

    def _probe(self, model: Path) -> float:
        """Return the rate to size the run by, from a run of seconds."""
        found = self._done("probe")
        if found is None or found.primary is None:
            rate = 100.0 if self.model else 1_000.0
            plan = self._plan(
                model,
                rate,
                Mode.PERFORMANCE,
                min_duration_ms=QUICK_MS if self.quick else PROBE_MS,
                min_sample_count=1024,
            )
            found = self._run("probe", plan)
        if found.primary is None:
            raise RunError(Problem("probe", "a rate", "none", f"see {self.out / 'probe'}"))
        return float(f"{found.primary.value * self._margin:.3g}")

    def _measure(self, model: Path, rate: float) -> RunRecord:
        """Return the record of a VALID performance run; try again with the rate that was seen."""
        for _ in range(ATTEMPTS):
            record = self._run("performance", self._plan(model, rate, Mode.PERFORMANCE))
            if record.verdict.result == "VALID":
                return record
            codes = {cause.code for cause in record.verdict.causes}
            if codes != {"min-duration"} or record.primary is None:
                break
            self._set_aside("performance")
            rate = float(f"{record.primary.value * self._margin:.3g}")
        causes = record.verdict.causes
        raise InvalidResult(
            [Problem("performance run", "a VALID run", c.text, c.do) for c in causes]
        )

    def _run(self, step: str, plan: RunPlan) -> RunRecord:
        """Return the record of a step's run, made now unless it is there."""
        found = self._done(step)
        if found is not None:
            return found
        if (self.out / step).exists():
            self._set_aside(step)
        self._began = monotonic()
        record = execute(plan, self.out / step, lambda p: self._follow(step, p), evidence=False)
        if plan.mode is Mode.PERFORMANCE and step == "probe" and record.primary:
            self._estimate(record.primary.value)
        return record

    def _estimate(self, rate: float) -> None:
        """Note how long the performance run will take at a rate."""
        if not self.quick:
            samples = 1.1 * 600 * rate * MARGIN
            self._estimates["performance"] = max(samples, 24_576) / rate

    def _done(self, step: str) -> RunRecord | None:
        """Return the record of a step that ended well before; None where there is none."""
        import msgspec

        try:
            record = from_json((self.out / step / RECORD).read_bytes())
        except (OSError, msgspec.DecodeError):
            return None
        ended = record.verdict.result == "VALID" or step in ("probe", "accuracy")
        return record if ended and record.verdict.result != "PARTIAL" else None

    def _set_aside(self, step: str) -> None:
        """Keep a run that cannot be used under another name."""
        for number in range(1, 1000):
            aside = self.out / f"{step}.unused-{number}"
            if not aside.exists():
                (self.out / step).rename(aside)
                return

    def _pack(self) -> Report:
        """Return the check's report on the tree, packed now."""
        self._tell("pack", 0.0, None)
        shutil.rmtree(self.out / "tree", ignore_errors=True)  # made of the runs beside it
        runs = [self.out / "performance", self.out / "accuracy"]
        plan = plan_tree(runs, make_metadata(), self.registry)
        report = publish(plan, self.out / "tree", force=self.quick)
        self._tell("pack", 1.0, None)
        return report

    def _follow(self, step: str, progress: Progress) -> None:
        """Tell where a run stands."""
        spent, whole = monotonic() - self._began, self._estimates[step]
        if progress.phase == "timed" and progress.done and progress.total:
            self._estimates[step] = whole = max(
                spent, spent + progress.elapsed_s * (progress.total / progress.done - 1)
            )
        self._tell(step, min(1.0, spent / whole), progress)

    def _tell(self, step: str, share: float, progress: Progress | None) -> None:
        """Tell where the whole stands."""
        at = STEPS.index(step)
        seconds = [self._estimates[name] for name in STEPS]
        done = sum(seconds[:at]) + share * seconds[at]
        total = sum(seconds)
        self.on_progress(Whole(step=step, share=done / total, left_s=total - done, run=progress))
