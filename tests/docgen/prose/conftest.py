"""An invented tree with build files, programs and documents that can be made to lie."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

MILL = Path(__file__).parents[1] / "fixtures_registry" / "mill"

MAKEFILE = """\
include Makefile.tools
RUN_ARGS ?=
UBUNTU_VERSION := 22.04
.PHONY: run grind_all sweep
run:
\t@$(MAKE) grind_all
\t@$(MAKE) sweep
grind_all:
\t@python3 -m code.main $(RUN_ARGS) --action="grind"
sweep:
\t@python3 -m code.main $(RUN_ARGS) --action="sweep"
bag_%:
\ttrue
"""

TOOLS = """\
.PHONY: fetch_grain
fetch_grain:
\t@bash scripts/fetch.sh $(GRAINS)
"""

OPTIONS = """
    benchmarks: Field = Field("benchmarks", "Grains.", str)
    scenarios: Field = Field("scenarios", "Ways.", str)
    test_mode: Field = Field(
        "test_mode", "Mode.", str, argparse_opts={"choices": ["Performance", "Accuracy"]}
    )
    timeout_s: Field = Field("timeout_s", "Longest wait.", int, default=30)
"""

WEIGH = '''\
"""Weighs sacks.

Run it with `make sweep` first.
"""

import argparse
import os


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", choices=["coarse", "fine"], default="fine")
    parser.add_argument("--repeat", type=int, default=3)
    parser.parse_args()
    print(os.environ.get("MILL_SCRATCH_PATH", "/home/mill"))
'''

DOCKER = """\
FROM nvcr.io/nvidia/cuda:12.4.1-devel-ubuntu22.04
ENV TRT_VERSION=10.2.0
RUN pip install torch==2.4.0
"""


def make_mill(folder: Path) -> Path:
    root = Path(
        shutil.copytree(MILL, folder / "mill", ignore=shutil.ignore_patterns("__pycache__"))
    )
    fields = root / "code/common/fields.py"
    fields.write_text(fields.read_text() + OPTIONS)
    systems = root / "code/common/systems/known_hardware.py"
    systems.write_text(
        systems.read_text() + "\n# board of the fair\nQ700_SXM_80GB = KnownGPU.G9_80GB\n"
    )
    for path, text in {
        "Makefile": MAKEFILE,
        "Makefile.tools": TOOLS,
        "code/main.py": '"""Starts the mill."""\n',
        "scripts/weigh.py": WEIGH,
        "scripts/fetch.sh": "echo fetch\n",
        "scripts/tools/sort_sacks.py": "print('sorted')\n",
        "docker/Dockerfile.mill": DOCKER,
        "docs/tuning.md": "# Tuning\n\n## Choosing a stone\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture(scope="session")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_mill(tmp_path_factory.mktemp("prose"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def read_master(master: Path, cache: Path) -> Path:
    """Return the cache of the tree, read once: its copies hold the same files."""
    from docgen.extract import extract
    from docgen.trees import load_source

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCGEN_CACHE", str(cache))
        config = load_source(master)
        extract(config)
    return config.cache


@pytest.fixture
def mill(
    master: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path, read_master: Path
) -> Path:
    from docgen.trees import cache_folder

    monkeypatch.setenv("DOCGEN_CACHE", str(cache))
    copy = Path(shutil.copytree(master, tmp_path / "mill"))
    shutil.copytree(read_master, cache_folder(copy))
    return copy
