"""The `harness` command; importing this package registers its subcommands."""

from __future__ import annotations

from runtime.cli import (
    calibrate,
    completion,
    compliance,
    conf,
    doctor,
    explain,
    listing,
    mig,
    migapply,
    migrun,
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
    "explain",
    "listing",
    "main",
    "mig",
    "migapply",
    "migrun",
    "quantize",
    "run",
    "submission",
    "tune",
]
