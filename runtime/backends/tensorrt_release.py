"""Which TensorRT is installed, and what it has: 10 and 11, with a small branch for 8.5 and 8.6."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from runtime.errors import MissingError, Problem
from runtime.troubles.engines import TENSORRT_VERSION

NEWEST = 11
"""Newest major version that the backend knows."""

STRONG = 10
"""First major version whose networks are strongly typed, and whose builder tells its progress."""

OLD = ((8, 5), (8, 6))
"""Releases before it that the backend knows."""


@dataclass(frozen=True)
class Release:
    """A version of TensorRT."""

    text: str
    """All of it: `10.9.0.34`."""
    major: int
    """First number."""
    minor: int
    """Second number."""

    @property
    def strongly_typed(self) -> bool:
        """Return whether the number formats of a network are those of its file."""
        return self.major >= STRONG

    @property
    def shares_profiles(self) -> bool:
        """Return whether two execution contexts may use one optimization profile."""
        return self.major >= STRONG


def parse_release(text: str) -> Release:
    """Return a version that the backend knows.

    Raises:
        MissingError: It is another one.
    """
    found = re.match(r"(\d+)\.(\d+)", text)
    major, minor = (int(found[1]), int(found[2])) if found else (0, 0)
    if (major, minor) in OLD or STRONG <= major <= NEWEST:
        return Release(text, major, minor)
    raise _wrong(text or "one without a version")


def load_tensorrt() -> tuple[Any, Release]:
    """Return the module `tensorrt` and its version.

    Raises:
        MissingError: It is not installed, does not load, or is of another version.
    """
    try:
        import tensorrt
    except ImportError as error:
        raise _wrong(str(error)) from error
    return tensorrt, parse_release(str(getattr(tensorrt, "__version__", "")))


def _wrong(got: str) -> MissingError:
    """Return the error for a TensorRT that is of no use."""
    want = "TensorRT 10 or 11 (or 8.5, 8.6)"
    do = "pip install 'tensorrt>=10,<12'"
    return MissingError(Problem("backend", want, got, do, TENSORRT_VERSION.code))
