"""Files and folders: probed before they are needed, written whole, locked against a second run."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

from runtime.errors import ArtifactError, Problem
from runtime.places import MIN_FREE_MIB, Place, failure, probe, problem_of
from runtime.troubles.machine import FOLDER_TAKEN

__all__ = [
    "LOCK_NAME",
    "MIN_FREE_MIB",
    "RESULTS",
    "Place",
    "atomic_write",
    "cache_folder",
    "claim_folder",
    "fallback_folder",
    "fallback_folders",
    "folder_holder",
    "lock_folder",
    "prepare_folder",
    "probe",
    "problem_of",
    "record_folder",
    "rescue_write",
    "unique_folder",
]

LOCK_NAME = ".harness.lock"
"""File that marks a results folder as taken by a running harness."""

RESULTS = "results"
"""Folder under the working directory that runs are written to unless `--out` is given."""


def prepare_folder(path: Path, where: str = "--out") -> Path:
    """Create a folder with its parents and return it; it must be empty.

    Raises:
        ArtifactError: When it cannot be written or holds files already.
    """
    found = problem_of(probe(path), where)
    if found:
        raise ArtifactError(found)
    try:
        path.mkdir(parents=True, exist_ok=True)
        held = [p.name for p in path.iterdir() if p.name != LOCK_NAME]
    except OSError as error:
        raise failure(error, path, where) from error
    if held:
        some = ", ".join(sorted(held)[:3])
        mend = "choose another folder; results are never overwritten"
        got = f"{len(held)} files ({some})"
        raise ArtifactError(
            Problem(f"{where} {path}", "an empty folder", got, mend, FOLDER_TAKEN.code)
        )
    return path


@contextmanager
def claim_folder(path: Path, where: str = "--out") -> Iterator[Path]:
    """Create an empty folder, hold it for this process alone, and give it.

    Raises:
        ArtifactError: When it cannot be written, holds files, or another process has it.
    """
    prepare_folder(path, where)
    with lock_folder(path):
        yield prepare_folder(path, where)


@contextmanager
def lock_folder(path: Path) -> Iterator[None]:
    """Hold a folder for this process alone; the lock goes when the process does.

    Raises:
        ArtifactError: When another process holds it.
    """
    import fcntl

    name = path / LOCK_NAME
    try:
        handle = name.open("a+", encoding="utf-8")
    except OSError as error:
        raise failure(error, name, "results folder") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise failure(error, name, "results folder") from error
            handle.seek(0)
            holder = handle.read().strip() or "another process"
            mend = "wait until it ends or choose another folder with --out"
            got = f"one in use by {holder}"
            raise ArtifactError(
                Problem(
                    f"results folder {path}", "a folder of its own", got, mend, FOLDER_TAKEN.code
                )
            ) from error
        handle.seek(0)
        handle.truncate()
        handle.write(f"process {os.getpid()}\n")
        handle.flush()
        try:
            yield
        finally:
            with suppress(OSError):  # the folder may be gone, or have become read-only
                name.unlink(missing_ok=True)


def folder_holder(path: Path) -> str:
    """Return who holds a folder right now, `process N`; empty when nobody does."""
    import fcntl

    try:
        with (path / LOCK_NAME).open("r", encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return handle.read().strip() or "another process"
    except OSError:
        pass
    return ""


def atomic_write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: a reader never sees half of it.

    The bytes go to a temporary file in the same folder, reach the disk, and take
    the name in one step; an existing file is replaced.

    Raises:
        ArtifactError: When the folder or the disk refuses; an existing file is as before.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise failure(error, path, "writing") from error
    finally:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink(missing_ok=True)


def unique_folder(parent: Path, name: str, now: datetime | None = None) -> Path:
    """Return a folder path under `parent` that does not exist: time stamp, name, counter.

    Args:
        parent: Folder of all results.
        name: What ran; `/` and `@` become `-`.
        now: Time to stamp it with; None for the present.
    """
    moment = (now or datetime.now(timezone.utc)).strftime("%Y%m%d-%H%M%S")
    stem = f"{moment}-{name.replace('/', '-').replace('@', '-')}"
    for count in range(1, 10_000):
        folder = parent / (stem if count == 1 else f"{stem}-{count}")
        if not os.path.lexists(folder):
            return folder
    raise ArtifactError(
        Problem(str(parent), "a free folder name", f"{stem} used 9999 times", "empty the folder")
    )


def cache_folder() -> Path:
    """Return the folder for files that can be made again: HARNESS_CACHE, else the user's cache."""
    named = os.environ.get("HARNESS_CACHE")
    if named:
        return Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "calliope"


def record_folder() -> Path | None:
    """Return the folder that gets a copy of every record: HARNESS_RECORD_DIR, else None."""
    named = os.environ.get("HARNESS_RECORD_DIR")
    return Path(named).expanduser() if named else None


def fallback_folder() -> Path:
    """Return where results may go when the place asked for cannot be written."""
    return Path(tempfile.gettempdir()) / f"calliope-results-{os.getuid()}"


def fallback_folders() -> tuple[Path, ...]:
    """Return every place that may take what its own folder refuses, in order.

    Why: the folder for temporary files is often on the disk that is full; the other two
        are another disk on most machines, and memory on Linux.
    """
    name = fallback_folder().name
    return (
        fallback_folder(),
        Path("/var/tmp") / name,  # noqa: S108 - files get random names from mkstemp
        cache_folder() / "results",
        Path("/dev/shm") / name,  # noqa: S108 - likewise
    )


def rescue_write(
    path: Path, data: bytes, elsewhere: bytes | None = None
) -> tuple[Path, ArtifactError | None]:
    """Write a file whole; where its folder refuses, write it to a fallback folder.

    Args:
        path: Where it belongs.
        data: Its content.
        elsewhere: Its content in a fallback folder; None for the same.

    Returns:
        Where it lies, and the refusal; None where it lies at `path`.

    Raises:
        ArtifactError: Every place refuses.
    """
    try:
        atomic_write(path, data)
    except ArtifactError as error:
        refusal = error
    else:
        return path, None
    for folder in fallback_folders():
        try:
            place = unique_folder(folder, path.parent.name) / path.name
            atomic_write(place, data if elsewhere is None else elsewhere)
        except (ArtifactError, OSError):
            continue
        return place, refusal
    raise refusal


def _sync_folder(folder: Path) -> None:
    """Bring a renamed file's name to the disk; file systems that cannot are left alone."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _umask() -> int:
    """Return the process's umask; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
