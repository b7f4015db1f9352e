"""Model repositories that are generated: from every entry, whole, valid, and as told."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from triton_repositories import run_cli

from runtime.backends.providers import TENSORRT
from runtime.configs.registry import load
from runtime.configs.schema import Offline, Server
from runtime.configs.workload import ModelFile
from runtime.errors import ConfigError
from runtime.plan import RunPlan, resolve
from runtime.triton import pymodel
from runtime.triton.modelconfig import build, parse, render
from runtime.triton.repository import config_text, write_model
from runtime.triton.spec import choose_backend, spec_of
from runtime.triton.validate import validate, validate_text
from runtime.vocabulary import HarnessKind, Precision, Scenario
from runtime.workloads import digits

pytest.importorskip("tritonclient.grpc", reason="needs tritonclient, of the extra `triton`")

REAL = load()


def plan_of(settings, devices=()):
    return RunPlan(key="t/digits/x@triton", target="t", workload="digits",
                   scenario=settings.scenario, mode="performance", quick=True, settings=settings,
                   devices=devices, harness=HarnessKind.TRITON)  # fmt: skip


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
    def __init__(self, output_tensors=(), error=None):
        self.array = output_tensors[0].array if output_tensors else None
        self.error = error


class _Request:
    """A request that notes what is sent to it, as Triton's own does."""

    def __init__(self, array):
        self.array, self.sent = array, []

    def get_response_sender(self):
        return self

    def send(self, response, flags):
        self.sent.append((response, flags))


class _Utils:
    Tensor, InferenceResponse, TritonError = _Tensor, _Response, str
    TRITONSERVER_RESPONSE_COMPLETE_FINAL = 1

    @staticmethod
    def get_input_tensor_by_name(request, name):
        assert name == "input"
        return _Tensor(name, request.array)


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Return what opens a written repository's model as the Python backend does."""
    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", _Utils)
    monkeypatch.setattr("gc.freeze", lambda: None)  # it is for a process of the model's own
    opened = []

    def open_model(**settings):
        model = digits.open_model(None, tmp_path)
        plan = plan_of(Offline(target_qps=1.0, batch_size=8, **settings))
        spec = spec_of(plan, digits.WORKLOAD, model)
        folder = write_model(tmp_path, spec, model.path, "k")
        config = {
            "max_batch_size": 8, "input": [{"name": "input"}], "output": [{"name": "logits"}],
            "parameters": {k: {"string_value": v} for k, v in spec.parameters.items()},
        }  # fmt: skip
        opened.append(pymodel.TritonPythonModel())
        opened[-1].initialize({"model_config": json.dumps(config), "model_repository": str(folder),
                               "model_version": "1", "model_instance_kind": "CPU"})  # fmt: skip
        return opened[-1]

    return open_model


def test_the_python_model_answers_each_request_with_its_own_rows(served):
    model = served()
    images = digits.open_samples(None).load(np.arange(6))
    (whole,) = model.execute([_Request(images)])
    parts = model.execute([_Request(a) for a in (images[:1], images[1:4], images[4:])])
    assert [len(p.array) for p in parts] == [1, 3, 2]
    np.testing.assert_allclose(np.concatenate([p.array for p in parts]), whole.array, rtol=1e-5)
    model.finalize()


def test_an_overlapping_model_answers_every_request_once_and_in_order(served):
    model, images = served(triton_overlap=True), digits.open_samples(None).load(np.arange(60))
    plain = served()
    batches = [
        [_Request(images[i : i + 2]), _Request(images[i + 2 : i + 5])] for i in range(0, 60, 5)
    ]
    for batch in batches:
        assert model.execute(batch) is None
    model.finalize()
    for batch in batches:
        for request, want in zip(batch, plain.execute(batch), strict=True):
            ((response, flags),) = request.sent
            assert flags == _Utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
            np.testing.assert_allclose(response.array, want.array, rtol=1e-5)


def test_an_overlapping_model_answers_what_it_cannot_infer_with_the_error(served):
    model, images = served(triton_overlap=True), digits.open_samples(None).load(np.arange(4))
    wrong, right = _Request(images[:, :, :4]), _Request(images)
    model.execute([wrong])
    model.execute([right])
    model.finalize()
    assert "InvalidArgument" in wrong.sent[0][0].error
    assert right.sent[0][0].error is None
    assert len(right.sent[0][0].array) == 4


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
