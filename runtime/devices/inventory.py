"""Which GPUs and MIG slices this machine has, through NVML: `discover`.

Nothing is opened on a device: NVML only answers questions. Its Python package is
optional (`nvidia-ml-py`); without it, or without a driver, the reason is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from runtime.devices.gpus import Clocks, Found, Gpu, Link, Place, Power, Slice
from runtime.devices.host import local_cores, numa_node
from runtime.devices.nvml import NvmlError, ask, problem_of, started, text
from runtime.devices.throttling import reasons

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""Variable that names the devices of a CUDA process."""

_MW = 1000
"""Milliwatts in a watt."""

_WORDS = 16
"""Words of 64 processors each that an affinity mask may have."""

_LEVELS = {
    0: ("X", "the same board"),
    10: ("PIX", "one PCI Express switch"),
    20: ("PXB", "several PCI Express switches"),
    30: ("PHB", "a PCI Express host bridge"),
    40: ("NODE", "host bridges of one NUMA node"),
    50: ("SYS", "the link between NUMA nodes"),
}
"""What NVML's levels of topology mean (nvml.h, nvmlGpuTopologyLevel_t)."""


def near_cores(device: int, environment: Mapping[str, str] = os.environ) -> tuple[int, ...]:
    """Return the logical processors next to a device; empty where nobody tells.

    Args:
        device: Its number as a CUDA process counts: its place in CUDA_VISIBLE_DEVICES where
            that is set, else NVML's index.
        environment: Where the variable is looked up.
    """
    named = [n.strip() for n in environment.get(VISIBLE, "").split(",") if n.strip()]
    if named and device >= len(named):
        return ()
    name = named[device] if named else str(device)
    try:
        with started() as nvml:
            return _place(nvml, board_of(nvml, name)).cores
    except NvmlError:
        return ()


def board_of(nvml: Any, name: str) -> Any:
    """Return NVML's handle of a board, or of the board that a slice is on.

    Args:
        nvml: The module pynvml.
        name: Index or UUID, as CUDA_VISIBLE_DEVICES takes it.

    Raises:
        pynvml.NVMLError: There is none.
    """
    handle = handle_of(nvml, name)
    if not name.startswith("MIG-"):
        return handle
    return nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(handle)


def handle_of(nvml: Any, name: str) -> Any:
    """Return NVML's handle of a board or slice; see `board_of`."""
    if name.isdigit():
        return nvml.nvmlDeviceGetHandleByIndex(int(name))
    return nvml.nvmlDeviceGetHandleByUUID(name)


def discover() -> Found:
    """Return the machine's NVIDIA GPUs with their MIG slices, or why there are none."""
    try:
        with started() as nvml:
            return _look(nvml)
    except NvmlError as error:
        (problem,) = error.problems
        return Found(why_none=f"{problem.got}; {problem.do}", problem=problem)


def _look(nvml: Any) -> Found:
    """Return what a started NVML tells."""
    driver = text(nvml.nvmlSystemGetDriverVersion())
    number = ask(nvml, nvml.nvmlSystemGetCudaDriverVersion_v2) or 0
    cuda = f"{number // 1000}.{number % 1000 // 10}" if number else ""
    handles, broken = {}, []
    gpus = []
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            handles[index] = nvml.nvmlDeviceGetHandleByIndex(index)
            gpus.append(_describe(nvml, index, handles[index]))
        except nvml.NVMLError as error:
            handles.pop(index, None)
            broken.append(problem_of(nvml, error, f"GPU {index}"))
    why = "" if gpus else "the driver is there and reports no GPU"
    if broken and not gpus:
        why = f"no GPU answers: {broken[0].got}; {broken[0].do}"
    return Found(
        gpus=tuple(gpus),
        driver=driver,
        cuda=cuda,
        why_none=why,
        links=tuple(_links(nvml, handles)),
        broken=tuple(broken),
    )


def _describe(nvml: Any, index: int, handle: Any) -> Gpu:
    """Return one GPU's description; what NVML does not tell stays empty."""
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    mode = ask(nvml, nvml.nvmlDeviceGetMigMode, handle)
    power = _power(nvml, handle)
    capability = ask(nvml, nvml.nvmlDeviceGetCudaComputeCapability, handle)
    running = ask(nvml, nvml.nvmlDeviceGetComputeRunningProcesses, handle) or []
    ecc = ask(nvml, nvml.nvmlDeviceGetEccMode, handle)
    persistence = ask(nvml, nvml.nvmlDeviceGetPersistenceMode, handle)
    return Gpu(
        index=index,
        name=text(nvml.nvmlDeviceGetName(handle)),
        pci_id=f"0x{nvml.nvmlDeviceGetPciInfo(handle).pciDeviceId:08X}",
        memory_gb=memory.total / 1e9,
        memory_used_gb=memory.used / 1e9,
        uuid=text(nvml.nvmlDeviceGetUUID(handle)),
        mig=bool(mode and mode[0]),
        mig_pending=bool(mode[1]) if mode else None,
        power_limit_w=power.limit_w,
        compute_capability=".".join(map(str, capability or ())),
        clocks=_clocks(nvml, handle),
        power=power,
        temperature_c=ask(nvml, nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
        throttled=reasons(nvml, handle) or (),
        ecc=None if ecc is None else bool(ecc[0]),
        persistence=None if persistence is None else bool(persistence),
        processes=tuple(p.pid for p in running),
        place=_place(nvml, handle),
        slices=tuple(_slices(nvml, handle)) if mode and mode[0] else (),
    )


def _power(nvml: Any, handle: Any) -> Power:
    """Return a board's draw and limits, in W."""
    spread = ask(nvml, nvml.nvmlDeviceGetPowerManagementLimitConstraints, handle)
    least, most = spread or (None, None)
    draw = ask(nvml, nvml.nvmlDeviceGetPowerUsage, handle)
    limit = ask(nvml, nvml.nvmlDeviceGetEnforcedPowerLimit, handle)
    default = ask(nvml, nvml.nvmlDeviceGetPowerManagementDefaultLimit, handle)
    watts = [None if w is None else w / _MW for w in (draw, limit, default, least, most)]
    names = ("draw_w", "limit_w", "default_w", "least_w", "most_w")
    return Power(**dict(zip(names, watts, strict=True)))


def _clocks(nvml: Any, handle: Any) -> Clocks:
    """Return the clocks of SMs and memory, now and at most."""
    sm, memory = nvml.NVML_CLOCK_SM, nvml.NVML_CLOCK_MEM
    return Clocks(
        sm_mhz=ask(nvml, nvml.nvmlDeviceGetClockInfo, handle, sm),
        sm_most_mhz=ask(nvml, nvml.nvmlDeviceGetMaxClockInfo, handle, sm),
        memory_mhz=ask(nvml, nvml.nvmlDeviceGetClockInfo, handle, memory),
        memory_most_mhz=ask(nvml, nvml.nvmlDeviceGetMaxClockInfo, handle, memory),
    )


def _place(nvml: Any, handle: Any) -> Place:
    """Return where a GPU sits: its address, and the NUMA node and processors next to it.

    Why: NVML tells a GPU's own node only where GPUs are NUMA nodes themselves (Grace Hopper);
        everywhere else the node next to it is asked for, and the kernel where NVML is silent.
    """
    bus = text(nvml.nvmlDeviceGetPciInfo(handle).busId)
    scope = nvml.NVML_AFFINITY_SCOPE_NODE
    nodes = ask(nvml, nvml.nvmlDeviceGetMemoryAffinity, handle, _WORDS, scope)
    cores = ask(nvml, nvml.nvmlDeviceGetCpuAffinity, handle, _WORDS)
    near = _bits(nodes) if nodes else ()
    now = (
        ask(nvml, nvml.nvmlDeviceGetCurrPcieLinkGeneration, handle),
        ask(nvml, nvml.nvmlDeviceGetCurrPcieLinkWidth, handle),
    )
    most = (
        ask(nvml, nvml.nvmlDeviceGetMaxPcieLinkGeneration, handle),
        ask(nvml, nvml.nvmlDeviceGetMaxPcieLinkWidth, handle),
    )
    known = None not in now + most
    return Place(
        bus_id=bus,
        numa_node=near[0] if len(near) == 1 else numa_node(bus),
        cores=(_bits(cores) if cores else ()) or local_cores(bus),
        link="gen {} x{} of gen {} x{}".format(*now, *most) if known else "",
    )


def _bits(words: Any) -> tuple[int, ...]:
    """Return the numbers of the bits that are set in an array of 64-bit words."""
    return tuple(
        64 * number + bit
        for number, word in enumerate(words)
        for bit in range(64)
        if word >> bit & 1
    )


def _slices(nvml: Any, handle: Any) -> Iterator[Slice]:
    """Yield the MIG devices of a board in MIG mode."""
    for index in range(ask(nvml, nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
        device = ask(nvml, nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)
        if device is not None:
            yield _slice(nvml, device)


def _slice(nvml: Any, device: Any) -> Slice:
    """Return one MIG device."""
    shape = ask(nvml, nvml.nvmlDeviceGetAttributes, device)
    name = text(nvml.nvmlDeviceGetName(device)).rpartition("MIG ")[2]
    part, dot, whole = name.partition("c.")
    return Slice(
        uuid=text(nvml.nvmlDeviceGetUUID(device)),
        profile=whole if dot and part.isdigit() else name,
        instance=nvml.nvmlDeviceGetGpuInstanceId(device),
        compute_instance=nvml.nvmlDeviceGetComputeInstanceId(device),
        memory_gb=nvml.nvmlDeviceGetMemoryInfo(device).total / 1e9,
        sms=shape.multiprocessorCount if shape else None,
        shared=bool(shape and shape.computeInstanceSliceCount < shape.gpuInstanceSliceCount),
    )


def _links(nvml: Any, handles: dict[int, Any]) -> Iterator[Link]:
    """Yield what lies between each two GPUs."""
    for one, first in handles.items():
        for other, second in handles.items():
            if other <= one:
                continue
            level = ask(nvml, nvml.nvmlDeviceGetTopologyCommonAncestor, first, second)
            if level is not None:
                short, meaning = _LEVELS.get(level, (str(level), f"level {level} of NVML"))
                yield Link(one=one, other=other, level=short, meaning=meaning)
