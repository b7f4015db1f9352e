"""What went wrong with a server, told with its own line of the log and what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import HarnessError, MissingError, Problem, RunError, UsageError
from runtime.triton.install import Install
from runtime.triton.serverlog import Failure, read_failures, read_tail
from runtime.troubles.served import (
    TRITON_BACKEND_MISSING,
    TRITON_MODEL_FAILED,
    TRITON_NOT_READY,
    TRITON_PORT,
    TRITON_SERVER_DIED,
    TRITON_SHARED_MEMORY,
    TRITON_STOP,
)

LOG_CHARS = 1_000_000
"""How much of a log is searched for failures, from its end."""


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Makes the errors of one server."""

    number: int
    """Which server of several, from 0."""
    install: Install
    """Its program and backends."""
    repository: Path
    """Its model repository."""
    log: Path
    """What it printed."""

    def failed_start(self, pid: int, code: int | None) -> HarnessError:
        """Return the error of a server that ended before it was ready.

        Args:
            pid: The process that was.
            code: How it ended: its exit code, negative for a signal; None where unknown.
        """
        kinds: dict[str, Callable[[Failure], Problem]] = {
            "backend": self._backend,
            "model": self._model,
            "port": self._port,
        }
        found = read_failures(read_tail(self.log, LOG_CHARS))
        problems = [kinds[f.kind](f) for f in found if f.kind in kinds]
        if not problems:
            return RunError(self.died(pid, code))
        only = {p.code for p in problems}
        if only == {TRITON_BACKEND_MISSING.code}:
            return MissingError(problems)
        if only == {TRITON_PORT.code}:
            return UsageError(problems)
        return RunError(problems)

    def died(self, pid: int, code: int | None) -> Problem:
        """Return the problem of a server that ended by itself; see `failed_start`."""
        got = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        lines = [f.line for f in read_failures(read_tail(self.log, LOG_CHARS))]
        tail = "\n".join(lines[:3]) or read_tail(self.log)
        got += f":\n{tail}" if tail else ""
        where = f"Triton server {self.number} (process {pid})"
        want, do = "to serve until it is stopped", f"see {self.log}"
        return Problem(where, want, got, do, TRITON_SERVER_DIED.code)

    def late(self, waiting: Sequence[str], ready_s: float) -> RunError:
        """Return the error of a server that lives and is not ready.

        Args:
            waiting: What is not ready: models, or the empty word for the server itself.
            ready_s: How long it had, in seconds.
        """
        said = [f.line for f in read_failures(read_tail(self.log, LOG_CHARS))]
        got = f"not ready: {waiting[0] or 'the server'}" + (f" ({said[0]})" if said else "")
        want = f"live, ready and its models ready within {ready_s:g} s"
        where, do = f"Triton server {self.number}", f"see {self.log}"
        return RunError(Problem(where, want, got, do, TRITON_NOT_READY.code))

    def bad_stop(self, got: str) -> Problem:
        """Return the problem of a server that did not stop as it should."""
        want = "to end with exit code 0 after SIGTERM"
        where, do = f"Triton server {self.number}", f"see {self.log}"
        return Problem(where, want, got, do, TRITON_STOP.code)

    def _backend(self, failure: Failure) -> Problem:
        has = ", ".join(self.install.names) or "none"
        do = f"this server has: {has}; generate the repository for one of these"
        code = TRITON_BACKEND_MISSING.code
        return Problem(f"model {failure.model}", "a backend of the server", failure.line, do, code)

    def _model(self, failure: Failure) -> Problem:
        if "shared memory" in failure.line:
            do = "give the container more (--shm-size), or free some of /dev/shm"
            want, code = "shared memory for its process", TRITON_SHARED_MEMORY.code
            return Problem(
                f"model {failure.model}", want, failure.line, f"{do}; see {self.log}", code
            )
        do = f"run `harness triton validate {self.repository}`; see {self.log}"
        want = "it to load"
        return Problem(f"model {failure.model}", want, failure.line, do, TRITON_MODEL_FAILED.code)

    def _port(self, failure: Failure) -> Problem:
        do = "name another port, or none to have a free one chosen"
        want = "free ports"
        return Problem("Triton server", want, failure.line, do, TRITON_PORT.code)
