"""The journal of a search: every trial that was measured, kept at once, found again by its key.

A second call looks its trials up before it runs them, so it goes on where the first one
ended. A trial is found only when everything that it depended on is the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from runtime.artifacts import atomic_write
from runtime.configs.schema import Settings
from runtime.environment import read_machine, read_packages
from runtime.errors import ArtifactError, Problem
from runtime.plan import RunPlan, values_of
from runtime.tuning.model import Trial

JOURNAL = "journal.json"
"""Name of the journal in the search's folder."""

SCHEMA_VERSION = 1
"""Version of the journal's form."""

MEASURING = ("backends", "configs", "loadgen", "workloads", "devices", "plan.py")
"""Parts of the package that run in a trial; their source is part of a trial's key.

Why: a change of the search itself or of a page must not throw measurements away.
"""


class _Book(msgspec.Struct, frozen=True, kw_only=True):
    """The journal's form on disk."""

    trials: tuple[Trial, ...] = ()
    """Trials in the order in which they were measured."""
    schema: int = SCHEMA_VERSION
    """Version of this form."""
    kind: str = "calliope.tune-journal"
    """Says what this JSON is."""


class Journal:
    """The trials of a folder; each is on disk before the next one starts."""

    def __init__(self, folder: Path) -> None:
        """Read what is there.

        Raises:
            ArtifactError: The journal cannot be read.
        """
        self._path = folder / JOURNAL
        self._trials: list[Trial] = list(_read(self._path).trials)

    def __len__(self) -> int:
        """Return the number of trials."""
        return len(self._trials)

    def find(self, key: str, repeat: int) -> Trial | None:
        """Return the trial of a key that was measured as number `repeat`; None without one."""
        same = [t for t in self._trials if t.key == key]
        return same[repeat] if repeat < len(same) else None

    def add(self, trial: Trial) -> None:
        """Keep a trial.

        Raises:
            ArtifactError: The folder or the disk refuses.
        """
        self._trials.append(trial)
        data = msgspec.json.encode(_Book(trials=tuple(self._trials)))
        atomic_write(self._path, msgspec.json.format(data, indent=1) + b"\n")


class Keys:
    """Makes the keys of trials: what all of them share is read once."""

    def __init__(self, plan: RunPlan, model_sha256: str) -> None:
        """Hold the run, the model, the machine and the source that measures."""
        self._shared = {
            "target": plan.target,
            "workload": plan.workload,
            "scenario": str(plan.scenario),
            "data": str(plan.data.absolute()) if plan.data else "",
            "devices": list(plan.devices),
            "model": model_sha256,
            "machine": msgspec.to_builtins(read_machine()),
            "packages": read_packages(),
            "source": source_digest(),
        }

    def of(self, settings: Settings) -> str:
        """Return the key of a run with these effective settings."""
        return digest({**self._shared, "settings": values_of(settings)})


def digest(value: Any) -> str:
    """Return the first 16 hexadecimal digits of a value's hash."""
    data = msgspec.json.encode(value, order="sorted", enc_hook=_plain)
    return hashlib.sha256(data).hexdigest()[:16]


def source_digest() -> str:
    """Return the hash of the source that runs in a trial."""
    root = Path(__file__).resolve().parents[1]
    found = hashlib.sha256()
    for part in MEASURING:
        place = root / part
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            found.update(f"{path.relative_to(root).as_posix()}\n".encode())
            found.update(path.read_bytes())
    return found.hexdigest()


def _plain(value: Any) -> Any:
    """Return a dataclass as a mapping."""
    return asdict(value)


def _read(path: Path) -> _Book:
    """Return the journal of a file; an empty one where there is none."""
    try:
        book = msgspec.json.decode(path.read_bytes(), type=_Book)
    except FileNotFoundError:
        return _Book()
    except (OSError, msgspec.MsgspecError) as error:
        do = "move it away, or name another folder with --out; its trials' records are beside it"
        problem = Problem(str(path), "a journal of harness tune", str(error), do)
        raise ArtifactError(problem) from error
    if book.schema > SCHEMA_VERSION:
        got = f"version {book.schema}"
        do = "use the harness that wrote it, or name another folder with --out"
        raise ArtifactError(Problem(str(path), f"version {SCHEMA_VERSION}", got, do))
    return book
