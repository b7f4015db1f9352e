"""Image classification with ResNet-50 v1.5 on ImageNet, as in MLPerf Inference.

Model and data come from the user. Without a model, seeded noise of the true
shape stands in; without data, seeded random images do, in performance mode
only. Both are good for speed and say so wherever a figure of them appears.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.configs.workload import ModelFile, SampleSet, Tensor, Workload
from runtime.errors import MissingError, Problem
from runtime.vocabulary import Mode
from runtime.workloads import answers, crops, imagenet, modelfile, resnet_graph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORKLOAD = Workload(
    name="resnet50",
    title="ResNet-50 v1.5",
    task="Tell which of 1,000 ImageNet classes a photograph shows.",
    model=(
        "ResNet-50 v1.5 (stride in the 3x3 convolutions), 25.6 million parameters; an ONNX file "
        "that you name, or seeded synthetic weights of the same shape"
    ),
    dataset=(
        "The 50,000 validation images of ILSVRC 2012 (ImageNet), a folder that you name; the "
        "data set may not be passed on"
    ),
    input=Tensor(name="input", dtype="float32", shape=(3, 224, 224)),
    output=Tensor(name="logits", dtype="float32", shape=(1000,)),
    metric="top-1 accuracy",
    reference_accuracy=0.7646,
    reference_source=(
        "MLPerf Inference, submission checker: the resnet goal of 75.6954 % is 99 % of 76.46 %, "
        "the FP32 reference model on the 50,000 validation images"
    ),
    accuracy_samples=50_000,
    performance_samples=1024,
    flops_per_sample=8_178_368_512.0,
    parameters=25_557_032,
    peak_activations=2_408_448,
    fused_activations=1_304_576,
    loadgen_name="resnet50",
    mlperf=True,
)
"""The ResNet-50 workload; figures of synthetic weights or images are about speed only."""

RANDOM_NOTE = "random images: speed only"
"""What every output of a run without the data set carries."""


CALIBRATION_SEED = 1_000_000
"""Seed of the first random calibration image; the evaluation's random images start at 0."""

RANDOM_CALIBRATION = 32
"""Random images to calibrate with where no folder is named."""


class RandomSamples:
    """Seeded random images of the right shape, made when they are loaded."""

    note = RANDOM_NOTE
    """What every output must say about these samples."""

    def __init__(self, first: int = 0, count: int = WORKLOAD.performance_samples) -> None:
        """Hold the seed of the first image, and how many there are."""
        self._first, self._count = first, count

    def __len__(self) -> int:
        """Return the number of samples; by default those that a performance run keeps."""
        return self._count

    def load(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return images with preprocessed pixels' range; an index always gives the same one.

        Shapes:
            indices: (n,) int64.
            return: (n, 3, 224, 224) float32, C-contiguous.
        """
        import numpy as np

        images = np.empty((len(indices), *WORKLOAD.input.shape), dtype=np.float32)
        for image, index in zip(images, indices, strict=True):
            pixels = np.random.RandomState(self._first + int(index)).bytes(image.size)
            raw = np.frombuffer(pixels, dtype=np.uint8).reshape(224, 224, 3)
            crops.normalize(raw, out=image)
        return images


def open_model(path: Path | None, cache: Path) -> ModelFile:
    """Return the user's model after a check of its shape, or a synthetic one.

    The synthetic file is made once and kept in the cache folder.

    Raises:
        MissingError: The file is not there.
        ArtifactError: It is no ONNX file, or the cache folder cannot be written.
        ConfigError: Its inputs and outputs are not this workload's.
    """
    if path is not None:
        return modelfile.open_user_model(path, WORKLOAD)
    return resnet_graph.open_synthetic(cache, WORKLOAD)


def open_samples(path: Path | None, mode: Mode = Mode.PERFORMANCE) -> SampleSet:
    """Return the images of the user's ImageNet folder, or random ones for speed.

    Raises:
        MissingError: No folder was named in accuracy mode, or it does not exist.
        ArtifactError: The folder has no known layout, or lacks images of its list.
    """
    if path is not None:
        return imagenet.open_folder(path)
    if mode is Mode.ACCURACY:
        raise _no_data()
    return RandomSamples()


def open_calibration(path: Path | None) -> tuple[SampleSet, list[str]]:
    """Return calibration images and their ids: file names, or seeds of random images.

    Raises:
        MissingError: The folder does not exist.
        ArtifactError: The folder has no known layout, or lacks images of its list.
    """
    if path is None:
        samples = RandomSamples(CALIBRATION_SEED, RANDOM_CALIBRATION)
        return samples, [f"random-{CALIBRATION_SEED + i}" for i in range(len(samples))]
    folder = imagenet.open_folder(path)
    return folder, imagenet.sample_ids(folder)


def evaluation_ids(path: Path | None) -> list[str]:
    """Return the ids of the evaluation images, of the same kind as the calibration ids."""
    if path is None:
        return [f"random-{i}" for i in range(WORKLOAD.performance_samples)]
    return imagenet.sample_ids(imagenet.open_folder(path))


def postprocess(outputs: NDArray[Any], out: NDArray[np.int64]) -> None:
    """Write the most likely class of each sample, 0 to 999, into `out`.

    Shapes:
        outputs: (batch, 1000), or (batch, 1001) with a background class first.
        out: (batch,) int64.
    """
    answers.write_classes(outputs, out, WORKLOAD.output.shape[0])


def accuracy(logged: dict[int, bytes], path: Path | None) -> float:
    """Return the share of images whose answer is their label.

    Raises:
        MissingError: No folder was named.
        RunError: Answers are missing, of the wrong size, or for unknown samples.
    """
    if path is None:
        raise _no_data()
    return answers.top1(logged, imagenet.open_folder(path).labels)


def _no_data() -> MissingError:
    """Return the error for accuracy without images."""
    return MissingError(
        Problem(
            "resnet50 --data",
            "a folder with the ILSVRC 2012 validation images",
            "none",
            "name one with --data DIR (images and val_map.txt, or a folder per class), "
            "or measure with --mode performance",
        )
    )
