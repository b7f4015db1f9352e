"""What MIG offers on each board: profiles, where they may start, and how sure that is.

The table is data (`data/mig_profiles.json`). It is read and checked once, when first asked for;
every row carries its sources and its confidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from runtime.configs.fieldspec import Between, Unit
from runtime.errors import Problem, UsageError, suggest

DATA = Path(__file__).parent / "data" / "mig_profiles.json"
"""The profile table of the package."""

CONFIRMED = "confirmed"
"""Confidence of a row whose name, id, placements and figures were all seen in print."""

ENGINES = ("nvdec", "nvenc", "jpeg", "ofa")
"""Media engines that a profile may hold, as the fields of `Engines`."""


@dataclass(frozen=True, kw_only=True)
class Engines:
    """How many media engines of each kind; None where nobody printed it."""

    nvdec: Annotated[int | None, Unit("engines"), Between(0, 64)]
    """Video decoders."""
    nvenc: Annotated[int | None, Unit("engines"), Between(0, 64)]
    """Video encoders."""
    jpeg: Annotated[int | None, Unit("engines"), Between(0, 64)]
    """JPEG decoders."""
    ofa: Annotated[int | None, Unit("engines"), Between(0, 64)]
    """Optical flow accelerators."""

    def count(self, kind: str) -> int:
        """Return the engines of a kind; one that nobody printed counts as none."""
        return int(getattr(self, kind) or 0)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One kind of GPU instance on one board."""

    name: str
    """Name as nvidia-smi prints it; it means something only together with the board."""
    profile_id: Annotated[int | None, Between(0, 255)]
    """Number that nvidia-smi takes; None where nobody printed it."""
    compute_slices: Annotated[int, Unit("slices"), Between(1, 16)]
    """Compute slices that an instance takes."""
    size: Annotated[int, Unit("slots"), Between(1, 64)]
    """Memory slots that an instance takes."""
    starts: tuple[int, ...]
    """Slots at which an instance may begin."""
    max_instances: Annotated[int, Between(1, 64)]
    """Most instances of this profile on one board."""
    memory_gib: Annotated[float | None, Unit("GiB"), Between(0.1, 1024)]
    """Memory of an instance; None where nobody printed it."""
    sms: Annotated[int | None, Unit("SMs"), Between(1, 1024)]
    """Streaming multiprocessors of an instance; None where nobody printed it."""
    copy_engines: Annotated[int | None, Unit("engines"), Between(0, 64)]
    """Copy engines of an instance."""
    engines: Engines
    """Media engines of an instance."""
    attributes: tuple[str, ...]
    """What sets a variant apart: `me`, `me.all`, `-me`, `gfx`; empty for a plain profile."""
    sources: tuple[str, ...]
    """Keys of the table's sources that state this row."""
    confidence: str
    """`confirmed`, or what is and what is not."""

    @property
    def inferred(self) -> bool:
        """Whether something in this row was concluded and not seen in print."""
        return self.confidence != CONFIRMED

    @property
    def takes_media(self) -> bool:
        """Whether it is one of the profiles of which a board holds one in all (+me)."""
        return any(a in ("me", "me.all") for a in self.attributes)


@dataclass(frozen=True, kw_only=True)
class Board:
    """One kind of GPU that MIG can partition."""

    name: str
    """Key of the table, `A100-80GB`."""
    title: str
    """Name for people."""
    compute_slices: Annotated[int, Unit("slices"), Between(1, 16)]
    """Compute slices of the whole board."""
    slots: Annotated[int, Unit("slots"), Between(1, 64)]
    """Memory slots that placements count in."""
    compute_capability: str
    """CUDA compute capability, `major.minor`."""
    pci_ids: tuple[str, ...]
    """PCI device ids with the vendor id last, as NVML prints them."""
    engines: Engines | None
    """Media engines of the whole board where instances share them out; None where not counted."""
    note: str
    """What a reader must know to use the table: contradictions, drivers."""
    profiles: tuple[Profile, ...]
    """Profiles, in the order of nvidia-smi."""

    @property
    def inferred(self) -> bool:
        """Whether some row of this board was concluded and not seen in print."""
        return any(p.inferred for p in self.profiles)

    @property
    def whole(self) -> Profile:
        """The plain profile that takes the whole board."""
        return max(self.profiles, key=lambda p: (p.size, p.compute_slices, not p.attributes))

    def profile(self, name: str) -> Profile:
        """Return a profile by name.

        Raises:
            UsageError: The board has no such profile.
        """
        for found in self.profiles:
            if found.name == name:
                return found
        mend = suggest(name, [p.name for p in self.profiles])
        raise UsageError(Problem(self.name, "a profile of this board", name, mend))

    def least_memory_gib(self, profile: Profile) -> float | None:
        """Return the memory that an instance has at least; None where nothing says so.

        Why:
            Where a row lacks the figure, a profile whose slots fit into it n times has no
            more than an nth of its memory.
        """
        if profile.memory_gib is not None:
            return profile.memory_gib
        known = [(profile.size // p.size) * p.memory_gib for p in self.profiles if p.memory_gib]
        return max(known, default=0.0) or None

    def least_sms(self, profile: Profile) -> int | None:
        """Return the SMs that an instance has at least; None where nothing says so.

        Why:
            SMs are not proportional to slices, but a profile that is contained in another
            in slices and slots has no more of them.
        """
        if profile.sms is not None:
            return profile.sms
        known = [
            p.sms
            for p in self.profiles
            if p.sms and p.compute_slices <= profile.compute_slices and p.size <= profile.size
        ]
        return max(known, default=0) or None


@dataclass(frozen=True, kw_only=True)
class Table:
    """All boards, and the documents that their rows were taken from."""

    boards: tuple[Board, ...]
    """Boards in the order of the file."""
    sources: dict[str, str]
    """Document by the key that rows cite."""

    def find(self, name: str) -> Board:
        """Return a board by its name or one of its PCI ids (`A100-80GB`, `0x20B210DE`).

        Raises:
            UsageError: There is none.
        """
        word = name.casefold()
        for board in self.boards:
            if word == board.name.casefold() or word in (i.casefold() for i in board.pci_ids):
                return board
        names = [b.name for b in self.boards]
        if word.startswith("0x"):
            mend = "`harness mig boards` prints the ids of all boards"
        else:
            mend = suggest(name, names)
        raise UsageError(Problem("board", "a board that MIG can partition", name, mend))


@lru_cache(maxsize=1)
def table() -> Table:
    """Return the package's own table.

    Raises:
        ConfigError: With everything that is wrong in the file.
    """
    from runtime.mig.tables import read_table

    return read_table(DATA)


def find_board(name: str) -> Board:
    """Return a board of the package's table by name or PCI id.

    Raises:
        UsageError: There is none.
    """
    return table().find(name)
