"""Registry of the kiln's configurations."""

import inspect

from code.common.constants import *
from code.common.fields import get_applicable_fields
from code.common.system_list import Architecture, System
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

    @classmethod
    def _check_harness_support(cls, config, workload_setting):
        if workload_setting.harness_type == HarnessType.Triton:
            if config.system.cpu_arch == Host.aarch64 and config.system.arch != Architecture.Clay:
                raise ConfigError(config.__name__)

    @classmethod
    def _check_field_descriptions(cls, config, workload_setting):
        if type(config.system) != System:
            raise ConfigError(config.__name__)
        parts = (config.benchmark, config.scenario, config.system, workload_setting)
        mandatory, optional = get_applicable_fields(*parts)
        mandatory = {f.name for f in mandatory}
        possible = mandatory | {f.name for f in optional}
        declared = set(config.all_fields()) - {"action", "harness_type"}
        if declared - possible or mandatory - declared:
            raise ConfigError(config.__name__)

    @classmethod
    def _check_inheritance_constraints(cls, config):
        parents = inspect.getmro(config)
        if BenchmarkConfiguration not in parents:
            raise ConfigError(config.__name__)
        for parent in parents[:-2]:
            if hasattr(parent, "benchmark") and parent.benchmark != config.benchmark:
                raise ConfigError("benchmark")
            if hasattr(parent, "system"):
                if type(parent.system) != System:
                    raise ConfigError("system")
                if config.system.gpu != parent.system.gpu:
                    raise ConfigError("gpu")


class BenchmarkConfiguration:
    @classmethod
    def all_fields(cls):
        return tuple(
            name
            for name in dir(cls)
            if not callable(getattr(cls, name)) and not name.startswith("_")
        )

    @classmethod
    def as_dict(cls):
        return {name: getattr(cls, name) for name in cls.all_fields()}
