"""The parent's hold on the child process: start, listen, end; never a hang."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from runtime.errors import Problem, RunError
from runtime.loadgen.progress import Progress
from runtime.troubles.verdicts import STALLED

POLL_S = 0.5
"""Longest wait before the parent looks whether the child still lives, in seconds."""

GRACE_S = (5.0, 3.0)
"""How long the child may take to end after SIGINT, then after SIGTERM, in seconds."""

EXIT_S = 30.0
"""How long the child may take to end after it told its result, in seconds."""

STDOUT = "child.stdout"
"""File in the run's folder with what the child printed."""

STDERR = "child.stderr"
"""File in the run's folder with the child's standard error."""

TAIL_CHARS = 2_000
"""How much of the standard error a message shows."""


@dataclass
class Outcome:
    """What the child told before it ended."""

    done: dict[str, Any] | None = None
    """Its result; None where it did not come to an end."""
    error: dict[str, Any] | None = None
    """The error it told, in JSON form."""
    progress: Progress | None = None
    """Its last report."""
    timed: Progress | None = None
    """Its last report of the timed part."""
    exit_code: int | None = None
    """Its exit code; negative for a signal."""
    phases: list[str] = field(default_factory=list)
    """The phases it went through."""


class Child:
    """One child process in its own process group, with a pipe for its reports."""

    def __init__(self, plan: Path, folder: Path, home: Path | None = None) -> None:
        """Start the child.

        Args:
            plan: The plan in JSON.
            folder: Gets the files of standard output and standard error.
            home: The child's working directory; None for ours.
        """
        reader, writer = os.pipe()
        self._reader = reader
        self._folder = folder
        self._buffer = b""
        self.outcome = Outcome()
        """What was told so far."""
        command = [
            sys.executable,
            "-m",
            "runtime.loadgen.child",
            str(plan.absolute()),
            "--progress-fd",
            str(writer),
            "--parent",
            str(os.getpid()),
        ]
        try:
            with (folder / STDOUT).open("wb") as out, (folder / STDERR).open("wb") as err:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    pass_fds=(writer,),
                    start_new_session=True,
                    cwd=home,
                    env=_environment(),
                )
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)

    def close(self) -> None:
        """End whatever is left of the child and close the pipe."""
        self._kill()
        os.close(self._reader)

    def listen(self, on_progress: Callable[[Progress], None] | None, stall_s: float) -> Outcome:
        """Return the outcome once the child has ended.

        Args:
            on_progress: Called with each report.
            stall_s: Longest time in which the timed part may make no step, in seconds.

        Raises:
            RunError: The timed part stood still for that long; the child was ended.
        """
        seen, since = -1, monotonic()
        while self._read(POLL_S, on_progress):
            timed = self.outcome.timed
            running = self.outcome.progress
            if timed is None or running is None or running.phase != "timed":
                since = monotonic()
                continue
            if timed.done != seen:
                seen, since = timed.done, monotonic()
            elif monotonic() - since > stall_s:
                self._kill()
                raise RunError(
                    Problem(
                        "timed run",
                        f"a finished query at least every {stall_s:g} s",
                        f"none since {timed.done} {timed.unit}",
                        "check the device and the backend; see the run's " + STDERR,
                        STALLED.code,
                    )
                )
        try:
            self.outcome.exit_code = self._process.wait(EXIT_S)
        except subprocess.TimeoutExpired:
            self._kill()
            self.outcome.exit_code = self._process.wait()
        return self.outcome

    def stop(self) -> Outcome:
        """End the child, gently then firmly, and return what it told."""
        try:
            for number, grace in zip((signal.SIGINT, signal.SIGTERM), GRACE_S):  # noqa: B905
                self._signal(number)
                end = monotonic() + grace
                while monotonic() < end and self._read(0.1, None):
                    pass
                if self._process.poll() is not None:
                    break
        finally:
            self._kill()
        self.outcome.exit_code = self._process.wait()
        return self.outcome

    def tail(self) -> str:
        """Return the end of the child's standard error."""
        try:
            text = (self._folder / STDERR).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return text[-TAIL_CHARS:].strip()

    def _read(self, timeout: float, on_progress: Callable[[Progress], None] | None) -> bool:
        """Take in what comes within the timeout; False once the child told all it will."""
        ready, _, _ = select.select([self._reader], [], [], timeout)
        if not ready:
            return self._process.poll() is None
        data = os.read(self._reader, 65_536)
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            self._take(json.loads(line), on_progress)
        return bool(data)

    def _take(self, item: dict[str, Any], on_progress: Callable[[Progress], None] | None) -> None:
        """Keep one event."""
        event = item.pop("event")
        if event == "progress":
            progress = Progress(**item)
            self.outcome.progress = progress
            if progress.phase == "timed":
                self.outcome.timed = progress
            if progress.phase not in self.outcome.phases[-1:]:
                self.outcome.phases.append(progress.phase)
            if on_progress:
                on_progress(progress)
        elif event == "error":
            self.outcome.error = self.outcome.error or item
        elif event == "done":
            self.outcome.done = item

    def _signal(self, number: int) -> None:
        """Send a signal to the child's process group."""
        if self._process.poll() is None:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return

    def _kill(self) -> None:
        """End the child's process group at once and reap the child."""
        self._signal(signal.SIGKILL)
        self._process.wait()


def _environment() -> dict[str, str]:
    """Return the child's environment: it imports the same source as we do.

    Why: `python -m` puts the working directory first on the path, where a folder named
        `runtime` would hide this package.
    """
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    if environment.get("HARNESS_CACHE"):  # the child may have another working directory
        cache = Path(environment["HARNESS_CACHE"]).expanduser()
        environment["HARNESS_CACHE"] = str(cache.absolute())
    if root.name not in {"site-packages", "dist-packages"}:
        before = os.environ.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join([str(root), *([before] if before else [])])
    return environment


def child_environment() -> dict[str, str]:
    """Return the environment in which a child imports the same source as we do."""
    return _environment()
