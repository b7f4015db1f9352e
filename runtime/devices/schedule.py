"""The order of work on a device's streams, as data: what is queued where, and who waits for what.

A lane has `depth` slots, each with its own staging, device and result buffers. Depth 1 puts
copies and inference on one stream, which has the least latency. From depth 2 on, copies in,
inference and copies out have a stream each, so that one batch is copied while another is
computed; events hand a buffer from one stream to the next:

    copy-in:  staging -> input   | event `in`
    infer:    wait `in`          | input -> output | event `ran`
    copy-out: wait `ran`         | output -> result | event `out`
    host:     wait `out`, read the result; only then is the slot filled again

`find_hazards` proves of a program that no buffer is read before it is written, or used anew
while an earlier use may still be going on. What is proved is what runs: bindings carry out
these steps and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum


class Action(str, Enum):
    """What one step does."""

    FILL = "fill"
    """The host writes the slot's staging buffer."""
    COPY_IN = "copy-in"
    """Staging buffer to the device."""
    GATHER = "gather"
    """Chosen samples of the device's sample library into the input."""
    INFER = "infer"
    """The engine: input to output."""
    COPY_OUT = "copy-out"
    """Output to the slot's result buffer on the host."""
    RECORD = "record"
    """Put an event behind the stream's work."""
    WAIT = "wait"
    """Let the stream's later work wait for an event."""
    SYNCHRONIZE = "synchronize"
    """Let the host wait for an event."""
    READ = "read"
    """The host reads the slot's result buffer."""


HOST = "host"
"""Where steps happen that no stream does."""

STREAMS = ("copy-in", "infer", "copy-out")
"""Streams of a lane from depth 2 on; a lane of depth 1 has `infer` alone."""

LIBRARY = "library"
"""Buffer of the resident samples; written once, before any batch."""

SCRATCH = "scratch"
"""Activations, shared by all slots of a lane."""


@dataclass(frozen=True)
class Step:
    """One thing that the host does or queues."""

    action: Action
    """What is done."""
    stream: str
    """Stream that does it, or `host`."""
    slot: int
    """Slot that it belongs to."""
    reads: tuple[str, ...] = ()
    """Buffers that it reads."""
    writes: tuple[str, ...] = ()
    """Buffers that it writes."""
    event: str = ""
    """Event that is recorded or waited for."""
    captured: bool = False
    """Whether it is part of the slot's CUDA graph."""
    batch: int = -1
    """Which batch of a run; -1 in a plan."""

    def __str__(self) -> str:
        """Return the step in one line."""
        moved = " -> ".join("+".join(buffers) for buffers in (self.reads, self.writes) if buffers)
        moved = f" {moved}" if moved else ""
        told = f" {self.event}" if self.event else ""
        return f"{self.stream}: {self.action.value}{told}{moved}"


@dataclass(frozen=True)
class Schedule:
    """What a lane does with a batch, for each of its slots."""

    depth: int
    """Batches under way at the same time."""
    graph: bool
    """Whether steps are captured into a CUDA graph, one for each slot and batch size."""
    resident: bool
    """Whether samples are taken from the device's own library."""
    submit: tuple[tuple[Step, ...], ...]
    """Steps that start a batch, by slot; the first is FILL."""
    collect: tuple[tuple[Step, ...], ...]
    """Steps that end it, by slot."""

    @property
    def streams(self) -> tuple[str, ...]:
        """Return the streams that a lane needs."""
        used = {s.stream for steps in self.submit for s in steps}
        return tuple(s for s in STREAMS if s in used)

    @property
    def events(self) -> tuple[str, ...]:
        """Return the events that a lane needs."""
        return tuple(
            dict.fromkeys(
                s.event for steps in self.submit for s in steps if s.action is Action.RECORD
            )
        )


def make_schedule(depth: int, *, graph: bool = False, resident: bool = False) -> Schedule:
    """Return the schedule of a lane.

    Args:
        depth: Batches under way at the same time, at least 1.
        graph: Capture what does not change from batch to batch into CUDA graphs: of depth 1
            copies and inference, above it the inference.
        resident: Take samples from the device's library; only their numbers are copied in.
    """
    make = _fused if depth == 1 else _overlapped
    submit = tuple(tuple(make(slot, graph=graph, resident=resident)) for slot in range(depth))
    return Schedule(
        depth=depth,
        graph=graph,
        resident=resident,
        submit=submit,
        collect=tuple(_collect(slot) for slot in range(depth)),
    )


def unroll(schedule: Schedule, batches: int) -> Iterator[Step]:
    """Yield the host's program for a run of batches, as a busy lane goes through it.

    Args:
        schedule: The lane's schedule.
        batches: How many.
    """
    for batch in range(batches + schedule.depth):
        done = batch - schedule.depth
        if done >= 0:
            yield from (replace(s, batch=done) for s in schedule.collect[done % schedule.depth])
        if batch < batches:
            steps = schedule.submit[batch % schedule.depth]
            yield from (replace(s, batch=batch) for s in steps)


@dataclass(frozen=True)
class Hazard:
    """Two uses of a buffer without an order, or a read of what nobody wrote."""

    buffer: str
    """The buffer."""
    first: Step | None
    """The earlier use; None where there is none."""
    second: Step
    """The later use."""

    def __str__(self) -> str:
        """Return the hazard in one line."""
        if self.first is None:
            return f"{self.second} reads {self.buffer}, which nobody wrote for it"
        return f"{self.second} does not wait for {self.first} ({self.buffer})"


@dataclass
class _Uses:
    """Last uses of a buffer, each with the time of the stream that made it."""

    write: tuple[Step, str, int] | None = None
    reads: list[tuple[Step, str, int]] = field(default_factory=list)


def find_hazards(steps: Iterable[Step], ready: Iterable[str] = (LIBRARY,)) -> list[Hazard]:
    """Return every pair of uses of a buffer that nothing puts into an order.

    Args:
        steps: A program in the host's order.
        ready: Buffers that are written before it begins.

    Why: each stream and the host have a clock; a step knows of the clocks of all that it
        must come after (its stream's order, the host's, events). Two uses of a buffer, one
        of them a write, are safe where the later knows the earlier's time.
    """
    clocks: dict[str, dict[str, int]] = {HOST: {HOST: 0}}
    events: dict[str, dict[str, int]] = {}
    uses: dict[str, _Uses] = {}
    written = set(ready)
    found: list[Hazard] = []
    for step in steps:
        known = clocks.setdefault(step.stream, {})
        _merge(known, clocks[HOST])  # it is queued after all that the host has done
        if step.action is Action.RECORD:
            events[step.event] = dict(known)
            continue
        if step.action in (Action.WAIT, Action.SYNCHRONIZE):
            _merge(known, events.get(step.event, {}))
            continue
        known[step.stream] = known.get(step.stream, 0) + 1
        for buffer in step.reads:
            last = uses.setdefault(buffer, _Uses())
            if not _fresh(buffer, last, step, written):
                found.append(Hazard(buffer, None, step))
            found += _unordered(buffer, [last.write] if last.write else [], step, known)
        for buffer in step.writes:
            last = uses.setdefault(buffer, _Uses())
            earlier = [*last.reads, *([last.write] if last.write else [])]
            found += _unordered(buffer, earlier, step, known)
        when = (step, step.stream, known[step.stream])
        for buffer in step.reads:
            uses[buffer].reads.append(when)
        for buffer in step.writes:
            uses[buffer] = _Uses(write=when)
    return found


def _fused(slot: int, *, graph: bool, resident: bool) -> Iterator[Step]:
    """Yield the steps of a batch that has one stream for itself."""
    yield _fill(slot, resident=resident)
    for step in _work(slot, dict.fromkeys(STREAMS, "infer"), resident=resident):
        yield replace(step, captured=graph)
    yield Step(Action.RECORD, "infer", slot, event=f"out-{slot}")


def _overlapped(slot: int, *, graph: bool, resident: bool) -> Iterator[Step]:
    """Yield the steps of a batch whose copies run beside other batches' inference."""
    yield _fill(slot, resident=resident)
    before = {"infer": f"in-{slot}", "copy-out": f"ran-{slot}"}
    after = {"copy-in": f"in-{slot}", "infer": f"ran-{slot}", "copy-out": f"out-{slot}"}
    steps = list(_work(slot, {s: s for s in STREAMS}, resident=resident))
    for number, step in enumerate(steps):
        first = number == 0 or steps[number - 1].stream != step.stream
        last = number == len(steps) - 1 or steps[number + 1].stream != step.stream
        if first and step.stream in before:
            yield Step(Action.WAIT, step.stream, slot, event=before[step.stream])
        yield replace(step, captured=graph and step.stream == "infer")
        if last:
            yield Step(Action.RECORD, step.stream, slot, event=after[step.stream])


def _fill(slot: int, *, resident: bool) -> Step:
    """Return the host's part: samples, or the numbers of resident ones, into the staging buffer."""
    reads = () if resident else (LIBRARY,)
    return Step(Action.FILL, HOST, slot, reads=reads, writes=(f"staging-{slot}",))


def _work(slot: int, on: dict[str, str], *, resident: bool) -> Iterator[Step]:
    """Yield copy in, gather where samples are resident, inference, copy out."""
    staging, source, target, result = (
        f"{name}-{slot}" for name in ("staging", "input", "output", "result")
    )
    if resident:
        rows = f"rows-{slot}"
        yield Step(Action.COPY_IN, on["copy-in"], slot, (staging,), (rows,))
        yield Step(Action.GATHER, on["infer"], slot, (rows, LIBRARY), (source,))
    else:
        yield Step(Action.COPY_IN, on["copy-in"], slot, (staging,), (source,))
    yield Step(Action.INFER, on["infer"], slot, (source,), (target, SCRATCH))
    yield Step(Action.COPY_OUT, on["copy-out"], slot, (target,), (result,))


def _collect(slot: int) -> tuple[Step, ...]:
    """Return the steps that end a batch."""
    wait = Step(Action.SYNCHRONIZE, HOST, slot, event=f"out-{slot}")
    return wait, Step(Action.READ, HOST, slot, reads=(f"result-{slot}",))


def _merge(known: dict[str, int], other: dict[str, int]) -> None:
    """Take in what others know."""
    for name, time in other.items():
        known[name] = max(known.get(name, 0), time)


def _fresh(buffer: str, last: _Uses, step: Step, written: set[str]) -> bool:
    """Tell whether a buffer holds what the step's batch put there."""
    if buffer in written:
        return True
    return last.write is not None and last.write[0].batch == step.batch


def _unordered(
    buffer: str, earlier: list[tuple[Step, str, int]], step: Step, known: dict[str, int]
) -> list[Hazard]:
    """Return the earlier uses that a step does not come after for certain."""
    return [
        Hazard(buffer, other, step)
        for other, stream, time in earlier
        if known.get(stream, 0) < time
    ]
