"""The decorator-registry dialect: configurations are classes that a decorator registers.

Layout: `configs/<benchmark>/<Scenario>/__init__.py` and, beside it, `custom.py` hold the
classes, `configs/<benchmark>/__init__.py` their bases, `configs/configuration.py` the
registry; `code/common/fields.py` declares the fields, `code/common/systems/` the systems.
Only what the files say counts: no round or submitter is known by name.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docgen import catalog as c
from docgen.dialects.registry_entries import read_entries
from docgen.dialects.registry_fields import read_rules, read_specs
from docgen.dialects.registry_reading import (
    CODE,
    CONFIGS,
    CONFIGURATION,
    Reading,
    take_registrations,
)
from docgen.dialects.registry_systems import Systems, surely_differ
from docgen.dialects.registry_words import read_commands, read_words, read_workloads
from docgen.evaluation.interpreter import Interpreter
from docgen.evaluation.objects import NotStatic
from docgen.evaluation.opened import find_missing
from docgen.evaluation.tree import Tree

FOLDERS = (CONFIGS, CODE)
"""Folders that this dialect reads."""
LOOKED_FOR = f"{CONFIGS}/<benchmark>/<Scenario>/__init__.py with @ConfigRegistry.register"
"""What a tree of this dialect has, as told to a user."""
MODULES = ("__init__.py", "custom.py")
"""Files of a scenario's folder that the harness loads."""
MARK = b"ConfigRegistry"
"""What a file of this dialect contains."""
RECURSION = 6000
"""Nested calls allowed while a tree is read: deep expressions are data, not a mistake."""


def detect(root: Path, packages: tuple[str, ...] = ()) -> bool:
    """Tell whether a tree is written in this dialect."""
    del packages
    return any(_is_marked(file) for file in config_files(root))


def count(root: Path) -> int:
    """Return the number of config files of this dialect."""
    return sum(_is_marked(file) for file in config_files(root))


def config_files(root: Path) -> Iterator[Path]:
    """Yield the files that may register configurations."""
    for folder in scenario_folders(root):
        yield from (folder / name for name in MODULES if (folder / name).is_file())


def _is_marked(file: Path) -> bool:
    """Tell whether a file speaks of the registry."""
    try:
        with file.open("rb") as opened:
            return MARK in opened.read(200_000)
    except OSError:
        return False


def scenario_folders(root: Path) -> Iterator[Path]:
    """Yield the folders two levels below `configs`, sorted."""
    for benchmark in _folders(root / CONFIGS):
        yield from _folders(benchmark)


def _folders(folder: Path) -> list[Path]:
    """Return the folders in a folder that can hold modules, sorted."""
    try:
        with os.scandir(folder) as found:
            names = [e.name for e in found if not e.name.startswith((".", "__")) and e.is_dir()]
    except OSError:
        return []
    return [folder / name for name in sorted(names)]


def read(
    root: Path,
    packages: tuple[str, ...] = (),
    api: tuple[str, ...] = (),
    cache: Path | None = None,
) -> c.Catalog:
    """Return the Catalog of a tree, read without running any of it.

    Args:
        root: Folder that holds `configs` and `code`.
        packages: Ignored: the dialect fixes them.
        api: Ignored: the harness's own classes are not documented.
        cache: Ignored: the whole Catalog is kept elsewhere.
    """
    del packages, api, cache
    with _deep():
        return _read(root)


def read_brief(root: Path) -> c.Catalog:
    """Return the Catalog of a tree without verdicts on its configurations and digests of them.

    Why: to ask every check of the tree's registry takes a quarter of the time of reading it.

    Args:
        root: Folder that holds `configs` and `code`.
    """
    with _deep():
        return _read(root, judged=False)


@contextmanager
def _deep() -> Iterator[None]:
    """Allow deep nesting while a tree is read, and collect no garbage: there is little.

    What was read stays out of later collections until the next tree is read: to walk
    it costs as much time as a tenth of the reading.
    """
    before, collecting = sys.getrecursionlimit(), gc.isenabled()
    sys.setrecursionlimit(max(before, RECURSION))
    gc.disable()
    gc.unfreeze()
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
        gc.freeze()
        if collecting:
            gc.enable()


def _read(root: Path, *, judged: bool = True) -> c.Catalog:
    """Return the Catalog of a tree."""
    tree = Tree(root, (CONFIGS, CODE))
    interpreter = Interpreter(tree)
    interpreter.differ = surely_differ
    reading = Reading(interpreter)
    take_registrations(reading)
    interpreter.module(CONFIGURATION)
    _load(reading, root)
    _note_stops(reading)
    for cause in interpreter.undecided:
        reading.notes.unresolved(cause, "warning")
    rules = read_rules(reading)
    systems = Systems(reading)
    interpreter.memory = {}
    entries = read_entries(reading, rules, judged=judged)
    reading.notes.add_all([*tree.diagnostics, *find_missing(interpreter)])
    return c.Catalog(
        dialect="registry",
        root=root.resolve().name,
        packages=(CONFIGS, CODE),
        targets=systems.targets(),
        workloads=read_workloads(reading),
        fields=read_specs(rules),
        entries=entries,
        words=read_words(reading),
        commands=read_commands(reading),
        diagnostics=reading.notes.sorted(),
        files=dict(sorted((m.path, m.digest) for m in tree.modules.values() if m is not None)),
    )


def _load(reading: Reading, root: Path) -> None:
    """Execute every module of configurations statically, the own ones after the given ones."""
    for folder in scenario_folders(root):
        parts = folder.relative_to(root).parts
        name = ".".join(parts)
        files = [file for file in MODULES if (folder / file).is_file()]
        if not files:
            continue
        shown = "/".join((*parts, files[0])).encode("utf-8", "backslashreplace").decode()
        where = c.Source(path=shown, line=1)
        if not shown.startswith(f"{'/'.join(parts)}/"):
            message = "want a folder name in UTF-8, got other bytes; rename the folder"
            reading.notes.add("odd-name", "error", message, where)
            continue
        if any("." in part for part in parts):
            message = f"want a folder that Python can import, got {parts!r}; rename it"
            reading.notes.add("odd-name", "warning", message, where)
            continue
        for module in (name, f"{name}.custom")[: 2 if "custom.py" in files else 1]:
            reading.interpreter.module(module)


def _note_stops(reading: Reading) -> None:
    """Note where Python stops reading a file, and how many configurations stand below."""
    found: dict[tuple[str, int], tuple[NotStatic, int]] = {}
    for item in reading.registrations:
        if item.stopped is not None:
            place = (item.stopped.source.path, item.stopped.source.line)
            found[place] = (item.stopped, found.get(place, (None, 0))[1] + 1)
    for cause, number in found.values():
        message = (
            f"want a file that Python reads to its end, got {cause.got}, before {number} "
            "configurations are registered; mend it"
        )
        reading.notes.add("stops", "warning", message, cause.source)
