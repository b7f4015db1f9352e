"""Live preview: rebuilds when inputs change, never because of its own outputs.

A rebuild writes pages, evidence, cache and site; all of these are left out of what is
watched, and a change counts only when the text of an input differs, so a rebuild that
touches a file starts no other one. Rebuilds run in a process of their own, so edits of
templates, views and the extension take effect too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docgen.errors import OutputError, Problem

if TYPE_CHECKING:
    from docgen.config import Config

HOST = "127.0.0.1"
"""The only address that is served: nobody else on the network sees a preview."""

QUIET_MS = 300
"""Milliseconds without a further change before a rebuild starts."""

_SKIPPED_PARTS = {"__pycache__", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".nox"}


class Inputs:
    """What a site is made of, by content."""

    def __init__(self, config: Config) -> None:
        """Hold the folders that are watched and those that are written."""
        api = (name.replace(".", "/") for name in (*config.packages, *config.api))
        sources = [config.root / name for name in dict.fromkeys(api)]
        self._config = config
        self.folders = [path for path in (config.docs, config.templates, *sources) if path.is_dir()]
        self._outputs = [config.site, config.cache, config.store]
        self._known = self.hashes()

    def files(self) -> Iterator[Path]:
        """Yield every input file."""
        generated = self._generated()
        yield self._config.root / "pyproject.toml"
        for folder in self.folders:
            for path in folder.rglob("*"):
                if path.is_file() and self.is_input(path, generated):
                    yield path

    def is_input(self, path: Path, generated: frozenset[Path] | None = None) -> bool:
        """Return whether a file is written by people, not by a build."""
        if any(part in _SKIPPED_PARTS or part.startswith(".#") for part in path.parts):
            return False
        if path.name.startswith(".") or path.suffix in {".pyc", ".swp", ".tmp"}:
            return False
        if any(path.is_relative_to(folder) for folder in self._outputs):
            return False
        return path not in (self._generated() if generated is None else generated)

    def _generated(self) -> frozenset[Path]:
        """Return the pages that the manifest lists as generated."""
        from docgen.render import MANIFEST

        docs = self._config.docs
        try:
            listed = json.loads((docs / MANIFEST).read_text("utf-8"))["files"]
        except (OSError, ValueError, KeyError, TypeError):
            return frozenset()
        return frozenset(docs / name for name in listed)

    def hashes(self) -> dict[Path, str]:
        """Return a hash of every input."""
        found = {}
        for path in self.files():
            with contextlib.suppress(OSError):  # gone since it was listed
                found[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def changed(self) -> list[Path]:
        """Return the inputs that differ since the last call, and remember them."""
        now = self.hashes()
        before, self._known = self._known, now
        return sorted(p for p in before.keys() | now.keys() if before.get(p) != now.get(p))


class _Handler(SimpleHTTPRequestHandler):
    """Serves the site without caching and without a line for every request."""

    def end_headers(self) -> None:
        """Tell browsers to ask again."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def open_server(site: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of the site on the loopback address; port 0 takes a free one.

    Raises:
        OutputError: The port is taken.
    """
    try:
        return ThreadingHTTPServer((HOST, port), partial(_Handler, directory=str(site)))
    except OSError as error:
        got = error.strerror or str(error)
        raise OutputError(
            Problem(f"--port {port}", "a free port", got, "give another one, or 0 for any")
        ) from error


def rebuild(config: Config, *, run: bool) -> tuple[bool, str]:
    """Build in a process of its own; return whether it went well, and what it said."""
    command = [sys.executable, "-m", "docgen", "build", "--root", str(config.root)]
    command += ["--allow-warnings"] + ([] if run else ["--no-run"])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0, (done.stdout if done.returncode == 0 else done.stderr).strip()


def follow(
    inputs: Inputs,
    changes: Iterable[Any],
    on_change: Callable[[list[Path]], None],
) -> None:
    """Call back for every change of an input, until the changes end.

    Args:
        inputs: What counts.
        changes: Yields whenever something happened in the watched folders.
        on_change: Called with the inputs whose text differs.
    """
    for _ in changes:
        changed = inputs.changed()
        if changed:
            on_change(changed)


def watch_folders(inputs: Inputs, stop: threading.Event | None = None) -> Iterator[Any]:
    """Yield whenever files of the watched folders changed and then kept still.

    Yields once as soon as the folders are watched: what was edited before that has
    left no event.
    """
    from watchfiles import watch

    started = False
    for changes in watch(
        *inputs.folders,
        watch_filter=lambda _, path: inputs.is_input(Path(path)),
        debounce=10_000,
        step=QUIET_MS,
        rust_timeout=QUIET_MS,
        yield_on_timeout=True,
        stop_event=stop,
        raise_interrupt=False,
    ):
        if changes or not started:
            started = True
            yield changes
