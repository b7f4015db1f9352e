"""Plans: words, overrides, quick mode, JSON, estimates."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from runtime.configs.registry import Registry, load
from runtime.configs.schema import Entry, MultiStream, Offline, Server, SingleStream
from runtime.configs.target import Target
from runtime.errors import ConfigError, UsageError
from runtime.plan import RunPlan, estimate_s, resolve, resolve_all, values_of
from runtime.policies.earlystopping import least_queries
from runtime.quick import quick_changes
from runtime.selection import select
from runtime.vocabulary import (
    AccuracyTarget,
    Family,
    HarnessKind,
    Mode,
    PowerSetting,
    Precision,
    Scenario,
)

REAL = load()


@pytest.fixture
def registry() -> Registry:
    targets = {
        "box": Target(name="box", title="Box", family=Family.CPU),
        "gpu-x8": Target(name="gpu-x8", title="8x GPU", family=Family.HOPPER, devices=8),
    }
    offline = Offline(target_qps=60_000.0, batch_size=128)
    entries = [
        Entry(target="box", workload="digits", settings=offline),
        Entry(target="box", workload="digits", settings=offline, accuracy=AccuracyTarget.P99_9),
        Entry(target="box", workload="digits", settings=offline, power=PowerSetting.MAX_Q),
        Entry(
            target="box", workload="digits", settings=Server(target_qps=1e3, target_latency_ms=9.0)
        ),
        Entry(target="gpu-x8", workload="digits", settings=offline, harness=HarnessKind.TRITON),
        Entry(target="gpu-x8", workload="digits", settings=offline),
    ]
    return Registry(
        targets=targets,
        workloads={"digits": REAL.workloads["digits"]},
        entries={e.key: e for e in entries},
    )


def resolve_digits(registry: Registry, **more):
    words = {"target": "box", "workload": "digits", "scenario": "offline"}
    return resolve(registry, **{**words, **more})


def test_plain_plan_has_the_entry_s_values(registry):
    plan = resolve_digits(registry)
    assert plan.key == "box/digits/offline"
    assert plan.settings == registry.entries[plan.key].settings
    assert plan.overrides == {}
    assert plan.devices == ()
    assert plan.mode is Mode.PERFORMANCE
    assert plan.scenario is Scenario.OFFLINE
    assert not plan.quick


def test_variants_choose_their_entry(registry):
    assert resolve_digits(registry, accuracy="99.9").accuracy_goal is AccuracyTarget.P99_9
    assert resolve_digits(registry, power="maxq").key == "box/digits/offline@maxq"
    triton = resolve_digits(registry, target="gpu-x8", harness=HarnessKind.TRITON)
    assert triton.key == "gpu-x8/digits/offline@triton"
    assert triton.devices == tuple(range(8))


def test_every_entry_where_words_are_left_out(registry):
    assert [e.key for e in select(registry, target="box")] == [
        "box/digits/offline",
        "box/digits/offline@99.9",
        "box/digits/offline@maxq",
        "box/digits/server",
    ]
    plans = resolve_all(registry, target="box", overrides=["max_queue_delay_us=5", "batch_size=2"])
    assert [p.overrides.get("max_queue_delay_us") for p in plans] == [None, None, None, 5]
    assert {p.settings.batch_size for p in plans} == {2}


def test_all_wrong_words_at_once_each_with_a_suggestion(registry):
    with pytest.raises(UsageError) as caught:
        resolve(
            registry,
            target="bx",
            workload="digit",
            scenario="ofline",
            mode="perf",
            overrides=["batchsize=3", "nonsense"],
            model=Path("no-such-file.onnx"),
        )
    text = str(caught.value)
    assert len(caught.value.problems) == 7
    for part in (
        "--target: want a known target, got 'bx'; did you mean 'box'?",
        "--workload: want a known workload, got 'digit'; did you mean 'digits'?",
        "--scenario: want a known scenario, got 'ofline'; did you mean 'offline'?",
        "--mode: want a known mode, got 'perf'; did you mean 'performance'?",
        "did you mean 'batch_size'",
        "--set: want FIELD=VALUE, got 'nonsense'",
        "no such path: no-such-file.onnx",
    ):
        assert part in text
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("batch_size=0", "--set batch_size: want 1 to 65536, got 0"),
        ("batch_size=2.5", "--set batch_size: want a whole number, got '2.5'"),
        ("target_qps=inf", "--set target_qps: want a finite number, got 'inf'"),
        ("use_cuda_graph=maybe", "--set use_cuda_graph: want true or false"),
        ("precision=fp7", "--set precision: want one of fp32, fp16"),
        ("=3", "--set: want FIELD=VALUE"),
        ("max_queue_delay_us=3", "want a field of the entry"),
    ],
)
def test_values_that_do_not_fit(registry, text, part):
    with pytest.raises(UsageError) as caught:
        resolve_digits(registry, overrides=[text])
    assert part in str(caught.value)


def test_two_bad_values_and_a_field_given_twice_are_told_together(registry):
    with pytest.raises(UsageError) as caught:
        resolve_digits(registry, overrides=["batch_size=0", "lanes=99", "lanes=1", "target_qps=x"])
    assert len(caught.value.problems) == 4


def test_overrides_take_the_type_of_the_field(registry):
    plan = resolve_digits(
        registry,
        overrides=["batch_size=64", "target_qps=5", "precision=int8", "use_cuda_graph=yes"],
    )
    assert plan.settings.batch_size == 64
    assert isinstance(plan.settings.target_qps, float)
    assert plan.settings.precision is Precision.INT8
    assert plan.settings.use_cuda_graph is True
    assert plan.overrides == {
        "batch_size": 64,
        "target_qps": 5.0,
        "precision": "int8",
        "use_cuda_graph": True,
    }
    assert resolve_digits(registry, overrides={"batch_size": 64}).settings.batch_size == 64
    same = resolve_digits(registry, overrides=["batch_size=128"])
    assert same.overrides == {"batch_size": 128}, "a value that the user named is listed"


def test_combination_that_does_not_exist_tells_what_does(registry):
    with pytest.raises(UsageError) as caught:
        resolve_digits(registry, scenario="single-stream")
    assert "it has: box/digits/offline" in str(caught.value)


@pytest.mark.parametrize("key", sorted(REAL.entries))
def test_every_real_entry_survives_json_quick_and_not(key):
    entry = REAL.entries[key]
    words = {"target": entry.target, "workload": entry.workload, "scenario": entry.scenario}
    variant = {"accuracy": entry.accuracy, "power": entry.power, "harness": entry.harness}
    for quick in (False, True):
        plan = resolve(REAL, **words, **variant, quick=quick, overrides=["warmup_batches=1"])
        assert plan.key == key
        back = RunPlan.from_json(plan.to_json())
        assert back == plan
        assert type(back.settings) is type(entry.settings)
        before, after = values_of(entry.settings), values_of(plan.settings)
        changed = {n for n in after if after[n] != before[n]}
        assert changed <= set(plan.overrides)
        if quick:
            assert plan.settings.min_duration_ms <= 2_000
            assert getattr(plan.settings, "target_qps", 0) == getattr(
                entry.settings, "target_qps", 0
            )
            assert estimate_s(plan, 540) < 6.0


def test_json_with_a_bad_value_is_refused(registry):
    plain = json.loads(resolve_digits(registry).to_json())
    plain["settings"]["batch_size"] = 0
    with pytest.raises(ConfigError, match="batch_size"):
        RunPlan.from_json(json.dumps(plain))


def test_paths_survive_json(registry, tmp_path):
    model = tmp_path / "m.onnx"
    model.write_bytes(b"x")
    plan = resolve_digits(registry, model=model, data=tmp_path)
    assert RunPlan.from_json(plan.to_json()).model == model
    with pytest.raises(UsageError, match="--data: want a folder that exists, got something else"):
        resolve_digits(registry, data=model)


# --- quick mode ---


def test_counts_are_those_of_early_stopping():
    assert least_queries(1, 99.0) == 662
    assert least_queries(1, 90.0) == 64
    assert least_queries(0, 99.0) == 459
    assert least_queries(1, 50.0) == 11
    with pytest.raises(ValueError, match="100th"):
        least_queries(1, 100.0)


def test_quick_offline_is_sized_for_two_seconds_and_valid_from_half_a_second():
    changes = quick_changes(Offline(target_qps=1_000.5), Mode.PERFORMANCE)
    assert changes == {"warmup_batches": 2, "min_duration_ms": 500, "min_sample_count": 2_001}


def test_quick_server_lowers_the_percentile_only_where_the_rate_is_too_low():
    fast = quick_changes(Server(target_qps=1_000.0, target_latency_ms=9.0), Mode.PERFORMANCE)
    assert fast == {"warmup_batches": 2, "min_duration_ms": 2_000, "min_query_count": 662}
    slow = quick_changes(Server(target_qps=5.0, target_latency_ms=9.0), Mode.PERFORMANCE)
    assert slow["target_latency_percentile"] == 50.0
    assert slow["min_query_count"] == 11


def test_quick_streams():
    single = quick_changes(SingleStream(expected_latency_ms=40.0), Mode.PERFORMANCE)
    assert single == {"warmup_batches": 2, "min_duration_ms": 2_000, "min_query_count": 64}
    slow = quick_changes(MultiStream(expected_latency_ms=300.0), Mode.PERFORMANCE)
    assert slow["target_latency_percentile"] == 50.0
    assert slow["min_query_count"] * 0.3 <= 5.0
    hundred = MultiStream(expected_latency_ms=0.1, target_latency_percentile=100.0)
    assert quick_changes(hundred, Mode.PERFORMANCE)["target_latency_percentile"] == 97.0


def test_quick_accuracy_judges_the_whole_data_set(registry):
    plan = resolve_digits(registry, quick=True, mode="accuracy")
    assert plan.overrides == {"warmup_batches": 2}
    assert plan.quick


def test_values_of_the_user_win_over_quick_and_size_it(registry):
    plan = resolve_digits(registry, quick=True, overrides=["target_qps=100", "min_duration_ms=900"])
    assert plan.settings.min_duration_ms == 900
    assert plan.settings.min_sample_count == 200
    already = dataclasses.replace(plan.settings, warmup_batches=0)
    assert "warmup_batches" not in quick_changes(already, Mode.PERFORMANCE)


def test_estimates():
    offline = resolve(REAL, target="cpu", workload="digits", scenario="offline")
    assert estimate_s(offline, 540) == pytest.approx(660.0, rel=0.01)
    judged = dataclasses.replace(offline, mode=Mode.ACCURACY)
    assert estimate_s(judged, 540) == pytest.approx(540 / offline.settings.target_qps)
    multi = resolve(REAL, target="cpu", workload="digits", scenario="multi-stream", mode="accuracy")
    assert estimate_s(multi, 540) == pytest.approx(68 * multi.settings.expected_latency_ms / 1000)


def test_a_format_that_the_device_lacks_is_refused_before_the_run() -> None:
    registry = load()
    with pytest.raises(UsageError) as caught:
        resolve(
            registry,
            target="a100-sxm-80gb",
            workload="resnet50",
            scenario="offline",
            overrides=["precision=fp8"],
        )
    (problem,) = caught.value.problems
    assert problem.where == "a100-sxm-80gb/resnet50/offline.precision"
    assert "fp16" in problem.want
    assert problem.got == "fp8"
