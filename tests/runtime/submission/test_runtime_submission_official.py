"""The official submission checker on the same trees: what it takes, and what it lets through.

Needs `MLPERF_INFERENCE`: a checkout of mlcommons/inference (seen at b66003e10).
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOME = os.environ.get("MLPERF_INFERENCE", "")
TOOLS = Path(HOME) / "tools" / "submission"

pytestmark = [
    pytest.mark.trees,
    pytest.mark.skipif(not HOME, reason="MLPERF_INFERENCE names no checkout"),
]

_SPEC = importlib.util.spec_from_file_location(
    "broken_trees", Path(__file__).with_name("test_runtime_submission_check.py")
)
broken = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(broken)

REFUSED = {
    "no results",
    "Results in another case",
    "Performance in another case",
    "run_1 in another case",
    "no detail log",
    "no accuracy text",
    "no accuracy log",
    "no user.conf",
    "no README",
    "no measurements.json",
    "no source",
    "no systems JSON",
    "a systems JSON that is none",
    "a key is absent",
    "a value is empty",
    "the number 0",
    "a status of prose",
    "a suite in capitals",
    "another submitter",
    "another division",
    "a network in the closed division",
    "a scenario that is none",
    "a scenario of the suite is absent",
    "measurements.json is none",
    "a measurement is empty",
    "an empty detail log",
    "an error in the accuracy log",
    "another seed",
    "a shorter duration",
    "early stopping not met",
    "too few samples in the query",
    "too few samples in memory",
    "half of the evaluation set",
    "accuracy under the goal",
    "an accuracy log that is not cut",
    "no TEST01",
    "no verification of speed",
    "other answers",
    "speed not verified",
}
"""Defects that the official checker refuses, too; it accepts every other one."""


def official(tree, tmp_path):
    """Return whether the official checker takes a tree."""
    done = subprocess.run(
        [sys.executable, "-m", "submission_checker.main", "--input", str(tree),
         "--version", "v6.1", "--csv", str(tmp_path / "summary.csv")],
        cwd=TOOLS, env={"PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode == 0 and "SUMMARY: submission looks OK" in done.stdout + done.stderr


@pytest.mark.parametrize("variant", broken.VARIANTS.values(), ids=broken.VARIANTS)
def test_legitimate_trees_pass_the_official_checker(factory, tmp_path, variant):
    assert official(factory.write(factory.tree_of(**variant), tmp_path / "tree"), tmp_path)


@pytest.mark.parametrize("defect", broken.DEFECTS, ids=[d[0] for d in broken.DEFECTS])
def test_what_the_official_checker_lets_through(factory, tmp_path, defect):
    name, _, kind, mutate = defect
    files = getattr(factory, kind)()
    mutate(files)
    taken = official(factory.write(files, tmp_path / "tree"), tmp_path)
    assert taken is (name not in REFUSED)
