"""Keeps results as files: one JSON a snippet and environment, written atomically.

Files can be committed and copied between machines; each says what it was measured on.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import msgspec

from docgen.errors import OutputError, Problem
from docgen.snippets.model import SCHEMA_VERSION, Result
from docgen.writing import write_atomically

_UNSAFE = re.compile(r"[^A-Za-z0-9.@_-]+")


def file_name(snippet: str, environment_key: str) -> str:
    """Return the name of the file that keeps a result: `<safe id>--<environment>.json`."""
    return f"{_safe(snippet)}--{environment_key[:8]}.json"


def _safe(snippet: str) -> str:
    """Return a file name part that is different for every identity."""
    plain = _UNSAFE.sub("_", snippet)
    if plain == snippet and "--" not in snippet:
        return plain
    return f"{plain}~{hashlib.sha256(snippet.encode()).hexdigest()[:6]}"


class Store:
    """The results in a folder; the folder is read once and made when something is saved."""

    def __init__(self, path: Path) -> None:
        """Hold the folder."""
        self.path = path
        self._results: dict[str, Result] | None = None
        self._problems: list[Problem] = []

    def all(self) -> tuple[Result, ...]:
        """Return every readable result, newest first."""
        return tuple(sorted(self._read().values(), key=lambda r: r.started, reverse=True))

    def of(self, snippet: str) -> tuple[Result, ...]:
        """Return every result of a snippet, newest first."""
        return tuple(r for r in self.all() if r.snippet == snippet)

    def load(self, snippet: str, environment: dict[str, str] | None = None) -> Result | None:
        """Return the newest result made in an environment, else the newest; None without one.

        Args:
            snippet: Identity of the snippet.
            environment: This machine and its packages, as `docgen.snippets.run.here`
                gives it; None takes the newest of all.
        """
        results = self.of(snippet)
        same = [r for r in results if environment and made_in(r, environment)]
        return next(iter((*same, *results)), None)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Files that cannot be read as results; they count as never run."""
        self._read()
        return tuple(self._problems)

    def save(self, result: Result) -> Path:
        """Write a result and return its file; a corrupt file of that name is kept aside.

        Raises:
            OutputError: When the folder cannot be written.
        """
        known = self._read()
        name = file_name(result.snippet, result.environment_key)
        path = self.path / name
        data = msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if name not in known and path.exists():
                path.replace(path.with_suffix(".corrupt"))
                self._problems = [p for p in self._problems if p.where != path.name]
            write_atomically(path, data)
        except OSError as error:
            do = "free space, or name another folder as `store` in [tool.docgen]"
            raise OutputError(Problem(str(path), "a writable file", str(error), do)) from error
        known[name] = result
        return path

    def _read(self) -> dict[str, Result]:
        """Return the results by file name; reads the folder on first use."""
        if self._results is None:
            self._results = {}
            for path in sorted(self.path.glob("*.json")):
                result = self._decode(path)
                if result is not None:
                    self._results[path.name] = result
        return self._results

    def _decode(self, path: Path) -> Result | None:
        """Return the result of a file; note why where it is none."""
        try:
            result = msgspec.json.decode(path.read_bytes(), type=Result)
            if result.schema > SCHEMA_VERSION:
                raise ValueError(f"schema version {result.schema}")  # noqa: TRY301
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            do = "delete it; the snippet counts as never run, and the next run keeps it aside"
            self._problems.append(Problem(path.name, "a stored result", str(error), do))
            return None
        return result


def made_in(result: Result, environment: dict[str, str]) -> bool:
    """Return whether a result was made in an environment.

    The environment may know more packages than the execution imported; those do not count.
    """
    known = result.environment
    return all(environment.get(name, "") == value for name, value in known.items()) and not (
        {"gpus", "mig"} & set(environment) - set(known)
    )
