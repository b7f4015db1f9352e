"""What the harness promises of the files that it writes and reads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields

from runtime.policies.model import Policy

PROBED = Policy(
    id="artifacts.probed",
    title="Places are tried before the work",
    rule=(
        "A folder that will be written to is tried before anything expensive starts. What cannot "
        "be used is reported with the path, its owner and mode, our user, and the command that "
        "mends it."
    ),
    applies_to="all",
    source="Calliope; LoadGen itself aborts the process after the run",
)
"""A run of an hour must not end in a denied write."""

NOT_ROOT = Policy(
    id="artifacts.not-root",
    title="No need for root",
    rule=(
        "The harness asks for no root rights. Files that root has left behind are named with the "
        "chown command that returns them; only MIG layouts and clock limits need an administrator."
    ),
    applies_to="all",
    source="Calliope; NVIDIA MIG User Guide, Device Nodes and Capabilities",
)
"""Root-made results are the usual cause of denied writes."""

WHOLE = Policy(
    id="artifacts.whole",
    title="Files are written whole or not at all",
    rule=(
        "A record, cache or engine is written to a temporary file in the same folder, flushed to "
        "disk, and renamed over the old one."
    ),
    applies_to="all",
    source="Calliope; POSIX rename",
)
"""A reader never sees half of a file."""

NOTHING_LOST = Policy(
    id="artifacts.nothing-lost",
    title="A failed run loses nothing",
    rule=(
        "What was measured before an interrupt or an error is kept and marked partial; a result "
        "whose place is gone is written elsewhere and the place is printed."
    ),
    applies_to="all",
    source="Calliope",
)
"""Device time is dearer than disk."""

SPACE = Policy(
    id="artifacts.space",
    title="Free space is held against the need",
    rule=(
        "What logs, answers, record and a model made on demand will take is estimated before the "
        "run; too little free space is refused, less than twice the need is said."
    ),
    applies_to="all",
    source="Calliope; sizes of LoadGen 6.0.17's files as measured (runtime.space)",
)
"""LoadGen does not tell of a full disk."""

DISK_FULL = Policy(
    id="artifacts.disk-full",
    title="A full disk is no verdict",
    rule=(
        "A log of LoadGen that has no end is never judged: the record is PARTIAL with what was "
        "measured until then. A record that its folder refuses goes to the first fallback folder "
        "that takes it, and the message says where."
    ),
    applies_to="all",
    source="Calliope; LoadGen 6.0.17 writes no error when its stream fails",
)
"""Half a log looks like a run without an answer."""

ONE_RUN = Policy(
    id="artifacts.one-run-per-folder",
    title="One run, one folder",
    rule=(
        "A results folder is empty or absent at the start and locked during the run; a second run "
        "into it is refused."
    ),
    applies_to="all",
    source="Calliope",
    value=1,
    unit="runs",
)
"""Two logs in one folder belong to nobody."""

BOUND_CACHES = Policy(
    id="artifacts.bound-caches",
    title="What a calibration cache is bound to",
    rule=(
        "A calibration cache is valid for one model, one list of samples, one algorithm and one "
        "library version; on a miss `harness calibrate` says which of them changed. One that is "
        "cut, edited, of another key or of another user is refused with the reason."
    ),
    applies_to="int8, fp8",
    source="Calliope; NVIDIA/TensorRT issues 1378 and 2036",
)
"""A stale cache changes accuracy without a message."""

BOUND_ENGINES = Policy(
    id="artifacts.bound-engines",
    title="What an engine is bound to",
    rule=(
        "An engine is valid for one compute capability, one MIG profile and one TensorRT version. "
        "Calliope keeps none yet: the execution provider builds its engine in every process."
    ),
    applies_to="all",
    source="Calliope; NVIDIA/TensorRT issues 564, 2176 and 2900",
)
"""Engines do not travel."""


@dataclass(frozen=True, kw_only=True)
class CacheKey:
    """Everything that a calibration cache depends on."""

    model: str
    """SHA-256 of the model file."""
    samples: str
    """SHA-256 of the ordered list of calibration samples."""
    algorithm: str
    """Name of the range search: `minmax`, `entropy`, `percentile`."""
    library: str
    """Library with its version: `onnxruntime 1.32.0`."""

    @property
    def digest(self) -> str:
        """Return the short name of the key, for file names: 16 hexadecimal digits."""
        text = "\n".join(f"{f.name}={getattr(self, f.name)}" for f in fields(self))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def changed_parts(old: CacheKey, new: CacheKey) -> tuple[str, ...]:
    """Return the names of the parts in which two keys differ; empty when the cache is valid."""
    return tuple(f.name for f in fields(old) if getattr(old, f.name) != getattr(new, f.name))
