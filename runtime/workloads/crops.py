"""From a photograph to the input of ResNet-50, as MLPerf's reference preprocesses it.

Source:
    steps: MLPerf Inference reference implementation, vision/classification_and_detection:
        shorter side to 256 (224 / 0.875) by area averaging, central 224x224,
        RGB, minus the channel means, channels first.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.errors import ArtifactError, MissingError, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE = 224
"""Pixels of the model's square input."""

SHORT_SIDE = 256
"""Pixels that the shorter side of an image is brought to before the crop."""

MEANS = (123.68, 116.78, 103.94)
"""Channel means, red first, that are taken off pixels of 0 to 255."""


def read_crop(path: Path) -> NDArray[np.uint8]:
    """Return an image's central part as the reference crops it, shape (224, 224, 3), RGB.

    Raises:
        ArtifactError: The file is no image.
        MissingError: Pillow is not installed.
    """
    import numpy as np

    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise MissingError(
            Problem("imagenet", "the package Pillow", "none", "pip install pillow")
        ) from error
    try:
        with Image.open(path) as image:
            pixels = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise ArtifactError(
            Problem(str(path), "an image", str(error), "copy the file anew")
        ) from error
    return resize_crop(pixels)


def resize_crop(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the central 224x224 of an image whose shorter side is brought to 256.

    Only the rows and columns that the crop keeps are computed.

    Shapes:
        pixels: (height, width, 3).
        return: (224, 224, 3).
    """
    import numpy as np

    height, width, _ = pixels.shape
    if height > width:
        tall, wide = SHORT_SIDE * height // width, SHORT_SIDE
    else:
        tall, wide = SHORT_SIDE, SHORT_SIDE * width // height
    shrink = tall <= height and wide <= width
    rows = _crop_weights(height, tall, shrink)
    columns = _crop_weights(width, wide, shrink)
    tallied = rows @ pixels.reshape(height, -1).astype(np.float32)
    tallied = tallied.reshape(SIDE, width, 3)
    resized = np.einsum("cw,rwk->rck", columns, tallied, optimize=True)
    crop: NDArray[np.uint8] = np.floor(resized + np.float32(0.5)).clip(0, 255).astype(np.uint8)
    return crop


def normalize(crop: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """Write a crop minus the channel means, channels first, into `out`.

    Shapes:
        crop: (224, 224, 3).
        out: (3, 224, 224).
    """
    import numpy as np

    means = np.array(MEANS, dtype=np.float32)[:, None, None]
    np.subtract(crop.transpose(2, 0, 1), means, out=out, dtype=np.float32)


@functools.lru_cache(maxsize=256)
def _crop_weights(source: int, target: int, shrink: bool) -> NDArray[np.float32]:
    """Return the share of each source pixel in each of the central 224 target pixels.

    Shrinking takes the mean over the area that a target pixel covers; growing
    mixes two neighbours, as area interpolation of common libraries does.

    Shapes:
        return: (224, source).
    """
    import numpy as np

    first = (target - SIDE) // 2
    places = np.arange(first, first + SIDE, dtype=np.float64)[:, None]
    pixels = np.arange(source, dtype=np.float64)[None, :]
    step = source / target
    if shrink:
        begin, end = places * step, (places + 1) * step
        covered = np.minimum(end, pixels + 1) - np.maximum(begin, pixels)
        weights = covered.clip(0) / step
    else:
        left = np.floor(places * step)
        share = places + 1 - (left + 1) / step
        share = np.where(share <= 0, 0, share - np.floor(share))
        right = np.minimum(left + 1, source - 1)
        weights = (pixels == left) * (1 - share) + (pixels == right) * share
    return np.ascontiguousarray(weights, dtype=np.float32)
