"""What an execution depended on: asks for the trace, and turns it into hashes.

Cost: reading a trace hashes the executed files, each once a process; the traced process
itself pays one test per call of a project function. Its modules are compiled once and
kept in the cache folder.

Not seen: Python started with `-I`, `-E` or `-S`, files opened by C libraries or by other
programs, and which lines of a function ran (a function counts whole).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from docgen.config import Config
from docgen.snippets import hashes
from docgen.snippets.model import Dependencies
from docgen.snippets.tracer import sitecustomize

ABSENT = "absent"
"""Stands for the hash of a file that is not there."""

CHANGED = "changed while it ran"
"""Stands for a hash that cannot be known: the file was edited during the execution."""


def variables(config: Config, dump: Path, before: str = "") -> dict[str, str]:
    """Return the environment variables that make Python descendants write a trace.

    Args:
        config: The documented project.
        dump: Empty folder that the traces go to.
        before: PYTHONPATH that the program would have without a trace.
    """
    skip = [p.relative_to(config.root).as_posix() for p in _outputs(config)]
    packages = sorted({name.split(".")[0] for name in (*config.packages, *config.api)})
    asked = {
        "root": str(config.root.resolve()),
        "packages": packages,
        "skip": skip,
        "dump": str(dump),
        "cache": _code_cache(config),
    }
    folder = str(Path(sitecustomize.__file__).parent)
    return {
        "PYTHONPATH": os.pathsep.join(p for p in (folder, before) if p),
        sitecustomize.VARIABLE: json.dumps(asked),
    }


def _code_cache(config: Config) -> str:
    """Return the folder of compiled modules; empty where it cannot be made."""
    folder = config.cache.resolve() / "traced"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return ""
    return str(folder)


def _outputs(config: Config) -> list[Path]:
    """Return the folders under the root that docgen itself writes."""
    folders = (config.store, config.site, config.cache)
    return [f for f in folders if f.is_relative_to(config.root) and f != config.root]


@dataclass
class Trace:
    """The facts of every traced process of one execution."""

    modules: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Absolute path and SHA-256 of every executed module or script, by project path."""
    functions: dict[str, set[str]] = field(default_factory=dict)
    """Executed functions by project path."""
    scripts: dict[str, str] = field(default_factory=dict)
    """Absolute path of every project file that was run as a script."""
    read: dict[str, str] = field(default_factory=dict)
    """Absolute path of every file read, and of every folder listed, by project path."""
    written: set[str] = field(default_factory=set)
    """Project paths that were opened for writing."""
    packages: set[str] = field(default_factory=set)
    """Names of imported top-level packages."""


def read(dump: Path) -> Trace:
    """Return the facts of every trace in a folder; a half-written last line is left out."""
    trace = Trace()
    for path in sorted(dump.glob("*.txt")):
        for line in path.read_text("utf-8", "replace").split("\n")[:-1]:
            with contextlib.suppress(ValueError):
                _note(trace, *line.split("\t"))
    return trace


def _note(trace: Trace, kind: str, name: str = "", *rest: str) -> None:
    """Enter one line of a trace."""
    if kind == "M":
        path, digest = rest
        trace.modules[name] = (path, digest)
    elif kind == "F":
        trace.functions.setdefault(name, set()).add(rest[0])
    elif kind == "S":
        trace.scripts[name] = rest[0]
    elif kind in ("R", "L"):
        trace.read[name] = rest[0]
    elif kind == "W":
        trace.written.add(name)
    elif kind == "P":
        trace.packages.add(name)


def dependencies(
    trace: Trace, started: float, values: str = "", configs: tuple[str, ...] = ()
) -> Dependencies:
    """Return the hashes of everything that a trace names.

    Args:
        trace: What was executed and read.
        started: Time of the start, as `time.time()`: files changed later do not count
            as known.
        values: Hash of the configuration that was measured; with it, `configs` are
            the folders whose module-level statements it stands for.
        configs: Folders that end in `/`.
    """
    code: dict[str, dict[str, str]] = {}
    sources: dict[str, str] = {}
    for name, (path, digest) in sorted(trace.modules.items()):
        wanted = set(trace.functions.get(name, ()))
        if not (values and in_configs(name, configs)):
            wanted.add(hashes.MODULE)
        if wanted:
            code[name] = _hash_code(Path(path), digest, wanted)
            sources[name] = digest
    for name, path in sorted(trace.scripts.items()):
        data = _bytes(Path(path))
        code[name] = {WHOLE: hashes.whole(data) if data is not None else ABSENT}
    skipped = trace.written | {f"{Path(name).parent.as_posix()}/" for name in trace.written}
    files = {
        name: hash_path(Path(path), started)
        for name, path in sorted(trace.read.items())
        if name not in skipped and not (values and name.endswith("/") and in_configs(name, configs))
    }
    for name in files:
        if name.endswith(".py"):
            data = _bytes(Path(trace.read[name]))
            sources.setdefault(name, _digest(data) if data is not None else ABSENT)
    return Dependencies(code=code, files=files, sources=sources, values=values)


WHOLE = "<file>"
"""Name of the hash over a whole script: which of its functions ran is not known."""


def in_configs(name: str, configs: tuple[str, ...]) -> bool:
    """Return whether a file stands directly in one of the folders, or is one of them."""
    return name in configs or f"{Path(name).parent.as_posix()}/" in configs


def _hash_code(path: Path, digest: str, wanted: set[str]) -> dict[str, str]:
    """Return the hashes of functions as they were executed."""
    data = _bytes(path)
    if data is None or _digest(data) != digest:
        return dict.fromkeys(sorted(wanted), CHANGED)
    table = hashes.functions(data, str(path))
    return {name: table.get(name, ABSENT) for name in sorted(wanted)}


def hash_path(path: Path, started: float | None = None) -> str:
    """Return the SHA-256 of a file's bytes or a folder's names; `absent` without it.

    A Python source that is read as data counts by what it does, as one that is executed:
    its comments and docstrings change nothing.
    """
    try:
        if started is not None and path.is_file() and path.stat().st_mtime > started:
            return CHANGED
        if path.is_dir():
            names = sorted(p.name for p in path.iterdir() if _counts(p.name))
            return hashlib.sha256("\n".join(names).encode()).hexdigest()
        data = path.read_bytes()
    except OSError:
        return ABSENT
    return hashes.whole(data) if path.suffix == ".py" else _digest(data)


def _counts(name: str) -> bool:
    """Return whether a name in a folder matters: caches and hidden files do not."""
    return name != "__pycache__" and not name.startswith(".") and not name.endswith(".pyc")


def _digest(data: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def _bytes(path: Path) -> bytes | None:
    """Return a file's bytes; None where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


@dataclass
class Tree:
    """The source tree as it is now; every file is read and hashed once."""

    root: Path
    """Folder of the project."""
    _tables: dict[str, dict[str, str]] = field(default_factory=dict)
    _hashes: dict[str, str] = field(default_factory=dict)
    _sources: dict[str, str] = field(default_factory=dict)

    def hash(self, name: str) -> str:
        """Return the hash of a file or a folder's names, as `hash_path` does."""
        if name not in self._hashes:
            self._hashes[name] = hash_path(self.root / name)
        return self._hashes[name]

    def source(self, name: str) -> str:
        """Return the SHA-256 of a source file's bytes; `absent` without it."""
        if name not in self._sources:
            data = _bytes(self.root / name)
            self._sources[name] = ABSENT if data is None else _digest(data)
        return self._sources[name]

    def functions(self, name: str) -> dict[str, str]:
        """Return the hashes of a file's functions; none where it is gone or is no Python."""
        if name not in self._tables:
            data = _bytes(self.root / name)
            table: dict[str, str] = {}
            if data is not None:
                with contextlib.suppress(SyntaxError, ValueError):
                    table = hashes.functions(data, name)
                table[WHOLE] = hashes.whole(data)
            self._tables[name] = table
        return self._tables[name]

    def changes(self, depends: Dependencies) -> list[str]:
        """Return what differs now from what an execution depended on, in words."""
        found = []
        for name, table in depends.code.items():
            if depends.sources.get(name) == self.source(name) and CHANGED not in table.values():
                continue
            found += list(self._changed_code(name, table))
        for name, digest in depends.files.items():
            if digest == CHANGED:
                found.append(f"{name} {CHANGED}")
            elif name.endswith(".py") and depends.sources.get(name) == self.source(name):
                continue
            elif self.hash(name) != digest:
                found.append(_changed_file(name, digest, self.hash(name)))
        return found

    def _changed_code(self, name: str, table: dict[str, str]) -> list[str]:
        """Return which functions of a file differ now."""
        now = self.functions(name)
        if not now:
            return [f"{name} is gone"]
        if hashes.MODULE not in now and WHOLE not in table:
            return [f"{name} is no valid Python"]
        words = {hashes.MODULE: "module-level statements", WHOLE: "the script"}
        found = []
        for function, digest in table.items():
            what = words.get(function, function)
            if digest == CHANGED:
                found.append(f"{name}: {what} {CHANGED}")
            elif function not in now:
                found.append(f"{name}: {what} is gone")
            elif now[function] != digest:
                found.append(f"{name}: {what} changed")
        return found


def _changed_file(name: str, before: str, now: str) -> str:
    """Return in words how a file or folder differs."""
    if name.endswith("/"):
        return f"{name} has other files"
    if before == ABSENT:
        return f"{name} is new"
    return f"{name} is gone" if now == ABSENT else f"{name} changed"
