"""Vocabulary of the invented harness."""

from __future__ import annotations

from dataclasses import dataclass, field

from nvmitten.aliased_name import AliasedName, AliasedNameEnum
from nvmitten.constants import Precision

__all__ = ["AccuracyTarget", "Benchmark", "HarnessType", "PowerSetting", "Precision", "Scenario"]


class HarnessType(AliasedNameEnum):
    Custom: AliasedName = AliasedName("custom", ("c",))
    """The harness's own server."""
    Triton: AliasedName = AliasedName("triton", ("t",))


class AccuracyTarget:
    def __init__(self, value: float = 0.99):
        self.value = value

    def __eq__(self, other):
        return self.value == other.value

    def __hash__(self):
        return hash(self.value)


class PowerSetting(AliasedNameEnum):
    MaxP: AliasedName = AliasedName("MaxP")
    MaxQ: AliasedName = AliasedName("MaxQ")


@dataclass(frozen=True)
class WorkloadSetting:
    harness_type: HarnessType = HarnessType.Custom
    accuracy_target: AccuracyTarget = field(default_factory=AccuracyTarget)
    power_setting: PowerSetting = PowerSetting.MaxP


class Benchmark(AliasedNameEnum):
    Alpha: AliasedName = AliasedName("alpha")
    Beta: AliasedName = AliasedName("beta.2", ("beta",))


class Scenario(AliasedNameEnum):
    Offline: AliasedName = AliasedName("Offline")
    Server: AliasedName = AliasedName("Server")
