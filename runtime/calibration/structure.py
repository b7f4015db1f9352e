"""Holds a Q/DQ graph against what TensorRT wants of it, node by node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runtime.errors import Problem
from runtime.policies.precision import WEIGHTED_OPS, required_opset
from runtime.vocabulary import Precision


@dataclass(frozen=True)
class Graph:
    """An ONNX graph with look-ups."""

    model: Any
    """The `onnx.ModelProto`."""
    constants: dict[str, Any]
    """Initializers by name."""
    producers: dict[str, Any]
    """Node that makes each tensor."""
    consumers: dict[str, list[Any]]
    """Nodes that read each tensor."""


def tensorrt_problems(model: Any) -> list[Problem]:
    """Return what TensorRT's explicit quantization would not take as it is meant.

    Args:
        model: An `onnx.ModelProto`.

    Returns:
        Empty when every Q/DQ pair stands on an input or weight of Conv, Gemm or MatMul, is
        symmetric and signed, weights of INT8 have a scale a channel, activations one, biases
        are not quantized, and the opset knows the types.
    """
    graph = _read(model)
    found = list(_opset_problems(graph))
    if not any(n.op_type == "DequantizeLinear" for n in model.graph.node):
        found.append(_problem("model", "Q/DQ nodes", "none", "quantize it"))
    for node in model.graph.node:
        if node.op_type in WEIGHTED_OPS:
            found += _layer_problems(graph, node)
        elif node.op_type == "DequantizeLinear":
            found += _pair_problems(graph, node)
    return found


def quantized_layers(model: Any) -> tuple[str, ...]:
    """Return the names of the layers whose weights are quantized, in order of execution."""
    graph = _read(model)
    return tuple(
        n.name
        for n in model.graph.node
        if n.op_type in WEIGHTED_OPS and _dequantizer(graph, n.input[1]) is not None
    )


def _read(model: Any) -> Graph:
    """Return a graph with its look-ups."""
    consumers: dict[str, list[Any]] = {}
    for node in model.graph.node:
        for name in node.input:
            consumers.setdefault(name, []).append(node)
    return Graph(
        model=model,
        constants={t.name: t for t in model.graph.initializer},
        producers={name: node for node in model.graph.node for name in node.output},
        consumers=consumers,
    )


def _layer_problems(graph: Graph, node: Any) -> Iterator[Problem]:
    """Yield what is wrong with one weighted operator."""
    activation, weight = (_dequantizer(graph, name) for name in node.input[:2])
    if (activation is None) != (weight is None):
        which = "weights" if activation is None else "input"
        mend = "quantize both, or neither"
        yield _problem(node.name, "Q/DQ on input and weights", f"on the {which} only", mend)
    if activation is not None and _size(graph, activation.input[1]) != 1:
        yield _problem(node.name, "one scale for the input", "several", "calibrate per tensor")
    if weight is not None:
        yield from _weight_problems(graph, node, weight)
    for name in node.input[2:]:
        if _dequantizer(graph, name) is not None:
            mend = "leave the bias in FP32"
            yield _problem(node.name, "a bias that is not quantized", "Q/DQ on it", mend)


def _weight_problems(graph: Graph, node: Any, weight: Any) -> Iterator[Problem]:
    """Yield what is wrong with the Q/DQ of a layer's weights."""
    from onnx import TensorProto

    source = weight.input[0]
    stored = graph.constants.get(source)
    if stored is None and source in graph.producers:
        stored = graph.constants.get(graph.producers[source].input[0])
    if stored is None:
        yield _problem(node.name, "constant weights", f"{source}, which is computed", "fold it")
        return
    scales = _size(graph, weight.input[1])
    axis = _axis(node)
    channels = stored.dims[axis]
    integer = graph.constants[weight.input[2]].data_type == TensorProto.INT8
    if integer and scales != channels:
        want, got = f"{channels} scales, one a channel", str(scales)
        yield _problem(node.name, want, got, "quantize weights per channel")
    if scales > 1:
        own = next((a.i for a in weight.attribute if a.name == "axis"), 1)
        if own != axis:
            yield _problem(node.name, f"scales along axis {axis}", f"axis {own}", "quantize again")


def _pair_problems(graph: Graph, node: Any) -> Iterator[Problem]:
    """Yield what is wrong with one DequantizeLinear and the Q before it."""
    from onnx import TensorProto, numpy_helper

    zero = graph.constants.get(node.input[2]) if len(node.input) > 2 else None  # noqa: PLR2004
    if zero is not None:
        if zero.data_type not in (TensorProto.INT8, TensorProto.FLOAT8E4M3FN):
            kind = TensorProto.DataType.Name(zero.data_type)
            mend = "quantize with --placement tensorrt"
            yield _problem(node.name, "INT8 or FLOAT8E4M3FN", kind, mend)
        elif numpy_helper.to_array(zero).astype("float32").any():
            mend = "quantize symmetrically"
            yield _problem(node.name, "zero points of 0", "others", mend)
    for name in node.output:
        strangers = [n for n in graph.consumers.get(name, []) if n.op_type not in WEIGHTED_OPS]
        if strangers:
            got = ", ".join(f"{n.op_type} {n.name}" for n in strangers[:3])
            mend = "quantize with --placement tensorrt"
            yield _problem(node.name, f"only {', '.join(WEIGHTED_OPS)} behind it", got, mend)
    before = graph.producers.get(node.input[0])
    if before is not None and list(before.input[1:]) != list(node.input[1:]):
        got = "a DequantizeLinear with other ones"
        yield _problem(node.name, "scale and zero point of its QuantizeLinear", got, "repair it")


def _opset_problems(graph: Graph) -> Iterator[Problem]:
    """Yield the problem of an opset that does not know the types in the graph."""
    from onnx import TensorProto

    kinds = {t.data_type for t in graph.constants.values()}
    precision = Precision.FP8 if TensorProto.FLOAT8E4M3FN in kinds else Precision.INT8
    opset = next((o.version for o in graph.model.opset_import if o.domain in {"", "ai.onnx"}), 1)
    least = required_opset(precision)
    if opset < least:
        mend = f"convert the FP32 model to opset {least} first"
        yield _problem("opset", f"{least} or higher for {precision}", str(opset), mend)


def _dequantizer(graph: Graph, name: str) -> Any:
    """Return the DequantizeLinear that makes a tensor, or None."""
    node = graph.producers.get(name)
    return node if node is not None and node.op_type == "DequantizeLinear" else None


def _size(graph: Graph, name: str) -> int:
    """Return the elements of a constant."""
    import math

    constant = graph.constants.get(name)
    return math.prod(constant.dims) if constant is not None else 0


def _axis(node: Any) -> int:
    """Return the axis of a layer's output channels in its weights."""
    if node.op_type == "Conv":
        return 0
    transposed = next((a.i for a in node.attribute if a.name == "transB"), 0)
    return 0 if node.op_type == "Gemm" and transposed else 1


def _problem(where: str, want: str, got: str, do: str) -> Problem:
    return Problem(where, want, got, do)
