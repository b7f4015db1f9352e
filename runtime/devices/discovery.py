"""Which GPUs this machine has (through NVML), and which target each of them is.

Nothing is opened on a device: NVML only answers questions. Its Python package is
optional (`nvidia-ml-py`); without it, or without a driver, the reason is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.configs.target import Target
from runtime.troubles.machine import DEVICE_MISSING, DRIVER_MISSING, SYSTEM_UNKNOWN
from runtime.vocabulary import Family

MEMORY_TOLERANCE = 0.12
"""Share by which NVML's memory may differ from the vendor's figure and still match.

Why: boards sold with "80 GB" hold 80 GiB, 7.4 % more than 80e9 bytes, and drivers
reserve some of it; the next larger board of a model is at least 25 % away.
"""

_NO_PACKAGE = "the package nvidia-ml-py is not installed: pip install 'calliope-harness[gpu]'"
_JETSON = "this is a Jetson: NVML does not describe its GPU; the module is known by its board name"


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
    power_limit_w: float | None = None
    """Enforced power limit, in W; None where NVML does not tell."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a look at the machine's accelerators gave."""

    gpus: tuple[Gpu, ...] = ()
    """GPUs in NVML's order."""
    driver: str = ""
    """Driver version; empty without a driver."""
    why_none: str = ""
    """Why `gpus` is empty: package, driver or devices are missing."""


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


def discover() -> Found:
    """Return the machine's NVIDIA GPUs, or why there are none."""
    try:
        import pynvml
    except ImportError:
        return Found(why_none=_no_nvml())
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return Found(why_none=_JETSON if jetson_model() else f"no NVIDIA driver answers: {error}")
    try:
        driver = _text(pynvml.nvmlSystemGetDriverVersion())
        gpus = tuple(_describe(pynvml, i) for i in range(pynvml.nvmlDeviceGetCount()))
    except pynvml.NVMLError as error:
        return Found(why_none=f"NVML failed while it described the GPUs: {error}")
    finally:
        pynvml.nvmlShutdown()
    reason = "" if gpus else "the driver is there and reports no GPU"
    return Found(gpus=gpus, driver=driver, why_none=reason)


def jetson_model(path: Path = Path("/proc/device-tree/model")) -> str:
    """Return the board name of a Jetson module; empty on every other machine."""
    try:
        model = path.read_bytes().rstrip(b"\0").decode(errors="replace")
    except OSError:
        return ""
    return model if "Jetson" in model else ""


def match(gpu: Gpu, targets: Iterable[Target]) -> Match:
    """Return the one-device target that a GPU is, or the nearest one and what differs.

    The PCI id decides; where two targets share it, or none has it, memory does.
    """
    single = [t for t in targets if t.devices == 1 and t.mig is None and t.memory_gb is not None]
    same = [t for t in single if gpu.pci_id.upper() in (p.upper() for p in t.pci_ids)]
    for target in sorted(same, key=lambda t: _gap(gpu, t)):
        if _gap(gpu, target) <= MEMORY_TOLERANCE:
            why = f"PCI id {gpu.pci_id} and {gpu.memory_gb:.0f} GB of memory agree"
            return Match(gpu=gpu, target=target.name, exact=True, why=why)
        why = (
            f"PCI id {gpu.pci_id} agrees, memory does not: "
            f"{gpu.memory_gb:.0f} GB, the target has {_memory(target):.0f} GB"
        )
        return Match(gpu=gpu, target=target.name, exact=False, why=why)
    if not single:
        return Match(gpu=gpu, target="", exact=False, why="no GPU target is defined")
    near = min(single, key=lambda t: (not _shares_word(gpu, t), _gap(gpu, t)))
    why = (
        f"PCI id {gpu.pci_id} ({gpu.name}, {gpu.memory_gb:.0f} GB) belongs to no target; "
        f"nearest by name and memory: {near.title} with {_memory(near):.0f} GB"
    )
    return Match(gpu=gpu, target=near.name, exact=False, why=why)


def availability(target: Target, found: Found, targets: Iterable[Target]) -> Availability:
    """Return whether this machine has the devices that a target needs."""
    if target.family is Family.CPU:
        return Availability(target=target.name, ok=True, reason="the host's processor")
    if target.family is Family.JETSON and jetson_model():
        return Availability(target=target.name, ok=True, reason=jetson_model())
    if not found.gpus:
        mend = "run it on a machine that has the GPU; --dry-run shows the settings here"
        code = DRIVER_MISSING.code
        return Availability(
            target=target.name, ok=False, reason=found.why_none, mend=mend, code=code
        )
    if target.mig is not None:
        return _mig_availability(target, found)
    known = tuple(targets)
    base = target.name.rpartition("-x")[0] if target.devices > 1 else target.name
    matches = [match(gpu, known) for gpu in found.gpus]
    count = sum(1 for m in matches if m.exact and m.target == base)
    if count >= target.devices:
        reason = f"{count} of {target.devices} devices: {target.title}"
        return Availability(target=target.name, ok=True, reason=reason)
    seen = ", ".join(f"{m.gpu.name} ({m.target or 'no target'})" for m in matches)
    mend = "choose the target of this machine; `harness doctor` names it"
    reason = f"{count} of {target.devices} devices; this machine has {seen}"
    unknown = not any(m.exact for m in matches)
    code = SYSTEM_UNKNOWN.code if unknown else DEVICE_MISSING.code
    return Availability(target=target.name, ok=False, reason=reason, mend=mend, code=code)


def _mig_availability(target: Target, found: Found) -> Availability:
    """Return whether a board with MIG mode on could hold a slice target."""
    on = [g for g in found.gpus if g.mig]
    profile = target.mig.profile if target.mig else ""
    if on:
        reason = f"MIG mode is on for GPU {on[0].index}; slices are not looked at yet"
        return Availability(target=target.name, ok=True, reason=reason)
    mend = f"run `sudo nvidia-smi -mig 1` and create a {profile} instance"
    reason = "MIG mode is off on every GPU"
    code = DEVICE_MISSING.code
    return Availability(target=target.name, ok=False, reason=reason, mend=mend, code=code)


def _describe(nvml: Any, index: int) -> Gpu:
    """Return one GPU's description; what NVML does not tell stays empty."""
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    return Gpu(
        index=index,
        name=_text(nvml.nvmlDeviceGetName(handle)),
        pci_id=f"0x{nvml.nvmlDeviceGetPciInfo(handle).pciDeviceId:08X}",
        memory_gb=nvml.nvmlDeviceGetMemoryInfo(handle).total / 1e9,
        uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
        mig=_ask(nvml, lambda: bool(nvml.nvmlDeviceGetMigMode(handle)[0]), default=False),
        power_limit_w=_ask(
            nvml, lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1000, default=None
        ),
    )


def _ask(nvml: Any, question: Any, *, default: Any) -> Any:
    """Return an answer of NVML, or the default where the board does not support the question."""
    try:
        return question()
    except nvml.NVMLError:
        return default


def _no_nvml() -> str:
    """Return why NVML could not be asked, with what the machine shows without it."""
    if jetson_model():
        return f"{_JETSON} ({jetson_model()})"
    if Path("/proc/driver/nvidia/version").exists():
        return f"a driver is loaded, but {_NO_PACKAGE}"
    return f"no NVIDIA driver is loaded, and {_NO_PACKAGE}"


def _text(value: str | bytes) -> str:
    """Return NVML's text; old versions of its package give bytes."""
    return value.decode() if isinstance(value, bytes) else value


def _memory(target: Target) -> float:
    """Return a target's memory, in 10^9 bytes."""
    return target.memory_gb.value if target.memory_gb else 0.0


def _gap(gpu: Gpu, target: Target) -> float:
    """Return by which share a GPU's memory differs from a target's."""
    return abs(gpu.memory_gb - _memory(target)) / max(_memory(target), 1.0)


def _shares_word(gpu: Gpu, target: Target) -> bool:
    """Tell whether the product names have the model's word in common (`H200`, `L40S`)."""
    words = {w.upper() for w in gpu.name.replace("-", " ").split() if any(c.isdigit() for c in w)}
    return bool(words & {w.upper() for w in target.title.replace("-", " ").split()})
