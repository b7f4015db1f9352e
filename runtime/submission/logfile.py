"""A detail log, read strictly: what a submission states must be in it once, and whole."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from runtime.loadgen.logs import MARK

REPEATED = ("effective_", "requested_", "result_", "early_stopping", "loadgen_", "sut_name")
"""Starts of keys that stand in a log once."""

_BULKY = '"key": "loaded_qsl_set"'


@dataclass
class Log:
    """The facts of one detail log."""

    values: dict[str, Any] = field(default_factory=dict)
    """First value of each key."""
    errors: list[str] = field(default_factory=list)
    """Text of each line that LoadGen marked as an error."""
    faults: list[str] = field(default_factory=list)
    """What is wrong with the form of the log."""

    def number(self, key: str) -> float | None:
        """Return a value as a number; None where the log has no number there."""
        value = self.values.get(key)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return value if is_number else None

    @property
    def scenario(self) -> str:
        """Return LoadGen's scenario; empty where the log has none."""
        return str(self.values.get("effective_scenario", ""))

    @property
    def wheel(self) -> str:
        """Return the version of LoadGen; empty where the log has none."""
        return str(self.values.get("loadgen_version", "")).partition(" ")[0]


def read_log(text: str) -> Log:
    """Return the facts of a detail log, with what is wrong with its form."""
    log = Log()
    for number, line in enumerate(text.splitlines(), 1):
        if _BULKY in line and line.startswith(MARK) and line.endswith("}"):
            continue  # a megabyte of indices that no rule needs
        try:
            if not line.startswith(MARK):
                raise ValueError("no mark")  # noqa: TRY301 - one report for both faults
            item = json.loads(line[len(MARK) :])
            _take(log, item["key"], item["value"], bool(item["metadata"]["is_error"]))
        except (ValueError, KeyError, TypeError):
            log.faults.append(f"line {number} is no line of LoadGen: {line[:60]!r}")
    if not log.values:
        log.faults.append("no line of LoadGen")
    return log


def _take(log: Log, key: str, value: Any, is_error: bool) -> None:
    """Keep one line."""
    if is_error:
        log.errors.append(f"{key}: {value}")
    if key in log.values and log.values[key] != value and key.startswith(REPEATED):
        log.faults.append(f"{key} is {log.values[key]!r} and {value!r}")
    log.values.setdefault(key, value)
