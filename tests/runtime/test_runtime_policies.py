"""The policies: ids, sources, and the functions that apply them, against known figures."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from runtime.configs.registry import load
from runtime.configs.schema import Entry, MultiStream, Offline, Server, Settings, SingleStream
from runtime.errors import ConfigError
from runtime.policies import (
    accuracy,
    artifacts,
    division,
    equivalence,
    estimates,
    mig,
    power,
    precision,
    run,
    seeds,
    submission,
    submission_logs,
    wording,
)
from runtime.policies.artifacts import CacheKey, changed_parts
from runtime.policies.catalog import policies
from runtime.policies.earlystopping import least_queries
from runtime.policies.model import Policy
from runtime.record import STATEMENT
from runtime.vocabulary import AccuracyTarget, Precision, Scenario
from runtime.workloads import digits, resnet50

MODULES = (
    run, seeds, accuracy, precision, artifacts, wording, estimates, mig, division, equivalence, power,
    submission, submission_logs,
)  # fmt: skip


def test_policies_are_complete_and_unique() -> None:
    found = (p for m in MODULES for p in vars(m).values() if isinstance(p, Policy))
    listed = list({id(p): p for p in found}.values())
    assert len(policies()) == len(listed) >= 38
    assert [p.id for p in policies()] == sorted(p.id for p in listed)
    topics = {p.id.split(".")[0] for p in policies()}
    assert topics == {
        "run", "seeds", "accuracy", "calibration", "precision", "artifacts", "wording", "estimates",
        "mig", "division", "category", "suite", "equivalence", "power",
        "submission",
    }  # fmt: skip


@pytest.mark.parametrize("policy", policies(), ids=lambda p: p.id)
def test_policy_says_rule_and_source(policy: Policy) -> None:
    assert policy.rule.endswith(".")
    assert len(policy.source) >= len("Calliope")
    assert policy.title
    assert policy.applies_to
    assert policy.unit == "" or policy.value is not None


def test_number_of_a_rule_without_one_is_an_error() -> None:
    assert run.MIN_DURATION.number == 600_000
    with pytest.raises(ConfigError, match=r"seeds\.round: want a number in the rule, got none"):
        _ = seeds.SEEDS.number


@pytest.mark.parametrize(
    ("scenario", "queries", "percentile"),
    [
        (Scenario.OFFLINE, 1, None),
        (Scenario.SERVER, 459, 99.0),
        (Scenario.SINGLE_STREAM, 64, 90.0),
        (Scenario.MULTI_STREAM, 662, 99.0),
    ],
)
def test_scenario_minimums(scenario: Scenario, queries: int, percentile: float | None) -> None:
    assert run.min_queries(scenario) == queries
    assert run.percentile(scenario) == percentile


def test_early_stopping_minimums_follow_from_the_confidence() -> None:
    assert run.min_queries(Scenario.SINGLE_STREAM) == least_queries(1, 90.0)
    assert run.min_queries(Scenario.MULTI_STREAM) == least_queries(1, 99.0)
    assert run.min_queries(Scenario.SERVER) == least_queries(0, 99.0)


def test_schema_defaults_agree_with_the_policies() -> None:
    offline = Offline(target_qps=1.0)
    assert offline.min_duration_ms == run.MIN_DURATION.number
    assert offline.min_sample_count == run.OFFLINE_SAMPLES.number
    assert MultiStream(expected_latency_ms=1).min_query_count == 662
    assert MultiStream(expected_latency_ms=1).samples_per_query == run.SAMPLES_PER_QUERY.number
    assert Server(target_qps=1, target_latency_ms=1).target_latency_percentile == 99
    assert run.PERFORMANCE_SAMPLES.number == resnet50.WORKLOAD.performance_samples


def test_min_samples() -> None:
    assert run.min_samples(50_000) == 24_576
    assert run.min_samples(540) == 540


@pytest.mark.parametrize(
    ("workload", "target", "bound"),
    [
        ("resnet50", "h200-sxm-141gb", 15.0),
        ("resnet50", "cpu", 1000.0),
        ("digits", "cpu", 10.0),
        ("digits", "l4", 10.0),
        ("bert", "l4", None),
    ],
)
def test_latency_bound(workload: str, target: str, bound: float | None) -> None:
    assert run.latency_bound_ms(workload, target) == bound


def test_loosened_bound_is_a_problem() -> None:
    loose = Server(target_qps=1, target_latency_ms=20)
    [problem] = run.check_bound(loose, "resnet50", "l4")
    assert str(problem) == (
        "l4/resnet50/server.target_latency_ms: want at most 15 ms, got 20 ms; "
        "lower it (run.server-latency-resnet50), or loosen it for one run with --set"
    )
    assert run.check_bound(loose, "resnet50", "cpu") == []
    assert run.check_bound(loose, "bert", "l4") == []


@pytest.mark.parametrize(
    ("wheel", "found"),
    [
        ("6.0.17", "v6.1"),
        ("6.0.16", "v6.1"),
        ("6.0.15", "v6.0"),
        ("6.0.3", "v5.1"),
        ("5.1.2", "v5.1"),
        ("6.0.4", None),
        ("4.1.30", None),
        ("7.0.0", None),
        ("unknown", None),
    ],
)
def test_round_of_a_wheel(wheel: str, found: str | None) -> None:
    seeds_ = seeds.find_round(wheel)
    assert (seeds_ and seeds_.round) == found


def test_seeds_of_the_installed_wheel_are_the_ones_listed() -> None:
    code = (
        "import json, importlib.metadata as m, mlperf_loadgen as lg\n"
        "s = lg.TestSettings(); s.FromConfig('/nonexistent/user.conf', 'resnet50', 'Offline', 1)\n"
        "print(json.dumps([m.version('mlcommons-loadgen'), s.qsl_rng_seed,"
        " s.sample_index_rng_seed, s.schedule_rng_seed]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    version, *found = json.loads(done.stdout.splitlines()[-1])
    known = seeds.find_round(version)
    if known is None:
        pytest.skip(f"the seeds of wheel {version} are not listed")
    assert found == [known.qsl, known.sample_index, known.schedule]


def test_accuracy_goal() -> None:
    goal = accuracy.accuracy_goal(AccuracyTarget.P99, 0.7646)
    assert goal == pytest.approx(0.756954)
    assert accuracy.accuracy_goal(AccuracyTarget.P99_9, 1.0) == pytest.approx(0.999)


def test_calibration_must_be_disjoint() -> None:
    assert accuracy.check_disjoint(["a", "b"], ["c"]) == []
    [problem] = accuracy.check_disjoint(iter(["c", "a", "b"]), iter(["b", "c", "d"]))
    assert str(problem) == (
        "calibration samples: want none of the evaluation set, got 2 shared samples, the first b; "
        "calibrate on the calibration set alone"
    )


@pytest.mark.parametrize(
    ("capability", "formats"),
    [
        ("10.0", {"fp32", "fp16", "bf16", "fp8", "int8"}),
        ("9.0", {"fp32", "fp16", "bf16", "fp8", "int8"}),
        ("8.9", {"fp32", "fp16", "bf16", "fp8", "int8"}),
        ("8.7", {"fp32", "fp16", "bf16", "int8"}),
        ("8.0", {"fp32", "fp16", "bf16", "int8"}),
        ("7.5", {"fp32", "fp16", "int8"}),
        ("5.2", {"fp32"}),
        (None, {"fp32", "int8"}),
    ],
)
def test_formats_by_compute_capability(capability: str | None, formats: set[str]) -> None:
    assert {str(p) for p in precision.formats(capability)} == formats
    for fmt in Precision:
        assert precision.supported(fmt, capability) == (fmt.value in formats)


def test_opsets_of_qdq_formats() -> None:
    assert precision.required_opset(Precision.INT8) == 13
    assert precision.required_opset(Precision.FP8) == 19


def test_quantization_is_refused_where_the_target_lacks_the_format() -> None:
    targets = load().targets
    for name in ("h200-sxm-141gb", "l4", "b200"):
        assert precision.check_quantization(Precision.FP8, targets[name]) == []
    for name in ("cpu", "a100-sxm-80gb", "a30", "jetson-agx-orin"):
        assert precision.check_quantization(Precision.INT8, targets[name]) == []
        [problem] = precision.check_quantization(Precision.FP8, targets[name])
        assert problem.where == f"--target {name}"
        assert problem.got == "fp8"


def test_precision_thresholds_are_the_rules_numbers() -> None:
    for policy, fmt in (
        (precision.FP16_FROM, Precision.FP16),
        (precision.INT8_FROM, Precision.INT8),
        (precision.BF16_FROM, Precision.BF16),
        (precision.FP8_FROM, Precision.FP8),
    ):
        major, minor = str(policy.number).split(".")
        below = f"{major}.{int(minor) - 1}" if minor != "0" else f"{int(major) - 1}.9"
        assert precision.supported(fmt, f"{major}.{minor}")
        assert not precision.supported(fmt, below)


def test_unsupported_format_is_a_problem_of_the_entry() -> None:
    registry = load()
    entry = registry.entry("a100-sxm-80gb/resnet50/offline")
    wrong = Entry(
        target=entry.target,
        workload=entry.workload,
        settings=replace(entry.settings, precision=Precision.FP8),
    )
    [problem] = precision.check_precision(wrong, registry.target("a100-sxm-80gb"))
    assert problem.where == "a100-sxm-80gb/resnet50/offline.precision"
    assert problem.want == "one of fp32, fp16, bf16, int8"
    assert problem.got == "fp8"


def test_cache_key_names_what_changed() -> None:
    key = CacheKey(model="m", samples="s", algorithm="entropy", library="onnxruntime 1.32.0")
    newer = replace(key, samples="t", library="onnxruntime 1.33.0")
    assert changed_parts(key, key) == ()
    assert changed_parts(key, newer) == ("samples", "library")
    assert len(key.digest) == 16
    assert key.digest != newer.digest
    assert key.digest == replace(key).digest


def test_figures_carry_their_words() -> None:
    assert wording.mark_figure(64_282.04, "samples/s") == "64 282 samples/s (unverified)"
    assert wording.mark_figure(0.0231, "ms", quick=True) == "0.0231 ms (unverified, quick run)"
    assert wording.footnotes() == (STATEMENT,)
    notes = wording.footnotes(quick=True, notes=("random images: speed only", "", STATEMENT))
    assert notes[0] == STATEMENT
    assert "no official" in notes[1]
    assert notes[2:] == ("random images: speed only",)
    assert STATEMENT == "Result not verified by MLCommons Association."
    assert STATEMENT in wording.FOOTNOTE.rule


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        (Offline(target_qps=90_000), 660.0),
        (Offline(target_qps=10), 2457.6),
        (Offline(target_qps=100, min_duration_ms=0, min_sample_count=50), 0.5),
        (Server(target_qps=1000, target_latency_ms=10), 600.0),
        (Server(target_qps=0.1, target_latency_ms=10), 1000.0),
        (SingleStream(expected_latency_ms=1), 600.0),
        (SingleStream(expected_latency_ms=10_000), 1000.0),
        (MultiStream(expected_latency_ms=1000), 662.0),
        (Settings(), 600.0),
    ],
)
def test_run_seconds(settings: Settings, seconds: float) -> None:
    assert estimates.run_seconds(settings) == pytest.approx(seconds)


def test_offline_run_at_another_rate() -> None:
    settings = Offline(target_qps=70_000)
    assert estimates.offline_samples(settings) == 46_200_000
    assert estimates.run_seconds(settings, rate=35_000) == pytest.approx(1320)


def test_memory_estimate() -> None:
    settings = Offline(target_qps=1, batch_size=2048, precision=Precision.INT8)
    model = resnet50.WORKLOAD
    assert estimates.memory_bytes(model, settings) == 25_557_032 + 2_408_448 * 2048
    doubled = replace(settings, lanes=2, precision=Precision.FP16)
    assert estimates.memory_bytes(model, doubled) == 4 * (25_557_032 + 2_408_448 * 2048)
    assert estimates.memory_share(model, settings, 80.0) == pytest.approx(0.0620, abs=1e-4)
    other = replace(model, peak_activations=0)
    expected = 25_557_032 + (3 * 224 * 224 + 1000) * 2048
    assert estimates.memory_bytes(other, settings) == expected


def test_widest_point_of_the_digits_graph_is_the_one_listed(tmp_path) -> None:
    import onnx

    model = onnx.load(str(digits.open_model(None, tmp_path).path))
    graph = onnx.shape_inference.infer_shapes(model).graph
    weights = {w.name for w in graph.initializer}
    size = {}
    for value in [*graph.value_info, *graph.input, *graph.output]:
        elements = 1
        for dim in value.type.tensor_type.shape.dim[1:]:
            elements *= dim.dim_value
        size[value.name] = elements
    last = {name: i for i, node in enumerate(graph.node) for name in node.input}
    live, widest = {v.name for v in graph.input} - weights, 0
    for i, node in enumerate(graph.node):
        live |= set(node.output)
        widest = max(widest, sum(size[name] for name in live))
        live = {name for name in live if last.get(name, -1) > i}
    assert digits.WORKLOAD.peak_activations == widest
