"""How grave findings are, and the forms in which commands print them."""

from __future__ import annotations

SEVERITIES = ("error", "warning", "info")
"""From the gravest to the least grave."""

FORMATS = ("text", "json", "sarif", "github")
"""Forms of findings: for people, for programs, for code scanning, for GitHub Actions."""

COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}
"""Colour of a finding on a terminal."""
