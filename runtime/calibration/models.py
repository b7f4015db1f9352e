"""Makes a model ready for quantization, and opens sessions of models with and without Q/DQ."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from runtime.calibration.algorithms import quiet
from runtime.configs.workload import ModelFile
from runtime.errors import ArtifactError, Problem
from runtime.policies.precision import required_opset
from runtime.vocabulary import Precision


def prepare(model: ModelFile, precision: Precision = Precision.INT8) -> Any:
    """Return the graph that is calibrated and quantized, as an `onnx.ModelProto`.

    Batch norms are folded into convolutions, shapes are inferred, every node has a name, and
    the opset is one that has the format's Q/DQ operators. Nothing is written beside the model.

    Raises:
        ArtifactError: The file is no model that ONNX Runtime can read, is quantized already,
            or cannot be lifted to the opset.
    """
    import onnx
    from onnxruntime.quantization.shape_inference import quant_pre_process

    _refuse_quantized(model)
    with tempfile.TemporaryDirectory(prefix="calliope-quantize-") as folder:
        made = Path(folder) / "prepared.onnx"
        try:
            with quiet():
                source = _lifted(onnx.load(str(model.path)), precision)
                quant_pre_process(source, str(made), skip_symbolic_shape=True)
            graph = onnx.load(str(made))
        except (OSError, ArtifactError):
            raise
        except Exception as error:
            got = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
            want = "a model that ONNX Runtime can read and simplify"
            mend = "export it to ONNX again"
            raise ArtifactError(Problem(str(model.path), want, got, mend)) from error
    graph.doc_string = source.doc_string
    _name_nodes(graph)
    return graph


def open_session(model: bytes | str, *, fp8: bool = False, threads: int = 1) -> Any:
    """Return an ONNX Runtime session on the CPU.

    Args:
        model: Bytes or path of the model.
        fp8: Whether the model has FP8 nodes; ONNX Runtime's extended optimizations do not
            know them.
        threads: Threads of one inference.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if fp8:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def batch_for(elements: int) -> int:
    """Return the samples a batch that keep the tensors of a calibration run under 256 MiB.

    Args:
        elements: Most elements of one sample that exist at a time.
    """
    return max(1, min(64, (1 << 26) // max(1, 8 * elements)))


def _refuse_quantized(model: ModelFile) -> None:
    """Raise ArtifactError for a model that has Q/DQ nodes."""
    if model.precision in (Precision.INT8, Precision.FP8):
        want, got = "a model without Q/DQ nodes", f"a {model.precision} model"
        mend = "name the FP32 model that it was made from"
        raise ArtifactError(Problem(str(model.path), want, got, mend))


def _lifted(model: Any, precision: Precision) -> Any:
    """Return the model with at least the opset that the format needs."""
    from onnx import version_converter

    least = required_opset(precision)
    opset = next((o.version for o in model.opset_import if o.domain in {"", "ai.onnx"}), 1)
    if opset >= least:
        return model
    try:
        return version_converter.convert_version(model, least)
    except Exception as error:
        got = f"opset {opset}, which onnx cannot convert: {str(error).strip().splitlines()[0]}"
        mend = f"export the model with opset {least}"
        want = f"opset {least} or higher for {precision}"
        raise ArtifactError(Problem("model", want, got, mend)) from error


def _name_nodes(model: Any) -> None:
    """Give every node without a name, or with one used before, a name of its own."""
    seen: set[str] = set()
    for index, node in enumerate(model.graph.node):
        if not node.name or node.name in seen:
            node.name = f"{node.op_type}_{index}"
        seen.add(node.name)
