"""Puts a process in its seat and becomes it: `seat.py --parent PID --cores 0,1 -- COMMAND...`.

A script of the standard library alone, started without site packages: it takes a few
milliseconds. Processors and the death signal are kept over `execve`, so that every command
has them, also one that knows nothing of this harness.
"""

from __future__ import annotations

import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""Option of prctl(2): the signal that a process gets when its parent dies."""

NOT_FOUND = 127
"""Exit code where the command cannot be executed, as a shell gives it."""


def main(words: list[str]) -> int:
    """Bind this process and become the command; return only where that fails."""
    end = words.index("--")
    options = dict(zip(words[:end:2], words[1:end:2], strict=True))
    end_with(int(options["--parent"]))
    if options.get("--cores"):
        os.sched_setaffinity(0, [int(n) for n in options["--cores"].split(",")])
    command = words[end + 1 :]
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell on purpose
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
    return NOT_FOUND


def end_with(parent: int) -> None:
    """Let the kernel kill this process when the one that started it dies."""
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
