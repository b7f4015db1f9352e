"""What `harness quantize` is asked to make, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime.calibration.algorithms import Algorithm
from runtime.calibration.calibration import Report
from runtime.calibration.qdq import Recipe
from runtime.calibration.record import CalibrationRecord
from runtime.calibration.result import QuantizationRecord
from runtime.calibration.samples import CalibrationSet
from runtime.configs.workload import ModelFile
from runtime.vocabulary import AccuracyTarget


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to make, from what, and what to find out about it."""

    module: Any
    """The workload's module."""
    model: ModelFile
    """The model to quantize."""
    graph: Any
    """The prepared graph of it, an `onnx.ModelProto`."""
    samples: CalibrationSet
    """The calibration set."""
    algorithm: Algorithm
    """How ranges were chosen."""
    ranges: Mapping[str, tuple[float, float]]
    """Ranges by tensor."""
    recipe: Recipe
    """Format, placement, layers to leave alone."""
    by_hand: tuple[str, ...] = ()
    """Tensors whose range was set by hand."""
    record: CalibrationRecord | None
    """Where the ranges come from; None for ranges from elsewhere."""
    calibration_seconds: float = 0.0
    """Time to get the ranges."""
    target: str = ""
    """Name of the target the model is for."""
    tool: str = "onnxruntime"
    """`onnxruntime` or `modelopt`."""
    verify: bool = False
    """Whether accuracy is measured and judged."""
    mixed: bool = False
    """Whether the offered mixed precision replaces a refused model."""
    sensitivity: bool = False
    """Whether the cost of every layer is wanted even where the model passes."""
    compare: bool = True
    """Whether time and memory are measured."""
    share: AccuracyTarget = AccuracyTarget.P99
    """Share of the reference accuracy to keep."""
    data: Path | None = None
    """The user's evaluation data."""
    report: Report = field(default=lambda *_: None)
    """Gets the progress."""


@dataclass(frozen=True)
class Made:
    """The model and its record."""

    content: bytes
    """The ONNX file."""
    record: QuantizationRecord
    """What was measured."""
