"""The `docgen` command: build, check, lint, diff, test, serve, export, explain, completion."""

from __future__ import annotations

from docgen.cli import build, check, completion, diff, explain, export, lint, serve, test
from docgen.cli.group import main

__all__ = [
    "build",
    "check",
    "completion",
    "diff",
    "explain",
    "export",
    "lint",
    "main",
    "serve",
    "test",
]
