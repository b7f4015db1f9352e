"""A repository of another project's shape: ensembles, older fields, templates."""

from __future__ import annotations

import pytest
from triton_repositories import broken, model_at, run_cli

from runtime.errors import ArtifactError
from runtime.triton.folder import Limits
from runtime.triton.validate import validate

pytest.importorskip("tritonclient.grpc", reason="needs tritonclient, of the extra `triton`")


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
