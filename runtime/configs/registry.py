"""Collects what the modules define; nothing registers itself by being imported."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from runtime.configs.schema import Entry
from runtime.configs.target import Target
from runtime.configs.workload import Workload
from runtime.errors import ConfigError, Problem, UsageError, suggest


@dataclass(frozen=True)
class Registry:
    """Every target, workload and entry of a package, by name or key."""

    targets: dict[str, Target] = field(default_factory=dict)
    """Targets by name."""
    workloads: dict[str, Workload] = field(default_factory=dict)
    """Workloads by name."""
    modules: dict[str, ModuleType] = field(default_factory=dict)
    """Workload modules by workload name."""
    entries: dict[str, Entry] = field(default_factory=dict)
    """Entries by key."""

    def target(self, name: str) -> Target:
        """Return a target; raise UsageError with a suggestion when unknown."""
        return _look_up("target", name, self.targets)

    def workload(self, name: str) -> Workload:
        """Return a workload; raise UsageError with a suggestion when unknown."""
        return _look_up("workload", name, self.workloads)

    def entry(self, key: str) -> Entry:
        """Return an entry; raise UsageError with a suggestion when unknown."""
        return _look_up("entry", key, self.entries)


def load(package: str = "runtime") -> Registry:
    """Import the targets and workloads of a package and return what they define.

    A module in `<package>.targets` offers `TARGETS` (or one `TARGET`) and
    `ENTRIES`; one in `<package>.workloads` offers `WORKLOAD`.

    Raises:
        ConfigError: With every problem of every module: values out of range,
            names or keys used twice, entries of unknown targets or workloads.
    """
    found = Registry()
    problems: list[Problem] = []
    for module in _modules(f"{package}.workloads", problems):
        workload = getattr(module, "WORKLOAD", None)
        if isinstance(workload, Workload):
            _add(found.workloads, workload.name, workload, module, problems)
            found.modules[workload.name] = module
    for module in _modules(f"{package}.targets", problems):
        for target in getattr(module, "TARGETS", ()):
            _add(found.targets, target.name, target, module, problems)
        for entry in getattr(module, "ENTRIES", ()):
            _add(found.entries, entry.key, entry, module, problems)
    for entry in found.entries.values():
        problems += _unknown_names(entry, found)
    if problems:
        raise ConfigError(problems)
    return found


def _modules(package: str, problems: list[Problem]) -> Iterator[ModuleType]:
    """Yield the modules of a package whose names do not start with `_`."""
    parent = importlib.import_module(package)
    for info in pkgutil.iter_modules(parent.__path__):
        if info.name.startswith("_"):
            continue
        try:
            yield importlib.import_module(f"{package}.{info.name}")
        except ConfigError as error:
            problems += [
                Problem(f"{package}.{info.name}: {p.where}", p.want, p.got, p.do)
                for p in error.problems
            ]


def _add(
    table: dict[str, Any],
    name: str,
    thing: object,
    module: ModuleType,
    problems: list[Problem],
) -> None:
    """Put a thing into its table, or note that its name is taken."""
    if name in table:
        problems.append(
            Problem(str(module.__name__), "a name of its own", f"{name!r} twice", "rename one")
        )
    table[name] = thing


def _unknown_names(entry: Entry, found: Registry) -> list[Problem]:
    """Return the problems of an entry that names what does not exist."""
    problems = []
    if entry.target not in found.targets:
        mend = suggest(entry.target, list(found.targets))
        problems.append(Problem(entry.key, "a known target", repr(entry.target), mend))
    if entry.workload not in found.workloads:
        mend = suggest(entry.workload, list(found.workloads))
        problems.append(Problem(entry.key, "a known workload", repr(entry.workload), mend))
    return problems


def _look_up(kind: str, name: str, table: dict[str, Any]) -> Any:
    """Return a table's item or raise UsageError with a suggestion."""
    if name not in table:
        mend = suggest(name, list(table))
        raise UsageError(Problem(f"--{kind}", f"a known {kind}", repr(name), mend))
    return table[name]
