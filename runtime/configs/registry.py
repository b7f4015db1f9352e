"""Collects what the modules define; nothing registers itself by being imported."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from runtime.configs.diagnosis import diagnose, line_of_item, shown_path
from runtime.configs.schema import Entry
from runtime.configs.target import Target
from runtime.configs.workload import Workload
from runtime.errors import ConfigError, Problem, UsageError, suggest

_Thing = TypeVar("_Thing")
_Item = tuple[ModuleType, str, int]
"""A module, the name of a tuple in it, an index."""


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
            modules that cannot be imported, names or keys used twice; and, where every
            module could be read, entries of unknown targets or workloads. Each with
            file and line.
    """
    found = Registry()
    unread: list[Problem] = []
    problems: list[Problem] = []
    places: dict[str, _Item] = {}
    for module in _modules(f"{package}.workloads", unread):
        workload = getattr(module, "WORKLOAD", None)
        if isinstance(workload, Workload):
            place = shown_path(Path(str(module.__file__)), module.__name__)
            _add(found.workloads, workload.name, workload, place, problems)
            found.modules[workload.name] = module
    for module in _modules(f"{package}.targets", unread):
        for index, target in enumerate(getattr(module, "TARGETS", ())):
            _add(found.targets, target.name, target, (module, "TARGETS", index), problems)
        for index, entry in enumerate(getattr(module, "ENTRIES", ())):
            places[entry.key] = (module, "ENTRIES", index)
            _add(found.entries, entry.key, entry, places[entry.key], problems)
    for entry in found.entries.values() if not unread else ():
        problems += _unknown_names(entry, found, places[entry.key])
    if unread or problems:
        raise ConfigError(dict.fromkeys([*unread, *problems]))
    return found


def _modules(package: str, problems: list[Problem]) -> Iterator[ModuleType]:
    """Yield the modules of a package whose names do not start with `_`."""
    parent = importlib.import_module(package)
    for info in pkgutil.iter_modules(parent.__path__):
        if info.name.startswith("_"):
            continue
        name = f"{package}.{info.name}"
        try:
            yield importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - every broken module is reported, not the first
            problems += _broken(name, info, error)


def _broken(name: str, info: pkgutil.ModuleInfo, error: Exception) -> list[Problem]:
    """Return the problems of a module that could not be imported, with their lines."""
    spec = info.module_finder.find_spec(name, None)
    found = diagnose(Path(spec.origin), name) if spec and spec.origin else []
    if found:
        return found
    if isinstance(error, ConfigError):
        return [replace(p, where=f"{name}: {p.where}") for p in error.problems]
    got = f"{type(error).__name__}: {error}"
    return [Problem(name, "a module that can be imported", got, "mend the module")]


def _add(
    table: dict[str, Any],
    name: str,
    thing: object,
    place: str | _Item,
    problems: list[Problem],
) -> None:
    """Put a thing into its table, or note that its name is taken."""
    if name in table:
        where = place if isinstance(place, str) else line_of_item(*place)
        problems.append(Problem(where, "a name of its own", f"{name!r} twice", "rename one"))
    table[name] = thing


def _unknown_names(entry: Entry, found: Registry, place: _Item) -> list[Problem]:
    """Return the problems of an entry that names what does not exist."""
    problems: list[Problem] = []
    tables: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("target", entry.target, found.targets),
        ("workload", entry.workload, found.workloads),
    )
    for kind, name, table in tables:
        if name not in table:
            where = f"{line_of_item(*place)}: {entry.key}"
            mend = suggest(name, list(table))
            problems.append(Problem(where, f"a known {kind}", repr(name), mend))
    return problems


def _look_up(kind: str, name: str, table: dict[str, _Thing]) -> _Thing:
    """Return a table's item or raise UsageError with a suggestion."""
    if name not in table:
        mend = suggest(name, list(table))
        raise UsageError(Problem(f"--{kind}", f"a known {kind}", repr(name), mend))
    return table[name]
