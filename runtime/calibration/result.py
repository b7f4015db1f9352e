"""The quantization record: what became of a model's size, memory, speed and accuracy, and where."""

from __future__ import annotations

from typing import Any

import msgspec

from runtime.calibration.record import TensorRange
from runtime.errors import ArtifactError, Problem
from runtime.record import STATEMENT, Machine

SCHEMA_VERSION = 1
"""Version of the JSON form."""

BLESSED = "blessed"
"""Verdict: accuracy on the whole evaluation set reaches the goal."""
REFUSED = "refused"
"""Verdict: it does not."""
UNPROVEN = "unproven"
"""Verdict: nobody measured, or weights or data are not the real ones."""


class _Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the record's types: immutable, every field written."""


class Side(_Frozen, frozen=True, kw_only=True):
    """One of the two models."""

    sha256: str
    """Hash of the file."""
    size_bytes: int
    """Size of the file."""
    accuracy: float | None = None
    """Accuracy on the whole evaluation set, as a share; None where not measured."""
    latency_ms: float | None = None
    """Median time of one inference at batch 1, one thread; None where not measured."""
    memory_mib: float | None = None
    """Resident memory that opening and running the model takes; None where not measured."""


class LayerCost(_Frozen, frozen=True, kw_only=True):
    """What quantizing one layer alone does, on the calibration set."""

    layer: str
    """Name of the layer."""
    changed: float
    """Share of the samples whose answer differs from FP32's."""
    noise: float
    """Power of the outputs' change as a share of their power."""


class Offer(_Frozen, frozen=True, kw_only=True):
    """Mixed precision that reaches the goal."""

    skip: tuple[str, ...]
    """Layers that keep their format."""
    accuracy: float
    """Accuracy on the whole evaluation set, as a share."""
    size_bytes: int
    """Size of the file."""


class QuantizationRecord(_Frozen, frozen=True, kw_only=True):
    """What one call of `harness quantize` made and measured."""

    schema_version: int
    """Version of this form."""
    statement: str = STATEMENT
    """The sentence beside every figure that MLCommons has not reviewed."""
    workload: str
    """Name of the workload."""
    target: str
    """Name of the target the model is for; empty for any."""
    precision: str
    """`int8` or `fp8`."""
    placement: str
    """Where the Q/DQ nodes stand."""
    tool: str
    """Library that wrote them, with its version."""
    algorithm: str
    """How ranges were chosen."""
    calibration_sha256: str
    """Hash of the calibration record; empty for ranges from elsewhere."""
    skipped: tuple[str, ...]
    """Layers that keep their format."""
    quantized: tuple[str, ...]
    """Layers that are quantized."""
    before: Side
    """The model that was quantized."""
    after: Side
    """The model that came out."""
    goal: float | None
    """Least accuracy that passes; None where accuracy was not measured."""
    verdict: str
    """`blessed`, `refused` or `unproven`."""
    note: str
    """What must be said about weights or data; empty for real ones."""
    by_hand: tuple[str, ...]
    """Tensors whose range was set by hand."""
    costs: tuple[LayerCost, ...]
    """Layers, dearest first; empty where nobody asked."""
    offer: Offer | None
    """Mixed precision that would pass, where the model does not."""
    tensors: tuple[TensorRange, ...]
    """Ranges of the quantized tensors."""
    calibration_seconds: float
    """Time to get the ranges; near zero where they were kept."""
    seconds: float
    """Time of the whole call."""
    made: str
    """When it ended, ISO 8601, UTC."""
    machine: Machine
    """The computer."""
    packages: dict[str, str]
    """Versions of the libraries that matter."""


def read(data: bytes, where: str) -> QuantizationRecord:
    """Return the record of a JSON form.

    Raises:
        ArtifactError: It is none, or of another version.
    """
    try:
        record = msgspec.json.decode(data, type=QuantizationRecord)
    except msgspec.DecodeError as error:
        mend = "name the .json file beside a quantized model"
        raise ArtifactError(Problem(where, "a quantization record", str(error), mend)) from error
    if record.schema_version != SCHEMA_VERSION:
        got = str(record.schema_version)
        mend = "quantize again"
        raise ArtifactError(Problem(where, f"version {SCHEMA_VERSION}", got, mend))
    return record


def to_json(record: QuantizationRecord) -> bytes:
    """Return the JSON form, UTF-8, indented."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


def ratio(after: float | None, before: float | None) -> Any:
    """Return after / before; None where either is absent or before is zero."""
    return after / before if after is not None and before else None
