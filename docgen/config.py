"""What docgen works on: one frozen Config from `[tool.docgen]` of a pyproject.toml.

Every key is optional except `packages`. All problems of a configuration are
reported together, each with the key that it concerns.
"""

from __future__ import annotations

import dataclasses
import os
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomllib

from docgen.errors import Problem, UsageError

TABLE = "[tool.docgen]"
"""Table of pyproject.toml that holds the configuration."""

ROOT_VARIABLE = "DOCGEN_ROOT"
"""Environment variable with the tree to work on; snippets, which run in an empty folder,
get it."""


@dataclass(frozen=True, kw_only=True)
class Commands:
    """Commands of the documented harness, with `{target}`, `{workload}`, `{scenario}`."""

    run: str = ""
    """Measures one entry; empty means that entries get no command."""
    accuracy: str = ""
    """Judges the accuracy of one target and workload."""
    resolve: str = ""
    """Resolves every entry of a target without running it."""
    serve: str = ""
    """Prints how a target's models would be served, without serving them."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Where the source, the pages and the evidence are."""

    root: Path
    """Folder of the documented tree, absolute; every other path is under it by default."""
    packages: tuple[str, ...]
    """Packages that hold the harness's configuration, relative to the root."""
    api: tuple[str, ...] = ()
    """Packages whose classes, functions and commands are documented."""
    docs: Path
    """Folder of hand-written and generated pages, absolute."""
    templates: Path
    """Folder of the page templates, absolute."""
    store: Path
    """Folder of the snippet results, absolute."""
    site: Path
    """Folder that the built site is written to, absolute."""
    cache: Path
    """Folder of what docgen may throw away and make again, absolute."""
    record_dir_env: str = ""
    """Environment variable that makes every run leave a copy of its record in a folder."""
    commands: Commands = field(default_factory=Commands)
    """Commands of the harness that snippets are made of."""
    repository_url: str = ""
    """Address that source links go to, with `{path}` and `{line}`; empty links to the
    site's own source pages."""
    dialect: str = ""
    """Name of the dialect; empty lets docgen find out."""
    since: str = ""
    """Tree that pages say the changes to: a folder, `@REV`, `PATH@REV` or an exported
    Catalog; empty for none."""


_FOLDERS = {
    "docs": "docs",
    "templates": "templates",
    "store": ".evidence",
    "site": "build/site",
    "cache": "build/docgen",
}
_NAMES = ("packages", "api")
_TEXTS = ("record_dir_env", "repository_url", "dialect", "since")
_PLACEHOLDERS = {
    "run": {"target", "workload", "scenario"},
    "accuracy": {"target", "workload", "scenario"},
    "resolve": {"target"},
    "serve": {"target"},
}
_KEYS = (*_NAMES, *_FOLDERS, *_TEXTS, "commands")
_ELSEWHERE = ("lint",)
"""Tables that are read and checked where they are used: `docgen.lint.accepted`."""


def load(root: Path | str | None = None, **overrides: Any) -> Config:
    """Return the configuration of a tree.

    Args:
        root: Folder with the pyproject.toml. None looks for the nearest folder,
            from the working directory upwards, whose pyproject.toml has the table.
        overrides: Keys of the table that take precedence over the file; a None
            leaves the file's value.

    Raises:
        UsageError: With every problem: unreadable file, unknown keys (each with a
            suggestion), values of the wrong type, missing folders.
    """
    folder = find_root() if root is None else Path(root)
    folder = folder.expanduser().absolute()
    if not folder.is_dir():
        raise UsageError(
            Problem(str(root), "the folder of a source tree", "no folder", "give another path")
        )
    table = dict(_read_table(folder))
    table.update({key: value for key, value in overrides.items() if value is not None})
    problems = _check(folder, table)
    if problems:
        raise UsageError(problems)
    return _make(folder, table)


def find_root(start: Path | None = None) -> Path:
    """Return the nearest folder upwards whose pyproject.toml has the table.

    Starts at the folder that the environment variable `DOCGEN_ROOT` names, else at the
    working directory; falls back to the start itself, so that the error of `load` names it.
    """
    here = (start or Path(os.environ.get(ROOT_VARIABLE) or Path.cwd())).absolute()
    for folder in (here, *here.parents):
        file = folder / "pyproject.toml"
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if TABLE in text:
            return folder
    return here


def project_table(folder: Path) -> dict[str, Any]:
    """Return the whole pyproject.toml of a folder; empty where there is none.

    Raises:
        UsageError: When the file exists and is no TOML.
    """
    file = folder / "pyproject.toml"
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            Problem("pyproject.toml", "a readable TOML file", str(error), "mend it")
        ) from error


def _read_table(folder: Path) -> Mapping[str, Any]:
    """Return the table, or nothing where the file or the table is missing."""
    table = project_table(folder).get("tool", {}).get("docgen", {})
    if not isinstance(table, dict):
        raise UsageError(Problem(f"pyproject.toml {TABLE}", "a table", repr(table), "write one"))
    return table


def _check(folder: Path, table: Mapping[str, Any]) -> list[Problem]:
    """Return every problem of the table."""
    problems = []
    for key, value in table.items():
        if key in _ELSEWHERE:
            continue
        if key not in _KEYS:
            problems.append(_unknown(key, _KEYS))
        elif key in _NAMES:
            problems += _check_names(folder, key, value)
        elif key in _FOLDERS:
            problems += _check_folder(folder, key, value)
        elif key == "commands":
            problems += _check_commands(value)
        elif not isinstance(value, str):
            problems.append(_problem(key, "a string", repr(value), "quote it"))
    if "packages" not in table:
        problems.append(
            _problem("packages", "the packages to read", "nothing", 'write packages = ["NAME"]')
        )
    return problems


def _check_names(folder: Path, key: str, value: Any) -> list[Problem]:
    """Return the problems of a list of packages."""
    if isinstance(value, str) or not all(isinstance(item, str) for item in value):
        return [_problem(key, "a list of package names", repr(value), 'write ["NAME"]')]
    missing = [name for name in value if not (folder / name.replace(".", "/")).is_dir()]
    here = sorted(p.parent.name for p in folder.glob("*/__init__.py"))
    return [
        _problem(key, "a package under the root", f"no folder {name!r}", _suggest(name, here))
        for name in missing
    ]


def _check_folder(folder: Path, key: str, value: Any) -> list[Problem]:
    """Return the problems of a path; only what is read must exist already."""
    if not isinstance(value, (str, Path)) or not str(value):
        return [_problem(key, "a path", repr(value), "quote it")]
    if key in ("docs", "templates") and not (folder / value).is_dir():
        got = f"no folder {str(value)!r}"
        return [_problem(key, "an existing folder", got, "make it or name another")]
    return []


def _check_commands(value: Any) -> list[Problem]:
    """Return the problems of the commands' table."""
    if not isinstance(value, Mapping):
        return [_problem("commands", "a table", repr(value), f"write {TABLE[:-1]}.commands]")]
    problems = []
    for name, text in value.items():
        if name not in _PLACEHOLDERS:
            problems.append(_unknown(f"commands.{name}", [f"commands.{n}" for n in _PLACEHOLDERS]))
            continue
        allowed = _PLACEHOLDERS[name]
        try:
            used = {part for _, part, _, _ in string.Formatter().parse(text) if part is not None}
        except (TypeError, ValueError) as error:
            problems.append(_problem(f"commands.{name}", "a command", str(error), "mend it"))
            continue
        problems += [
            _problem(
                f"commands.{name}",
                "placeholders of " + ", ".join(f"{{{a}}}" for a in sorted(allowed)),
                f"{{{part}}}",
                "remove it",
            )
            for part in sorted(used - allowed)
        ]
    return problems


def _make(folder: Path, table: Mapping[str, Any]) -> Config:
    """Return the Config of a table without problems."""
    paths = {key: folder / table.get(key, default) for key, default in _FOLDERS.items()}
    if "templates" not in table and not paths["templates"].is_dir():
        paths["templates"] = bundled_templates()
    values: dict[str, Any] = {key: tuple(table.get(key, ())) for key in _NAMES}
    values |= {key: table[key] for key in _TEXTS if key in table}
    values["commands"] = Commands(**table.get("commands", {}))
    return Config(root=folder, **paths, **values)


def bundled_templates() -> Path:
    """Return the templates that an installed docgen brings along.

    In a checkout they stand beside the package instead of in it.
    """
    package = Path(__file__).parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


def _problem(key: str, want: str, got: str, do: str) -> Problem:
    return Problem(f"pyproject.toml {TABLE} {key}", want, got, do)


def _unknown(key: str, known: Any) -> Problem:
    """Return the problem of a key that docgen does not know."""
    return _problem(key, "a known key", "an unknown one", _suggest(key, sorted(known)))


def _suggest(word: str, known: list[str]) -> str:
    """Return the likely spelling of a word, or all known ones."""
    close = get_close_matches(word, known, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(repr(c) for c in close) + "?"
    return "use one of: " + ", ".join(known) if known else "there is none to choose from"


def fields() -> tuple[str, ...]:
    """Return the names of all fields of Config, in order of declaration."""
    return tuple(f.name for f in dataclasses.fields(Config))
