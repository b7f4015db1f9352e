"""What must be there before a run starts: packages, devices, folders. All problems at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from runtime.artifacts import (
    LOCK_NAME,
    MIN_FREE_MIB,
    fallback_folder,
    folder_holder,
    probe,
    problem_of,
    record_folder,
)
from runtime.configs.registry import Registry
from runtime.errors import ArtifactError, ConfigError, HarnessError, MissingError, Problem
from runtime.plan import RunPlan
from runtime.space import AMPLE, Need, model_need, run_bytes
from runtime.troubles.machine import FOLDER_TAKEN, SUDO
from runtime.vocabulary import BackendName, HarnessKind

CORE_PACKAGES = ("mlcommons-loadgen", "numpy", "onnx", "psutil")
"""Distributions that every run needs."""

BACKEND_PACKAGES: dict[BackendName, tuple[str, ...]] = {
    BackendName.ONNXRUNTIME: ("onnxruntime",),
    BackendName.TENSORRT: ("tensorrt",),
}
"""Distributions that each backend needs."""

HARNESS_PACKAGES: dict[HarnessKind, tuple[str, ...]] = {HarnessKind.TRITON: ("tritonclient",)}
"""Distributions that each kind of harness needs."""

WORKLOAD_PACKAGES: dict[str, tuple[str, ...]] = {"digits": ("scikit-learn",)}
"""Distributions that single workloads need for their data."""


def check_before_run(
    plans: Sequence[RunPlan],
    registry: Registry,
    folders: Iterable[Path],
    record: Path | None,
    round_name: str | None = None,
) -> None:
    """Return when everything that the runs need is there.

    Args:
        plans: The runs.
        registry: What the packages define.
        folders: Results folders of the runs.
        record: File that `--record` names.
        round_name: Round whose seeds LoadGen's wheel must carry; None for any.

    Raises:
        UsageError: No such round is known.
        MissingError: A package or a device is missing; the message has every other
            problem, too.
        ConfigError: An audit.config lies in the working directory, or workers ask for more
            processors, or more device memory, than there are.
        ArtifactError: A folder cannot be written.
    """
    errors: list[HarnessError] = []
    for check in (
        lambda: _check_packages(plans),
        lambda: _check_round(round_name),
        lambda: _check_devices(plans, registry),
        lambda: _check_memory(plans, registry),
        lambda: _check_cores(plans),
        lambda: _check_servers(plans),
        _check_audit,
        lambda: check_places(plans, registry, folders, record),
    ):
        _collect(check, errors)
    if errors:
        raise type(errors[0])(p for e in errors for p in e.problems)
    for line in tight_places(plans, registry, folders):
        click.echo(f"warning: {line}", err=True)


def choose_parent(default: Path) -> tuple[Path, str]:
    """Return the folder that results go under, and a note where it is not the usual one.

    The default folder (under the working directory) gives way to one for temporary
    files when it cannot be written, so that a run is not refused for the place it was
    started from. A folder that the user named with `--out` is never replaced.
    """
    place = probe(default)
    found = problem_of(place, "results folder")
    fallback = fallback_folder()
    if found is None or problem_of(probe(fallback), "results folder"):
        return default, ""
    return fallback, f"{found.where}: {found.got}; results go to {fallback} instead (or use --out)"


def sudo_note(environment: Mapping[str, str] = os.environ) -> str:
    """Return what a run under sudo must be told; empty for every other run."""
    user = environment.get("SUDO_USER")
    if not user or user == "root":
        return ""
    lost = [n for n in ("HARNESS_CACHE", "HARNESS_RECORD_DIR") if n not in environment]
    unset = f", and {' and '.join(lost)} are not set" if lost else ""
    return (
        f"run under sudo by {user}: files will belong to root{unset}; run it without sudo "
        f"(harness explain {SUDO.code})"
    )


def _collect(check: Callable[[], None], errors: list[HarnessError]) -> None:
    """Keep what a check raises."""
    try:
        check()
    except HarnessError as error:
        errors.append(error)


def _check_packages(plans: Sequence[RunPlan]) -> None:
    """Raise MissingError with every package that a plan needs and that is not installed."""
    from runtime.devices.packages import require

    wanted = dict.fromkeys(CORE_PACKAGES)
    for plan in plans:
        wanted |= dict.fromkeys(BACKEND_PACKAGES.get(plan.settings.backend, ()))
        wanted |= dict.fromkeys(WORKLOAD_PACKAGES.get(plan.workload, ()))
        wanted |= dict.fromkeys(HARNESS_PACKAGES.get(plan.harness, ()))
    require(wanted)


def _check_round(name: str | None) -> None:
    """Raise MissingError where LoadGen's wheel carries the seeds of another round."""
    if name is None:
        return
    from importlib.metadata import PackageNotFoundError, version

    from runtime.policies.rounds import check_wheel

    try:
        problems = check_wheel(version("mlcommons-loadgen"), name)
    except PackageNotFoundError:
        return  # told by _check_packages
    if problems:
        raise MissingError(problems)


def _check_devices(plans: Sequence[RunPlan], registry: Registry) -> None:
    """Raise MissingError with every target whose devices this machine lacks."""
    from runtime.devices.discovery import availability, discover
    from runtime.devices.driver import check_driver

    found = discover()
    problems: list[Problem] = []
    if any(p.devices for p in plans):
        problems += check_driver(found)
    for name in dict.fromkeys(p.target for p in plans):
        seen = availability(registry.target(name), found, registry.targets.values())
        if not seen.ok:
            where = f"--target {name}"
            problems.append(
                Problem(where, "its devices on this machine", seen.reason, seen.mend, seen.code)
            )
    if problems:
        raise MissingError(problems)


def _check_memory(plans: Sequence[RunPlan], registry: Registry) -> None:
    """Raise ConfigError with every plan that the memory free on its device cannot hold."""
    if not any(p.devices for p in plans):
        return
    from runtime.devices.discovery import discover
    from runtime.footprint.entries import check_free

    problems = tuple(check_free(plans, registry, discover()))
    if problems:
        raise ConfigError(problems)


def _check_cores(plans: Sequence[RunPlan]) -> None:
    """Raise ConfigError with every plan whose workers this machine has too few cores for."""
    from runtime.loadgen.placement import check_seats

    direct = [p for p in plans if p.harness is not HarnessKind.TRITON]
    problems = [p for plan in direct for p in check_seats(plan)]
    if problems:
        raise ConfigError(dict.fromkeys(problems))


def _check_servers(plans: Sequence[RunPlan]) -> None:
    """Raise MissingError where a run needs a Triton server and there is none."""
    from runtime.triton.install import find_server

    if any(p.harness is HarnessKind.TRITON and not p.servers for p in plans):
        find_server()


def _check_audit() -> None:
    """Raise ConfigError where LoadGen would read an audit.config."""
    from runtime.loadgen.settings import refuse_audit

    refuse_audit(Path.cwd())


def check_places(
    plans: Sequence[RunPlan], registry: Registry, folders: Iterable[Path], record: Path | None
) -> None:
    """Return when every place that will be written can take what it will get.

    Raises:
        ArtifactError: With every folder that cannot be written, has too little space, or
            holds results already.
    """
    places: dict[Path, tuple[str, int]] = {}
    problems: list[Problem] = []
    folders = list(folders)
    for folder in folders:
        places.setdefault(folder, ("--out", MIN_FREE_MIB))
        problems += _taken(folder)
    for where, need in _needs(plans, registry, folders):
        places[need.folder] = (where, need.mib)
    if record is not None:
        folder = record if record.is_dir() else record.parent
        places.setdefault(folder, ("--record", MIN_FREE_MIB))
    copies = record_folder()
    if copies is not None:
        places.setdefault(copies, ("HARNESS_RECORD_DIR", MIN_FREE_MIB))
    known: set[Path] = set()
    for path, (where, need_mib) in places.items():
        place = probe(path)
        found = problem_of(place, where, need_mib)
        if found and place.existing not in known:
            known.add(place.existing)
            problems.append(_with_fallback(found, where, need_mib))
    if problems:
        raise ArtifactError(problems)


def tight_places(
    plans: Sequence[RunPlan], registry: Registry, folders: Iterable[Path]
) -> list[str]:
    """Return a sentence for every place that has room, but little more than is needed."""
    lines = []
    for where, need in _needs(plans, registry, list(folders)):
        free = probe(need.folder).free_mib
        if need.mib <= free < AMPLE * need.mib:
            lines.append(
                f"{where} {need.folder}: {free} MiB are free, about {need.mib} MiB are needed for "
                f"{need.what}"
            )
    return lines


def _needs(
    plans: Sequence[RunPlan], registry: Registry, folders: Sequence[Path]
) -> Iterator[tuple[str, Need]]:
    """Yield the disk that runs need, with the flag or variable that names the folder."""
    # The folders of one call lie on one disk, so each is held against the need of all.
    size = sum(run_bytes(p, registry.workload(p.workload)) for p in plans)
    for folder in folders:
        yield "--out", Need(folder=folder, what="logs and records", size=size)
    for name in dict.fromkeys(p.workload for p in plans):
        plan = next(p for p in plans if p.workload == name)
        module = getattr(registry.modules.get(name), "__file__", None)
        need = model_need(plan, registry.workload(name), module)
        if need is not None:
            yield "HARNESS_CACHE", need


def _taken(folder: Path) -> list[Problem]:
    """Return the problem of a results folder that is not empty."""
    try:
        held = sorted(p.name for p in folder.iterdir() if p.name != LOCK_NAME)
    except OSError:
        return []
    holder = folder_holder(folder)
    if holder:
        mend = "wait until it ends, or name another folder"
        want = "a folder of its own"
        got = f"one in use by {holder}"
        return [Problem(f"--out {folder}", want, got, mend, FOLDER_TAKEN.code)]
    if not held:
        return []
    got = f"one that holds {', '.join(held[:3])}" + (", ..." if len(held) > 3 else "")  # noqa: PLR2004
    mend = "name another folder; results are never overwritten"
    return [Problem(f"--out {folder}", "an empty or absent folder", got, mend, FOLDER_TAKEN.code)]


def _with_fallback(found: Problem, where: str, need_mib: int) -> Problem:
    """Return a problem whose mend also offers a folder that can be written."""
    fallback = fallback_folder()
    if problem_of(probe(fallback), where, need_mib):
        return found
    offers = {
        "--out": f"for example --out {os.fspath(fallback / 'run')}",
        "--record": f"for example --record {os.fspath(fallback / 'record.json')}",
        "HARNESS_RECORD_DIR": f"for example HARNESS_RECORD_DIR={os.fspath(fallback / 'records')}",
        "HARNESS_CACHE": f"for example HARNESS_CACHE={os.fspath(fallback / 'cache')}",
    }
    offer = offers.get(where)
    mend = f"{found.do}, {offer}" if offer else found.do
    return replace(found, do=mend)
