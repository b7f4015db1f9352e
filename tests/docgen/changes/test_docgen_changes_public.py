"""From round v4.1 to v5.1 for H200, as counted by hand in the files of the two rounds.

The older round registers configurations in `configs/<benchmark>/<Scenario>/__init__.py`, the
newer one exports them from `configs/<system>/<Scenario>/<benchmark>.py`; names of
benchmarks, accuracies and systems differ.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from docgen.cli import main

TREES = os.environ.get("CALLIOPE_TREES", "")
"""Folder of `<round>/closed/<submitter>`."""

SCREEN = 50
"""Lines of a screen."""

OLD_X8 = {
    "3d-unet Offline": 4,
    "bert Offline": 4,
    "bert Server": 4,
    "dlrm-v2 Offline": 4,
    "dlrm-v2 Server": 4,
    "gptj Offline": 4,
    "gptj Server": 4,
    "llama2-70b Offline": 6,
    "llama2-70b Server": 6,
    "mixtral-8x7b Offline": 2,
    "mixtral-8x7b Server": 2,
    "resnet50 Offline": 2,
    "resnet50 Server": 2,
    "retinanet Offline": 2,
    "retinanet Server": 2,
    "stable-diffusion-xl Offline": 2,
    "stable-diffusion-xl Server": 2,
}
"""HPE and NVIDIA, v4.1: classes registered for `H200_SXM_141GBx8`, by file; 56 in all."""

NEW_X8 = {
    "deepseek-r1 Offline": 1,
    "llama2-70b Interactive": 2,
    "llama2-70b Offline": 6,
    "llama2-70b Server": 6,
    "llama3_1-405b Offline": 1,
    "llama3_1-405b Server": 1,
    "llama3_1-8b Interactive": 1,
    "llama3_1-8b Offline": 1,
    "llama3_1-8b Server": 1,
    "mixtral-8x7b Offline": 3,
    "mixtral-8x7b Server": 3,
    "retinanet Offline": 2,
    "retinanet Server": 2,
    "stable-diffusion-xl Offline": 2,
    "stable-diffusion-xl Server": 2,
    "whisper Offline": 2,
}
"""HPE, v5.1: settings exported for `HPE_Cray_XD670_H200_SXM_141GBx8`, by file; 36 in all."""

pytestmark = [
    pytest.mark.trees,
    pytest.mark.skipif(not TREES, reason="CALLIOPE_TREES names no folder"),
]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path_factory.getbasetemp() / "docgen-cache"))


def diff(submitter, *more):
    trees = [Path(TREES, r, "closed", submitter) for r in ("v4.1", "v5.1")]
    if not all(tree.is_dir() for tree in trees):
        pytest.skip(f"CALLIOPE_TREES has not both rounds of {submitter}")
    done = CliRunner().invoke(main, ["diff", *map(str, trees), "--target", "H200", *more])
    assert done.exit_code == 0, done.stderr
    return done.stdout


def systems(found):
    return {s.get("new") or s["old"]: s for g in found["gpus"] for s in g["systems"]}


def by_file(configurations):
    """Return how many configurations each file has, the file as `benchmark Scenario`."""
    counts: dict[str, int] = {}
    for item in configurations:
        place = item["place"]
        name = f"{place['workload']} {place['scenario']}"
        counts[name] = counts.get(name, 0) + 1
    return counts


def test_numbers_of_one_submitter_are_those_of_a_hand_count():
    found = systems(json.loads(diff("HPE", "--json")))
    assert {
        n: (s.get("old", ""), len(s.get("removed", ())), len(s.get("added", ())))
        for n, s in found.items()
    } == {
        "HPE_Cray_XD670_H200_SXM_141GBx8": ("H200_SXM_141GBx8", 32, 12),
        "HPE_PROLIANT_DL380A_H200_NVL_141GBX10": ("", 0, 5),
        "HPE_PROLIANT_DL385_H200NVL_PCIE_141GBx2_TRT": ("", 0, 24),
        "H200_SXM_141GBx1": ("H200_SXM_141GBx1", 35, 0),
        "H200_SXM_141GBx2": ("H200_SXM_141GBx2", 2, 0),
        "H200_SXM_141GB_CTSx1": ("H200_SXM_141GB_CTSx1", 14, 0),
        "H200_SXM_141GB_CTSx8": ("H200_SXM_141GB_CTSx8", 14, 0),
    }
    x8 = found["HPE_Cray_XD670_H200_SXM_141GBx8"]
    both, added, removed = (by_file(x8[part]) for part in ("both", "added", "removed"))
    names = {*OLD_X8, *NEW_X8}
    assert {n: both.get(n, 0) + removed.get(n, 0) for n in names if n in OLD_X8} == OLD_X8
    assert {n: both.get(n, 0) + added.get(n, 0) for n in names if n in NEW_X8} == NEW_X8
    assert (sum(both.values()), sum(OLD_X8.values()), sum(NEW_X8.values())) == (24, 56, 36)


def test_numbers_of_another_submitter_are_those_of_a_hand_count():
    """v4.1 of Dell names systems that its list lacks; that their classes cannot be read is told."""
    found = json.loads(diff("Dell", "--json"))
    assert {
        n: tuple(len(s.get(part, ())) for part in ("added", "removed", "both"))
        for n, s in systems(found).items()
    } == {
        "XE9680L_H200_SXM_141GBx8": (7, 23, 15),
        "XE9680_H200_SXM_141GBx8": (10, 0, 0),
        "XE7745_H200_NVL_141GBx8": (14, 0, 0),
        "H200_SXM_141GBx1": (0, 34, 0),
        "H200_SXM_141GBx2": (0, 2, 0),
        "H200_SXM_141GB_CTSx1": (0, 14, 0),
        "H200_SXM_141GB_CTSx8": (0, 14, 0),
    }
    assert found["unread"][0]["tree"].endswith("v4.1/closed/Dell")
    assert "not compared: " in diff("Dell")


def test_values_are_those_in_the_files():
    text = diff("HPE", "--full")
    for field, old, new, where in (
        ("offline_expected_qps", "424", "476", "mixtral-8x7b Offline"),
        ("offline_expected_qps", "13 600", "16 000", "retinanet Offline"),
        ("offline_expected_qps", "16.8", "30", "stable-diffusion-xl Offline"),
        ("server_target_qps", "102.5", "114.24", "llama2-70b Server"),
        ("gpu_batch_size", "1200", "3072", "mixtral-8x7b Server"),
    ):
        assert re.search(rf"{field} +{old} → {new} +{where}", text), (field, where)
    assert "was set at configs/mixtral-8x7b/Offline/__init__.py:98 = 53 * 8" in text
    place = "configs/HPE_Cray_XD670_H200_SXM_141GBx8/Offline/mixtral-8x7b.py:18"
    assert f"is set at {place}" in text
    assert "kvcache_free_gpu_mem_frac → trtllm_runtime_flags.kvcache_free_gpu_mem_frac" in text


@pytest.mark.parametrize(
    ("submitter", "configurations", "same", "values"),
    [("HPE", 24, 1, 516), ("Dell", 15, 1, 378), ("ASUSTeK", 27, 0, 578), ("Google", 10, 1, 185)],
)
def test_changed_values_are_those_of_another_reading(submitter, configurations, same, values):
    """Both rounds were read by another program too, value by value: field, old and new agree."""
    found = systems(json.loads(diff(submitter, "--json")))
    both = [c for s in found.values() for c in s.get("both", ())]
    changed = [len(c["changes"]) for c in both]
    assert (len(both), changed.count(0), sum(changed)) == (configurations, same, values)


def test_a_submitter_that_left_the_gpu():
    found = json.loads(diff("NVIDIA", "--json"))
    (gpu,) = found["gpus"]
    assert gpu["name"] == "H200"
    counts = {s["old"]: len(s["removed"]) for s in gpu["systems"]}
    assert counts == {
        "H200_SXM_141GBx1": 35,
        "H200_SXM_141GBx2": 2,
        "H200_SXM_141GBx8": sum(OLD_X8.values()),
        "H200_SXM_141GB_CTSx1": 14,
        "H200_SXM_141GB_CTSx8": 14,
    }
    assert not any(s.get("new") for s in gpu["systems"])


@pytest.mark.parametrize("submitter", ["HPE", "Dell", "NVIDIA"])
@pytest.mark.parametrize("width", [80, 100, 130])
def test_it_fits_one_screen(submitter, width, monkeypatch):
    monkeypatch.setattr("docgen.cli.diff.WIDTH", width)
    lines = diff(submitter).splitlines()
    assert len(lines) <= SCREEN
    wide = [one for one in lines[1:] if len(one) > width]
    assert all(one.startswith("not compared: ") for one in wide)
