"""Systems of a decorator-registry tree as targets: accelerators, counts, memory, MIG slices."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from docgen import catalog as c
from docgen.dialects.registry_objects import FAMILIES, SLICE, target_of
from docgen.dialects.registry_reading import (
    SYSTEMS,
    Reading,
    enum_of,
    field_of,
    members_of,
    plain_text,
    setting_of,
    unwrap,
)
from docgen.evaluation.objects import ClassInfo, EnumMember, Instance, Unknown
from docgen.evaluation.provenance import place_of


class Systems:
    """The systems that a tree knows, with the enum member that names each accelerator."""

    def __init__(self, reading: Reading) -> None:
        """Find the enums of systems and of hardware."""
        self.reading = reading
        self.enums = _system_enums(reading)
        self._named = _hardware(reading)

    def accelerators(self, system: Instance) -> list[tuple[Instance, str, Any]]:
        """Return accelerator, enum member that names it and count, for each of a system."""
        layout = field_of(field_of(system, "accelerator_conf"), "layout")
        if not isinstance(layout, dict):
            return []
        return [
            (item, self._named.get(id(item), "") or self._match(item), count)
            for item, count in layout.items()
            if isinstance(item, Instance)
        ]

    def _match(self, item: Instance) -> str:
        """Return the one known accelerator with the same PCI id and memory; empty without."""
        ids, memory = pci_ids(item), memory_of(field_of(item, "vram"))
        if not ids or memory is None:
            return ""
        found = [
            name
            for known, name in self.hardware()
            if known.cls is item.cls
            and set(pci_ids(known)) & set(ids)
            and _close(memory_of(field_of(known, "vram")), memory)
        ]
        return found[0] if len(found) == 1 else ""

    def hardware(self) -> Iterator[tuple[Instance, str]]:
        """Yield every named accelerator and its name."""
        for enum in _enums(self.reading):
            for member in members_of(enum).values():
                if isinstance(member.value, Instance) and "vram" in member.value.fields:
                    yield member.value, f"{enum.short}.{member.name}"

    def targets(self) -> tuple[c.Target, ...]:
        """Return every system as a target: by family, then as declared."""
        found: dict[str, c.Target] = {}
        for enum in self.enums:
            for name, member in members_of(enum).items():
                if name == member.name and isinstance(member.value, Instance):
                    found.setdefault(name, self._target(enum, member))
        for name, made in self.reading.systems.items():
            found.setdefault(name, target_of(name, made))
        order = list(dict.fromkeys(FAMILIES.values()))[::-1]
        ranks = {family: i for i, family in enumerate(order)}
        return tuple(sorted(found.values(), key=lambda t: ranks.get(t.family, len(ranks))))

    def _target(self, enum: ClassInfo, member: EnumMember) -> c.Target:
        """Return a system as the Catalog has it."""
        system = member.value
        parts = self.accelerators(system)
        main = parts[0][0] if parts else None
        counts = [count for _, _, count in parts if isinstance(count, int)]
        source = enum.names[member.name].source
        facts = {f.name: f for f in self._facts(enum, system, parts, source)}
        return c.Target(
            name=member.name,
            title=member.name,
            family=_family(main),
            devices=sum(counts) if counts else 1,
            facts=facts,
            source=source,
            mig=self._slice(main, parts[0][1]) if main is not None else None,
            pci_ids=tuple(pci_ids(main)) if main is not None else (),
        )

    def _facts(
        self,
        enum: ClassInfo,
        system: Instance,
        parts: list[tuple[Instance, str, Any]],
        source: c.Source,
    ) -> Iterator[c.Fact]:
        """Yield what the tree says of a system."""
        if "deprecated" in enum.short.lower():
            note = "The tree still recognizes it and refuses to run on it."
            yield c.Fact(name="deprecated", value=True, source=source, note=note)
        identity = field_of(system, "system_id")
        if isinstance(identity, str):
            yield c.Fact(name="system_id", value=identity, source=source)
        if parts:
            yield c.Fact(
                name="accelerators",
                value=[
                    {"name": name, "kind": item.cls.short, "count": _count(n)}
                    for item, name, n in parts
                ],
                source=source,
            )
            yield from _accelerator_facts(parts[0][0], source)
        yield from _host_memory(field_of(system, "host_mem_conf"), source)
        cpu = _first_key(field_of(field_of(system, "host_cpu_conf"), "layout"))
        text = plain_text(cpu)
        if isinstance(text, str):
            yield c.Fact(name="host_cpu", value=text, source=source)

    def _slice(self, item: Instance, name: str) -> c.MigSlice | None:
        """Return the slice that an accelerator is; None for a whole board."""
        gpcs = field_of(item, "num_gpcs")
        if item.cls.short != "MIG" and gpcs is None:
            return None
        found = SLICE.search(str(plain_text(item) or "")) or SLICE.search(name)
        memory = memory_of(field_of(item, "vram"))
        profile = found.group(1).lower() if found else ""
        if not profile and isinstance(gpcs, int) and memory is not None:
            profile = f"{gpcs}g.{memory:.0f}gb"
        return c.MigSlice(board=_board(item) or name, profile=profile)


def _enums(reading: Reading) -> list[ClassInfo]:
    """Return the enums of the modules of systems, each once."""
    home = SYSTEMS.rpartition(".")[0]
    found: dict[int, ClassInfo] = {}
    for name, module in list(reading.interpreter.tree.modules.items()):
        if module is None or not name.startswith(home):
            continue
        for binding in module.names.values():
            value = binding.value
            if isinstance(value, ClassInfo) and value.module is module and enum_of(value):
                found[id(value)] = value
    return list(found.values())


def _system_enums(reading: Reading) -> list[ClassInfo]:
    """Return the enums whose members are systems, those that configs may use first."""
    reading.interpreter.module(SYSTEMS)
    found = [
        enum
        for enum in _enums(reading)
        if any(
            isinstance(m.value, Instance) and "accelerator_conf" in m.value.fields
            for m in members_of(enum).values()
        )
    ]
    return sorted(found, key=lambda enum: "deprecated" in enum.short.lower())


def _hardware(reading: Reading) -> dict[int, str]:
    """Return the name of every object that is the value of an enum's member, by identity."""
    return {
        id(member.value): f"{enum.short}.{name}"
        for enum in _enums(reading)
        for name, member in members_of(enum).items()
        if isinstance(member.value, Instance) and "accelerator_conf" not in member.value.fields
    }


def _host_memory(matched: Any, source: c.Source) -> Iterator[c.Fact]:
    """Yield the memory of the host: a bound where the tree matches on one, not what is there."""
    memory = memory_of(field_of(matched, "o", "host_memory_capacity"))
    if memory is None:
        return
    bound = field_of(matched, "min_threshold")
    ends = {True: "_at_least", False: "_at_most"}
    name = "host_memory" + (ends[bound] if isinstance(bound, bool) else "")
    note = "The tree recognizes the system by this bound." if isinstance(bound, bool) else ""
    yield c.Fact(name=name, value=memory, unit="GiB", source=source, note=note)


def _accelerator_facts(item: Instance, place: c.Source) -> Iterator[c.Fact]:
    """Yield what the tree says of an accelerator, each at its place."""
    rows = (
        ("device_name", plain_text(field_of(item, "name")), ""),
        ("accelerator_type", plain_text(field_of(item, "accelerator_type")), ""),
        ("memory", memory_of(field_of(item, "vram")), "GiB"),
        ("power_limit", plain_text(field_of(item, "max_power_limit")), "W"),
        ("compute_sm", plain_text(field_of(item, "compute_sm")), ""),
        ("mig_slices", plain_text(field_of(item, "num_gpcs")), ""),
    )
    fields = ("name", "accelerator_type", "vram", "max_power_limit", "compute_sm", "num_gpcs")
    for (name, value, unit), key in zip(rows, fields, strict=True):
        if value is None or value == [None]:
            continue
        setting = setting_of(item, key)
        at = setting is not None and hasattr(setting.node, "end_lineno")
        source = place_of(setting) if at and setting is not None else place
        yield c.Fact(name=name, value=value, unit=unit, source=source)


def memory_of(value: Any) -> Any:
    """Return an amount of memory in GiB; a list where the tree allows several, None without."""
    value = unwrap(value)
    values = field_of(value, "values")
    if isinstance(values, (list, tuple)):
        found = [memory_of(item) for item in values]
        return found if all(f is not None for f in found) and found else None
    held = field_of(value, "host_memory_capacity")
    if held is not None:
        return memory_of(held)
    quantity, suffix = field_of(value, "quantity"), field_of(value, "byte_suffix")
    if not isinstance(quantity, (int, float)) or not isinstance(suffix, EnumMember):
        return None
    try:
        base, exponent = suffix.value
        amount = quantity * base**exponent / 1024**3
    except (TypeError, ValueError):
        return None
    return round(amount, 2) if amount != int(amount) else int(amount)


def _close(one: Any, other: Any) -> bool:
    """Tell whether two amounts of memory are the same board's."""
    if not isinstance(one, (int, float)) or not isinstance(other, (int, float)):
        return False
    return abs(one - other) <= 0.1 * max(one, other)


def pci_ids(item: Instance) -> list[str]:
    """Return the PCI ids of an accelerator, as the tree writes them."""
    value = unwrap(field_of(item, "pci_id"))
    if isinstance(value, str):
        return [value]
    first, more = field_of(value, "name"), field_of(value, "aliases")
    found = [first] if isinstance(first, str) else []
    return found + [m for m in more or () if isinstance(m, str)]


def _family(item: Instance | None) -> str:
    """Return the architecture of an accelerator; what is known of it where that is not."""
    if item is None:
        return "CPU"
    sm = field_of(item, "compute_sm")
    if isinstance(sm, int):
        return FAMILIES.get(sm, f"sm_{sm}")
    kind = plain_text(field_of(item, "accelerator_type"))
    return f"{kind} GPU" if isinstance(kind, str) else "Other"


def _board(item: Instance) -> str:
    """Return the member that names the whole board, from the expression of a slice's name."""
    setting = setting_of(item, "name")
    if setting is None or isinstance(setting.value, Unknown):
        return ""
    for node in ast.walk(setting.node):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        if node.attr not in ("value", "name"):
            return f"{node.value.id}.{node.attr}"
    return ""


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _first_key(layout: Any) -> Any:
    """Return the first key of a layout."""
    return next(iter(layout), None) if isinstance(layout, dict) else None


def surely_differ(one: Any, other: Any) -> bool:
    """Tell that two systems differ in number or generation of the one accelerator each has."""
    found: list[tuple[Any, Any]] = []
    for system in (one, other):
        layout = field_of(field_of(system, "accelerator_conf"), "layout")
        if not isinstance(layout, dict) or len(layout) != 1:
            return False
        ((item, count),) = layout.items()
        found.append((count, field_of(item, "compute_sm")))
    return any(type(a) is int and type(b) is int and a != b for a, b in zip(*found, strict=True))
