"""The `harness` command: list, run, mig, doctor, completion."""

from __future__ import annotations

from runtime.cli import completion, doctor, listing, mig, run
from runtime.cli.group import main

__all__ = ["completion", "doctor", "listing", "main", "mig", "run"]
