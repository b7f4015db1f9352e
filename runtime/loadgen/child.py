"""The process of one run: `python -m runtime.loadgen.child PLAN.json`.

LoadGen keeps its state in the process, so one process runs one test. The folder
of the plan gets user.conf and LoadGen's logs; progress and the outcome leave as
JSON lines on a file descriptor.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, NoReturn, cast

from runtime.artifacts import cache_folder
from runtime.backends.base import Backend, open_backend
from runtime.configs.schema import MultiStream, Offline, Server, SingleStream
from runtime.configs.workload import ModelFile, SampleSet, WorkloadModule
from runtime.errors import HarnessError, Interrupted, Problem, RunError, UsageError
from runtime.loadgen.audit import check_audit
from runtime.loadgen.lanes import Lane
from runtime.loadgen.logs import ACCURACY, LOGS, read_answers
from runtime.loadgen.progress import Reporter, Sampler
from runtime.loadgen.qsl import SampleLibrary
from runtime.loadgen.settings import (
    make_log_settings,
    make_settings,
    write_user_conf,
)
from runtime.loadgen.sut import SystemUnderTest
from runtime.loadgen.userconf import loadgen_samples
from runtime.plan import RunPlan
from runtime.troubles.settings import SEEDS_MISSING
from runtime.vocabulary import Mode, Scenario

USER_CONF = "user.conf"
"""Name of the settings file that LoadGen reads, inside the run's folder."""

_claimed = threading.Lock()


def run_test(plan: RunPlan, folder: Path, reporter: Reporter, sampler: Sampler) -> dict[str, Any]:
    """Run the plan's test, the only one of this process, and return what came of it.

    Args:
        plan: The run.
        folder: Gets user.conf and `loadgen/`.
        reporter: Gets errors of lanes.
        sampler: Gets the phases.

    Returns:
        Model and samples as they were, and the accuracy where it was asked for, in JSON form.

    Raises:
        RunError: A test ran in this process before.
        HarnessError: Whatever the workload, the backend or LoadGen cannot do.
    """
    if not _claimed.acquire(blocking=False):
        raise RunError(
            Problem(
                "LoadGen",
                "one test per process",
                "a second",
                "start another process",
                SEEDS_MISSING.code,
            )
        )
    check_audit(plan.audit, Path.cwd())
    workload = _workload(plan.workload)
    model = workload.open_model(plan.model, cache_folder())
    samples = workload.open_samples(plan.data, plan.mode)
    job = _Job(plan, folder, workload, samples, reporter, sampler)
    backends = [
        open_backend(model, workload.WORKLOAD, plan.settings, device)
        for device in plan.devices or (None,)
    ]
    try:
        job.run(backends)
    finally:
        for backend in backends:
            backend.close()
    found: dict[str, Any] = {"model": _model_facts(model), "notes": _notes(model, samples)}
    if plan.mode is Mode.ACCURACY:
        found["accuracy"] = job.judge()
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the plan that the command line names and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m runtime.loadgen.child")
    parser.add_argument("plan", type=Path, help="plan in JSON; its folder gets the logs")
    parser.add_argument("--progress-fd", type=int, help="descriptor for JSON lines")
    options = parser.parse_args(arguments)
    reporter = Reporter(options.progress_fd)
    _end_on_signals(reporter)
    sampler = Sampler(reporter)
    sampler.start()
    try:
        plan = RunPlan.from_json(options.plan.read_bytes())
        found = run_test(plan, options.plan.resolve().parent, reporter, sampler)
    except BaseException as error:  # noqa: BLE001 - everything is told to the parent
        _fail(error, reporter)
    sampler.enter("finish", "steps", lambda: (1, 1))
    sampler.stop()
    reporter.send("done", **found)
    return 0


def _workload(name: str) -> WorkloadModule:
    """Return the workload's module, importing no other one."""
    try:
        module = importlib.import_module(f"runtime.workloads.{name.replace('-', '_')}")
    except ModuleNotFoundError as error:
        raise UsageError(
            Problem("workload", "a module in runtime.workloads", repr(name), "see `harness list`")
        ) from error
    return cast("WorkloadModule", module)


@dataclass(frozen=True)
class _Job:
    """One test with everything that it needs but the backends."""

    plan: RunPlan
    folder: Path
    workload: WorkloadModule
    samples: SampleSet
    reporter: Reporter
    sampler: Sampler

    def run(self, backends: list[Backend]) -> None:
        """Build library, lanes and settings, warm up, and let LoadGen run its test."""
        plan, facts, count = self.plan, self.workload.WORKLOAD, len(self.samples)
        held = min(facts.performance_samples, count)
        write_user_conf(plan, facts, held, self.folder / USER_CONF)
        settings = make_settings(plan, facts, self.folder / USER_CONF)
        loaded = [0, 0]
        library = SampleLibrary(
            self.samples, facts.input, lambda done, total: _set(loaded, done, total)
        )
        lanes = [
            Lane(
                backend.bind(plan.settings.batch_size),
                library,
                self.workload.postprocess,
                facts.answer_dtype,
            )
            for backend in backends
            for _ in range(plan.settings.lanes)
        ]
        self._warm_up(lanes)
        sut = SystemUnderTest(
            plan.scenario,
            lanes,
            library,
            delay_us=plan.settings.max_queue_delay_us if isinstance(plan.settings, Server) else 0,
            on_error=lambda error: _fail(error, self.reporter),
        )
        self.sampler.enter("load", "samples", lambda: (loaded[0], loaded[1]))
        self.sampler.follow(lambda: sut.started, "timed", _unit(plan), _counter(plan, sut, count))
        least = count if plan.mode is Mode.ACCURACY else 1
        self.sampler.follow(lambda: sut.ended(least), "finish", "steps", lambda: (0, 1))
        self._start(sut, library, settings, held)

    def judge(self) -> dict[str, Any]:
        """Return the accuracy of the logged answers."""
        answers = read_answers(self.folder / LOGS / ACCURACY)
        self.sampler.enter("accuracy", "samples", lambda: (0, len(answers)))
        value = self.workload.accuracy(answers, self.plan.data)
        return {"value": value, "samples": len(answers)}

    def _warm_up(self, lanes: list[Lane]) -> None:
        """Run the untimed inferences of every lane, on real samples."""
        import numpy as np

        batches = self.plan.settings.warmup_batches
        if not batches:
            return
        done, total = [0], batches * len(lanes)
        self.sampler.enter("warm-up", "batches", lambda: (done[0], total))
        wanted = min(lanes[0].capacity, len(self.samples))
        head = self.samples.load(np.arange(wanted, dtype=np.int64))
        for lane in lanes:
            for _ in range(batches):
                lane.warm_up(head, 1)
                done[0] += 1

    def _start(
        self, sut: SystemUnderTest, library: SampleLibrary, settings: Any, held: int
    ) -> None:
        """Let LoadGen run its test and give its handles back."""
        import mlperf_loadgen as lg

        load, unload = (_guard(f, self.reporter) for f in (library.load, library.unload))
        handle = sut.construct()
        shelf = lg.ConstructQSL(len(self.samples), held, load, unload)
        sut.start()
        try:
            logs = make_log_settings(self.folder / LOGS)
            lg.StartTestWithLogSettings(handle, shelf, settings, logs)
            sut.stop()
        finally:
            lg.DestroyQSL(shelf)
            lg.DestroyFastSUT(handle)


def _set(counts: list[int], done: int, total: int) -> None:
    """Keep how much is loaded, for the reporting thread."""
    counts[:] = done, total


def _unit(plan: RunPlan) -> str:
    return "samples" if plan.scenario is Scenario.OFFLINE else "queries"


def _counter(plan: RunPlan, sut: SystemUnderTest, count: int) -> Callable[[], tuple[int, int]]:
    """Return what reads (done, expected total) of the timed part, in the scenario's unit.

    Offline sends all in one query. The other scenarios end when both the least duration
    and the least count are reached, so their total follows the rate seen so far.
    """
    settings = plan.settings
    per_query = settings.samples_per_query if isinstance(settings, MultiStream) else 1
    if plan.mode is Mode.ACCURACY:
        return lambda: (sut.completed // per_query, -(-count // per_query))
    if isinstance(settings, Offline):
        least = loadgen_samples(settings)
        return lambda: (sut.completed, max(least, sut.issued))
    least = 0
    if isinstance(settings, (Server, SingleStream, MultiStream)):
        least = settings.min_query_count

    def read() -> tuple[int, int]:
        done = sut.completed // per_query
        elapsed = max(perf_counter() - (sut.started or 0.0), 1e-6)
        expected = done / elapsed * settings.min_duration_ms / 1000
        if isinstance(settings, Server):
            expected = settings.target_qps * settings.min_duration_ms / 1000
        return done, max(least, round(expected), done)

    return read


def _model_facts(model: ModelFile) -> dict[str, Any]:
    return {"name": model.path.name, "sha256": model.sha256, "synthetic": model.synthetic}


def _notes(model: ModelFile, samples: SampleSet) -> list[str]:
    """Return what every output of the run must say about model and samples."""
    return [note for note in (model.note, samples.note) if note]


def _guard(function: Callable[..., None], reporter: Reporter) -> Callable[..., None]:
    """Return the function with its errors told; C++ above cannot take them."""

    def guarded(*arguments: Any) -> None:
        try:
            function(*arguments)
        except BaseException as error:  # noqa: BLE001 - C++ above cannot take it
            _fail(error, reporter)

    return guarded


def _fail(error: BaseException, reporter: Reporter) -> NoReturn:
    """Tell the parent and end the process at once.

    Why: LoadGen has no way to stop a test; it would wait for ever for the missing answers.
    """
    problems = error.problems if isinstance(error, HarnessError) else ()
    reporter.send(
        "error",
        kind=type(error).__name__,
        text=str(error) or type(error).__name__,
        problems=[[p.where, p.want, p.got, p.do, p.code] for p in problems],
    )
    if not isinstance(error, HarnessError):
        traceback.print_exception(type(error), error, error.__traceback__)
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(getattr(error, "exit_code", RunError.exit_code))


def _end_on_signals(reporter: Reporter) -> None:
    """End the process on SIGINT and SIGTERM, even while LoadGen's C++ runs.

    Why: Python runs signal handlers between byte codes of the main thread, and that thread
        is inside LoadGen; a thread that waits for the signals is not.
    """
    watched = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)

    def wait() -> None:
        signal.sigwait(watched)
        reporter.send("stopped")
        os._exit(Interrupted.exit_code)

    threading.Thread(target=wait, name="signals", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
