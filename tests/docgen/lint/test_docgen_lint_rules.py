"""Each rule finds what breaks it, at the right line, and nothing in what keeps it."""

from __future__ import annotations

import pytest

from docgen.lint import context, lint
from docgen.lint.rules import RULES


def codes(make, skip="info"):
    """Return (rule, severity) of every finding but notes."""
    found = lint(make.catalog())
    return [(f.code, f.severity) for f in found if f.severity != skip]


def only(make, code):
    """Return the one finding of a rule."""
    (found,) = [f for f in lint(make.catalog()) if f.code == code]
    return found


@pytest.mark.parametrize(
    ("many", "severity"),
    [
        (80, None),
        (59, None),
        (100, None),
        (55, "warning"),
        (110, "warning"),
        (8, "error"),
        (130, "error"),
    ],
)
def test_rates_grow_with_the_number_of_devices(make, many, severity):
    make.add("H200x1", offline_expected_qps=10)
    make.add("H200x8", offline_expected_qps=many)
    assert codes(make) == ([("rate-count", severity)] if severity else [])


def test_a_rate_that_did_not_grow_is_found_at_the_odder_system(make):
    make.add("H200x1", offline_expected_qps=100)
    make.add("H200x1", offline_expected_qps=98, accuracy="0.999")
    make.add("H200x8", offline_expected_qps=800, accuracy="0.999")
    bad = make.add("H200x8", offline_expected_qps=100)
    found = only(make, "rate-count")
    assert found.source == bad.values["offline_expected_qps"].source
    assert found.keys == (bad.key,)
    assert "want about 800 for 8 device(s)" in found.message
    assert "got offline_expected_qps = 100, 0.12 of that; a lost zero?" in found.message
    assert (
        found.others[0].text
        == "offline_expected_qps = 100 of H200x1/resnet50/Offline@0.99@MaxP@Custom"
    )


@pytest.mark.parametrize(
    ("many", "severity"), [(110, "error"), (119, "error"), (121, ""), (400, ""), (1300, "error")]
)
def test_the_host_of_a_model_server_may_keep_a_rate_from_growing(make, many, severity):
    make.add("H200x1", offline_expected_qps=100, harness="Triton")
    make.add("H200x8", offline_expected_qps=many, harness="Triton")
    assert codes(make) == ([("rate-count", severity)] if severity else [])


@pytest.mark.parametrize(
    ("direct", "served", "severity"),
    [
        (4_000_000, 600_000, ""),  # the host may be the limit
        (4_000_000, 480_000, "error"),
        (8_000_000, 600_000, "error"),  # not to less than a tenth
        (2_000_000, 600_000, ""),
        (400_000, 120_000, "warning"),
        (600_000, 1_000_000, "error"),  # a server cannot make it faster
    ],
)
def test_a_fast_model_server_may_be_as_slow_as_its_host(make, direct, served, severity):
    make.add("H200x8", offline_expected_qps=direct)
    make.add("H200x8", offline_expected_qps=served, harness="Triton")
    assert codes(make) == ([("rate-harness", severity)] if severity else [])


def test_boards_and_settings_are_not_mixed(make):
    make.add("H200x1", offline_expected_qps=10)
    make.add("H100x8", offline_expected_qps=500)
    make.add("H200x8", "bert", offline_expected_qps=500)
    make.add("A100_MIG_1x1g_5gb", offline_expected_qps=1)
    make.target("A100_MIG_1x1g_5gb", 1, mig="1g.5gb")
    assert codes(make) == []


@pytest.mark.parametrize(
    ("slow", "severity"),
    [
        (700, None),
        (1000, None),
        (400, "warning"),
        (1010, "warning"),
        (71, "error"),
        (5000, "error"),
    ],
)
def test_maxq_is_below_maxp_and_of_its_order(make, slow, severity):
    make.add("H200x8", server_target_qps=1000, scenario="Server")
    make.add("H200x8", server_target_qps=slow, power="MaxQ", power_limit=300, scenario="Server")
    assert codes(make) == ([("rate-power", severity)] if severity else [])


def test_latencies_are_compared_the_other_way_round(make):
    field = "single_stream_expected_latency_ns"
    make.add("Orin", "bert", "SingleStream", **{field: 1000})
    make.target("Orin", 1)
    make.add("Orin", "bert", "SingleStream", power="MaxQ", power_limit=10, **{field: 2000})
    assert codes(make) == []
    make.entries.pop()
    make.add("Orin", "bert", "SingleStream", power="MaxQ", power_limit=10, **{field: 900})
    assert codes(make) == [("rate-power", "warning")]


@pytest.mark.parametrize(
    ("served", "severity"),
    [(60, None), (125, None), (40, "warning"), (140, "warning"), (10, "error"), (200, "error")],
)
def test_a_server_costs_something_and_not_everything(make, served, severity):
    make.add("H200x8", "bert", offline_expected_qps=100)
    make.add("H200x8", "bert", offline_expected_qps=served, harness="Triton")
    assert codes(make) == ([("rate-harness", severity)] if severity else [])


@pytest.mark.parametrize(
    ("high", "severity"), [(60, None), (104, None), (110, "warning"), (170, "error")]
)
def test_a_higher_accuracy_is_not_faster(make, high, severity):
    make.add("H200x8", "bert", offline_expected_qps=100)
    make.add("H200x8", "bert", offline_expected_qps=high, accuracy="0.999")
    assert codes(make) == ([("rate-accuracy", severity)] if severity else [])


@pytest.mark.parametrize(
    ("rate", "severity"), [(50, None), (105, None), (120, "warning"), (200, "error")]
)
def test_server_is_not_faster_than_offline(make, rate, severity):
    make.add("H200x8", "bert", offline_expected_qps=100)
    make.add("H200x8", "bert", "Server", server_target_qps=rate)
    assert codes(make) == ([("server-over-offline", severity)] if severity else [])


def test_inherited_rate_of_another_scenario_is_not_judged(make):
    make.add("H200x8", "bert", offline_expected_qps=100)
    make.add("H200x8", "bert", "Server", offline_expected_qps=500, server_target_qps=90)
    assert codes(make) == []


def test_same_boards_have_like_rates(make):
    for vendor, rate in (("A", 100), ("B", 110), ("C", 30)):
        make.add(f"{vendor}_H200x8", offline_expected_qps=rate)
        kind = [{"name": "KnownGPU.H200", "count": 8}]
        make.target(f"{vendor}_H200x8", 8, accelerators=kind)
    found = only(make, "rate-sibling")
    assert found.keys == ("C_H200x8/resnet50/Offline@0.99@MaxP@Custom",)
    make.entries.pop()
    assert codes(make) == []


@pytest.mark.parametrize(
    ("name", "tensor", "pipeline", "severity"),
    [
        ("H200x8", 4, 2, None),
        ("H200x8", 4, 1, None),
        ("H200x2", 8, 1, "error"),
        ("H200x8", 2, 8, "error"),
        ("H200x8", 3, 1, "warning"),
    ],
)
def test_parallelism_fits_the_devices(make, name, tensor, pipeline, severity):
    make.add(name, "x", tensor_parallelism=tensor, pipeline_parallelism=pipeline)
    assert codes(make) == ([("parallel-devices", severity)] if severity else [])


@pytest.mark.parametrize(
    ("precision", "devices", "finds"),
    [("fp16", 1, True), ("fp16", 2, False), ("fp8", 1, False), ("unheard", 1, False)],
)
def test_weights_fit(make, precision, devices, finds):
    make.target("H100x8", 8, memory="80 GiB")
    make.add("H100x8", "llama2-70b", precision=precision, tensor_parallelism=devices)
    assert codes(make) == ([("weights-memory", "error")] if finds else [])


def test_use_fp8_halves_the_weights(make):
    make.target("H100x8", 8, memory=80)
    make.add("H100x8", "LLAMA2", precision="fp16", use_fp8=True, tensor_parallelism=1)
    assert codes(make) == []


@pytest.mark.parametrize(
    ("batch", "finds"), [(2048, False), ({"resnet50": 2048}, False), ({"resnet50": 65536}, True)]
)
def test_a_batch_fits(make, batch, finds):
    make.target("L4x1", 1, memory="24 GiB")
    make.add("L4x1", gpu_batch_size=batch, precision="fp32")
    assert codes(make) == ([("batch-memory", "error")] if finds else [])


def test_a_batch_of_a_slice_is_held_against_the_slice(make):
    make.target("A100_MIG_1x1g_5gb", 1, mig="1g.5gb", memory=40)
    make.add("A100_MIG_1x1g_5gb", gpu_batch_size=8192, precision="int8")
    assert "at most 5631 in 5 GiB" in only(make, "batch-memory").message


def test_power_limits(make):
    make.target("H200x8", 8, power_limit=700.0)
    make.add("H200x8", power="MaxQ", power_limit=750)
    assert codes(make) == [("power-over-board", "error")]
    make.add("H200x8", "bert", power="MaxQ", gpu_batch_size=4)
    assert ("maxq-unlimited", "warning") in codes(make)


def test_maxq_is_not_judged_where_no_tree_sets_limits(make):
    make.add("H200x8", "bert", power="MaxQ", gpu_batch_size=4)
    assert codes(make) == []


def test_maxq_with_the_values_of_maxp(make):
    make.add("H200x8", "bert", gpu_batch_size=4, power_limit=300)
    copy = make.add("H200x8", "bert", power="MaxQ", gpu_batch_size=4, power_limit=300)
    assert only(make, "same-as-maxp").keys == (copy.key,)
    make.entries[-1] = make.add("H200x8", "bert", power="MaxQ", gpu_batch_size=2, power_limit=300)
    make.entries.pop(1)
    assert codes(make) == []


@pytest.mark.parametrize(("used", "finds"), [(1536, False), (12000, True)])
def test_an_engine_keeps_its_limits(make, used, finds):
    make.add(
        "B200x8",
        "llama3_1-8b",
        trtllm_build_flags={"max_num_tokens": 1536, "max_seq_len": 10},
        trtllm_runtime_flags={"max_num_tokens": used},
    )
    assert codes(make) == ([("engine-limit", "warning")] if finds else [])


def test_fields_are_declared_and_set(make):
    make.spec("gpu_batch_size", "Samples at once.")
    make.spec("use_graphs", "Replay captured work.")
    make.add("L4x1", gpu_batchsize=4, use_graphs=True)
    found = {f.code: f for f in lint(make.catalog())}
    assert set(found) == {"undeclared-field", "unset-field"}
    assert (
        "want the declared field gpu_batch_size, got gpu_batchsize"
        in found["undeclared-field"].message
    )
    assert (found["undeclared-field"].severity, found["unset-field"].severity) == ("error", "info")


def test_a_part_of_the_key_need_not_be_set(make):
    make.spec("harness_type", "What stands between LoadGen and the model.")
    make.spec("harness_types", "Nothing of the key.")
    make.add("L4x1")
    assert [f.message.split(",")[0] for f in lint(make.catalog()) if f.code == "unset-field"] == [
        "want a configuration that sets harness_types"
    ]


def test_two_names_and_shared_words(make):
    make.spec("kvcache_free_mem_frac", "Share of free memory for the cache.")
    make.spec("free_memory_fraction_kv_cache", "How much of it.")
    make.spec("batch_sched", "One.", scenarios=("Offline",))
    make.spec("batch_scheduler", "Two.", scenarios=("Server",))
    make.spec("soc_freq", "Share of free memory for the cache.")
    make.add("L4x1", kvcache_free_mem_frac=1, soc_freq=1)
    assert codes(make) == [("shared-doc", "warning"), ("two-names", "warning")]


def test_a_setting_that_repeats_its_base(make):
    make.add("L4x1", use_graphs=make.value(False, base=False), levels=make.value(3, base=2))
    found = only(make, "redundant-setting")
    assert "use_graphs = False again" in found.message


def test_true_is_not_one(make):
    make.add("L4x1", use_graphs=make.value(True, base=1))
    assert codes(make, "error") == []


def test_copies_across_boards(make):
    make.add("A100x1", offline_expected_qps=100, gpu_batch_size=8)
    make.add("L4x1", offline_expected_qps=100, gpu_batch_size=8)
    make.add("T4x1", offline_expected_qps=101, gpu_batch_size=8)
    found = only(make, "identical-body")
    assert found.keys == tuple(f"{b}x1/resnet50/Offline@0.99@MaxP@Custom" for b in ("A100", "L4"))
    assert found.severity == "info"


def test_one_line_that_many_inherit_is_one_finding(make):
    shared = make.value(8)
    make.add("H200x1", "bert", offline_expected_qps=10)
    make.add("H200x1", "bert", offline_expected_qps=10, accuracy="0.999")
    make.add("H200x8", "bert", offline_expected_qps=shared)
    make.add("H200x8", "bert", offline_expected_qps=shared, accuracy="0.999")
    assert len(only(make, "rate-count").keys) == 2


def test_what_a_tree_refuses_is_not_judged(make):
    import msgspec

    make.add("H200x2", "x", tensor_parallelism=8)
    make.entries[0] = msgspec.structs.replace(make.entries[0], rejected="no such field")
    assert codes(make) == []


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda r: r.id)
def test_every_rule_says_why(rule):
    for text in (rule.title, rule.reason, rule.example, rule.mend):
        assert len(text) > 15
    assert rule.title.endswith(".")
    assert rule.reason.endswith(".")


def test_a_ratio_is_told_as_a_part_or_as_a_multiple():
    told = [context.part(ratio) for ratio in (0.118, 0.996, 1, 1.5625, 14.2)]
    assert told == ["0.12 of", "0.996 of", "1 times", "1.6 times", "14 times"]
