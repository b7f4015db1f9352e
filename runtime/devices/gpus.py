"""What is known of GPUs and MIG slices: plain values, as NVML told them."""

from __future__ import annotations

from dataclasses import dataclass, field

from runtime.errors import Problem

GIB_IN_GB = 1.073741824
"""10^9 bytes in a GiB."""


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """Clock rates; None where the board does not tell."""

    sm_mhz: int | None = None
    """Present clock of the SMs, in MHz."""
    sm_most_mhz: int | None = None
    """Greatest clock of the SMs, in MHz."""
    memory_mhz: int | None = None
    """Present clock of the memory, in MHz."""
    memory_most_mhz: int | None = None
    """Greatest clock of the memory, in MHz."""


@dataclass(frozen=True, kw_only=True)
class Power:
    """Electrical power of a board; None where it does not tell."""

    draw_w: float | None = None
    """Present draw, in W."""
    limit_w: float | None = None
    """Enforced limit, in W."""
    default_w: float | None = None
    """Limit after a start of the driver, in W."""
    least_w: float | None = None
    """Lowest limit that can be set, in W."""
    most_w: float | None = None
    """Highest limit that can be set, in W."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a GPU sits in the machine."""

    bus_id: str = ""
    """PCI address, `0000:17:00.0`."""
    numa_node: int | None = None
    """NUMA node next to it; None where nobody tells, or the machine has one node."""
    cores: tuple[int, ...] = ()
    """Logical processors next to it; empty where nobody tells."""
    link: str = ""
    """PCI Express link now and at most: `gen 4 x16 of gen 5 x16`."""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """One MIG device: a compute instance in a GPU instance."""

    uuid: str
    """Identity for CUDA_VISIBLE_DEVICES, `MIG-...`; new whenever the instance is created."""
    profile: str
    """Profile of the GPU instance on this board: `1g.18gb`."""
    instance: int
    """Number of the GPU instance."""
    compute_instance: int
    """Number of the compute instance in it."""
    memory_gb: float
    """Memory of the GPU instance, in 10^9 bytes."""
    sms: int | None = None
    """SMs of the compute instance."""
    shared: bool = False
    """Whether the compute instance is a part of its GPU instance, and shares its memory."""


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One GPU as NVML describes it."""

    index: int
    """Index in NVML's order (PCI order)."""
    name: str
    """Product name."""
    pci_id: str
    """PCI device id with the vendor id last, `0x233510DE`."""
    memory_gb: float
    """Total memory, in 10^9 bytes."""
    uuid: str = ""
    """Identity of the board."""
    mig: bool = False
    """Whether MIG mode is on."""
    mig_pending: bool | None = None
    """MIG mode after the next reset; None where the board has no MIG."""
    power_limit_w: float | None = None
    """Enforced power limit, in W; None where NVML does not tell."""
    memory_used_gb: float | None = None
    """Memory in use, what the driver reserves included, in 10^9 bytes."""
    compute_capability: str = ""
    """CUDA compute capability, `major.minor`."""
    clocks: Clocks = field(default_factory=Clocks)
    """Clock rates."""
    power: Power = field(default_factory=Power)
    """Electrical power."""
    temperature_c: int | None = None
    """Temperature of the die, in degrees Celsius."""
    throttled: tuple[str, ...] = ()
    """Why the clocks are lower than they could be, in words; empty where nothing holds them."""
    ecc: bool | None = None
    """Whether memory errors are corrected."""
    persistence: bool | None = None
    """Whether the driver stays loaded while nobody uses the GPU."""
    processes: tuple[int, ...] = ()
    """Ids of the processes that compute on it."""
    place: Place = field(default_factory=Place)
    """Where it sits."""
    slices: tuple[Slice, ...] = ()
    """MIG devices on it."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """What lies between two GPUs."""

    one: int
    """Index of the first GPU."""
    other: int
    """Index of the second GPU."""
    level: str
    """Short name, as `nvidia-smi topo -m` prints it: `PIX`, `NODE`, `SYS`."""
    meaning: str
    """The same in words."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a look at the machine's accelerators gave."""

    gpus: tuple[Gpu, ...] = ()
    """GPUs in NVML's order."""
    driver: str = ""
    """Driver version; empty without a driver."""
    why_none: str = ""
    """Why `gpus` is empty: package, driver or devices are missing."""
    cuda: str = ""
    """Newest CUDA that the driver knows, `major.minor`; empty where it does not tell."""
    links: tuple[Link, ...] = ()
    """What lies between each two GPUs."""
    problem: Problem | None = None
    """Why nothing could be listed, with its mend; None where NVML answered."""
    broken: tuple[Problem, ...] = ()
    """GPUs that are there and do not answer, each with its mend."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """Which target a GPU is."""

    gpu: Gpu
    """The GPU."""
    target: str
    """Name of the one-device target, or of the nearest one; empty where none is near."""
    exact: bool
    """Whether PCI id (or name) and memory both agree."""
    why: str
    """How the two were matched, or what differs."""


@dataclass(frozen=True, kw_only=True)
class SliceMatch:
    """Which target a MIG slice is."""

    gpu: Gpu
    """The board that it is on."""
    slice: Slice
    """The slice."""
    target: str
    """Name of the slice target, or of the nearest one; empty where none is near."""
    exact: bool
    """Whether board, profile and memory agree."""
    why: str
    """How the two were matched, or what differs."""


@dataclass(frozen=True, kw_only=True)
class Availability:
    """Whether a target's entries can run on this machine."""

    target: str
    """Name of the target."""
    ok: bool
    """Whether every device it needs is there."""
    reason: str
    """What is there or what is missing."""
    mend: str = ""
    """What to do where something is missing."""
    code: str = ""
    """Section of the troubleshooting page where something is missing."""
    uuids: tuple[str, ...] = ()
    """Identities of the devices that a run would use, for CUDA_VISIBLE_DEVICES."""
