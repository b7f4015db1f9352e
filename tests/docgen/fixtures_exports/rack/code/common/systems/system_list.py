# ruff: noqa: PLR0917
from code.common.systems.known_hardware import KnownCPU, KnownGPU

_systems = {}


def add_systems(name, identity, cpu, gpu, counts, tags=None):
    for count in counts:
        _systems[name.format(count)] = (identity.format(count), cpu, gpu, tags)


add_systems(
    "X100_SXM_80GBx{}",
    "X100-SXM-80GBx{}",
    KnownCPU.Generic,
    KnownGPU.X100_SXM_80GB,
    [1, 2, 4],
    tags=["fast"],
)
