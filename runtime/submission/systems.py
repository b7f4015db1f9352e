"""The systems JSON: what the runs and the target tell, and what the submitter adds."""

from __future__ import annotations

import shutil
from pathlib import Path

from runtime.configs.target import Target
from runtime.errors import Problem
from runtime.policies.systems import MEANINGFUL_KEYS, SYSTEM_KEYS
from runtime.record import RunRecord
from runtime.submission.metadata import Metadata

NONE = "N/A"
"""What stands for a thing that the system does not have."""

ACCELERATOR_KEYS = tuple(key for key in SYSTEM_KEYS if key.startswith("accelerator"))
"""Keys about accelerators."""

STACK = ("numpy", "onnx", "tensorrt", "pycuda")
"""Packages that a systems JSON names beside framework and LoadGen."""


def build_system(record: RunRecord, target: Target, metadata: Metadata) -> dict[str, str]:
    """Return a systems JSON with every key; those that nobody told are empty.

    Args:
        record: A run that was made on the system.
        target: The target of that run.
        metadata: What the submitter says; it wins.
    """
    told = dict.fromkeys(SYSTEM_KEYS, "")
    told |= _host(record) | _accelerators(record, target) | metadata.system
    return told | {"division": metadata.division, "submitter": metadata.submitter}


def missing_values(system: dict[str, str]) -> list[Problem]:
    """Return the problem of each key that needs a meaningful value and has none."""
    return [
        Problem(f"metadata [system] {key}", "what it is, or N/A", "nothing", "add it to the file")
        for key in MEANINGFUL_KEYS
        if not system.get(key, "").strip()
    ]


def survey() -> dict[str, str]:
    """Return what this machine tells of itself that run records do not hold.

    Only facts that the kernel states; a value that it does not state is left out.
    """
    found = {
        "host_processors_per_node": _sockets(),
        "host_processor_frequency": _cpu_fact("cpu MHz", " MHz"),
        "host_processor_caches": _caches(),
        "host_storage_capacity": f"{shutil.disk_usage('/').total / 1e9:.0f} GB",
        "host_storage_type": _storage(),
        "host_network_card_count": _network_cards(),
    }
    return {key: value for key, value in found.items() if value}


def _host(record: RunRecord) -> dict[str, str]:
    """Return what a record tells of the host and its software."""
    machine, packages = record.machine, record.packages
    runtime = packages.get("onnxruntime-gpu") or packages.get("onnxruntime")
    stack = [f"Python {machine.python}", f"MLCommons LoadGen {packages.get('loadgen', '')}"]
    stack += [f"{name} {packages[name]}" for name in STACK if name in packages]
    if machine.driver:
        stack.append(f"NVIDIA driver {machine.driver}")
    commit = f", commit {record.code.commit[:12]}" if record.code.commit else ""
    return {
        "number_of_nodes": "1",
        "host_processor_model_name": machine.cpu,
        "host_processor_core_count": str(machine.cores),
        "host_memory_capacity": f"{machine.memory_gib:g} GiB",
        "operating_system": machine.os,
        "framework": f"ONNX Runtime {runtime}" if runtime else "",
        "other_software_stack": ", ".join(stack),
        "sw_notes": f"Calliope harness {record.code.version}{commit}; processors are the logical "
        "ones that the process could use",
    }


def _accelerators(record: RunRecord, target: Target) -> dict[str, str]:
    """Return what record and target tell of accelerators."""
    devices = record.machine.devices
    if target.compute_capability is None or not devices:
        return {**dict.fromkeys(ACCELERATOR_KEYS, NONE), "accelerators_per_node": "0"}
    memory = f"{target.memory_gb.value:g} GB" if target.memory_gb else ""
    alone = {"accelerator_interconnect": NONE} if target.devices == 1 else {}
    return {
        "accelerators_per_node": str(target.devices),
        "accelerator_model_name": ", ".join(sorted(set(devices))),
        "accelerator_memory_capacity": memory,
        **alone,
    }


def _cpuinfo() -> list[tuple[str, str]]:
    """Return the pairs of /proc/cpuinfo; none where there is no such file."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    parts = (line.partition(":") for line in text.splitlines())
    return [(key.strip(), value.strip()) for key, _, value in parts]


def _sockets() -> str:
    """Return the number of processor packages; empty where the kernel does not tell."""
    found = {value for key, value in _cpuinfo() if key == "physical id"}
    return str(len(found)) if found else ""


def _cpu_fact(name: str, unit: str) -> str:
    """Return the first value of a name in /proc/cpuinfo with its unit; empty without one."""
    return next((value + unit for key, value in _cpuinfo() if key == name and value), "")


def _caches() -> str:
    """Return the sizes of the first processor's caches; empty where the kernel does not tell."""
    found = []
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = (_read(folder / name) for name in ("level", "type", "size"))
        if size:
            found.append(f"L{level} {kind.lower()} {size}")
    return ", ".join(found)


def _storage() -> str:
    """Return SSD or HDD by what the kernel says of its disks; empty where it says nothing."""
    flags = {_read(path) for path in Path("/sys/block").glob("*/queue/rotational")}
    return {frozenset("0"): "SSD", frozenset("1"): "HDD"}.get(frozenset(flags), "")


def _network_cards() -> str:
    """Return the number of network interfaces beside the loopback; empty without a list."""
    home = Path("/sys/class/net")
    if not home.is_dir():
        return ""
    return str(sum(1 for path in home.iterdir() if path.name != "lo"))


def _read(path: Path) -> str:
    """Return the text of a small kernel file; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
