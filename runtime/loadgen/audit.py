"""Compliance runs: the audit.config of each test, in a folder of its own.

LoadGen reads `audit.config` from the working directory of the process and lets it
overwrite the settings. So a compliance run's child works in a folder that holds nothing
else, and every other run refuses to start where such a file lies.
"""

from __future__ import annotations

from pathlib import Path

from runtime import artifacts
from runtime.errors import ConfigError, Problem, suggest
from runtime.loadgen.settings import AUDIT_NAME, refuse_audit

AUDIT_FOLDER = "audit"
"""Folder inside a compliance run's folder that is the child's working directory."""

PERFORMANCE_MODE = 2
"""LoadGen's number of the mode PerformanceOnly."""

TESTS: dict[str, dict[str, int]] = {
    "TEST01": {
        "mode": PERFORMANCE_MODE,
        "accuracy_log_rng_seed": 720381539243781796,
        "accuracy_log_sampling_target": 4096,
    },
    "TEST04": {
        "mode": PERFORMANCE_MODE,
        "performance_issue_unique": 0,
        "performance_issue_same": 1,
        "performance_issue_same_index": 3,
    },
}
"""What each test sets, for the benchmarks whose outputs are small.

Source: mlcommons/inference@b66003e10 compliance/TEST01/resnet50/audit.config and
    compliance/TEST04/audit.config (the values).
"""


def audit_text(test: str) -> str:
    """Return the audit.config of a test.

    Raises:
        ConfigError: The test is none that this harness can run.
    """
    if test not in TESTS:
        do = suggest(test, sorted(TESTS))
        raise ConfigError(Problem("compliance test", "one that can be run here", repr(test), do))
    lines = [f"# {test}: overwrites LoadGen's settings; only for the run of this folder."]
    lines += [f"*.*.{key} = {value}" for key, value in TESTS[test].items()]
    return "\n".join(lines) + "\n"


def write_audit(test: str, run: Path) -> Path:
    """Write a test's audit.config into a new folder of the run and return that folder.

    Raises:
        ConfigError: The test is none that this harness can run.
        ArtifactError: The folder cannot be written.
    """
    home = run / AUDIT_FOLDER
    artifacts.atomic_write(home / AUDIT_NAME, audit_text(test).encode())
    return home


def check_audit(test: str, home: Path) -> None:
    """Raise ConfigError where a working directory does not fit the run.

    Args:
        test: Compliance test of the run; empty for an ordinary one.
        home: Working directory of the process.
    """
    if not test:
        refuse_audit(home)
        return
    path = home / AUDIT_NAME
    try:
        found = path.read_text(encoding="utf-8")
    except OSError as error:
        found = error.strerror or str(error)
    if found != audit_text(test):
        do = "start the run with `harness compliance run`, which writes it"
        raise ConfigError(Problem(str(path), f"the {AUDIT_NAME} of {test}", "another text", do))
