"""Public trees resolve as their own registries do, whatever their round and submitter."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from docgen import digests
from docgen.dialects import choose

TREES = os.environ.get("CALLIOPE_TREES", "")
"""Folder of `<round>/closed/<submitter>`."""

TRUTHS = os.environ.get("CALLIOPE_TRUTHS", "")
"""Folder of `<round>-<submitter>.jsonl`: a JSON object a configuration."""

PARTS = ("benchmark", "scenario", "system", "harness_type", "accuracy_target", "power_setting")
"""Parts of a key in a truth file."""

FILES = sorted(Path(TRUTHS).glob("*.jsonl")) if TREES and TRUTHS else []
"""Truth files; none without both variables."""

pytestmark = pytest.mark.trees


def _accepted(path: Path) -> dict[str, dict]:
    """Return the lines of a truth file that the tree's registry accepted, by key."""
    rows = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    kept = [row for row in rows if row.get("status", "registered") == "registered"]
    return {"/".join(row[part] for part in PARTS): row for row in kept}


@pytest.mark.parametrize("truth", FILES, ids=lambda path: path.stem)
def test_every_accepted_configuration_has_the_known_values(truth, record_property):
    """Keys, digests, values, bases and environment are those of the truth file."""
    name, _, submitter = truth.stem.partition("-")
    root = Path(TREES) / name / "closed" / submitter
    if not root.is_dir():
        pytest.skip(f"CALLIOPE_TREES has no {name}/closed/{submitter}")
    expected = _accepted(truth)
    assert expected
    catalog = choose(root, ()).read(root, ())
    found = {digests.key_of(e): e for e in catalog.entries if not e.rejected}
    equal = sum(
        key in found and found[key].digest == row["sha256"] for key, row in expected.items()
    )
    record_property("equal", equal)
    print(f"{truth.stem}: {equal} of {len(expected)} digests equal, {len(found)} accepted")
    assert {key: entry.digest for key, entry in found.items()} == {
        key: row["sha256"] for key, row in expected.items()
    }
    for key, row in expected.items():
        entry = found[key]
        assert {n: v.resolved for n, v in entry.values.items()} == row["fields"]
        assert {n: v.resolved for n, v in entry.environment.items()} == row.get("environ", {})
        assert entry.source.path == row["file"]
        if "mro" in row:
            assert list(entry.bases) == row["mro"]
        for value in entry.values.values():
            assert value.chain[-1].resolved == value.resolved
            assert all(step.source.line > 0 and step.expression for step in value.chain)
