"""The `harness` command; importing this package registers its subcommands."""

from __future__ import annotations

from runtime.cli import (
    calibrate,
    completion,
    compliance,
    conf,
    detect,
    doctor,
    engine,
    explain,
    fit,
    listing,
    mig,
    migapply,
    migrun,
    quantize,
    run,
    submission,
    triton,
    tune,
)
from runtime.cli.group import main

__all__ = [
    "calibrate",
    "completion",
    "compliance",
    "conf",
    "detect",
    "doctor",
    "engine",
    "explain",
    "fit",
    "listing",
    "main",
    "mig",
    "migapply",
    "migrun",
    "quantize",
    "run",
    "submission",
    "triton",
    "tune",
]
