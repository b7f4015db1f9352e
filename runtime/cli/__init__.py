"""The `harness` command: list, run, compliance, submission, mig, doctor, explain, conf, completion."""

from __future__ import annotations

from runtime.cli import (
    compliance,
    completion,
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
    "compliance",
    "completion",
    "conf",
    "doctor",
    "explain",
    "listing",
    "main",
    "mig",
    "run",
    "submission",
]
