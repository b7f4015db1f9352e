"""Judges a model: accuracy on the whole evaluation set, and what each layer costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.calibration.models import batch_for, open_session
from runtime.calibration.qdq import Recipe, layers, quantize
from runtime.calibration.samples import CalibrationSet
from runtime.configs.workload import SampleSet
from runtime.vocabulary import Mode, Precision

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Tick = Callable[[int, int], None]
"""Gets what is done and how much there is."""


@dataclass(frozen=True)
class Cost:
    """What quantizing one layer, and nothing else, does to the answers."""

    layer: str
    """Name of the layer."""
    changed: float
    """Share of the calibration samples whose answer differs from the FP32 model's."""
    noise: float
    """Power of the change of the outputs, as a share of the outputs' power."""


def measure_accuracy(
    module: Any,
    model: bytes | str,
    data: Path | None,
    *,
    fp8: bool = False,
    tick: Tick = lambda *_: None,
) -> float:
    """Return a model's accuracy on every sample of the evaluation set, as a share.

    Args:
        module: The workload's module.
        model: Bytes or path of the model.
        data: The user's evaluation data.
        fp8: Whether the model has FP8 nodes.
        tick: Gets the progress in samples.

    Raises:
        MissingError: The workload has no evaluation data here.
    """
    samples = module.open_samples(data, Mode.ACCURACY)
    answers = _answers(module, open_session(model, fp8=fp8), samples, tick)
    logged = {index: row.tobytes() for index, row in enumerate(answers)}
    return float(module.accuracy(logged, data))


def layer_costs(
    module: Any,
    model: Any,
    ranges: Mapping[str, tuple[float, float]],
    recipe: Recipe,
    samples: CalibrationSet,
    *,
    tick: Tick = lambda *_: None,
) -> tuple[Cost, ...]:
    """Return what each layer costs when it alone is quantized, dearest first.

    The calibration set is used, not the evaluation set: what is chosen with it may not see
    the samples that judge. No labels are needed; the FP32 model's own answers are the measure.

    Args:
        module: The workload's module.
        model: The prepared graph.
        ranges: Ranges of its tensors.
        recipe: Format and placement.
        samples: The calibration set.
        tick: Gets the progress in layers.
    """
    size = batch_for(module.WORKLOAD.peak_activations)
    batches = list(samples.batches(size))
    before = _outputs(open_session(model.SerializeToString()), batches)
    names = layers(model)
    found = []
    for index, name in enumerate(names):
        tick(index, len(names))
        alone = Recipe(recipe.precision, recipe.placement, frozenset(set(names) - {name}))
        content = quantize(model, ranges, alone)
        after = _outputs(open_session(content, fp8=recipe.precision is Precision.FP8), batches)
        found.append(_cost(module, name, before, after))
    return tuple(sorted(found, key=lambda c: (-c.changed, -c.noise, c.layer)))


def agreement(
    module: Any, model: Any, content: bytes, recipe: Recipe, samples: CalibrationSet
) -> float:
    """Return the share of calibration samples that both models answer alike.

    Args:
        module: The workload's module.
        model: The prepared graph, not quantized.
        content: The quantized model.
        recipe: How it was quantized.
        samples: The calibration set.
    """
    batches = list(samples.batches(batch_for(module.WORKLOAD.peak_activations)))
    before = _outputs(open_session(model.SerializeToString()), batches)
    after = _outputs(open_session(content, fp8=recipe.precision is Precision.FP8), batches)
    return 1 - _cost(module, "", before, after).changed


def _cost(module: Any, layer: str, before: NDArray[Any], after: NDArray[Any]) -> Cost:
    """Return how much outputs and answers differ."""
    import numpy as np

    changed = _decide(module, before) != _decide(module, after)
    power = float(np.square(before, dtype=np.float64).mean())
    noise = float(np.square(before - after, dtype=np.float64).mean())
    return Cost(layer, float(changed.mean()), noise / power if power else noise)


def _decide(module: Any, outputs: NDArray[Any]) -> NDArray[Any]:
    """Return the answers of outputs."""
    import numpy as np

    out = np.zeros(len(outputs), dtype=module.WORKLOAD.answer_dtype)
    module.postprocess(outputs, out)
    return out


def _outputs(session: Any, batches: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return the first output of all batches."""
    import numpy as np

    name = session.get_inputs()[0].name
    first = session.get_outputs()[0].name
    return np.concatenate([session.run([first], {name: batch})[0] for batch in batches])


def _answers(module: Any, session: Any, samples: SampleSet, tick: Tick) -> NDArray[np.int64]:
    """Return the answer to every sample, in their order."""
    import numpy as np

    size, total = batch_for(module.WORKLOAD.peak_activations), len(samples)
    parts = []
    for start in range(0, total, size):
        tick(start, total)
        batch = samples.load(np.arange(start, min(start + size, total)))
        parts.append(_decide(module, _outputs(session, [batch])))
    return np.concatenate(parts)
