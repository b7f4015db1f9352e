"""Library, lanes and queue without LoadGen's clock: order, batches, gathering, errors."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from time import perf_counter

import numpy as np
import pytest

from runtime.configs.workload import Tensor
from runtime.loadgen.lanes import Lane
from runtime.loadgen.qsl import SampleLibrary
from runtime.loadgen.sut import SystemUnderTest
from runtime.vocabulary import Scenario

TENSOR = Tensor(name="x", dtype="float32", shape=(3,))
COUNT = 100


class Samples:
    note = ""

    def __init__(self):
        self.asked = []

    def __len__(self):
        return COUNT

    def load(self, indices):
        self.asked.append(list(indices))
        return np.repeat(np.asarray(indices, np.float32)[:, None], 3, axis=1)


class Binding:
    """Doubles the first number of each sample; remembers what it got."""

    def __init__(self, capacity):
        self.input = np.zeros((capacity, 3), np.float32)
        self.output = np.zeros((capacity, 1), np.float32)
        self.batches = []
        self.copied = []

    def infer(self, samples):
        assert samples.flags.c_contiguous
        self.batches.append(len(samples))
        self.copied.append(np.shares_memory(samples, self.input))
        self.output[: len(samples), 0] = samples[:, 0] * 2
        return self.output[: len(samples)]


def postprocess(outputs, out):
    out[:] = outputs[:, 0]


class Rig:
    def __init__(self, capacity, loaded=None):
        self.library = SampleLibrary(Samples(), TENSOR)
        self.library.load(list(range(COUNT)) if loaded is None else loaded)
        self.binding = Binding(capacity)
        self.lane = Lane(self.binding, self.library, postprocess, "int64")
        self.answers = {}
        self.calls = []
        self.lane._complete = self.complete

    def complete(self, responses):
        self.calls.append(len(responses))
        start = self.lane._answers.ctypes.data
        for response in responses:
            row = (response.data - start) // 8
            assert response.size == 8
            self.answers[response.id] = int(self.lane._answers[row])

    def run(self, indices):
        ids = [1000 + n for n in range(len(indices))]
        self.lane.run(ids, self.library.rows(indices))
        assert [self.answers[i] for i in ids] == [2 * i for i in indices]


def test_every_sample_gets_its_own_answer_and_each_batch_one_call():
    rig = Rig(8)
    rig.run([5, 3, 99, 0, 7, 7, 12, 1, 4, 2, 50])
    assert rig.binding.batches == [8, 3]
    assert rig.calls == [8, 3]
    assert rig.lane.completed == 11


def test_neighbours_are_a_view_and_others_are_gathered():
    rig = Rig(4)
    rig.run([10, 11, 12, 13, 20, 22, 21, 23, 40])
    assert rig.binding.copied == [False, True, False]


def test_a_library_in_loadgens_order_serves_that_order_without_copies():
    order = np.random.default_rng(0).permutation(COUNT).tolist()
    rig = Rig(10, loaded=order)
    rig.run(order)
    assert rig.binding.copied == [False] * 10
    rig.run(sorted(order)[:10])
    assert rig.binding.copied[-1] is True


def test_the_library_loads_parts_and_again():
    told = []
    samples = Samples()
    library = SampleLibrary(samples, TENSOR, lambda done, total: told.append((done, total)))
    library.load(list(range(99, -1, -1)))
    assert told == [(64, 100), (100, 100)]
    assert library.array.flags.c_contiguous
    assert library.array[library.rows([7, 98])][:, 0].tolist() == [7, 98]
    library.unload([])
    assert library.array.nbytes == 0
    library.load([4, 2])
    assert library.array[library.rows([2, 4])][:, 0].tolist() == [2, 4]


def serve(rig, queries, delay_s=0.0):
    queue = SimpleQueue()
    for query in queries:
        queue.put(query)
    queue.put(None)
    rig.lane.serve(queue, delay_s)
    return rig


def query(*indices):
    return ([1000 + i for i in indices], list(indices), perf_counter())


def test_queued_queries_share_a_batch_up_to_its_size():
    rig = serve(Rig(4), [query(1), query(9), query(3), query(4, 6), query(5)])
    assert rig.binding.batches == [3, 3]
    assert rig.answers == {1000 + i: 2 * i for i in (1, 9, 3, 4, 6, 5)}


def test_a_query_as_large_as_a_batch_is_not_held_back():
    rig = serve(Rig(2), [query(1, 2), query(3), query(4)])
    assert rig.binding.batches == [2, 2]


def test_a_lane_waits_for_others_no_longer_than_the_delay():
    rig = Rig(4)
    queue = SimpleQueue()
    worker = threading.Thread(target=rig.lane.serve, args=(queue, 0.5))
    worker.start()
    queue.put(query(1))
    threading.Event().wait(0.05)
    queue.put(query(8))
    threading.Event().wait(0.02)
    queue.put(query(3, 5))
    threading.Event().wait(0.02)
    queue.put(None)
    worker.join(5)
    assert rig.binding.batches == [4]
    rig = Rig(4)
    queue = SimpleQueue()
    worker = threading.Thread(target=rig.lane.serve, args=(queue, 0.05))
    worker.start()
    queue.put(query(1))
    threading.Event().wait(0.4)
    queue.put(query(8))
    queue.put(None)
    worker.join(5)
    assert rig.binding.batches == [1, 1]


def test_large_queries_are_cut_and_shared_by_lanes():
    library = SampleLibrary(Samples(), TENSOR)
    library.load(list(range(COUNT)))
    lanes, answers = [], {}
    for _ in range(3):
        binding = Binding(8)
        lane = Lane(binding, library, postprocess, "int64")

        def complete(responses, lane=lane):
            start = lane._answers.ctypes.data
            for r in responses:
                answers[r.id] = int(lane._answers[(r.data - start) // 8])

        lane._complete = complete
        lanes.append(lane)
    sut = SystemUnderTest(Scenario.OFFLINE, lanes, library, on_error=pytest.fail)
    assert not sut.inline
    sut.start()
    indices = np.random.default_rng(1).integers(0, COUNT, 1003).tolist()
    sut._issue_queued(list(range(1003)), indices)
    sut.stop()
    assert [answers[n] for n in range(1003)] == [2 * i for i in indices]
    assert sut.completed == sut.issued == 1003


@pytest.mark.parametrize(
    ("scenario", "lanes", "inline"),
    [
        (Scenario.OFFLINE, 1, True),
        (Scenario.OFFLINE, 2, False),
        (Scenario.SERVER, 1, False),
        (Scenario.SINGLE_STREAM, 2, True),
        (Scenario.MULTI_STREAM, 1, True),
    ],
)
def test_only_a_lone_lane_or_a_stream_is_answered_in_the_callback(scenario, lanes, inline):
    rig = Rig(2)
    sut = SystemUnderTest(scenario, [rig.lane] * lanes, rig.library, on_error=pytest.fail)
    assert sut.inline is inline


@pytest.mark.parametrize(("samples", "shared"), [(8, False), (9, True)])
def test_a_stream_query_larger_than_a_batch_is_shared_by_lanes(samples, shared):
    rigs = [Rig(8), Rig(8)]
    sut = SystemUnderTest(
        Scenario.MULTI_STREAM, [r.lane for r in rigs], rigs[0].library, on_error=pytest.fail
    )
    sut.start()
    sut.issue(list(range(samples)), list(range(samples)))
    if not shared:
        assert len(rigs[0].answers) == samples  # before the callback returned
    sut.stop()
    given = rigs[0].answers | rigs[1].answers
    assert given == {n: 2 * n for n in range(samples)}
    assert sum(len(r.calls) for r in rigs) == (2 if shared else 1)


@pytest.mark.parametrize("inline", [True, False])
def test_what_a_lane_raises_is_told(inline):
    rig = Rig(2)
    told = []
    event = threading.Event()

    def on_error(error):
        told.append(error)
        event.set()

    def fail(_samples):
        raise ValueError("broken device")

    rig.binding.infer = fail
    scenario = Scenario.SINGLE_STREAM if inline else Scenario.SERVER
    sut = SystemUnderTest(scenario, [rig.lane], rig.library, on_error=on_error)
    sut.start()
    (sut._issue_inline if inline else sut._issue_queued)([1], [1])
    assert event.wait(5)
    assert str(told[0]) == "broken device"
