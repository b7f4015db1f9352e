"""Our tables against the official submission checker, where its tree is at hand."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

import pytest

from runtime.policies import systems
from runtime.policies.rounds import ROUNDS

SUITES = (("datacenter", "datacenter"), ("edge", "edge"), ("datacenter,edge", "datacenter-edge"))
STRICTER = {"dlrm-v3", "wan-2.2-t2v-a14b"}
"""Where `runtime.policies.contradictions` takes mlperf.conf's value."""


@pytest.fixture(scope="module")
def official() -> dict[str, Any]:
    tree = os.environ.get("CALLIOPE_MLPERF_INFERENCE")
    if not tree:
        pytest.skip("CALLIOPE_MLPERF_INFERENCE names no checkout of mlcommons/inference")
    return runpy.run_path(str(Path(tree) / "tools/submission/submission_checker/constants.py"))


def _pairs(flat: Any) -> dict[str, float]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


@pytest.mark.trees
@pytest.mark.parametrize("edition", ROUNDS, ids=lambda r: r.name)
def test_benchmarks_equal_the_checkers(official, edition):
    model = official["MODEL_CONFIG"][edition.name]
    assert [b.name for b in edition.benchmarks] == model["models"]
    assert {
        "qsl_rng_seed": edition.seeds.qsl,
        "sample_index_rng_seed": edition.seeds.sample_index,
        "schedule_rng_seed": edition.seeds.schedule,
    } == model["seeds"]
    for b in edition.benchmarks:
        for suite, word in SUITES:
            for kind in ("required", "optional"):
                wanted = tuple(model[f"{kind}-scenarios-{word}"].get(b.name, ()))
                assert getattr(b, kind)(suite) == wanted
        tests = {k[7:] for k, names in model.items() if k[:7] == "models_" and b.name in names}
        assert set(b.compliance) == tests
        assert b.dataset_samples == model["dataset-size"][b.name]


@pytest.mark.trees
@pytest.mark.parametrize("edition", ROUNDS, ids=lambda r: r.name)
def test_goals_and_bounds_equal_the_checkers(official, edition):
    model = official["MODEL_CONFIG"][edition.name]
    for b in edition.benchmarks:
        for scenario in ("Offline", "Server", "Interactive"):
            goal = model["accuracy-target"][b.name]
            low = _pairs(goal[scenario] if isinstance(goal, dict) else goal)
            high = _pairs(model["accuracy-upper-limit"].get(b.name, ()))
            goals = b.goals_of(scenario)
            assert {g.metric: g.least for g in goals if g.least is not None} == low
            assert {g.metric: g.most for g in goals if g.most is not None} == high
            count = model.get("accuracy-sample-count", {}).get(b.name, b.dataset_samples)
            assert b.answers(scenario) == (count[scenario] if isinstance(count, dict) else count)
            if b.name in STRICTER or scenario == "Offline":
                continue
            bound = b.bound(scenario)
            latency = model["latency-constraint"].get(b.name, {}).get(scenario)
            tokens = official["LLM_LATENCY_LIMITS"].get(b.name, {}).get(scenario, {})
            assert _ns(bound and bound.latency_ms) == latency
            assert _ns(bound and bound.ttft_ms) == tokens.get("ttft")
            assert _ns(bound and bound.tpot_ms) == tokens.get("tpot")
        if b.name not in STRICTER:
            assert b.performance_samples == model["performance-sample-count"][b.name]
            assert b.offline_samples == official["OFFLINE_MIN_SPQ_SINCE_V4"].get(b.name)


@pytest.mark.trees
def test_systems_keys_equal_the_checkers(official):
    assert set(systems.SYSTEM_KEYS) == set(official["SYSTEM_DESC_REQUIRED_FIELDS"])
    meaningful = official["SYSTEM_DESC_MEANINGFUL_RESPONSE_REQUIRED_FIELDS"]
    assert set(systems.MEANINGFUL_KEYS) == set(meaningful)
    assert list(systems.NETWORK_KEYS) == official["SYSTEM_DESC_REQUIRED_FIELDS_NETWORK_MODE"]
    assert set(systems.STATUS) == set(official["VALID_AVAILABILITIES"])
    assert set(systems.DIVISIONS) == set(official["VALID_DIVISIONS"])


def _ns(milliseconds: float | None) -> float | None:
    return milliseconds * 1e6 if milliseconds else None
