"""Progress of `lint` and `diff`: a bar for people at a terminal, nothing in a pipe."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from docgen.lint import PARTS, run
from docgen.trees import load_source

RACK = Path(__file__).parent / "fixtures_exports" / "rack"
COMMANDS = (["lint", "--fail-on", "never", "--source", str(RACK)], ["diff", str(RACK), str(RACK)])


def on_terminal(command: list[str], cache: Path) -> tuple[str, str]:
    """Run docgen with a terminal for stderr; return stdout and what the terminal got."""
    master, slave = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "docgen", *command],
        stdout=subprocess.PIPE,
        stderr=slave,
        env={**os.environ, "DOCGEN_CACHE": str(cache), "TERM": "xterm", "COLUMNS": "100"},
        check=True,
        text=True,
    )
    os.close(slave)
    told = b""
    try:
        while part := os.read(master, 65536):
            told += part
    except OSError:  # the other end is closed
        pass
    os.close(master)
    return done.stdout, told.decode("utf-8", "replace")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_a_bar_on_a_terminal_and_nothing_in_a_pipe(command, tmp_path):
    shown, bar = on_terminal(command, tmp_path)
    assert "━" in bar
    assert "/7" in bar if command[0] == "lint" else "/3" in bar
    env = {**os.environ, "DOCGEN_CACHE": str(tmp_path)}
    line = [sys.executable, "-m", "docgen", *command]
    piped = subprocess.run(line, capture_output=True, text=True, check=True, env=env)
    assert (piped.stdout, piped.stderr) == (shown, "")
    _, none = on_terminal([*command, "--json"], tmp_path)
    assert none == ""


def test_every_part_of_lint_is_named_once_in_order(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path))
    told: list[str] = []
    run(load_source(RACK), on_part=told.append)
    assert tuple(told) == PARTS
