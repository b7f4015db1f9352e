"""A member's process: started in a session of its own, ended with all that it started.

Output goes straight to files, so that a member that prints much is neither slowed down nor
blocked, and costs this process nothing. Everything that a member starts inherits a mark in its
environment, by which also those are found that left its process group.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from time import monotonic

from runtime.errors import Problem, RunError
from runtime.launcher.events import Lines, Told, Watch
from runtime.launcher.members import Member, State, files_of

MARK = "CALLIOPE_LAUNCH"
"""Variable whose value marks everything that a launch started."""

SEAT = Path(__file__).with_name("seat.py")
"""Script that every member starts as."""

READ = 1 << 16
"""Bytes that are read from a pipe at a time."""

READS = 64
"""Reads from one pipe in a row, so that no member keeps the others waiting."""


class Running:
    """One member and its process."""

    def __init__(self, member: Member, folder: Path, mark: str) -> None:
        """Plan a member; nothing is started.

        Args:
            member: What to start.
            folder: Folder of the round; gets the member's folder and output.
            mark: Value of `MARK` for all that the launch starts.
        """
        self.member = member
        self.mark = mark
        self.folder, self.stdout, self.stderr = files_of(folder, member.name)
        self.state = State.PLANNED
        self.reason = ""
        self.told = Told()
        self.started = 0.0
        self.left = 0.0
        self.exit_code: int | None = None
        self.reader: int | None = None
        self.history: list[tuple[str, float]] = [(str(State.PLANNED), monotonic())]
        self._process: subprocess.Popen[bytes] | None = None
        self._lines = Lines()
        self._watch: Watch | None = None

    def start(self) -> None:
        """Start the process.

        Raises:
            RunError: The system refuses.
        """
        member = self.member
        self.folder.mkdir(parents=True, exist_ok=True)
        reader, writer = os.pipe()
        words = {"{folder}": str(self.folder), "{events}": str(writer)}
        argv = [_filled(word, words) for word in member.argv]
        cores = ",".join(map(str, member.cores))
        seat = [sys.executable, "-I", "-S", str(SEAT), "--parent", str(os.getpid())]
        try:
            with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
                self._process = subprocess.Popen(
                    [*seat, "--cores", cores, "--", *argv],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    pass_fds=(writer,),
                    start_new_session=True,
                    env={**os.environ, **member.env, MARK: self.mark},
                )
        except OSError as error:
            os.close(reader)
            do = "see the limits with `ulimit -a`, and the free memory"
            problem = Problem(member.name, "a new process", str(error), do)
            raise RunError(problem) from error
        finally:
            os.close(writer)
        os.set_blocking(reader, False)
        self.reader = reader
        self.started = monotonic()
        if member.ready_marker:
            marks = (member.ready_marker, member.done_marker, member.valid_marker)
            self._watch = Watch(self.stdout, *marks)
        self.enter(State.STARTING)

    @property
    def alive(self) -> bool:
        """Return whether the process runs."""
        return self._process is not None and self.exit_code is None

    def enter(self, state: State, reason: str = "") -> None:
        """Note a new state; one that was reached before is not entered again."""
        order = list(State)
        if self.state is not State.FINAL and order.index(state) > order.index(self.state):
            self.state = state
            self.reason = reason
            self.history.append((str(state), monotonic()))

    def read(self) -> None:
        """Take in what has come, and notice that the process has ended."""
        ended = self._process is not None and self.exit_code is None
        code = self._process.poll() if self._process is not None else None
        self._drain()
        self._look(gone=code is not None)
        if ended and code is not None:
            self.exit_code, self.left = code, monotonic()

    def _drain(self) -> None:
        """Read the pipe empty; close it where the other end is closed."""
        for _ in range(READS):
            if self.reader is None:
                return
            try:
                data = os.read(self.reader, READ)
            except BlockingIOError:
                return
            if not data:
                self.close()
                return
            for line in self._lines.feed(data):
                self.told.take(line)

    def _look(self, *, gone: bool) -> None:
        """Look for the marks of a program that sends no events.

        Args:
            gone: Whether its process has ended: its timed part has, too.
        """
        if self._watch is None:
            return
        now, member, told = monotonic(), self.member, self.told
        seen = self._watch.look()
        if member.ready_marker in seen:
            told.begun = now
        if told.begun is not None and told.ended is None and not gone:
            told.last = told.stepped = now
        over = gone or (member.done_marker and member.done_marker in seen)
        if over and told.begun is not None and told.ended is None:
            told.ended = now
        if member.valid_marker and member.valid_marker in seen:
            told.result = {"verdict": "VALID"}
        elif gone and told.result is None and told.begun is not None:
            told.result = {"verdict": "INVALID"}

    def close(self) -> None:
        """Close the pipe."""
        if self.reader is not None:
            os.close(self.reader)
            self.reader = None

    def signal(self, number: int) -> None:
        """Send a signal to the process group; members of it may outlive its first process."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def reap(self) -> None:
        """Wait for a process that was killed, take in its last words and close the pipe."""
        if self._process is not None and self.exit_code is None:
            self.exit_code, self.left = self._process.wait(), monotonic()
        self._drain()
        self.close()

    def tail(self, limit: int = 400) -> str:
        """Return the end of its standard error; empty where it wrote none."""
        try:
            with self.stderr.open("rb") as file:
                file.seek(max(0, self.stderr.stat().st_size - limit))
                return file.read().decode(errors="replace").strip()
        except OSError:
            return ""


def _filled(word: str, words: dict[str, str]) -> str:
    """Return an argument with its placeholders replaced."""
    for name, value in words.items():
        word = word.replace(name, value)
    return word


def end_all(members: Iterable[Running], mark: str, grace_s: float) -> int:
    """End every member, gently then firmly, and all that they started.

    Args:
        members: Members of the launch.
        mark: Value of `MARK` in the environment of all that it started.
        grace_s: Time from SIGTERM to SIGKILL, in seconds.

    Returns:
        How many processes were found that had left their member's process group, or that
        outlived it.
    """
    members = list(members)
    try:
        for member in members:
            if member.alive:
                member.signal(signal.SIGTERM)
        _wait(members, monotonic() + grace_s)
    finally:
        for member in members:
            if member.alive:
                member.signal(signal.SIGKILL)
        for member in members:
            member.reap()
        left = sweep(mark)
    return left


def _wait(members: list[Running], until: float) -> None:
    """Read from members that end, until all have or the time is up."""
    import select

    while monotonic() < until:
        for member in members:
            member.read()
        if not any(m.alive for m in members):
            return
        readers = [m.reader for m in members if m.reader is not None]
        pause = min(0.02, max(0.0, until - monotonic()))
        select.select(readers, [], [], pause)


def sweep(mark: str, tries: int = 50) -> int:
    """Kill what carries a mark until nothing is left; return how many were found."""
    found: set[int] = set()
    for _ in range(tries):
        alive = set(marked(mark))
        if not alive:
            break
        found |= alive
        for pid in alive:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        _until_gone(alive)
    return len(found)


def _until_gone(pids: set[int], limit_s: float = 0.5) -> None:
    """Wait until the kernel has ended processes that were killed."""
    import time

    end = monotonic() + limit_s
    while monotonic() < end and any(_state(pid) not in ("", "Z", "X") for pid in pids):
        time.sleep(0.002)


def marked(mark: str, root: Path = Path("/proc")) -> list[int]:
    """Return the living processes, other than this one, whose environment carries a mark."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in os.scandir(root):
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (root / entry.name / "environ").read_bytes()
        except OSError:
            continue
        if wanted in environment.split(b"\0") and _state(int(entry.name)) not in ("", "Z", "X"):
            found.append(int(entry.name))
    return found


def _state(pid: int) -> str:
    """Return a process's state as the kernel writes it; empty where there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[0]
