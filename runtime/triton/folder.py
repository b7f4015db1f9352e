"""A model's folder as a validator sees it, and what it found there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime.errors import Problem
from runtime.triton.modelconfig import FILES, backend_of
from runtime.triton.rules import Rule
from runtime.troubles.served import TRITON_CONFIG


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One place that breaks a rule."""

    rule: Rule
    """The rule."""
    path: str
    """File or folder."""
    line: int = 0
    """Line in it, from 1; 0 where there is none."""
    got: str
    """What is there."""
    do: str
    """What to change."""

    @property
    def where(self) -> str:
        """Return the place as messages write it."""
        return f"{self.path}:{self.line}" if self.line else self.path

    def problem(self) -> Problem:
        """Return the finding as an error's problem, the rule's id in front."""
        want = self.rule.want
        return Problem(f"{self.where}: {self.rule.id}", want, self.got, self.do, TRITON_CONFIG.code)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is known of the machine that will serve."""

    devices: int | None = None
    """Devices that the server will see; None where nobody said."""
    memory_gib: float | None = None
    """Memory of one device; None where nobody said."""
    templates: bool = False
    """Whether `${...}` is expected, as in a repository that a script fills in."""


@dataclass(frozen=True, kw_only=True)
class ModelFolder:
    """One model of a repository, its configuration parsed."""

    path: Path
    """The folder."""
    text: str
    """Text of its configuration."""
    config: Any
    """The ModelConfig message."""
    siblings: dict[str, Any] = field(default_factory=dict)
    """Configurations of all models of the repository that could be parsed, by name."""
    limits: Limits = field(default_factory=Limits)
    """What is known of the machine."""
    file: str = "config.pbtxt"
    """Name of the configuration file."""

    @property
    def name(self) -> str:
        """Return the model's name: its folder's."""
        return self.path.name

    @property
    def backend(self) -> str:
        """Return the backend, also where only the model's file tells; empty for none."""
        named = backend_of(self.config)
        if named or self.config.WhichOneof("scheduling_choice") == "ensemble_scheduling":
            return named or "ensemble"
        for backend, file in FILES.items():
            if any((version / file).exists() for version in self.versions().values()):
                return backend
        return ""

    def versions(self) -> dict[int, Path]:
        """Return the version folders by number."""
        return {
            int(p.name): p
            for p in sorted(self.path.iterdir())
            if p.is_dir() and re.fullmatch(r"[1-9]\d*", p.name)
        }

    def served(self) -> dict[int, Path]:
        """Return the version folders that the version policy serves."""
        found = self.versions()
        choice = self.config.version_policy.WhichOneof("policy_choice")
        if choice == "all":
            return found
        if choice == "specific":
            wanted = set(self.config.version_policy.specific.versions)
            return {number: path for number, path in found.items() if number in wanted}
        latest = self.config.version_policy.latest.num_versions if choice == "latest" else 1
        return dict(sorted(found.items())[-max(1, latest) :])

    def find(self, rule: Rule, got: str, do: str, word: str = "") -> Finding:
        """Return a finding at the first line of the configuration that has a word."""
        path = str(self.path / self.file)
        return Finding(rule=rule, path=path, line=line_of(self.text, word), got=got, do=do)

    def on_gpu(self) -> bool:
        """Tell whether any instance may run on a GPU."""
        groups = self.config.instance_group
        kinds = {group.kind for group in groups}
        return not groups or bool(kinds - {_CPU})


_CPU = 2
"""Number of KIND_CPU. Source: Triton Inference Server, model_config.proto."""


def line_of(text: str, word: str) -> int:
    """Return the first line with a word, from 1; 1 where none has it."""
    if word:
        pattern = re.compile(rf"(?<![\w.]){re.escape(word)}(?![\w])")
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line.partition("#")[0]):
                return number
    return 1


def elements(dims: Any) -> int | None:
    """Return the elements of a shape; None where an axis is free."""
    count = 1
    for size in dims:
        if size < 0:
            return None
        count *= size
    return count


def doubles(values: Iterator[Any]) -> list[Any]:
    """Return the values that come more than once, each once."""
    seen: set[Any] = set()
    found: dict[Any, None] = {}
    for value in values:
        if value in seen:
            found[value] = None
        seen.add(value)
    return list(found)
