"""What docgen shows of MIG is what the harness computes: two searches, one truth."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from docgen.dialects.ours import read
from docgen.views import mig
from docgen.views.lookup import Lookup
from docgen.views.miglayouts import layouts, maximal, sets
from runtime.configs.registry import load
from runtime.mig.boards import table
from runtime.mig.layouts import count_layouts, representatives, space

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def catalog():
    return read(ROOT, ("runtime",))


def test_the_catalog_has_the_table_of_the_harness(catalog):
    assert [b.name for b in catalog.boards] == [b.name for b in table().boards]
    for told, real in zip(catalog.boards, table().boards, strict=True):
        assert told.pci_ids == real.pci_ids
        assert [p.name for p in told.profiles] == [p.name for p in real.profiles]
        for row, profile in zip(told.profiles, real.profiles, strict=True):
            assert (row.starts, row.size, row.sms) == (profile.starts, profile.size, profile.sms)
            assert row.confidence == profile.confidence
            assert row.sources == tuple(table().sources[key] for key in profile.sources)
    assert "runtime/mig/data/mig_profiles.json" in catalog.files


@pytest.mark.parametrize("name", [b.name for b in table().boards])
def test_both_searches_find_the_same_layouts(name, catalog):
    told = next(b for b in catalog.boards if b.name == name)
    real = next(b for b in table().boards if b.name == name)
    for media in (False, True):
        found = layouts(told, media=media)
        counts = count_layouts(real, media=media)
        full = maximal(told, found, media=media)
        assert len(found) == len(set(found)) == counts.placements
        assert len(full) == counts.maximal
        assert len(sets(full)) == counts.maximal_multisets
    searched = space(real, media=False)
    own = {
        frozenset(str(searched.candidates[n]) for n in searched.members(bits))
        for bits in searched.bits
    }
    assert {frozenset(map(str, layout)) for layout in layouts(told)} == own
    assert len(representatives(real)) == len(sets(maximal(told, layouts(told))))


def test_targets_find_their_board(catalog):
    registry = load()
    for target in catalog.targets:
        board = mig.board_of(target, catalog)
        live = registry.targets[target.name]
        if live.mig is not None:
            assert board is not None
            assert board.name == live.mig.board
        elif live.mig_capable is not None and live.mig_capable.value:
            assert board is not None, target.name
            assert set(board.pci_ids) & set(live.pci_ids)
        else:
            assert board is None, target.name


def test_drawings_have_every_instance_and_a_text_alternative(catalog):
    for board in catalog.boards:
        shown = mig.drawn(board)
        found = ET.fromstring(mig._svg(board))
        space_ = "{http://www.w3.org/2000/svg}"
        assert found.get("role") == "img"
        assert found.findtext(f"{space_}title") == shown.alt
        boxes = [r for r in found.iter(f"{space_}rect") if r.get("fill") != "none"]
        listed = sum(len(re.findall("@", row[0])) for row in shown.text.rows)
        assert len(boxes) == listed > 0
        assert "currentColor" in ET.tostring(found, encoding="unicode")


def test_inferred_rows_say_so(catalog):
    board = next(b for b in catalog.boards if b.name == "H200-141GB")
    shown = mig.drawn(board)
    assert all("inferred" in row[-1] for row in shown.profiles.rows)
    assert shown.doubts
    h100 = mig.drawn(next(b for b in catalog.boards if b.name == "H100-80GB-SXM"))
    assert {row[-1] for row in h100.profiles.rows} == {"confirmed"}


def test_the_overview_names_every_system_that_has_mig(catalog):
    rows = {row[0]: row for row in mig._overview(catalog, Lookup(catalog)).rows}
    row = next(r for name, r in rows.items() if "A30-24GB" in name)
    assert "a30-mig-1g.6gb" in row[2]
    assert "a30" in row[1]
