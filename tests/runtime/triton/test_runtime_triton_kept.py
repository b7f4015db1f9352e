"""Servers that a search keeps, and the thread through which answers reach LoadGen."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from runtime.configs.schema import Offline
from runtime.loadgen.kept import KeptServers
from runtime.loadgen.served import TritonSystem
from runtime.plan import RunPlan
from runtime.vocabulary import HarnessKind, Mode, Scenario

pytest.importorskip("tritonclient.grpc", reason="needs tritonclient, of the extra `triton`")

PLAN = RunPlan(
    key="cpu/digits/offline@triton",
    target="cpu",
    workload="digits",
    scenario=Scenario.OFFLINE,
    mode=Mode.PERFORMANCE,
    quick=True,
    settings=Offline(target_qps=1.0, batch_size=8),
    harness=HarnessKind.TRITON,
)


def with_settings(**changes):
    return replace(PLAN, settings=replace(PLAN.settings, **changes))


@pytest.fixture
def kept(tmp_path, fake_triton):
    """Servers of a search, of a program that behaves as `tritonserver` does."""
    made = KeptServers(tmp_path / "servers")
    yield made
    made.close()
    assert made.problems == []


def lend(kept, tmp_path, plan):
    """Return the process of the server that a run gets, once it could be asked."""
    assert kept.lend(plan, tmp_path).deaths() == []
    (server,) = kept._fleet.servers
    assert json.loads((tmp_path / "triton.json").read_text())["urls"] == [server.url]
    assert server.ready("digits")
    return server.pid


def test_a_server_stays_for_what_clients_vary_and_no_longer(kept, tmp_path):
    first = lend(kept, tmp_path, PLAN)
    for changes in ({"triton_window": 8}, {"triton_clients": 2}, {"triton_request_samples": 4}):
        assert lend(kept, tmp_path, with_settings(**changes)) == first
    assert kept.starts == 1
    second = lend(kept, tmp_path, with_settings(batch_size=16))
    assert second != first
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert kept.starts == 2
    os.kill(second, signal.SIGKILL)
    while not kept._fleet.deaths():  # the system takes a moment
        time.sleep(0.01)
    assert lend(kept, tmp_path, with_settings(batch_size=16)) != second, "a dead one is replaced"
    third = kept._fleet.servers[0].pid
    kept.close()
    with pytest.raises(ProcessLookupError):
        os.kill(third, 0)


class _Client:
    """A client whose answers come on a new thread each, as gRPC's do when it was idle."""

    def __init__(self):
        slot = SimpleNamespace(input=np.zeros((2, 1), np.float32))
        self.tickets = [
            SimpleNamespace(slot=slot, owner=self, note=None, count=0, began=0.0, ended=0.0,
                            outputs=lambda: np.zeros((2, 1), np.float32))
        ]  # fmt: skip
        self.retried = 0

    def send(self, ticket, count, done):
        ticket.count = count
        threading.Thread(target=done, args=(ticket, None)).start()


def test_answers_reach_loadgen_on_one_thread_that_lives_as_long_as_the_run(monkeypatch):
    """LoadGen's logger reads what belongs to a thread that answered, after it ended too."""
    lg = pytest.importorskip("mlperf_loadgen")
    seen = []
    monkeypatch.setattr(
        lg,
        "QuerySamplesComplete",
        lambda pool: seen.append((threading.current_thread(), len(pool))),
    )
    library = SimpleNamespace(array=np.zeros((2, 1), np.float32), rows=np.array)
    system = TritonSystem(
        Scenario.OFFLINE, [_Client()], library, lambda _outputs, _answers: None, "int64",
        request_samples=2, on_error=lambda error: seen.append((error, 0)),
    )  # fmt: skip
    system.start()
    system.issue(list(range(20)), [0, 1] * 10)
    end = time.monotonic() + 10
    while system.completed < 20 and time.monotonic() < end:
        time.sleep(0.01)
    assert sum(count for _, count in seen) == 20
    ((name, alive),) = {(thread.name, thread.is_alive()) for thread, _ in seen}
    assert (name, alive) == ("answers", True)
    assert len({thread for thread, _ in seen}) == 1
    system.stop()
    assert not seen[0][0].is_alive()
