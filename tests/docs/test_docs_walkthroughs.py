"""The walk-throughs under docs/contribute are executed: their files written, their commands run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "contribute").glob("add-*.md"))
FILE = re.compile(
    r'^```\{code-block\} \w+\n:caption: ([^\s,]+)(?:, after "([^\n]*)")?\n\n(.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
COMMANDS = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_promised_walkthrough_is_there() -> None:
    names = {p.stem for p in PAGES}
    assert names == {"add-a-target", "add-a-workload", "add-a-backend", "add-a-page"}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_walkthrough(page: Path, tmp_path: Path, copy_packages: Callable[[Path], Path]) -> None:
    text = page.read_text("utf-8")
    files = FILE.findall(text)
    commands = [
        c[2:] for block in COMMANDS.findall(text) for c in block.splitlines() if c[:2] == "$ "
    ]
    assert files, "a walk-through writes at least one file"
    assert commands, "a walk-through runs at least one command"
    tree = copy_packages(tmp_path / "tree")
    for name, anchor, content in files:
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_insert(path, anchor, content) if anchor else content, "utf-8")
    for command in commands:
        done = _run(command, tree)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def _insert(path: Path, anchor: str, content: str) -> str:
    """Return the file's text with the content after the only line that holds the anchor."""
    lines = path.read_text("utf-8").splitlines(keepends=True)
    (place,) = [i for i, line in enumerate(lines) if anchor in line]
    return "".join([*lines[: place + 1], content, *lines[place + 1 :]])


def _run(command: str, tree: Path) -> subprocess.CompletedProcess[str]:
    """Run one command with the copied packages in front; console scripts as modules."""
    words = shlex.split(command)
    modules = {"harness": "runtime", "docgen": "docgen", "pytest": "pytest"}
    words = [sys.executable, "-m", modules[words[0]], *words[1:]]
    env = {**os.environ, "PYTHONPATH": str(tree), "NO_COLOR": "1"}
    return subprocess.run(
        words, cwd=tree, env=env, capture_output=True, text=True, check=False, timeout=120
    )
