"""The `harness` command; importing this package registers its subcommands."""

from __future__ import annotations

from runtime.cli import (
    calibrate,
    completion,
    compliance,
    conf,
    doctor,
    engine,
    explain,
    listing,
    mig,
    quantize,
    run,
    submission,
    tune,
)
from runtime.cli.group import main

__all__ = [
    "calibrate",
    "completion",
    "compliance",
    "conf",
    "doctor",
    "engine",
    "explain",
    "listing",
    "main",
    "mig",
    "quantize",
    "run",
    "submission",
    "tune",
]
