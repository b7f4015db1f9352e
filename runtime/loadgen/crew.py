"""LoadGen's process's hold on its workers: start, ready, warm up, watch, end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from runtime import errors
from runtime.configs.workload import Workload
from runtime.errors import HarnessError, Problem, RunError
from runtime.loadgen.exchange import RECORD, Layout
from runtime.loadgen.memory import SharedBlock
from runtime.loadgen.placement import Seat
from runtime.loadgen.standstill import Stall
from runtime.loadgen.worker import WARM_UP, Place
from runtime.plan import RunPlan
from runtime.troubles.verdicts import CHILD_DIED

if TYPE_CHECKING:
    from numpy.typing import NDArray

STDERR = "worker-{}.stderr"
"""File in the run's folder with what a worker printed, standard error and output."""

TAIL_CHARS = 2_000
"""How much of it a message shows."""

STALL_S = 120.0
"""How long a starting worker may do nothing, neither compute nor read, in seconds."""

LOOK_S = 5.0
"""How often a worker that is not ready yet is looked at, in seconds."""

END_S = 10.0
"""How long a worker may take to end once its orders have ended, in seconds."""

READ_BYTES = 4096 * RECORD.size
"""Most that is read of the workers' records at once: whole records."""


@dataclass
class _Worker:
    """One worker process as its starter sees it."""

    number: int
    """Which worker, from 0."""
    process: subprocess.Popen[bytes]
    """The process."""
    told: int
    """Descriptor of what it tells: ready, or what went wrong; ends with the process."""
    stderr: Path
    """What it printed."""
    text: bytes = b""
    """What it has told so far."""


class Crew:
    """The worker processes of one run, and the memory that they share."""

    def __init__(self, plan: RunPlan, workload: Workload, held: int, folder: Path) -> None:
        """Reserve the memory; `start` starts the workers.

        Args:
            plan: The run.
            workload: Shapes of samples and answers.
            held: Samples that are in memory at once.
            folder: The run's folder, with plan.json.

        Raises:
            ArtifactError: The machine has too little memory.
        """
        import numpy as np

        self._plan = plan
        self._folder = folder
        self._workers: list[_Worker] = []
        self._orders: list[int] = []
        self._answered = -1
        self._ending = threading.Event()
        self.engines: list[dict[str, Any]] = []
        """What each worker executes in the model's place, as `EngineFile` in JSON form."""
        self.held = held
        """Samples that the shared array has room for."""
        tensor = workload.input
        shape = (held, *tensor.shape)
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(tensor.dtype).itemsize
        self._samples = SharedBlock(size, "samples")
        self.array: NDArray[Any] = self._samples.array(0, shape, tensor.dtype)
        """The shared samples, shape (held, *shape)."""
        self._dtype = workload.answer_dtype

    def start(self, seats: Sequence[Seat]) -> None:
        """Start a worker per seat and return when all are ready.

        Raises:
            HarnessError: What kept a worker from starting, of the class that it raised.
        """
        each = self._plan.settings.lanes
        self.layout = Layout(
            lanes=len(seats) * each,
            capacity=self._plan.settings.batch_size,
            answer_dtype=self._dtype,
        )
        self._exchange = SharedBlock(self.layout.total_bytes, "batches")
        self._answered, answered = os.pipe()
        try:
            for number, seat in enumerate(seats):
                self._start_one(number, seat, answered)
        finally:
            os.close(answered)
        self._wait_ready()

    @property
    def holders(self) -> range:
        """Return the first lane of each worker whose device keeps the samples."""
        resident, each = self._plan.settings.start_from_device, self._plan.settings.lanes
        return range(0, len(self._orders) if resident else 0, each)

    def view(self, offset: int, shape: tuple[int, ...], dtype: str) -> Any:
        """Return an array of the exchange block."""
        return self._exchange.array(offset, shape, dtype)

    def order(self, lane: int, message: bytes) -> None:
        """Send a slot's number to a lane; a worker that is gone is told by `watch`."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._orders[lane], message)

    def answers(self, timeout: float | None = None) -> bytes:
        """Return the records of answered batches, as soon as there are any.

        Args:
            timeout: Longest wait in seconds; None waits for ever.

        Returns:
            Whole records; empty when none came in time, or all workers have ended.
        """
        if timeout is not None and not select.select([self._answered], [], [], timeout)[0]:
            return b""
        return os.read(self._answered, READ_BYTES)

    def warm_up(self, on_done: Callable[[], None]) -> None:
        """Let every lane run one round of untimed inferences, all at the same time.

        Args:
            on_done: Called once a lane.
        """
        for lane in range(len(self._orders)):
            self.order(lane, bytes([WARM_UP]))
        left = len(self._orders)
        while left:
            self.check()
            for _ in range(len(self.answers(0.2)) // RECORD.size):
                left -= 1
                on_done()

    def check(self) -> None:
        """Raise the error of the first worker that has told one or has ended."""
        for worker in self._workers:
            if worker.process.poll() is not None:
                while self._take(worker):
                    pass
                raise self._failure(worker)

    def watch(self, on_error: Callable[[HarnessError], None]) -> None:
        """Watch from now on: a worker that ends before `close` is an error.

        Args:
            on_error: Called once with what to say; it must end the process.
        """

        def loop() -> None:
            poll = select.poll()
            for worker in self._workers:
                poll.register(worker.told, select.POLLIN)
            by_handle = {w.told: w for w in self._workers}
            while not self._ending.is_set():
                for handle, _ in poll.poll():
                    worker = by_handle[handle]
                    if not self._take(worker):
                        if not self._ending.is_set():
                            on_error(self._failure(worker))
                        return

        threading.Thread(target=loop, name="workers", daemon=True).start()

    def close(self) -> None:
        """End the workers, gently then firmly, and give the memory back."""
        self._ending.set()
        for handle in self._orders:
            os.close(handle)
        self._orders = []
        end = monotonic() + END_S
        for worker in self._workers:
            try:
                worker.process.wait(max(0.0, end - monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()

    def _start_one(self, number: int, seat: Seat, answered: int) -> None:
        """Start one worker with its pipes."""
        lanes, told = self._plan.settings.lanes, os.pipe()
        pipes = [os.pipe() for _ in range(lanes)]
        self._orders += [writer for _, writer in pipes]
        place = Place(
            number=number,
            parent=os.getpid(),
            device=seat.device,
            cores=seat.cores,
            lane=number * lanes,
            lanes=self.layout.lanes,
            held=self.held,
            samples=self._samples.handle,
            exchange=self._exchange.handle,
            orders=tuple(reader for reader, _ in pipes),
            answered=answered,
            told=told[1],
        )
        inherited = (*place.orders, place.samples, place.exchange, answered, told[1])
        plan = self._folder / "plan.json"
        command = [sys.executable, "-m", "runtime.loadgen.worker", str(plan)]
        stderr = self._folder / STDERR.format(number)
        try:
            with stderr.open("wb") as out:
                process = subprocess.Popen(
                    [*command, "--place", place.to_json()],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    pass_fds=inherited,
                )
        finally:
            for handle in (*place.orders, told[1]):
                os.close(handle)
        self._workers.append(_Worker(number=number, process=process, told=told[0], stderr=stderr))

    def _wait_ready(self) -> None:
        """Return when every worker has told that it is ready."""
        stall = Stall(w.process.pid for w in self._workers)
        for worker in self._workers:
            while b"\n" not in worker.text:
                if not select.select([worker.told], [], [], LOOK_S)[0]:
                    if stall.seconds() > STALL_S:
                        raise self._stands_still(worker)
                elif not self._take(worker):
                    raise self._failure(worker)
            said = json.loads(worker.text)
            if not said.get("ready"):
                raise self._failure(worker)
            self.engines += said["engines"]
            worker.text = b""

    def _stands_still(self, worker: _Worker) -> RunError:
        """End a worker that does nothing instead of starting, and return the error."""
        worker.process.kill()
        worker.process.wait()
        where = f"worker process {worker.number} (process {worker.process.pid})"
        want = f"to get ready; a worker that does nothing for {STALL_S:.0f} s is ended"
        got = "no computing and no reading in that time"
        tail = _tail(worker.stderr)
        got += f":\n{tail}" if tail else ""
        do = (
            f"see {worker.stderr}; look for a device, a lock or a network folder that never answers"
        )
        return RunError(Problem(where, want, got, do, CHILD_DIED.code))

    def _take(self, worker: _Worker) -> bool:
        """Take in what a worker tells; False once it tells no more."""
        data = os.read(worker.told, 65_536)
        worker.text += data
        return bool(data)

    def _failure(self, worker: _Worker) -> HarnessError:
        """Return the error of a worker that ended: what it told, or how it died."""
        told = json.loads(worker.text) if worker.text.endswith(b"\n") else {}
        if told.get("problems"):
            cls = getattr(errors, told["kind"], RunError)
            return cls([Problem(*parts) for parts in told["problems"]])
        try:
            code: int | None = worker.process.wait(END_S)
        except subprocess.TimeoutExpired:
            code = None
        got = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        if told:
            got += f" ({told['kind']}: {told['text']})"
        tail = _tail(worker.stderr)
        where = f"worker process {worker.number} (process {worker.process.pid})"
        got += f":\n{tail}" if tail else ""
        do = f"see {worker.stderr}"
        return RunError(Problem(where, "to end after the run", got, do, CHILD_DIED.code))


def _tail(path: Path) -> str:
    """Return the end of a text file; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")[-TAIL_CHARS:].strip()
    except OSError:
        return ""
