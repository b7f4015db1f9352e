"""Runs one program in a session of its own and leaves nothing of it behind.

Its output is drained at full rate; at the time limit the whole process group is asked
to end, then killed, together with descendants that left the group.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MARK = "DOCGEN_SNIPPET"
"""Environment variable by which every descendant of an execution is found again."""

GRACE_S = 3.0
"""Time between the request to end and the kill."""

KEPT_BYTES = 2 * 2**20
"""Bytes that are kept of each output stream: its end."""

_CHUNK = 1 << 16
_POLL_S = 0.05
_DRAIN_S = 5.0


@dataclass(frozen=True)
class Finished:
    """How a program ended."""

    exit_code: int | None
    """Exit code, negative for a signal; None where it was stopped at its time limit."""
    output: str
    """Standard output; its end where it is longer than `KEPT_BYTES`."""
    errors: str
    """Standard error; its end likewise."""
    seconds: float
    """Wall-clock time."""
    killed: int = 0
    """Processes that were still there at the end and were killed."""


class _Drain(threading.Thread):
    """Reads a pipe to its end and keeps the end of what came."""

    def __init__(self, pipe: IO[bytes]) -> None:
        """Start reading."""
        super().__init__(daemon=True)
        self._pipe = pipe
        self._kept = bytearray()
        self._dropped = 0
        self.start()

    def run(self) -> None:
        """Read until nobody holds the other end."""
        with contextlib.suppress(OSError, ValueError):
            while chunk := os.read(self._pipe.fileno(), _CHUNK):
                self._kept += chunk
                if len(self._kept) > 2 * KEPT_BYTES:
                    self._trim()

    def _trim(self) -> None:
        """Forget all but the end."""
        extra = len(self._kept) - KEPT_BYTES
        if extra > 0:
            self._dropped += extra
            del self._kept[:extra]

    def text(self) -> str:
        """Return what was kept, with a line that says what was not."""
        self.join(_DRAIN_S)
        self._trim()
        text = bytes(self._kept).decode("utf-8", "replace")
        return f"[{self._dropped} bytes before are left out]\n{text}" if self._dropped else text


class Running:
    """Programs that run now; `stop_all` ends them from another thread."""

    def __init__(self) -> None:
        """Hold none."""
        self._lock = threading.Lock()
        self._live: set[int] = set()
        self._marks: set[str] = set()
        self.stopped = False

    def stop_all(self) -> None:
        """Kill every program that runs, with all descendants, and every one that starts later."""
        with self._lock:
            self.stopped = True
            for group in self._live:
                _signal_group(group, signal.SIGKILL)
            for mark in self._marks:
                kill_marked(mark)

    @contextlib.contextmanager
    def holding(self, group: int, mark: str) -> Iterator[None]:
        """Hold a program until the block ends; one that starts after `stop_all` ends at once."""
        with self._lock:
            self._live.add(group)
            self._marks.add(mark)
            if self.stopped:
                _signal_group(group, signal.SIGKILL)
                kill_marked(mark)
        try:
            yield
        finally:
            with self._lock:
                self._live.discard(group)
                self._marks.discard(mark)


def execute(
    command: Sequence[str],
    *,
    folder: Path,
    variables: Mapping[str, str],
    timeout_s: float,
    running: Running | None = None,
) -> Finished:
    """Run a program and return how it ended; it and its descendants are gone then.

    Args:
        command: Program and arguments.
        folder: Its working directory.
        variables: Its whole environment.
        timeout_s: Longest time in seconds.
        running: Where to hold it while it runs, so that it can be stopped.

    Raises:
        OSError: When the program cannot be started.
    """
    mark = f"{os.environ.get(MARK, '')}:{uuid.uuid4().hex}"
    started = time.monotonic()
    program = subprocess.Popen(
        command,
        cwd=folder,
        env={**variables, MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with (running or Running()).holding(program.pid, mark), program:
        if program.stdout is None or program.stderr is None:  # pragma: no cover
            raise OSError("no pipes")
        drains = [_Drain(program.stdout), _Drain(program.stderr)]
        try:
            ended = _wait(program.pid, timeout_s)
            if not ended:
                _signal_group(program.pid, signal.SIGTERM)
                _wait(program.pid, GRACE_S)
        finally:
            # The leader is not reaped yet, so its group's number cannot be anyone else's.
            _signal_group(program.pid, signal.SIGKILL)
            program.wait()
        seconds = time.monotonic() - started
        killed = kill_marked(mark)
        output, errors = (drain.text() for drain in drains)
    return Finished(program.returncode if ended else None, output, errors, seconds, killed)


def _wait(pid: int, timeout_s: float) -> bool:
    """Return whether a child ends within the time; leaves it unreaped."""
    deadline = time.monotonic() + timeout_s
    with contextlib.suppress(OSError, AttributeError):
        descriptor = os.pidfd_open(pid)
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            return bool(poll.poll(max(0.0, timeout_s) * 1000))
        finally:
            os.close(descriptor)
    while time.monotonic() < deadline:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None:
            return True
        time.sleep(_POLL_S)
    return False


def _signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to a process group that may be gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def kill_marked(mark: str) -> int:
    """Kill every process whose environment carries the mark; return how many there were."""
    import psutil

    killed = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK, "").startswith(mark) and process.is_running():
                if process.status() != psutil.STATUS_ZOMBIE:
                    killed += 1
                process.kill()
    return killed
