"""Fields of the mill's configurations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique
from typing import Any

from code.common.constants import *
from code.common.systems.system_list import KnownSystem, SystemClassifications

_STONES = (Benchmark.OATS, Benchmark.RYE)


@dataclass(frozen=True)
class Field:
    name: str
    description: str
    value_type: type
    default: Any = None
    supported_benchmarks: tuple = tuple(Benchmark)
    supported_scenarios: tuple = tuple(Scenario)
    supported_systems: tuple = (lambda s: True,)
    supported_harnesses: tuple = tuple(HarnessType)
    supported_power_settings: tuple = tuple(PowerSetting)
    required: bool = False
    argparse_opts: dict | None = None

    def supports(self, benchmark, scenario, system, setting):
        return (
            benchmark in self.supported_benchmarks
            and scenario in self.supported_scenarios
            and all(f(system) for f in self.supported_systems)
            and setting.harness_type in self.supported_harnesses
            and setting.power_setting in self.supported_power_settings
        )


@unique
class Fields(Enum):
    gpu_batch_size: Field = Field(
        "gpu_batch_size",
        "Sacks to grind at once.",
        dict[str, int],
        supported_systems=(SystemClassifications.gpu_based,),
        required=True,
    )
    precision: Field = Field(
        "precision", "Fineness.", str, argparse_opts={"choices": ["int8", "fp16"]}
    )
    offline_expected_qps: Field = Field(
        "offline_expected_qps", "Sacks a second.", float, supported_scenarios=(Scenario.Offline,)
    )
    server_target_qps: Field = Field(
        "server_target_qps", "Asked rate.", float, supported_scenarios=(Scenario.Server,)
    )
    power_limit: Field = Field(
        "power_limit", "Watts.", int, supported_power_settings=(PowerSetting.MaxQ,)
    )
    start_from_device: Field = Field(
        "start_from_device",
        "Skip the cart.",
        bool,
        supported_systems=(SystemClassifications.start_from_device_enabled,),
    )
    instance_count: Field = Field(
        "instance_count", "Stones.", int, supported_harnesses=(HarnessType.Triton,)
    )
    stone: Field = Field("stone", "Kind of stone.", str, supported_benchmarks=_STONES)
    workspace_size: Field = Field("workspace_size", "Bytes.", int, default=1 << 30)
    use_triton: Field = Field("use_triton", "Serve it.", bool)
    use_graphs: Field = Field("use_graphs", "Replay.", bool)
    options: Field = Field("options", "Anything else.", dict)
    levels: Field = Field("levels", "Heights.", tuple)
    path: Field = Field("path", "A place.", str)
    kinds: Field = Field("kinds", "A set.", set)
    ratio: Field = Field("ratio", "A number.", float)
    benchmark: Field = Field("benchmark", "Grain.", Benchmark)
    scenario: Field = Field("scenario", "Way of working.", Scenario)
    system: Field = Field("system", "Mill.", KnownSystem)


def get_applicable_fields(benchmark, scenario, system, workload_setting):
    required = []
    optional = []
    for field in Fields:
        if field.value.supports(benchmark, scenario, system, workload_setting):
            if field.value.required:
                required.append(field.value)
            else:
                optional.append(field.value)
    return required, optional


class MainArgs(Enum):
    """Options of the mill's entry point."""

    action: Field = Field(
        "action", "What to do.", str, argparse_opts={"choices": ["grind", "sweep"], "required": True}
    )
    gpu_only: Field = Field("gpu_only", "No water wheel.", bool)
