"""Reads what LoadGen wrote: the detail log's facts, and the answers of an accuracy run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime.errors import ArtifactError, Problem
from runtime.troubles.verdicts import UNREADABLE_LOG

LOGS = "loadgen"
"""Folder of LoadGen's own files, inside the run's folder."""

MARK = ":::MLLOG "
"""What every line of the detail log starts with."""

DETAIL = "mlperf_log_detail.txt"
"""Name of LoadGen's machine-readable log."""

ACCURACY = "mlperf_log_accuracy.json"
"""Name of LoadGen's log of answers."""

_BULKY = '"key": "loaded_qsl_set"'


@dataclass(frozen=True)
class Detail:
    """The detail log of one test."""

    values: dict[str, Any] = field(default_factory=dict)
    """Last value of each key."""
    errors: tuple[str, ...] = ()
    """Text of each line that LoadGen marked as an error."""
    warnings: tuple[str, ...] = ()
    """Text of each line that LoadGen marked as a warning."""

    def number(self, key: str) -> float | None:
        """Return a value as a number; None where the log does not have it."""
        value = self.values.get(key)
        return float(value) if isinstance(value, (int, float)) else None

    def milliseconds(self, key: str) -> float | None:
        """Return a value in ns as ms; None where the log does not have it."""
        value = self.number(key)
        return None if value is None else value / 1e6

    @property
    def valid(self) -> bool:
        """Return whether LoadGen called the run VALID."""
        return self.values.get("result_validity") == "VALID"


def read_detail(path: Path) -> Detail:
    """Return the facts of a detail log; a line that is cut off is left out.

    Raises:
        ArtifactError: The file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise _unreadable(path, error) from error
    values: dict[str, Any] = {}
    marked: dict[str, list[str]] = {"is_error": [], "is_warning": []}
    for line in text.splitlines():
        if not line.startswith(MARK) or _BULKY in line:
            continue
        try:
            item = json.loads(line[len(MARK) :])
        except ValueError:
            continue
        values[item["key"]] = item["value"]
        for flag, texts in marked.items():
            if item.get("metadata", {}).get(flag):
                texts.append(f"{item['key']}: {item['value']}")
    return Detail(values, tuple(marked["is_error"]), tuple(marked["is_warning"]))


def read_answers(path: Path) -> dict[int, bytes]:
    """Return the bytes of each answer of an accuracy log, by sample index.

    Raises:
        ArtifactError: The file cannot be read, or is no accuracy log.
    """
    try:
        items = json.loads(path.read_bytes())
        return {item["qsl_idx"]: bytes.fromhex(item["data"]) for item in items}
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, KeyError, TypeError) as error:
        got = f"{type(error).__name__}: {error}"
        raise ArtifactError(
            Problem(
                str(path),
                "LoadGen's accuracy log",
                got,
                "run the accuracy mode again",
                UNREADABLE_LOG.code,
            )
        ) from error


def _unreadable(path: Path, error: OSError) -> ArtifactError:
    got = error.strerror or str(error)
    do = "see the run's child.stderr"
    return ArtifactError(Problem(str(path), "a log of LoadGen", got, do, UNREADABLE_LOG.code))
