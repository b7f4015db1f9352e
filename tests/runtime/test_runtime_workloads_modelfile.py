"""User's models: what is accepted, and that every problem is told at once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from runtime.configs.workload import Tensor
from runtime.errors import ArtifactError, ConfigError, MissingError
from runtime.vocabulary import Precision
from runtime.workloads import digits, modelfile, resnet50

Ends = list[tuple[str, int, list[object]]]
PICTURE: Ends = [("image:0", TensorProto.FLOAT, ["n", 3, 224, 224])]


def write(
    path: Path,
    inputs: Ends,
    outputs: Ends,
    weights: dict[str, np.ndarray] | None = None,
    operator: str = "Identity",
) -> Path:
    """Write a graph that has the given ends; it is read, never executed."""
    values = [
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in ends]
        for ends in (inputs, outputs)
    ]
    nodes = [helper.make_node(operator, [inputs[0][0] if inputs else ""], [o[0]]) for o in outputs]
    tensors = [numpy_helper.from_array(v, k) for k, v in (weights or {}).items()]
    graph = helper.make_graph(
        nodes or [helper.make_node("Identity", ["a"], ["b"])], "graph", *values, tensors
    )
    onnx.save(helper.make_model(graph), path)
    return path


def problems(path: Path) -> list[str]:
    """Return the texts of a ConfigError."""
    with pytest.raises(ConfigError) as caught:
        resnet50.open_model(path, path.parent)
    return [str(problem) for problem in caught.value.problems]


def test_names_are_free_and_told(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", PICTURE, [("scores", TensorProto.FLOAT, ["n", 1000])])
    model = resnet50.open_model(path, tmp_path)
    assert model.input == Tensor(name="image:0", dtype="float32", shape=(3, 224, 224))
    assert model.output == Tensor(name="scores", dtype="float32", shape=(1000,))
    assert model.fixed_batch is None
    assert (model.synthetic, model.note) == (False, "")
    assert model.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_first_output_that_fits_is_taken(tmp_path: Path) -> None:
    """The layout of MLPerf's own file: the class, then 1,001 probabilities."""
    outputs: Ends = [
        ("ArgMax:0", TensorProto.INT64, ["n"]),
        ("softmax:0", TensorProto.FLOAT, ["n", 1001]),
    ]
    model = resnet50.open_model(write(tmp_path / "m.onnx", PICTURE, outputs), tmp_path)
    assert model.output == Tensor(name="softmax:0", dtype="float32", shape=(1001,))


def test_a_fixed_batch_is_told(tmp_path: Path) -> None:
    ends: Ends = [("x", TensorProto.FLOAT, [16, 3, 224, 224])]
    path = write(tmp_path / "m.onnx", ends, [("y", TensorProto.FLOAT, [16, 1000])])
    assert resnet50.open_model(path, tmp_path).fixed_batch == 16


def test_free_axes_take_the_workloads_lengths(tmp_path: Path) -> None:
    ends: Ends = [("x", TensorProto.FLOAT, ["n", 3, "h", "w"])]
    path = write(tmp_path / "m.onnx", ends, [("y", TensorProto.FLOAT, ["n", "classes"])])
    model = resnet50.open_model(path, tmp_path)
    assert model.input is not None
    assert model.output is not None
    assert (model.input.shape, model.output.shape) == ((3, 224, 224), (1000,))


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    ends: Ends = [("x", TensorProto.FLOAT16, ["n", 224, 224, 3])]
    path = write(tmp_path / "m.onnx", ends, [("y", TensorProto.FLOAT, ["n", 10])])
    mend = "export the model with that shape"
    assert problems(path) == [
        "m.onnx: input 'x': want float32 elements, got float16; export the model with float32 inputs and outputs",
        f"m.onnx: input 'x': want shape (batch, 3, 224, 224), got (batch, 224, 224, 3); {mend}",
        f"m.onnx: output 'y': want shape (batch, 1000), got (batch, 10); {mend}",
    ]


def test_a_model_of_another_workload_is_refused(tmp_path: Path) -> None:
    model = digits.open_model(None, tmp_path).path
    assert len(problems(model)) == 2


def test_one_input_and_some_output_are_wanted(tmp_path: Path) -> None:
    two: Ends = [*PICTURE, ("mask", TensorProto.FLOAT, ["n"])]
    path = write(tmp_path / "two.onnx", two, [])
    told = problems(path)
    assert told[0].startswith("two.onnx: inputs: want one, float32 of shape (batch, 3, 224, 224), ")
    assert "got 2 (image:0, mask)" in told[0]
    assert told[1].startswith("two.onnx: outputs: want shape (batch, 1000), got none")


def test_weights_that_are_listed_as_inputs_do_not_count(tmp_path: Path) -> None:
    ends: Ends = [*PICTURE, ("w", TensorProto.FLOAT, [2])]
    path = write(
        tmp_path / "m.onnx",
        ends,
        [("y", TensorProto.FLOAT, ["n", 1000])],
        {"w": np.zeros(2, np.float32)},
    )
    assert resnet50.open_model(path, tmp_path).input.name == "image:0"


@pytest.mark.parametrize(
    ("weights", "operator", "precision"),
    [
        ({}, "Identity", Precision.FP32),
        ({"a": np.zeros(9, np.float32), "b": np.zeros(8, np.float16)}, "Identity", Precision.FP32),
        ({"a": np.zeros(8, np.float32), "b": np.zeros(9, np.float16)}, "Identity", Precision.FP16),
        ({"a": np.zeros(8, np.float32)}, "DequantizeLinear", Precision.INT8),
    ],
)
def test_the_number_format_is_found(
    tmp_path: Path, weights: dict[str, np.ndarray], operator: str, precision: Precision
) -> None:
    output: Ends = [("y", TensorProto.FLOAT, ["n", 1000])]
    path = write(tmp_path / "m.onnx", PICTURE, output, weights, operator)
    assert resnet50.open_model(path, tmp_path).precision is precision


def test_external_weights_count_into_the_hash_and_must_be_there(tmp_path: Path) -> None:
    path = write(
        tmp_path / "m.onnx",
        PICTURE,
        [("y", TensorProto.FLOAT, ["n", 1000])],
        {"w": np.ones(500, np.float32)},
    )
    onnx.save(
        onnx.load(path), path, save_as_external_data=True, location="m.data", size_threshold=0
    )
    first = resnet50.open_model(path, tmp_path)
    data = tmp_path / "m.data"
    data.write_bytes(data.read_bytes()[:-1] + b"!")
    assert resnet50.open_model(path, tmp_path).sha256 != first.sha256
    data.unlink()
    with pytest.raises(MissingError, match=r"m\.data: want a file, got no file"):
        resnet50.open_model(path, tmp_path)


def test_absent_files_and_folders_are_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="got no file; name an ONNX file with --model"):
        digits.open_model(tmp_path / "none.onnx", tmp_path)
    with pytest.raises(MissingError, match="got a folder"):
        digits.open_model(tmp_path, tmp_path)


@pytest.mark.parametrize("content", [b"", b"no model at all", bytes(range(256))])
def test_other_files_are_no_models(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match="want an ONNX model"):
        digits.open_model(path, tmp_path)


def test_a_lost_bundled_model_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="reinstall the package"):
        modelfile.open_known_model(tmp_path / "gone.onnx", digits.WORKLOAD, "0" * 64)
