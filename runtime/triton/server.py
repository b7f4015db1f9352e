"""One server's life: start, ready, watch, drain, stop; never a hang, nothing left behind."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from runtime.devices.host import end_with_parent
from runtime.errors import ArtifactError, HarnessError, Problem, RunError
from runtime.triton.install import Install
from runtime.triton.ports import LOOPBACK, Ports, free_ports
from runtime.triton.serverfault import Faults
from runtime.troubles.served import TRITON_PORT

READY_S = 60.0
"""How long a server may take until it and its models are ready, in seconds."""

STOP_S = 15.0
"""How long a server may take to end after SIGTERM, in seconds."""

EXIT_S = 5
"""How long a server waits for inferences in flight when it is told to end, in seconds."""

POLL_S = 0.05
"""Time between two looks at a server that starts, in seconds."""

ASK_S = 2.0
"""How long a server may take to answer a question about its health, in seconds."""

ATTEMPTS = 3
"""How often chosen ports are tried: another program may take one in between."""

SHM = Path("/dev/shm")  # noqa: S108 - where glibc keeps shared memory objects
"""Where named shared memory is on Linux."""


class TritonServer:
    """One `tritonserver` process in its own process group."""

    def __init__(
        self,
        install: Install,
        repository: Path,
        folder: Path,
        *,
        number: int = 0,
        device: str | None = None,
        ports: Ports | None = None,
        options: Sequence[str] = (),
    ) -> None:
        """Hold what `start` needs; nothing happens yet.

        Args:
            install: The server's program and backends.
            repository: Model repository.
            folder: Gets the log, `triton-N.log`; kept.
            number: Which server of several, from 0.
            device: What it sees of the machine's GPUs: `CUDA_VISIBLE_DEVICES`, for example
                a MIG slice's UUID; None leaves the caller's value.
            ports: Ports to listen on; None chooses free ones.
            options: More options of the program.
        """
        self.install = install
        self.repository = repository
        self.number = number
        self.device = device
        self.log = folder / f"triton-{number}.log"
        """What the server printed, standard output and standard error."""
        self._faults = Faults(number=number, install=install, repository=repository, log=self.log)
        self._named = ports
        self._options = tuple(options)
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._stopping = False
        self._prefix = f"calliope-{os.getpid()}-{number}-"
        self.ports = ports or Ports(http=0, grpc=0, metrics=0)

    def name_ports(self, ports: Ports) -> None:
        """Use these ports instead of free ones; they are tried once."""
        self._named = self.ports = ports

    @property
    def url(self) -> str:
        """Return host and port of gRPC."""
        return f"{LOOPBACK}:{self.ports.grpc}"

    @property
    def pid(self) -> int:
        """Return the process's id; 0 before it was started."""
        return self._process.pid if self._process else 0

    def start(self, models: Sequence[str], ready_s: float = READY_S) -> None:
        """Start the server and return when it is live, it is ready, and its models are.

        The kernel ends it with the thread that called this: an orphan would disturb the next
        run. Call it from a thread that outlives the server.

        Args:
            models: Models that must be ready.
            ready_s: How long that may take, in seconds.

        Raises:
            MissingError: A model needs a backend that the server lacks.
            RunError: A model does not load, the server ends, or it is not ready in time.
            UsageError: A named port is in use.
        """
        for attempt in range(1, ATTEMPTS + 1):
            self.ports = self._named or free_ports()
            self._launch()
            try:
                self._wait_ready(models, ready_s)
            except HarnessError as error:
                self.kill()
                taken = error.codes == (TRITON_PORT.code,)
                if self._named is None and taken and attempt < ATTEMPTS:
                    continue
                raise
            except BaseException:
                self.kill()
                raise
            return

    def alive(self) -> bool:
        """Tell whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def ready(self, model: str = "") -> bool:
        """Tell whether the server (or a model) says that it is ready."""
        path = f"/v2/models/{model}/ready" if model else "/v2/health/ready"
        return self._ask(path)

    def forget_regions(self) -> bool:
        """Let the server drop every shared memory region; tell whether it did.

        Source: Triton Inference Server documentation, "Shared-Memory Extension".
        """
        return self._ask("/v2/systemsharedmemory/unregister", "POST")

    def check(self) -> None:
        """Return while the server lives.

        Raises:
            RunError: It ended, with how, and the end of its log.
        """
        if self._process is not None and not self._stopping and self._process.poll() is not None:
            raise RunError(self._faults.died(self.pid, self._process.returncode))

    def stop(self, deadline_s: float = STOP_S) -> int:
        """Let the server drain and end, and return its exit code: 0 when all is well.

        Args:
            deadline_s: How long it may take, in seconds; then it is killed.

        Raises:
            RunError: It had to be killed, or ended with another code.
        """
        if self._process is None:
            return 0
        process, gone = self._process, self._process.poll() is not None
        self._stopping = True
        if not gone:
            self._signal(signal.SIGCONT)  # a frozen server could not hear the next signal
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        try:
            code = process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.kill()
            got = f"SIGKILL after {deadline_s:g} s"
            raise RunError(self._faults.bad_stop(got)) from None
        self.kill()  # what is left of its group
        if code != 0 and not gone:
            raise RunError(self._faults.bad_stop(f"exit code {code}"))
        return code

    def kill(self) -> None:
        """End the server and everything that it started, at once, and free its memory."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
        if self._output is not None:
            self._output.close()
            self._output = None
        for path in SHM.glob(f"{self._prefix}*"):
            with contextlib.suppress(OSError):
                path.unlink()

    def command(self) -> list[str]:
        """Return the command line."""
        return [
            str(self.install.binary),
            f"--model-repository={self.repository.absolute()}",
            f"--backend-directory={self.install.backends}",
            f"--http-address={LOOPBACK}",
            f"--http-port={self.ports.http}",
            f"--grpc-address={LOOPBACK}",
            f"--grpc-port={self.ports.grpc}",
            f"--metrics-address={LOOPBACK}",
            f"--metrics-port={self.ports.metrics}",
            f"--exit-timeout-secs={EXIT_S}",
            "--strict-readiness=true",
            "--disable-auto-complete-config",
            f"--backend-config=python,shm-region-prefix-name={self._prefix}",
            *self._options,
        ]

    def _launch(self) -> None:
        """Start the process."""
        environment = {**os.environ, **self.install.environment}
        if self.device is not None:
            environment["CUDA_VISIBLE_DEVICES"] = self.device
        parent = os.getpid()
        self._stopping = False
        try:
            self._output = self.log.open("ab")
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                env=environment,
                start_new_session=True,
                preexec_fn=lambda: end_with_parent(parent, signal.SIGTERM),  # noqa: PLW1509 - the program cannot ask for it itself
            )
        except OSError as error:
            got = error.strerror or str(error)
            where = str(error.filename or self.install.binary)
            do = "check the file and its rights"
            raise ArtifactError(Problem(where, "a server that starts", got, do)) from error

    def _wait_ready(self, models: Sequence[str], ready_s: float) -> None:
        """Return when server and models are ready."""
        end = monotonic() + ready_s
        waiting = ["", *models]
        while waiting:
            if not self.alive():
                code = self._process.returncode if self._process else None
                raise self._faults.failed_start(self.pid, code)
            if self._ask(f"/v2/models/{waiting[0]}/ready" if waiting[0] else "/v2/health/ready"):
                waiting.pop(0)
                continue
            if monotonic() > end:
                raise self._faults.late(waiting, ready_s)
            sleep(POLL_S)

    def _ask(self, path: str, method: str = "GET") -> bool:
        """Tell whether the server answers 200 to a path."""
        connection = http.client.HTTPConnection(LOOPBACK, self.ports.http, timeout=ASK_S)
        try:
            connection.request(method, path)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _signal(self, number: int) -> None:
        """Send a signal to the server's process group, where any of it is left."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)
