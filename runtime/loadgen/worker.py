"""A worker process: `python -m runtime.loadgen.worker PLAN.json --place JSON`.

It opens the model on one device and answers batches. Samples, rows and answers lie in
memory that it shares with LoadGen's process; slot numbers come and go through pipes.
It ends when its pipes end, and the kernel ends it with the process that started it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import select
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from runtime.backends.base import Backend, Resident, describe_compiled, open_backend
from runtime.devices.host import bind_to_cores, end_with_parent
from runtime.errors import HarnessError, RunError
from runtime.loadgen.exchange import RECORD, Layout, Slot
from runtime.loadgen.memory import attach, view
from runtime.loadgen.system import quiet_collector
from runtime.plan import RunPlan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from runtime.loadgen.runner import BatchRunner

WARM_UP = 255
"""What is sent in a slot number's place to ask for one round of warm-up."""


HOLD = 254
"""What is sent in a slot number's place to ask for the loaded samples to be made resident."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One worker's part of the run: numbers and inherited descriptors."""

    number: int
    """Which worker, from 0."""
    parent: int
    """Id of the process that started it."""
    device: int | None
    """Index of the accelerator; None for the host processor."""
    cores: tuple[int, ...]
    """Logical processors to run on; empty for all that the parent may use."""
    lane: int
    """Number of its first lane, over all workers."""
    lanes: int
    """Lanes over all workers."""
    held: int
    """Samples that the sample block has room for."""
    samples: int
    """Descriptor of the sample block."""
    exchange: int
    """Descriptor of the exchange block."""
    orders: tuple[int, ...]
    """Descriptor that each of its lanes reads slot numbers from."""
    answered: int
    """Descriptor that all lanes write `RECORD`s to."""
    told: int
    """Descriptor for one JSON line: ready, or what went wrong."""

    def to_json(self) -> str:
        """Return the JSON form."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Place:
        """Return the place of a JSON form."""
        plain = json.loads(text)
        return cls(**plain | {n: tuple(plain[n]) for n in ("cores", "orders")})


def main(arguments: list[str] | None = None) -> int:
    """Work until the orders end and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m runtime.loadgen.worker")
    parser.add_argument("plan", type=Path, help="plan in JSON")
    parser.add_argument("--place", required=True, help="this worker's part of it, in JSON")
    options = parser.parse_args(arguments)
    place = Place.from_json(options.place)
    end_with_parent(place.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is LoadGen's process's to handle
    fail = partial(_fail, told=place.told)
    try:
        bind_to_cores(place.cores)  # before any library makes threads
        work(RunPlan.from_json(options.plan.read_bytes()), place, fail)
    except BaseException as error:  # noqa: BLE001 - everything is told to the parent
        fail(error)
    return 0


def work(plan: RunPlan, place: Place, fail: Callable[[BaseException], None]) -> None:
    """Open the model, tell that it is ready, and answer until the orders end.

    Args:
        plan: The run.
        place: This worker's part of it.
        fail: Ends the process with what a lane raised.
    """
    from runtime.artifacts import cache_folder
    from runtime.loadgen.modules import find_workload
    from runtime.loadgen.runner import BatchRunner

    workload = find_workload(plan.workload)
    facts, settings = workload.WORKLOAD, plan.settings
    model = workload.open_model(plan.model, cache_folder())
    backend = open_backend(model, facts, settings, place.device)
    layout = Layout(
        lanes=place.lanes, capacity=settings.batch_size, answer_dtype=facts.answer_dtype
    )
    samples = view(
        attach(place.samples, writable=False),
        0,
        (place.held, *facts.input.shape),
        facts.input.dtype,
    )
    shared = partial(view, attach(place.exchange, writable=True))
    threads = []
    for number, order in enumerate(place.orders):
        runner = BatchRunner(backend.bind(settings.batch_size), workload.postprocess)
        lane = place.lane + number
        slots = layout.slots(lane, shared)
        pipes = order, place.answered
        hold = partial(_hold, backend, samples)
        loop = partial(_serve, runner, samples, slots, pipes, lane=lane, hold=hold)
        threads.append(threading.Thread(target=_guard, args=(loop, fail), daemon=True))
    for thread in threads[1:]:
        thread.start()
    quiet_collector()
    ready = {"ready": True, "engines": describe_compiled(backend)}
    os.write(place.told, json.dumps(ready).encode() + b"\n")
    threads[0].run()  # the first lane needs no thread of its own
    for thread in threads[1:]:
        thread.join()
    backend.close()


def _serve(
    runner: BatchRunner,
    samples: NDArray[Any],
    slots: list[Slot],
    pipes: tuple[int, int],
    *,
    lane: int,
    hold: Callable[[], None],
) -> None:
    """Answer the batches of one lane until its orders end.

    Args:
        runner: The lane's hold on the model.
        samples: The shared samples.
        slots: The lane's places for batches.
        pipes: Descriptors of orders and of answered batches.
        lane: Its number over all workers.
        hold: Makes the loaded samples resident on the device.
    """
    import numpy as np

    orders, answered = pipes
    counts = slots[0].counts
    records = [RECORD.pack(lane, slot.number) for slot in slots]
    spare = np.zeros_like(slots[0].answers)
    flying: deque[int] = deque()
    waiting = select.poll()
    waiting.register(orders, select.POLLIN)

    def finish() -> None:
        number = flying.popleft()
        runner.finish(slots[number].answers[: int(counts[number])])
        os.write(answered, records[number])

    while True:
        if flying and not waiting.poll(0):
            finish()
            continue
        order = os.read(orders, 1)
        if not order:
            break
        number = order[0]
        if number in (WARM_UP, HOLD):
            if number == HOLD:
                hold()
            else:
                runner.warm_up(samples[: runner.capacity], spare, 1)
            os.write(answered, RECORD.pack(lane, number))
            continue
        slot, count = slots[number], int(counts[number])
        if not runner.depth:
            runner.run(samples, slot.rows[:count], slot.answers[:count])
            os.write(answered, records[number])
            continue
        if len(flying) == runner.depth:
            finish()
        runner.begin(samples, slot.rows[:count])
        flying.append(number)
    while flying:
        finish()


def _hold(backend: Backend, samples: NDArray[Any]) -> None:
    """Let the backend take the shared samples into its device's memory."""
    if isinstance(backend, Resident):
        backend.hold(samples)


def _guard(loop: Callable[[], None], fail: Callable[[BaseException], None]) -> None:
    """Run a lane's loop; whatever it raises ends the process."""
    try:
        loop()
    except BaseException as error:  # noqa: BLE001 - a thread has no one above it
        fail(error)


def _fail(error: BaseException, told: int) -> NoReturn:
    """Tell the parent what went wrong and end the process at once."""
    problems = error.problems if isinstance(error, HarnessError) else ()
    if not problems:
        traceback.print_exception(type(error), error, error.__traceback__)
    line = {
        "kind": type(error).__name__,
        "text": str(error) or type(error).__name__,
        "problems": [[p.where, p.want, p.got, p.do, p.code] for p in problems],
    }
    sys.stderr.flush()
    try:
        os.write(told, json.dumps(line).encode() + b"\n")
    finally:
        os._exit(getattr(error, "exit_code", RunError.exit_code))


if __name__ == "__main__":
    sys.exit(main())
