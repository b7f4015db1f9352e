"""Opens ONNX files for a workload: existence, hash, signature, number format, size.

Only the graph is read, never the weights in external files, and every problem
of a file is reported at once, before anything expensive starts.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.configs.workload import ModelFile, Workload
from runtime.errors import ArtifactError, MissingError, Problem
from runtime.vocabulary import Precision
from runtime.workloads.generated import MODEL_NOTE
from runtime.workloads.signature import read_signature

SYNTHETIC_NOTE = "synthetic weights: speed only"
"""What every output of a model of seeded noise carries; it also stands in such a file's
description, so that the file keeps its mark when it is quantized or named with `--model`."""

_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a convolutional graph is."""

    parameters: int
    """Trainable numbers: weights, biases, scales and shifts of batch norms."""
    flops: int
    """Operations of convolutions and dense layers for one sample; a multiply-add is two."""
    peak_activations: int
    """Most elements of one sample that exist at the same time, node after node."""


def open_known_model(path: Path, workload: Workload, sha256: str) -> ModelFile:
    """Return a model that this package ships, after a check of its bytes.

    Raises:
        MissingError: The file is not there.
        ArtifactError: Its bytes are not the committed ones.
    """
    _require_file(path, "reinstall the package")
    got = hash_file(path)
    if got != sha256:
        raise ArtifactError(
            Problem(
                str(path),
                f"SHA-256 {sha256[:16]}...",
                f"{got[:16]}...",
                "reinstall the package, or name your own file with --model",
            )
        )
    return ModelFile(
        path=path,
        sha256=got,
        input=workload.input,
        output=workload.output,
        precision=Precision.FP32,
    )


def open_user_model(path: Path, workload: Workload) -> ModelFile:
    """Return the model that a user named, after a check of its graph.

    Names are free. Element types and shapes must be the workload's, except that
    a classifier may have a background class first (one output more). Of several
    outputs the first that fits is taken.

    Raises:
        MissingError: The file, or one that holds its weights, is not there.
        ArtifactError: It is no ONNX model.
        ConfigError: With every problem of its inputs and outputs.
    """
    _require_file(path, "name an ONNX file with --model")
    model = _read(path)
    weights = _weight_files(model, path)
    for file in weights:
        _require_file(file, f"put it where {path.name} expects it")
    found = read_signature(model, path.name, workload)
    synthetic = SYNTHETIC_NOTE in model.doc_string
    notes = [note for note in (SYNTHETIC_NOTE, MODEL_NOTE) if note in model.doc_string]
    return ModelFile(
        path=path,
        sha256=hash_file(path, *weights),
        synthetic=synthetic,
        note="; ".join(notes),
        input=found.input,
        output=found.output,
        fixed_batch=found.batch,
        precision=find_precision(model),
    )


def hash_file(*paths: Path) -> str:
    """Return the SHA-256 of the files' bytes, one after the other, in hexadecimal.

    Raises:
        ArtifactError: A file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for path in paths:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
    except OSError as error:
        raise _unreadable(Path(str(error.filename)), error) from error
    return digest.hexdigest()


def find_precision(model: Any) -> Precision:
    """Return the number format of a graph: INT8 and FP8 by Q/DQ nodes, others by most weights.

    Args:
        model: An `onnx.ModelProto`; the weights themselves may be absent.
    """
    from onnx import TensorProto

    types: Counter[int] = Counter()
    for tensor in model.graph.initializer:
        types[tensor.data_type] += math.prod(tensor.dims)
    if any(n.op_type in {"QuantizeLinear", "DequantizeLinear"} for n in model.graph.node):
        fp8 = types[TensorProto.FLOAT8E4M3FN] + types[TensorProto.FLOAT8E5M2]
        return Precision.FP8 if fp8 else Precision.INT8
    formats: dict[int, Precision] = {
        TensorProto.FLOAT: Precision.FP32,
        TensorProto.FLOAT16: Precision.FP16,
        TensorProto.BFLOAT16: Precision.BF16,
    }
    counts = Counter({formats[kind]: count for kind, count in types.items() if kind in formats})
    return counts.most_common(1)[0][0] if counts else Precision.FP32


def measure(content: bytes) -> Size:
    """Return the size of an ONNX file's graph, from its inferred shapes.

    Args:
        content: An ONNX file whose weights stand in Conv, Gemm and BatchNormalization nodes.
    """
    import onnx
    from onnx import shape_inference

    graph = shape_inference.infer_shapes(onnx.load_from_string(content)).graph
    sizes = {tensor.name: math.prod(tensor.dims) for tensor in graph.initializer}
    axes = {
        value.name: [axis.dim_value for axis in value.type.tensor_type.shape.dim[1:]]
        for value in (*graph.input, *graph.value_info, *graph.output)
    }
    norms = [node for node in graph.node if node.op_type == "BatchNormalization"]
    statistics = {name for node in norms for name in node.input[3:]}
    layers = [node for node in graph.node if node.op_type in {"Conv", "Gemm"}]
    return Size(
        parameters=sum(size for name, size in sizes.items() if name not in statistics),
        flops=sum(2 * sizes[n.input[1]] * math.prod(axes[n.output[0]][1:]) for n in layers),
        peak_activations=_find_peak(
            graph.node, {name: math.prod(axes[name]) for name in axes if name not in sizes}
        ),
    )


def _find_peak(nodes: Sequence[Any], sizes: dict[str, int]) -> int:
    """Return the most elements that nodes, executed in their order, keep at a time."""
    last = {name: step for step, node in enumerate(nodes) for name in node.input}
    made = {name for node in nodes for name in node.output}
    live = {name for name in sizes if name not in made}
    peak = 0
    for step, node in enumerate(nodes):
        live.update(node.output)
        peak = max(peak, sum(sizes[name] for name in live))
        live = {name for name in live if last.get(name, len(nodes)) > step}
    return peak


def _read(path: Path) -> Any:
    """Return the ONNX graph without external weights."""
    import onnx

    try:
        model = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise _unreadable(path, error) from error
    except Exception as error:
        raise _no_onnx(path, f"{type(error).__name__}: {error}") from error
    if not model.graph.node:
        raise _no_onnx(path, "a graph without nodes")
    return model


def _unreadable(path: Path, error: OSError) -> ArtifactError:
    got = error.strerror or str(error)
    return ArtifactError(Problem(str(path), "a readable file", got, "mend its permissions"))


def _no_onnx(path: Path, got: str) -> ArtifactError:
    return ArtifactError(
        Problem(str(path), "an ONNX model", got, "export it again, or name another file")
    )


def _require_file(path: Path, do: str) -> None:
    """Raise MissingError when a file does not exist."""
    if not path.is_file():
        got = "a folder" if path.is_dir() else "no file"
        raise MissingError(Problem(str(path), "a file", got, do))


def _weight_files(model: Any, path: Path) -> list[Path]:
    """Return the external files that hold the model's weights, in the order of their names."""
    names = {
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return [path.parent / name for name in sorted(names)]
