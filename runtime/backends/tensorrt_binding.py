"""A lane's hold on an engine: it carries out the steps of a schedule, and no others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import get_ident
from typing import TYPE_CHECKING, Any

from runtime.backends.tensorrt_engine import LoadedEngine
from runtime.backends.tensorrt_log import run_failure
from runtime.backends.tensorrt_plan import BuildPlan
from runtime.devices.cuda import Device, Event, Stream
from runtime.devices.schedule import Action, Schedule, Step, make_schedule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Run = Callable[[], Any]
"""One step, with everything bound: it takes and gives nothing."""


class Slot:
    """The buffers of one batch under way, and what has been made to run it."""

    def __init__(self, device: Device, plan: BuildPlan, number: int, *, resident: bool) -> None:
        """Allocate the buffers for the largest batch.

        Args:
            device: The device.
            plan: Names, shapes and sizes.
            number: Which slot of its lane.
            resident: Whether samples come from the device's library.
        """
        most, source, target = plan.sizes[-1], plan.source, plan.target
        self.number = number
        """Which slot of its lane."""
        self.samples = device.pinned((most, *source.shape), source.dtype)
        """Staging buffer for samples, in page-locked memory."""
        self.result = device.pinned((most, *target.shape), target.dtype)
        """Where outputs arrive, in page-locked memory."""
        self.input = device.allocate(self.samples.nbytes, "the input").address
        """Address of the engine's input."""
        self.output = device.allocate(self.result.nbytes, "the output").address
        """Address of the engine's output."""
        self.numbers: NDArray[Any] | None = None
        """Staging buffer for row numbers, where samples are resident."""
        self.rows = 0
        """Address of the row numbers on the device."""
        if resident:
            self.numbers = device.pinned((most,), "uint32")
            self.rows = device.allocate(self.numbers.nbytes, "row numbers").address
        self.contexts: dict[int, Any] = {}
        """Execution context of each batch size."""


class EngineBinding:
    """Runs batches through an engine; used by one thread at a time."""

    def __init__(
        self,
        device: Device,
        loaded: LoadedEngine,
        plan: BuildPlan,
        *,
        schedule: Schedule,
        capacity: int,
    ) -> None:
        """Make streams, events, buffers, contexts and graphs.

        Args:
            device: The device; its context is the calling thread's.
            loaded: The engine.
            plan: What it was built from.
            schedule: What is done with a batch.
            capacity: Most samples in a batch, at most the largest batch size.

        Raises:
            RunError: The device has too little memory.
        """
        self._device, self._loaded, self._plan = device, loaded, plan
        self._schedule = schedule
        self._streams: dict[str, Stream] = {name: device.stream() for name in schedule.streams}
        self._events: dict[str, Event] = {name: device.event() for name in schedule.events}
        self._scratch = device.allocate(loaded.activation_bytes(), "activations")
        self._slots = [
            Slot(device, plan, number, resident=schedule.resident)
            for number in range(schedule.depth)
        ]
        for slot in self._slots:
            self._make_contexts(slot)
        self.input: NDArray[Any] = self._slots[0].samples[:capacity]
        """Staging buffer of the first slot, shape (capacity, *input.shape)."""
        self.depth = schedule.depth
        """Batches that may be under way."""
        self._library = 0
        self._programs: dict[tuple[int, int], list[Run]] = {}
        self._others: dict[tuple[int, int], list[Run]] = {}
        self._waits = [
            [self._bind(s, slot, 0) for s in schedule.collect[slot.number] if s.event]
            for slot in self._slots
        ]
        self._flying: deque[tuple[Slot, int]] = deque()
        self._next = 0
        self._thread = get_ident()
        if not schedule.resident:
            self._prepare(self._programs, schedule, self._slots)
            self._others = self._programs
        else:  # batches of host memory, as the warm-up has them, go through the first slot
            host = make_schedule(schedule.depth, graph=schedule.graph)
            self._prepare(self._others, host, self._slots[:1])

    def hold(self, library: int) -> None:
        """Draw batches from a sample library on the device from now on.

        Args:
            library: Its address.
        """
        if library != self._library:
            self._library = library
            self._prepare(self._programs, self._schedule, self._slots)

    def infer(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Return the outputs of a batch in host memory; see `Binding.infer`."""
        slot, count = self._slots[0], len(samples)
        if samples.ctypes.data != slot.samples.ctypes.data:
            slot.samples[:count] = samples
        self._enter()
        for run in self._others[0, self._plan.size_for(count)]:
            run()
        for run in self._waits[0]:
            run()
        result: NDArray[Any] = slot.result[:count]
        return result

    def submit(self, samples: NDArray[Any], rows: NDArray[np.int64]) -> None:
        """Start a batch; see `Pipelined.submit`."""
        slot, count = self._slots[self._next], len(rows)
        self._next = (self._next + 1) % self.depth
        if slot.numbers is not None:
            slot.numbers[:count] = rows
        else:
            _gather(samples, rows, slot.samples[:count])
        self._enter()
        for run in self._programs[slot.number, self._plan.size_for(count)]:
            run()
        self._flying.append((slot, count))

    def collect(self) -> NDArray[Any]:
        """Return the outputs of the oldest batch; see `Pipelined.collect`."""
        slot, count = self._flying.popleft()
        self._enter()
        for run in self._waits[slot.number]:
            run()
        result: NDArray[Any] = slot.result[:count]
        return result

    def close(self) -> None:
        """Drop the contexts; buffers go with the device."""
        for slot in self._slots:
            slot.contexts.clear()
        self._programs, self._others = {}, {}

    def _enter(self) -> None:
        """Make the device's context this thread's, where another had the binding before.

        Why: LoadGen calls back from threads of its own.
        """
        thread = get_ident()
        if thread != self._thread:
            self._device.attach()
            self._thread = thread

    def _make_contexts(self, slot: Slot) -> None:
        """Make a slot's execution context of each batch size, with its addresses set.

        Why: one context a size, because a captured graph is bound to the state of its context.
        """
        plan, stream = self._plan, self._streams["infer"]
        engine = self._loaded.another()
        for size in plan.sizes:
            context = self._loaded.context(engine, plan, size, self._scratch, stream)
            context.set_tensor_address(plan.source.name, slot.input)
            context.set_tensor_address(plan.target.name, slot.output)
            slot.contexts[size] = context

    def _prepare(
        self, programs: dict[tuple[int, int], list[Run]], schedule: Schedule, slots: list[Slot]
    ) -> None:
        """Bind the steps of slots for every batch size; capture what the schedule says.

        Why: a context allocates and chooses on its first run, which no graph may hold, so
            each is run once before.
        """
        for slot in slots:
            if slot.numbers is not None:
                slot.numbers[...] = 0
            for size in self._plan.sizes:
                steps = schedule.submit[slot.number]
                whole = [self._bind(s, slot, size) for s in steps if s.action is not Action.FILL]
                for run in (*whole, *self._waits[slot.number]):
                    run()
                programs[slot.number, size] = (
                    self._capture(steps, slot, size) if schedule.graph else whole
                )

    def _capture(self, steps: tuple[Step, ...], slot: Slot, size: int) -> list[Run]:
        """Return the steps with the captured ones as one launch."""
        inside = [s for s in steps if s.captured]
        stream = self._streams[inside[0].stream]
        stream.synchronize()
        with self._device.capture(stream) as graphs:
            for step in inside:
                self._bind(step, slot, size)()
        launch, program = graphs[0].launch, []
        for step in steps:
            if step is inside[0]:
                program.append(lambda: launch(stream))
            elif not step.captured and step.action is not Action.FILL:
                program.append(self._bind(step, slot, size))
        return program

    def _bind(self, step: Step, slot: Slot, size: int) -> Run:
        """Return one step as a call."""
        device = self._device
        if step.action is Action.SYNCHRONIZE:
            return self._events[step.event].synchronize
        stream = self._streams[step.stream]
        if step.action is Action.RECORD:
            event = self._events[step.event]
            return lambda: event.record(stream)
        if step.action is Action.WAIT:
            awaited = self._events[step.event]
            return lambda: stream.wait(awaited)
        if step.action is Action.COPY_OUT:
            target, source = slot.result[:size], slot.output
            return lambda: device.copy_out(target, source, stream)
        if step.action is Action.COPY_IN:
            by_number = any(b.startswith("rows") for b in step.writes)
            staging = slot.numbers if by_number and slot.numbers is not None else slot.samples
            head, to = staging[:size], slot.rows if by_number else slot.input
            return lambda: device.copy_in(to, head, stream)
        if step.action is Action.GATHER:
            library, shape = self._library, (size, slot.samples[:1].nbytes)
            to, rows = slot.input, slot.rows
            return lambda: device.gather(to, library, rows, shape, stream)
        return self._bind_inference(slot.contexts[size], stream, size)

    def _bind_inference(self, context: Any, stream: Stream, size: int) -> Run:
        """Return the engine's run as a call."""
        execute, handle = context.execute_async_v3, stream.handle
        logger = self._loaded.logger

        def run() -> None:
            if not execute(handle):
                raise run_failure(logger, f"inference of batch {size}")

        return run


def _gather(samples: NDArray[Any], rows: NDArray[np.int64], out: NDArray[Any]) -> None:
    """Copy chosen samples together; neighbours as one block."""
    import numpy as np

    count, first = len(rows), int(rows[0])
    if int(rows[-1]) - first == count - 1 and bool((rows[1:] - rows[:-1] == 1).all()):
        np.copyto(out, samples[first : first + count])
    else:
        np.take(samples, rows, axis=0, out=out, mode="clip")
