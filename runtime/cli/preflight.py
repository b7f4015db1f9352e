"""What must be there before a run starts: packages, devices, folders. All problems at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from runtime.artifacts import (
    LOCK_NAME,
    fallback_folder,
    folder_holder,
    probe,
    problem_of,
    record_folder,
)
from runtime.configs.registry import Registry
from runtime.errors import ArtifactError, HarnessError, MissingError, Problem
from runtime.plan import RunPlan
from runtime.troubles.machine import FOLDER_TAKEN, SUDO
from runtime.vocabulary import BackendName

CORE_PACKAGES = ("mlcommons-loadgen", "numpy", "onnx", "psutil")
"""Distributions that every run needs."""

BACKEND_PACKAGES: dict[BackendName, tuple[str, ...]] = {BackendName.ONNXRUNTIME: ("onnxruntime",)}
"""Distributions that each backend needs."""

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
        ConfigError: An audit.config lies in the working directory.
        ArtifactError: A folder cannot be written.
    """
    errors: list[HarnessError] = []
    for check in (
        lambda: _check_packages(plans),
        lambda: _check_round(round_name),
        lambda: _check_devices(plans, registry),
        _check_audit,
        lambda: _check_places(folders, record),
    ):
        _collect(check, errors)
    if errors:
        raise type(errors[0])(p for e in errors for p in e.problems)


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

    found = discover()
    problems = []
    for name in dict.fromkeys(p.target for p in plans):
        seen = availability(registry.target(name), found, registry.targets.values())
        if not seen.ok:
            where = f"--target {name}"
            problems.append(
                Problem(where, "its devices on this machine", seen.reason, seen.mend, seen.code)
            )
    if problems:
        raise MissingError(problems)


def _check_audit() -> None:
    """Raise ConfigError where LoadGen would read an audit.config."""
    from runtime.loadgen.settings import refuse_audit

    refuse_audit(Path.cwd())


def _check_places(folders: Iterable[Path], record: Path | None) -> None:
    """Raise ArtifactError with every folder that cannot be written, or holds results already."""
    places: dict[Path, str] = {}
    problems: list[Problem] = []
    for folder in folders:
        places.setdefault(folder, "--out")
        problems += _taken(folder)
    if record is not None:
        places.setdefault(record if record.is_dir() else record.parent, "--record")
    copies = record_folder()
    if copies is not None:
        places.setdefault(copies, "HARNESS_RECORD_DIR")
    known: set[Path] = set()
    for path, where in places.items():
        place = probe(path)
        found = problem_of(place, where)
        if found and place.existing not in known:
            known.add(place.existing)
            problems.append(_with_fallback(found, where))
    if problems:
        raise ArtifactError(problems)


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


def _with_fallback(found: Problem, where: str) -> Problem:
    """Return a problem whose mend also offers a folder that can be written."""
    fallback = fallback_folder()
    if where != "--out" or problem_of(probe(fallback), where):
        return found
    mend = f"{found.do}, for example --out {os.fspath(fallback / 'run')}"
    return replace(found, do=mend)
