"""The differences between two trees, as types; JSON of `docgen diff` is made of them."""

from __future__ import annotations

import msgspec

from docgen.catalog import Json, Source
from docgen.catalog.base import Frozen


class Side(Frozen, frozen=True, kw_only=True):
    """A value as one of the trees has it."""

    resolved: Json
    """The value."""
    expression: str
    """Source text of it."""
    source: Source
    """Where it is set."""
    set_by: str = ""
    """Dotted name of what sets it."""


class Change(Frozen, frozen=True, kw_only=True):
    """A value that differs; None on the side that does not set it."""

    field: str
    """Name of the field in the new tree; a part of a dictionary has a dot in it."""
    old: Side | None = None
    """The value in the old tree."""
    new: Side | None = None
    """The value in the new tree."""


class Place(Frozen, frozen=True, kw_only=True, order=True):
    """What a configuration is for, whatever a tree calls it."""

    workload: str
    """Benchmark, as the newer tree writes it."""
    scenario: str
    """Scenario, as the newer tree writes it."""
    accuracy: str = "99"
    """Percent of the reference accuracy."""
    power: str = "maxp"
    """`maxp` or `maxq`."""
    harness: str = ""
    """Server in between; empty for none."""

    @property
    def text(self) -> str:
        """Return the place in words: `llama2-70b Offline 99.9 % MaxQ Triton`."""
        words = [self.workload, self.scenario]
        words += [f"{self.accuracy} %"] if self.accuracy not in {"99", ""} else []
        words += ["MaxQ"] if self.power == "maxq" else []
        words += [self.power] if self.power not in {"maxq", "maxp", ""} else []
        return " ".join([*words, *([self.harness] if self.harness else [])])


class Configuration(Frozen, frozen=True, kw_only=True):
    """A configuration that only one of the trees has."""

    place: Place
    """What it is for."""
    key: str
    """Its key."""
    source: Source
    """Where it stands."""


class Changed(Frozen, frozen=True, kw_only=True):
    """A configuration that both trees have, with what differs."""

    place: Place
    """What it is for."""
    old_key: str
    """Its key in the old tree."""
    new_key: str
    """Its key in the new tree."""
    changes: tuple[Change, ...]
    """Values that differ; empty where none does."""


class FactChange(Frozen, frozen=True, kw_only=True):
    """A fact of a system that differs; None where a tree does not state it."""

    name: str
    """Name of the fact."""
    old: Json = None
    """Value in the old tree."""
    new: Json = None
    """Value in the new tree."""


class System(Frozen, frozen=True, kw_only=True):
    """A system, in one of the trees or in both."""

    old: str = ""
    """Its name in the old tree; empty where it appeared."""
    new: str = ""
    """Its name in the new tree; empty where it went."""
    facts: tuple[FactChange, ...] = ()
    """Facts that differ."""
    added: tuple[Configuration, ...] = ()
    """Configurations that only the new tree has."""
    removed: tuple[Configuration, ...] = ()
    """Configurations that only the old tree has."""
    both: tuple[Changed, ...] = ()
    """Configurations of both, those without a difference too."""

    @property
    def state(self) -> str:
        """Return `appeared`, `went`, `renamed` or `kept`."""
        if not self.old:
            return "appeared"
        if not self.new:
            return "went"
        return "kept" if self.old == self.new else "renamed"

    @property
    def changed(self) -> tuple[Changed, ...]:
        """Return the configurations of both trees in which something differs."""
        return tuple(c for c in self.both if c.changes)

    @property
    def is_same(self) -> bool:
        """Tell whether nothing at all differs."""
        parts = (self.facts, self.added, self.removed, self.changed)
        return self.state == "kept" and not any(parts)


class Gpu(Frozen, frozen=True, kw_only=True):
    """All systems with one accelerator."""

    name: str
    """Name of the accelerator: `H200`."""
    systems: tuple[System, ...]
    """Its systems: those in both trees first, then those that appeared and went."""

    @property
    def state(self) -> str:
        """Return `appeared`, `went` or `kept`."""
        states = {s.state for s in self.systems}
        return states.pop() if len(states) == 1 and states <= {"appeared", "went"} else "kept"


class Renamed(Frozen, frozen=True, kw_only=True):
    """A field that has another name in the new tree."""

    old: str
    """Name in the old tree."""
    new: str
    """Name in the new tree."""
    configurations: int
    """Configurations in which one took the other's place."""
    equal: int
    """Of them, those with an equal value."""


class Declared(Frozen, frozen=True, kw_only=True):
    """A field that only one of the trees declares."""

    name: str
    """Its name."""
    source: Source
    """Where it is declared."""


class Unread(Frozen, frozen=True, kw_only=True):
    """What of one tree is not compared: places that could not be read."""

    tree: str
    """The tree, as asked for."""
    places: int
    """How many places there are."""
    first: Source
    """The first of them."""

    @property
    def text(self) -> str:
        """Return it in words."""
        where = f"{self.first.path}:{self.first.line}"
        many = f"{self.places} places" if self.places > 1 else "one place"
        return f"not compared: {many} of {self.tree} that cannot be read, the first is {where}"


class Changes(Frozen, frozen=True, kw_only=True):
    """Everything that differs between two trees."""

    old: str
    """The old tree, as asked for."""
    new: str
    """The new tree, as asked for."""
    old_dialect: str
    """How the old one is written."""
    new_dialect: str
    """How the new one is written."""
    gpus: tuple[Gpu, ...] = ()
    """GPUs with a difference, by name."""
    same: int = 0
    """Configurations that both trees have, without a difference."""
    renamed: tuple[Renamed, ...] = ()
    """Fields under another name."""
    fields_added: tuple[Declared, ...] = ()
    """Fields that only the new tree declares."""
    fields_removed: tuple[Declared, ...] = ()
    """Fields that only the old tree declares."""
    unread: tuple[Unread, ...] = ()
    """What could not be read and is not compared, by tree."""
    schema: int = 1
    """Version of this form."""

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing differs."""
        return not (self.gpus or self.renamed or self.fields_added or self.fields_removed)


def to_json(changes: Changes) -> bytes:
    """Return differences as JSON: UTF-8, two spaces of indent."""
    return msgspec.json.format(msgspec.json.encode(changes), indent=2) + b"\n"
