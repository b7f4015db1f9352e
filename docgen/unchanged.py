"""Whether a site is what its last build left behind, made from the very same input.

Then nothing has to be rendered or given to Sphinx, which would read its whole environment
to find that out. The input is compared by content, the output by sizes and times of its
files. Only sites without a `conf.py` of their own qualify: such a file can depend on
anything.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from docgen.config import bundled_templates
from docgen.writing import write_atomically

if TYPE_CHECKING:
    from docgen.catalog import Catalog
    from docgen.config import Config
    from docgen.evidence import Evidence

STATE = "site.msgpack"
"""File in the cache that describes the last complete build."""

TOOLS = (
    *("sphinx", "docutils", "myst-parser", "markdown-it-py", "mdit-py-plugins", "pygments"),
    *("pydata-sphinx-theme", "sphinx-design", "sphinx-copybutton", "jinja2", "matplotlib"),
    *("beautifulsoup4", "snowballstemmer", "babel"),
)
"""Distributions whose versions decide what a site looks like."""

Stats = dict[str, tuple[int, int]]
"""Size in bytes and time of change in nanoseconds, by path below a folder."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A complete build: what it was made of, and what it left."""

    key: str
    """Hash over everything that the pages and the site depend on."""
    docs: Stats
    """Files of the folder of pages."""
    site: Stats
    """Files of the site."""
    shown: dict[str, str]
    """Hash of every file of the tree that the site shows, by path."""
    generated: int
    """Generated files."""
    pages: int
    """Pages of the site."""


def qualifies(config: Config) -> bool:
    """Tell whether all that a site depends on is known."""
    return not config.since and not (config.docs / "conf.py").exists()


def make_key(catalog: Catalog, evidence: Evidence, config: Config) -> str:
    """Return a hash over everything that the pages and the site depend on."""
    digest = hashlib.sha256(msgspec.msgpack.encode(catalog))
    digest.update(make_frame(evidence, config))
    return digest.hexdigest()


def make_frame(evidence: Evidence, config: Config) -> bytes:
    """Return a hash over what pages depend on beside the Catalog.

    That is the evidence, the configuration, docgen itself, the templates, and the libraries.
    """
    digest = hashlib.sha256(hash_tools())
    for judged in evidence.judged:
        parts = [judged.state.value, judged.reason, judged.snippet, judged.result]
        digest.update(msgspec.msgpack.encode(parts))
    digest.update(repr(config).encode("utf-8", "backslashreplace"))
    for folder in dict.fromkeys((config.templates, bundled_templates())):
        digest.update(_hash_files(folder))
    return digest.digest()


@functools.cache
def hash_tools() -> bytes:
    """Return a hash over docgen itself, the libraries that pages depend on, and Python.

    Looked at once: what a process has loaded stays as it is.
    """
    digest = hashlib.sha256(platform.python_version().encode())
    for tool in TOOLS:
        digest.update(f"{tool} {_version(tool)}\n".encode())
    digest.update(_hash_files(Path(__file__).parent))
    return digest.digest()


def _hash_files(folder: Path) -> bytes:
    """Return a hash over names and contents of the files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            name, data = os.fsencode(path.relative_to(folder)), path.read_bytes()
            digest.update(b"%d %b\0%d " % (len(name), name, len(data)) + data)
    return digest.digest()


def _version(tool: str) -> str:
    """Return the version of a distribution; empty where it is not installed."""
    try:
        return version(tool)
    except PackageNotFoundError:
        return ""


def find(key: str, config: Config) -> State | None:
    """Return the last build where it had this key and nothing was changed since; else None."""
    state = _read(config.cache / STATE)
    if state is None or state.key != key:
        return None
    same = (
        state.docs == dict(_stats(config.docs))
        and state.site == dict(_stats(config.site))
        and state.shown == dict(_hashes(config.root, state.shown))
    )
    return state if same else None


def forget(config: Config) -> None:
    """Forget the last build, because another one begins."""
    (config.cache / STATE).unlink(missing_ok=True)


def keep(key: str, config: Config, shown: Iterable[str], *, generated: int, pages: int) -> None:
    """Remember a complete build; where that cannot be written, the next one does everything."""
    state = State(
        key=key,
        docs=dict(_stats(config.docs)),
        site=dict(_stats(config.site)),
        shown=dict(_hashes(config.root, shown)),
        generated=generated,
        pages=pages,
    )
    try:
        write_atomically(config.cache / STATE, msgspec.msgpack.encode(state))
    except OSError:
        return


def _read(path: Path) -> State | None:
    """Return a remembered build; None where there is none that can be read."""
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=State)
    except (OSError, msgspec.MsgspecError):
        return None


def _stats(folder: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield path, size and time of change of every file below a folder."""
    for here, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(here, name)  # noqa: PTH118 - thousands of files: a Path each costs
            status = os.lstat(path)
            yield os.path.relpath(path, folder), (status.st_size, status.st_mtime_ns)


def _hashes(root: Path, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield every path below a root with the hash of its file; empty where it is not there."""
    for path in paths:
        try:
            yield path, hashlib.sha256((root / path).read_bytes()).hexdigest()
        except OSError:
            yield path, ""
