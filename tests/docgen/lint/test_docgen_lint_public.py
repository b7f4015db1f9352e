"""Findings in public trees, labelled by hand from their sources: is each one right?

`labels.json` has one object a finding: every error and warning in the trees that the
bounds were chosen on (`tuned`), twenty notes of them drawn with a seed, and sixty errors
drawn with a seed from trees that were looked at afterwards (`unseen`). The second draw is of
findings without a label until then: notes in the trees of `tuned`, errors and warnings in
trees of other submitters and in v3.0. The third and fourth draw are errors and warnings of trees
that nobody had labelled until then, before and after what the third one led to. `right` says
whether the values do not fit each other, or the configuration is as odd as the finding
says; a note says why not.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from docgen.lint import run
from docgen.trees import load_source

TREES = os.environ.get("CALLIOPE_TREES", "")
"""Folder of `<round>/closed/<submitter>`."""

LABELS = json.loads((Path(__file__).parent / "labels.json").read_text("utf-8"))
NAMES = sorted({label["tree"] for label in LABELS})
SAMPLES = ("tuned", "unseen", "others, second draw")
WANTED = 0.9
"""Share of the errors that must be right."""

needs_trees = pytest.mark.skipif(not TREES, reason="CALLIOPE_TREES names no folder")


@cache
def findings(tree):
    """Return the findings of a tree by rule, file and line."""
    report = run(load_source(Path(TREES, tree)))
    return {(f.code, f.source.path, f.source.line): f for f in report.findings}


def _key(label):
    return label["rule"], label["file"], label["line"]


def test_labels_say_what_they_should():
    """Sixty and more, each once, each wrong one with a reason; errors are precise enough."""
    keys = [(label["tree"], *_key(label)) for label in LABELS]
    assert len(keys) == len(set(keys)) >= 60
    assert all(label["right"] or label["note"] for label in LABELS)
    for sample in (*SAMPLES, "fourth draw, after mending"):
        errors = [x["right"] for x in LABELS if (x["sample"], x["severity"]) == (sample, "error")]
        assert sum(errors) >= WANTED * len(errors), sample


@pytest.mark.trees
@needs_trees
@pytest.mark.parametrize("tree", NAMES)
def test_what_was_labelled_right_is_still_found(tree):
    if not Path(TREES, tree).is_dir():
        pytest.skip(f"CALLIOPE_TREES has no {tree}")
    found = findings(tree)
    lost = [x for x in LABELS if x["tree"] == tree and x["right"] and _key(x) not in found]
    assert lost == []
    changed = [
        (x, found[_key(x)].severity)
        for x in LABELS
        if x["tree"] == tree and x["right"] and found[_key(x)].severity != x["severity"]
    ]
    assert changed == []


@pytest.mark.trees
@needs_trees
@pytest.mark.parametrize("tree", [n for n in NAMES if n.endswith("NVIDIA") and n >= "v4"])
def test_every_error_and_warning_of_the_labelled_trees_has_a_label(tree):
    """A finding that is new has to be looked at before anybody states a precision."""
    known = {_key(x) for x in LABELS if x["tree"] == tree}
    grave = {k for k, f in findings(tree).items() if f.severity != "info"}
    assert grave - known == set()


@pytest.mark.trees
@needs_trees
def test_precision(record_property):
    """Of the labelled findings that are still made, the share that is right."""
    for sample in (*SAMPLES, "third draw, before mending", "fourth draw, after mending"):
        made = [x for x in LABELS if x["sample"] == sample and _key(x) in findings(x["tree"])]
        right, all_of = Counter(), Counter()
        for label in made:
            all_of[label["severity"]] += 1
            right[label["severity"]] += label["right"]
        for severity, number in all_of.items():
            record_property(f"{sample}-{severity}", f"{right[severity]} of {number}")
            print(f"{sample}, {severity}: {right[severity]} of {number} right")
        for severity in ("error", "warning"):
            assert right[severity] >= WANTED * all_of[severity]
