"""Configurations: fields, the values that entries give them, and how they came about."""

from __future__ import annotations

import msgspec

from docgen.catalog.base import Frozen, Json, Source


class Step(Frozen, frozen=True, kw_only=True):
    """One setting of a value, in the order in which it happened."""

    set_by: str
    """Dotted name of what set it: a class (its default) or a constant (an override)."""
    expression: str
    """Source text of the value."""
    resolved: Json
    """The value that the expression resolves to."""
    source: Source
    """Where the expression stands."""
    why: str = ""
    """Reason given for this value at that place (`Why:` section)."""
    basis: str = ""
    """Where the figure comes from (`Source:` section), or that nobody measured it."""


class Value(Frozen, frozen=True, kw_only=True):
    """A resolved value and how it came about; the last step is the one that holds."""

    resolved: Json
    """The value."""
    expression: str
    """Source text of the step that holds."""
    kind: str
    """`default`, `set`, `derived` (computed from other values) or `enum`; in trees written
    by others `literal`, `enum`, `arithmetic`, `reference` or `derived`."""
    source: Source
    """Where the step that holds stands."""
    set_by: str
    """Dotted name of what set it."""
    chain: tuple[Step, ...]
    """Every setting from the first default to the one that holds."""


class FieldSpec(Frozen, frozen=True, kw_only=True):
    """A setting that entries can have."""

    name: str
    """Name as written in configs."""
    owner: str
    """Class that declares it: `Settings`, `Offline`, ..."""
    type: str
    """Type as written, without `Annotated`: `int`, `Precision`."""
    doc: str
    """What it does, from its docstring (Markdown)."""
    source: Source
    """Where it is declared."""
    unit: str = ""
    """Unit of the number."""
    low: float | None = None
    """Least allowed value."""
    high: float | None = None
    """Greatest allowed value."""
    choices: tuple[Json, ...] = ()
    """Allowed values, for enums and closed sets."""
    default: Json = None
    """Default value; meaningless where `required`."""
    required: bool = False
    """Whether there is no default."""
    group: str = ""
    """Heading it stands under in a guide."""
    loadgen_key: str = ""
    """Key of LoadGen's user.conf that carries it."""
    scenarios: tuple[str, ...] = ()
    """Scenarios whose entries have it; empty means all."""
    limits: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """What else limits it: `benchmarks`, `harnesses`, `systems`, ... Each with the names of
    what it is for, or of the rule that decides."""


class Setting(Frozen, frozen=True, kw_only=True):
    """The parts of an entry's key beside target, workload and scenario."""

    accuracy: str = "99"
    """Share of the reference accuracy: `99`, `99.9`."""
    power: str = "maxp"
    """`maxp` or `maxq`."""
    harness: str = "direct"
    """What stands between LoadGen and the model."""


class Entry(Frozen, frozen=True, kw_only=True):
    """One configuration with all its resolved values."""

    key: str
    """Unique key: `target/workload/scenario[@accuracy][@power][@harness]`."""
    target: str
    """Name of the target."""
    workload: str
    """Name of the workload."""
    scenario: str
    """Name of the scenario."""
    setting: Setting
    """The remaining parts of the key."""
    values: dict[str, Value]
    """Every field of the entry's settings, by name, in order of declaration."""
    source: Source
    """Where the entry stands."""
    set_by: str = ""
    """Dotted name of the constant that holds the settings, where there is one."""
    doc: str = ""
    """Summary from the docstring of that constant."""
    rejected: str = ""
    """Why the tree's own validation would refuse it; empty where it would not."""
    stopped: str = ""
    """Error further up in its file at which Python stops before it is registered."""
    digest: str = ""
    """SHA-256 of the canonical form of its fields, in trees written by others; empty where
    a value is unresolved."""
    bases: tuple[str, ...] = ()
    """Dotted names of the classes that it inherits from, itself first, where it is a class."""
    environment: dict[str, Value] = msgspec.field(default_factory=dict)
    """Variables of the environment that its file sets when it is loaded, by name."""
