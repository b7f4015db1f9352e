"""`docgen export` of broken foreign trees: each finding at its line, the rest whole, exit code 3."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from docgen.cli import main
from docgen.errors import SourceError

HERE = Path(__file__).parent
HEAD = "from configs.configuration import *\n"
REGISTER = "@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)\n"
FIXTURES = {
    "registry": (HERE / "fixtures_registry/mill", "configs/rye/Server/__init__.py"),
    "exports": (HERE / "fixtures_exports/rack", "configs/Z1x1/Offline/bad.py"),
}
ITSELF = {
    "registry": f"{HEAD}{REGISTER}class Loop(Loop):\n    system = KnownSystem.G9_80GBx8\n",
    "exports": "class Loop(Loop):\n    x = 1\nEXPORTS = {Loop.x: {}}\n",
}
CASES = {
    "syntax": b"x = 1\nclass (:\n",
    "encoding": b"x = '\xe9'\n",
    "too-large": b"#" * 10_000_001,
    "nesting": b"x = " + b"[" * 250 + b"]" * 250,
    "itself": b"",
    "link": None,
}


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path / "cache"))


def _export(root):
    return CliRunner().invoke(main, ["export", "--source", str(root), "--digests"])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dialect", FIXTURES)
def test_a_broken_file_is_named_at_its_line_and_the_rest_is_whole(dialect, case, tmp_path):
    source, name = FIXTURES[dialect]
    root = Path(shutil.copytree(source, tmp_path / dialect))
    sound = _export(root)
    assert sound.exit_code == 0
    bad = root / name
    bad.parent.mkdir(parents=True)
    data = ITSELF[dialect].encode() if case == "itself" else CASES[case]
    if data is None:
        (tmp_path / "outside.py").write_text("x = 1\n")
        bad.symlink_to(tmp_path / "outside.py")
    else:
        bad.write_bytes(data)
    done = _export(root)
    assert done.exit_code == SourceError.exit_code == 3
    line = {"syntax": 2, "itself": 3 if dialect == "registry" else 1}.get(case, 1)
    assert f"{name}:{line}:" in done.stderr
    assert done.stdout == sound.stdout


@pytest.mark.parametrize("dialect", FIXTURES)
def test_an_odd_name_is_named_and_the_rest_is_whole(dialect, tmp_path):
    root = Path(shutil.copytree(FIXTURES[dialect][0], tmp_path / dialect))
    sound = _export(root).stdout
    odd = os.fsdecode(b"caf\xe9")
    parts = (
        ("rye", odd, "__init__.py") if dialect == "registry" else ("Z1x1", "Offline", f"{odd}.py")
    )
    file = root.joinpath("configs", *parts)
    file.parent.mkdir(parents=True)
    file.write_text("EXPORTS = {}\n" if dialect == "exports" else HEAD)
    done = _export(root)
    assert done.exit_code == SourceError.exit_code
    assert "caf" in done.stderr
    assert done.stdout == sound
