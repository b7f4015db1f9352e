"""What MIG is like on this machine's GPUs right now, as NVML tells: mode, instances, processes.

Nothing is changed here. Placements need the right to read them; without it the MIG devices
are still listed, with profile and UUID.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from runtime.devices.nvml import NvmlError, started, text
from runtime.errors import HarnessError
from runtime.mig.boards import Board, Profile, find_board

MOST = 64
"""Instances of one profile that NVML is asked for at once; no board has as many."""

CONFIG_RIGHT = (
    "the right to configure MIG: root, or read access to "
    "/proc/driver/nvidia/capabilities/mig/config"
)
"""What creating, destroying and listing instances needs.

Source: NVIDIA MIG User Guide, Device Nodes and Capabilities.
"""

MODE_RIGHT = "the right to switch MIG mode: root, or CAP_SYS_ADMIN"
"""What switching the mode needs.

Source: NVIDIA MIG User Guide, Enable MIG Mode.
"""


@dataclass(frozen=True, kw_only=True)
class Compute:
    """One compute instance."""

    ci_id: int
    """Number within its GPU instance."""
    profile: int
    """NVML's number of its profile."""
    start: int
    """First compute slice."""
    size: int
    """Compute slices."""
    uuid: str
    """UUID of the MIG device, for CUDA_VISIBLE_DEVICES; empty where NVML lists none."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One GPU instance that exists."""

    profile: Profile
    """Its profile."""
    start: int | None
    """First memory slot; None where we may not read it."""
    gi_id: int
    """Number that the driver gave it."""
    computes: tuple[Compute, ...]
    """Its compute instances."""
    pids: tuple[int, ...]
    """Processes that run on it, as far as NVML shows them."""

    def __str__(self) -> str:
        """Return `PROFILE@START`."""
        return self.profile.name + ("" if self.start is None else f"@{self.start}")


@dataclass(frozen=True, kw_only=True)
class MigGpu:
    """One GPU that MIG can partition."""

    index: int
    """Index in NVML's order."""
    name: str
    """Product name."""
    uuid: str
    """Identity of the GPU."""
    board: Board
    """Its row in the table of profiles."""
    on: bool
    """Whether MIG mode is on."""
    pending: bool
    """Whether it will be on after the next reset."""
    standing: tuple[Standing, ...]
    """Instances, by start."""
    pids: tuple[int, ...]
    """Processes on the GPU."""
    readable: bool = True
    """Whether placements could be read."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What NVML told."""

    nvml: Any
    """The module `pynvml`; None where it cannot be used."""
    gpus: tuple[MigGpu, ...] = ()
    """GPUs that MIG can partition, in NVML's order."""
    others: int = 0
    """GPUs that it cannot, or whose board is not in the table."""
    why_none: str = ""
    """Why nothing is known: package or driver are missing."""

    @property
    def count(self) -> int:
        """Return how many GPUs there are, of whatever kind."""
        return len(self.gpus) + self.others


@contextmanager
def open_machine() -> Iterator[Machine]:
    """Give this machine's GPUs; NVML stays open meanwhile.

    Raises:
        NvmlError: A question inside the block failed.
    """
    with ExitStack() as stack:
        try:
            nvml = stack.enter_context(started())
        except NvmlError as error:
            (problem,) = error.problems
            yield Machine(nvml=None, why_none=f"{problem.got}; {problem.do}")
            return
        yield read_machine(nvml)


def read_machine(nvml: Any) -> Machine:
    """Return what NVML tells of all GPUs; the library is open."""
    gpus, others = [], 0
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            found = read_gpu(nvml, index)
        except nvml.NVMLError:  # a GPU that is lost cannot be partitioned
            found = None
        if found is None:
            others += 1
        else:
            gpus.append(found)
    why = "" if gpus or others else "the driver is there and reports no GPU"
    return Machine(nvml=nvml, gpus=tuple(gpus), others=others, why_none=why)


def read_gpu(nvml: Any, index: int) -> MigGpu | None:
    """Return one GPU; None where MIG cannot partition it or its board is not in the table."""
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    try:
        on, pending = nvml.nvmlDeviceGetMigMode(handle)
    except nvml.NVMLError_NotSupported:
        return None
    try:
        board = find_board(f"0x{nvml.nvmlDeviceGetPciInfo(handle).pciDeviceId:08X}")
    except HarnessError:
        return None
    devices = _mig_devices(nvml, handle) if on else []
    readable = True
    try:
        standing = _standing(nvml, handle, board, devices) if on else ()
    except nvml.NVMLError_NoPermission:
        standing, readable = _listed(nvml, board, devices), False
    return MigGpu(
        index=index,
        name=text(nvml.nvmlDeviceGetName(handle)),
        uuid=text(nvml.nvmlDeviceGetUUID(handle)),
        board=board,
        on=bool(on),
        pending=bool(pending),
        standing=tuple(sorted(standing, key=lambda s: (s.start or 0, s.gi_id))),
        pids=_pids(nvml, handle),
        readable=readable,
    )


def profile_ids(nvml: Any, handle: Any, board: Board) -> dict[str, int]:
    """Return NVML's id of each profile of a board by name, as this driver numbers them.

    Why: the table lacks some ids, and a driver may know fewer profiles than the table.
    """
    found = {}
    known = {p.name for p in board.profiles}
    for number in range(nvml.NVML_GPU_INSTANCE_PROFILE_COUNT):
        try:
            info = nvml.nvmlDeviceGetGpuInstanceProfileInfo(handle, number)
        except (nvml.NVMLError_NotSupported, nvml.NVMLError_InvalidArgument):
            continue
        name = text(info.name).removeprefix("MIG ")
        if name in known:
            found[name] = int(info.id)
    return found


@dataclass(frozen=True)
class _Device:
    """One MIG device as NVML lists it."""

    handle: Any
    gi_id: int
    ci_id: int
    uuid: str


def _mig_devices(nvml: Any, handle: Any) -> list[_Device]:
    """Return the MIG devices of a GPU: every compute instance is one."""
    found = []
    for number in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        try:
            device = nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, number)
        except (nvml.NVMLError_NotFound, nvml.NVMLError_InvalidArgument):
            continue
        gi = nvml.nvmlDeviceGetGpuInstanceId(device)
        ci = nvml.nvmlDeviceGetComputeInstanceId(device)
        found.append(_Device(device, gi, ci, text(nvml.nvmlDeviceGetUUID(device))))
    return found


def _standing(nvml: Any, handle: Any, board: Board, devices: list[_Device]) -> tuple[Standing, ...]:
    """Return the GPU instances of a GPU, those without compute instances, too."""
    found = []
    uuids = {(d.gi_id, d.ci_id): d.uuid for d in devices}
    for name, profile_id in profile_ids(nvml, handle, board).items():
        for instance in gpu_instances(nvml, handle, profile_id):
            info = nvml.nvmlGpuInstanceGetInfo(instance)
            gi = int(info.id)
            computes = [_compute(nvml, c, gi, uuids) for c in compute_instances(nvml, instance)]
            pids = [p for d in devices if d.gi_id == gi for p in _pids(nvml, d.handle)]
            found.append(
                Standing(
                    profile=board.profile(name),
                    start=int(info.placement.start),
                    gi_id=gi,
                    computes=tuple(computes),
                    pids=tuple(dict.fromkeys(pids)),
                )
            )
    return tuple(found)


def gpu_instances(nvml: Any, handle: Any, profile_id: int) -> list[Any]:
    """Return the handles of a GPU's instances of one profile."""
    found = (nvml.c_nvmlGpuInstance_t * MOST)()
    count = ctypes.c_uint(MOST)
    nvml.nvmlDeviceGetGpuInstances(handle, profile_id, found, ctypes.byref(count))
    return list(found)[: count.value]


def compute_instances(nvml: Any, instance: Any) -> list[Any]:
    """Return the handles of all compute instances of a GPU instance."""
    found: list[Any] = []
    for info in compute_profiles(nvml, instance):
        handles = (nvml.c_nvmlComputeInstance_t * MOST)()
        count = ctypes.c_uint(MOST)
        nvml.nvmlGpuInstanceGetComputeInstances(instance, info.id, handles, ctypes.byref(count))
        found += list(handles)[: count.value]
    return found


def compute_profiles(nvml: Any, instance: Any) -> Iterator[Any]:
    """Yield what NVML says of each kind of compute instance that a GPU instance can have."""
    shared = nvml.NVML_COMPUTE_INSTANCE_ENGINE_PROFILE_SHARED
    for number in range(nvml.NVML_COMPUTE_INSTANCE_PROFILE_COUNT):
        try:
            yield nvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(instance, number, shared)
        except (nvml.NVMLError_NotSupported, nvml.NVMLError_InvalidArgument):
            continue


def _compute(nvml: Any, handle: Any, gi: int, uuids: dict[tuple[int, int], str]) -> Compute:
    """Return one compute instance."""
    info = nvml.nvmlComputeInstanceGetInfo(handle)
    ci = int(info.id)
    return Compute(
        ci_id=ci,
        profile=int(info.profileId),
        start=int(info.placement.start),
        size=int(info.placement.size),
        uuid=uuids.get((gi, ci), ""),
    )


def _listed(nvml: Any, board: Board, devices: list[_Device]) -> tuple[Standing, ...]:
    """Return the instances of a GPU from its list of MIG devices alone: no placements."""
    names = {p.name: p for p in board.profiles}
    groups: dict[int, list[_Device]] = {}
    for device in devices:
        groups.setdefault(device.gi_id, []).append(device)
    found = []
    for gi, members in groups.items():
        # `NVIDIA A100-SXM4-80GB MIG 1g.10gb`, of a part of an instance `MIG 1c.3g.40gb`
        word = text(nvml.nvmlDeviceGetName(members[0].handle)).rpartition(" MIG ")[2]
        if word not in names:
            word = word.partition("c.")[2]
        if word not in names:
            continue
        computes = [
            Compute(ci_id=d.ci_id, profile=0, start=0, size=0, uuid=d.uuid) for d in members
        ]
        pids = [p for d in members for p in _pids(nvml, d.handle)]
        found.append(
            Standing(
                profile=names[word],
                start=None,
                gi_id=gi,
                computes=tuple(computes),
                pids=tuple(dict.fromkeys(pids)),
            )
        )
    return tuple(found)


def _pids(nvml: Any, handle: Any) -> tuple[int, ...]:
    """Return the processes that compute on a device; nothing where NVML does not tell."""
    try:
        return tuple(int(p.pid) for p in nvml.nvmlDeviceGetComputeRunningProcesses(handle))
    except nvml.NVMLError:
        return ()
