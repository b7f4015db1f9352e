"""What a target is good for and what it can do, computed from its published facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from docgen import formatting as fmt
from docgen.catalog import Catalog, Fact, Json, Target
from docgen.formatting import DASH
from docgen.views.lookup import Lookup
from docgen.views.text import inline

LABELS = {
    "memory_gb": "Memory",
    "bandwidth_gb_s": "Memory bandwidth",
    "sms": "SMs",
    "compute_capability": "Compute capability",
    "power_w": "Power",
    "mig_capable": "MIG",
    "cores": "Cores",
    "compute_sm": "Compute SM",
    "mig_slices": "MIG slices",
    "host_cpu": "Host CPU",
}
"""Headings of the facts that every harness knows; others are named after their field."""

_NATIVE = (
    ("fp32", 0.0, "everywhere"),
    ("fp16", 7.0, "Tensor Cores from compute capability 7.0"),
    ("bf16", 8.0, "Tensor Cores from compute capability 8.0"),
    ("int8", 7.5, "integer Tensor Cores from compute capability 7.5"),
    ("fp8", 8.9, "Tensor Cores from compute capability 8.9"),
    ("fp4", 10.0, "Tensor Cores from compute capability 10.0"),
)
"""Formats with hardware support, by least compute capability.

Source: NVIDIA CUDA C++ Programming Guide, "Compute Capabilities", and TensorRT
documentation, "Hardware and Precision".
"""

_CPU_FORMATS = {"fp32": "vector units", "int8": "vector integer units; faster with VNNI or AMX"}
_LOW_POWER_W = 150.0
_WIDE_GB_S = 1500.0
_LARGE_GB = 80.0


@dataclass(frozen=True, kw_only=True)
class PrecisionRow:
    """One number format on one target."""

    name: str
    """Name of the format."""
    native: bool
    """Whether the hardware computes in it."""
    note: str
    """Since when, or on which units."""
    used: tuple[str, ...]
    """Workloads whose entries use it, by title."""


def number(target: Target, fact: str) -> float | None:
    """Return a numeric fact of a target; None where it does not state it."""
    found = target.facts.get(fact)
    if found is None or isinstance(found.value, bool) or not isinstance(found.value, int | float):
        return None
    return float(found.value)


def capability(target: Target) -> float | None:
    """Return the CUDA compute capability as a number; None where it is not stated."""
    fact = target.facts.get("compute_capability")
    sm = target.facts.get("compute_sm")
    try:
        if fact is not None:
            return float(str(fact.value))
        return float(str(sm.value)) / 10 if sm is not None else None
    except ValueError:
        return None


def is_cpu(target: Target) -> bool:
    """Tell whether a target has no accelerator."""
    return capability(target) is None and target.family.upper() == "CPU"


def sentence(target: Target) -> str:
    """Return one sentence that says what a target is good for."""
    if is_cpu(target):
        return (
            "The host's processor, without an accelerator: good for trying the whole harness "
            "end to end and for small models."
        )
    size = _size(target)
    if not target.facts and target.mig is None and target.devices == 1:
        return f"{_kind(target)}; the source states nothing else of it."
    purpose = _purpose(target)
    return f"{_kind(target)}{f' with {size}' if size else ''}: {purpose}."


def facts(target: Target) -> list[tuple[str, str, Fact]]:
    """Return heading, printed value and fact of everything a target states."""
    found = []
    for name, fact in target.facts.items():
        label = LABELS.get(name, name.replace("_", " ").capitalize())
        text = _devices(fact.value) or fmt.value(fact.value, fact.unit)
        if name == "mig_capable":
            text = "can be partitioned" if fact.value else "cannot be partitioned"
            if target.mig:
                text = f"slice {target.mig.profile}"
        found.append((label, inline(text), fact))
    return found


def _devices(value: Json) -> str:
    """Return a list of devices with their counts as words; empty where it is none."""
    if not isinstance(value, list) or not value:
        return ""
    if not all(isinstance(item, dict) and {"name", "count"} <= set(item) for item in value):
        return ""
    return ", ".join(f"{item['count']}{fmt.THIN}\u00d7 {item['name']}" for item in value)


def fact_columns(
    targets: Sequence[Target], names: Sequence[str]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headings with their unit, and a row of bare values for each target.

    A unit stands in its heading where all targets share it, else behind each value.
    """
    columns: list[list[str]] = []
    headers: list[str] = []
    for name in names:
        units = {t.facts[name].unit for t in targets if name in t.facts}
        shared = units.pop() if len(units) == 1 else ""
        label = LABELS.get(name, name.replace("_", " ").capitalize())
        plain = not shared or shared.lower() == label.lower()
        headers.append(label if plain else f"{label}, {fmt.unit_word(shared)}")
        columns.append([_fact_cell(t, name, bare=bool(shared)) for t in targets])
    rows: list[tuple[str, ...]] = [
        tuple(column[i] for column in columns) for i in range(len(targets))
    ]
    return tuple(headers), rows


def _fact_cell(target: Target, name: str, *, bare: bool) -> str:
    """Return one fact, without its unit where the heading has it."""
    fact = target.facts.get(name)
    if fact is None:
        return DASH
    if name == "mig_capable":
        return inline(target.mig.profile) if target.mig else fmt.value(fact.value)
    return inline(fmt.value(fact.value, "" if bare else fact.unit))


def precisions(target: Target, lookup: Lookup) -> list[PrecisionRow]:
    """Return the number formats that this hardware computes in, and who uses each."""
    used: dict[str, list[str]] = {}
    for entry in lookup.entries_of(target.name):
        value = entry.values.get("precision")
        if value is not None and isinstance(value.resolved, str):
            name = value.resolved.rpartition(".")[2].lower()
            titles = used.setdefault(name, [])
            title = lookup.title(entry.workload)
            if title not in titles:
                titles.append(title)
    can = _formats(target)
    known = is_cpu(target) or capability(target) is not None
    names = list(can) + [name for name in used if name not in can]
    return [
        PrecisionRow(
            name=name.upper(),
            native=name in can,
            note=can.get(name, "converted in software" if known else "not stated"),
            used=tuple(used.get(name, ())),
        )
        for name in names
    ]


def can_mig(target: Target) -> bool:
    """Tell whether MIG concerns a target: it is a slice, or can be partitioned."""
    fact = target.facts.get("mig_capable")
    return target.mig is not None or bool(fact and fact.value)


def slices(target: Target, catalog: Catalog) -> list[Target]:
    """Return the targets that are slices of a target's board."""
    return [t for t in catalog.targets if t.mig and target.name in _boards(t.name)]


def board(target: Target, lookup: Lookup) -> Target | None:
    """Return the whole device that a slice belongs to; None where it is no target."""
    names = _boards(target.name) if target.mig else ()
    return next((lookup.targets[name] for name in names if name in lookup.targets), None)


def _boards(name: str) -> tuple[str, ...]:
    """Return the names that the whole device of a slice may have, here and in other trees."""
    here, others = name.partition("-mig-"), name.partition("_MIG_")
    return (*here[:1] * bool(here[1]), *(f"{others[0]}x1",) * bool(others[1]))


def _formats(target: Target) -> dict[str, str]:
    """Return the formats that a target's hardware computes in, with a note each."""
    cc = capability(target)
    if cc is None:
        return dict(_CPU_FORMATS) if is_cpu(target) else {}
    return {name: note for name, least, note in _NATIVE if cc >= least}


def _kind(target: Target) -> str:
    """Return what kind of system a target is."""
    if target.mig:
        article = "an" if target.family[:1] in set("AEIO") else "a"
        size = inline(target.mig.profile)
        if target.devices > 1:
            return f"{target.devices} isolated MIG slices ({size}) of {target.family} GPUs"
        return f"One isolated MIG slice ({size}) of {article} {target.family} GPU"
    if target.family == "Jetson":
        return "A module whose CPU and GPU share their memory"
    if target.devices > 1:
        return f"{target.devices} {target.family} GPUs in one node"
    return f"One {target.family} GPU"


def _size(target: Target) -> str:
    """Return memory and bandwidth in words, per device."""
    parts = []
    memory, bandwidth = number(target, "memory_gb"), number(target, "bandwidth_gb_s")
    if memory:
        parts.append(fmt.quantity(memory, "GB"))
    if bandwidth:
        parts.append(f"at {fmt.quantity(bandwidth, 'GB/s')}")
    text = " ".join(parts)
    return f"{text} each" if text and target.devices > 1 else text


def _purpose(target: Target) -> str:
    """Return what a GPU target is good for, by slice, count, power, bandwidth and memory."""
    if target.mig:
        if target.devices > 1:
            return "good for many small models whose speed must not depend on each other"
        return "good for a small model whose speed must not depend on its neighbours"
    power, width = number(target, "power_w"), number(target, "bandwidth_gb_s") or 0.0
    if target.family == "Jetson":
        return "good for single streams at the edge within a tight power limit"
    if target.devices > 1:
        return "good for the highest rate of one machine, every device with its own copy"
    if power and power <= _LOW_POWER_W:
        return f"good for inference within {fmt.quantity(power, 'W')}, many cards to a server"
    if (number(target, "memory_gb") or 0.0) >= _LARGE_GB and width >= _WIDE_GB_S:
        return "good for large models, large batches and work that memory bandwidth limits"
    if width >= _WIDE_GB_S:
        return "good for large batches of models that fit its memory"
    return "good for models that compute rather than memory limits"
