"""What a folder is like for this process, before anything is written there.

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
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import ArtifactError, Problem
from runtime.troubles.machine import DISK_FULL, PERMISSION_DENIED

MIN_FREE_MIB = 64
"""Least free space that a results folder needs, in MiB: logs of one ordinary run.

`runtime.space` estimates what a run really needs, where that is more.
"""

INNER_NAME = ".mlperf_log_accuracy.json.12345678"
"""Longest name that a run makes inside its folder: a temporary file of an atomic write."""


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


def failure(error: OSError, path: Path, where: str) -> ArtifactError:
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
