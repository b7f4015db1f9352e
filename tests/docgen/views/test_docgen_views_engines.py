"""The guide's section of TensorRT engines: what the file says, and nothing without one."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

from docgen.views.engines import section


def step(kind: str, told: dict, **more):
    facts = {"workload": "digits", "precision": "fp16", "exit_code": 0, "step": f"a {kind}"}
    return facts | {"kind": kind, "told": told} | more


STEPS = [
    {"step": "machine", "kind": "doctor", "exit_code": 3, "told": {}},
    step("engine", {"build_s": 12.34, "bytes": 5}),
    step("compare", {"error": 0.0012, "allowed": 0.01, "ok": True}),
    step("loop", {"overlapped": {"samples_per_s": 200_000.0}}),
    step("run", {"samples_per_s": 195_000.0, "result": "VALID"}, scenario="offline"),
    step("run", {}, scenario="server", exit_code=5, step="digits fp16 server"),
    step("accuracy", {"accuracy": 0.98704}),
]
FACTS = {
    "schema": 1,
    "created": "2026-11-28T03:00:00+00:00",
    "machine": {"devices": ["NVIDIA H200"], "driver": "580.1"},
    "packages": {"tensorrt": "10.9.0.34", "numpy": "2"},
    "code": {"commit": "0123456789abcdef"},
    "timed_s": 5.0,
    "goal": 0.97,
    "steps": STEPS,
}


def shown(root: Path, facts) -> object:
    place = root / "docs" / "evidence" / "h200"
    place.mkdir(parents=True, exist_ok=True)
    (place / "tensorrt.json").write_text(facts if isinstance(facts, str) else json.dumps(facts))
    return section("h200", SimpleNamespace(root=root, docs=Path("docs")))


def test_one_row_an_engine_and_one_a_run(tmp_path):
    found = shown(tmp_path, FACTS)
    assert found.table.rows == (
        ("digits", "fp16", "12.3", "1.2e-03", "1e-02", "200,000", "195,000", "0.975", "0.9870"),
    )
    assert [row[2:] for row in found.scenarios.rows] == [
        ("offline", "VALID"),
        ("server", "no record"),
    ]
    assert "NVIDIA H200; driver 580.1; tensorrt 10.9.0.34; commit `0123456789ab`" in found.facts[0]
    assert found.failed == ("digits fp16 server: exit code 5",)


def test_what_was_not_measured_is_a_dash(tmp_path):
    found = shown(tmp_path, FACTS | {"steps": STEPS[:2]})
    assert found.table.rows[0][3:] == ("\N{EN DASH}",) * 6


def test_no_file_another_schema_and_a_broken_file_show_nothing(tmp_path):
    assert section("h200", SimpleNamespace(root=tmp_path, docs=Path("docs"))) is None
    for facts in (FACTS | {"schema": 2}, FACTS | {"steps": STEPS[:1]}, "{", {"schema": 1}):
        assert shown(tmp_path, facts) is None
