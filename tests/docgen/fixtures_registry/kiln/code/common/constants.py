"""Words of the kiln."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, unique


@dataclass(eq=False, frozen=True)
class Word:
    name: str
    aliases: tuple[str, ...] = ()
    patterns: tuple[re.Pattern, ...] = ()

    def __str__(self):
        return self.name

    def __hash__(self):
        return hash(self.name.lower())

    def __eq__(self, other):
        if isinstance(other, Word):
            return self.name.lower() == other.name.lower()
        if isinstance(other, str):
            if other.lower() in [self.name.lower(), *[alias.lower() for alias in self.aliases]]:
                return True
            for pattern in self.patterns:
                if pattern.fullmatch(other):
                    return True
        return False


class Words(Enum):
    def __eq__(self, other):
        return self is other if self.__class__ is other.__class__ else self.value == other

    def __hash__(self):
        return hash(self.value)


@unique
class Benchmark(Words):
    BRICK = Word("brick")
    TILE = Word("tile")


@unique
class Scenario(Words):
    Offline = Word("Offline")


@unique
class HarnessType(Words):
    Custom = Word("custom")
    Triton = Word("triton")


class AccuracyTarget(Enum):
    k_99 = 0.99


class PowerSetting(Words):
    MaxP = Word("MaxP")


class Host(Words):
    x86_64 = Word("x86_64")
    aarch64 = Word("aarch64")


class Kind(Words):
    """Groups of systems, by what the text of a system looks like."""

    Wood = Word("wood", ("Stove",))
    Split = Word("split", patterns=(re.compile(r".*-MIG_.*"),))
    Electric = Word("electric", patterns=(re.compile(r"(?!Stove).*"),))
    All = Word("all", patterns=(re.compile(r".*"),))


@dataclass(frozen=True)
class WorkloadSetting:
    harness_type: HarnessType = HarnessType.Custom
    accuracy_target: AccuracyTarget = AccuracyTarget.k_99
    power_setting: PowerSetting = PowerSetting.MaxP
