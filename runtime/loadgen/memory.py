"""Memory that processes share by descriptor: nothing to clean up, however they end.

The block has no name in any file system, so the kernel frees it with the last process
that holds it, after `kill -9`, too. All of it is reserved when it is made: a machine
that has too little says so then, and not with a bus error in the middle of a run.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.errors import ArtifactError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIB = 1 << 20
"""Bytes in a MiB."""

RESERVE_BYTES = 64 * MIB
"""Memory that must be left when a block is made.

Why: the model and the libraries of the workers come after it.
"""

CGROUP = Path("/sys/fs/cgroup")
"""Where a container's memory limit stands (version 2)."""


class SharedBlock:
    """One block of memory, writable here, that other processes map by its descriptor."""

    def __init__(self, size: int, what: str) -> None:
        """Reserve the block.

        Args:
            size: Bytes.
            what: What it is for, for messages: `samples`.

        Raises:
            ArtifactError: The machine has too little memory for it.
        """
        self.size = max(size, mmap.PAGESIZE)
        """Bytes reserved."""
        _check_free(self.size, what)
        self.handle = _open(self.size, what)
        """Descriptor that other processes inherit."""
        try:
            self._map = mmap.mmap(self.handle, self.size)
        except (OSError, ValueError) as error:
            os.close(self.handle)
            raise _refused(what, self.size, str(error)) from error

    def array(self, offset: int, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
        """Return a part of the block as an array that can be written."""
        return view(self._map, offset, shape, dtype)

    def close(self) -> None:
        """Give up this process's hold; arrays that are still used keep the memory."""
        os.close(self.handle)
        with contextlib.suppress(BufferError):
            self._map.close()


def attach(handle: int, *, writable: bool) -> mmap.mmap:
    """Return the map of a block that another process made.

    Args:
        handle: Its descriptor, inherited.
        writable: Whether this process may change it.

    Why: the pages are mapped at once, so that no timed batch pays for the first touch.
    """
    protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
    flags = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
    return mmap.mmap(handle, os.fstat(handle).st_size, flags=flags, prot=protection)


def view(memory: mmap.mmap, offset: int, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Return a part of a map as an array; it can be written where the map can."""
    import numpy as np

    count = int(np.prod(shape, dtype=np.int64))
    return np.frombuffer(memory, dtype, count, offset).reshape(shape)


def free_bytes(cgroup: Path = CGROUP) -> int:
    """Return how much memory may still be taken: the machine's, or the container's limit."""
    import psutil

    free = int(psutil.virtual_memory().available)
    try:
        limit = (cgroup / "memory.max").read_text(encoding="ascii").strip()
        used = int((cgroup / "memory.current").read_text(encoding="ascii"))
        return free if limit == "max" else min(free, int(limit) - used)
    except (OSError, ValueError):
        return free


def _check_free(size: int, what: str) -> None:
    """Raise ArtifactError where the block would not leave enough memory."""
    free = free_bytes()
    if size + RESERVE_BYTES > free:
        raise _refused(what, size, f"{free // MIB} MiB free")


def _open(size: int, what: str) -> int:
    """Return the descriptor of a reserved block without a name."""
    try:
        handle = os.memfd_create("calliope", os.MFD_CLOEXEC)
    except (AttributeError, OSError):  # an old kernel or a strict sandbox
        handle = _open_file(what, size)
    try:
        os.ftruncate(handle, size)
        os.posix_fallocate(handle, 0, size)
    except OSError as error:
        os.close(handle)
        raise _refused(what, size, error.strerror or str(error)) from error
    return handle


def _open_file(what: str, size: int) -> int:
    """Return the descriptor of a temporary file that has no name any more."""
    try:
        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())
    except OSError as error:
        raise _refused(what, size, error.strerror or str(error)) from error


def _refused(what: str, size: int, got: str) -> ArtifactError:
    """Return the error for a block that cannot be had."""
    do = "free memory, or set processes=0 and use a smaller data set"
    want = f"{-(-size // MIB)} MiB that worker processes can share"
    return ArtifactError(Problem(f"shared memory for {what}", want, got, do))
