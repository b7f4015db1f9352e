"""The memory that guides state is the memory that the harness checks, entry by entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from docgen.config import load
from docgen.extract import extract
from docgen.views.estimates import memory_fit
from runtime.configs import registry
from runtime.footprint.estimate import USABLE, declared, fit

ROOT = Path(__file__).parents[2]


def test_every_entry_needs_the_same_here_and_there() -> None:
    catalog, imported = extract(load(ROOT), cache=False), registry.load()
    targets = {t.name: t for t in catalog.targets}
    workloads = {w.name: w for w in catalog.workloads}
    compared = 0
    for entry in catalog.entries:
        ours = imported.entry(entry.key)
        target = imported.target(ours.target)
        if target.memory_gb is None:
            continue
        shown = memory_fit(entry, targets[entry.target], workloads[entry.workload])
        workload = imported.workload(ours.workload)
        memory = target.memory_gb.value * 1e9
        real = fit(declared(workload), workload, ours.settings, memory)
        assert shown is not None, entry.key
        assert shown.total == pytest.approx(real.total), entry.key
        assert shown.capacity == real.memory
        if real.largest < 65_536:  # the field's own bound
            assert abs(shown.largest - real.largest) <= 1, entry.key
        compared += 1
    assert compared > 100


def test_both_leave_the_same_room() -> None:
    from docgen.views import estimates

    assert estimates.USABLE == USABLE
