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


FIRST = {"rounds 4.1 and 5.1, after mending": 60, "rounds 2.0 to 3.0, before mending": 60}
"""Errors of the samples that rules were first mended by."""

SECOND = {
    ("NVIDIA 4.1 and 5.1, second draw, before mending", "error"): (40, 40),
    ("NVIDIA 4.1 and 5.1, second draw, before mending", "warning"): (33, 34),
    ("others of 4.1 and 5.1, second draw, before mending", "error"): (32, 32),
    ("others of 4.1 and 5.1, second draw, before mending", "warning"): (16, 32),
    ("rounds 2.0 to 3.0, second draw, after mending", "error"): (32, 32),
    ("rounds 2.0 to 3.0, second draw, after mending", "warning"): (8, 12),
}
"""Right ones and all of a sample, as the guide states them."""


LATER = {
    ("third draw, before mending", "error"): (28, 44),
    ("third draw, before mending", "warning"): (12, 47),
    ("fourth draw, after first mends", "error"): (37, 41),
    ("fourth draw, after first mends", "warning"): (12, 17),
    ("fifth draw, after all mends", "error"): (39, 39),
    ("fifth draw, after all mends", "warning"): (10, 10),
    ("warnings as a user meets them, after all mends", "warning"): (40, 40),
}
"""The same of draws from trees that nobody had labelled until then."""


def severity(row):
    return row.get("severity", "error")


def test_samples_are_as_large_as_the_guide_says() -> None:
    drawn = SECOND | LATER
    named = {sample for sample, _ in drawn}
    assert Counter(row["sample"] for row in LABELS if row["sample"] not in named) == FIRST
    assert len({(row["tree"], *place(row)) for row in LABELS}) == len(LABELS) == 540
    for (sample, grave), numbers in drawn.items():
        rows = [r for r in LABELS if r["sample"] == sample and severity(r) == grave]
        assert (sum(r["false_claim"] for r in rows), len(rows)) == numbers
        assert all(r["false_claim"] or r["note"] for r in rows)


def test_labelled_findings_are_judged_as_a_person_judged_them(tmp_path, monkeypatch) -> None:
    """At least nine in ten labelled errors are right, and those that were right are still found."""
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path))
    right, wrong, lost = Counter(), Counter(), Counter()
    for tree in sorted({row["tree"] for row in LABELS}):
        root = Path(TREES) / tree
        if not TREES or not root.is_dir():
            continue
        report = check(load_source(root))
        made = {(v.document, v.line, v.code, v.claimed): v.severity for v in report.findings}
        for row in (r for r in LABELS if r["tree"] == tree):
            found = made.get(place(row)) == severity(row)
            counter = (right if row["false_claim"] else wrong) if found else lost
            counter[severity(row)] += found or row["false_claim"]
    if not right + wrong + lost:
        pytest.skip("CALLIOPE_TREES has none of the labelled trees")
    for grave in ("error", "warning"):
        made_ones = right[grave] + wrong[grave]
        print(f"{grave}: {right[grave]} of {made_ones} right, {lost[grave]} lost")
        assert right[grave] >= 0.9 * made_ones
        assert lost[grave] <= 0.05 * (right[grave] + lost[grave])
