"""Catalogs made by hand, one configuration a line."""

from __future__ import annotations

from typing import Any

import pytest

from docgen.catalog import (
    Catalog,
    Entry,
    Fact,
    FieldSpec,
    MigSlice,
    Setting,
    Source,
    Step,
    Target,
    Value,
    Workload,
)

FILE = "configs/made.py"


class Maker:
    """Numbers every value's line, so that a finding tells which one it is about."""

    def __init__(self) -> None:
        self.line = 0
        self.entries: list[Entry] = []
        self.targets: dict[str, Target] = {}
        self.specs: list[FieldSpec] = []
        self.dialect = "exports"

    def source(self) -> Source:
        self.line += 1
        return Source(path=FILE, line=self.line)

    def value(self, resolved: Any, base: Any = None) -> Value:
        place = self.source()
        step = Step(set_by="made.child", expression=repr(resolved), resolved=resolved, source=place)
        chain = (step,)
        if base is not None:
            before = Step(set_by="made.base", expression="b", resolved=base, source=self.source())
            chain = (before, step)
        return Value(
            resolved=resolved,
            expression=repr(resolved),
            kind="literal",
            source=place,
            set_by="made.child",
            chain=chain,
        )

    def target(self, name: str, devices: int, mig: str = "", **facts: Any) -> None:
        place = self.source()
        self.targets[name] = Target(
            name=name,
            title=name,
            family="Hopper",
            devices=devices,
            facts={n: Fact(name=n, value=v, source=place) for n, v in facts.items()},
            source=place,
            mig=MigSlice(board="B", profile=mig) if mig else None,
        )

    def add(
        self,
        target: str,
        workload: str = "resnet50",
        scenario: str = "Offline",
        *,
        accuracy: str = "0.99",
        power: str = "MaxP",
        harness: str = "Custom",
        **values: Any,
    ) -> Entry:
        made = {n: v if isinstance(v, Value) else self.value(v) for n, v in values.items()}
        entry = Entry(
            key=f"{target}/{workload}/{scenario}@{accuracy}@{power}@{harness}",
            target=target,
            workload=workload,
            scenario=scenario,
            setting=Setting(accuracy=accuracy, power=power, harness=harness),
            values=made,
            source=self.source(),
        )
        self.entries.append(entry)
        return entry

    def spec(self, name: str, doc: str = "", **more: Any) -> None:
        self.specs.append(
            FieldSpec(name=name, owner="F", type="int", doc=doc, source=self.source(), **more)
        )

    def catalog(self) -> Catalog:
        names = dict.fromkeys(e.target for e in self.entries)
        place = Source(path="systems.py", line=1)
        for name in names:
            if name not in self.targets:
                self.target(name, int(name.rpartition("x")[2]))
        workloads = dict.fromkeys(e.workload for e in self.entries)
        return Catalog(
            dialect=self.dialect,
            root="made",
            packages=(),
            targets=tuple(self.targets.values()),
            workloads=tuple(
                Workload(name=w, title=w, source=place, properties={}) for w in workloads
            ),
            fields=tuple(self.specs),
            entries=tuple(self.entries),
        )


@pytest.fixture
def make() -> Maker:
    return Maker()
