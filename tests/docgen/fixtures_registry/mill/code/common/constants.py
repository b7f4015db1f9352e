"""Words of the mill; enum values are names with aliases, as in the harnesses it stands for."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from enum import Enum, unique


@unique
class Suffix(Enum):
    B = (1, 0)
    GiB = (1024, 3)
    GB = (1000, 3)
    TB = (1000, 4)

    def to_bytes(self):
        base, exponent = self.value
        return base**exponent


@dataclass(frozen=True)
class Memory:
    quantity: float
    byte_suffix: Suffix
    _bytes: int = field(init=False)

    def __post_init__(self):
        exact = self.quantity * self.byte_suffix.to_bytes()
        if exact < 0 or math.trunc(exact) < 0:
            raise ValueError(exact)
        object.__setattr__(self, "_bytes", round(exact))

    def to_bytes(self):
        return self._bytes


@dataclass(eq=False, frozen=True)
class AliasedName:
    name: str
    aliases: tuple[str, ...] = ()
    patterns: tuple[re.Pattern, ...] = ()

    def __str__(self):
        return self.name

    def __hash__(self):
        return hash(self.name.lower())

    def __add__(self, other):
        if other.__class__ is str:
            if len(self.patterns) > 0:
                raise TypeError(other)
            return AliasedName(self.name + other, [alias + other for alias in self.aliases])
        return NotImplemented

    def __eq__(self, other):
        if isinstance(other, AliasedName):
            return self.name.lower() == other.name.lower()
        if isinstance(other, str):
            lower = other.lower()
            if self.name.lower() == lower or lower in (x.lower() for x in self.aliases):
                return True
            return any(pattern.fullmatch(other) for pattern in self.patterns)
        return NotImplemented


class AliasedNameEnum(Enum):
    def __eq__(self, other):
        if self.__class__ is other.__class__:
            return self is other
        return self.value == other

    def __hash__(self):
        return hash(self.value)

    def valstr(self):
        return str(self.value)


@unique
class Benchmark(AliasedNameEnum):
    FLOUR: AliasedName = AliasedName("flour", ("flour-99",))
    OATS: AliasedName = AliasedName("3d-oats")
    RYE: AliasedName = AliasedName("rye")


@unique
class Scenario(AliasedNameEnum):
    Offline = AliasedName("Offline")
    Server = AliasedName("Server")


@unique
class HarnessType(AliasedNameEnum):
    """Ways to drive the stones."""

    LWIS = AliasedName("lwis")
    Custom = AliasedName("custom")
    Triton = AliasedName("triton")
    HeteroMIG = AliasedName("hetero")


class AccuracyTarget(Enum):
    k_99 = 0.99
    k_99_9 = 0.999


@unique
class PowerSetting(AliasedNameEnum):
    MaxP = AliasedName("MaxP")
    MaxQ = AliasedName("MaxQ")


@unique
class Precision(AliasedNameEnum):
    INT8 = AliasedName("int8")
    FP16 = AliasedName("fp16")


@unique
class Arch(AliasedNameEnum):
    x86_64 = AliasedName("x86_64")


@dataclass(frozen=True)
class WorkloadSetting:
    harness_type: HarnessType = HarnessType.Custom
    accuracy_target: AccuracyTarget = AccuracyTarget.k_99
    power_setting: PowerSetting = PowerSetting.MaxP


G_DEFAULT_HARNESS_TYPES = {
    Benchmark.FLOUR: HarnessType.Custom,
    Benchmark.OATS: HarnessType.LWIS,
    Benchmark.RYE: HarnessType.Custom,
}
G_HIGH_ACC_ENABLED_BENCHMARKS = (Benchmark.FLOUR,)
