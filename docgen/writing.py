"""How files are written: whole or not at all."""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path

_NUMBERS = itertools.count()


def write_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file so that a reader sees the old bytes or the new ones, nothing between.

    Args:
        path: File to write.
        data: Its content.
        durable: Wait until the disk has it, so that it outlives a loss of power.
    """
    temporary, descriptor = _beside(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _beside(path: Path) -> tuple[Path, int]:
    """Return a new file of a name that none has, next to another, and its descriptor.

    `tempfile` does the same and takes longer to import than a small file to write.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    while True:
        name = f".{path.name}.{os.getpid():x}-{next(_NUMBERS):x}-{os.urandom(4).hex()}"
        with contextlib.suppress(FileExistsError):
            return path.parent / name, os.open(path.parent / name, flags, 0o600)


def keep(file: Path, data: bytes, pattern: str, number: int, *, durable: bool = False) -> None:
    """Keep bytes in a cache and remove the oldest files of their kind; a cache may refuse.

    Args:
        file: File to write.
        data: Its content.
        pattern: Names of files of this kind in its folder.
        number: How many of them stay.
        durable: Wait for the disk; needed where a torn file would not be noticed.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, data, durable=durable)
        kept = sorted(file.parent.glob(pattern), key=lambda p: p.stat().st_mtime_ns)
        for old in kept[:-number]:
            old.unlink(missing_ok=True)
    except OSError:
        return
