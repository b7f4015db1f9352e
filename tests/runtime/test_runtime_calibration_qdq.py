"""Q/DQ models: placement node by node, formats by opset, the same bytes in two processes."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from runtime.calibration.algorithms import parse
from runtime.calibration.calibration import calibrate
from runtime.calibration.models import open_session, prepare
from runtime.calibration.qdq import (
    Placement,
    Recipe,
    input_of,
    layers,
    placement_for,
    quantize,
    ranges_of,
)
from runtime.calibration.samples import open_set
from runtime.calibration.structure import quantized_layers, tensorrt_problems
from runtime.configs.registry import load
from runtime.configs.workload import ModelFile
from runtime.errors import ArtifactError, ConfigError
from runtime.vocabulary import Precision
from runtime.workloads import digits

INT8, FP8 = Precision.INT8, Precision.FP8

TWICE = """
import sys, json
from pathlib import Path
from runtime.calibration.algorithms import parse
from runtime.calibration.calibration import calibrate
from runtime.calibration.qdq import Placement, Recipe, quantize, ranges_of
from runtime.calibration.record import to_json
from runtime.calibration.samples import open_set
from runtime.configs.registry import load
from runtime.vocabulary import Precision
registry = load()
module = registry.modules["digits"]
samples = open_set(registry, "digits")
model = module.open_model(None, Path())
out = Path(sys.argv[1])
for precision, placement in ((Precision.INT8, "tensorrt"), (Precision.INT8, "cpu"), (Precision.FP8, "tensorrt")):
    found = calibrate(model, module.WORKLOAD, samples, parse("percentile:99.9"), precision=precision, fresh=True)
    recipe = Recipe(precision, Placement(placement))
    (out / f"{precision}-{placement}.onnx").write_bytes(quantize(found.model, ranges_of(found.record), recipe))
    (out / f"{precision}.json").write_bytes(to_json(found.record))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return prepared graph and ranges of the digits model, by format."""
    before = os.environ.get("HARNESS_CACHE")
    os.environ["HARNESS_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    try:
        samples = open_set(load(), "digits")
        model = digits.open_model(None, Path())
        found = {
            p: calibrate(model, digits.WORKLOAD, samples, parse("percentile"), precision=p)
            for p in (INT8, FP8)
        }
    finally:
        os.environ.pop("HARNESS_CACHE")
        if before:
            os.environ["HARNESS_CACHE"] = before
    return {p: (c.model, ranges_of(c.record)) for p, c in found.items()}


def graph_of(made, precision, placement=Placement.TENSORRT, skip=()):
    graph, ranges = made[precision]
    content = quantize(graph, ranges, Recipe(precision, placement, frozenset(skip)))
    return onnx.load_from_string(content)


@pytest.mark.parametrize("precision", [INT8, FP8])
def test_tensorrt_placement_has_no_problem(made, precision):
    model = graph_of(made, precision)
    onnx.checker.check_model(model, full_check=True)
    assert tensorrt_problems(model) == []
    assert quantized_layers(model) == ("conv1", "conv2", "conv3", "dense1", "dense2")


def test_int8_nodes_of_tensorrt_placement(made):
    model = graph_of(made, INT8)
    constants = {t.name: t for t in model.graph.initializer}
    makers = {n.output[0]: n for n in model.graph.node}
    for node in model.graph.node:
        if node.op_type not in {"Conv", "Gemm"}:
            continue
        activation, weight = makers[node.input[0]], makers[node.input[1]]
        assert (activation.op_type, weight.op_type) == ("DequantizeLinear", "DequantizeLinear")
        assert makers[activation.input[0]].op_type == "QuantizeLinear"
        stored = constants[weight.input[0]]
        assert stored.data_type == TensorProto.INT8
        axis = next(a.i for a in weight.attribute if a.name == "axis")
        assert list(constants[weight.input[1]].dims) == [stored.dims[axis]]
        assert list(constants[activation.input[1]].dims) == []
        for pair in (activation, weight):
            zero = numpy_helper.to_array(constants[pair.input[2]])
            assert zero.dtype == np.int8
            assert not zero.any()
        assert constants[node.input[2]].data_type == TensorProto.FLOAT
    quantizers = [n for n in model.graph.node if n.op_type == "QuantizeLinear"]
    assert len(quantizers) == 5


def test_int8_scales_are_the_ranges_and_the_weights_largest_values(made):
    graph, ranges = made[INT8]
    model = graph_of(made, INT8)
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    low, high = ranges["conv2.relu"]
    assert constants["conv2.relu_scale"] == pytest.approx(max(-low, high) / 127, rel=1e-5)
    weight = next(numpy_helper.to_array(t) for t in graph.graph.initializer if t.name == "conv2")
    want = np.abs(weight).max(axis=(1, 2, 3)) / 127
    assert constants["conv2_scale"] == pytest.approx(want, rel=1e-5)


def test_fp8_scales_map_the_largest_value_to_448(made):
    _, ranges = made[FP8]
    model = graph_of(made, FP8)
    constants = {t.name: t for t in model.graph.initializer}
    low, high = ranges["conv2.relu"]
    scale = numpy_helper.to_array(constants["conv2.relu_scale"])
    assert scale == pytest.approx(max(-low, high) / 448, rel=1e-5)
    assert constants["conv2_quantized"].data_type == TensorProto.FLOAT8E4M3FN


def test_fp8_gets_opset_19_and_int8_keeps_its_opset(made):
    assert graph_of(made, INT8).opset_import[0].version == 17
    assert graph_of(made, FP8).opset_import[0].version == 19


def test_fp8_under_opset_19_is_a_problem(made):
    model = graph_of(made, FP8)
    model.opset_import[0].version = 17
    (problem,) = tensorrt_problems(model)
    assert str(problem) == (
        "opset: want 19 or higher for fp8, got 17; convert the FP32 model to opset 19 first"
    )


def test_cpu_placement_quantizes_between_operators_and_tensorrt_would_not_take_it(made):
    model = graph_of(made, INT8, Placement.CPU)
    texts = [str(p) for p in tensorrt_problems(model)]
    assert any("want INT8 or FLOAT8E4M3FN, got UINT8" in t for t in texts)
    assert any("a bias that is not quantized" in t for t in texts)
    assert any("only Conv, Gemm, MatMul behind it" in t for t in texts)


def damage(model, case):
    """Break one rule of TensorRT's placement."""
    nodes = {n.name: n for n in model.graph.node}
    constants = {t.name: t for t in model.graph.initializer}
    makers = {n.output[0]: n for n in model.graph.node}
    conv = nodes["conv2"]
    if case == "weights only":
        conv.input[0] = "conv1.relu"
    elif case == "input only":
        model.graph.initializer.append(
            numpy_helper.from_array(np.zeros((32, 16, 3, 3), np.float32), "w")
        )
        conv.input[1] = "w"
    elif case == "zero point":
        zero = constants["conv1.relu_zero_point"]
        zero.CopyFrom(numpy_helper.from_array(np.array(3, np.int8), zero.name))
    elif case == "per tensor":
        for end, value in (("_scale", np.float32(1)), ("_zero_point", np.int8(0))):
            old = constants[f"conv2{end}"]
            old.CopyFrom(numpy_helper.from_array(np.array(value), old.name))
    elif case == "wrong axis":
        next(a for a in makers[conv.input[1]].attribute if a.name == "axis").i = 1
    elif case == "relu behind":
        nodes["conv1.relu"].input[0] = conv.input[0]
    elif case == "other scale":
        makers[conv.input[0]].input[1] = "input_scale"
    return model


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("weights only", "conv2: want Q/DQ on input and weights, got on the weights only"),
        ("input only", "conv2: want Q/DQ on input and weights, got on the input only"),
        ("zero point", "want zero points of 0, got others"),
        ("per tensor", "conv2: want 32 scales, one a channel, got 1"),
        ("wrong axis", "conv2: want scales along axis 0, got axis 1"),
        ("relu behind", "want only Conv, Gemm, MatMul behind it, got Relu conv1.relu"),
        ("other scale", "want scale and zero point of its QuantizeLinear"),
    ],
)
def test_each_broken_rule_is_found(made, case, message):
    graph = graph_of(made, INT8)
    channels = next(t.dims[0] for t in graph.graph.initializer if t.name == "conv2_quantized")
    texts = "\n".join(str(p) for p in tensorrt_problems(damage(graph, case)))
    assert message.replace("32 scales", f"{channels} scales") in texts


def test_a_model_without_qdq_is_a_problem(made):
    graph, _ = made[INT8]
    assert "want Q/DQ nodes, got none" in str(tensorrt_problems(graph)[0])


def test_skipped_layers_keep_their_weights(made):
    model = graph_of(made, INT8, skip=["conv1", "dense2"])
    assert quantized_layers(model) == ("conv2", "conv3", "dense1")
    assert tensorrt_problems(model) == []
    kinds = {t.name: t.data_type for t in model.graph.initializer}
    assert kinds["conv1"] == TensorProto.FLOAT
    assert "conv1_quantized" not in kinds


def has_vnni():
    """Tell whether this processor multiplies unsigned by signed bytes without saturation."""
    path = Path("/proc/cpuinfo")
    text = path.read_text() if path.exists() else ""
    return "vnni" in text or "x86" not in platform.machine()


@pytest.mark.parametrize("placement", list(Placement))
def test_int8_outputs_stay_near_fp32(made, placement):
    graph, _ = made[INT8]
    batch = digits.open_split(digits.CALIBRATION).images[:64]
    before = open_session(graph.SerializeToString()).run(None, {"input": batch})[0]
    content = graph_of(made, INT8, placement).SerializeToString()
    after = open_session(content).run(None, {"input": batch})[0]
    # without VNNI, x86 adds up pairs of 8-bit products in 16 bits, which saturate
    saturates = placement is Placement.CPU and not has_vnni()
    share = np.square(after - before).mean() / np.square(before).mean()
    assert share < (0.05 if saturates else 0.01), share


def test_recipes_that_cannot_be_followed_name_every_problem(made):
    graph, ranges = made[INT8]
    few = {n: r for n, r in ranges.items() if n != "flat"}
    with pytest.raises(ConfigError) as caught:
        quantize(graph, few, Recipe(Precision.FP16, Placement.CPU))
    texts = [str(p) for p in caught.value.problems]
    assert texts[0].startswith("--precision: want int8 or fp8, got fp16")
    assert (
        texts[1]
        == "ranges: want one for every layer's input, got none for flat; calibrate this very model"
    )
    with pytest.raises(ConfigError, match="layers are: conv1, conv2, conv3, dense1, dense2"):
        quantize(graph, ranges, Recipe(INT8, skip=frozenset({"conv9"})))
    with pytest.raises(ConfigError, match="at least one layer to quantize, got all"):
        quantize(graph, ranges, Recipe(INT8, skip=frozenset(layers(graph))))
    with pytest.raises(ConfigError, match="want tensorrt for fp8, got cpu"):
        quantize(graph, ranges, Recipe(FP8, Placement.CPU))


def test_input_of_names_the_activation(made):
    assert input_of(made[INT8][0], "dense1") == "flat"


def test_placement_follows_the_target():
    targets = load().targets
    assert placement_for(None, INT8) is Placement.TENSORRT
    assert placement_for(targets["cpu"], INT8) is Placement.CPU
    assert placement_for(targets["cpu"], FP8) is Placement.TENSORRT
    assert placement_for(targets["h200-sxm-141gb"], INT8) is Placement.TENSORRT


def test_prepare_folds_batch_norms_and_names_nodes(tmp_path):
    path = tmp_path / "norm.onnx"
    source = np.random.RandomState(1)
    shapes = {"w": (4, 2, 3, 3), "scale": (4,), "bias": (4,), "mean": (4,), "var": (4,)}
    arrays = {n: np.abs(source.standard_normal(s)).astype(np.float32) for n, s in shapes.items()}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["c", "scale", "bias", "mean", "var"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "norm",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4, 8, 8])],
        [numpy_helper.from_array(a, n) for n, a in arrays.items()],
        doc_string="",
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], doc_string="kept")
    model.ir_version = 8
    onnx.save(model, path)
    before = sorted(p.name for p in tmp_path.iterdir())
    tmp_path.chmod(0o555)
    try:
        made = prepare(ModelFile(path=path, sha256=""))
    finally:
        tmp_path.chmod(0o755)
    assert [n.op_type for n in made.graph.node] == ["Conv"]
    assert all(n.name for n in made.graph.node)
    assert made.doc_string == "kept"
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_prepare_refuses_quantized_models_and_no_models(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(ArtifactError, match="want a model that ONNX Runtime can read"):
        prepare(ModelFile(path=path, sha256=""))
    with pytest.raises(ArtifactError, match="want a model without Q/DQ nodes, got a int8 model"):
        prepare(ModelFile(path=path, sha256="", precision=INT8))


def test_the_same_inputs_give_the_same_bytes_in_two_processes(tmp_path):
    running = []
    for seed in ("1", "2"):
        out = tmp_path / seed
        out.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed, "HARNESS_CACHE": str(out / "cache")}
        command = [sys.executable, "-c", TWICE, str(out)]
        running.append((out, subprocess.Popen(command, env=environment)))
    digests = []
    for out, process in running:
        assert process.wait(timeout=120) == 0
        files = sorted(p for p in out.iterdir() if p.is_file())
        digests.append({p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files})
    assert len(digests[0]) == 5
    assert digests[0] == digests[1]
    record = json.loads((tmp_path / "1" / "int8.json").read_bytes())
    assert len(record["samples"]) == 257
    assert record["evaluation_samples"] == 540
    made = list((tmp_path / "1" / "cache" / "calibration").glob("*.made.json"))
    assert all(json.loads(p.read_bytes())["seconds"] > 0 for p in made)
    assert len(made) == 2
