"""What an ONNX graph keeps in memory: weights, and what is alive between its nodes.

Shapes are inferred by the onnx library with the batch axis set to one and to two; every
size is then `fixed + batch x slope`. Weights are never read, only their shapes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.errors import ArtifactError, ConfigError, Problem
from runtime.footprint.liveness import Load, Size, moments, sum_up

SMALL = 4_096
"""Elements up to which an initializer is kept for shape inference: it may hold a shape."""


@dataclass(frozen=True, kw_only=True)
class GraphMemory:
    """The sizes of one graph, in elements of each type."""

    weights: dict[str, int]
    """Elements of all initializers by NumPy name of their type."""
    inputs: Load
    """Inputs of the graph."""
    outputs: Load
    """Outputs of the graph."""
    moments: tuple[Load, ...]
    """What is alive between inputs and outputs while each node runs; without moments that
    another one exceeds at every batch size."""
    fused: tuple[Load, ...]
    """The same where element-wise operators work in the memory of what they read, as
    libraries that fuse them do: less is not possible without computing anything twice."""
    nodes: int
    """Nodes of the graph."""
    unsized: tuple[str, ...]
    """Tensors whose shape could not be inferred; they are in no sum."""
    fixed_batch: int | None
    """Batch size that the graph is fixed to; None where the batch axis is free."""

    def activations(self, batch: int, widths: dict[str, float]) -> float:
        """Return the bytes alive at the fullest moment.

        Args:
            batch: Samples in one inference.
            widths: Bytes of one element by type, where they are not the type's own.
        """
        return max((load_bytes(m, batch, widths) for m in self.moments), default=0.0)

    def least_activations(self, batch: int, widths: dict[str, float]) -> float:
        """Return the bytes alive at the fullest moment where operators are fused."""
        return max((load_bytes(m, batch, widths) for m in self.fused), default=0.0)

    def elements(self, batch: int, *, fused: bool = False) -> int:
        """Return the elements alive at the moment that has most of them."""
        chosen = self.fused if fused else self.moments
        return max((sum(f + s * batch for _, f, s in m) for m in chosen), default=0)


def load_bytes(load: Load, batch: int, widths: dict[str, float]) -> float:
    """Return the bytes of what is alive at one moment."""
    return sum((fixed + slope * batch) * width(kind, widths) for kind, fixed, slope in load)


def width(kind: str, widths: dict[str, float]) -> float:
    """Return the bytes of one element of a type."""
    import numpy as np

    if kind in widths:
        return widths[kind]
    try:
        return float(np.dtype(kind).itemsize)
    except TypeError:
        return {"bfloat16": 2.0, "int4": 0.5, "uint4": 0.5}.get(kind, 1.0)


def read_graph(source: Path | bytes, where: str = "") -> GraphMemory:
    """Return the sizes of an ONNX file's graph.

    Args:
        source: The file, or its content.
        where: What messages call a content.

    Raises:
        ArtifactError: It cannot be read, or is no ONNX.
        ConfigError: It has no input whose first axis can be a batch.
    """
    import onnx

    name = where or str(source)
    try:
        if isinstance(source, bytes):
            model = onnx.load_from_string(source)
        else:
            model = onnx.load(str(source), load_external_data=False)
    except Exception as error:
        got = f"{type(error).__name__}: {error}"
        problem = Problem(name, "a readable ONNX model", got, "export it again, or name another")
        raise ArtifactError(problem) from error
    weights = _weights(model)
    fixed = _fixed_batch(model, set(weights), name)
    _drop_weights(model)
    sizes = _sizes(model, fixed, frozenset(weights))
    return GraphMemory(
        weights=dict(_count(weights.values())),
        inputs=sum_up((v.name for v in model.graph.input if v.name in sizes), sizes),
        outputs=sum_up((v.name for v in model.graph.output if v.name in sizes), sizes),
        moments=moments(model.graph, sizes, frozenset(weights)),
        fused=moments(model.graph, sizes, frozenset(weights), fused=True),
        nodes=len(model.graph.node),
        unsized=tuple(_unsized(model.graph, sizes, frozenset(weights))),
        fixed_batch=fixed,
    )


def _kind(number: int) -> str:
    """Return the NumPy name of an element type of ONNX."""
    import onnx

    try:
        return str(onnx.helper.tensor_dtype_to_np_dtype(number))
    except KeyError:
        return "uint8"


def _weights(model: Any) -> dict[str, tuple[str, int]]:
    """Return type and elements of every initializer by name."""
    return {t.name: (_kind(t.data_type), math.prod(t.dims)) for t in model.graph.initializer}


def _count(weights: Iterable[tuple[str, int]]) -> Counter[str]:
    """Return the elements of weights by type."""
    found: Counter[str] = Counter()
    for kind, elements in weights:
        found[kind] += elements
    return found


def _fixed_batch(model: Any, weights: set[str], where: str) -> int | None:
    """Return the batch size that the inputs are fixed to; None where it is free."""
    firsts = []
    for value in model.graph.input:
        axes = value.type.tensor_type.shape.dim
        if value.name not in weights and axes:
            firsts.append(axes[0].dim_value if axes[0].HasField("dim_value") else 0)
    if not firsts:
        want = "an input with a batch axis"
        raise ConfigError(Problem(where, want, "none", "export the model with one"))
    return None if 0 in firsts else firsts[0]


def _drop_weights(model: Any) -> None:
    """Replace large initializers by inputs of their type and shape.

    Why: inference then moves no weights, and models beyond 2 GB can be looked at.
    """
    import onnx

    graph = model.graph
    known = {value.name for value in graph.input}
    kept = [t for t in graph.initializer if math.prod(t.dims) <= SMALL and not t.external_data]
    kept = [_copied(t) for t in kept]
    small = {t.name for t in kept}
    for tensor in graph.initializer:
        if tensor.name not in small and tensor.name not in known:
            value = onnx.helper.make_tensor_value_info(
                tensor.name, tensor.data_type, list(tensor.dims)
            )
            graph.input.append(value)
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _copied(tensor: Any) -> Any:
    """Return a tensor of its own, that lives on when the list it was in is emptied."""
    import onnx

    copy = onnx.TensorProto()
    copy.CopyFrom(tensor)
    return copy


def _sizes(model: Any, fixed: int | None, weights: frozenset[str]) -> dict[str, Size]:
    """Return type, fixed elements and elements a sample of every tensor with a known shape."""
    if fixed is not None:
        shapes = _shapes(model, None, weights)
        return {n: (k, 0, math.ceil(e / max(1, fixed))) for n, (k, e) in shapes.items()}
    one, two = (_shapes(model, batch, weights) for batch in (1, 2))
    found = {}
    for name, (kind, elements) in one.items():
        doubled = two.get(name, (kind, elements))[1]
        slope = max(0, doubled - elements)
        found[name] = (kind, max(0, elements - slope), slope)
    return found


def _shapes(model: Any, batch: int | None, weights: frozenset[str]) -> dict[str, tuple[str, int]]:
    """Return type and elements of every tensor whose shape is known at a batch size."""
    import onnx

    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    own = [v for v in graph.input if v.name not in weights]
    for value in own if batch else ():
        axes = value.type.tensor_type.shape.dim
        if axes:
            axes[0].dim_value = batch
    if batch:
        del graph.value_info[:]
        for value in graph.output:
            value.type.tensor_type.ClearField("shape")
    graph = onnx.shape_inference.infer_shapes(changed, data_prop=True).graph
    found = {}
    for value in (*graph.input, *graph.value_info, *graph.output):
        tensor = value.type.tensor_type
        axes = [axis.dim_value for axis in tensor.shape.dim]
        if value.name not in weights and tensor.HasField("shape") and all(a > 0 for a in axes):
            found[value.name] = (_kind(tensor.elem_type), math.prod(axes))
    return found


def _unsized(graph: Any, sizes: dict[str, Size], weights: frozenset[str]) -> Iterator[str]:
    """Yield the tensors that nodes make and whose shape is not known."""
    for node in graph.node:
        for name in node.output:
            if name and name not in sizes and name not in weights:
                yield name
