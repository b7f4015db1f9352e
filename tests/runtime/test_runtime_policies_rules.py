"""Departures, divisions and contradictions: what outputs must say, and what was taken."""

import dataclasses

import pytest

from runtime.configs.registry import Registry, load
from runtime.configs.schema import MultiStream, Offline, Server, SingleStream
from runtime.errors import UsageError
from runtime.plan import RunPlan, resolve
from runtime.policies import division
from runtime.policies.contradictions import CONTRADICTIONS, contradictions_of
from runtime.policies.departures import departures
from runtime.policies.rounds import round_of

REAL = load()


def _fields(settings, workload="resnet50", target="h200-sxm-141gb", samples=50_000):
    return {d.field for d in departures(settings, workload, target, samples)}


def test_official_settings_depart_from_nothing():
    assert _fields(Offline(target_qps=1.0)) == set()
    assert _fields(Server(target_qps=1.0, target_latency_ms=15.0)) == set()
    assert _fields(SingleStream(expected_latency_ms=1.0)) == set()
    assert _fields(MultiStream(expected_latency_ms=1.0)) == set()
    assert _fields(Offline(target_qps=1.0, min_sample_count=540), "digits", "cpu", 540) == set()


def test_each_shortfall_is_named():
    assert _fields(Offline(target_qps=1.0, min_duration_ms=599_999, min_sample_count=24_575)) == {
        "min_duration_ms", "min_sample_count",
    }  # fmt: skip
    loose = Server(target_qps=1.0, target_latency_ms=15.5, target_latency_percentile=97.0)
    assert _fields(loose) == {"target_latency_ms", "target_latency_percentile"}
    assert _fields(MultiStream(expected_latency_ms=1.0, samples_per_query=4)) == {
        "samples_per_query"
    }
    assert _fields(SingleStream(expected_latency_ms=1.0, target_latency_percentile=50.0)) == {
        "target_latency_percentile"
    }


def test_a_departure_is_a_sentence_with_rule_and_numbers():
    (found,) = departures(Offline(target_qps=1.0, min_duration_ms=2_000), "digits", "cpu", 540)
    assert str(found) == (
        "departs from the rules: min_duration_ms is 2 000 ms, want at least 600 000 ms "
        "(run.min-duration)"
    )


def test_a_plan_says_where_it_departs():
    words = {"target": "cpu", "workload": "digits", "scenario": "server"}
    assert resolve(REAL, **words).notes == ()
    plan = resolve(REAL, **words, overrides=["target_latency_ms=50", "min_duration_ms=1000"])
    assert ["min_duration_ms" in plan.notes[0], "target_latency_ms" in plan.notes[1]] == [True] * 2
    assert RunPlan.from_json(plan.to_json()).notes == plan.notes
    assert resolve(REAL, **words, quick=True).notes == ()
    assert resolve(REAL, **words, mode="accuracy", overrides=["min_duration_ms=1"]).notes == ()


def test_an_entry_may_not_loosen_its_bound():
    key = "cpu/digits/server"
    entry = REAL.entry(key)
    loose = dataclasses.replace(
        entry, settings=dataclasses.replace(entry.settings, target_latency_ms=10.5)
    )
    registry = Registry(
        targets=REAL.targets, workloads=REAL.workloads, entries={**REAL.entries, key: loose}
    )
    words = {"target": "cpu", "workload": "digits", "scenario": "server"}
    with pytest.raises(UsageError, match=r"want at most 10 ms, got 10\.5 ms") as caught:
        resolve(registry, **words)
    assert "run.server-latency-digits" in str(caught.value)
    assert caught.value.codes == ("bound-loosened",)
    allowed = resolve(registry, **words, overrides=["target_latency_ms=10.5"])
    assert "target_latency_ms is 10.5 ms, want at most 10 ms" in allowed.notes[0]


def test_contradictions_name_both_sides_and_a_reason():
    assert len(CONTRADICTIONS) == len({c.id for c in CONTRADICTIONS}) >= 18
    for item in CONTRADICTIONS:
        assert item.first_says != item.second_says
        assert item.first_source != item.second_source
        assert item.value in (item.first_says, item.second_says)
        assert item.why.endswith(".")
    assert [c.id for c in contradictions_of("3d-unet")] == ["3d-unet.samples", "3d-unet.reference"]


def test_what_was_taken_is_what_the_data_says():
    taken = {c.id: c.value for c in CONTRADICTIONS}
    newest = round_of("v6.1")
    assert int(taken["3d-unet.samples"]) == newest.benchmark("3d-unet-99").dataset_samples
    assert int(taken["dlrm-v3.samples"].replace(" ", "")) == (
        newest.benchmark("dlrm-v3").dataset_samples
    )
    bound = newest.benchmark("gpt-oss-120b").bound("Interactive")
    assert bound is not None
    assert taken["gpt-oss-120b.tpot"] == f"{bound.tpot_ms:g} ms"
    dlrm = newest.benchmark("dlrm-v3").bound("Server")
    assert dlrm is not None
    assert taken["dlrm-v3.latency"] == f"{dlrm.latency_ms:g} ms"
    assert int(taken["wan.samples"]) == newest.benchmark("wan-2.2-t2v-a14b").performance_samples


def test_inferred_results_of_the_rules_examples():
    assert division.inferred_multi_stream_ms(25) == 200
    assert division.inferred_offline(25) == 40
    assert division.inferred_offline(200, 8) == 40


def test_words_of_a_system():
    assert division.check_words("open", "Available", "datacenter,edge") == []
    wrong = division.check_words("Open", "soon", "Edge")
    assert [p.where for p in wrong] == ["division", "status", "system_type"]
