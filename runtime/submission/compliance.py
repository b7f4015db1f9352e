"""Compliance runs: the performance run again under a test's audit.config, then verified."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from runtime import artifacts
from runtime.errors import ArtifactError, ConfigError, Problem
from runtime.loadgen.audit import TESTS
from runtime.loadgen.logs import ACCURACY, DETAIL
from runtime.loadgen.progress import Progress
from runtime.loadgen.session import execute
from runtime.plan import RunPlan
from runtime.submission.check_tests import VERIFY_ACCURACY, VERIFY_PERFORMANCE
from runtime.submission.logfile import Log, read_log
from runtime.submission.runs import Run, read_runs
from runtime.submission.verify import Compared, compare_answers, compare_speed
from runtime.vocabulary import Mode

PLAN = "plan.json"
"""Name of a run's plan in its folder."""


@dataclass(frozen=True, kw_only=True)
class Verified:
    """Outcome of one compliance test."""

    test: str
    """Name of the test."""
    folder: Path
    """Folder of its run, with the verification texts."""
    compared: dict[str, Compared]
    """Each comparison by the name of its text."""
    causes: tuple[str, ...] = ()
    """Why LoadGen called the test's run INVALID, and what to change; empty for VALID."""

    @property
    def passed(self) -> bool:
        """Return whether every comparison passed."""
        return all(one.passed for one in self.compared.values())


def run_test(
    test: str,
    performance: Path,
    accuracy: Path,
    out: Path,
    on_progress: Callable[[Progress], None] | None = None,
) -> Verified:
    """Run a compliance test with the plan of the performance run and verify it.

    Args:
        test: `TEST01` or `TEST04`.
        performance: Folder of the performance run.
        accuracy: Folder of the accuracy run.
        out: Folder of the compliance run; absent or empty.
        on_progress: Called with where the run stands.

    Raises:
        ConfigError: With what is wrong with the two runs.
        HarnessError: What the run cannot do.
    """
    runs = _check_runs(test, performance, accuracy)
    plan = RunPlan.from_json((performance / PLAN).read_bytes())
    execute(replace(plan, audit=test), out, on_progress, evidence=False)
    return verify(test, read_runs([out])[0][0], runs)


def verify_test(test: str, folder: Path, performance: Path, accuracy: Path) -> Verified:
    """Verify a compliance run that was made before; its texts are written anew.

    Raises:
        ConfigError: With what is wrong with the runs.
    """
    runs = _check_runs(test, performance, accuracy)
    found, problems = read_runs([folder])
    if not problems and found[0].record.audit != test:
        got = found[0].record.audit or "an ordinary run"
        do = f"name the folder of `harness compliance run {test}`"
        problems.append(Problem(f"run {folder}", f"a run of {test}", got, do))
    if problems:
        raise ConfigError(problems)
    return verify(test, found[0], runs)


def verify(test: str, run: Run, runs: dict[str, Run]) -> Verified:
    """Compare a compliance run with the result's runs and write the texts beside it."""
    speed = compare_speed(test, _log(runs["performance"].logs), _log(run.logs))
    compared = {VERIFY_PERFORMANCE: speed}
    if test == "TEST01":
        compared[VERIFY_ACCURACY] = compare_answers(
            dict(read_entries(runs["accuracy"].logs / ACCURACY)),
            read_entries(run.logs / ACCURACY),
        )
    for name, one in compared.items():
        artifacts.atomic_write(run.folder / name, one.text.encode())
    causes = tuple(f"{cause.text}; {cause.do}" for cause in run.record.verdict.causes)
    return Verified(test=test, folder=run.folder, compared=compared, causes=causes)


def read_entries(path: Path) -> list[tuple[int, str]]:
    """Return sample index and answer of every entry of an accuracy log, repeated ones too.

    Raises:
        ArtifactError: The file cannot be read, or is no accuracy log.
    """
    try:
        return [(item["qsl_idx"], item["data"]) for item in json.loads(path.read_bytes())]
    except (OSError, ValueError, KeyError, TypeError) as error:
        got = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        do = "measure again"
        raise ArtifactError(Problem(str(path), "LoadGen's accuracy log", got, do)) from error


def _check_runs(test: str, performance: Path, accuracy: Path) -> dict[str, Run]:
    """Return the two runs that a test is compared with.

    Raises:
        ConfigError: With everything that is wrong with them.
    """
    found, problems = read_runs([performance, accuracy])
    if test not in TESTS:
        want, do = f"one of: {', '.join(sorted(TESTS))}", "name one"
        problems.append(Problem("compliance test", want, repr(test), do))
    for folder, mode in ((performance, Mode.PERFORMANCE), (accuracy, Mode.ACCURACY)):
        run = next((r for r in found if r.folder == folder), None)
        if run is not None and run.kind != str(mode):
            do = f"name the folder of a run with --mode {mode}"
            problems.append(Problem(f"--{mode} {folder}", f"a run of mode {mode}", run.kind, do))
    if not problems and found[0].record.model.sha256 != found[1].record.model.sha256:
        want, got = "the performance run's model", found[1].record.model.sha256[:16]
        problems.append(Problem(f"--accuracy {accuracy}", want, got, "name runs of one model"))
    if problems:
        raise ConfigError(problems)
    return {"performance": found[0], "accuracy": found[1]}


def _log(folder: Path) -> Log:
    """Return the detail log of a run."""
    try:
        return read_log((folder / DETAIL).read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        got = error.strerror or str(error)
        raise ArtifactError(
            Problem(str(folder / DETAIL), "a log of LoadGen", got, "measure again")
        ) from error
