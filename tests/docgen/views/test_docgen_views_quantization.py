"""Quantized models in the guides: which target shows which record, and what is said of it."""

from __future__ import annotations

from docgen.evidence import State
from docgen.views.lookup import Lookup
from docgen.views.quantization import section

RECORD = {
    "workload": "digits",
    "target": "",
    "precision": "int8",
    "placement": "cpu",
    "tool": "onnxruntime 1.32.0",
    "algorithm": "max",
    "skipped": [],
    "quantized": ["conv1", "dense"],
    "before": {"size_bytes": 210_186, "accuracy": 0.987, "latency_ms": 0.05, "memory_mib": None},
    "after": {"size_bytes": 61_474, "accuracy": 0.985, "latency_ms": 0.04, "memory_mib": 9.0},
    "goal": 0.9772,
    "verdict": "blessed",
    "note": "",
    "by_hand": [],
    "costs": [
        {"layer": "dense", "changed": 0.01, "noise": 0.02},
        {"layer": "conv1", "changed": 0.0, "noise": 0.001},
    ],
    "tensors": [
        {
            "name": "x",
            "lowest": 0.0,
            "highest": 4.0,
            "low": 0.0,
            "high": 3.0,
            "clipped": 0.001,
            "edge": 4.0,
            "counts": [0, 0, 0, 0, 900, 90, 9, 1],
        }
    ],
    "calibration_seconds": 0.5,
    "seconds": 3.0,
    "made": "2026-01-02T03:04:05+00:00",
    "machine": {"cpu": "Some CPU", "cores": 2},
    "statement": "Result not verified by MLCommons Association.",
}


def shown(make, target: str, *records: dict):
    catalog = make.catalog()
    evidence = make.evidence(catalog)
    item = evidence.of("resolve:cpu")
    stored = tuple({"quantization": {**RECORD, **r}} for r in records)
    evidence.add(
        make.judged(
            State.MEASURED,
            "",
            make.result(item.snippet, stored),
            make.replace(item.snippet, id="quantized"),
        )
    )
    chosen = next(t for t in catalog.targets if t.name == target)
    return section(chosen, Lookup(catalog), evidence)


def test_the_cpu_shows_its_own_placement(make):
    [made] = shown(make, "cpu", {})
    assert made.title.endswith("INT8, ranges by max")
    assert [row[0] for row in made.table.rows] == [
        "File, bytes",
        "One inference at batch 1, ms",
        "Accuracy, share",
    ]
    assert made.table.rows[0][3] == "0.292"
    assert made.facts[0] == "Verdict: blessed (goal 0.9772, whole evaluation set)."
    assert "Some CPU, 2 cores, 2026-01-02" in made.facts[3]
    assert made.ranges.rows == (
        ("x", "0 to 4", "0 to 3", "0.100", "`....[\u2588\u2586\u2583]\u2581`"),
    )
    assert [(b.label, b.value) for b in made.plot.bars] == [("dense", 2.0), ("conv1", 0.1)]
    assert made.statement == "Result not verified by MLCommons Association."


def test_the_cpu_shows_nothing_that_is_not_for_it(make):
    assert shown(make, "cpu", {"placement": "tensorrt"}) == []
    assert shown(make, "cpu", {"precision": "fp8"}) == []


def test_gpus_show_what_their_hardware_computes(make):
    for record, count in (
        ({"placement": "tensorrt"}, 1),
        ({"placement": "tensorrt", "precision": "fp8"}, 1),
        ({"placement": "cpu"}, 0),
    ):
        assert len(shown(make, "h200-sxm-141gb", record)) == count


def test_refused_models_and_experiments_are_no_part_of_a_guide(make):
    assert shown(make, "cpu", {"verdict": "refused"}, {"by_hand": ["x"]}) == []


def test_of_one_kind_the_newest_judged_record_stands(make):
    old, new = {"made": "2026-01-01"}, {"made": "2026-03-01", "seconds": 9.0}
    unjudged = {"made": "2026-04-01", "verdict": "unproven", "goal": None}
    [made] = shown(make, "cpu", old, new, unjudged)
    assert "the whole call 9.0 s" in made.facts[2]
    assert len(shown(make, "cpu", old, {"algorithm": "entropy"})) == 2


def test_without_costs_and_ranges_there_is_no_plot_and_no_table(make):
    [made] = shown(make, "cpu", {"costs": [], "tensors": []})
    assert made.plot is None
    assert made.ranges is None
