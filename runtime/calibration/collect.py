"""Runs calibration samples through a model and collects a histogram of every tensor."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.calibration.algorithms import BINS, LEVELS, Histogram, quiet
from runtime.errors import Problem, RunError
from runtime.policies.precision import CHAIN_OPS, WEIGHTED_OPS

if TYPE_CHECKING:
    from numpy.typing import NDArray


def collect(
    model: Any, batches: Iterable[NDArray[Any]], report: Callable[[int], None] = lambda _: None
) -> dict[str, Histogram]:
    """Return what was seen of every floating-point tensor around quantizable operators.

    Args:
        model: A prepared `onnx.ModelProto`.
        batches: Samples in order. Their sizes are part of the result: the first batch sets
            the bins, later ones add bins of the same width.
        report: Gets the number of samples after each batch.

    Raises:
        RunError: There are no samples, or a tensor has values that are not finite.
    """
    import onnx

    with tempfile.TemporaryDirectory(prefix="calliope-calibrate-") as folder, quiet():
        source = Path(folder) / "model.onnx"
        onnx.save(model, str(source))
        calibrator = _calibrator(source, Path(folder) / "augmented.onnx")
        name = calibrator.infer_session.get_inputs()[0].name
        done = 0
        for batch in batches:
            try:
                calibrator.collect_data(_one(name, batch))
            except ValueError as error:
                want, mend = (
                    "finite values in every tensor",
                    "check the model's weights and samples",
                )
                where = f"samples {done} to {done + len(batch) - 1}"
                raise RunError(Problem(where, want, str(error), mend)) from error
            done += len(batch)
            report(done)
        if not done:
            want, got = "at least one sample", "none"
            raise RunError(Problem("calibration", want, got, "name a set that is not empty"))
        seen = calibrator.collector.get_histogram_dict()
    return _histograms(seen)


def _calibrator(source: Path, augmented: Path) -> Any:
    """Return ONNX Runtime's calibrator with a session of one thread.

    Why: one thread adds in one order, so that the same samples give the same histograms on
        machines with more cores, too.
    """
    import onnxruntime as ort
    from onnxruntime.quantization.calibrate import CalibrationMethod, create_calibrator

    made = create_calibrator(
        source,
        [*WEIGHTED_OPS, *CHAIN_OPS],
        augmented_model_path=str(augmented),
        calibrate_method=CalibrationMethod.Entropy,
        extra_options={"num_bins": BINS, "num_quantized_bins": LEVELS},
    )
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    made.infer_session = ort.InferenceSession(
        str(augmented), options, providers=["CPUExecutionProvider"]
    )
    return made


def _one(name: str, batch: NDArray[Any]) -> Any:
    """Return a reader that gives one batch."""
    from onnxruntime.quantization.calibrate import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """Gives one batch, then None."""

        def __init__(self) -> None:
            """Hold the batch."""
            self._rest = [{name: batch}]

        def get_next(self) -> Any:
            """Return the batch, then None."""
            return self._rest.pop() if self._rest else None

    return Reader()


def _histograms(seen: dict[str, Any]) -> dict[str, Histogram]:
    """Return the collector's histograms by name; raise RunError for values without end."""
    import numpy as np

    problems: list[Problem] = []
    found: dict[str, Histogram] = {}
    for name in sorted(seen):
        counts, edges, lowest, highest = seen[name][:4]
        if not (np.isfinite(lowest) and np.isfinite(highest)):
            got = f"{lowest} to {highest}"
            mend = "check the model's weights and the samples' preprocessing"
            problems.append(Problem(f"tensor {name}", "finite values", got, mend))
            continue
        found[name] = Histogram(
            counts=np.asarray(counts, dtype=np.int64),
            edges=np.asarray(edges, dtype=np.float32),
            lowest=float(lowest),
            highest=float(highest),
        )
    if problems:
        raise RunError(problems)
    return found
