"""Files and folders: probed before they are needed, written whole, locked against a second run.

Every message about a place that cannot be used names the path, its owner and mode,
who we are, and the command that mends it.
"""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from runtime.errors import ArtifactError, Problem
from runtime.troubles.machine import DISK_FULL, FOLDER_TAKEN, PERMISSION_DENIED

LOCK_NAME = ".harness.lock"
"""File that marks a results folder as taken by a running harness."""

MIN_FREE_MIB = 64
"""Least free space that a results folder needs, in MiB: logs of one ordinary run.

`runtime.space` estimates what a run really needs, where that is more.
"""

INNER_NAME = ".mlperf_log_accuracy.json.12345678"
"""Longest name that a run makes inside its folder: a temporary file of an atomic write."""

RESULTS = "results"
"""Folder under the working directory that runs are written to unless `--out` is given."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a folder is like for this process; nothing was created to find out."""

    path: Path
    """The folder asked for, absolute."""
    existing: Path
    """The folder itself, or its nearest parent that exists."""
    writable: bool
    """Whether this process could create files in `path`."""
    reason: str = ""
    """Why not, in words: `permission denied`, `not a folder`, `name too long`; empty when
    writable."""
    owner: str = ""
    """Owner of `existing`, `name (uid N)`."""
    mode: str = ""
    """Permissions of `existing`, as `ls -l` prints them."""
    us: str = ""
    """Who we are, `name (uid N)`."""
    free_mib: int = 0
    """Free space on its file system, in MiB, that this user may use."""
    mend: str = ""
    """Command or step that makes the place usable; empty when it is."""


def probe(path: Path) -> Place:
    """Return what a folder (that may not exist yet) is like for this process.

    A folder that exists is tried with a real temporary file, because permission bits
    do not tell of read-only mounts, quotas or root squashing.
    """
    path = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - keeps symbolic links
    existing = next(p for p in (path, *path.parents) if os.path.lexists(p))
    try:
        info = existing.stat()
    except OSError as error:
        mend = f"rm {shlex.quote(str(existing))}"
        return Place(
            path=path, existing=existing, writable=False, reason=_words(error), us=_us(), mend=mend
        )
    reason = _refusal(existing, info.st_mode) or _too_long(path, existing)
    return Place(
        path=path,
        existing=existing,
        writable=not reason,
        reason=reason,
        owner=_user(info.st_uid),
        mode=stat.filemode(info.st_mode),
        us=_us(),
        free_mib=_free_mib(existing),
        mend=_mend(existing, info.st_uid, reason) if reason else "",
    )


def problem_of(place: Place, where: str, need_mib: int = MIN_FREE_MIB) -> Problem | None:
    """Return what is wrong with a place, or None.

    Args:
        place: A probed folder.
        where: The flag or variable that named it, for example `--out`.
        need_mib: Free space that it must have, in MiB.
    """
    if not place.writable:
        seen = f"{place.reason}: {place.existing}"
        if place.owner:
            seen += f" is {place.mode}, owned by {place.owner}; we are {place.us}"
        return Problem(
            f"{where} {place.path}",
            "a folder that we can write",
            seen,
            place.mend,
            PERMISSION_DENIED.code,
        )
    if place.free_mib < need_mib:
        want = f"at least {need_mib} MiB free"
        other = f"with {where}" if where.startswith("--") else f"for {where}"
        mend = f"free some space or choose another folder {other}"
        got = f"{place.free_mib} MiB"
        return Problem(f"{where} {place.path}", want, got, mend, DISK_FULL.code)
    return None


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
        raise _failure(error, path, where) from error
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
        raise _failure(error, name, "results folder") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise _failure(error, name, "results folder") from error
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
        raise _failure(error, path, "writing") from error
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


def _too_long(path: Path, existing: Path) -> str:
    """Return why a path cannot be made for its length; empty where it can."""
    try:
        longest = os.pathconf(existing, "PC_NAME_MAX")
        whole = os.pathconf(existing, "PC_PATH_MAX")
    except (OSError, ValueError):
        return ""
    missing = path.relative_to(existing).parts
    inner = len(os.fsencode(path)) + len(INNER_NAME) + len("/loadgen/")
    if any(len(os.fsencode(part)) > longest for part in missing) or inner >= whole:
        return "name too long"
    return ""


def _refusal(existing: Path, mode: int) -> str:
    """Return why no file can be created under a path; empty when one can."""
    if not stat.S_ISDIR(mode):
        return "not a folder"
    try:
        with tempfile.TemporaryFile(dir=existing):
            return ""
    except OSError as error:
        return "refuses new files" if error.errno == errno.ENOENT else _words(error)


def _words(error: OSError) -> str:
    """Return a system error in words."""
    known = {
        errno.EACCES: "permission denied",
        errno.EPERM: "permission denied",
        errno.EROFS: "read-only file system",
        errno.ENOSPC: "no space left",
        errno.EDQUOT: "disk quota used up",
        errno.ENOENT: "broken link",
        errno.ENOTDIR: "not a folder",
        errno.ELOOP: "a loop of links",
        errno.ENAMETOOLONG: "name too long",
        errno.EFBIG: "a file size limit is reached",
    }
    return known.get(error.errno or 0, error.strerror or str(error))


def _mend(existing: Path, owner: int, reason: str) -> str:
    """Return the command or step that makes a place writable for us."""
    path = shlex.quote(str(existing))
    if reason == "permission denied":
        if owner == os.getuid() != 0:
            return f"run `chmod u+rwx {path}`"
        if os.getuid() != 0:
            ids = f"{os.getuid()}:{os.getgid()}"
            return f"run `sudo chown -R {ids} {path}` or choose another folder"
        return "choose a folder on another file system; this one refuses even root"
    if reason == "name too long":
        return "choose a shorter name"
    if reason == "not a folder":
        return f"move {path} away or choose another folder"
    if reason == "read-only file system":
        return "choose a folder on a file system that is mounted read-write"
    return "free some space or choose another folder"


def _failure(error: OSError, path: Path, where: str) -> ArtifactError:
    """Return the error for a system call that a probe had not foreseen."""
    found = problem_of(probe(path.parent), where)
    if found:
        return ArtifactError(found)
    mend = "choose another folder"
    code = DISK_FULL.code if error.errno in _FULL else PERMISSION_DENIED.code
    return ArtifactError(Problem(f"{where} {path}", "a place to write", _words(error), mend, code))


_FULL = (errno.ENOSPC, errno.EDQUOT)
"""Numbers of the errors that mean: no room."""


def _free_mib(path: Path) -> int:
    """Return the free space of a file system, in MiB."""
    try:
        return shutil.disk_usage(path).free >> 20
    except OSError:
        return 0


def _user(uid: int) -> str:
    """Return a user by name and number."""
    import pwd

    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"


def _us() -> str:
    """Return the user of this process."""
    return _user(os.getuid())


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
