"""The EXPORTS dialect: a dict of settings in one file a system, scenario and benchmark.

Convention: `configs/<system>/<Scenario>/<benchmark>.py` binds EXPORTS to a dict whose
keys are objects with harness, accuracy and power, and whose values are dicts from
declared fields to raw values. Fields are declared below `code/` by calls of `Field`,
systems are listed in `code/common/systems/`. Folders need no `__init__.py`.
"""

from __future__ import annotations

import re
from pathlib import Path

from docgen import catalog as c
from docgen.dialects.exports_entries import EXPORTS, read_entries
from docgen.dialects.exports_evaluator import ExportsEvaluator
from docgen.dialects.exports_facts import read_fields, read_words, read_workloads
from docgen.dialects.exports_files import Reading, find_files, paths
from docgen.dialects.exports_systems import read_targets
from docgen.evaluation.opened import find_missing
from docgen.evaluation.tree import MAX_BYTES, Tree

CONFIGS = "configs"
"""Folder of the configs, below the root."""

CODE = "code"
"""Folder of the harness's own code, below the root."""

FOLDERS = (CONFIGS, CODE)
"""Folders that this dialect reads."""

LOOKED_FOR = f"{CONFIGS}/<system>/<Scenario>/<benchmark>.py with {EXPORTS} = ..."
"""What a tree of this dialect has, as told to a user."""

_BINDS = re.compile(rb"^EXPORTS\b", re.MULTILINE)


def detect(root: Path, packages: tuple[str, ...]) -> bool:
    """Tell whether a tree is written in this dialect."""
    del packages
    return count(root) > 0


def count(root: Path) -> int:
    """Return the number of config files of this dialect."""
    return sum(_binds_exports(path) for path in paths(root / CONFIGS))


def fits(root: Path) -> bool:
    """Tell whether a tree has what this dialect needs beside its config files: fields."""
    return (root / CODE / "fields").is_dir()


def _binds_exports(path: Path) -> bool:
    """Tell whether a file binds EXPORTS at the start of a line; nothing of it is run."""
    try:
        with path.open("rb") as file:
            return _BINDS.search(file.read(MAX_BYTES)) is not None
    except OSError:
        return False


def read(
    root: Path, packages: tuple[str, ...], api: tuple[str, ...] = (), cache: Path | None = None
) -> c.Catalog:
    """Return the Catalog of a tree, read without running any of it.

    Args:
        root: Folder that holds `configs` and `code`.
        packages: Not used: the dialect knows its folders.
        api: Not used: the harness's own code is not documented.
        cache: Not used: a tree is read in well under a second.
    """
    del packages, api, cache
    tree = Tree(root, FOLDERS)
    reading = Reading(ExportsEvaluator(tree, CONFIGS), CONFIGS)
    files = find_files(reading, root.absolute())
    entries = read_entries(reading, files)
    fields = read_fields(reading, root.absolute(), CODE)
    targets = read_targets(reading, files, CODE)
    workloads = read_workloads(reading, files, CODE)
    words = read_words(reading, CODE)
    reading.notes.add_all([*tree.diagnostics, *find_missing(reading.evaluator)])
    read_files = {m.path: m.digest for m in tree.modules.values() if m is not None}
    return c.Catalog(
        dialect="exports",
        root=root.absolute().name,
        packages=FOLDERS,
        targets=tuple(targets),
        workloads=tuple(workloads),
        fields=tuple(fields),
        entries=tuple(entries),
        words=tuple(words),
        diagnostics=reading.notes.sorted(),
        files=dict(sorted(read_files.items())),
    )
