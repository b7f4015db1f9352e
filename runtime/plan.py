"""One run, decided: which entry, with which effective values, on which files.

A plan is made by `resolve` before anything expensive happens. The command line
prints it (`--dry-run`) or hands it to `runtime.loadgen.session.execute`, which
passes it to its child process as JSON.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from runtime.configs.registry import Registry
from runtime.configs.schema import Entry, MultiStream, Offline, Server, Settings, SingleStream
from runtime.errors import Problem, UsageError
from runtime.overrides import Overrides, apply_overrides, parse_overrides
from runtime.policies.departures import departures
from runtime.policies.estimates import check_memory, run_seconds
from runtime.policies.precision import check_precision
from runtime.policies.run import check_bound
from runtime.quick import quick_changes
from runtime.selection import select, unknown_word
from runtime.vocabulary import (
    AccuracyTarget,
    Family,
    HarnessKind,
    Mode,
    PowerSetting,
    Scenario,
)

SETTINGS_CLASSES: dict[Scenario, type[Settings]] = {
    Scenario.OFFLINE: Offline,
    Scenario.SERVER: Server,
    Scenario.SINGLE_STREAM: SingleStream,
    Scenario.MULTI_STREAM: MultiStream,
}
"""The settings class of each scenario."""


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """One run, decided: nothing is looked up after this."""

    key: str
    """Key of the entry: `cpu/digits/offline`."""
    target: str
    """Name of the target."""
    workload: str
    """Name of the workload."""
    scenario: Scenario
    """Scenario of the entry."""
    mode: Mode
    """What the run is for."""
    quick: bool
    """Whether durations were shortened; every output must say so."""
    settings: Settings
    """Effective values, quick and `--set` applied; an object of the scenario's class."""
    overrides: dict[str, Any] = field(default_factory=dict)
    """The values that quick or `--set` changed, by field name, in JSON form."""
    accuracy_goal: AccuracyTarget = AccuracyTarget.P99
    """Share of the reference accuracy that an accuracy run must reach."""
    model: Path | None = None
    """The user's model file; None for the bundled or synthetic one."""
    data: Path | None = None
    """The user's data set folder; None for the bundled data."""
    devices: tuple[int, ...] = ()
    """Indices of the accelerators to use; empty on a CPU target."""
    notes: tuple[str, ...] = ()
    """Where the settings fall short of the official rules; every output must say so."""
    audit: str = ""
    """Compliance test that the run is: `TEST01`, `TEST04`; empty for an ordinary run."""
    harness: HarnessKind = HarnessKind.DIRECT
    """What stands between LoadGen and the model."""
    servers: tuple[str, ...] = ()
    """Triton servers to use, host and port of gRPC; empty lets the run start its own."""

    def to_json(self) -> bytes:
        """Return the JSON form, UTF-8; `from_json` gives an equal plan back."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        plain["settings"] = values_of(self.settings)
        return json.dumps(plain, default=_plain, indent=2).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes | str) -> RunPlan:
        """Return the plan of a JSON form.

        Raises:
            ConfigError: Where a value of the settings cannot be right.
            msgspec.ValidationError: Where the JSON has another shape.
        """
        plain = json.loads(data)
        scenario = Scenario(plain["scenario"])
        settings = msgspec.convert(plain.pop("settings"), SETTINGS_CLASSES[scenario])
        paths = {n: None if plain[n] is None else Path(plain[n]) for n in ("model", "data")}
        return cls(
            key=plain["key"],
            target=plain["target"],
            workload=plain["workload"],
            scenario=scenario,
            mode=Mode(plain["mode"]),
            quick=plain["quick"],
            settings=settings,
            overrides=plain["overrides"],
            accuracy_goal=AccuracyTarget(plain["accuracy_goal"]),
            devices=tuple(plain["devices"]),
            notes=tuple(plain.get("notes", ())),
            audit=plain.get("audit", ""),
            harness=HarnessKind(plain.get("harness", "direct")),
            servers=tuple(plain.get("servers", ())),
            **paths,
        )


def values_of(settings: Settings) -> dict[str, Any]:
    """Return every field of the settings in JSON form, in order of declaration."""
    return {
        f.name: _plain(v) if isinstance(v := getattr(settings, f.name), Enum) else v
        for f in dataclasses.fields(settings)
    }


def resolve(
    registry: Registry,
    *,
    target: str,
    workload: str,
    scenario: Scenario | str,
    mode: Mode | str = Mode.PERFORMANCE,
    quick: bool = False,
    overrides: Overrides = (),
    model: Path | None = None,
    data: Path | None = None,
    accuracy: AccuracyTarget | str | None = None,
    power: PowerSetting | str | None = None,
    harness: HarnessKind | str | None = None,
) -> RunPlan:
    """Return the plan of one run, every word and value checked.

    Args:
        registry: What the packages define.
        target: Name of the target.
        workload: Name of the workload.
        scenario: Name of the scenario.
        mode: Performance or accuracy.
        quick: Shorten the run; see `runtime.quick`.
        overrides: `FIELD=VALUE` texts, or a mapping of field names to values or texts.
            They win over what quick changes, and quick sizes the run by them.
        model: The user's model file.
        data: The user's data set folder.
        accuracy: Accuracy target of the entry; None for 99 %.
        power: Power setting of the entry; None for MaxP.
        harness: Harness kind of the entry; None for the direct one.

    Raises:
        UsageError: With every unknown word, unknown field, value that does not fit and
            file that is not there, all at once.
    """
    (plan,) = resolve_all(
        registry,
        target=target,
        workload=workload,
        scenario=scenario,
        mode=mode,
        quick=quick,
        overrides=overrides,
        model=model,
        data=data,
        accuracy=accuracy,
        power=power,
        harness=harness,
    )
    return plan


def resolve_all(
    registry: Registry,
    *,
    mode: Mode | str = Mode.PERFORMANCE,
    quick: bool = False,
    overrides: Overrides = (),
    model: Path | None = None,
    data: Path | None = None,
    **words: Any,
) -> tuple[RunPlan, ...]:
    """Return the plan of every entry that the words name; see `resolve` and `select`.

    An override changes the entries that have its field; at least one must.

    Raises:
        UsageError: As `resolve` does, for all entries at once.
    """
    problems: list[Problem] = []
    entries: tuple[Entry, ...] = ()
    try:
        entries = select(registry, **words)
    except UsageError as error:
        problems += error.problems
    problems += unknown_word("--mode", mode, Mode)
    problems += [
        *_missing_path("--model", model, folder=False),
        *_missing_path("--data", data, folder=True),
    ]
    classes = [type(e.settings) for e in entries] or SETTINGS_CLASSES.values()
    parsed, unknown = parse_overrides(overrides, *classes)
    problems += unknown
    made: list[RunPlan] = []
    for entry in entries:
        own = {n: v for n, v in parsed.items() if hasattr(entry.settings, n)}
        settings, unfit = apply_overrides(entry.settings, own)
        problems += unfit
        chosen = dataclasses.replace(entry, settings=settings)
        target = registry.target(entry.target)
        problems += check_precision(chosen, target)
        problems += check_memory(chosen, registry.workload(entry.workload), target)
        if isinstance(settings, Server) and "target_latency_ms" not in own:
            problems += check_bound(settings, entry.workload, entry.target)
        if not problems:
            changes = quick_changes(settings, Mode(mode)) if quick else {}
            kept = {n: v for n, v in changes.items() if n not in own}
            settings = dataclasses.replace(settings, **kept)
            plan = _plan(registry, entry, settings, frozenset(own))
            short = not quick and Mode(mode) is Mode.PERFORMANCE
            made.append(
                dataclasses.replace(
                    plan,
                    mode=Mode(mode),
                    quick=quick,
                    model=model,
                    data=data,
                    notes=_notes(registry, entry, settings) if short else (),
                )
            )
    if problems:
        raise UsageError(dict.fromkeys(problems))
    return tuple(made)


def estimate_s(plan: RunPlan, accuracy_samples: int) -> float:
    """Return how long the timed part will take if the configured rate is right, in seconds.

    Loading and warming up come on top. A machine that is slower than configured takes
    longer in proportion.

    Args:
        plan: The run.
        accuracy_samples: Samples of the workload's accuracy run.
    """
    settings = plan.settings
    if plan.mode is Mode.PERFORMANCE:
        return run_seconds(settings)
    if isinstance(settings, (Offline, Server)):
        return accuracy_samples / settings.target_qps
    if isinstance(settings, (SingleStream, MultiStream)):
        per_query = settings.samples_per_query if isinstance(settings, MultiStream) else 1
        return math.ceil(accuracy_samples / per_query) * settings.expected_latency_ms / 1000
    return 0.0


def _plan(registry: Registry, entry: Entry, settings: Settings, named: frozenset[str]) -> RunPlan:
    """Return an entry's plan with the effective settings; `named` fields count as changed."""
    target = registry.target(entry.target)
    before, after = values_of(entry.settings), values_of(settings)
    return RunPlan(
        key=entry.key,
        target=entry.target,
        workload=entry.workload,
        scenario=entry.scenario,
        mode=Mode.PERFORMANCE,
        quick=False,
        settings=settings,
        overrides={n: v for n, v in after.items() if v != before[n] or n in named},
        accuracy_goal=entry.accuracy,
        harness=entry.harness,
        devices=() if target.family is Family.CPU else tuple(range(target.devices)),
    )


def _notes(registry: Registry, entry: Entry, settings: Settings) -> tuple[str, ...]:
    """Return what a performance run must say of the rules that its settings do not meet."""
    samples = registry.workload(entry.workload).accuracy_samples
    return tuple(map(str, departures(settings, entry.workload, entry.target, samples)))


def _plain(value: object) -> object:
    """Return the JSON form of an enum member or a path."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"a plan cannot hold {value!r}")


def _missing_path(flag: str, path: Path | None, *, folder: bool) -> list[Problem]:
    """Return the problem of a path the user gave that does not exist."""
    if path is None or (path.is_dir() if folder else path.is_file()):
        return []
    got = f"no such path: {path}" if not path.exists() else f"something else: {path}"
    want = "a folder that exists" if folder else "a file that exists"
    return [Problem(flag, want, got, "check the path")]
