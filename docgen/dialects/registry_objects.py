"""Systems that a call makes, where the tree has no enum of them: named by their own text.

Older registries take `system = System("board", Architecture.X, 8)`. Two such objects are
one system when their class says so; it compares them by the text that it gives them, and
that text is the name which the harness itself shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docgen import catalog as c
from docgen.dialects.registry_reading import Reading, field_of, plain_text
from docgen.evaluation.classes import attribute
from docgen.evaluation.objects import ClassInfo, EnumMember, FunctionInfo, Instance, NotStatic

FAMILIES = {
    70: "Volta",
    72: "Volta",
    75: "Turing",
    80: "Ampere",
    86: "Ampere",
    87: "Ampere",
    89: "Ada",
    90: "Hopper",
    100: "Blackwell",
    103: "Blackwell",
    120: "Blackwell",
}
"""Architecture by compute capability, as NVIDIA's CUDA programming guide lists them."""

SLICE = re.compile(r"(\d+g\.\d+gb)", re.IGNORECASE)
"""A MIG profile in a name: `1g.10gb`."""

SLICES = re.compile(r"(\d+)x\d+g\.\d+gb", re.IGNORECASE)
"""A number of MIG slices in a name: `56x1g.10gb`."""


def text_of(reading: Reading, value: Instance) -> str:
    """Return `str(value)` as the class of an object says it.

    Raises:
        NotStatic: The class gives its objects no text, or one that is not static.
    """
    if id(value) not in reading.texts:
        try:
            reading.texts[id(value)] = (value, _text(reading, value))
        except NotStatic as cause:
            reading.texts[id(value)] = (value, cause)
    found = reading.texts[id(value)][1]
    if isinstance(found, NotStatic):
        raise found
    return found


def _text(reading: Reading, value: Instance) -> str:
    """Return what the `__str__` of an object's class returns."""
    interpreter = reading.interpreter
    bound = attribute(value.cls, "__str__")
    function = interpreter.follow(bound) if bound is not None else None
    if not isinstance(function, FunctionInfo):
        raise NotStatic(value.source, f"an object of {value.cls.short}, which has no text")
    frame = interpreter.frame(function.module)
    text = interpreter.call_function(function, [value], {}, value.source, frame)
    if not isinstance(text, str):
        raise NotStatic(value.source, f"an object of {value.cls.short}, whose text is none")
    return text


def as_member(reading: Reading, value: Instance) -> EnumMember:
    """Return a system that a call made as what keys are made of: its class, text and object.

    Raises:
        NotStatic: As `text_of`.
    """
    name = text_of(reading, value)
    return EnumMember(value.cls, name, reading.systems.setdefault(name, value))


def target_of(name: str, system: Instance) -> c.Target:
    """Return a system that a call made as the Catalog has it.

    What the tree lists of the same board (PCI ids, names) is looked up in the classes of
    the module that declares systems.
    """
    board, known, _ = _known(system)
    profile = SLICE.search(name)
    return c.Target(
        name=name,
        title=name,
        family=_family(system),
        devices=_devices(name, system),
        facts={fact.name: fact for fact in _facts(name, system)},
        source=system.source,
        mig=c.MigSlice(board=board, profile=profile.group(1).lower()) if profile else None,
        pci_ids=tuple(i for i in _texts(known, "pci_ids") if i),
    )


def _facts(name: str, system: Instance) -> Iterator[c.Fact]:
    """Yield what the tree says of a system that a call made."""
    board, known, place = _known(system)
    yield c.Fact(name="system_id", value=name, source=system.source)
    kind = "MIG" if SLICE.search(name) else "CPU" if _family(system) == "CPU" else "GPU"
    used = [{"name": board, "kind": kind, "count": _devices(name, system)}]
    yield c.Fact(name="accelerators", value=used, source=system.source)
    names = _texts(known, "aliases")
    if names:
        yield c.Fact(name="device_name", value=", ".join(names), source=place)
    for fact, attribute_name in (("architecture", "arch"), ("host_cpu_arch", "cpu_arch")):
        text = plain_text(field_of(system, attribute_name))
        if isinstance(text, str):
            yield c.Fact(name=fact, value=text, source=system.source)


def _known(system: Instance) -> tuple[str, Instance | None, c.Source]:
    """Return the attribute that describes a system's board, its object and its place."""
    board, arch = field_of(system, "gpu"), field_of(system, "cpu_arch")
    for binding in system.cls.module.names.values():
        holder = binding.value
        for name, bound in holder.names.items() if isinstance(holder, ClassInfo) else ():
            found = bound.value
            if isinstance(found, Instance) and board is not None:
                same = field_of(found, "gpu") == board and field_of(found, "cpu_arch") == arch
                if same:
                    return f"{holder.short}.{name}", found, bound.source
    return str(board or system.cls.short), None, system.source


def _devices(name: str, system: Instance) -> int:
    """Return the number of accelerators of a system: of its slices, where it has some."""
    slices = sum(int(number) for number in SLICES.findall(name))
    count = field_of(system, "count")
    return slices or (count if isinstance(count, int) else 1)


def _family(system: Instance) -> str:
    """Return the architecture of a system that a call made, as the tree names it."""
    text = plain_text(field_of(system, "arch"))
    if not isinstance(text, str) or not text:
        return "Other"
    known = {family.lower(): family for family in FAMILIES.values()}
    return "CPU" if "cpu" in text.lower() else known.get(text.lower(), text)


def _texts(known: Instance | None, name: str) -> list[str]:
    """Return a list of texts that an object has; empty without it."""
    found: Any = field_of(known, name)
    return [t for t in found if isinstance(t, str)] if isinstance(found, (list, tuple)) else []
