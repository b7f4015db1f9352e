"""Registry of the mill's configurations."""

import ast
import inspect
import os
import sys
import textwrap

sys.path.insert(0, os.getcwd())

from code.common.constants import (
    G_DEFAULT_HARNESS_TYPES,
    AccuracyTarget,
    Benchmark,
    HarnessType,
    PowerSetting,
    Precision,
    Scenario,
    WorkloadSetting,
)
from code.common.fields import get_applicable_fields
from code.common.systems.system_list import KnownSystem
from configs.error import *


class ConfigRegistry:
    _registry = {}
    _on_error = None

    @classmethod
    def register(cls, harness_type, accuracy_target, power_setting):
        setting = WorkloadSetting(harness_type, accuracy_target, power_setting)

        def _do_register(config):
            key = (config.benchmark, config.scenario, config.system, setting)
            try:
                cls.validate(config, setting)
                if key in cls._registry:
                    raise KeyError(key)
            except Exception as error:
                if cls._on_error is None:
                    raise
                cls._on_error(config, key, error)
                return config
            cls._registry[key] = config
            return config

        return _do_register

    @classmethod
    def validate(cls, config, workload_setting):
        cls._check_inheritance_constraints(config)
        cls._check_harness_support(config, workload_setting)
        cls._check_field_descriptions(config, workload_setting)
        cls._check_field_reassignment(config)

    @classmethod
    def _check_harness_support(cls, config, workload_setting):
        benchmark = config.benchmark
        harness_type = workload_setting.harness_type
        if harness_type in [HarnessType.Custom, HarnessType.LWIS]:
            if harness_type != G_DEFAULT_HARNESS_TYPES[benchmark]:
                raise HarnessError(config.__name__)
        if harness_type == HarnessType.HeteroMIG:
            if config.system.value.accelerator_conf.num_migs() == 0:
                raise HarnessError(config.__name__)

    @classmethod
    def _check_field_descriptions(cls, config, workload_setting):
        if type(config.system) != KnownSystem:
            raise FieldError(config.__name__)
        parts = (config.benchmark, config.scenario, config.system, workload_setting)
        mandatory, optional = get_applicable_fields(*parts)
        mandatory = {f.name for f in mandatory}
        possible = mandatory | {f.name for f in optional}
        declared = set(config.all_fields()) - {"action", "harness_type"}
        if declared - possible:
            raise FieldError(declared - possible)
        if mandatory - declared:
            raise FieldError(mandatory - declared)
        if workload_setting.harness_type == HarnessType.Triton:
            if config.use_triton != True:
                raise FieldError("use_triton")

    @classmethod
    def _check_inheritance_constraints(cls, config):
        parents = inspect.getmro(config)
        if BenchmarkConfiguration not in parents:
            raise FieldError(config)
        for parent in parents[:-2]:
            if len(parent.__bases__) != 1:
                raise FieldError("several bases")
            if hasattr(parent, "benchmark") and parent.benchmark != config.benchmark:
                raise FieldError("benchmark")
            if hasattr(parent, "scenario") and parent.scenario != config.scenario:
                raise FieldError("scenario")
            if hasattr(parent, "system"):
                other = {id(a) for a in parent.system.value.accelerator_conf.get_accelerators()}
                mine = {id(a) for a in config.system.value.accelerator_conf.get_accelerators()}
                if other - mine:
                    raise FieldError("accelerator")

    @classmethod
    def _check_field_reassignment(cls, config):
        for parent in inspect.getmro(config)[:-2]:
            text = textwrap.dedent("".join(inspect.getsourcelines(parent)[0]))
            seen = set()
            for node in ast.walk(ast.parse(text)):
                for target in node.targets if isinstance(node, ast.Assign) else ():
                    if target.id in seen and target.id in config.all_fields():
                        raise FieldError("twice")
                    seen.add(target.id)


class BenchmarkConfiguration:
    @classmethod
    def all_fields(cls):
        return tuple(
            name
            for name in dir(cls)
            if not callable(getattr(cls, name)) and not name.startswith("_") and getattr(cls, name) is not None
        )

    @classmethod
    def as_dict(cls):
        return {name: getattr(cls, name) for name in cls.all_fields()}
