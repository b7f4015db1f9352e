"""Hardware that the mill knows; two boards have the same name for readers."""

from __future__ import annotations

import re
from enum import unique

from code.common.constants import *
from code.common.systems.systems import *


def mem_to_bytes(m): return m.to_bytes()
def about(m): return MatchFloatApproximate(m, mem_to_bytes, rel_tol=0.05)


def full_pci_id(s): return f"0x{s}10DE"


def pci_ids(codes):
    assert len(codes) > 0
    full = list(map(full_pci_id, codes))
    if len(full) == 1:
        return AliasedName(full[0])
    return AliasedName(full[0], tuple(full[1:]))


@unique
class KnownGPU(MatchableEnum):
    G9_80GB = GPU(
        name="Graphics Device",
        vram=about(Memory(80, Suffix.GiB)),
        max_power_limit=700.0,
        pci_id=pci_ids(("9001", "9002")),
        compute_sm=90,
    )
    G9_141GB = GPU("Graphics Device", about(Memory(141, Suffix.GB)), 700.0, pci_ids(("9003",)), 90)
    G8_40GB = GPU(AliasedName("G8-40GB", ("Old G8",)), about(Memory(40, Suffix.GiB)), 400.0, pci_ids(("8001",)), 80)
    Tiny = GPU(AliasedName("Tiny", patterns=(re.compile(r"Tiny Kit.*"),)), MATCH_ANY, MATCH_ANY, MATCH_ANY, MATCH_ANY)


@unique
class KnownMIG(MatchableEnum):
    G8_40GB_1GPC = MIG(
        KnownGPU.G8_40GB.value.name + " MIG-1g.5gb",
        about(Memory(5, Suffix.GiB)),
        400.0,
        pci_ids(("8001",)),
        80,
        num_gpcs=1,
    )


@unique
class KnownCPU(MatchableEnum):
    Fast = CPU(AliasedName("Fast CPU", patterns=(re.compile(r"(?:Very|Quite) fast.*"),)), Arch.x86_64, MATCH_ANY)
    Slow = CPU(AliasedName("Slow CPU"), Arch.x86_64, MatchAllowList([8, 16]))
