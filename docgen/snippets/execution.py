"""Executes one snippet and turns what it left behind into results."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from docgen.catalog import Snippet
from docgen.config import ROOT_VARIABLE, Config, project_table
from docgen.snippets import expect, figures, machine, process, trace
from docgen.snippets.model import Check, Dependencies, Figure, Result

KEPT_CHARACTERS = 20_000
"""Characters that a result keeps of each output stream: its end."""

_PASSED_ON = (
    "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SSL_CERT_FILE",
    "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES",
    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "PYENV_ROOT",
)  # fmt: skip
"""Variables that an execution takes over; everything else of the caller is left out."""


def here(config: Config) -> dict[str, str]:
    """Return this machine and the versions of all packages that the project declares."""
    return dict(_here(config.root))


@functools.cache
def _here(root: Path) -> tuple[tuple[str, str], ...]:
    """Return the environment of a project; asked once a process."""
    packages = machine.declared(project_table(root))
    return tuple(machine.environment(machine.probe(), packages).items())


@dataclass(frozen=True)
class _Place:
    """The folders of one execution."""

    work: Path
    records: Path
    dump: Path


@contextmanager
def _place() -> Iterator[_Place]:
    """Give the folders of an execution and remove them at the end."""
    base = Path(tempfile.mkdtemp(prefix="snippet-")).resolve()
    place = _Place(base / "work", base / "records", base / "trace")
    try:
        for folder in (place.work, place.records, place.dump):
            folder.mkdir()
        yield place
    finally:
        shutil.rmtree(base, ignore_errors=True)


@dataclass(frozen=True)
class Execution:
    """One execution, before it is held against the expectations of a snippet."""

    started: float
    """Time of the start, as `time.time()`."""
    done: process.Finished
    """How it ended."""
    traced: trace.Trace
    """What it executed and read."""
    records: tuple[dict[str, Any], ...]
    """Run records that it wrote."""
    broken: tuple[Check, ...]
    """One failed check for each file that should be a run record or a drawing and is none."""
    figures: tuple[Figure, ...]
    """Drawings that it wrote and the page asked for."""
    places: tuple[tuple[str, str], ...]
    """Folders of this machine, and what stands for them in a result."""

    @property
    def outcome(self) -> expect.Outcome:
        """What expectations look at."""
        done = self.done
        return expect.Outcome(done.exit_code, done.output, done.errors, self.records)


def execute(
    snippet: Snippet,
    config: Config,
    running: process.Running | None = None,
    timeout_s: float | None = None,
) -> Execution:
    """Execute a snippet in an empty folder that is removed at the end.

    Args:
        snippet: What to execute.
        config: The documented project.
        running: Where to hold the process while it runs.
        timeout_s: Longest time; None takes the snippet's own.
    """
    started = time.time()
    with _place() as place:
        try:
            done = process.execute(
                _command(snippet, place.work),
                folder=place.work,
                variables=_variables(config, place),
                timeout_s=snippet.timeout_s if timeout_s is None else timeout_s,
                running=running,
            )
        except OSError as error:
            done = process.Finished(127, "", f"cannot be started: {error}", 0.0)
        records, broken = _records(place.records)
        drawn, missing = figures.read(snippet.figures, place.work)
        return Execution(
            started=started,
            done=done,
            traced=trace.read(place.dump),
            records=records,
            broken=(*broken, *missing),
            figures=drawn,
            places=_names(place, config),
        )


def make_result(
    snippet: Snippet, execution: Execution, config: Config, beside: Iterable[str] = ()
) -> Result:
    """Return the result of a snippet: the execution held against its expectations.

    Args:
        snippet: What was executed.
        execution: What it left behind.
        config: The documented project.
        beside: Identities of the snippets that were executed during the same time.
    """
    done = execution.done
    scrub = functools.partial(_scrub, places=execution.places)
    checks = (*expect.check(snippet.expect, execution.outcome), *execution.broken)
    depends = trace.dependencies(
        execution.traced, execution.started, snippet.values, snippet.configs
    )
    declared = here(config)
    imported = machine.distributions(execution.traced.packages, declared)
    environment = {k: v for k, v in declared.items() if k in machine.MACHINE_KEYS or k in imported}
    started = datetime.fromtimestamp(execution.started, timezone.utc)
    return Result(
        snippet=snippet.id,
        text=snippet.text,
        status=_status(snippet, done.exit_code, checks),
        started=started.isoformat(timespec="seconds"),
        seconds=round(done.seconds, 3),
        exit_code=done.exit_code,
        output=_tail(scrub(done.output)),
        errors=_tail(scrub(done.errors)),
        checks=tuple(Check(expect=c.expect, actual=scrub(c.actual), ok=c.ok) for c in checks),
        depends=depends,
        code_key=code_key(snippet.text, tuple(c.expect for c in checks), depends),
        environment=environment,
        environment_key=_hash(environment),
        records=tuple(scrub(record) for record in execution.records),
        figures=execution.figures,
        beside=tuple(sorted(beside)),
    )


def _status(snippet: Snippet, exit_code: int | None, checks: Sequence[Check]) -> str:
    """Return `passed`, `failed`, `timeout`, or `skipped` where the machine lacks something."""
    if exit_code is None:
        return "timeout"
    if all(check.ok for check in checks):
        return "passed"
    return "skipped" if exit_code and exit_code == snippet.missing_exit else "failed"


def code_key(text: str, expects: Sequence[str], depends: Dependencies) -> str:
    """Return the hash over text, expectations and everything that was executed and read."""
    return _hash([text, list(expects), depends.code, depends.files, depends.values])


def _hash(value: Any) -> str:
    """Return the SHA-256 of a value's JSON form."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def _command(snippet: Snippet, work: Path) -> list[str]:
    """Return program and arguments that execute a snippet."""
    if snippet.language == "python":
        (work / "snippet.py").write_text(snippet.text + "\n", "utf-8")
        return [sys.executable, "snippet.py"]
    script = "\n".join(commands(snippet.text))
    if shutil.which("bash"):
        return ["bash", "-euo", "pipefail", "-c", script]
    return ["sh", "-eu", "-c", script]


def commands(text: str) -> list[str]:
    """Return the lines to execute of a console text.

    Where lines start with `$ `, only those and their continuations are commands; the
    rest shows output.
    """
    lines = text.split("\n")
    if not any(line.startswith("$ ") for line in lines):
        return lines
    found: list[str] = []
    for line in lines:
        if line.startswith("$ "):
            found.append(line[2:])
        elif found and found[-1].endswith("\\"):
            found.append(line.removeprefix("> "))
    return found


def _variables(config: Config, place: _Place) -> dict[str, str]:
    """Return the whole environment of an execution.

    Where the caller wants no bytecode beside sources, it goes to the cache folder: a command
    that compiles every library anew at each start takes twice as long.
    """
    caller = os.environ
    kept = {name: caller[name] for name in _PASSED_ON if name in caller}
    scripts = str(Path(sys.executable).parent)
    path = [scripts, *caller.get("PATH", os.defpath).split(os.pathsep)]
    fixed = {
        "PATH": os.pathsep.join(dict.fromkeys(path)),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        ROOT_VARIABLE: str(config.root),
    }
    if config.record_dir_env:
        fixed[config.record_dir_env] = str(place.records)
    if caller.get("PYTHONDONTWRITEBYTECODE"):
        fixed["PYTHONPYCACHEPREFIX"] = str(config.cache.resolve() / "bytecode")
    traced = trace.variables(config, place.dump, caller.get("PYTHONPATH", ""))
    return {**kept, **fixed, **traced}


def _records(folder: Path) -> tuple[tuple[dict[str, Any], ...], list[Check]]:
    """Return the run records of a folder, and a failed check for each that is none."""
    found: list[dict[str, Any]] = []
    broken = []
    for path in sorted(folder.rglob("*.json"), key=lambda p: (p.stat().st_mtime_ns, p.name)):
        try:
            record = json.loads(path.read_bytes())
        except ValueError as error:
            record = str(error)
        if isinstance(record, dict):
            found.append(record)
        else:
            got = f"no JSON object: {str(record)[:100]}"
            broken.append(Check(expect=f"run record {path.name}", actual=got, ok=False))
    return tuple(found), broken


def _names(place: _Place, config: Config) -> tuple[tuple[str, str], ...]:
    """Return folders of this machine and what stands for them in a result."""
    found = [
        (str(place.work), "."),
        (str(place.records), f"${config.record_dir_env or 'RECORDS'}"),
        (str(config.root.resolve()), "PROJECT"),
        (sysconfig.get_path("purelib"), "site-packages"),
        (sysconfig.get_path("stdlib"), "python"),
        (str(Path(sys.executable).parent), "bin"),
        (str(Path.home()), "~"),
    ]
    return tuple((folder, word) for folder, word in found if len(folder) > 1)


def _scrub(value: Any, places: tuple[tuple[str, str], ...]) -> Any:
    """Return a value in which no folder of this machine is named."""
    if isinstance(value, str):
        for folder, word in places:
            value = value.replace(folder, word)
        return value
    if isinstance(value, dict):
        return {key: _scrub(item, places) for key, item in value.items()}
    if isinstance(value, list):
        return [_scrub(item, places) for item in value]
    return value


def _tail(text: str) -> str:
    """Return the end of a long text, with a line that says so."""
    if len(text) <= KEPT_CHARACTERS:
        return text
    left_out = len(text) - KEPT_CHARACTERS
    return f"[{left_out} characters before are left out]\n{text[-KEPT_CHARACTERS:]}"
