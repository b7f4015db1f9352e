"""The guide of a target shows what its GPUs did during the stored runs, where records tell."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import msgspec

from docgen import formatting as fmt
from docgen.render import render
from docgen.snippets.model import Result
from docgen.views.lookup import Lookup
from docgen.views.measure import measurements
from docgen.views.telemetry import telemetry

SEEN = {
    "device": "NVIDIA H200",
    "uuid": "GPU-1",
    "slice": False,
    "looks": 12,
    "look_ms": 0.4,
    "sm_mhz": {"least": 1410.0, "mean": 1755.5, "most": 1980.0},
    "power_w": {"least": 610.0, "mean": 612.0, "most": 615.0},
    "temperature_c": {"least": 71.0, "mean": 71.0, "most": 71.0},
    "memory_used_gb": {"least": 2.0, "mean": 6.1, "most": 12.25},
    "throttled": {"power cap": 0.25},
    "silent": [],
}


def with_telemetry(evidence, *seen):
    """Return the evidence with what GPUs did in one record."""
    for name, judged in evidence.known.items():
        result: Result | None = judged.result
        if name == "run:cpu/digits/offline" and result is not None:
            record = {**result.records[0], "telemetry": list(seen)}
            told = msgspec.structs.replace(result, records=(record,))
            evidence.known[name] = replace(judged, result=told)
    return evidence


def rows(catalog, evidence):
    lookup = Lookup(catalog)
    entries = [e for e in catalog.entries if e.target == "cpu"]
    runs = MappingProxyType({e.key: measurements(evidence, e) for e in entries})
    return telemetry(entries, runs, lookup).rows


def test_a_row_a_device(catalog, evidence):
    slice_ = {**SEEN, "slice": True, "power_w": None, "throttled": {}, "silent": ["throttle_mask"]}
    one, two = rows(catalog, with_telemetry(evidence, SEEN, slice_))
    assert one[1] == "NVIDIA H200"
    assert one[2].startswith(f"1756{fmt.THIN}MHz (1410 to 1980)")
    assert one[4] == f"71{fmt.THIN}\u00b0C"
    assert one[5] == f"up to 12.2{fmt.THIN}GB"
    assert one[6] == f"power cap 25{fmt.THIN}%"
    assert "whole board" in two[1]
    assert two[3] == two[6]  # neither is known


def test_a_clock_that_was_never_held_down_says_how_often_it_was_looked_at(catalog, evidence):
    (row,) = rows(catalog, with_telemetry(evidence, {**SEEN, "throttled": {}}))
    assert row[6] == "never in 12 looks"


def test_the_page_has_it_only_where_a_record_tells(catalog, evidence, config):
    assert rows(catalog, evidence) == ()
    page = render(catalog, evidence, config)["targets/cpu/index.md"]
    assert "What the GPUs did" not in page
    page = render(catalog, with_telemetry(evidence, SEEN), config)["targets/cpu/index.md"]
    assert "What the GPUs did" in page
    assert "NVIDIA H200" in page
