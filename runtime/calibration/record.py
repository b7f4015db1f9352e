"""The calibration record: which ranges came from what, in a file that proves itself.

Everything in it follows from its inputs, so two processes write the same bytes. What does not
(seconds, date, machine) stands in a `Making` beside it.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from runtime.errors import ArtifactError, Problem
from runtime.policies.artifacts import CacheKey

SCHEMA_VERSION = 1
"""Version of the JSON form."""

PICTURE_BINS = 128
"""Bins of the histograms that a record keeps: enough for a picture."""


class _Frozen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the record's types: immutable, every field written, nothing unknown accepted."""


class TensorRange(_Frozen, frozen=True, kw_only=True):
    """The range of one tensor, and what it was chosen from."""

    name: str
    """Name in the graph."""
    low: float
    """Lower end of the chosen range."""
    high: float
    """Upper end of the chosen range."""
    lowest: float
    """Smallest value seen."""
    highest: float
    """Largest value seen."""
    clipped: float
    """Share of the values outside the chosen range."""
    edge: float
    """The histogram reaches from minus to plus this value."""
    counts: tuple[int, ...]
    """Values in each of its equal bins."""

    @property
    def largest(self) -> float:
        """Return the largest absolute value inside the range: what a symmetric scale maps."""
        return max(abs(self.low), abs(self.high))


class CalibrationRecord(_Frozen, frozen=True, kw_only=True):
    """Ranges of a model's tensors, with everything that they depend on."""

    schema_version: int
    """Version of this form."""
    workload: str
    """Name of the workload."""
    model_sha256: str
    """Hash of the model file."""
    algorithm: str
    """How ranges were chosen: `entropy`, `percentile:99.9`."""
    samples: tuple[str, ...]
    """Ids of the calibration samples, in order."""
    samples_sha256: str
    """Hash of that list."""
    data_sha256: str
    """Hash of the preprocessed samples."""
    evaluation_samples: int
    """Evaluation samples that were checked to be none of these."""
    library: str
    """Libraries with versions that the ranges depend on."""
    opset: int
    """ONNX opset of the prepared graph that the tensors belong to."""
    note: str
    """What must be said about model or samples; empty for real ones."""
    tensors: tuple[TensorRange, ...]
    """Ranges by tensor, in order of the names."""
    sha256: str = ""
    """Hash of the JSON form with this field empty: a changed file shows."""

    @property
    def key(self) -> CacheKey:
        """Return everything that the ranges depend on."""
        both = f"{self.samples_sha256}{self.data_sha256}"
        return CacheKey(
            model=self.model_sha256,
            samples=hashlib.sha256(both.encode()).hexdigest(),
            algorithm=f"{self.algorithm} opset {self.opset}",
            library=self.library,
        )

    def range_of(self, tensor: str) -> TensorRange | None:
        """Return the range of a tensor; None where the record has none."""
        return next((t for t in self.tensors if t.name == tensor), None)


class Making(_Frozen, frozen=True, kw_only=True):
    """What was spent on a record; differs from run to run."""

    record_sha256: str
    """The record's own hash."""
    seconds: float
    """Time that preparing, running and choosing took."""
    made: str
    """When it ended, ISO 8601, UTC."""
    machine: str
    """Processor that it ran on."""


def seal(record: CalibrationRecord) -> CalibrationRecord:
    """Return the record with its own hash filled in."""
    return msgspec.structs.replace(record, sha256=_digest(record))


def to_json(record: Any) -> bytes:
    """Return the JSON form, UTF-8, indented."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


def read(data: bytes, where: str) -> CalibrationRecord:
    """Return the record of a JSON form that is whole and unchanged.

    Args:
        data: The file's bytes.
        where: What messages call the file.

    Raises:
        ArtifactError: It is cut, changed, of another version, or no record at all.
    """
    mend = "delete it and calibrate again"
    try:
        version = msgspec.json.decode(data).get("schema_version")
        if version != SCHEMA_VERSION:
            want = f"a calibration record of version {SCHEMA_VERSION}"
            raise ArtifactError(Problem(where, want, f"version {version}", mend))
        record = msgspec.json.decode(data, type=CalibrationRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, AttributeError) as error:
        got = f"{len(data)} bytes that are none ({error})"
        raise ArtifactError(Problem(where, "a calibration record", got, mend)) from error
    if record.sha256 != _digest(record):
        got = "one that was changed after it was written"
        raise ArtifactError(Problem(where, "an unchanged calibration record", got, mend))
    return record


def _digest(record: CalibrationRecord) -> str:
    """Return the hash of a record without its own hash."""
    return hashlib.sha256(
        msgspec.json.encode(msgspec.structs.replace(record, sha256=""))
    ).hexdigest()
