"""What is alive while the nodes of a graph run one after another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

VIEWS = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"})
"""Operators whose output is their input, seen otherwise: no memory of its own."""

ELEMENTWISE = frozenset(
    {
        "Abs",
        "Add",
        "BatchNormalization",
        "Cast",
        "Clip",
        "DequantizeLinear",
        "Div",
        "Elu",
        "Erf",
        "Exp",
        "Gelu",
        "HardSigmoid",
        "HardSwish",
        "LeakyRelu",
        "Mul",
        "Neg",
        "PRelu",
        "Pow",
        "QuantizeLinear",
        "Relu",
        "Sigmoid",
        "Softplus",
        "Sqrt",
        "Sub",
        "Tanh",
    }
)
"""Operators that can write where they read: each number of the output needs one of the input."""

Load = tuple[tuple[str, int, int], ...]
"""Elements that are alive at one moment: of each type, `fixed` and `slope` by the batch."""

Size = tuple[str, int, int]
"""Type of a tensor, elements that it always has, elements for each sample."""


def sum_up(names: Iterable[str], sizes: dict[str, Size]) -> Load:
    """Return the sizes of some tensors, summed by type."""
    found: dict[str, list[int]] = {}
    for name in names:
        kind, fixed, slope = sizes[name]
        row = found.setdefault(kind, [0, 0])
        row[0] += fixed
        row[1] += slope
    return tuple((kind, row[0], row[1]) for kind, row in sorted(found.items()))


def moments(
    graph: Any, sizes: dict[str, Size], weights: frozenset[str], *, fused: bool = False
) -> tuple[Load, ...]:
    """Return what is alive while each node runs, in the order of the file.

    A tensor lives from the node that makes it to the last that reads it; a view lives in the
    memory of what it shows. Inputs and outputs of the graph have buffers of their own.

    Args:
        graph: The graph, an `onnx.GraphProto`.
        sizes: Every tensor whose shape is known.
        weights: Names of the initializers.
        fused: Whether element-wise operators write where they read, and what they add is
            summed up there.
    """
    ends = {v.name for v in (*graph.input, *graph.output)} | weights
    owner = _owners(graph, sizes, ends, fused=fused)
    last: dict[str, int] = {}
    for step, node in enumerate(graph.node):
        for name in (*node.input, *node.output):
            last[_root(owner, name)] = step
    alive: set[str] = set()
    loads: dict[Load, None] = {}
    for step, node in enumerate(graph.node):
        made = {_root(owner, name) for name in node.output if name}
        alive |= {name for name in made if name in sizes and name not in ends}
        loads[sum_up(sorted(alive), sizes)] = None
        alive = {name for name in alive if last[name] > step}
    return tuple(_greatest(loads))


def _owners(graph: Any, sizes: dict[str, Size], ends: set[str], *, fused: bool) -> dict[str, str]:
    """Return whose memory each tensor is in, where it is not its own."""
    owner: dict[str, str] = {}
    for node in graph.node:
        if not node.input or not node.output:
            continue
        made = node.output[0]
        if node.op_type in VIEWS:
            owner[made] = _root(owner, node.input[0])
        elif fused and node.op_type in ELEMENTWISE:
            _join(owner, made, [n for n in node.input if _same(sizes, n, made)], ends)
    return owner


def _join(owner: dict[str, str], made: str, read: list[str], ends: set[str]) -> None:
    """Put a tensor, and those of its own size that it is made from, into one memory.

    Why: the memory of what is read first is written over; a sum is taken where one part of
        it lies, so that the other is never stored. Inputs and outputs of the graph keep theirs.
    """
    roots = [r for name in (*read, made) if (r := _root(owner, name)) not in ends]
    for root in dict.fromkeys(roots[1:]):
        if root != roots[0]:
            owner[root] = roots[0]


def _root(owner: dict[str, str], name: str) -> str:
    """Return the tensor whose memory a tensor is in at last."""
    while name in owner:
        name = owner[name]
    return name


def _same(sizes: dict[str, Size], one: str, other: str) -> bool:
    """Tell whether two tensors have as many elements at every batch size."""
    return one in sizes and other in sizes and sizes[one][1:] == sizes[other][1:]


def _greatest(loads: Collection[Load]) -> Iterator[Load]:
    """Yield the moments that no other one exceeds in every type, fixed and by the batch."""
    rows = [{kind: (fixed, slope) for kind, fixed, slope in load} for load in loads]
    for load, row in zip(loads, rows, strict=True):
        if not any(other is not row and _exceeds(other, row) for other in rows):
            yield load


def _exceeds(one: dict[str, tuple[int, int]], other: dict[str, tuple[int, int]]) -> bool:
    """Tell whether a moment has no less of any type than another, at every batch size."""
    none = (0, 0)
    return all(
        fixed <= one.get(kind, none)[0] and slope <= one.get(kind, none)[1]
        for kind, (fixed, slope) in other.items()
    )
