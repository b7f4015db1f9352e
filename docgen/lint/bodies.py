"""Classes and dictionaries as they are written: twice the same name, dead, misnamed."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from docgen.catalog import Entry, Setting, Source
from docgen.findings import Finding, Other
from docgen.foreign import accuracy_share
from docgen.lint import rules
from docgen.lint.context import Subject, make

_REGISTRY = "registry"
_USUAL = 0.8
"""Share of a tree's configurations whose names have a mark, for the mark to be a custom."""


def _is_maxq(setting: Setting) -> bool:
    """Tell whether a setting is for MaxQ."""
    return setting.power.lower() == "maxq"


def _is_accurate(setting: Setting) -> bool:
    """Tell whether a setting is for more than 99 % of the reference accuracy."""
    return accuracy_share(setting.accuracy) not in {"", "99"}


def _is_harness(word: str) -> Callable[[Setting], bool]:
    """Return what tells whether the harness of a setting has a word in its name."""
    return lambda setting: word in setting.harness.lower()


_KEYS = (ast.Constant, ast.Attribute, ast.Call, ast.Name)
"""Keys of dictionaries that are compared by their text."""

_MARKS: dict[str, tuple[str, Callable[[Setting], bool]]] = {
    "MaxQ": (r"max_?q", _is_maxq),
    "HighAccuracy": (r"high_?acc", _is_accurate),
    "Triton": (r"triton", _is_harness("triton")),
    "TritonUnified": (r"triton_?unified", _is_harness("tritonunified")),
    "HeteroMIG": (r"hetero", _is_harness("hetero")),
}
"""Words in names of classes, and what tells whether a configuration is so."""


@dataclass
class _Survey:
    """What the rules ask of one file, from one walk over its syntax tree."""

    tree: ast.Module
    """Its syntax tree."""
    dicts: list[ast.Dict] = field(default_factory=list)
    """Every dictionary that is written out."""
    classes: list[ast.ClassDef] = field(default_factory=list)
    """Every class."""
    names: set[str] = field(default_factory=set)
    """Every name that is used, on its own or behind a dot."""

    def __post_init__(self) -> None:
        """Walk over the tree."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name):
                self.names.add(node.id)
            elif isinstance(node, ast.Attribute):
                self.names.add(node.attr)
            elif isinstance(node, ast.Dict):
                self.dicts.append(node)
            elif isinstance(node, ast.ClassDef):
                self.classes.append(node)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield every finding about source text; none without the tree's folder."""
    if subject.root is None:
        return
    trees = ((path, _parse(subject.root, path)) for path in _files(subject))
    files = {path: _Survey(tree) for path, tree in trees if tree is not None}
    for path, survey in files.items():
        yield from _repeated(path, survey)
    if subject.catalog.dialect == _REGISTRY:
        for path, survey in files.items():
            yield from _redefined(path, survey.tree)
        yield from _dead(subject, files)
        yield from _misnamed(subject)


def _files(subject: Subject) -> list[str]:
    """Return the files that configurations and their values come from, sorted."""
    found = set()
    for entry in subject.catalog.entries:
        found.add(entry.source.path)
        for value in entry.values.values():
            found.update(step.source.path for step in value.chain)
    if subject.catalog.dialect == _REGISTRY:
        found.update(p for p in subject.catalog.files if p.startswith("configs/"))
    return sorted(found)


def _parse(root: Path, path: str) -> ast.Module | None:
    """Return the syntax tree of a file; None where it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse((root / path).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None


def _place(path: str, node: ast.stmt | ast.expr) -> Source:
    """Return where a node stands."""
    return Source(path=path, line=node.lineno, column=node.col_offset)


def _repeated(path: str, survey: _Survey) -> Iterator[Finding]:
    """Yield keys of dictionaries and names of class bodies that are set twice."""
    for node in survey.dicts:
        keys = [k for k in node.keys if isinstance(k, _KEYS)]
        if len(keys) > 1:
            yield from _twice(path, [(ast.unparse(k), k) for k in keys])
    for body in (node.body for node in survey.classes):
        names = [
            (target.id, target)
            for statement in body
            if isinstance(statement, ast.Assign | ast.AnnAssign)
            for target in _targets(statement)
            if isinstance(target, ast.Name)
        ]
        yield from _twice(path, names)


def _targets(statement: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    """Return what an assignment sets."""
    if isinstance(statement, ast.Assign):
        return statement.targets
    return [statement.target] if statement.value is not None else []


def _twice(path: str, names: Sequence[tuple[str, ast.expr]]) -> Iterator[Finding]:
    """Yield names that stand twice among some."""
    seen: dict[str, ast.expr] = {}
    for name, node in names:
        if name in seen:
            yield make(
                rules.REPEATED_KEY,
                _place(path, seen[name]),
                f"{name} once",
                f"another one in line {node.lineno}, which holds",
                others=[Other(source=_place(path, node), text=name)],
            )
        seen[name] = node


def _redefined(path: str, tree: ast.Module) -> Iterator[Finding]:
    """Yield classes that take the name of an earlier one."""
    seen: dict[str, ast.ClassDef] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            if node.name in seen:
                yield make(
                    rules.REDEFINED_CLASS,
                    _place(path, node),
                    "a name of its own",
                    f"a second class {node.name} (the first is in line {seen[node.name].lineno})",
                    others=[Other(source=_place(path, seen[node.name]), text=node.name)],
                )
            seen[node.name] = node


def _dead(subject: Subject, files: dict[str, _Survey]) -> Iterator[Finding]:
    """Yield configuration classes that are neither registered nor used."""
    used = {base for entry in subject.catalog.entries for base in entry.bases}
    folders = {entry.source.path.rpartition("/")[0] for entry in subject.catalog.entries}
    named = set().union(*(survey.names for survey in files.values()))
    for path, survey in files.items():
        if path.rpartition("/")[0] not in folders:
            continue
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for node in survey.tree.body:
            if (
                isinstance(node, ast.ClassDef)
                and node.bases
                and f"{module}.{node.name}" not in used
                and node.name not in named
                and not _is_registered(node)
            ):
                got = f"{node.name}, which nothing registers, inherits or names"
                yield make(rules.DEAD_CLASS, _place(path, node), "a class that is used", got)


def _is_registered(node: ast.ClassDef) -> bool:
    """Tell whether a class is registered by a decorator."""
    return any("register" in ast.unparse(d) for d in node.decorator_list)


def _misnamed(subject: Subject) -> Iterator[Finding]:
    """Yield configurations whose class is not named after what it is registered as."""
    entries = [e for e in subject.entries if e.bases]
    for mark, (words, holds) in _MARKS.items():
        pattern = re.compile(words, re.IGNORECASE)
        meant = [e for e in entries if holds(e.setting)]
        usual = [e for e in meant if pattern.search(_class_of(e))]
        if not meant or len(usual) < _USUAL * len(meant):
            continue
        for entry in entries:
            has = bool(pattern.search(_class_of(entry)))
            if has != holds(entry.setting):
                yield _misnamed_finding(entry, mark, has=has)


def _class_of(entry: Entry) -> str:
    """Return the name of the class of an entry."""
    return entry.bases[0].rpartition(".")[2]


def _misnamed_finding(entry: Entry, mark: str, *, has: bool) -> Finding:
    """Return the finding of a name that says too much or too little."""
    setting = entry.setting
    what = f"{setting.harness}, {setting.accuracy}, {setting.power}"
    want = f"a name without {mark}" if has else f"a name with {mark}"
    return make(
        rules.NAME_MISMATCH,
        entry.source,
        f"{want}, registered as {what}",
        _class_of(entry),
        keys=[entry.key],
    )
