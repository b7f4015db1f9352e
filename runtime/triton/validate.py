"""Validates model repositories without a server: ours, and those that others wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runtime.errors import ArtifactError, Problem
from runtime.triton import rules
from runtime.triton.checks_config import check_config
from runtime.triton.checks_ensemble import check_ensemble
from runtime.triton.checks_files import check_files
from runtime.triton.folder import Finding, Limits, ModelFolder
from runtime.triton.modelconfig import CONFIG, parse

HOLE = re.compile(r"\$\{([^}]*)\}")
"""A place of a template that a script fills in."""

_AT = re.compile(r"^(\d+):(\d+) : ?(.*)$", re.DOTALL)
"""What protobuf says of a text that it cannot parse: line, column, reason."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a validation found."""

    repository: Path
    """Folder that was validated."""
    models: tuple[str, ...]
    """Models that were looked at, by name."""
    findings: tuple[Finding, ...]
    """What breaks a rule, errors first."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return the findings that are errors."""
        return tuple(f for f in self.findings if f.rule.error)


def validate(repository: Path, limits: Limits | None = None) -> Report:
    """Return every rule that a repository breaks; nothing is started or imported from it.

    Args:
        repository: A repository, or the folder of one model.
        limits: What is known of the machine that will serve.

    Raises:
        ArtifactError: There is no such folder.
        MissingError: `tritonclient` is not installed.
    """
    known = limits or Limits()
    if not repository.is_dir():
        got = "no such folder" if not repository.exists() else "a file"
        raise ArtifactError(Problem(str(repository), "a model repository", got, "check the path"))
    folders = _model_folders(repository)
    found: list[Finding] = []
    parsed: dict[str, ModelFolder] = {}
    for folder in folders:
        model, problems = _read(folder, known)
        found += problems
        if model is not None:
            parsed[folder.name] = model
    siblings = {name: model.config for name, model in parsed.items()}
    for model in parsed.values():
        whole = replace(model, siblings=siblings)
        found += [*check_config(whole), *check_files(whole), *check_ensemble(whole)]
    if not folders:
        got = "no folder with a configuration or a version"
        do = "give the folder that has one folder a model"
        found.append(Finding(rule=rules.EMPTY, path=str(repository), got=got, do=do))
    unique = dict.fromkeys(found)
    ordered = sorted(unique, key=lambda f: (not f.rule.error, f.path, f.line, f.rule.id))
    names = tuple(folder.name for folder in folders)
    return Report(repository=repository, models=names, findings=tuple(ordered))


def validate_text(text: str, folder: Path) -> list[Finding]:
    """Return what is wrong with a configuration's text, whatever files there are.

    Args:
        text: What would be the config.pbtxt.
        folder: Folder of the model that it is for; only its name counts.
    """
    try:
        config = parse(text)
    except ValueError as error:
        return [_parse_finding(str(error), folder / CONFIG)]
    bare = _Bare(path=folder, text=text, config=config)
    return list(check_config(bare))


class _Bare(ModelFolder):
    """A model whose folder does not exist."""

    def versions(self) -> dict[int, Path]:
        """Return no version."""
        return {}


def _model_folders(repository: Path) -> list[Path]:
    """Return the folders of a repository's models; the folder itself where it is a model."""
    if _is_model(repository):
        return [repository]
    inside = sorted(p for p in repository.iterdir() if p.is_dir() and not p.name.startswith("."))
    return [p for p in inside if _is_model(p)]


def _is_model(folder: Path) -> bool:
    """Tell whether a folder looks like a model's."""
    if any(folder.glob("*.pbtxt")) or any(folder.glob("config.pb*")):
        return True
    return any(p.is_dir() and p.name.isdigit() for p in folder.iterdir())


def _read(folder: Path, limits: Limits) -> tuple[ModelFolder | None, list[Finding]]:
    """Return a model with its parsed configuration, and what kept it from being parsed."""
    path = folder / CONFIG
    if not path.is_file():
        near = sorted(p.name for p in folder.iterdir() if p.is_file() and "config" in p.name)
        got = "none" + (f", but {', '.join(near)}" if near else "")
        do = f"rename it to {CONFIG}" if near else f"write {CONFIG}"
        return None, [Finding(rule=rules.NO_CONFIG, path=str(folder), got=got, do=do)]
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        got = f"{type(error).__name__}: {error}"
        return None, [Finding(rule=rules.PARSE, path=str(path), got=got, do="write UTF-8 text")]
    holes = list(_holes(text, path, limits))
    try:
        config: Any = parse(HOLE.sub("1", text) if holes else text)
    except ValueError as error:
        return None, [*holes, _parse_finding(str(error), path)]
    if holes:  # what would stand in the holes decides everything else
        return None, holes
    return ModelFolder(path=folder, text=text, config=config, limits=limits), []


def _holes(text: str, path: Path, limits: Limits) -> Iterator[Finding]:
    """Yield each place of a template once; a warning where templates are expected."""
    rule = replace(rules.PLACEHOLDER, error=not limits.templates)
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        for name in HOLE.findall(line.partition("#")[0]):
            if name not in seen:
                seen.add(name)
                do = "fill the template in before it is served"
                yield Finding(rule=rule, path=str(path), line=number, got="${%s}" % name, do=do)  # noqa: UP031 - braces are what it is about


def _parse_finding(message: str, path: Path) -> Finding:
    """Return the finding of a text that protobuf refused, at the place that it names."""
    match = _AT.match(message)
    line, words = (int(match[1]), match[3]) if match else (1, message)
    words = " ".join(words.split())
    do = "correct it; `harness triton rules` names the definition"
    return Finding(rule=rules.PARSE, path=str(path), line=line, got=words, do=do)
