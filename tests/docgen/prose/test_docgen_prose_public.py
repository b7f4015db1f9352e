"""Findings on public trees, against labels that a person gave by looking at the sources."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from docgen.prose.check import check
from docgen.trees import load_source

TREES = os.environ.get("CALLIOPE_TREES", "")
LABELS = json.loads((Path(__file__).parent / "labels.json").read_text())

pytestmark = pytest.mark.trees


def place(row):
    return row["document"], row["line"], row["code"], row["claimed"]


def test_there_are_two_samples_of_sixty_labels() -> None:
    assert sorted(Counter(row["sample"] for row in LABELS).values()) == [60, 60]
    assert len({(row["tree"], *place(row)) for row in LABELS}) == 120


def test_labelled_findings_are_judged_as_a_person_judged_them(tmp_path, monkeypatch) -> None:
    """At least nine in ten labelled errors are right, and those that were right are still found."""
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path))
    right = wrong = lost = 0
    for tree in sorted({row["tree"] for row in LABELS}):
        root = Path(TREES) / tree
        if not TREES or not root.is_dir():
            continue
        report = check(load_source(root))
        errors = {
            (v.document, v.line, v.code, v.claimed)
            for v in report.findings
            if v.severity == "error"
        }
        for row in (r for r in LABELS if r["tree"] == tree):
            found = place(row) in errors
            right += found and row["false_claim"]
            wrong += found and not row["false_claim"]
            lost += not found and row["false_claim"]
    if not right + wrong + lost:
        pytest.skip("CALLIOPE_TREES has none of the labelled trees")
    print(f"precision {right / (right + wrong):.3f} ({right} of {right + wrong}), {lost} lost")
    assert right / (right + wrong) >= 0.9
    assert lost <= 0.05 * (right + lost)
