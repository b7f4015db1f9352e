"""The clients of one run: opened from what the plan and `triton.json` say, counted at its end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import sleep
from typing import Any

from runtime.configs.workload import ModelFile, Workload
from runtime.loadgen.served import TritonSystem
from runtime.loadgen.serving import Endpoints, write_endpoints
from runtime.plan import RunPlan
from runtime.triton.client import ASK_S, TritonClient
from runtime.triton.stats import Statistics, read_statistics
from runtime.triton.wire import Served

SETTLE_S = 0.05
"""Time between two readings of a server's counters that must agree, in seconds."""

SETTLE_READS = 20
"""Most readings until counters count as settled: a server that others use never stands still."""


def open_clients(
    plan: RunPlan, workload: Workload, model: ModelFile, folder: Path, stack: ExitStack
) -> list[TritonClient]:
    """Return the open clients of a run, `triton_clients` for each server.

    Args:
        plan: The run.
        workload: Names and shapes of input and output.
        model: The file that is served; its own names win.
        folder: The run's folder, with `triton.json`.
        stack: Closes them.

    Raises:
        HarnessError: As `TritonClient.open`.
    """
    settings, endpoints = plan.settings, Endpoints.read(folder)
    served = Served(
        name=endpoints.model,
        input=_shaped(model.input or workload.input, workload.input),
        output=_shaped(model.output or workload.output, workload.output),
    )
    clients = []
    for number in range(settings.triton_clients * len(endpoints.urls)):
        client = TritonClient(
            endpoints.urls[number % len(endpoints.urls)],
            served,
            capacity=settings.triton_request_samples or settings.batch_size,
            window=settings.triton_window,
            memory=settings.triton_shared_memory,
            deadline_s=settings.triton_deadline_ms / 1000,
            retries=settings.triton_retries,
            device=plan.devices[0] if plan.devices else None,
            name=str(number),
        )
        client.open()
        stack.callback(client.close)
        clients.append(client)
    return clients


def write_counts(
    system: TritonSystem, clients: Sequence[TritonClient], folder: Path
) -> Callable[[], None]:
    """Read the servers' counters now, and return what writes those of the time until then.

    Args:
        system: Measures the clients' side.
        clients: Open clients.
        folder: The run's folder; its `triton.json` gets both sides.
    """
    before = _settled(clients)

    def write() -> None:
        counted = _settled(clients).since(before)
        more: dict[str, Any] = {
            "client": dataclasses.asdict(system.times()),
            "server": dataclasses.asdict(counted),
            "retried": system.retried,
        }
        write_endpoints(folder, Endpoints.read(folder), **more)

    return write


def _settled(clients: Sequence[TritonClient]) -> Statistics:
    """Return the counters once they stand still.

    Why: a server counts a request a moment after it has sent the answer.
    """
    found = _counters(clients)
    for _ in range(SETTLE_READS):
        sleep(SETTLE_S)
        last, found = found, _counters(clients)
        if found == last:
            break
    return found


def _counters(clients: Sequence[TritonClient]) -> Statistics:
    """Return the counters of all servers, each asked once."""
    found = Statistics()
    for client in {c.url: c for c in clients}.values():
        found += read_statistics(client.stub, client.served.name, ASK_S)
    return found


def _shaped(own: Any, facts: Any) -> Any:
    """Return a file's tensor with the workload's sizes where the file leaves axes free."""
    return dataclasses.replace(own, shape=facts.shape) if any(n < 0 for n in own.shape) else own
