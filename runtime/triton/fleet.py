"""Several servers side by side: one per MIG slice, or as many as a run asks for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import Any

from runtime.configs.registry import load
from runtime.errors import HarnessError, MissingError, Problem
from runtime.plan import RunPlan
from runtime.triton.install import Install
from runtime.triton.server import READY_S, STOP_S, TritonServer
from runtime.troubles.machine import DEVICE_MISSING


class Fleet:
    """Servers that serve the same repository."""

    def __init__(
        self, install: Install, repository: Path, folder: Path, devices: Sequence[str | None]
    ) -> None:
        """Hold one server a device.

        Args:
            install: The server's program and backends.
            repository: Model repository of all of them.
            folder: Gets the logs.
            devices: What each sees as `CUDA_VISIBLE_DEVICES`; None for the caller's value.
        """
        self.servers = [
            TritonServer(install, repository, folder, number=n, device=device)
            for n, device in enumerate(devices)
        ]
        """The servers, started or not."""

    @property
    def urls(self) -> tuple[str, ...]:
        """Return host and port of each server's gRPC."""
        return tuple(server.url for server in self.servers)

    def start(self, models: Sequence[str], ready_s: float = READY_S) -> None:
        """Start all servers, one after the other, and return when they are ready.

        Raises:
            HarnessError: One does not start; those that did are stopped.
        """
        for server in self.servers:
            try:
                server.start(models, ready_s)
            except BaseException:
                self.stop()
                raise

    def deaths(self) -> list[Problem]:
        """Return a problem for each server that has ended by itself."""
        found: list[Problem] = []
        for server in self.servers:
            try:
                server.check()
            except HarnessError as error:
                found += error.problems
        return found

    def stop(self, deadline_s: float = STOP_S) -> list[Problem]:
        """Stop all servers at the same time and return what went wrong with it."""
        found: list[Problem] = []

        def end(server: TritonServer) -> None:
            try:
                server.stop(deadline_s)
            except HarnessError as error:
                found.extend(error.problems)

        threads = [Thread(target=end, args=(server,)) for server in self.servers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found


def devices_of(plan: RunPlan) -> tuple[list[str | None], tuple[int, ...]]:
    """Return what each server of a run sees, and the GPUs as each numbers them.

    A MIG slice is no ordinal of a configuration, so each slice gets a server that sees
    nothing else. Whole GPUs share one server, unless `processes` asks for more per device.

    Raises:
        MissingError: The machine has fewer slices than the target.

    Source: triton-inference-server/server issues 4896 and 7906.
    """
    each = max(1, plan.settings.processes)
    if not plan.devices:
        return [None] * each, ()
    mig = load().target(plan.target).mig
    if mig is not None:
        uuids = slice_uuids(mig.profile)
        if len(uuids) < len(plan.devices):
            want = f"{len(plan.devices)} MIG slices of {mig.profile}"
            got = f"{len(uuids)}" + (f" ({', '.join(uuids)})" if uuids else "")
            do = "create them with `nvidia-smi mig`; `harness mig plan` prints the commands"
            raise MissingError(Problem(plan.target, want, got, do, DEVICE_MISSING.code))
        return [u for u in uuids[: len(plan.devices)] for _ in range(each)], (0,)
    if plan.settings.processes:
        return [str(d) for d in plan.devices for _ in range(each)], (0,)
    return [None], plan.devices


def slice_uuids(profile: str) -> list[str]:
    """Return the UUIDs of the MIG slices of a profile, in NVML's order; empty without any.

    Args:
        profile: Profile name, for example `1g.10gb`.

    Source: NVML API reference, nvmlDeviceGetMigDeviceHandleByIndex.
    """
    try:
        import pynvml as nvml

        nvml.nvmlInit()
    except Exception:  # noqa: BLE001 - without NVML there are no slices
        return []
    try:
        boards = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        return [uuid for board in boards for uuid in _slices(nvml, board, profile)]
    finally:
        nvml.nvmlShutdown()


def _slices(nvml: Any, board: Any, profile: str) -> list[str]:
    """Return the UUIDs of one board's slices of a profile."""
    found = []
    try:
        most = nvml.nvmlDeviceGetMaxMigDeviceCount(board)
    except nvml.NVMLError:
        return []
    for index in range(most):
        try:
            handle = nvml.nvmlDeviceGetMigDeviceHandleByIndex(board, index)
        except nvml.NVMLError:
            continue
        name, uuid = nvml.nvmlDeviceGetName(handle), nvml.nvmlDeviceGetUUID(handle)
        text = name.decode() if isinstance(name, bytes) else name
        if text.rpartition("MIG ")[2] == profile:
            found.append(uuid.decode() if isinstance(uuid, bytes) else uuid)
    return found
