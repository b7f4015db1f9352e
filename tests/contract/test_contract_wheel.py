"""An installed wheel works outside the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds the unpacked wheel and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def run(site: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(site), "NO_COLOR": "1"}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def test_the_wheel_carries_templates_types_and_the_model(installed: Path) -> None:
    assert (installed / "docgen" / "templates").is_dir()
    assert list((installed / "docgen" / "templates").glob("*.j2"))
    assert (installed / "runtime" / "py.typed").exists()
    assert (installed / "docgen" / "py.typed").exists()
    assert list((installed / "runtime" / "workloads").rglob("*.onnx"))


def test_it_is_the_wheel_that_runs(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "-c", "import runtime, docgen; print(runtime.__file__)")
    assert str(installed) in done.stdout, done.stderr


def test_harness_measures_outside_the_repository(installed: Path, tmp_path: Path) -> None:
    words = "-m runtime run --target cpu --workload digits --scenario offline --quick --json"
    done = run(installed, tmp_path, *words.split())
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["verdict"]["result"] == "VALID"
    assert record["quick"] is True


def test_docgen_reads_a_tree_outside_the_repository(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.docgen]\npackages = ["tree"]\n')
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "__init__.py").write_text("raise SystemExit('was executed')\n")
    done = run(installed, tmp_path, "-m", "docgen", "export")
    assert "was executed" not in done.stderr + done.stdout
    assert done.returncode in {0, 3}, done.stderr
