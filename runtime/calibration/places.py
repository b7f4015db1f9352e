"""Where results go: tried before the work, kept elsewhere when a place fails after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runtime.artifacts import atomic_write, fallback_folder, probe, problem_of
from runtime.errors import ArtifactError, Problem


@dataclass(frozen=True)
class Kept:
    """Where a file was written."""

    path: Path
    """The file."""
    problem: Problem | None
    """Why it is not where it was wanted; None where it is."""


def place_problems(path: Path, where: str, need_bytes: int = 0) -> list[Problem]:
    """Return what keeps a file from being written; empty when nothing does.

    Args:
        path: The file.
        where: The flag or variable that named it.
        need_bytes: How large it may become.
    """
    if path.is_dir():
        mend = f"name a file in it, for example {path / 'model.onnx'}"
        return [Problem(f"{where} {path}", "a file", "a folder", mend)]
    place = probe(path.parent)
    found = problem_of(place, where)
    if found:
        return [found]
    need = -(-need_bytes >> 20) if need_bytes else 0
    if place.free_mib < need:
        mend = "free some space or choose another folder"
        got = f"{place.free_mib} MiB free in {place.existing}"
        return [Problem(f"{where} {path}", f"at least {need} MiB free", got, mend)]
    return []


def check_places(places: dict[str, Path | None], need_bytes: int = 0) -> None:
    """Raise ArtifactError with every place that cannot be written.

    Args:
        places: File by the flag that named it; None for flags that were not given.
        need_bytes: How large each may become.
    """
    problems: list[Problem] = []
    for where, path in places.items():
        problems += place_problems(path, where, need_bytes) if path else []
    if problems:
        raise ArtifactError(problems)


def usable(folder: Path, where: str) -> tuple[Path, str]:
    """Return a folder, or the fallback and a note where it cannot be written."""
    found = problem_of(probe(folder), where)
    if found is None:
        return folder, ""
    spare = fallback_folder()
    return spare, f"{found}; using {spare} instead"


def keep(path: Path, data: bytes, where: str) -> Kept:
    """Write a file; where its place refuses now, write it to the fallback and say so.

    Args:
        path: Where it belongs.
        data: Its content.
        where: The flag or variable that named it.

    Raises:
        ArtifactError: The fallback refuses as well.
    """
    try:
        atomic_write(path, data)
    except ArtifactError as error:
        spare = fallback_folder() / path.name
        try:
            atomic_write(spare, data)
        except ArtifactError as second:
            raise ArtifactError([*error.problems, *second.problems]) from error
        first = error.problems[0]
        got = f"{first.got}; the file is kept as {spare}"
        return Kept(spare, Problem(f"{where} {path}", first.want, got, first.do))
    return Kept(path, None)
