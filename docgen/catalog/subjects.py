"""What configurations are about: systems, benchmarks, rules and words."""

from __future__ import annotations

import msgspec

from docgen.catalog.base import Frozen, Json, Source


class Fact(Frozen, frozen=True, kw_only=True):
    """A published or measured property of a target."""

    name: str
    """Field name: `memory_gb`."""
    value: Json
    """The value."""
    source: Source
    """Where it is written down in the tree."""
    unit: str = ""
    """Unit of the value."""
    basis: str = ""
    """Document or run that states it."""
    note: str = ""
    """Condition or contradiction a reader must know."""
    doc: str = ""
    """What the fact is, from the docstring of its field (Markdown)."""


class MigSlice(Frozen, frozen=True, kw_only=True):
    """Which slice of a board a target is."""

    board: str
    """Board in the MIG profile table."""
    profile: str
    """Profile name on that board."""


class Target(Frozen, frozen=True, kw_only=True):
    """A system that entries are written for."""

    name: str
    """Identity."""
    title: str
    """Name for readers."""
    family: str
    """Architecture family, for grouping."""
    devices: int
    """Number of devices."""
    facts: dict[str, Fact]
    """Facts by field name, per device."""
    source: Source
    """Where it is defined."""
    mig: MigSlice | None = None
    """The slice it is, for a MIG target."""
    pci_ids: tuple[str, ...] = ()
    """PCI ids that identify the device."""
    sibling: str = ""
    """Target it is best compared with; empty where the dialect names none."""
    doc: str = ""
    """Docstring of the module or constant (Markdown)."""
    why: dict[str, str] = msgspec.field(default_factory=dict)
    """Reason by field, also for facts that are left out (`Why:` section)."""
    basis: dict[str, str] = msgspec.field(default_factory=dict)
    """Origin by field that is no fact, for example of `pci_ids` (`Source:` section)."""


class Workload(Frozen, frozen=True, kw_only=True):
    """A benchmark task."""

    name: str
    """Identity."""
    title: str
    """Name for readers."""
    source: Source
    """Where it is defined."""
    properties: dict[str, Json]
    """Every further field, by name: task, model, dataset, input, metric, ..."""
    docs: dict[str, str] = msgspec.field(default_factory=dict)
    """Docstring of each property's field, by name."""
    units: dict[str, str] = msgspec.field(default_factory=dict)
    """Unit of each property that has one, by name."""
    doc: str = ""
    """Docstring of the module (Markdown)."""


class Policy(Frozen, frozen=True, kw_only=True):
    """A rule, as code."""

    id: str
    """Stable identity, `topic.rule`."""
    title: str
    """The rule as a heading."""
    rule: str
    """The rule in words."""
    applies_to: str
    """What it holds for."""
    basis: str
    """Document and section that sets it."""
    source: Source
    """Where it is defined in the tree."""
    value: float | None = None
    """The number in the rule."""
    unit: str = ""
    """Unit of the number."""
    doc: str = ""
    """Docstring of the constant (Markdown)."""


class Term(Frozen, frozen=True, kw_only=True):
    """A word of the field and what it means."""

    name: str
    """The word."""
    definition: str
    """What it means."""
    basis: str
    """Where it is defined officially."""
    source: Source
    """Where it stands in the tree."""


class Row(Frozen, frozen=True, kw_only=True):
    """A constant of a class whose objects a page tabulates: a round, a trouble, a scenario."""

    kind: str
    """Class of the object: `Trouble`."""
    name: str
    """Its identity among its kind."""
    values: dict[str, Json]
    """Fields, by name."""
    source: Source
    """Where it is defined in the tree."""
    doc: str = ""
    """Docstring of the constant (Markdown)."""


class Word(Frozen, frozen=True, kw_only=True):
    """A member of an enum of the harness's vocabulary."""

    enum: str
    """Name of the enum."""
    name: str
    """Name of the member."""
    value: Json
    """Its value, as users type it."""
    doc: str
    """Its docstring."""
    source: Source
    """Where it is defined."""
