"""The `harness` command; importing this package registers its subcommands."""

from __future__ import annotations

from runtime.cli import (
    completion,
    compliance,
    conf,
    doctor,
    explain,
    listing,
    mig,
    run,
    submission,
)
from runtime.cli.group import main

__all__ = [
    "completion",
    "compliance",
    "conf",
    "doctor",
    "explain",
    "listing",
    "main",
    "mig",
    "run",
    "submission",
]
