"""Keeps calibration records, and says why a kept one is not used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from runtime.artifacts import cache_folder
from runtime.calibration.record import CalibrationRecord, read
from runtime.errors import ArtifactError, Problem
from runtime.policies.artifacts import CacheKey, changed_parts

SUFFIX = ".calibration.json"
"""End of a record's file name; the digest of its key stands before it."""

_PLENTY = 512 << 20


@dataclass(frozen=True)
class Lookup:
    """What the cache said."""

    path: Path
    """Where the record is, or belongs."""
    record: CalibrationRecord | None
    """The record; None on a miss."""
    reason: str
    """Why there is none, or why the one there is refused; empty on a hit."""


def folder() -> Path:
    """Return the folder of calibration records."""
    return cache_folder() / "calibration"


def find(key: CacheKey, place: Path | None = None) -> Lookup:
    """Return the cached record of a key, or the reason why there is none.

    Args:
        key: Everything that the ranges depend on.
        place: Folder of records; None for the user's cache.
    """
    place = place or folder()
    path = place / f"{key.digest}{SUFFIX}"
    if not os.path.lexists(path):
        return Lookup(path, None, _why_missing(key, place))
    try:
        record = read_file(path)
    except ArtifactError as error:
        return Lookup(path, None, f"refused: {error.problems[0]}")
    changed = changed_parts(record.key, key)
    if changed:
        reason = f"refused: {path.name} holds a record of another {' and '.join(changed)}"
        return Lookup(path, None, reason)
    return Lookup(path, record, "")


def read_file(path: Path) -> CalibrationRecord:
    """Return the record of a file that is ours, whole and unchanged.

    Raises:
        ArtifactError: With the reason.
    """
    try:
        info = path.stat()
        if info.st_uid not in {os.getuid(), 0}:
            got = f"one of uid {info.st_uid}; we are uid {os.getuid()}"
            mend = f"check it, then take it over: sudo chown {os.getuid()} {path}"
            want = "a file of this user or root"
            raise ArtifactError(Problem(str(path), want, got, mend))
        if info.st_size > _PLENTY:
            got = f"{info.st_size >> 20} MiB"
            raise ArtifactError(Problem(str(path), "a calibration record", got, "delete it"))
        data = path.read_bytes()
    except OSError as error:
        got = error.strerror or str(error)
        mend = "check path and permissions, or calibrate again"
        raise ArtifactError(Problem(str(path), "a readable file", got, mend)) from error
    return read(data, str(path))


def _why_missing(key: CacheKey, place: Path) -> str:
    """Return which part changed since the nearest record, or that there is none."""
    nearest: tuple[str, ...] = ()
    other: CacheKey | None = None
    for record in _records(place):
        changed = changed_parts(record.key, key)
        if other is None or _distance(changed) < _distance(nearest):
            nearest, other = changed, record.key
    if other is None or len(nearest) == len(fields(key)):
        return "none kept of this model, samples, algorithm or library"
    parts = [f"{n} ({_short(getattr(other, n))} -> {_short(getattr(key, n))})" for n in nearest]
    return f"changed since the nearest one: {', '.join(parts)}"


def _distance(changed: tuple[str, ...]) -> tuple[int, bool]:
    """Return how far two keys are apart; of two as far, the one of the same model is nearer."""
    return len(changed), "model" in changed


def _records(place: Path) -> Iterator[CalibrationRecord]:
    """Yield the sound records of a folder."""
    try:
        paths = sorted(place.glob(f"*{SUFFIX}"))
    except OSError:
        return
    for path in paths:
        try:
            yield read_file(path)
        except ArtifactError:
            continue


def _short(text: str) -> str:
    """Return a hash by its first digits, anything else as it is."""
    return f"{text[:8]}..." if len(text) == 64 and text.isalnum() else text  # noqa: PLR2004
