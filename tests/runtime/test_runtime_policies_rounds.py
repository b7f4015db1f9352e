"""The official benchmarks as data: what each round asks for."""

import pytest

from runtime.errors import UsageError
from runtime.loadgen.userconf import MODELS
from runtime.policies.benchmarks.model import Benchmark
from runtime.policies.rounds import ROUNDS, check_wheel, round_of, round_of_wheel
from runtime.policies.systems import MEANINGFUL_KEYS, SYSTEM_KEYS

EVERY = [pytest.param(r, b, id=f"{r.name}-{b.name}") for r in ROUNDS for b in r.benchmarks]


def test_rounds_have_the_benchmarks_of_the_checker():
    names = {r.name: {b.name for b in r.benchmarks} for r in ROUNDS}
    assert {r: len(n) for r, n in names.items()} == {"v5.1": 19, "v6.0": 23, "v6.1": 21}
    assert names["v6.0"] - names["v5.1"] == {
        "dlrm-v3", "gpt-oss-120b", "qwen3-vl-235b-a22b", "wan-2.2-t2v-a14b", "yolo-95", "yolo-99",
    }  # fmt: skip
    assert names["v5.1"] - names["v6.0"] == {"dlrm-v2-99", "dlrm-v2-99.9"}
    assert names["v6.1"] - names["v6.0"] == {"e2e-rag-db", "e2e-rag-qna", "qwen3.6-27b"}
    assert names["v6.0"] - names["v6.1"] == {
        "llama2-70b-99", "llama3.1-405b", "mixtral-8x7b", "pointpainting", "retinanet",
    }  # fmt: skip


def test_resnet_asks_what_the_checker_asks():
    resnet = round_of("v6.1").benchmark("resnet50")
    assert resnet.name == "resnet"
    assert resnet.loadgen_name == "resnet50"
    (goal,) = resnet.goals
    assert goal.metric == "acc"
    assert goal.least == pytest.approx(75.6954)
    assert (resnet.dataset_samples, resnet.performance_samples) == (50_000, 1024)
    assert resnet.offline_samples == 24_576
    assert resnet.required("edge") == ("SingleStream", "MultiStream", "Offline")
    assert resnet.required("datacenter") == ()
    assert resnet.required("datacenter,edge")[-1] == "Server"
    bound = resnet.bound("Server")
    assert bound is not None
    assert bound.latency_ms == 15
    assert resnet.bound("Offline") is None
    assert resnet.compliance == ("TEST01", "TEST04")


def test_language_models_are_bound_by_tokens_and_have_upper_limits():
    llama = round_of("v6.1").benchmark("llama2-70b-99.9")
    interactive = llama.bound("Interactive")
    assert interactive is not None
    assert (interactive.ttft_ms, interactive.tpot_ms) == (450, 40)
    tokens = next(g for g in llama.goals if g.metric == "TOKENS_PER_SAMPLE")
    assert (tokens.least, tokens.most) == (pytest.approx(265.005), pytest.approx(323.895))


def test_goals_and_answers_may_differ_by_scenario():
    model = round_of("v6.1").benchmark("qwen3-vl-235b-a22b")
    assert model.goals_of("Server")[0].least == pytest.approx(0.782397)
    assert model.goals_of("Interactive")[0].least == pytest.approx(0.779922)
    assert (model.answers("Server"), model.answers("Interactive")) == (48_289, 8_000)


@pytest.mark.parametrize(("edition", "benchmark"), EVERY)
def test_every_benchmark_is_consistent(edition, benchmark: Benchmark):
    assert benchmark.performance_samples <= benchmark.dataset_samples
    assert benchmark.goals
    for goal in benchmark.goals:
        assert goal.least is not None or goal.most is not None
        if goal.least is not None and goal.most is not None:
            assert goal.least < goal.most
    assert not set(benchmark.datacenter) & set(benchmark.datacenter_optional)
    assert benchmark.source.startswith("mlcommons/inference@")
    asked = {*benchmark.datacenter, *benchmark.edge, *benchmark.both}
    assert asked, f"{benchmark.name} is in no suite of {edition.name}"


def test_a_round_that_is_unknown_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match=r"did you mean 'v6\.1'"):
        round_of("6.1")
    with pytest.raises(UsageError, match="'resnet'"):
        round_of("v6.1").benchmark("resnett")


def test_a_wheel_carries_the_seeds_of_one_round():
    assert {w: r.name for r in ROUNDS for w in r.wheels} == {
        w: found.name for r in ROUNDS for w in r.wheels if (found := round_of_wheel(w))
    }
    assert check_wheel("6.0.17", "v6.1") == []
    (problem,) = check_wheel("5.1.2", "v6.1")
    assert problem.got == "the seeds of v5.1"
    assert "mlcommons-loadgen==6.0.17" in problem.do
    (unknown,) = check_wheel("9.9.9", "v6.1")
    assert "nobody read" in unknown.got


def test_systems_json_keys():
    assert len(SYSTEM_KEYS) == len(set(SYSTEM_KEYS)) == 35
    assert set(MEANINGFUL_KEYS) < set(SYSTEM_KEYS)


def test_names_of_benchmarks_are_those_that_a_user_conf_may_have():
    names = {b.loadgen_name for r in ROUNDS for b in r.benchmarks}
    assert names - {""} <= MODELS
    assert {b.name for b in round_of("v6.1").benchmarks if not b.loadgen_name} == {
        "qwen3.6-27b", "e2e-rag-qna", "e2e-rag-db",
    }  # fmt: skip
