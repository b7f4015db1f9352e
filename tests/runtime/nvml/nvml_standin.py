"""A stand-in for libnvidia-ml: compiled C behind the real pynvml, with its state in a file.

The layout of the state is written once, here, as ctypes structures; the header that the C
files include is made from them. Boards come from the project's own table of MIG profiles.
Several processes may open one state file: what one creates or changes, the others see.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from ctypes import Structure, c_char, c_uint, c_ulonglong
from dataclasses import dataclass, field
from pathlib import Path

from runtime.mig.boards import Board, Profile, table

HERE = Path(__file__).parent
SOURCES = ("nvml.c", "nvml_device.c", "nvml_mig.c")
SONAME = "libnvidia-ml.so.1"

STATE = "NVML_STANDIN_STATE"
"""Variable that names the state file; without it no driver is loaded."""
FAULTS = "NVML_STANDIN_FAULTS"
"""Variable with faults: `FUNCTION=CODE[@N]`, comma-separated; N calls succeed before."""
LOG = "NVML_STANDIN_LOG"
"""Variable that names a file which gets the name of every function called."""

MAGIC = 0x4E564D4C
GPUS, PROFILES, INSTANCES, COMPUTES, PROCESSES, WORDS = 8, 20, 16, 8, 16, 16


class ProfileState(Structure):
    _fields_ = (
        ("index", c_uint),  # NVML_GPU_INSTANCE_PROFILE_*
        ("id", c_uint),
        ("compute", c_uint),
        ("size", c_uint),
        ("starts", c_uint),  # bit n: may begin at slot n
        ("most", c_uint),
        ("sms", c_uint),
        ("memory_mib", c_uint),
        ("copy", c_uint),
        ("nvdec", c_uint),
        ("nvenc", c_uint),
        ("jpeg", c_uint),
        ("ofa", c_uint),
        ("media", c_uint),  # one of those of which a board holds one in all
        ("name", c_char * 96),
    )


class ComputeState(Structure):
    _fields_ = (
        ("used", c_uint),
        ("id", c_uint),
        ("slices", c_uint),
        ("start", c_uint),
        ("serial", c_uint),  # part of the UUID: new with every creation
    )


class InstanceState(Structure):
    _fields_ = (
        ("used", c_uint),
        ("id", c_uint),
        ("profile", c_uint),  # position in GpuState.profiles
        ("start", c_uint),
        ("computes", ComputeState * COMPUTES),
    )


class ProcessState(Structure):
    _fields_ = (
        ("pid", c_uint),  # 0: free row
        ("gi", c_uint),  # 0xFFFFFFFF: on the whole GPU
        ("ci", c_uint),
        ("memory", c_ulonglong),
    )


class GpuState(Structure):
    _fields_ = (
        ("name", c_char * 96),
        ("uuid", c_char * 96),
        ("serial", c_char * 32),
        ("pci_id", c_uint),
        ("domain", c_uint),
        ("bus", c_uint),
        ("memory_total", c_ulonglong),  # B, what drivers reserve included
        ("memory_reserved", c_ulonglong),
        ("memory_used", c_ulonglong),
        ("power_mw", c_uint),
        ("power_limit_mw", c_uint),
        ("power_default_mw", c_uint),
        ("power_min_mw", c_uint),
        ("power_max_mw", c_uint),
        ("energy_mj", c_ulonglong),
        ("clocks", c_uint * 4),  # graphics, SM, memory, video
        ("clocks_max", c_uint * 4),
        ("temperature", c_uint),
        ("slowdown_c", c_uint),
        ("reasons", c_ulonglong),
        ("utilization", c_uint * 2),
        ("pstate", c_uint),
        ("persistence", c_uint),
        ("ecc", c_uint),
        ("major", c_uint),
        ("minor", c_uint),
        ("link", c_uint * 4),  # generation and width, greatest and current
        ("affinity", c_ulonglong * WORDS),
        ("node", c_uint),
        ("lost", c_uint),
        ("has_power", c_uint),  # whether power is told
        ("has_reasons", c_uint),
        ("levels", c_uint * GPUS),  # NVML_TOPOLOGY_* to each other GPU
        ("mig_capable", c_uint),
        ("mig", c_uint),
        ("mig_pending", c_uint),
        ("needs_reset", c_uint),  # MIG mode waits for a reset while the GPU is in use
        ("slices", c_uint),
        ("slots", c_uint),
        ("engines", c_uint * 4),  # nvdec, nvenc, jpeg, ofa of the board; 0: not counted
        ("profile_count", c_uint),
        ("next_id", c_uint),
        ("next_serial", c_uint),
        ("profiles", ProfileState * PROFILES),
        ("instances", InstanceState * INSTANCES),
        ("processes", ProcessState * PROCESSES),
    )


class MachineState(Structure):
    _fields_ = (
        ("magic", c_uint),
        ("loaded", c_uint),  # whether the kernel module answers
        ("mismatch", c_uint),  # library and kernel module of different versions
        ("permitted", c_uint),  # whether the caller may change MIG mode and instances
        ("cuda", c_uint),  # 1000 x major + 10 x minor
        ("driver", c_char * 80),
        ("library", c_char * 80),
        ("count", c_uint),
        ("gpus", GpuState * GPUS),
    )


STRUCTURES = (ProfileState, ComputeState, InstanceState, ProcessState, GpuState, MachineState)

INDICES = {
    (1, ""): 0x0, (2, ""): 0x1, (3, ""): 0x2, (4, ""): 0x3, (7, ""): 0x4,
    (1, "me"): 0x7, (2, "me"): 0x8, (1, "wide"): 0x9,
    (1, "gfx"): 0xA, (2, "gfx"): 0xB, (4, "gfx"): 0xC,
    (1, "-me"): 0xD, (2, "-me"): 0xE, (1, "me.all"): 0xF, (2, "me.all"): 0x10,
}  # fmt: skip
"""NVML_GPU_INSTANCE_PROFILE_*, by compute slices and variant (nvml.h)."""


@dataclass
class Gpu:
    """What a GPU of the stand-in is; `Gpu.of` takes it from the table of MIG boards."""

    name: str
    pci_id: int
    memory_mib: int
    capability: tuple[int, int]
    board: Board | None = None
    power_w: int = 700
    clocks: tuple[int, int, int, int] = (1755, 1755, 2619, 1545)
    clocks_max: tuple[int, int, int, int] = (1980, 1980, 2619, 1545)
    temperature: int = 45
    node: int = 0
    cores: Sequence[int] = field(default_factory=lambda: range(2))
    needs_reset: bool = False

    @classmethod
    def of(cls, board: str, **values) -> Gpu:
        """Return a GPU that MIG can partition, by the board's name or PCI id."""
        found = next(b for b in table().boards if board in (b.name, *b.pci_ids))
        whole = found.whole.memory_gib or float(board.rpartition("-")[2].strip("GB") or 80)
        major, minor = map(int, found.compute_capability.split("."))
        made = {
            "name": found.title,
            "pci_id": int(found.pci_ids[0], 16),
            "memory_mib": int(whole * 1024),
            "capability": (major, minor),
            "board": found,
        }
        return cls(**{**made, **values})


H200 = ("NVIDIA H200", 0x233510DE, 143_771, (9, 0))
L4 = ("NVIDIA L4", 0x27B810DE, 23_034, (8, 9))


def header() -> str:
    """Return the C declarations of the state."""
    lines = ["#pragma once"]
    lines += [f"#define {n} {globals()[n]}" for n in ("MAGIC", "GPUS", "PROFILES", "INSTANCES")]
    lines += [f"#define {n} {globals()[n]}" for n in ("COMPUTES", "PROCESSES", "WORDS")]
    for kind in STRUCTURES:
        rows = [f"    {_declare(name, what)};" for name, what in kind._fields_]
        lines += [f"typedef struct {kind.__name__} {{", *rows, f"}} {kind.__name__};"]
        lines.append(f'_Static_assert(sizeof({kind.__name__}) == {ctypes.sizeof(kind)}, "");')
    return "\n".join(lines) + "\n"


def _declare(name: str, what) -> str:
    if issubclass(what, ctypes.Array):
        return f"{_declare(name, what._type_)}[{what._length_}]"
    known = {c_char: "char", c_uint: "unsigned", c_ulonglong: "unsigned long long"}
    return f"{known.get(what, what.__name__)} {name}"


def compiler() -> str | None:
    """Return the system's C compiler."""
    return next((c for c in map(shutil.which, ("cc", "gcc", "clang")) if c), None)


def build(folder: Path) -> Path:
    """Compile the stand-in into a folder and return the library."""
    (folder / "state.h").write_text(header(), "ascii")
    library = folder / SONAME
    command = [compiler(), "-std=gnu11", "-O1", "-shared", "-fPIC", "-pthread", "-Wall", "-Wextra"]
    command += ["-Wno-unused-parameter", f"-I{folder}", "-o", str(library)]
    command += [str(HERE / name) for name in SOURCES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library


class Standin:
    """One machine: its state file, open for reading and writing while others use it."""

    def __init__(self, library: Path, folder: Path, gpus: Iterable[Gpu | str]) -> None:
        self.library, self.path = library, folder / "nvml.state"
        self.log = folder / "nvml.log"
        self.path.write_bytes(bytes(ctypes.sizeof(MachineState)))
        with self.path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self.state = MachineState.from_buffer(self._map)
        state = self.state
        state.magic, state.loaded, state.permitted, state.cuda = MAGIC, 1, 1, 13000
        state.driver, state.library = b"580.95.05", b"13.580.95.05"
        made = [g if isinstance(g, Gpu) else Gpu.of(g) for g in gpus]
        state.count = len(made)
        for index, gpu in enumerate(made):
            _fill(state.gpus[index], gpu, index)
        for one in range(len(made)):
            for other in range(len(made)):
                near = made[one].node == made[other].node
                level = 0 if one == other else (40 if near else 50)
                state.gpus[one].levels[other] = level

    def environment(self, faults: str = "", **more: str) -> dict[str, str]:
        """Return the variables of a process that uses this machine through pynvml."""
        path = os.pathsep.join(
            [str(self.library.parent), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
        )
        found = {**os.environ, "LD_LIBRARY_PATH": path, STATE: str(self.path), LOG: str(self.log)}
        return {**found, FAULTS: faults, **more}

    def install(self, monkeypatch, faults: str = "") -> None:
        """Let the pynvml of this process use this machine until the test ends."""
        import pynvml

        for name, value in ((STATE, self.path), (FAULTS, faults), (LOG, self.log)):
            monkeypatch.setenv(name, str(value))
        loaded = ctypes.CDLL(str(self.library))
        loaded.standin_reset()
        monkeypatch.setattr(pynvml, "nvmlLib", loaded)
        monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})

    @property
    def calls(self) -> list[str]:
        """Names of the functions called, in order, by every process that logs."""
        return self.log.read_text("ascii").split() if self.log.exists() else []

    def mig_on(self, gpu: int = 0) -> None:
        """Switch MIG mode on, as after a reset."""
        self.state.gpus[gpu].mig = self.state.gpus[gpu].mig_pending = 1

    def create(self, gpu: int, profile: str, start: int, *, computes: Sequence[int] = ()) -> int:
        """Put an instance with its compute instances there, and return its id."""
        board = self.state.gpus[gpu]
        row = next(
            i for i in range(board.profile_count) if board.profiles[i].name.decode() == profile
        )
        free = next(i for i in board.instances if not i.used)
        board.next_id += 1
        free.used, free.id, free.profile, free.start = 1, board.next_id, row, start
        at = 0
        for number, slices in enumerate(computes or (board.profiles[row].compute,)):
            board.next_serial += 1
            free.computes[number] = ComputeState(1, number, slices, at, board.next_serial)
            at += slices
        return free.id

    def reset(self, gpu: int = 0) -> None:
        """Reset a GPU: the pending MIG mode holds, and layouts are lost."""
        board = self.state.gpus[gpu]
        board.mig = board.mig_pending
        for instance in board.instances:
            ctypes.memset(ctypes.byref(instance), 0, ctypes.sizeof(instance))

    def start_process(self, gpu: int, pid: int, gi: int = 0xFFFFFFFF, ci: int = 0, mib: int = 512):
        """Let a process run on a GPU or a compute instance."""
        row = next(p for p in self.state.gpus[gpu].processes if not p.pid)
        row.pid, row.gi, row.ci, row.memory = pid, gi, ci, mib << 20

    def end_processes(self, gpu: int = 0) -> None:
        """End every process on a GPU."""
        for row in self.state.gpus[gpu].processes:
            row.pid = 0


def _fill(state: GpuState, gpu: Gpu, index: int) -> None:
    """Describe one GPU."""
    state.name, state.pci_id = gpu.name.encode(), gpu.pci_id
    state.uuid = f"GPU-{index:08x}-1111-2222-3333-{gpu.pci_id:012x}".encode()
    state.serial = f"16{index:011d}".encode()
    state.bus = 0x17 + 0x22 * index
    state.memory_total, state.memory_reserved = gpu.memory_mib << 20, 626 << 20
    state.memory_used = 4 << 20
    state.power_mw, state.energy_mj = 70_000 + 500 * index, 1_000_000
    state.power_limit_mw = state.power_default_mw = state.power_max_mw = gpu.power_w * 1000
    state.power_min_mw = gpu.power_w * 300
    state.clocks[:], state.clocks_max[:] = gpu.clocks, gpu.clocks_max
    state.temperature, state.slowdown_c = gpu.temperature, 87
    state.reasons, state.pstate, state.persistence, state.ecc = 1, 0, 1, 1
    state.major, state.minor = gpu.capability
    state.link[:] = (5, 16, 5, 16)
    state.node = gpu.node
    for core in gpu.cores:
        state.affinity[core // 64] |= 1 << core % 64
    state.has_power = state.has_reasons = 1
    state.needs_reset = gpu.needs_reset
    if gpu.board is not None:
        _partition(state, gpu.board)


def _partition(state: GpuState, board: Board) -> None:
    """Describe what MIG offers on a board; figures that nobody printed are scaled from it."""
    state.mig_capable, state.slices, state.slots = 1, board.compute_slices, board.slots
    if board.engines is not None:
        names = ("nvdec", "nvenc", "jpeg", "ofa")
        state.engines[:] = [board.engines.count(kind) for kind in names]
    rows = [p for p in board.profiles if _index(p) is not None]
    state.profile_count = len(rows)
    for row, profile in zip(state.profiles, rows, strict=False):
        share = (state.memory_total >> 20) * profile.size // board.slots
        row.index, row.name = _index(profile), profile.name.encode()
        row.id = 200 + row.index if profile.profile_id is None else profile.profile_id
        row.compute, row.size, row.most = (
            profile.compute_slices,
            profile.size,
            profile.max_instances,
        )
        row.starts = sum(1 << start for start in profile.starts)
        row.sms = profile.sms or board.least_sms(profile) or 16 * profile.compute_slices
        row.memory_mib = int(profile.memory_gib * 1024) if profile.memory_gib else share
        row.copy = profile.copy_engines or 0
        for kind in ("nvdec", "nvenc", "jpeg", "ofa"):
            setattr(row, kind, profile.engines.count(kind))
        row.media = profile.takes_media


def _index(profile: Profile) -> int | None:
    """Return NVML's number of a kind of profile."""
    variant = profile.attributes[0] if profile.attributes else ""
    wide = not variant and profile.compute_slices == 1 and profile.profile_id == 15
    return INDICES.get((profile.compute_slices, "wide" if wide else variant))
