"""What only the submitter knows: a TOML file, read and checked at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime.errors import ArtifactError, ConfigError, Problem, suggest
from runtime.policies.systems import DIVISIONS, STATUS, SYSTEM_KEYS, SYSTEM_TYPES

TOP_KEYS = ("division", "submitter", "system_id", "calibration", "system", "measurements")
"""Keys at the top of the file."""

MEASUREMENT_KEYS = (
    "input_data_types",
    "retraining",
    "starting_weights_filename",
    "weight_data_types",
    "weight_transformations",
)
"""Keys of the table `measurements`; those that the runs tell may be left out."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
"""Form of names that become folders."""


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What the submitter says of system, model and himself."""

    division: str
    """`closed`, `open` or `network`."""
    submitter: str
    """Name of the submitter's folder."""
    system_id: str
    """Name of the system's folder and file."""
    calibration: str
    """Text on how the weights were made."""
    system: dict[str, str] = field(default_factory=dict)
    """Values of the systems JSON; they win over what the runs tell."""
    measurements: dict[str, str] = field(default_factory=dict)
    """Values of each measurements.json; they win over what the runs tell."""


def read_metadata(path: Path) -> Metadata:
    """Return what a TOML file says.

    Raises:
        ArtifactError: The file cannot be read.
        ConfigError: With everything that is wrong in it.
    """
    import sys

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        got = error.strerror or str(error)
        do = "write one with `harness submission init FILE`"
        raise ArtifactError(Problem(f"--metadata {path}", "a file", got, do)) from error
    except ValueError as error:
        raise ConfigError(Problem(f"--metadata {path}", "TOML", str(error), "mend it")) from error
    return parse_metadata(said, path.name)


def parse_metadata(said: dict[str, Any], where: str) -> Metadata:
    """Return the metadata of a parsed TOML file.

    Raises:
        ConfigError: With every key that is absent or unknown, and every value that cannot be.
    """
    system = {k: str(v) for k, v in dict(said.get("system") or {}).items()}
    measurements = {k: str(v) for k, v in dict(said.get("measurements") or {}).items()}
    problems = [
        *_unknown(said, TOP_KEYS, where),
        *_unknown(system, (*SYSTEM_KEYS, "host_processor_vcpu_count"), f"{where} [system]"),
        *_unknown(measurements, MEASUREMENT_KEYS, f"{where} [measurements]"),
        *_choice(said, "division", DIVISIONS, where),
        *_choice(system, "status", STATUS, f"{where} [system]"),
        *_choice(system, "system_type", SYSTEM_TYPES, f"{where} [system]"),
    ]
    for key in ("submitter", "system_id"):
        value = str(said.get(key, ""))
        if not NAME.fullmatch(value):
            want = "a name of letters, digits, and _ . + - (it becomes a folder)"
            problems.append(Problem(f"{where} {key}", want, repr(value), "write one"))
    if not str(said.get("calibration", "")).strip():
        want = "a text on how the weights were made"
        do = "write it; that they were not changed is a text, too"
        problems.append(Problem(f"{where} calibration", want, "none", do))
    if problems:
        raise ConfigError(problems)
    return Metadata(
        division=said["division"],
        submitter=said["submitter"],
        system_id=said["system_id"],
        calibration=said["calibration"],
        system=system,
        measurements=measurements,
    )


def _unknown(said: dict[str, Any], known: tuple[str, ...], where: str) -> list[Problem]:
    """Return the problem of each key that is none."""
    return [
        Problem(where, "a known key", repr(key), suggest(key, known))
        for key in said
        if key not in known
    ]


def _choice(said: dict[str, Any], key: str, known: tuple[str, ...], where: str) -> list[Problem]:
    """Return the problem of a value that is none of the known ones."""
    value = str(said.get(key, ""))
    if value in known:
        return []
    return [Problem(f"{where} {key}", f"one of: {'; '.join(known)}", repr(value), "write one")]
