"""How the range of a tensor is chosen from what calibration saw of it.

`onnxruntime.quantization` collects the histograms and searches the percentile, the entropy
and the distribution; the largest value and its fraction are read off here.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from runtime.errors import Problem, UsageError, suggest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BINS = 2048
"""Bins of a tensor's first histogram, from minus to plus its largest absolute value.

Source: NVIDIA's calibrators use 2,048 bins; ONNX Runtime's default of 128 leaves its entropy
    search a single candidate.
"""

LEVELS = 256
"""Levels that the entropy search merges the bins into: those of a signed 8-bit integer."""

FP8_LARGEST = 448.0
"""Largest finite number of E4M3."""


class Method(str, Enum):
    """Rule that turns a histogram into a range."""

    MAX = "max"
    """From the smallest to the largest value seen: nothing is clipped."""
    FRACTION = "fraction"
    """A share of the largest absolute value: outliers are clipped."""
    PERCENTILE = "percentile"
    """Where that many per cent of the absolute values lie inside."""
    ENTROPY = "entropy"
    """The range whose 8-bit histogram differs least from the whole (Kullback-Leibler)."""
    DISTRIBUTION = "distribution"
    """For FP8: the standard deviation of the values, mapped to that of E4M3's numbers."""

    def __str__(self) -> str:
        """Return the word as typed."""
        return str(self.value)


DEFAULTS = {Method.FRACTION: 0.99, Method.PERCENTILE: 99.9}
"""Parameter of the methods that have one, where none is given."""

BOUNDS = {Method.FRACTION: (0.01, 1.0), Method.PERCENTILE: (50.0, 100.0)}
"""Least and largest parameter."""


@dataclass(frozen=True)
class Histogram:
    """What calibration saw of one tensor."""

    counts: NDArray[np.int64]
    """Values in each bin; the bins are equal, their number is even, zero is in the middle."""
    edges: NDArray[np.float32]
    """Borders of the bins, one more than counts."""
    lowest: float
    """Smallest value seen."""
    highest: float
    """Largest value seen."""

    @property
    def largest(self) -> float:
        """Return the largest absolute value seen."""
        return max(abs(self.lowest), abs(self.highest))


@dataclass(frozen=True)
class Algorithm:
    """A method with its parameter; its text form is `method` or `method:parameter`."""

    method: Method
    """The rule."""
    parameter: float | None = None
    """Share or per cent; None for methods that have none."""

    def __str__(self) -> str:
        """Return `entropy` or `percentile:99.9`."""
        return str(self.method) if self.parameter is None else f"{self.method}:{self.parameter:g}"


def parse(text: str) -> Algorithm:
    """Return the algorithm of a text such as `entropy`, `percentile` or `fraction:0.9`.

    Raises:
        UsageError: The method is unknown or the parameter out of bounds.
    """
    word, _, number = text.partition(":")
    known = [str(m) for m in Method]
    if word not in known:
        raise _usage("one of " + ", ".join(known), repr(word), suggest(word, known))
    method = Method(word)
    if method not in BOUNDS:
        if number:
            raise _usage(f"{word} without a parameter", repr(text), f"write {word}")
        return Algorithm(method)
    low, high = BOUNDS[method]
    want = f"{word}:NUMBER with {low:g} to {high:g}"
    try:
        value = float(number) if number else DEFAULTS[method]
    except ValueError:
        raise _usage(want, repr(text), f"write {word}:{DEFAULTS[method]:g}") from None
    if not low <= value <= high:
        raise _usage(want, repr(text), f"write {word}:{DEFAULTS[method]:g}")
    return Algorithm(method, value)


def choose(histogram: Histogram, algorithm: Algorithm) -> tuple[float, float]:
    """Return the range that an algorithm chooses: at most zero, at least zero.

    Args:
        histogram: What was seen of the tensor.
        algorithm: How to choose.
    """
    method, parameter = algorithm.method, algorithm.parameter or 0.0
    if method is Method.DISTRIBUTION:
        limit = FP8_LARGEST * _fp8_scale(histogram)
        return -limit, limit
    if method is Method.MAX or histogram.largest == 0:
        low, high = histogram.lowest, histogram.highest
    elif method is Method.FRACTION:
        limit = parameter * histogram.largest
        low, high = max(histogram.lowest, -limit), min(histogram.highest, limit)
    else:
        low, high = _search(histogram, algorithm)
    return min(low, 0.0), max(high, 0.0)


def clipped(histogram: Histogram, low: float, high: float) -> float:
    """Return the share of values in bins that lie outside a range by at least a bin's width."""
    width = histogram.edges[1] - histogram.edges[0]
    outside = (histogram.edges[1:] <= low - width) | (histogram.edges[:-1] >= high + width)
    total = int(histogram.counts.sum())
    return float(histogram.counts[outside].sum() / total) if total else 0.0


def fold(histogram: Histogram) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return counts and edges of the absolute values."""
    middle = len(histogram.counts) // 2
    counts = histogram.counts[middle:] + histogram.counts[:middle][::-1]
    return counts, histogram.edges[middle:]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what `onnxruntime.quantization` prints and warns off our output.

    Why: it prints its progress to stdout, which belongs to `--json`.
    """
    import logging

    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)


def _search(histogram: Histogram, algorithm: Algorithm) -> tuple[float, float]:
    """Return the range that ONNX Runtime's search finds."""
    import numpy as np
    from onnxruntime.quantization.calibrate import HistogramCollector

    lowest, highest = np.float32(histogram.lowest), np.float32(histogram.highest)
    if algorithm.method is Method.ENTROPY:
        collector = HistogramCollector("entropy", False, BINS, LEVELS, None, None)
        whole = (histogram.counts, histogram.edges, lowest, highest)
        low, high = collector.get_entropy_threshold(whole, LEVELS)[:2]
    else:
        collector = HistogramCollector("percentile", True, BINS, None, algorithm.parameter, None)
        collector.histogram_dict = {"x": (*fold(histogram), lowest, highest)}
        with quiet():
            low, high = collector.compute_percentile()["x"][:2]
    return float(low), float(high)


def _fp8_scale(histogram: Histogram) -> float:
    """Return the scale that maps the values' standard deviation to E4M3's."""
    from onnx import TensorProto
    from onnxruntime.quantization.calibrate import HistogramCollector
    from onnxruntime.quantization.quant_utils import compute_scale_zp_float8

    if histogram.largest == 0:
        return 1.0
    collector = HistogramCollector("distribution", False, BINS, None, None, "same")
    collector.histogram_dict = {"x": (histogram.counts, histogram.edges)}
    with quiet():
        found: Any = collector.compute_distribution()["x"]
    return float(compute_scale_zp_float8(TensorProto.FLOAT8E4M3FN, found.std)[1])


def _usage(want: str, got: str, do: str) -> UsageError:
    return UsageError(Problem("--algorithm", want, got, do))
