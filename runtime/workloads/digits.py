"""Handwritten digits: scikit-learn's bundled images and a small trained CNN.

The whole workload, data and model, comes with the installed packages, so every
machine can measure and judge it without a download.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.configs.workload import ModelFile, Tensor, Workload
from runtime.errors import ConfigError, MissingError, Problem
from runtime.vocabulary import Mode
from runtime.workloads import answers, modelfile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORKLOAD = Workload(
    name="digits",
    title="Digits CNN",
    task="Tell which digit a handwritten 8x8 image shows.",
    model=(
        "A CNN of three convolutions and two dense layers, 52,298 parameters, trained for this "
        "project by tools/train_digits.py"
    ),
    dataset=(
        "The 1,797 images of the Optical Recognition of Handwritten Digits test set (UCI), as "
        "bundled with scikit-learn: 1,000 to train, 257 to calibrate, 540 to judge"
    ),
    input=Tensor(name="input", dtype="float32", shape=(1, 8, 8)),
    output=Tensor(name="logits", dtype="float32", shape=(10,)),
    metric="top-1 accuracy",
    reference_accuracy=533 / 540,
    reference_source=(
        "tools/train_digits.py: the committed FP32 model on the 540 test images, ONNX Runtime, CPU"
    ),
    accuracy_samples=540,
    performance_samples=540,
    flops_per_sample=1_578_240.0,
    parameters=52_298,
    peak_activations=4_096,
    fused_activations=4_096,
    loadgen_name="*",
)
"""The digits workload: a real measurement in seconds on any CPU."""

MODEL_SHA256 = "51a07db334f4edde9160befb072af8ea3f3f21211e77aa8a14228c2b857588ad"
"""Hash of the committed model file; `open_model` refuses another."""

DATA_SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
"""Hash of the 1,797 images (one byte a pixel, row by row), then of their labels."""

SPLIT_SEED = 20_240_607
"""Seed of the permutation that the splits are cut from."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """A named part of the data set: which images it takes, in which order."""

    start: int
    """First position in the seeded permutation."""
    stop: int
    """Position after the last one."""
    sha256: str
    """Hash of the ordered image numbers, as little-endian 64-bit integers."""


TRAIN = Split(
    start=0,
    stop=1000,
    sha256="5f9b8ce05d87ca34c342ef89315c1fa8ed43a3f999db6fb12fa3706e4258098a",
)
"""Images that the committed model was trained on."""

CALIBRATION = Split(
    start=1000,
    stop=1257,
    sha256="9ed27d66a5fe4cb4f8286e9271690f6f5908d5b287afffccea87d26d058e309b",
)
"""Images to choose quantization scales and training settings with."""

TEST = Split(
    start=1257,
    stop=1797,
    sha256="be9230905a246ca6a08222a8f4fd9941a12aaf221b746cb4b3ed255a97e7499f",
)
"""Images that accuracy is judged on; nothing is ever fitted to them."""


class Samples:
    """Images of one split in memory, ready for the model."""

    note = ""
    """Nothing to say: the data are real and complete."""

    def __init__(self, images: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
        """Hold images, shape (n, 1, 8, 8) float32 in 0 to 1, and labels, shape (n,) int64."""
        self.images = images
        self.labels = labels

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.labels)

    def load(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the chosen images in one block.

        Shapes:
            indices: (n,) int64.
            return: (n, 1, 8, 8) float32, C-contiguous.
        """
        return self.images.take(indices, axis=0)


def open_model(path: Path | None, cache: Path) -> ModelFile:  # noqa: ARG001 - the protocol's
    """Return the user's model after a check of its shape, or the committed one.

    Raises:
        MissingError: The file is not there.
        ArtifactError: It is no ONNX file, or the committed file was changed.
        ConfigError: Its inputs and outputs are not this workload's.
    """
    if path is not None:
        return modelfile.open_user_model(path, WORKLOAD)
    bundled = Path(__file__).parent / "data" / "digits.onnx"
    return modelfile.open_known_model(bundled, WORKLOAD, MODEL_SHA256)


def open_samples(
    path: Path | None,
    mode: Mode = Mode.PERFORMANCE,  # noqa: ARG001 - the protocol's
) -> Samples:
    """Return the 540 test images; the same in both modes.

    Raises:
        MissingError: scikit-learn is not installed.
        ConfigError: A data folder was named, or scikit-learn's data changed.
    """
    _refuse_folder(path, "--data")
    return open_split(TEST)


def open_split(split: Split) -> Samples:
    """Return the images and labels of `TRAIN`, `CALIBRATION` or `TEST`.

    Raises:
        MissingError: scikit-learn is not installed.
        ConfigError: The data or the cut of the splits are not the committed ones.
    """
    import numpy as np

    pixels, labels = _data_set()
    chosen = _indices(split)
    images = (pixels[chosen].astype(np.float32) / np.float32(16)).reshape(-1, 1, 8, 8)
    return Samples(images, labels[chosen].astype(np.int64))


def open_calibration(path: Path | None) -> tuple[Samples, list[str]]:
    """Return the 257 calibration images and the number of each in the data set.

    Raises:
        MissingError: scikit-learn is not installed.
        ConfigError: A folder was named, or scikit-learn's data changed.
    """
    _refuse_folder(path, "--calibration-data")
    return open_split(CALIBRATION), _ids(CALIBRATION)


def evaluation_ids(path: Path | None) -> list[str]:
    """Return the numbers of the 540 test images, of the same kind as the calibration ids."""
    _refuse_folder(path, "--data")
    return _ids(TEST)


def postprocess(outputs: NDArray[Any], out: NDArray[np.int64]) -> None:
    """Write the most likely digit of each sample into `out`.

    Shapes:
        outputs: (batch, 10) float32.
        out: (batch,) int64.
    """
    answers.write_classes(outputs, out, WORKLOAD.output.shape[0])


def accuracy(logged: dict[int, bytes], path: Path | None) -> float:
    """Return the share of test images whose answer is their label.

    Raises:
        RunError: Answers are missing, of the wrong size, or for unknown samples.
    """
    return answers.top1(logged, open_samples(path).labels)


def _refuse_folder(path: Path | None, flag: str) -> None:
    """Raise ConfigError where a data folder was named."""
    if path is not None:
        mend = f"leave {flag} out: the images come with scikit-learn"
        raise ConfigError(Problem(flag, "no folder for digits", str(path), mend))


def _ids(split: Split) -> list[str]:
    """Return the images of a split as `digits-0042`, by their number in the data set."""
    return [f"digits-{number:04}" for number in _indices(split)]


@functools.cache
def _data_set() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return all pixels (1797, 64) of 0 to 16 and labels (1797,), checked by hash."""
    import hashlib

    import numpy as np

    table = np.loadtxt(_data_file(), delimiter=",", dtype=np.uint8)
    pixels, labels = np.ascontiguousarray(table[:, :-1]), np.ascontiguousarray(table[:, -1])
    got = hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()
    if got != DATA_SHA256:
        raise ConfigError(
            Problem(
                "scikit-learn's digits",
                f"data with SHA-256 {DATA_SHA256[:16]}...",
                f"{got[:16]}...",
                "install a release of scikit-learn with the known data, "
                "or train and commit anew with tools/train_digits.py",
            )
        )
    return pixels, labels


def _data_file() -> Path:
    """Return scikit-learn's own file; importing the package would take over a second."""
    from importlib.util import find_spec

    spec = find_spec("sklearn")
    places = spec.submodule_search_locations if spec else None
    for place in places or ():
        file = Path(place) / "datasets" / "data" / "digits.csv.gz"
        if file.is_file():
            return file
    raise MissingError(
        Problem(
            "digits", "scikit-learn with its bundled digits", "none", "pip install scikit-learn"
        )
    )


def _indices(split: Split) -> NDArray[np.int64]:
    """Return the image numbers of a split, checked by hash.

    Why: the legacy generator is used because NumPy froze its stream for good.
    """
    import hashlib

    import numpy as np

    order = np.random.RandomState(SPLIT_SEED).permutation(1797)
    chosen = order[split.start : split.stop].astype("<i8")
    got = hashlib.sha256(chosen.tobytes()).hexdigest()
    if got != split.sha256:
        raise ConfigError(
            Problem(
                f"digits split {split.start}:{split.stop}",
                f"SHA-256 {split.sha256[:16]}...",
                f"{got[:16]}...",
                "use a NumPy whose RandomState stream is the frozen one",
            )
        )
    return chosen.astype(np.int64)
