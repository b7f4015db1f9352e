"""Shared memory, slots, seats and dispatch, without a worker process."""

from __future__ import annotations

import errno
import mmap
import os
import resource
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from runtime.configs.schema import Offline
from runtime.configs.workload import Tensor
from runtime.devices import host
from runtime.errors import ArtifactError, ConfigError
from runtime.loadgen import memory
from runtime.loadgen.dispatch import WorkerSystem
from runtime.loadgen.exchange import AHEAD, RECORD, SLOTS, Layout
from runtime.loadgen.memory import SharedBlock, attach, free_bytes, view
from runtime.loadgen.placement import Seat, seat_workers, worker_count
from runtime.loadgen.qsl import SampleLibrary
from runtime.plan import RunPlan
from runtime.vocabulary import Mode, Scenario

COUNT = 100


def test_a_block_has_no_name_and_is_shared():
    block = SharedBlock(100_000, "test")
    assert os.fstat(block.handle).st_nlink == 0
    block.array(800, (3, 2), "float32")[:] = 7
    seen = view(attach(block.handle, writable=False), 800, (3, 2), "float32")
    assert (seen == 7).all()
    assert not seen.flags.writeable
    block.array(0, (1,), "int64")[0] = 9
    assert view(attach(block.handle, writable=True), 0, (1,), "int64")[0] == 9
    block.close()


def test_memory_that_is_not_there_is_told_before_the_run(monkeypatch):
    def full(_handle, _offset, _size):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(ArtifactError, match="No space left on device; free memory") as caught:
        SharedBlock(5 << 20, "samples")
    assert caught.value.problems[0].where == "shared memory for samples"
    assert caught.value.problems[0].want.startswith("5 MiB")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_block_larger_than_what_is_free_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda: 70 << 20)
    SharedBlock(5 << 20, "samples").close()
    with pytest.raises(ArtifactError, match="got 70 MiB free"):
        SharedBlock(7 << 20, "samples")


def test_a_container_limit_counts(tmp_path):
    (tmp_path / "memory.max").write_text("1048576\n")
    (tmp_path / "memory.current").write_text("48576\n")
    assert free_bytes(tmp_path) == 1_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_bytes(tmp_path) > 1_000_000
    assert free_bytes(tmp_path / "absent") > 1_000_000


def test_without_memfd_an_unlinked_file_serves(monkeypatch, tmp_path):
    def refuse(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, "memfd_create", refuse)
    monkeypatch.setattr(memory.tempfile, "tempdir", str(tmp_path))
    block = SharedBlock(4096, "samples")
    assert os.fstat(block.handle).st_nlink == 0
    assert list(tmp_path.iterdir()) == []
    block.close()
    monkeypatch.setattr(memory.tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(ArtifactError, match="No such file"):
        SharedBlock(4096, "samples")


def test_a_real_limit_gives_a_message_and_no_signal():
    """The kernel itself refuses: as with a full file system."""
    code = """
        import resource
        from runtime.errors import ArtifactError
        from runtime.loadgen.memory import SharedBlock
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        SharedBlock(1 << 19, "samples").close()
        try:
            SharedBlock(1 << 21, "samples")
        except ArtifactError as error:
            print(error)
    """
    assert resource.RLIMIT_FSIZE
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "2 MiB that worker processes can share, got File too large" in done.stdout


def test_slots_do_not_overlap():
    layout = Layout(lanes=3, capacity=37, answer_dtype="int32")
    block = mmap.mmap(-1, layout.total_bytes)
    spans = []
    for lane in range(3):
        slots = layout.slots(lane, lambda *a: view(block, *a))
        arrays = [slots[0].counts, *(a for s in slots for a in (s.rows, s.answers))]
        assert len(slots) == SLOTS
        spans += [(a.ctypes.data, a.ctypes.data + a.nbytes) for a in arrays]
    spans.sort()
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert all(start % 64 == 0 for start, _ in spans)
    assert spans[-1][1] - spans[0][0] <= layout.total_bytes


class Samples:
    note = ""

    def __len__(self):
        return COUNT

    def load(self, indices):
        return np.repeat(np.asarray(indices, np.float32)[:, None], 3, axis=1)


class FakeCrew:
    """Lanes whose answers a test gives when it likes."""

    def __init__(self, lanes, capacity):
        self.layout = Layout(lanes=lanes, capacity=capacity, answer_dtype="int64")
        self._block = mmap.mmap(-1, self.layout.total_bytes)
        self._reader, self._writer = os.pipe()
        self.orders = []

    def view(self, *arguments):
        return view(self._block, *arguments)

    def order(self, lane, message):
        self.orders.append((lane, message[0]))

    def answers(self, timeout=None):
        return os.read(self._reader, 4096)

    def answer(self, lane, slot):
        slots = self.layout.slots(lane, self.view)[slot]
        count = int(slots.counts[slot])
        slots.answers[:count] = slots.rows[:count] * 2
        os.write(self._writer, RECORD.pack(lane, slot))
        return count

    def close(self):
        os.close(self._writer)


class Rig:
    def __init__(self, lanes=2, capacity=4, scenario=Scenario.SERVER, delay_us=0):
        self.crew = FakeCrew(lanes, capacity)
        library = SampleLibrary(Samples(), Tensor(name="x", dtype="float32", shape=(3,)))
        library.load(list(range(COUNT)))
        self.errors = []
        self.sut = WorkerSystem(
            scenario, self.crew, library, delay_us=delay_us, on_error=self.errors.append
        )
        self.answers = {}
        for lane in self.sut._lanes:
            lane._complete = self.complete

    def complete(self, responses):
        import ctypes

        for r in responses:
            assert r.size == 8
            self.answers[r.id] = ctypes.c_int64.from_address(r.data).value

    def issue(self, *indices):
        self.sut.issue([1000 + i for i in indices], list(indices))

    def finish(self, lane, slot):
        """Let a lane answer and take it in, as the collecting thread does."""
        self.crew.answer(lane, slot)
        self.sut._take_in(self.crew.answers())

    def counts(self):
        return [
            int(self.crew.layout.slots(n, self.crew.view)[0].counts[s]) for n, s in self.crew.orders
        ]


@pytest.fixture
def rig():
    return Rig()


def test_idle_lanes_come_first_and_at_once(rig):
    rig.issue(1)
    rig.issue(2)
    assert sorted(lane for lane, _ in rig.crew.orders) == [0, 1]
    assert rig.counts() == [1, 1]


def test_behind_a_busy_lane_only_a_full_batch_waits(rig):
    for index in range(5):
        rig.issue(index)
    assert rig.counts() == [1, 1]  # three wait here, where more can join them
    rig.issue(5)
    assert rig.counts() == [1, 1, 4]


def test_outstanding_work_is_bounded(rig):
    rig.issue(*range(90))
    assert len(rig.crew.orders) == 2 * AHEAD
    lane, slot = rig.crew.orders[0]
    rig.finish(lane, slot)
    assert len(rig.crew.orders) == 2 * AHEAD + 1
    assert rig.crew.orders[-1][0] == lane
    assert rig.sut.completed == 4


def test_every_sample_gets_its_own_answer():
    rig = Rig(lanes=3, capacity=7, scenario=Scenario.OFFLINE)
    rig.sut.start()
    order = np.random.default_rng(0).permutation(COUNT).tolist()
    rig.issue(*order)
    given = 0
    end = time.monotonic() + 10
    while rig.sut.completed < COUNT and time.monotonic() < end:
        while given < len(rig.crew.orders):
            rig.crew.answer(*rig.crew.orders[given])
            given += 1
        time.sleep(0.001)
    rig.crew.close()
    assert rig.answers == {1000 + i: 2 * i for i in range(COUNT)}
    assert rig.errors == []


def test_a_query_waits_for_others_no_longer_than_the_delay():
    rig = Rig(delay_us=200_000)
    rig.sut.start()
    began = time.monotonic()
    rig.issue(1)
    rig.issue(2)
    assert rig.crew.orders == []
    while not rig.crew.orders and time.monotonic() - began < 5:
        time.sleep(0.005)
    assert 0.15 < time.monotonic() - began < 2
    assert rig.counts() == [2]
    rig.issue(3)
    rig.issue(4, 5, 6)
    assert rig.counts() == [2, 4]  # full: nothing to wait for
    rig.sut.stop()


def test_after_loadgens_last_query_nothing_waits():
    rig = Rig(delay_us=10_000_000)
    rig.sut.flush()
    rig.issue(1)
    assert rig.counts() == [1]


def test_a_stream_is_answered_before_the_callback_returns():
    rig = Rig(lanes=2, capacity=3, scenario=Scenario.MULTI_STREAM)
    worker = threading.Thread(target=rig.issue, args=(5, 6, 7, 8, 9, 10, 11, 12))
    worker.start()
    end, given = time.monotonic() + 10, 0
    while worker.is_alive() and time.monotonic() < end:
        while given < len(rig.crew.orders):
            rig.crew.answer(*rig.crew.orders[given])
            given += 1
        time.sleep(0.001)
    worker.join(1)
    assert not worker.is_alive()
    assert rig.answers == {1000 + i: 2 * i for i in range(5, 13)}
    assert {lane for lane, _ in rig.crew.orders} == {0, 1}


def test_what_goes_wrong_in_the_callback_is_told(rig):
    rig.crew.order = None
    rig.issue(1)
    assert isinstance(rig.errors[0], TypeError)


def plan_of(devices=(), **changes):
    return RunPlan(
        key="k",
        target="t",
        workload="digits",
        scenario=Scenario.OFFLINE,
        mode=Mode.PERFORMANCE,
        quick=False,
        settings=Offline(target_qps=1.0, **changes),
        devices=devices,
    )


@pytest.mark.parametrize(
    ("devices", "processes", "count"),
    [((), 0, 0), ((0,), 0, 0), ((0, 1, 2), 0, 3), ((), 2, 2), ((0,), 1, 1), ((0, 1), 2, 4)],
)
def test_several_devices_get_a_process_each(devices, processes, count):
    plan = plan_of(devices, processes=processes)
    assert worker_count(plan) == count
    seats = seat_workers(plan, allowed=(0, 1), near=lambda _: ())
    each = max(1, processes)
    assert [s.device for s in seats] == ([d for d in devices or (None,) for _ in range(each)])[
        :count
    ]


def test_cores_are_shared_out_next_to_the_device():
    near = {0: (4, 5, 6, 7), 1: (0, 1, 2, 3)}.get
    seats = seat_workers(plan_of((0, 1)), allowed=tuple(range(1, 8)), near=near)
    assert seats == [Seat(device=0, cores=(4, 5, 6, 7)), Seat(device=1, cores=(1, 2, 3))]
    plan = plan_of((0, 1), processes=2, cores_per_process=2)
    seats = seat_workers(plan, allowed=tuple(range(8)), near=near)
    assert [s.cores for s in seats] == [(4, 5), (6, 7), (0, 1), (2, 3)]
    seats = seat_workers(plan_of(processes=3, cores_per_process=1), allowed=(2, 5, 9))
    assert [s.cores for s in seats] == [(2,), (5,), (9,)]


def test_more_cores_than_there_are_is_refused():
    with pytest.raises(ConfigError, match=r"at most 1 \(workers: 2, processors: 3\)"):
        seat_workers(plan_of(processes=2, cores_per_process=2), allowed=(0, 1, 2))
    plan = plan_of(cores_per_process=1)
    with pytest.raises(ConfigError, match="set processes=1"):
        seat_workers(plan, allowed=(0,))
    assert seat_workers(replace(plan, devices=(0, 1)), allowed=(0, 1), near=lambda _: ())


def test_the_kernel_names_the_cores_next_to_a_device(tmp_path):
    folder = tmp_path / "0000:17:00.0"
    folder.mkdir()
    (folder / "local_cpulist").write_text("0-3,8,10-11\n")
    assert host.local_cores("00000000:17:00.0", tmp_path) == (0, 1, 2, 3, 8, 10, 11)
    assert host.local_cores("0000:18:00.0", tmp_path) == ()
    assert host.parse_cores("\n") == ()


def test_a_process_whose_parent_is_gone_ends_itself():
    code = "from runtime.devices.host import end_with_parent; end_with_parent(1 << 22); print('on')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
