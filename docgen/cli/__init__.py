"""The `docgen` command: build, check, test, serve, export, explain, completion."""

from __future__ import annotations

from docgen.cli import build, check, completion, explain, export, serve, test
from docgen.cli.group import main

__all__ = ["build", "check", "completion", "explain", "export", "main", "serve", "test"]
