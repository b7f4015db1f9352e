"""Model repositories: generated from every entry, and broken ones refused by rule."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper

from runtime.backends.providers import TENSORRT
from runtime.cli import main
from runtime.configs.registry import load
from runtime.configs.schema import Offline, Server
from runtime.configs.workload import ModelFile
from runtime.errors import ArtifactError, ConfigError
from runtime.plan import RunPlan, resolve
from runtime.triton import pymodel
from runtime.triton.folder import Limits
from runtime.triton.modelconfig import build, parse, render
from runtime.triton.repository import config_text, write_model
from runtime.triton.rules import rules
from runtime.triton.spec import choose_backend, spec_of
from runtime.triton.validate import validate, validate_text
from runtime.vocabulary import HarnessKind, Precision, Scenario
from runtime.workloads import digits

pytest.importorskip("tritonclient.grpc", reason="needs tritonclient, of the extra `triton`")

REAL = load()

GOOD = """
name: "m"
backend: "python"
max_batch_size: 8
input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 2 ] }
instance_group { count: 1 kind: KIND_CPU }
dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100 }
"""
CODE = "class TritonPythonModel:\n    def execute(self, requests):\n        return []\n"


def plan_of(settings, devices=()):
    return RunPlan(key="t/digits/x@triton", target="t", workload="digits",
                   scenario=settings.scenario, mode="performance", quick=True, settings=settings,
                   devices=devices, harness=HarnessKind.TRITON)  # fmt: skip


def model_at(root, name="m", text=GOOD, files=("1/model.py",)):
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(CODE)
    (folder / "config.pbtxt").write_text(text.replace('name: "m"', f'name: "{name}"'))
    return folder


def broken(report):
    return {f.rule.id for f in report.findings if f.rule.error}


def run_cli(*arguments):
    return CliRunner().invoke(main, ["triton", *map(str, arguments)])


# ---------------------------------------------------------------- generated from our entries


@pytest.mark.parametrize("key", list(REAL.entries))
def test_every_entry_makes_a_valid_configuration_of_its_values(key):
    entry = REAL.entries[key]
    plan = resolve(
        REAL, target=entry.target, workload=entry.workload, scenario=entry.scenario,
        accuracy=entry.accuracy, power=entry.power, harness=entry.harness,
    )  # fmt: skip
    spec = spec_of(plan, REAL.workload(entry.workload))
    text = config_text(spec, key)
    assert validate_text(text, Path(spec.name)) == []
    config, settings = parse(text), entry.settings
    assert render(config) == render(build(spec))
    assert config.max_batch_size == settings.batch_size
    assert config.instance_group[0].count == settings.lanes
    assert list(config.instance_group[0].gpus) == list(plan.devices)
    assert config.input[0].name == REAL.workload(entry.workload).input.name
    delay = getattr(settings, "max_queue_delay_us", 0)
    assert config.dynamic_batching.max_queue_delay_microseconds == delay
    if settings.execution_provider == TENSORRT:
        (one,) = config.optimization.execution_accelerators.gpu_execution_accelerator
        assert one.name == "tensorrt"
        if settings.precision is Precision.INT8:
            assert one.parameters["precision_mode"] == "INT8"


def test_an_engine_gets_graphs_for_the_batches_that_occur():
    settings = Server(
        target_qps=1.0, target_latency_ms=15.0, batch_size=64, use_cuda_graph=True, lanes=2,
        max_queue_delay_us=500, triton_preferred_batch_sizes="64, 32", triton_busy_wait=True,
        triton_gather_buffers=8, triton_pinned_output=False,
    )  # fmt: skip
    spec = spec_of(plan_of(settings, (0, 1)), digits.WORKLOAD, backend="tensorrt")
    config = build(spec)
    assert config.platform == "tensorrt_plan"
    assert config.default_model_filename == "model.plan"
    assert [g.batch_size for g in config.optimization.cuda.graph_spec] == [1, 32, 64]
    assert list(config.optimization.cuda.graph_spec[0].input["input"].dim) == [1, 8, 8]
    assert config.optimization.cuda.busy_wait_events
    assert config.optimization.gather_kernel_buffer_threshold == 8
    assert config.optimization.output_pinned_memory.enable is False
    assert config.optimization.HasField("output_pinned_memory")
    assert list(config.dynamic_batching.preferred_batch_size) == [32, 64]
    assert list(config.instance_group[0].gpus) == [0, 1]
    assert list(config.version_policy.specific.versions) == [1]
    assert validate_text(render(config), Path(spec.name)) == []


@pytest.mark.parametrize(
    ("settings", "has", "want"),
    [
        ({}, (), "python"),
        ({}, ("python",), "python"),
        ({}, ("onnxruntime", "python"), "onnxruntime"),
        ({"execution_provider": TENSORRT}, (), "onnxruntime"),
        ({"execution_provider": TENSORRT}, ("python",), "python"),
    ],
)
def test_the_backend_is_the_librarys_own_where_the_server_has_it(settings, has, want):
    assert choose_backend(Offline(target_qps=1.0, **settings), has) == want


def test_what_cannot_be_served_is_told_all_at_once():
    settings = Offline(target_qps=1.0, batch_size=8, triton_preferred_batch_sizes="4,16",
                       triton_request_samples=9)  # fmt: skip
    fixed = ModelFile(path=Path("m.onnx"), sha256="", fixed_batch=4)
    with pytest.raises(ConfigError) as caught:
        spec_of(plan_of(settings), digits.WORKLOAD, fixed, backend="onnxruntime")
    text = str(caught.value)
    assert "triton_preferred_batch_sizes: want numbers from 1 to batch_size=8" in text
    assert "triton_request_samples" in text
    assert "fixed to 4 samples" in text
    assert "set batch_size=4" in text
    with pytest.raises(ConfigError, match="--backend: want one of python, onnxruntime, tensorrt"):
        spec_of(plan_of(Offline(target_qps=1.0)), digits.WORKLOAD, backend="tensorflow")


def test_a_written_repository_is_valid_and_whole(tmp_path):
    model = digits.open_model(None, tmp_path)
    spec = spec_of(plan_of(Offline(target_qps=1.0, batch_size=8)), digits.WORKLOAD, model)
    folder = write_model(tmp_path / "repository", spec, model.path, "t/digits/x")
    assert validate(tmp_path / "repository").findings == ()
    assert (folder / "1" / "model.onnx").read_bytes() == model.path.read_bytes()
    assert (folder / "1" / "model.py").read_text() == Path(pymodel.__file__).read_text()
    assert not (folder / "1" / "model.onnx").samefile(model.path)


def test_the_python_model_stands_alone():
    """It is copied away, so it may import nothing but the standard library at its top."""
    tree = ast.parse(Path(pymodel.__file__).read_text())
    imports = [n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom))]
    names = {a.name for n in imports for a in n.names} | {
        n.module for n in imports if isinstance(n, ast.ImportFrom)
    }
    assert not any("runtime" in str(name) for name in names)


class _Tensor:
    def __init__(self, name, array):
        self.name, self.array = name, array

    def as_numpy(self):
        return self.array


class _Response:
    def __init__(self, output_tensors):
        self.array = output_tensors[0].array


class _Utils:
    Tensor, InferenceResponse = _Tensor, _Response

    @staticmethod
    def get_input_tensor_by_name(request, name):
        assert name == "input"
        return _Tensor(name, request)


def test_the_python_model_answers_each_request_with_its_own_rows(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", _Utils)
    model = digits.open_model(None, tmp_path)
    spec = spec_of(plan_of(Offline(target_qps=1.0, batch_size=8)), digits.WORKLOAD, model)
    folder = write_model(tmp_path, spec, model.path, "k")
    config = {
        "max_batch_size": 8, "input": [{"name": "input"}], "output": [{"name": "logits"}],
        "parameters": {k: {"string_value": v} for k, v in spec.parameters.items()},
    }  # fmt: skip
    served = pymodel.TritonPythonModel()
    served.initialize({"model_config": json.dumps(config), "model_repository": str(folder),
                       "model_version": "1", "model_instance_kind": "CPU"})  # fmt: skip
    images = digits.open_samples(None).load(np.arange(6))
    (whole,) = served.execute([images])
    parts = served.execute([images[:1], images[1:4], images[4:]])
    assert [len(p.array) for p in parts] == [1, 3, 2]
    np.testing.assert_allclose(np.concatenate([p.array for p in parts]), whole.array, rtol=1e-5)
    served.finalize()


# ---------------------------------------------------------------- broken ones, by rule


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


# ---------------------------------------------------------------- another project's repository

PRE = """
backend: "python"
max_batch_size: 16
input [ { name: "IMAGE_BYTES", data_type: TYPE_UINT8, dims: [ -1 ] } ]
output [ { name: "PIXELS", data_type: TYPE_FP32, dims: [ 3, 224, 224 ] } ]
instance_group [ { count: 2, kind: KIND_CPU } ]
"""
NET = """
platform: "tensorrt_plan"  # an older way to name the backend
max_batch_size: 16
input [ { name: "data", data_type: TYPE_FP32, format: FORMAT_NCHW, dims: [ 3, 224, 224 ] } ]
output [ { name: "prob", data_type: TYPE_FP32, dims: [ 1000 ], label_filename: "labels.txt" } ]
instance_group [ { count: 1, kind: KIND_GPU, gpus: [ 0 ] }, { count: 2, kind: KIND_GPU, gpus: [ 1 ] } ]
dynamic_batching { preferred_batch_size: [ 8, 16 ], max_queue_delay_microseconds: 500 }
optimization { cuda { graphs: true, graph_spec [ { batch_size: 8, input [ { key: "data", value { dim: [ 3, 224, 224 ] } } ] } ] } }
model_transaction_policy { decoupled: false }
"""
PIPELINE = """
name: "pipeline"
platform: "ensemble"
max_batch_size: 16
input [ { name: "BYTES", data_type: TYPE_UINT8, dims: [ -1 ] } ]
output [ { name: "SCORES", data_type: TYPE_FP32, dims: [ 1000 ] } ]
ensemble_scheduling {
  step [
    { model_name: "decode", model_version: -1,
      input_map { key: "IMAGE_BYTES", value: "BYTES" }, output_map { key: "PIXELS", value: "px" } },
    { model_name: "net", model_version: -1,
      input_map { key: "data", value: "px" }, output_map { key: "prob", value: "SCORES" } }
  ]
}
"""


@pytest.fixture
def foreign(tmp_path):
    """A repository of another project's shape: a decoder, an engine, and an ensemble of both."""
    root = tmp_path / "models"
    for name, text, file in (
        ("decode", PRE, "3/model.py"), ("net", NET, "1/model.plan"), ("pipeline", PIPELINE, "1/.keep"),
    ):  # fmt: skip
        model_at(root, name, text, (file,))
    (root / "net" / "labels.txt").write_text("a\n")
    (root / "README.md").write_text("how to fill it\n")
    (root / ".git").mkdir()
    return root


def test_a_repository_of_another_shape_is_valid(foreign):
    report = validate(foreign, Limits(devices=2, memory_gib=16))
    assert report.models == ("decode", "net", "pipeline")
    assert report.findings == ()
    done = run_cli("validate", foreign, "--devices", 2)
    assert done.exit_code == 0
    assert "3 models, 0 errors, 0 warnings" in done.output


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('model_name: "net"', 'model_name: "nett"', "did you mean 'net'"),
        ('key: "data"', 'key: "dat"', "did you mean 'data'"),
        ('value: "px" }, output_map { key: "prob"', 'value: "pz" }, output_map { key: "prob"',
         "made by nobody"),
        ('value: "SCORES"', 'value: "px"', "from decode and net"),
        ('"SCORES", data_type: TYPE_FP32', '"SCORES", data_type: TYPE_FP16', "of one type"),
        ("max_batch_size: 16", "max_batch_size: 32", "takes 16"),
        ('model_name: "decode"', 'model_name: "pipeline"', "cycle"),
    ],
)  # fmt: skip
def test_a_broken_ensemble_names_what_is_not_connected(foreign, old, new, says):
    path = foreign / "pipeline" / "config.pbtxt"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    found = [f for f in validate(foreign).findings if f.rule.id == "triton.ensemble"]
    assert any(says in f.got + f.do for f in found), [f.got for f in found]


def test_a_repository_that_a_script_fills_in_is_told_apart(foreign):
    path = foreign / "net" / "config.pbtxt"
    path.write_text(path.read_text().replace("max_batch_size: 16", "max_batch_size: ${batch}"))
    (found,) = [f for f in validate(foreign).findings if f.rule.id == "triton.placeholder"]
    assert (found.got, found.line, found.rule.error) == ("${batch}", 3, True)
    report = validate(foreign, Limits(templates=True))
    assert "triton.placeholder" not in broken(report)


def test_a_folder_that_is_none_is_told(tmp_path):
    with pytest.raises(ArtifactError):
        validate(tmp_path / "nowhere")
    assert broken(validate(tmp_path)) == {"triton.empty"}


# ---------------------------------------------------------------- the commands


def test_rules_are_listed_with_their_reasons():
    done = run_cli("rules", "--json")
    found = json.loads(done.output)
    assert len(found) == len({r["id"] for r in found}) == len(rules()) >= 20
    assert all(r["want"] and r["why"] and r["source"] for r in found)


def test_model_prints_a_slices_configuration_and_says_how_it_is_served():
    done = run_cli("model", "--target", "a100-sxm-80gb-mig-1g.10gb", "--dry-run", "--json")
    (one,) = json.loads(done.output)
    assert one["key"] == "a100-sxm-80gb-mig-1g.10gb/resnet50/server@triton"
    assert list(parse(one["config"]).instance_group[0].gpus) == [0]
    assert "one server a MIG slice" in one["said"]


def test_model_falls_back_to_server_entries_and_takes_changes():
    done = run_cli("model", "--target", "l4", "--dry-run", "--json", "--set", "batch_size=12")
    found = json.loads(done.output)
    assert {o["key"].split("/")[2] for o in found} == {"server"}
    assert {parse(o["config"]).max_batch_size for o in found} == {12}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--target"),
        (("--target", "cpu"), "--out"),
        (("--target", "cpuu", "--dry-run"), "did you mean 'cpu'"),
        (
            ("--target", "cpu", "--dry-run", "--set", "triton_preferred_batch_sizes=0"),
            "want numbers",
        ),
    ],
)
def test_model_says_what_is_wrong(arguments, says):
    done = run_cli("model", *arguments)
    assert done.exit_code == 2
    assert says in done.output


def test_scenarios_of_the_cpu_have_triton_entries():
    keys = {k for k in REAL.entries if k.startswith("cpu/") and k.endswith("@triton")}
    assert keys == {f"cpu/digits/{s}@triton" for s in Scenario}
