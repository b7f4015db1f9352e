"""The `harness` command: list, run, mig, doctor, explain, conf, completion."""

from __future__ import annotations

from runtime.cli import completion, conf, doctor, explain, listing, mig, run
from runtime.cli.group import main

__all__ = ["completion", "conf", "doctor", "explain", "listing", "main", "mig", "run"]
