"""What a search tries, what a trial gives, and what the whole leaves behind."""

from __future__ import annotations

from typing import Any

import msgspec

from runtime.record import STATEMENT, Code, Machine

SCHEMA_VERSION = 1
"""Version of the JSON form of `Tuning`."""

RESULT = "tune.json"
"""Name of the result in the search's folder."""


class _Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the stored types: immutable, every field written."""


class Candidate(_Frozen, frozen=True, kw_only=True):
    """Settings to try, and why."""

    changes: dict[str, Any]
    """Values that differ from the entry's, by field name."""
    purpose: str
    """Stage of the search: `bracket`, `batch_size`, `bisect`, `compare`, `confirm`."""
    full: bool = False
    """Whether the run has the entry's own durations instead of a trial's."""
    beat: float | None = None
    """Figure of the best so far; a run that cannot come near it may end early."""


class Trial(_Frozen, frozen=True, kw_only=True):
    """One candidate as it was measured."""

    number: int
    """Place in the journal, from 1."""
    key: str
    """Hash over everything that the measurement depended on."""
    purpose: str
    """Stage of the search that asked for it first."""
    changes: dict[str, Any]
    """Values that differ from the entry's, by field name."""
    verdict: str
    """`VALID`, `INVALID`, `ABORTED` where it could not become anything, `FAILED` where the
    run died."""
    value: float | None
    """Completed queries/s, samples/s, or the judged latency in ms."""
    latency_ms: float | None = None
    """Latency at the judged percentile; None in Offline and where it was not reached."""
    median_ms: float | None = None
    """Median latency; None where the scenario has none."""
    saturated: bool = False
    """Whether clearly fewer queries were completed than sent: the system is at its end."""
    cause: str = ""
    """Why it is not VALID, in words; empty where it is."""
    others: float = 0.0
    """Work of other processes meanwhile, in cores."""
    disturbed: bool = False
    """Whether that is enough to change the outcome."""
    full: bool = False
    """Whether it had the entry's own durations."""
    seconds: float = 0.0
    """Wall-clock time of the whole trial."""
    started: str = ""
    """Start, ISO 8601 in UTC."""
    folder: str = ""
    """Folder with its record and LoadGen's logs, relative to the search's folder."""

    @property
    def valid(self) -> bool:
        """Return whether LoadGen called the run VALID."""
        return self.verdict == "VALID"


class Tuning(_Frozen, frozen=True, kw_only=True):
    """A whole search: what it found, and everything that says so."""

    key: str
    """Key of the entry."""
    scenario: str
    """Name of the scenario."""
    metric: str
    """What `value` is: `queries_per_s`, `samples_per_s`, `latency_p90_ms`."""
    unit: str
    """Unit of `value`."""
    better: str
    """`higher` or `lower`."""
    status: str
    """`confirmed`, `unconfirmed` (stopped or out of time before the last runs), `nothing`
    (no candidate was VALID)."""
    reason: str
    """Why it is not confirmed; empty where it is."""
    value: float | None
    """Figure of the best settings: the proven rate, or the median of their runs."""
    changes: dict[str, Any]
    """Values of the best settings that differ from the entry's."""
    own: dict[str, Any]
    """The entry's own values, by field name."""
    confirmations: int
    """VALID runs of the best settings in a row."""
    wanted: int
    """VALID runs that were asked for."""
    failed_at: float | None
    """Lowest rate above the best one that did not hold; None where none was tried."""
    bound_ms: float | None
    """Latency bound of the Server scenario."""
    percentile: float | None
    """Percentile that latencies are judged at, in %."""
    full: bool
    """Whether the confirming runs had the entry's own durations."""
    created: str
    """End of the search, ISO 8601 in UTC."""
    seconds: float
    """Time of all trials, earlier calls included."""
    trials: tuple[Trial, ...]
    """Every trial that the search used, in order."""
    machine: Machine
    """Where it was measured."""
    packages: dict[str, str]
    """Versions of the libraries that matter."""
    code: Code
    """Which source measured."""
    model: str
    """Hash of the model file."""
    notes: tuple[str, ...] = ()
    """Sentences that every output must carry."""
    entry: str = ""
    """Python source of the entry to paste; empty where nothing was found."""
    files: dict[str, str] = {}
    """Files beside this one, by what they are: `entry`, `plot`, `table`."""
    statement: str = STATEMENT
    """What MLCommons asks for beside the figures."""
    schema: int = SCHEMA_VERSION
    """Version of this form."""
    kind: str = "calliope.tune"
    """Says what this JSON is."""


def to_json(value: Tuning) -> bytes:
    """Return the JSON form: UTF-8, two spaces of indent."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
