"""Memory read from graphs: weights, the fullest moment, and the largest batch that fits."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from runtime.configs.registry import load
from runtime.configs.schema import Offline
from runtime.errors import ArtifactError, ConfigError
from runtime.footprint.estimate import USABLE, declared, fit
from runtime.footprint.graph import load_bytes, read_graph
from runtime.vocabulary import Precision
from runtime.workloads import digits, modelfile, resnet_graph
from runtime.workloads.resnet50 import WORKLOAD

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
DIGITS = Path(digits.__file__).parent / "data" / "digits.onnx"


def model(nodes, source, target, weights=(), **more) -> bytes:
    """Return an ONNX file with one input and one output."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", FLOAT, source)],
        [helper.make_tensor_value_info("y", FLOAT, target)],
        initializer=list(weights),
        **more,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    return made.SerializeToString()


def test_both_models_of_the_package_have_their_stated_sizes():
    small = read_graph(DIGITS)
    assert sum(small.weights.values()) == digits.WORKLOAD.parameters
    assert small.elements(1) == digits.WORKLOAD.peak_activations
    assert small.elements(1, fused=True) == digits.WORKLOAD.fused_activations
    assert small.unsized == ()
    content = resnet_graph.build(width=16)
    assert read_graph(content).elements(3) == 3 * modelfile.measure(content).peak_activations


def test_a_branch_lives_until_it_is_joined():
    """x(6) -> a(6) -> b(6) -> c(6) -> y = c + a: while c is made, a and b live beside it."""
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("Add", ["c", "a"], ["y"]),
    ]
    graph = read_graph(model(nodes, ["n", 2, 3], ["n", 2, 3]))
    assert graph.moments == ((("float32", 0, 18),),)
    assert (graph.inputs, graph.outputs) == ((("float32", 0, 6),), (("float32", 0, 6),))
    assert graph.activations(5, {}) == 5 * 18 * 4
    assert graph.activations(5, {"float32": 2}) == 5 * 18 * 2


def test_a_sum_is_taken_where_one_part_of_it_lies():
    """x -> a = conv-like; b = relu(a) in a's memory; y = b + a's other reader, never stored."""
    weight = helper.make_tensor("w", FLOAT, [6, 6], [0.0] * 36)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "w"], ["c"]),
        helper.make_node("MatMul", ["c", "w"], ["d"]),
        helper.make_node("Add", ["d", "b"], ["e"]),
        helper.make_node("MatMul", ["e", "w"], ["y"]),
    ]
    graph = read_graph(model(nodes, ["n", 6], ["n", 6], [weight]))
    assert graph.elements(1) == 18  # b beside c and d, or beside d and e
    assert graph.elements(1, fused=True) == 12  # b, later d and e, in one place beside c


def test_views_take_no_memory_and_keep_what_they_show():
    shape = helper.make_tensor("shape", INT64, [2], [-1, 6])
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Reshape", ["a", "shape"], ["v"]),
        helper.make_node("Relu", ["v"], ["b"]),
        helper.make_node("Relu", ["b"], ["y"]),
    ]
    graph = read_graph(model(nodes, ["n", 2, 3], ["n", 6], [shape]))
    assert graph.moments == ((("float32", 0, 12),),)
    assert graph.weights == {"int64": 2}
    assert graph.unsized == ()


def test_what_does_not_grow_with_the_batch_is_counted_once():
    weight = helper.make_tensor("w", FLOAT, [6, 6], [0.0] * 36)
    nodes = [
        helper.make_node("Relu", ["w"], ["r"]),
        helper.make_node("MatMul", ["x", "r"], ["a"]),
        helper.make_node("Relu", ["a"], ["y"]),
    ]
    graph = read_graph(model(nodes, ["n", 6], ["n", 6], [weight]))
    assert graph.moments == ((("float32", 36, 6),),)
    assert graph.elements(10) == 96


def test_a_graph_of_one_batch_size_says_so():
    nodes = [helper.make_node("Relu", ["x"], ["a"]), helper.make_node("Relu", ["a"], ["y"])]
    graph = read_graph(model(nodes, [4, 3], [4, 3]))
    assert graph.fixed_batch == 4
    assert graph.activations(4, {}) == 48
    small = fit(graph, WORKLOAD, Offline(target_qps=1.0, batch_size=4), 1000.0)
    assert small.largest == 4
    assert fit(graph, WORKLOAD, Offline(target_qps=1.0, batch_size=4), 100.0).largest == 0


def test_tensors_of_unknown_shape_are_named():
    nodes = [
        helper.make_node("NonZero", ["x"], ["where"]),
        helper.make_node("Cast", ["where"], ["f"], to=FLOAT),
        helper.make_node("ReduceSum", ["f"], ["s"], keepdims=0),
        helper.make_node("Add", ["x", "s"], ["y"]),
    ]
    assert read_graph(model(nodes, ["n", 3], ["n", 3])).unsized == ("where", "f")


def test_weights_in_other_files_are_not_read(tmp_path):
    weight = numpy_helper.from_array(np.zeros((600, 600), np.float32), "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    path = tmp_path / "model.onnx"
    onnx.save(
        onnx.load_from_string(model(nodes, ["n", 600], ["n", 600], [weight])),
        path,
        save_as_external_data=True,
        location="weights.bin",
    )
    (tmp_path / "weights.bin").unlink()
    graph = read_graph(path)
    assert graph.weights == {"float32": 360_000}
    assert graph.outputs == (("float32", 0, 600),)


def test_what_is_no_model_is_told(tmp_path):
    path = tmp_path / "no.onnx"
    path.write_bytes(b"\xff\xfe no model")
    with pytest.raises(ArtifactError, match="want a readable ONNX model"):
        read_graph(path)
    graph = helper.make_graph([], "g", [], [])
    with pytest.raises(ConfigError, match="an input with a batch axis"):
        read_graph(helper.make_model(graph).SerializeToString(), "empty")


def peak(count, edges, sizes):
    """Return the fullest moment of nodes run in order; written anew, on plain numbers."""
    best = 0
    for step in range(count):
        alive = 0
        for node in range(step + 1):
            readers = [b for a, b in edges if a == node]
            needed = node == step or any(b >= step for b in readers)
            final = node == count - 1  # the graph's output has a buffer of its own
            alive += sizes[node] if needed and not final else 0
        best = max(best, alive)
    return best


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs_agree_with_a_second_implementation(seed):
    rng = random.Random(seed)
    count = rng.randint(3, 12)
    widths, nodes, edges = [3], [helper.make_node("Relu", ["x"], ["t0"])], []
    for number in range(1, count):
        last = number == count - 1
        chosen = sorted(rng.sample(range(number), rng.randint(1, min(3, number))))
        name = "y" if last else f"t{number}"
        nodes.append(helper.make_node("Concat", [f"t{n}" for n in chosen], [name], axis=1))
        edges += [(n, number) for n in chosen]
        widths.append(sum(widths[n] for n in chosen))
    graph = read_graph(model(nodes, ["n", 3], ["n", widths[-1]]))
    for batch in (1, 7):
        assert graph.elements(batch) == batch * peak(count, edges, widths)
        assert 0 <= graph.elements(batch, fused=True) <= graph.elements(batch)


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.FP16, Precision.INT8])
@pytest.mark.parametrize("memory", [2e9, 24e9])
def test_the_largest_batch_is_the_edge(precision, memory):
    settings = Offline(target_qps=1.0, batch_size=8, lanes=2, precision=precision, workspace_mib=64)
    graph = declared(WORKLOAD)
    found = fit(graph, WORKLOAD, settings, memory)
    at = fit(graph, WORKLOAD, replace(settings, batch_size=found.largest), memory)
    over = fit(graph, WORKLOAD, replace(settings, batch_size=found.largest + 1), memory)
    assert at.share <= USABLE < over.share
    names = [p.name for p in found.parts]
    assert names == ["weights", "inputs", "outputs", "activations", "workspace"]
    weights = next(p.size for p in found.parts if p.name == "weights")
    width = {"fp32": 4, "fp16": 2, "int8": 1}[str(precision)]
    assert weights == 2 * WORKLOAD.parameters * width
    inputs = next(p.size for p in found.parts if p.name == "inputs")
    assert inputs == 2 * 8 * 3 * 224 * 224 * 4  # in the type of the workload, whatever the format


def test_every_entry_fits_by_its_graph_and_agrees_with_the_stated_sizes():
    """The stated sizes, on which plans are refused, are those of the graph."""
    registry = load()
    graphs = {"digits": read_graph(DIGITS), "resnet50": read_graph(resnet_graph.build())}
    for entry in registry.entries.values():
        target, workload = registry.target(entry.target), registry.workload(entry.workload)
        if target.memory_gb is None:
            continue
        memory = target.memory_gb.value * 1e9
        found = fit(graphs[entry.workload], workload, entry.settings, memory)
        assert found.verdict == "fits", entry.key
        stated = fit(declared(workload), workload, entry.settings, memory)
        assert found.total == pytest.approx(stated.total, rel=0.01), entry.key
        assert found.least == pytest.approx(stated.least, rel=0.01), entry.key
    graph = graphs["resnet50"]
    assert graph.elements(1) == WORKLOAD.peak_activations
    assert graph.elements(1, fused=True) == WORKLOAD.fused_activations


def test_loads_are_summed_in_their_own_types():
    assert load_bytes((("float32", 1, 2), ("int64", 0, 1), ("bfloat16", 4, 0)), 3, {}) == 60.0
