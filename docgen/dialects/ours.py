"""The dialect of Calliope's own harness: typed literal entries on frozen dataclasses.

Convention, below each package: `configs/schema.py` declares Settings, its subclasses
and Entry; modules in `targets/` offer `TARGETS` and `ENTRIES`; modules in `workloads/`
offer `WORKLOAD`; `policies/` and `terms.py` hold constants of Policy and Term;
`policies/` also rounds, contradictions and scenarios, and `troubles/` what goes wrong,
where a tree has them; `mig/data/mig_profiles.json` the boards that MIG can partition;
`vocabulary.py` holds enums; `errors.py` the error classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docgen import catalog as c
from docgen.api import read_api
from docgen.commands import read_commands
from docgen.config import project_table
from docgen.dialects.ours_entries import read_entries
from docgen.dialects.ours_facts import (
    read_targets,
    read_workloads,
    typed,
)
from docgen.dialects.ours_mig import read_boards
from docgen.dialects.ours_words import (
    read_failures,
    read_policies,
    read_rows,
    read_terms,
    read_words,
)
from docgen.evaluate import FREE, Evaluator, plain
from docgen.evaluation.annotations import Annotation, read_annotation
from docgen.evaluation.classes import (
    Field,
    dataclass_fields,
    derives_from,
)
from docgen.evaluation.notes import Notes
from docgen.evaluation.objects import Binding, ClassInfo, Instance, NotStatic, Owner
from docgen.evaluation.tree import Module, Tree

LOOKED_FOR = "<package>/configs/schema.py and <package>/targets/ in a package of [tool.docgen]"
"""What a tree of this dialect has, as told to a user."""


@dataclass
class Reading:
    """What the parts of the dialect share while they read one tree."""

    evaluator: Evaluator
    """Evaluator over the tree."""
    package: str
    """Package that is read."""
    notes: Notes = field(default_factory=Notes)
    """What was found wrong."""

    checked: dict[int, Instance] = field(default_factory=dict)
    """Objects whose mistakes were noted, by identity."""

    def cls(self, path: str) -> ClassInfo | None:
        """Return a class of the package by its dotted path within it; None without it."""
        module_name, _, name = f"{self.package}.{path}".rpartition(".")
        module = self.evaluator.module(module_name)
        found = module.names.get(name) if module is not None else None
        value = found.value if found is not None else None
        return value if isinstance(value, ClassInfo) else None

    def annotation(self, of: Field) -> Annotation:
        """Return the annotation of a field; note what is not static in it."""
        try:
            return read_annotation(of, self.evaluator)
        except NotStatic as cause:
            self.notes.unresolved(cause)
            return Annotation(text="", types=())

    def constants(self, module: Module, cls: str) -> Iterator[tuple[Binding, Instance]]:
        """Yield a module's own objects of a class, those inside of tuples included."""
        seen: set[int] = set()
        for binding in list(module.names.values()):
            if binding.module is not module:
                continue
            for value in _flat(binding.value):
                own = isinstance(value, Instance) and id(value) not in seen
                if own and derives_from(value.cls, f"{self.package}.{cls}"):
                    seen.add(id(value))
                    yield binding, value


def detect(root: Path, packages: tuple[str, ...]) -> bool:
    """Tell whether a tree is written in this dialect."""
    return any(
        (root / package.replace(".", "/") / "configs" / "schema.py").is_file()
        and (root / package.replace(".", "/") / "targets").is_dir()
        for package in packages
    )


def read(
    root: Path, packages: tuple[str, ...], api: tuple[str, ...] = (), cache: Path | None = None
) -> c.Catalog:
    """Return the Catalog of a tree, read without running any of it.

    Args:
        root: Folder that holds the packages.
        packages: Packages with configurations.
        api: Packages whose classes, functions and commands are documented.
        cache: Folder that keeps the items of files that have not changed.
    """
    tree = Tree(root, tuple(dict.fromkeys((*packages, *api))))
    evaluator = Evaluator(tree)
    project = project_table(root).get("project", {})
    notes = Notes()
    parts: dict[str, Any] = {}
    for package in packages:
        _read_package(Reading(evaluator, package, notes), parts)
    boards, tables = read_boards(root, packages, notes)
    free = Evaluator(tree, FREE)
    items = read_api(tree, api, notes, cache)
    commands = read_commands(free, dict(project.get("scripts", {})), api, notes)
    failures = read_failures(evaluator, api or packages, items)
    notes.add_all(tree.diagnostics)
    return c.Catalog(
        dialect="ours",
        root=str(project.get("name", root.name)),
        packages=packages,
        boards=boards,
        commands=tuple(commands),
        failures=tuple(failures),
        api=tuple(items),
        diagnostics=notes.sorted(),
        files=dict(sorted({**_files(tree), **tables}.items())),
        version=_version(project, evaluator, packages),
        **parts,
    )


def _read_package(reading: Reading, parts: dict[str, Any]) -> None:
    """Add what one package holds to the parts of a Catalog."""
    targets = read_targets(reading)
    workloads = read_workloads(reading)
    found: dict[str, list[Any]] = {
        "targets": targets,
        "workloads": workloads,
        "fields": _fields(reading),
        "entries": read_entries(reading, targets, workloads),
        "policies": read_policies(reading),
        "terms": read_terms(reading),
        "words": read_words(reading),
        "rows": read_rows(reading),
    }
    for name, items in found.items():
        parts[name] = (*parts.get(name, ()), *items)


def _files(tree: Tree) -> dict[str, str]:
    """Return the hash of every file that was read, by path."""
    read = {m.path: m.digest for m in tree.modules.values() if m is not None}
    return dict(sorted(read.items()))


def _version(project: dict[str, Any], evaluator: Evaluator, packages: tuple[str, ...]) -> str:
    """Return the project's version: from its metadata, or from `__version__`."""
    if "version" in project:
        return str(project["version"])
    for package in packages:
        module = evaluator.module(package)
        bound = module.names.get("__version__") if module is not None else None
        if bound is not None and isinstance(bound.value, str):
            return bound.value
    return ""


def _flat(value: Any) -> Iterator[Any]:
    """Yield a value, or the items of a tuple or list."""
    if isinstance(value, (tuple, list)):
        yield from value
    else:
        yield value


def _fields(reading: Reading) -> list[c.FieldSpec]:
    """Return every field that Settings or one of its subclasses declares itself."""
    base = reading.cls("configs.schema.Settings")
    if base is None:
        return []
    specs = []
    for binding in base.module.names.values():
        cls = binding.value
        if not isinstance(cls, ClassInfo) or not derives_from(cls, base.name):
            continue
        scenarios = () if cls is base else scenario_of(reading, cls)
        own = (s for s in dataclass_fields(cls, reading.evaluator).values() if s.owner is cls)
        specs += [_field(reading, spec, scenarios) for spec in own]
    return specs


def scenario_of(reading: Reading, cls: ClassInfo) -> tuple[str, ...]:
    """Return the scenario of a class of settings, as its property says; else nothing."""
    empty = Instance(cls, {}, cls.source, Owner(cls.name))
    try:
        found = reading.evaluator.attribute(empty, "scenario", cls.source, cls.module)
        return (str(plain(found)),)
    except NotStatic:
        return ()


def _field(reading: Reading, spec: Field, scenarios: tuple[str, ...]) -> c.FieldSpec:
    """Return a field of the settings as the Catalog has it."""
    annotation = reading.annotation(spec)
    choices = annotation.mark_value("OneOf", "choices") or annotation.choices
    default = None
    if spec.default is not None:
        try:
            default = plain(spec.default.value)
        except NotStatic as cause:
            reading.notes.unresolved(cause)
    if not spec.doc:
        message = f"want a docstring under {spec.name}, got none; say what it does"
        reading.notes.add("undocumented", "info", message, spec.source)
    return c.FieldSpec(
        name=spec.name,
        owner=spec.owner.short,
        type=annotation.text,
        doc=spec.doc,
        source=spec.source,
        unit=typed(annotation.mark_value("Unit", "symbol"), str, ""),
        low=typed(annotation.mark_value("Between", "low"), float | None, None),
        high=typed(annotation.mark_value("Between", "high"), float | None, None),
        choices=tuple(choices),
        default=default,
        required=spec.default is None,
        group=typed(annotation.mark_value("Group", "name"), str, ""),
        loadgen_key=typed(annotation.mark_value("LoadGenKey", "key"), str, ""),
        scenarios=scenarios,
    )
