"""Describes the machine that snippets would run on; a machine without GPU is no failure."""

from __future__ import annotations

import functools
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any

_PROBE_TIMEOUT_S = 30.0

_PROBE = """
import json, pynvml as n
n.nvmlInit()
text = lambda v: v.decode() if isinstance(v, bytes) else v
found = []
for i in range(n.nvmlDeviceGetCount()):
    h = n.nvmlDeviceGetHandleByIndex(i)
    major, minor = n.nvmlDeviceGetCudaComputeCapability(h)
    mig, slices = False, []
    try:
        mig = n.nvmlDeviceGetMigMode(h)[0] == 1
        for k in range(n.nvmlDeviceGetMaxMigDeviceCount(h) if mig else 0):
            try:
                s = n.nvmlDeviceGetMigDeviceHandleByIndex(h, k)
            except n.NVMLError:
                continue
            slices.append(text(n.nvmlDeviceGetName(s)).rpartition("MIG ")[2])
    except n.NVMLError:
        pass
    found.append({
        "name": text(n.nvmlDeviceGetName(h)),
        "pci_id": "0x%08X" % n.nvmlDeviceGetPciInfo(h).pciDeviceId,
        "vram_bytes": n.nvmlDeviceGetMemoryInfo(h).total,
        "sm": major * 10 + minor, "mig": mig, "slices": slices,
    })
print(json.dumps({"gpus": found, "driver": text(n.nvmlSystemGetDriverVersion())}))
"""
"""Asks NVML in a process of its own, so that a broken driver cannot hang or end docgen."""


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One NVIDIA GPU."""

    name: str
    """Product name as NVML gives it."""
    pci_id: str
    """PCI device id with the vendor id last: `0x233510DE`."""
    vram_bytes: int
    """Memory as NVML gives it."""
    sm: int
    """Compute capability times ten: 90 for 9.0."""
    mig: bool = False
    """Whether MIG mode is on."""
    slices: tuple[str, ...] = ()
    """Profiles of the MIG devices that exist now: `1g.10gb`."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What `needs` is held against, and what figures depend on."""

    cpu: str
    """Processor model."""
    cores: int
    """Logical processors that this process may use."""
    memory_bytes: int
    """Main memory."""
    os: str
    """`linux`, `darwin`, `windows`."""
    system: str
    """Operating system and release for readers, without the kernel's version."""
    python: str
    """Python version, `3.11`."""
    gpus: tuple[Gpu, ...] = ()
    """GPUs in NVML's order."""
    driver: str = ""
    """NVIDIA driver version."""
    note: str = ""
    """Why GPUs could not be looked for, where that is so."""


@functools.cache
def probe() -> Machine:
    """Return this machine; asked once a process."""
    import psutil

    gpus, driver, note = _gpus()
    return Machine(
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        os=platform.system().lower(),
        system=_system(),
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        gpus=gpus,
        driver=driver,
        note=note,
    )


def _gpus() -> tuple[tuple[Gpu, ...], str, str]:
    """Return GPUs, driver version, and why they could not be asked for."""
    driver_here = any(map(os.path.exists, ("/dev/nvidiactl", "/dev/nvhost-gpu", "/dev/nvgpu")))
    if not driver_here:
        return (), "", ""
    if util.find_spec("pynvml") is None:
        return (), "", "an NVIDIA driver is there, but the package nvidia-ml-py is not installed"
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE],
            capture_output=True,
            text=True,
            timeout=_PROBE_TIMEOUT_S,
            check=True,
        )
        found = json.loads(done.stdout)
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        return (), "", f"NVML fails: {last}"
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return (), "", f"NVML fails: {error}"
    return read_gpus(found), str(found["driver"]), ""


def read_gpus(found: dict[str, Any]) -> tuple[Gpu, ...]:
    """Return the GPUs of the probe's answer."""
    return tuple(Gpu(**{**gpu, "slices": tuple(gpu["slices"])}) for gpu in found["gpus"])


def _cpu_model() -> str:
    """Return the processor's model name."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        text = ""
    match = re.search(r"^(?:model name|Model|Hardware)\s*:\s*(\S.*)$", text, re.MULTILINE)
    return " ".join((match[1] if match else platform.processor() or platform.machine()).split())


def _system() -> str:
    """Return the operating system with its release and the machine's architecture."""
    try:
        release = platform.freedesktop_os_release()
        name = f"{release['NAME']} {release.get('VERSION_ID', '')}".strip()
    except (OSError, KeyError):
        name = f"{platform.system()} {platform.release()}"
    return f"{name} ({platform.machine()})"


def environment(machine: Machine, packages: Iterable[str]) -> dict[str, str]:
    """Return what figures depend on beside the code: the machine and package versions."""
    kinds = [gpu.name for gpu in machine.gpus]
    named = {name: kinds.count(name) for name in kinds}
    mig = sorted(s for gpu in machine.gpus for s in gpu.slices)
    found = {
        "cpu": machine.cpu,
        "cores": str(machine.cores),
        "os": machine.system,
        "python": machine.python,
        "gpus": ", ".join(f"{count} x {name}" for name, count in named.items()),
        "mig": ", ".join(mig),
        "driver": machine.driver,
    }
    versions = {name: _version(name) for name in sorted(packages)}
    return {k: v for k, v in {**found, **versions}.items() if v}


MACHINE_KEYS = ("cpu", "cores", "os", "python", "gpus", "mig", "driver")
"""The parts of an environment that describe the machine; the others are packages."""


def _version(package: str) -> str:
    """Return the version of an installed distribution; empty where it is absent."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def installed(package: str) -> bool:
    """Tell whether a distribution is installed where snippets run."""
    return bool(_version(package))


def declared(project: dict[str, Any]) -> tuple[str, ...]:
    """Return the distributions that a pyproject.toml declares, extras included.

    Extras named `dev` or `docs`, and references to the project itself, do not count:
    no figure depends on them.
    """
    table = project.get("project", {})
    lines = list(table.get("dependencies", ()))
    for extra, more in table.get("optional-dependencies", {}).items():
        lines += more if extra not in ("dev", "docs", "test", "tests") else ()
    names = (re.match(r"[A-Za-z0-9][\w.-]*", line) for line in lines)
    found = {re.sub(r"[-_.]+", "-", m[0]).lower() for m in names if m}
    return tuple(sorted(found - {str(table.get("name", "")).lower()}))


def distributions(modules: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """Return which of the wanted distributions the imported top-level modules belong to."""
    names = set(modules) - sys.stdlib_module_names
    if not names:
        return ()
    owners = _owners()
    found = {re.sub(r"[-_.]+", "-", o).lower() for name in names for o in owners.get(name, ())}
    return tuple(sorted(found & set(wanted)))


@functools.cache
def _owners() -> dict[str, list[str]]:
    """Return the distributions of every importable top-level name; slow, so asked once."""
    return dict(metadata.packages_distributions())
