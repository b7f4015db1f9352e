"""The order of work on streams: no batch reads what another writes, whatever the timing."""

from __future__ import annotations

import random

import pytest

from runtime.devices.schedule import (
    HOST,
    Action,
    Step,
    find_hazards,
    make_schedule,
    unroll,
)

KINDS = [
    (depth, graph, resident)
    for depth in (1, 2, 3, 5)
    for graph in (False, True)
    for resident in (False, True)
]


@pytest.mark.parametrize(("depth", "graph", "resident"), KINDS)
def test_no_schedule_has_a_hazard(depth, graph, resident):
    schedule = make_schedule(depth, graph=graph, resident=resident)
    for batches in (0, 1, depth, depth + 1, 4 * depth + 3):
        assert find_hazards(unroll(schedule, batches)) == []


@pytest.mark.parametrize(("depth", "graph", "resident"), KINDS)
def test_every_order_is_needed(depth, graph, resident):
    """Without any one of its waits, records or synchronisations a schedule has a hazard."""
    schedule = make_schedule(depth, graph=graph, resident=resident)
    steps = list(unroll(schedule, 3 * depth))
    ordering = {Action.RECORD, Action.WAIT, Action.SYNCHRONIZE}
    kinds = {(s.action, s.event.partition("-")[0]) for s in steps if s.action in ordering}
    assert kinds
    for action, event in kinds:
        without = [
            s for s in steps if not (s.action is action and s.event.partition("-")[0] == event)
        ]
        assert find_hazards(without), (action, event)


@pytest.mark.parametrize("seed", range(200))
def test_the_checker_finds_what_a_random_execution_shows(seed):
    """Whatever steps are lost: if some timing gives a wrong answer, the checker has told so."""
    dice = random.Random(seed)
    schedule = make_schedule(
        dice.choice((1, 2, 3)), graph=dice.random() < 0.5, resident=dice.random() < 0.5
    )
    steps = [
        s
        for s in unroll(schedule, dice.randint(1, 7))
        if s.action not in (Action.RECORD, Action.WAIT, Action.SYNCHRONIZE) or dice.random() > 0.15
    ]
    wrong = any(execute(steps, random.Random(seed * 1000 + n)) for n in range(20))
    if wrong:
        assert find_hazards(steps)


def test_random_executions_of_whole_schedules_are_right():
    for depth, graph, resident in KINDS:
        steps = list(unroll(make_schedule(depth, graph=graph, resident=resident), 9))
        assert not any(execute(steps, random.Random(n)) for n in range(20))


def execute(steps: list[Step], dice: random.Random) -> bool:
    """Run a program on streams of random speed; tell whether a batch got another's data."""
    queues: dict[str, list[Step]] = {}
    done: dict[str, int] = {}
    events: dict[str, tuple[str, int]] = {}
    held: dict[str, int] = {"library": -2}
    wrong = False

    def use(step: Step) -> None:
        nonlocal wrong
        if any(held.get(b, -1) not in (step.batch, -2) for b in step.reads):
            wrong = True
        for buffer in step.writes:
            held[buffer] = step.batch

    def advance(stream: str, upto: int) -> None:
        while done.get(stream, 0) < upto:
            step, waited = queues[stream][done.get(stream, 0)]
            if waited is not None:
                advance(*waited)
            done[stream] = done.get(stream, 0) + 1
            use(step)

    for step in steps:
        if step.stream == HOST:
            if step.action is Action.SYNCHRONIZE:
                if step.event in events:
                    advance(*events[step.event])
            else:
                use(step)
        elif step.action is Action.RECORD:
            events[step.event] = (step.stream, len(queues.get(step.stream, [])))
        elif step.action is Action.WAIT:
            empty = Step(Action.WAIT, step.stream, step.slot, batch=step.batch)
            queues.setdefault(step.stream, []).append((empty, events.get(step.event)))
        else:
            queues.setdefault(step.stream, []).append((step, None))
        for stream in dice.sample(sorted(queues), len(queues)):
            if dice.random() < 0.4:
                advance(stream, dice.randint(0, len(queues[stream])))
    for stream in dice.sample(sorted(queues), len(queues)):
        advance(stream, len(queues[stream]))
    return wrong


def test_depth_one_is_one_stream_and_its_copies_are_in_the_graph():
    schedule = make_schedule(1, graph=True)
    assert schedule.streams == ("infer",)
    assert schedule.events == ("out-0",)
    assert [s.action for s in schedule.submit[0] if s.captured] == [
        Action.COPY_IN,
        Action.INFER,
        Action.COPY_OUT,
    ]


def test_above_depth_one_only_the_inference_is_in_the_graph():
    schedule = make_schedule(2, graph=True, resident=True)
    assert schedule.streams == ("copy-in", "infer", "copy-out")
    assert [s.action for s in schedule.submit[1] if s.captured] == [Action.GATHER, Action.INFER]
    assert len(schedule.events) == 6


def test_a_hazard_says_what_does_not_wait_for_what():
    steps = [s for s in unroll(make_schedule(2), 1) if s.action is not Action.WAIT]
    told = [str(h) for h in find_hazards(steps)]
    assert (
        "infer: infer input-0 -> output-0+scratch does not wait for copy-in: copy-in staging-0 -> input-0 (input-0)"
        in told
    )
    lonely = [Step(Action.READ, HOST, 0, reads=("result-0",), batch=0)]
    assert "which nobody wrote" in str(find_hazards(lonely)[0])
