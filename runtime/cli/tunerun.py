"""Runs a search from folder to result: checks, lock, journal, exit code."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import click

from runtime.artifacts import RESULTS, cache_folder, lock_folder, probe, problem_of
from runtime.cli.request import slug
from runtime.configs.registry import Registry
from runtime.configs.schema import Entry, Offline
from runtime.configs.workload import ModelFile, Workload
from runtime.errors import ArtifactError, InvalidResult
from runtime.plan import RunPlan
from runtime.tuning.axes import Axis, Fits, axes_of, make_fits
from runtime.tuning.bench import TRIALS, Bench, Execute
from runtime.tuning.flow import search
from runtime.tuning.found import Found, Options
from runtime.tuning.journal import JOURNAL, Journal, Keys
from runtime.tuning.result import Written
from runtime.vocabulary import HarnessKind

SERVERS = "servers"
"""Folder of the Triton servers of a search, inside its folder: repositories and logs."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asked for."""

    plan: RunPlan
    """The entry with `--set` applied."""
    fixed: frozenset[str]
    """Fields that `--set` named: they are not searched."""
    budget: float | None
    """Most minutes of new trials."""
    trial_s: float
    """Length of a trial's timed part, in seconds."""
    confirmations: int
    """VALID runs in a row that a result needs."""
    tolerance: float
    """How exactly the Server rate is found, in %."""
    full: bool
    """Whether the confirming runs have the entry's own durations."""
    out: Path | None
    """The user's folder."""
    fresh: bool
    """Whether an earlier journal is kept aside."""

    @property
    def options(self) -> Options:
        """Return how thorough the search is."""
        return Options(
            confirmations=self.confirmations, tolerance=self.tolerance / 100, full=self.full
        )


@dataclass(frozen=True, kw_only=True)
class Search:
    """Everything that a search needs, with its folder held."""

    bench: Bench
    """Measures candidates."""
    axes: tuple[Axis, ...]
    """Fields to search."""
    fits: Fits
    """Tells what the device can take."""
    options: Options
    """How thorough it is."""
    entry: Entry
    """The entry as it is in the registry."""
    workload: Workload
    """The workload."""
    model: ModelFile
    """The model that is executed."""


@contextmanager
def prepare(registry: Registry, asked: Asked) -> Iterator[Search]:
    """Check everything, hold the folder, and give the search.

    Raises:
        MissingError: A package or a device is missing.
        ArtifactError: A place cannot be written, or another search is in the folder.
    """
    from runtime.cli.preflight import check_before_run

    folder, note = folder_of(asked)
    check_before_run([asked.plan], registry, [folder / TRIALS / "next"], None)
    found = problem_of(probe(folder), "--out")
    if found:
        raise ArtifactError(found)
    if note:
        click.echo(f"note: {note}", err=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(problem_of(probe(folder), "--out") or ()) from error
    with lock_folder(folder), ExitStack() as stack:
        if asked.fresh:
            _set_aside(folder / JOURNAL)
        model = _open_model(asked.plan)
        keys = Keys(asked.plan, model.sha256)
        bench = make_bench(asked, folder, Journal(folder), keys, _runner(asked.plan, folder, stack))
        target = registry.target(asked.plan.target)
        workload = registry.workload(asked.plan.workload)
        yield Search(
            bench=bench,
            axes=_axes(registry, asked),
            fits=make_fits(target, workload),
            options=asked.options,
            entry=registry.entry(asked.plan.key),
            workload=workload,
            model=model,
        )


def _runner(plan: RunPlan, folder: Path, stack: ExitStack) -> Execute:
    """Return what runs the trials; behind Triton, with servers that stay up between them."""
    from runtime.loadgen.session import execute

    if plan.harness is not HarnessKind.TRITON or plan.servers:
        return execute
    from runtime.loadgen.kept import KeptServers

    kept = KeptServers(folder / SERVERS)

    def close() -> None:
        kept.close()
        for problem in kept.problems:
            click.echo(f"note: {problem}", err=True)

    stack.callback(close)
    return partial(execute, lender=kept)


def run_search(found: Search, *, as_json: bool) -> int:
    """Search, write what was found, print it, and return the exit code."""
    from runtime.cli.tuneoutput import show_problems, show_progress, show_result
    from runtime.tuning.result import summarise, write_files

    bench = found.bench
    with show_progress(found) as (on_step, on_progress):
        bench.on_step, bench.on_progress = on_step, on_progress
        ended = search(bench, found.axes, found.fits, found.options)
    tuning = summarise(
        bench,
        ended,
        found.options,
        entry=found.entry,
        workload=found.workload,
        model=found.model,
    )
    written = write_files(tuning, bench.folder, _floor(found, ended))
    if as_json:
        from runtime.tuning.model import to_json

        click.echo(to_json(written.tuning), nl=False)
    code = _exit_code(written, ended)
    show_result(written.tuning, bench, code, err=as_json)
    show_problems(written.problems)
    return code


def _exit_code(written: Written, ended: Found) -> int:
    """Return 0 for a confirmed result, else what kept it from being one."""
    if ended.error is not None:
        return ended.error.exit_code
    if any(p.where != "plot" for p in written.problems):
        return ArtifactError.exit_code
    return 0 if written.tuning.status == "confirmed" else InvalidResult.exit_code


def _floor(found: Search, ended: Found) -> dict[int, float]:
    """Return what a bare loop around the backend does at the batch sizes of an Offline search."""
    from runtime.tuning.floor import measure_floor

    settings = found.bench.plan.settings
    if not isinstance(settings, Offline) or ended.error is not None:
        return {}
    tried = {t.changes.get("batch_size", settings.batch_size) for t in found.bench.used}
    return measure_floor(found.bench.plan, sorted(tried))


def show_forecast(registry: Registry, asked: Asked, *, as_json: bool) -> None:
    """Print what would be tried and how long that takes; nothing is opened."""
    from runtime.cli.tuneoutput import print_forecast
    from runtime.tuning.forecast import forecast

    plan = asked.plan
    target, workload = registry.target(plan.target), registry.workload(plan.workload)
    folder, _ = folder_of(asked)
    bench = make_bench(asked, folder, Journal(folder), None, None)
    fits = make_fits(target, workload)
    stages = forecast(bench, _axes(registry, asked), fits, asked.options)
    print_forecast(bench, stages, asked.budget, as_json=as_json)


def make_bench(
    asked: Asked, folder: Path, journal: Journal, keys: Keys | None, execute: Execute | None
) -> Bench:
    """Return the bench of a search; without keys and `execute` it can only estimate."""
    values: dict[str, Any] = {"keys": keys, "execute": execute}
    return Bench(
        plan=asked.plan,
        folder=folder,
        journal=journal,
        trial_s=asked.trial_s,
        budget_s=None if asked.budget is None else asked.budget * 60,
        **values,
    )


def folder_of(asked: Asked) -> tuple[Path, str]:
    """Return the folder of a search, and a note where it is not the usual one."""
    from runtime.cli.preflight import choose_parent

    if asked.out is not None:
        return asked.out, ""
    parent, note = choose_parent(Path(RESULTS))
    return parent / f"tune-{slug(asked.plan.key)}", note


def _axes(registry: Registry, asked: Asked) -> tuple[Axis, ...]:
    """Return the fields to search: those of the scenario that `--set` did not name."""
    target = registry.target(asked.plan.target)
    found = axes_of(asked.plan.settings, target, asked.plan.harness)
    return tuple(a for a in found if a.field not in asked.fixed)


def _open_model(plan: RunPlan) -> ModelFile:
    """Return the model that the trials will execute; a synthetic one is made here, once."""
    name = plan.workload.replace("-", "_")
    module = importlib.import_module(f"runtime.workloads.{name}")
    model: ModelFile = module.open_model(plan.model, cache_folder())
    return model


def _set_aside(journal: Path) -> None:
    """Rename an earlier journal, so that no trial of it is used."""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
    try:
        journal.rename(journal.with_name(f"{journal.stem}-{stamp}.json"))
    except FileNotFoundError:
        return
