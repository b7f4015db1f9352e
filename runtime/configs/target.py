"""What a target is: a GPU, several of them, a MIG slice, or the CPU; facts with sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from runtime.configs.fieldspec import Between, Unit, check
from runtime.errors import ConfigError
from runtime.vocabulary import Family

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Fact(Generic[T]):
    """A value somebody published or measured, and where that can be looked up."""

    value: T
    """The value, in the unit of the field that holds the fact."""
    source: str
    """Document and section, or address, that states it."""
    note: str = ""
    """What a reader must know to use it: a condition, a contradiction, an inference."""


@dataclass(frozen=True, kw_only=True)
class MigSlice:
    """Which slice of a board a target is."""

    board: str
    """Board in the MIG profile table, for example `A100-80GB`."""
    profile: str
    """Profile name on that board, for example `1g.10gb`."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A system that entries are written for; facts are per device (GPU or slice)."""

    name: str
    """Identity: lower case, with the memory size, `-x8` for eight devices."""
    title: str
    """Name as the vendor writes it, with the number of devices."""
    family: Family
    """Architecture family."""
    devices: Annotated[int, Unit("devices"), Between(1, 1024)] = 1
    """Devices of this kind in the system."""
    compute_capability: Fact[str] | None = None
    """CUDA compute capability, `major.minor`; None on a CPU."""
    memory_gb: Annotated[Fact[float] | None, Unit("GB")] = None
    """Device memory as the vendor states it, in 10^9 bytes unless the note says otherwise."""
    bandwidth_gb_s: Annotated[Fact[float] | None, Unit("GB/s")] = None
    """Peak memory bandwidth."""
    sms: Annotated[Fact[int] | None, Unit("SMs")] = None
    """Streaming multiprocessors that are enabled."""
    power_w: Annotated[Fact[float] | None, Unit("W")] = None
    """Greatest board power, as configured by the vendor."""
    mig_capable: Fact[bool] | None = None
    """Whether the board can be partitioned with MIG."""
    mig: MigSlice | None = None
    """The slice that this target is; None for a whole device."""
    pci_ids: tuple[str, ...] = ()
    """PCI device ids with the vendor id last, as NVML prints them (`0x233510DE`)."""
    sibling: str = ""
    """Target that this one is best compared with; empty lets the guide choose."""

    def __post_init__(self) -> None:
        """Raise ConfigError with every problem of this object at once."""
        problems = check(self, where=self.name)
        if problems:
            raise ConfigError(problems)
