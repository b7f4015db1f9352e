"""What a server's log says of a failure: the model, and the server's own line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

TAIL_CHARS = 2_000
"""How much of a log a message shows."""

_HARMLESS = ("CudaDriverHelper has not been initialized", "Failed to initialize NVML")
"""Error lines that every start on a machine without a GPU has."""

_HEAD = re.compile(r"^[EIWF]\d{4} [\d:.]+ +\d+ \S+\] ")
_LOAD = re.compile(r"failed to load '([^']+)' version (\d+): (.*)")
_POLL = re.compile(r"Poll failed for model directory '([^']+)': (.*)")
_BACKEND = re.compile(r"unable to find backend library for backend '([^']+)'")
_PORT = re.compile(r"failed to start (\w+) service: .*|Socket '[^']*' already in use")
_STUB = re.compile(r"Failed to (?:pre)?initialize Python stub: (.*)")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One thing that kept a server from serving."""

    kind: str
    """`model`, `backend`, `port`, `stub` or `other`."""
    model: str
    """Name of the model; empty where it is about none."""
    line: str
    """The server's own words, on one line."""


def read_failures(text: str) -> list[Failure]:
    """Return what a log says of failures, the most telling ones first, none twice."""
    found: dict[tuple[str, str], Failure] = {}
    for raw in text.splitlines():
        if any(words in raw for words in _HARMLESS):
            continue
        failure = _failure(raw)
        if failure is not None:
            found.setdefault((failure.kind, failure.model), failure)
    order = ("backend", "model", "port", "stub", "other")
    return sorted(found.values(), key=lambda f: order.index(f.kind))


def read_tail(path: Path, chars: int = TAIL_CHARS) -> str:
    """Return the end of a log; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")[-chars:].strip()
    except OSError:
        return ""


def _failure(raw: str) -> Failure | None:
    """Return the failure of one line; None for any other line."""
    line = _HEAD.sub("", raw).strip().strip('"').strip()
    for pattern in (_LOAD, _POLL):
        match = pattern.search(line)
        if match:
            words = _first(match[match.lastindex or 1])
            kind = "backend" if _BACKEND.search(words) else "model"
            return Failure(kind=kind, model=match[1], line=words)
    if _PORT.search(line):
        return Failure(kind="port", model="", line=line)
    stub = _STUB.search(line)
    if stub:
        return Failure(kind="stub", model="", line=_first(stub[1]))
    if raw.startswith(("error:", "E")) and line:
        return Failure(kind="other", model="", line=_first(line.removeprefix("error: ")))
    return None


def _first(text: str) -> str:
    """Return the first line of a text whose line ends the log wrote as backslash and n."""
    return text.split("\\n", maxsplit=1)[0].strip().rstrip('"').strip()
