"""Broken model repositories: each is refused by its rule, with file and line."""

from __future__ import annotations

import json

import onnx
import pytest
from onnx import TensorProto, helper
from triton_repositories import GOOD, broken, model_at, run_cli

from runtime.triton.folder import Limits
from runtime.triton.rules import rules
from runtime.triton.validate import validate

pytest.importorskip("tritonclient.grpc", reason="needs tritonclient, of the extra `triton`")


def change(old, new):
    assert old in GOOD
    return GOOD.replace(old, new)


BROKEN = {
    "unknown field": ("triton.parse", GOOD + "bogus: 3\n"),
    "wrong enum": ("triton.parse", change("TYPE_FP32", "TYPE_FLOAT")),
    "wrong type": ("triton.parse", change("max_batch_size: 8", 'max_batch_size: "8"')),
    "doubled scalar": ("triton.parse", GOOD + "max_batch_size: 4\n"),
    "two schedulers": ("triton.parse", GOOD + "sequence_batching { direct { } }\n"),
    "template": ("triton.placeholder", change("max_batch_size: 8", "max_batch_size: ${MAX}")),
    "other name": ("triton.name", change('name: "m"', 'name: "other"')),
    "misspelt backend": ("triton.backend", change('"python"', '"pyhton"')),
    "unknown platform": ("triton.backend", GOOD + 'platform: "onnx"\n'),
    "backend against platform": ("triton.backend", GOOD + 'platform: "tensorrt_plan"\n'),
    "negative batch": ("triton.max-batch", change("max_batch_size: 8", "max_batch_size: -1")),
    "tensor twice": (
        "triton.tensors",
        GOOD + 'output { name: "y" data_type: TYPE_FP32 dims: 2 }\n',
    ),
    "no type": ("triton.tensors", change('"x" data_type: TYPE_FP32', '"x"')),
    "zero dim": ("triton.tensors", change("dims: [ 4 ]", "dims: [ 0 ]")),
    "no dims": ("triton.tensors", change("dims: [ 2 ]", "")),
    "reshape": ("triton.reshape", change("dims: [ 4 ]", "dims: [ 4 ] reshape { shape: [ 3 ] }")),
    "preferred above max": ("triton.preferred-batch", change("[ 4, 8 ]", "[ 4, 16 ]")),
    "preferred twice": ("triton.preferred-batch", change("[ 4, 8 ]", "[ 4, 4 ]")),
    "batching without a batch": ("triton.batcher", change("max_batch_size: 8", "max_batch_size: 0")),
    "priority": ("triton.queue", change("[ 4, 8 ]", "[ 4 ] priority_levels: 2")),
    "gpus on a cpu": ("triton.instance-group", change("KIND_CPU", "KIND_CPU gpus: [ 0 ]")),
    "zero instances": ("triton.instance-group", change("count: 1", "count: 0")),
    "gpu twice": ("triton.instance-group", change("KIND_CPU", "KIND_GPU gpus: [ 1, 1 ]")),
    "gpu ordinal": ("triton.gpu-ordinal", change("KIND_CPU", "KIND_GPU gpus: [ 3 ]")),
    "engine on a cpu": ("triton.kind", change('"python"', '"tensorrt"')),
    "version policy": (
        "triton.version-policy",
        GOOD + "version_policy { specific { versions: [ 7 ] } }\n",
    ),
    "latest none": ("triton.version-policy", GOOD + "version_policy { latest { num_versions: 0 } }"),
    "no file": ("triton.model-file", change('"python"', '"onnxruntime"')),
    "graphs elsewhere": ("triton.cuda-graphs", GOOD + "optimization { cuda { graphs: true } }\n"),
    "unknown accelerator": (
        "triton.accelerator",
        GOOD + 'optimization { execution_accelerators { gpu_execution_accelerator { name: "trt" } } }',
    ),
    "cache": (
        "triton.response-cache",
        GOOD + "response_cache { enable: true } model_transaction_policy { decoupled: true }\n",
    ),
    "warm-up": (
        "triton.warm-up",
        GOOD + 'model_warmup { name: "w" batch_size: 9 '
        'inputs { key: "x" value { data_type: TYPE_FP32 dims: 4 zero_data: true } } }\n',
    ),
    "labels": ("triton.labels", change("dims: [ 2 ]", 'dims: [ 2 ] label_filename: "l.txt"')),
    "ensemble field": (
        "triton.ensemble-fields",
        GOOD.replace('backend: "python"', 'platform: "ensemble"').replace(
            "dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100 }",
            'ensemble_scheduling { step { model_name: "n" model_version: -1 } }',
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_configuration_is_refused_by_its_rule(tmp_path, what):
    rule, text = BROKEN[what]
    model_at(tmp_path)
    assert validate(tmp_path, Limits(devices=2)).findings == (), "the unbroken one is fine"
    (tmp_path / "m" / "config.pbtxt").write_text(text)
    report = validate(tmp_path, Limits(devices=2))
    found = next(f for f in report.findings if f.rule.id == rule)
    assert found.rule.error
    assert rule in str(found.problem())
    assert found.do
    done = run_cli("validate", tmp_path, "--devices", 2)
    assert done.exit_code == 2
    assert rule in done.output


def test_there_are_twenty_broken_ones_and_every_error_has_one():
    assert len(BROKEN) >= 20
    shown = {rule for rule, _ in BROKEN.values()} | {
        "triton.ensemble", "triton.memory", "triton.no-version", "triton.onnx",
        "triton.python-class", "triton.version-folder", "triton.empty",
    }  # fmt: skip
    assert {r.id for r in rules() if r.error} == shown


def test_a_parse_error_names_line_and_word(tmp_path):
    model_at(tmp_path, text=GOOD + "bogus: 3\n")
    (found,) = validate(tmp_path).findings
    assert found.line == GOOD.count("\n") + 1
    assert '"bogus"' in found.got
    assert found.problem().code == "triton-config"


def test_a_semantic_finding_names_its_line(tmp_path):
    model_at(tmp_path, text=BROKEN["preferred above max"][1])
    (found,) = validate(tmp_path).findings
    assert found.line == 8
    assert "[16] with max_batch_size 8" in found.got


@pytest.mark.parametrize(
    ("files", "rule"),
    [
        ((), "triton.no-version"),
        (("v1/model.py",), "triton.no-version"),
        (("01/model.py", "1/model.py"), "triton.version-folder"),
        (("0/model.py", "1/model.py"), "triton.version-folder"),
        (("1/other.py",), "triton.model-file"),
    ],
)
def test_files_that_a_server_would_not_find(tmp_path, files, rule):
    model_at(tmp_path, files=files)
    assert rule in broken(validate(tmp_path))


def test_only_served_versions_need_the_file(tmp_path):
    model_at(tmp_path, files=("1/other.py", "2/model.py"))
    assert broken(validate(tmp_path)) == set()
    text = GOOD + "version_policy { all { } }\n"
    model_at(tmp_path, text=text, files=())
    assert broken(validate(tmp_path)) == {"triton.model-file"}


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("class Model:\n    pass\n", "no such class"),
        ("class TritonPythonModel:\n    pass\n", "without execute"),
        ("class TritonPythonModel\n", "SyntaxError"),
    ],
)
def test_a_python_model_is_read_not_run(tmp_path, code, says):
    folder = model_at(tmp_path)
    (folder / "1" / "model.py").write_text(f"import os\nos._exit(9)\n{code}")
    (found,) = validate(tmp_path).findings
    assert found.rule.id == "triton.python-class"
    assert says in found.got


def onnx_file(path, batch="batch", width=4):
    shape = [batch, width]
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph), str(path))


ORT = GOOD.replace('"python"', '"onnxruntime"').replace("dims: [ 2 ]", "dims: [ 4 ]")


@pytest.mark.parametrize(
    ("graph", "text", "says"),
    [
        ({}, ORT, None),
        ({"batch": 16}, ORT, "fixed to a batch of 16"),
        ({"width": 5}, ORT, "the graph has [5]"),
        ({}, ORT.replace('"x"', '"z"'), "the graph has x"),
        ({}, ORT.replace('"x" data_type: TYPE_FP32', '"x" data_type: TYPE_FP16'), "TYPE_FP32"),
    ],
)
def test_an_onnx_graph_is_held_against_the_configuration(tmp_path, graph, text, says):
    model_at(tmp_path, text=text, files=())
    onnx_file(tmp_path / "m" / "1" / "model.onnx", **graph)
    found = [f for f in validate(tmp_path).findings if f.rule.id == "triton.onnx"]
    assert bool(found) is (says is not None)
    assert says is None or any(says in f.got + f.do for f in found)


def test_instances_are_held_against_the_devices_memory(tmp_path):
    text = GOOD.replace("count: 1 kind: KIND_CPU", "count: 4 kind: KIND_GPU")
    folder = model_at(tmp_path, text=text)
    with (folder / "1" / "weights.bin").open("wb") as file:
        file.truncate(3 << 30)  # sparse: it has a size and takes no room
    assert broken(validate(tmp_path, Limits(memory_gib=24))) == set()
    assert broken(validate(tmp_path, Limits(memory_gib=10))) == {"triton.memory"}


def test_warnings_alone_do_not_refuse(tmp_path):
    text = GOOD.replace(
        "max_queue_delay_microseconds: 100", "max_queue_delay_microseconds: 2000000"
    )
    model_at(tmp_path, text=text + "optimization { gather_kernel_buffer_threshold: 4 }\n")
    (tmp_path / "custom" / "1").mkdir(parents=True)
    done = run_cli("validate", tmp_path, "--json")
    assert done.exit_code == 0
    found = json.loads(done.output)
    assert found["valid"] is True
    assert {f["rule"] for f in found["findings"]} == {
        "triton.delay", "triton.gpu-only", "triton.no-config",
    }  # fmt: skip
    assert {f["severity"] for f in found["findings"]} == {"warning"}


def test_rules_are_listed_with_their_reasons():
    done = run_cli("rules", "--json")
    found = json.loads(done.output)
    assert len(found) == len({r["id"] for r in found}) == len(rules()) >= 20
    assert all(r["want"] and r["why"] and r["source"] for r in found)
