"""Systems of the EXPORTS dialect: folders of configs, with what the tree says of each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Any

from docgen import catalog as c
from docgen.dialects.exports_files import ConfigFile, Reading
from docgen.dialects.exports_resolution import resolve
from docgen.evaluation.objects import Binding, ClassInfo, NotStatic
from docgen.evaluation.tree import Module


def read_targets(reading: Reading, files: list[ConfigFile], code: str) -> list[c.Target]:
    """Return the systems that have configs, by family and name."""
    systems = dict(_systems(reading, code))
    devices = _devices(reading, code)
    targets = []
    for name in dict.fromkeys(file.system for file in files):
        first = next(file for file in files if file.system == name)
        place = c.Source(path=first.module.path, line=1)
        known = systems.get(name)
        count, device, place = known if known is not None else (_count(name), "", place)
        device = device or _device_in(name, devices)
        facts, pci_ids = _facts(reading, devices.get(device))
        targets.append(
            c.Target(
                name=name,
                title=name,
                family=_family(device, name),
                devices=count,
                facts=facts,
                source=place,
                pci_ids=pci_ids,
                doc="" if known else "The tree's list of systems does not have this one.",
            )
        )
    return sorted(targets, key=lambda t: (t.family, t.name))


def _count(name: str) -> int:
    """Return the number of devices that the name of a system ends with; 1 without one."""
    found = re.findall(r"[xX](\d{1,4})(?=$|[_-])", name)
    return max(int(found[-1]), 1) if found else 1


def _family(device: str, name: str) -> str:
    """Return the heading of a system: the first word of its device's name."""
    word = re.split(r"[_\-]", device)[0]
    if word:
        return word
    found = re.search(r"(?<![A-Za-z0-9])(GB|GH|[ABHLTV])\d{1,3}[A-Z]?(?![0-9])", name)
    return found.group(0) if found else "other"


def _device_in(name: str, devices: Iterable[str]) -> str:
    """Return the known device whose name stands in a system's name; empty without one."""
    plain = _plain(name)
    fitting = [device for device in devices if _plain(device) in plain]
    return max(fitting, key=len, default="")


def _plain(name: str) -> str:
    """Return letters and digits of a name, in lower case, between blanks."""
    return " ".join(re.findall(r"[a-z0-9]+", name.lower()))


def _system_modules(reading: Reading, code: str) -> list[Module]:
    """Return the modules that list systems and devices."""
    folder = f"{code}.common.systems"
    found = [reading.evaluator.module(f"{folder}.{n}") for n in ("known_hardware", "system_list")]
    return [module for module in found if module is not None and module.node is not None]


def _systems(reading: Reading, code: str) -> Iterator[tuple[str, tuple[int, str, c.Source]]]:
    """Yield the identity of each listed system with its devices, their name and the place.

    Systems are made by calls `make(NAME, IDENTITY, CPU, DEVICE, COUNTS, ...)` whose texts
    have `{}` for the count.
    """
    for module in _system_modules(reading, code):
        for statement in module.node.body if module.node is not None else ():
            call = statement.value if isinstance(statement, ast.Expr) else None
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            values = [reading.evaluator.try_evaluate(a, module) for a in call.args]
            texts = [v for v in values if isinstance(v, str)]
            counts = next((v for v in values if _is_counts(v)), None)
            if len(texts) < 2 or counts is None:  # noqa: PLR2004 - name and identity
                continue
            parts = [a for a in call.args if isinstance(a, ast.Attribute)]
            device = parts[-1].attr if len(parts) > 1 else ""
            for count in counts:
                yield texts[1].replace("{}", str(count)), (count, device, module.source(call))


def _is_counts(value: Any) -> bool:
    """Tell whether a value is a list of numbers of devices."""
    return isinstance(value, (list, tuple)) and all(
        isinstance(v, int) and 0 < v <= 1024  # noqa: PLR2004 - more is no system
        for v in value
    )


def _devices(reading: Reading, code: str) -> dict[str, Binding]:
    """Return the known GPUs: attributes of the class that lists them."""
    for module in _system_modules(reading, code):
        bound = module.names.get("KnownGPU")
        if bound is not None and isinstance(bound.value, ClassInfo):
            names = bound.value.names
            return {n: b for n, b in names.items() if not n.startswith("_") and b.node is not None}
    return {}


_FACTS = {
    "vram": ("memory", "", "Device memory, as the tree states it."),
    "compute_sm": ("compute_capability", "", "CUDA compute capability."),
    "max_power_limit": ("power_w", "W", "Greatest power limit that the tree expects."),
}


def _facts(reading: Reading, device: Binding | None) -> tuple[dict[str, c.Fact], tuple[str, ...]]:
    """Return the facts and PCI ids in the call that describes a device."""
    node = device.node if device is not None else None
    if not isinstance(node, ast.Call) or device is None or device.module is None:
        return {}, ()
    facts: dict[str, c.Fact] = {}
    pci_ids: tuple[str, ...] = ()
    for keyword in node.keywords:
        value = _keyword(reading, keyword.value, device.module)
        if value is None:
            continue
        if keyword.arg == "pci_id":
            pci_ids = tuple(str(v) for v in (value if isinstance(value, list) else [value]))
        elif keyword.arg in _FACTS:
            name, unit, doc = _FACTS[keyword.arg]
            place = device.module.source(keyword.value)
            basis = f"{place.path}:{place.line}"
            facts[name] = c.Fact(
                name=name, value=value, source=place, unit=unit, basis=basis, doc=doc
            )
    return facts, pci_ids


def _keyword(reading: Reading, node: ast.expr, module: Module) -> Any:
    """Return a described property; that of a call with numbers is `major.minor`."""
    evaluator = reading.evaluator
    if isinstance(node, ast.Call):
        parts = [evaluator.try_evaluate(a, module) for a in node.args]
        known = parts and all(isinstance(p, (int, float)) for p in parts)
        return ".".join(str(p) for p in parts) if known else None
    value = evaluator.try_evaluate(node, module)
    try:
        return None if value is None else resolve(value, module.source(node))
    except NotStatic:
        return None
