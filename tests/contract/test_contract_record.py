"""The published schema of the run record is the one that the harness writes by."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from runtime import record

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "_static" / "record.schema.json"


def test_the_published_schema_is_up_to_date() -> None:
    """Write it anew with `python -m runtime.record > docs/_static/record.schema.json`."""
    assert json.loads(PUBLISHED.read_text("utf-8")) == json.loads(json.dumps(record.schema()))


def test_it_accepts_a_record_and_refuses_a_broken_one() -> None:
    made = record.RunRecord(
        key="cpu/digits/offline",
        target="cpu",
        workload="digits",
        scenario="offline",
        mode="performance",
        quick=True,
        created="2026-01-01T00:00:00+00:00",
        seconds=1.0,
        settings={},
        overrides={},
        metrics=(),
        verdict=record.Verdict(result="VALID"),
        machine=record.Machine(cpu="x", cores=1, memory_gib=1.0, os="x", python="3"),
        packages={},
        code=record.Code(version="0"),
        model=record.Model(name="m", sha256="0"),
    )
    data = json.loads(record.to_json(made))
    jsonschema.validate(data, record.schema())
    assert record.from_json(record.to_json(made)) == made
    del data["verdict"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, record.schema())
