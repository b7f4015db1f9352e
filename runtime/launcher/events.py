"""What a member tells: JSON lines on a pipe, or marks in its output.

Times are those of CLOCK_MONOTONIC, which all processes of a machine share. An event carries
the time at which the member sent it, so that a late reader judges as well as a prompt one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LINE_LIMIT = 65_536
"""Longest line that is an event, in bytes; what is longer is dropped."""

CHUNK = 1 << 20
"""Bytes that one look at an output file reads at most."""


@dataclass(kw_only=True)
class Told:
    """What a member told so far."""

    phase: str = ""
    """Phase of its last report."""
    begun: float | None = None
    """When its timed part began; None while it has not."""
    ended: float | None = None
    """When its timed part ended; None while it has not."""
    last: float | None = None
    """Time of its last report from within the timed part."""
    stepped: float | None = None
    """Time of the last report with more done than before."""
    done: int = 0
    """Units finished in the timed part."""
    total: int = 0
    """Units of the timed part, as far as one can tell; 0 where nobody can."""
    unit: str = ""
    """What is counted."""
    steps: list[tuple[float, int]] | None = None
    """Time and `done` of each report of the timed part; None where it sends no events."""
    result: dict[str, Any] | None = None
    """Its result: `verdict`, and `record` where it wrote one."""
    error: str = ""
    """What it said went wrong."""
    garbage: int = 0
    """Lines on the pipe that were no events."""

    def take(self, line: bytes) -> None:
        """Take in one line; one that is no event is counted and dropped."""
        try:
            item = json.loads(line)
            kind, at = item["event"], float(item.get("at", 0.0))
            if kind == "progress":
                self._progress(item, at)
            elif kind == "result":
                self.result = {**item, "verdict": str(item["verdict"])}
                if self.begun is not None and self.ended is None:
                    self.ended = at
            elif kind == "error":
                self.error = self.error or str(item["text"])
        except (ValueError, KeyError, TypeError, AttributeError):
            self.garbage += 1

    def _progress(self, item: dict[str, Any], at: float) -> None:
        """Take in a report; the phase's own clock says when it began."""
        phase, elapsed = str(item["phase"]), float(item["elapsed_s"])
        done = int(item["done"])
        if phase == "timed":
            if self.begun is None:
                self.begun, self.steps = at - elapsed, []
            if self.steps is not None:
                self.steps.append((at, done))
            if self.stepped is None or done > self.done:
                self.stepped = at
            self.last, self.done = at, done
            self.total, self.unit = int(item["total"]), str(item["unit"])
        elif self.begun is not None and self.ended is None:
            self.ended = at - elapsed
        self.phase = phase

    def rate(self, begin: float, end: float) -> float | None:
        """Return the units per second between two times; None where too little was told.

        Args:
            begin: Start of the interval.
            end: End of the interval.
        """
        inside = [s for s in self.steps or [] if begin <= s[0] <= end]
        if len(inside) < 2 or inside[-1][0] <= inside[0][0]:  # noqa: PLR2004 - a rate has two ends
            return None
        return (inside[-1][1] - inside[0][1]) / (inside[-1][0] - inside[0][0])


class Lines:
    """Cuts what comes through a pipe into lines; a line without an end costs bounded memory."""

    def __init__(self) -> None:
        self._rest = b""
        self._skip = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that are whole now."""
        *lines, rest = (self._rest + data).split(b"\n")
        if lines and self._skip:
            lines[0], self._skip = b"", False
        if len(rest) > LINE_LIMIT:
            rest, self._skip = b"", True
        self._rest = rest
        return [line for line in lines if line and len(line) <= LINE_LIMIT]


class Watch:
    """Looks for marks in a file that grows; reads what is new, however much that is."""

    def __init__(self, path: Path, *marks: str) -> None:
        self._path = path
        self._open = [m.encode() for m in marks if m]
        self._at = 0
        self._overlap = max((len(m) for m in self._open), default=1) - 1

    def look(self) -> set[str]:
        """Return the marks that came since the last look; each is told once."""
        seen: set[str] = set()
        if not self._open:
            return seen
        with self._path.open("rb") as file:
            file.seek(max(0, self._at - self._overlap))
            while data := file.read(CHUNK):
                self._at = file.tell()
                for mark in [m for m in self._open if m in data]:
                    self._open.remove(mark)
                    seen.add(mark.decode())
                if len(data) < CHUNK or not self._open:
                    break
                file.seek(self._at - self._overlap)
        return seen
