"""The process of one run: `python -m runtime.loadgen.child PLAN.json`.

LoadGen keeps its state in the process, so one process runs one test. The folder
of the plan gets user.conf and LoadGen's logs; progress and the outcome leave as
JSON lines on a file descriptor.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, NoReturn

from runtime.artifacts import cache_folder
from runtime.configs.workload import ModelFile, SampleSet
from runtime.devices.host import end_with_parent
from runtime.errors import HarnessError, Interrupted, Problem, RunError
from runtime.loadgen.audit import check_audit
from runtime.loadgen.job import Job
from runtime.loadgen.modules import find_workload
from runtime.loadgen.progress import Reporter, Sampler
from runtime.plan import RunPlan
from runtime.troubles.settings import SEEDS_MISSING
from runtime.vocabulary import Mode

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
    workload = find_workload(plan.workload)
    model = workload.open_model(plan.model, cache_folder())
    samples = workload.open_samples(plan.data, plan.mode)
    job = Job(
        plan=plan,
        folder=folder,
        workload=workload,
        model=model,
        samples=samples,
        sampler=sampler,
        on_error=lambda error: _fail(error, reporter),
    )
    retried = job.run()
    found: dict[str, Any] = {
        "model": _model_facts(model),
        "notes": _notes(model, samples),
        "retried": retried,
        "engines": job.engines,
    }
    if plan.mode is Mode.ACCURACY:
        found["accuracy"] = job.judge()
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the plan that the command line names and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m runtime.loadgen.child")
    parser.add_argument("plan", type=Path, help="plan in JSON; its folder gets the logs")
    parser.add_argument("--progress-fd", type=int, help="descriptor for JSON lines")
    parser.add_argument("--parent", type=int, help="process that this one must not outlive")
    options = parser.parse_args(arguments)
    if options.parent:
        end_with_parent(options.parent)
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


def _model_facts(model: ModelFile) -> dict[str, Any]:
    return {"name": model.path.name, "sha256": model.sha256, "synthetic": model.synthetic}


def _notes(model: ModelFile, samples: SampleSet) -> list[str]:
    """Return what every output of the run must say about model and samples."""
    return [note for note in (model.note, samples.note) if note]


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
