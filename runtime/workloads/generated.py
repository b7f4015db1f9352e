"""Generated images and the stand-in model that knows them: a rehearsal without a data set.

An image is a coarse pattern of its class with noise, 7 x 7 cells of 32 x 32 pixels, under a
fixed texture; it is made when it is loaded, from its index alone. The stand-in averages the
cells and takes the nearest pattern. Its accuracy says how noisy the images are, and nothing of
the model that it stands in for.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.errors import ArtifactError, Problem
from runtime.workloads.crops import MEANS, SIDE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MANIFEST = "generated.json"
"""File that makes a folder one of generated images."""

KIND = "calliope.generated-images"
"""What the manifest says of itself."""

MODEL_NOTE = "stand-in model: not the benchmark's model, its accuracy is about generated images"
"""What every output of the stand-in carries; its file has it in the description."""

CELL = 32
"""Pixels of a cell's side."""

CELLS = SIDE // CELL
"""Cells of an image's side."""

CLASSES = 1000
"""Classes, as many as ILSVRC 2012 has."""

SEED = 61
"""Seed of the patterns and of the texture."""

CONTRAST = 40
"""Largest distance of a pattern's cell from mid grey, in pixel values."""

NOISE = 67.0
"""Standard deviation of the noise of a cell, in pixel values.

Why: the stand-in then errs on about a fifth of the images, so an accuracy that is computed
    wrongly cannot pass for a perfect one.
"""

GRAIN = 12
"""Largest value of the texture; its sum over a cell is zero."""


class GeneratedImages:
    """Images that are made when they are loaded; nothing lies on the disk."""

    def __init__(self, images: int) -> None:
        """Hold how many there are."""
        import numpy as np

        self._images = images
        self.labels: NDArray[np.int64] = label_of(np.arange(images, dtype=np.int64))
        """The class of each image."""

    @property
    def note(self) -> str:
        """Return what every output must say about the samples."""
        return f"{self._images:,} generated images of the true shape: no photographs, no data set"

    def __len__(self) -> int:
        """Return the number of images."""
        return self._images

    def load(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the chosen images, preprocessed.

        Shapes:
            indices: (n,) int64.
            return: (n, 3, 224, 224) float32, C-contiguous.
        """
        import numpy as np

        texture = _texture()
        out = np.empty((len(indices), 3, SIDE, SIDE), dtype=np.float32)
        blocks = out.reshape(len(indices), 3, CELLS, CELL, CELLS, CELL)
        for block, index in zip(blocks, indices, strict=True):
            cells = make_cells(int(index))
            np.add(cells[:, :, None, :, None], texture, out=block)
        return out


def open_generated(path: Path) -> GeneratedImages:
    """Return the images that a folder's manifest describes.

    Raises:
        ArtifactError: The manifest is not one of ours.
    """
    manifest = path / MANIFEST
    try:
        said = json.loads(manifest.read_bytes())
        kind, images, seed = said["kind"], said["images"], said["seed"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        kind, images, seed = f"{type(error).__name__}: {error}", 0, 0
    if (kind, seed) != (KIND, SEED) or not isinstance(images, int) or images < 1:
        want = f"kind {KIND!r}, seed {SEED}, a count of images"
        got = f"kind {kind!r}, seed {seed}, images {images}"
        raise ArtifactError(Problem(str(manifest), want, got, "remove the folder; it is made anew"))
    return GeneratedImages(images)


def write_manifest(path: Path, images: int) -> None:
    """Make a folder one of generated images."""
    from runtime.artifacts import atomic_write

    said = {"kind": KIND, "images": images, "seed": SEED, "shape": [3, SIDE, SIDE]}
    atomic_write(path / MANIFEST, json.dumps(said, indent=2).encode() + b"\n")


def label_of(indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the class of images: every class is as frequent, neighbours differ."""
    return (indices * 389 + 17) % CLASSES


def make_cells(index: int) -> NDArray[np.float32]:
    """Return the mean of each cell of an image, preprocessed, shape (3, 7, 7)."""
    import numpy as np

    means = np.array(MEANS, dtype=np.float32)[:, None, None]
    noise = np.random.RandomState(index).standard_normal(3 * CELLS * CELLS) * NOISE
    pattern = patterns()[int(label_of(np.array([index]))[0])]
    values = np.rint(128 + pattern + noise.reshape(pattern.shape)).clip(GRAIN, 255 - GRAIN)
    cells: NDArray[np.float32] = values.astype(np.float32) - means
    return cells


@cache
def patterns() -> NDArray[np.int64]:
    """Return the pattern of every class, shape (1000, 3, 7, 7), around zero.

    Why: NumPy froze the stream of its legacy generator for good.
    """
    import numpy as np

    shape = (CLASSES, 3, CELLS, CELLS)
    return np.random.RandomState(SEED).randint(-CONTRAST, CONTRAST + 1, shape).astype(np.int64)


@cache
def _texture() -> NDArray[np.float32]:
    """Return the texture of a row of cells, shape (32, 1, 32), integers whose sum is zero."""
    import numpy as np

    half = np.random.RandomState(SEED + 1).randint(-GRAIN, GRAIN + 1, (CELL // 2, CELL))
    return np.concatenate([half, -half]).astype(np.float32)[:, None, :]


def build_stand_in() -> bytes:
    """Return the stand-in as an ONNX file: cell means, then the nearest pattern.

    The score of a class is `2 p.x - p.p` up to a factor, which is largest for the pattern `p`
    that is nearest to the image `x`; mid grey and the channel means are in the bias.
    """
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    weights = patterns().reshape(CLASSES, -1).astype(np.float64)
    grey = np.repeat(128 - np.array(MEANS, dtype=np.float64), CELLS * CELLS)
    bias = -weights @ grey - 0.5 * (weights**2).sum(axis=1)
    scale = 1e-3
    tensors = [
        numpy_helper.from_array((weights * scale).astype("<f4"), "patterns"),
        numpy_helper.from_array((bias * scale).astype("<f4"), "bias"),
    ]
    pool: dict[str, Any] = {"kernel_shape": [CELL, CELL], "strides": [CELL, CELL]}
    nodes = [
        helper.make_node("AveragePool", ["input"], ["cells"], name="cells", **pool),
        helper.make_node("Flatten", ["cells"], ["flat"], name="flat"),
        helper.make_node("Gemm", ["flat", "patterns", "bias"], ["logits"], name="score", transB=1),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
        for name, shape in (("input", (3, SIDE, SIDE)), ("logits", (CLASSES,)))
    ]
    graph = helper.make_graph(nodes, "stand-in", ends[:1], ends[1:], tensors)
    model: Any = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="calliope-harness",
        doc_string=MODEL_NOTE,
    )
    return bytes(model.SerializeToString(deterministic=True))
