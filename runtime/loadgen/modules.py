"""Finds a workload's module by name, importing no other one."""

from __future__ import annotations

import importlib
from typing import cast

from runtime.configs.workload import WorkloadModule
from runtime.errors import Problem, UsageError


def find_workload(name: str) -> WorkloadModule:
    """Return the module of a workload.

    Raises:
        UsageError: There is no such module.
    """
    module = f"runtime.workloads.{name.replace('-', '_')}"
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise UsageError(
            Problem("workload", "a module in runtime.workloads", repr(name), "see `harness list`")
        ) from error
    return cast("WorkloadModule", found)
