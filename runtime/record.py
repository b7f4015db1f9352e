"""The run record: what one run measured, where, with what, and what may be said of it.

Written as JSON, one file a run; the schema is versioned and published. Figures
carry their unit. Nothing in a record is official: see `STATEMENT`.
"""

from __future__ import annotations

from typing import Any

import msgspec

SCHEMA_VERSION = 1
"""Version of the JSON form; a change that old readers cannot read raises it."""

STATEMENT = "Result not verified by MLCommons Association."
"""The sentence that MLCommons asks for beside every figure that it has not reviewed.

Source: MLCommons policies, MLPerf_Results_Messaging_Guidelines.adoc, "Use of MLPerf
Benchmark for Results that are not MLCommons Reviewed and Verified".
"""

QUICK_NOTE = "quick run: shortened durations, no official MLPerf-style run"
"""The wording that every output of a `--quick` run carries."""


class _Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the record's types: immutable, every field written."""


class Metric(_Frozen, frozen=True, kw_only=True):
    """One measured figure."""

    name: str
    """`samples_per_s`, `queries_per_s`, `latency_p99_ms`, `accuracy`, ..."""
    value: float
    """The figure, in `unit`."""
    unit: str
    """`samples/s`, `queries/s`, `ms`, `share`."""
    better: str
    """`higher` or `lower`."""
    primary: bool = False
    """Whether it is the metric of the scenario (or of the accuracy run)."""


class Cause(_Frozen, frozen=True, kw_only=True):
    """Why a run is INVALID or incomplete, and what to change."""

    code: str
    """Stable code: a section of the troubleshooting page, for example `min-duration`."""
    text: str
    """What was wanted and what was measured."""
    do: str
    """The field to change and the value that would be valid."""


class Verdict(_Frozen, frozen=True, kw_only=True):
    """What LoadGen and the accuracy goal say of the run."""

    result: str
    """`VALID`, `INVALID` or `PARTIAL` (stopped before its end)."""
    causes: tuple[Cause, ...] = ()
    """Empty for VALID."""


class Accuracy(_Frozen, frozen=True, kw_only=True):
    """The answer quality of an accuracy run."""

    metric: str
    """Name of the metric."""
    value: float
    """Measured value, as a share."""
    reference: float
    """Value of the FP32 reference model."""
    goal: float
    """Least value that passes: target share times reference."""
    passed: bool
    """Whether value >= goal."""
    samples: int
    """Samples judged."""


class Machine(_Frozen, frozen=True, kw_only=True):
    """The computer a run was made on."""

    cpu: str
    """Processor model."""
    cores: int
    """Logical processors that the process may use."""
    memory_gib: float
    """Main memory."""
    os: str
    """Operating system and kernel."""
    python: str
    """Python version."""
    devices: tuple[str, ...] = ()
    """Accelerators by name; empty on a CPU-only machine."""
    driver: str = ""
    """Accelerator driver version; empty without one."""


class Spread(_Frozen, frozen=True, kw_only=True):
    """A quantity that was looked at several times."""

    least: float
    """Least value seen."""
    mean: float
    """Mean of the values seen."""
    most: float
    """Greatest value seen."""


class DeviceTelemetry(_Frozen, frozen=True, kw_only=True):
    """What one GPU did during the timed part; None where the board does not tell.

    From the board's own sensors through NVML: no MLPerf power measurement.
    """

    device: str
    """Product name; of a MIG slice, with its profile."""
    uuid: str
    """Identity of the board or slice."""
    slice: bool
    """Whether it is a MIG slice: clocks, power, temperature and energy are the whole board's."""
    looks: int
    """How often it was looked at."""
    look_ms: float
    """Mean time that one look at all devices took, in ms, outside of the measuring process."""
    sm_mhz: Spread | None = None
    """Clock of the SMs, in MHz."""
    memory_mhz: Spread | None = None
    """Clock of the memory, in MHz."""
    power_w: Spread | None = None
    """Power of the board, in W."""
    temperature_c: Spread | None = None
    """Temperature of the die, in degrees Celsius."""
    memory_used_gb: Spread | None = None
    """Memory in use, in 10^9 bytes."""
    busy_percent: Spread | None = None
    """Share of time in which a kernel ran, in %."""
    energy_j: float | None = None
    """Energy between the first and the last look, in J."""
    throttled: dict[str, float] = {}
    """Share of looks in which each reason held the clocks down, by reason."""
    silent: tuple[str, ...] = ()
    """Quantities that the board does not tell."""


class Code(_Frozen, frozen=True, kw_only=True):
    """Which source made the run."""

    version: str
    """Version of the harness."""
    commit: str = ""
    """Git commit, where the source is a checkout."""
    modified: bool = False
    """Whether the checkout had uncommitted changes."""


class Model(_Frozen, frozen=True, kw_only=True):
    """Which model was executed."""

    name: str
    """File name."""
    sha256: str
    """Hash of the file."""
    synthetic: bool = False
    """Whether the weights are seeded noise."""


class EngineFile(_Frozen, frozen=True, kw_only=True):
    """What a library compiled of the model for a device, and executed in its place."""

    name: str
    """File under the cache's `engines/`: `digits-51a07db334f4/0123456789ab.engine`; empty
    where the cache refused it, so that it was there for this run only."""
    sha256: str
    """Hash of its bytes."""
    size_bytes: int
    """Length of its bytes."""
    built: bool
    """Whether it was built in this run; else the cache had it."""
    devices: tuple[int, ...]
    """Indices of the accelerators that executed it."""


class RunRecord(_Frozen, frozen=True, kw_only=True):
    """One run, whole."""

    key: str
    """Key of the entry: `cpu/digits/offline`."""
    target: str
    """Name of the target."""
    workload: str
    """Name of the workload."""
    scenario: str
    """Name of the scenario."""
    mode: str
    """`performance` or `accuracy`."""
    quick: bool
    """Whether durations were shortened."""
    created: str
    """Start of the run, ISO 8601 in UTC."""
    seconds: float
    """Wall-clock time of the whole run, load and warm-up included."""
    settings: dict[str, Any]
    """Effective value of every field, quick and overrides applied."""
    overrides: dict[str, Any]
    """The values that the command line changed, `--quick` included."""
    metrics: tuple[Metric, ...]
    """Every figure, the primary one first."""
    verdict: Verdict
    """What LoadGen and the accuracy goal say."""
    machine: Machine
    """Where it was measured."""
    packages: dict[str, str]
    """Versions of the libraries that matter: loadgen, onnxruntime, numpy, ..."""
    code: Code
    """Which source made it."""
    model: Model
    """Which model was executed."""
    engines: tuple[EngineFile, ...] = ()
    """What TensorRT compiled of the model and executed; empty with other backends."""
    accuracy: Accuracy | None = None
    """Present in accuracy mode."""
    telemetry: tuple[DeviceTelemetry, ...] = ()
    """What the GPUs did during the timed part; empty where there are none, or none answers.
    Every look is in `telemetry.csv` beside the record."""
    notes: tuple[str, ...] = ()
    """Sentences that every output of the run must carry (quick, synthetic, partial)."""
    logs: str = ""
    """Folder of LoadGen's own files, relative to the record."""
    audit: str = ""
    """Compliance test that the run was: `TEST01`, `TEST04`; empty for an ordinary run."""
    statement: str = STATEMENT
    """What MLCommons asks for beside the figures."""
    schema: int = SCHEMA_VERSION
    """Version of this form."""
    kind: str = "calliope.run"
    """Says what this JSON is."""

    @property
    def primary(self) -> Metric | None:
        """Return the metric that judges the scenario; None where nothing was measured."""
        return next((m for m in self.metrics if m.primary), None)


def to_json(record: RunRecord) -> bytes:
    """Return the JSON form: UTF-8, two spaces of indent."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def from_json(data: bytes) -> RunRecord:
    """Return the record of a JSON form; raise msgspec.ValidationError where it does not fit."""
    return msgspec.json.decode(data, type=RunRecord)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the record."""
    found = msgspec.json.schema(RunRecord)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def _print_schema() -> None:
    """Print the JSON Schema: `python -m runtime.record`."""
    import json
    import sys

    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")


if __name__ == "__main__":
    _print_schema()
