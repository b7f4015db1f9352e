"""A graph's input and output, held against what a workload feeds and reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runtime.configs.workload import Tensor, Workload
from runtime.errors import ConfigError, Problem


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a graph takes and gives."""

    input: Tensor
    """The graph's only input."""
    output: Tensor
    """The first output that fits."""
    batch: int | None
    """Batch size that the graph is fixed to; None where the axis is free."""


def read_signature(model: Any, name: str, workload: Workload) -> Signature:
    """Return a graph's signature where it fits the workload.

    Args:
        model: An `onnx.ModelProto`.
        name: What messages call the model.
        workload: Element types and shapes that are wanted; names are free.

    Raises:
        ConfigError: With every problem of the inputs and the outputs.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    problems = list(_input_problems(inputs, name, workload.input))
    output, more = _choose_output(model.graph.output, name, workload.output)
    if problems or more or output is None:
        raise ConfigError(problems + more)
    source, batch = _read_tensor(inputs[0])
    return Signature(input=_resolve(source, workload.input), output=output, batch=batch)


def _input_problems(inputs: list[Any], name: str, want: Tensor) -> Iterator[Problem]:
    """Yield what is wrong with the inputs."""
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs) or "none"
        yield Problem(
            f"{name}: inputs",
            f"one, {want.dtype} of shape {_text(want.shape)}",
            f"{len(inputs)} ({names})",
            "export the model with the samples as its only input",
        )
        return
    got, _ = _read_tensor(inputs[0])
    yield from _differences(f"{name}: input {got.name!r}", (want,), got)


def _choose_output(
    outputs: list[Any], name: str, want: Tensor
) -> tuple[Tensor | None, list[Problem]]:
    """Return the first output that fits, or the problems of every output.

    Why: a classifier may have a background class first, one output more.
    """
    grown = Tensor(name=want.name, dtype=want.dtype, shape=(want.shape[0] + 1, *want.shape[1:]))
    problems: list[Problem] = []
    for value in outputs:
        got, _ = _read_tensor(value)
        found = list(_differences(f"{name}: output {got.name!r}", (want, grown), got))
        if not found:
            return _resolve(got, want), []
        problems += found
    return None, problems or [
        Problem(f"{name}: outputs", f"shape {_text(want.shape)}", "none", "export the model anew")
    ]


def _differences(where: str, wanted: tuple[Tensor, ...], got: Tensor) -> Iterator[Problem]:
    """Yield what keeps a tensor from being used as any of the wanted ones."""
    first = wanted[0]
    if got.dtype != first.dtype:
        mend = f"export the model with {first.dtype} inputs and outputs"
        yield Problem(where, f"{first.dtype} elements", got.dtype, mend)
    if not any(_fits(got.shape, want.shape) for want in wanted):
        mend = "export the model with that shape"
        yield Problem(where, f"shape {_text(first.shape)}", _text(got.shape), mend)


def _fits(got: tuple[int, ...], want: tuple[int, ...]) -> bool:
    """Tell whether a shape, in which -1 is a free axis, allows the wanted one."""
    return len(got) == len(want) and all(g in {-1, w} for g, w in zip(got, want, strict=True))


def _resolve(got: Tensor, want: Tensor) -> Tensor:
    """Return a tensor with its free axes set to the wanted lengths."""
    pairs = zip(got.shape, want.shape, strict=True)
    return Tensor(name=got.name, dtype=got.dtype, shape=tuple(w if g < 0 else g for g, w in pairs))


def _read_tensor(value: Any) -> tuple[Tensor, int | None]:
    """Return a graph value as a Tensor (-1 for free axes), and its batch size when fixed."""
    from onnx import TensorProto, helper

    kind = value.type.tensor_type
    try:
        dtype = str(helper.tensor_dtype_to_np_dtype(kind.elem_type))
    except KeyError:
        dtype = TensorProto.DataType.Name(kind.elem_type).lower()
    axes = [axis.dim_value if axis.HasField("dim_value") else -1 for axis in kind.shape.dim]
    batch = axes[0] if axes and axes[0] > 0 else None
    return Tensor(name=value.name, dtype=dtype, shape=tuple(axes[1:])), batch


def _text(shape: tuple[int, ...]) -> str:
    """Return a shape as text, with the batch axis first and free axes as `?`."""
    return "(" + ", ".join(["batch", *("?" if n < 0 else str(n) for n in shape)]) + ")"
