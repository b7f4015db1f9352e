"""Builds ResNet-50 v1.5 as an ONNX file with seeded weights: the true shape, no knowledge.

Weights have He's variance and the last scale of each residual block is 1/4, so
activations keep their size through all blocks and stay finite in half
precision too. The same recipe gives the same bytes everywhere.

Source:
    shape: He et al., "Deep Residual Learning for Image Recognition", 2015, table 1
        (50-layer); v1.5 moves the stride of a block into its 3x3 convolution.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from runtime.artifacts import atomic_write
from runtime.configs.workload import ModelFile, Workload
from runtime.vocabulary import Precision
from runtime.workloads.modelfile import SYNTHETIC_NOTE, hash_file

SEED = 50
"""Seed of the weights."""

STAGES = ((3, 1), (4, 2), (6, 2), (3, 2))
"""Blocks and first stride of each of the four stages."""

WIDTH = 64
"""Channels after the first convolution; stages have 4, 8, 16 and 32 times as many."""

PREFIX = "resnet50-synthetic-"
"""Start of the cached file's name; the first 16 digits of its hash follow."""

_PIXEL_VARIANCE = 5500.0
_RESIDUAL_SCALE = 0.25


def open_synthetic(cache: Path, workload: Workload) -> ModelFile:
    """Return the synthetic model from the cache folder, made first where it is absent.

    A cached file whose bytes do not have the hash in its name is made anew.

    Raises:
        ArtifactError: The cache folder cannot be written.
    """
    for path in sorted(cache.glob(f"{PREFIX}*.onnx")):
        sha256 = hash_file(path)
        if path.name == _name(sha256):
            return _describe(path, sha256, workload)
    content = build()
    sha256 = hashlib.sha256(content).hexdigest()
    path = cache / _name(sha256)
    atomic_write(path, content)
    return _describe(path, sha256, workload)


def build(width: int = WIDTH, seed: int = SEED, classes: int = 1000) -> bytes:
    """Return the ONNX file: opset 17, IR version 8, a free batch axis, batch norm unfolded.

    Args:
        width: Channels after the first convolution; 64 is ResNet-50.
        seed: Seed of the weights.
        classes: Number of outputs.
    """
    from onnx import TensorProto, helper

    plan = _Plan(seed)
    value = plan.convolution(
        "stem", "input", 3, width, kernel=7, stride=2, variance=_PIXEL_VARIANCE
    )
    value = plan.node("Relu", "stem.relu", value)
    value = plan.node(
        "MaxPool", "stem.pool", value, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]
    )
    channels = width
    for stage, (blocks, first) in enumerate(STAGES):
        inner = width << stage
        for block in range(blocks):
            stride = first if block == 0 else 1
            value = _add_block(
                plan, f"stage{stage + 1}.block{block + 1}", value, channels, inner, stride=stride
            )
            channels = inner * 4
    value = plan.node("GlobalAveragePool", "pool", value)
    value = plan.node("Flatten", "flat", value)
    plan.dense("dense", value, "logits", channels, classes)
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
        for name, shape in (("input", (3, 224, 224)), ("logits", (classes,)))
    ]
    graph = helper.make_graph(plan.nodes, "resnet50", ends[:1], ends[1:], plan.tensors)
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="calliope-harness",
        doc_string=SYNTHETIC_NOTE,
    )
    return bytes(model.SerializeToString(deterministic=True))


class _Plan:
    """Nodes and weights of a graph while it grows."""

    def __init__(self, seed: int) -> None:
        """Start an empty graph.

        Why: NumPy froze the stream of its legacy generator for good.
        """
        import numpy as np

        self.nodes: list[Any] = []
        self.tensors: list[Any] = []
        self._random = np.random.RandomState(seed)

    def node(self, operator: str, name: str, *inputs: str, **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        from onnx import helper

        output = f"{name}.out"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=name, **attributes))
        return output

    def convolution(
        self,
        name: str,
        value: str,
        inputs: int,
        outputs: int,
        *,
        kernel: int,
        stride: int = 1,
        scale: float = 1.0,
        variance: float = 1.0,
    ) -> str:
        """Add a convolution without bias and its batch norm; return the output's name."""
        import numpy as np

        self._weights(name, (outputs, inputs, kernel, kernel), inputs * kernel * kernel)
        pad = kernel // 2
        made = self.node(
            "Conv",
            name,
            value,
            name,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[pad] * 4,
        )
        names = [f"{name}.{part}" for part in ("scale", "shift", "mean", "variance")]
        for label, number in zip(names, (scale, 0.0, 0.0, variance), strict=True):
            self._tensor(label, np.full(outputs, number, dtype="<f4"))
        return self.node("BatchNormalization", f"{name}.norm", made, *names, epsilon=1e-5)

    def dense(self, name: str, value: str, output: str, inputs: int, outputs: int) -> None:
        """Add the last layer, whose output has a name of its own."""
        import numpy as np
        from onnx import helper

        self._weights(name, (outputs, inputs), inputs)
        self._tensor(f"{name}.bias", np.zeros(outputs, dtype="<f4"))
        self.nodes.append(
            helper.make_node("Gemm", [value, name, f"{name}.bias"], [output], name=name, transB=1)
        )

    def _weights(self, name: str, shape: tuple[int, ...], fan_in: int) -> None:
        """Add uniform weights of variance 2 / fan_in."""
        import numpy as np

        values = self._random.random_sample(shape)
        values -= 0.5
        values *= 2 * float(np.sqrt(6 / fan_in))
        self._tensor(name, values.astype("<f4"))

    def _tensor(self, name: str, values: Any) -> None:
        """Add a constant."""
        from onnx import numpy_helper

        self.tensors.append(numpy_helper.from_array(values, name))


def _add_block(
    plan: _Plan, name: str, value: str, channels: int, inner: int, *, stride: int
) -> str:
    """Add a bottleneck block (1x1, 3x3 with the stride, 1x1) and return its output's name."""
    outer = inner * 4
    path = plan.convolution(f"{name}.conv1", value, channels, inner, kernel=1)
    path = plan.node("Relu", f"{name}.relu1", path)
    path = plan.convolution(f"{name}.conv2", path, inner, inner, kernel=3, stride=stride)
    path = plan.node("Relu", f"{name}.relu2", path)
    path = plan.convolution(f"{name}.conv3", path, inner, outer, kernel=1, scale=_RESIDUAL_SCALE)
    if channels != outer or stride != 1:
        value = plan.convolution(
            f"{name}.shortcut", value, channels, outer, kernel=1, stride=stride
        )
    total = plan.node("Add", f"{name}.add", path, value)
    return plan.node("Relu", f"{name}.relu3", total)


def _name(sha256: str) -> str:
    """Return the cached file's name."""
    return f"{PREFIX}{sha256[:16]}.onnx"


def _describe(path: Path, sha256: str, workload: Workload) -> ModelFile:
    """Return what must be said about the file."""
    return ModelFile(
        path=path,
        sha256=sha256,
        synthetic=True,
        note=SYNTHETIC_NOTE,
        input=workload.input,
        output=workload.output,
        precision=Precision.FP32,
    )
