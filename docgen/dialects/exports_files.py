"""Config files of the EXPORTS dialect: found by their place, executed statically."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from docgen import catalog as c
from docgen.dialects.exports_evaluator import ExportsEvaluator
from docgen.dialects.exports_values import FieldRef
from docgen.evaluation.notes import Notes
from docgen.evaluation.objects import NotStatic
from docgen.evaluation.tree import Module


@dataclass
class Reading:
    """What the parts of the dialect share while they read one tree."""

    evaluator: ExportsEvaluator
    """Evaluator over the tree."""
    configs: str
    """Folder of the configs."""
    notes: Notes = field(default_factory=Notes)
    """What was found wrong."""
    used: dict[FieldRef, None] = field(default_factory=dict)
    """Fields that entries set, in order of first use."""
    imports: dict[str, list[NotStatic]] = field(default_factory=dict)
    """Why imports of modules fail, by module, where that was asked for."""


@dataclass(frozen=True)
class ConfigFile:
    """One file of configurations."""

    system: str
    """Folder that names the system."""
    scenario: str
    """Folder that names the scenario."""
    benchmark: str
    """Stem of the file."""
    module: Module
    """Its content, executed statically."""


def find_files(reading: Reading, root: Path) -> list[ConfigFile]:
    """Return the config files of a tree, executed statically, by system, scenario, benchmark."""
    files = []
    for path in paths(root / reading.configs):
        relative = path.relative_to(root)
        if not _is_text(str(relative)):
            shown = str(relative).encode("utf-8", "backslashreplace").decode()
            message = "want a file name in UTF-8, got other bytes; rename the file"
            reading.notes.add("odd-name", "error", message, c.Source(path=shown, line=1))
            continue
        module = reading.evaluator.tree.read(path)
        if module is None:
            continue
        _, system, scenario, _ = relative.parts
        reading.evaluator.module(module.name)
        files.append(ConfigFile(system, scenario, path.stem, module))
    return files


def _is_text(name: str) -> bool:
    """Tell whether a file's name can be written down."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def paths(folder: Path) -> Iterator[Path]:
    """Yield `<system>/<Scenario>/<benchmark>.py` below a folder, sorted."""
    for system in _folders(folder):
        for scenario in _folders(system):
            for path in sorted(scenario.iterdir()):
                hidden = path.name.startswith((".", "_"))
                if path.suffix == ".py" and not hidden and path.is_file():
                    yield path


def _folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted; hidden ones left out."""
    try:
        return sorted(p for p in folder.iterdir() if p.is_dir() and p.name[:1] not in "._")
    except OSError:
        return []
