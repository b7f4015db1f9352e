"""Train the digits CNN and write its ONNX file, the same bytes on every machine.

    python tools/train_digits.py [--out FILE]

Prints the file's accuracy on the three splits and its SHA-256, which stands in
`runtime/workloads/digits.py`. Settings were chosen on the calibration images;
the test images are judged once, at the end.

How the bytes stay equal: uniform random numbers from NumPy's frozen legacy
generator, double precision throughout, no pooling (ties between equal patches
would be broken by rounding noise), and every gradient rounded to a grid of
2^-22, about 10^9 times coarser than what two linear-algebra libraries differ
by, so that the order of their sums leaves no trace in the weights.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runtime.artifacts import atomic_write
from runtime.workloads import digits

Array = NDArray[np.float64]
Weights = dict[str, Array]

SEED = 7
"""Seed of the initial weights, of the order of samples and of their shifts."""
EPOCHS = 40
"""Passes over the training images."""
BATCH = 50
"""Images a step; 1,000 training images make 20 steps a pass."""
RATE = 0.08
"""Learning rate at the start; it falls to zero along half a cosine."""
MOMENTUM = 0.9
"""Nesterov momentum."""
DECAY = 5e-4
"""Weight decay."""
SMOOTHING = 0.1
"""Share of the target that is spread over all classes."""
GRID = 2.0**22
"""Gradients are rounded to multiples of its inverse."""
CONVOLUTIONS = (("conv1", 1, 32, 1), ("conv2", 32, 32, 1), ("conv3", 32, 32, 2))
"""Name, input channels, output channels, stride; all 3x3 with padding 1."""
DENSE = (("dense1", 512, 64), ("dense2", 64, 10))
"""Name, inputs, outputs."""


def main() -> None:
    """Train, write, and print what came out."""
    parser = argparse.ArgumentParser(description="Train the digits CNN.")
    default = Path(digits.__file__).parent / "data" / "digits.onnx"
    parser.add_argument("--out", type=Path, default=default, help="ONNX file to write")
    out: Path = parser.parse_args().out
    began = time.perf_counter()
    content = export(train())
    atomic_write(out, content)
    for name, split in (
        ("train", digits.TRAIN),
        ("calibration", digits.CALIBRATION),
        ("test", digits.TEST),
    ):
        print(f"{name}: {judge(content, split)}")
    print(f"{len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")
    print(f"{time.perf_counter() - began:.0f} s")


def train() -> Weights:
    """Return the trained weights."""
    samples = digits.open_split(digits.TRAIN)
    images = samples.images[:, 0].astype(np.float64)
    targets = np.eye(10)[samples.labels] * (1 - SMOOTHING) + SMOOTHING / 10
    random = np.random.RandomState(SEED)  # its stream is frozen, default_rng's is not
    weights = start(random)
    speed = {name: np.zeros_like(value) for name, value in weights.items()}
    steps = EPOCHS * (len(images) // BATCH)
    for step in range(steps):
        if step % (len(images) // BATCH) == 0:
            order = random.permutation(len(images))
        chosen = order[step * BATCH % len(images) :][:BATCH]
        batch = shift(images[chosen], random)
        rate = RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
        slopes = gradients(weights, batch, targets[chosen])
        for name, exact in slopes.items():
            slope = np.round((exact + DECAY * weights[name]) * GRID) / GRID
            speed[name] = MOMENTUM * speed[name] - rate * slope
            weights[name] = weights[name] + MOMENTUM * speed[name] - rate * slope
    return weights


def start(random: np.random.RandomState) -> Weights:
    """Return initial weights: He's variance, uniform, biases zero.

    Shapes:
        convolution: (9 * inputs, outputs), rows ordered by kernel row, column, channel.
        dense: (inputs, outputs); the first one's inputs ordered by row, column, channel.
    """
    shapes = {name: (9 * cin, cout) for name, cin, cout, _ in CONVOLUTIONS}
    shapes |= {name: (cin, cout) for name, cin, cout in DENSE}
    weights: Weights = {}
    for name, (rows, columns) in shapes.items():
        bound = np.sqrt(6 / rows)
        weights[name] = (random.random_sample((rows, columns)) * 2 - 1) * bound
        weights[name + ".bias"] = np.zeros(columns)
    return weights


def shift(images: Array, random: np.random.RandomState) -> Array:
    """Return the images, each moved by -1, 0 or 1 pixels in both directions."""
    moves = random.randint(0, 3, size=(len(images), 2))
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    return np.stack([p[y : y + 8, x : x + 8] for p, (y, x) in zip(padded, moves, strict=True)])


def gradients(weights: Weights, images: Array, targets: Array) -> Weights:
    """Return the gradient of the mean cross-entropy for each weight.

    Shapes:
        images: (n, 8, 8).
        targets: (n, 10), rows sum to 1.
    """
    kept: list[tuple[Array, Array]] = []
    value = images[..., None]
    for name, _, _, stride in CONVOLUTIONS:
        patches = unfold(value, stride)
        side = value.shape[1] // stride
        raw = patches @ weights[name] + weights[name + ".bias"]
        kept.append((patches, raw))
        value = np.maximum(raw, 0).reshape(len(images), side, side, -1)
    flat = value.reshape(len(images), -1)
    hidden = flat @ weights["dense1"] + weights["dense1.bias"]
    active = np.maximum(hidden, 0)
    scores = active @ weights["dense2"] + weights["dense2.bias"]
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    slope = (powers / powers.sum(axis=1, keepdims=True) - targets) / len(images)
    found: Weights = {"dense2": active.T @ slope, "dense2.bias": slope.sum(axis=0)}
    slope = (slope @ weights["dense2"].T) * (hidden > 0)
    found |= {"dense1": flat.T @ slope, "dense1.bias": slope.sum(axis=0)}
    slope = slope @ weights["dense1"].T
    for (name, _, _, stride), (patches, raw) in zip(
        reversed(CONVOLUTIONS), reversed(kept), strict=True
    ):
        slope = slope.reshape(raw.shape) * (raw > 0)
        found |= {name: patches.T @ slope, name + ".bias": slope.sum(axis=0)}
        if name != CONVOLUTIONS[0][0]:
            slope = fold(slope @ weights[name].T, len(images), stride)
    return found


def unfold(value: Array, stride: int) -> Array:
    """Return the 3x3 patches around every output place.

    Shapes:
        value: (n, side, side, channels).
        return: (n * (side / stride)^2, 9 * channels).
    """
    padded = np.pad(value, ((0, 0), (1, 1), (1, 1), (0, 0)))
    side = value.shape[1]
    parts = [
        padded[:, y : y + side : stride, x : x + side : stride] for y in range(3) for x in range(3)
    ]
    return np.stack(parts, axis=3).reshape(-1, 9 * value.shape[3])


def fold(patches: Array, images: int, stride: int) -> Array:
    """Return the sum of patch gradients at the 8x8 places that they came from.

    Shapes:
        patches: (images * (8 / stride)^2, 9 * channels).
        return: (images, 8, 8, channels).
    """
    side = 8 // stride
    parts = patches.reshape(images, side, side, 9, -1)
    total = np.zeros((images, 10, 10, parts.shape[-1]))
    for place in range(9):
        y, x = divmod(place, 3)
        total[:, y : y + 8 : stride, x : x + 8 : stride] += parts[:, :, :, place]
    return total[:, 1:9, 1:9]


def export(weights: Weights) -> bytes:
    """Return the ONNX file: opset 17, IR version 8, a free batch axis."""
    from onnx import TensorProto, checker, helper

    nodes, tensors, value = [], [], "input"
    for name, cin, cout, stride in CONVOLUTIONS:
        kernel = weights[name].reshape(3, 3, cin, cout).transpose(3, 2, 0, 1)
        tensors += named(name, kernel, weights)
        nodes += [
            helper.make_node(
                "Conv",
                [value, name, name + ".bias"],
                [name + ".out"],
                name=name,
                kernel_shape=[3, 3],
                pads=[1, 1, 1, 1],
                strides=[stride, stride],
            ),
            helper.make_node("Relu", [name + ".out"], [name + ".relu"], name=name + ".relu"),
        ]
        value = name + ".relu"
    nodes.append(helper.make_node("Flatten", [value], ["flat"], name="flat"))
    first = weights["dense1"].reshape(4, 4, 32, 64).transpose(2, 0, 1, 3).reshape(512, 64)
    tensors += named("dense1", first, weights) + named("dense2", weights["dense2"], weights)
    nodes += [
        helper.make_node("Gemm", ["flat", "dense1", "dense1.bias"], ["hidden"], name="dense1"),
        helper.make_node("Relu", ["hidden"], ["hidden.relu"], name="hidden.relu"),
        helper.make_node(
            "Gemm", ["hidden.relu", "dense2", "dense2.bias"], ["logits"], name="dense2"
        ),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
        for name, shape in (("input", (1, 8, 8)), ("logits", (10,)))
    ]
    graph = helper.make_graph(nodes, "digits", ends[:1], ends[1:], tensors)
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="calliope-harness",
    )
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def named(name: str, matrix: Array, weights: Weights) -> list[Any]:
    """Return a layer's weights and biases as ONNX tensors in single precision."""
    from onnx import numpy_helper

    pair = ((name, matrix), (name + ".bias", weights[name + ".bias"]))
    return [
        numpy_helper.from_array(np.ascontiguousarray(v, dtype="<f4"), label) for label, v in pair
    ]


def judge(content: bytes, split: digits.Split) -> str:
    """Return a model's accuracy on a split, as counted by ONNX Runtime."""
    import onnxruntime

    samples = digits.open_split(split)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    scores = session.run(None, {"input": samples.images})[0]
    right = int((scores.argmax(axis=1) == samples.labels).sum())
    return f"{right} of {len(samples)} right, {right / len(samples):.4f}"


if __name__ == "__main__":
    main()
