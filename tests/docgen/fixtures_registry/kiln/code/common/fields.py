"""Fields of the kiln's configurations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique

from code.common.constants import *


@dataclass(frozen=True)
class Field:
    name: str
    description: str
    value_type: type
    supported_benchmarks: tuple = tuple(Benchmark)
    supported_systems: tuple = (Kind.All,)
    supported_harnesses: tuple = tuple(HarnessType)
    required: bool = False

    def supports(self, benchmark, scenario, system, setting):
        text = system.get_id()
        return (
            benchmark in self.supported_benchmarks
            and any(kind == text for kind in self.supported_systems)
            and setting.harness_type in self.supported_harnesses
        )


@unique
class Fields(Enum):
    batch: Field = Field("batch", "Bricks.", int, supported_systems=(Kind.Electric,), required=True)
    logs: Field = Field("logs", "Wood.", int, supported_systems=(Kind.Wood,), required=True)
    wall: Field = Field("wall", "Between slices.", int, supported_systems=(Kind.Split,))
    heat: Field = Field("heat", "Degrees.", float)
    served: Field = Field("served", "Serve it.", bool, supported_harnesses=(HarnessType.Triton,))
    benchmark: Field = Field("benchmark", "Ware.", Benchmark)
    scenario: Field = Field("scenario", "Way of working.", Scenario)
    system: Field = Field("system", "Kiln.", object)


def get_applicable_fields(benchmark, scenario, system, workload_setting):
    found = [f.value for f in Fields if f.value.supports(benchmark, scenario, system, workload_setting)]
    return [f for f in found if f.required], [f for f in found if not f.required]
