"""Boards, the profile table, layouts, validity, creation order."""

from __future__ import annotations

import json
import random
from dataclasses import astuple

import pytest

from runtime.configs.registry import load
from runtime.errors import ArtifactError, ConfigError, UsageError
from runtime.mig.boards import DATA, find_board, table
from runtime.mig.creation import creation_order, place_in_order, size_descending
from runtime.mig.layouts import (
    Placement,
    count_layouts,
    layouts,
    maximal_layouts,
    maximal_multisets,
    multisets,
    representatives,
    space,
)
from runtime.mig.tables import read_table
from runtime.mig.validity import arrange, check_layout, check_profiles, parse_layout
from runtime.policies import mig as rules
from runtime.policies.catalog import policies

BOARDS = [b.name for b in table().boards]
SEVEN = ((722, 78, 77, 38), (2318, 239, 127, 64))
OTHERS = {
    "A30-24GB": ((25, 5, 9, 4), (75, 17, 19, 8)),
    "RTX-PRO-6000-BW": ((25, 5, 9, 4), (716, 302, 114, 64)),
    "RTX-PRO-5000-BW-48GB": ((4, 2, 3, 2), (29, 19, 17, 12)),
    "RTX-PRO-4500-BW-32GB": ((4, 2, 3, 2), (21, 13, 13, 9)),
}
"""Placements, maximal, multisets, maximal multisets: plain, and with media variants."""

PUBLISHED = {
    # mig-parted, deployments/systemd/config-default.yaml, all-balanced
    "H100-80GB-SXM": ["1g.10gb*2,2g.20gb,3g.40gb"],
    "H100-80GB-PCIe": ["1g.10gb*2,2g.20gb,3g.40gb"],
    "H100-94GB-NVL": ["1g.12gb*2,2g.24gb,3g.47gb", "1g.24gb*4"],
    "GH200-96GB": ["1g.12gb*2,2g.24gb,3g.48gb"],
    "GH200-144GB": ["1g.18gb*2,2g.36gb,3g.72gb"],
    "H200-141GB": ["1g.18gb*2,2g.35gb,3g.71gb", "1g.18gb+me", "1g.35gb*4"],
    "B200-180GB": ["1g.23gb*2,2g.45gb,3g.90gb"],
    "RTX-PRO-6000-BW": ["1g.24gb*2,2g.48gb", "1g.24gb-me*4", "2g.48gb+me.all", "1g.24gb+gfx*4"],
    # the same, and nebuly-ai/nos, pkg/gpu/mig/known_configs.go
    "A30-24GB": ["4g.24gb", "2g.12gb*2", "2g.12gb,1g.6gb*2", "1g.6gb*4", "2g.12gb+me"],
    "A100-40GB": [
        "1g.5gb*2,2g.10gb,3g.20gb",
        "1g.10gb*4",
        "7g.40gb",
        "4g.20gb,2g.10gb,1g.5gb",
        "4g.20gb,1g.5gb*3",
        "3g.20gb*2",
        "3g.20gb,2g.10gb,1g.5gb",
        "3g.20gb,1g.5gb*3",
        "2g.10gb*2,3g.20gb",
        "2g.10gb*3,1g.5gb",
        "2g.10gb*2,1g.5gb*3",
        "2g.10gb,1g.5gb*5",
        "1g.5gb*7",
    ],
    # mig-parted, examples/dgx-station-80gb-config.yaml; the two that nos lacks
    "A100-80GB": ["2g.20gb*3,1g.10gb", "3g.40gb*2", "4g.40gb,3g.40gb", "3g.40gb,1g.10gb*4"],
}


# --- the table ---


def test_boards_are_found_by_name_and_pci_id():
    assert find_board("a100-80gb").name == "A100-80GB"
    assert find_board("0x20b210de").name == "A100-80GB"
    assert find_board("0x20B010DE").profile("1g.10gb").size == 2
    assert find_board("A100-80GB").profile("1g.10gb").size == 1
    with pytest.raises(UsageError, match="did you mean 'A100-80GB'"):
        find_board("A100-80G")
    with pytest.raises(UsageError, match="harness mig boards"):
        find_board("0x12345678")
    with pytest.raises(UsageError, match=r"did you mean '1g\.10gb'"):
        find_board("A100-80GB").profile("1g.10g")


def test_slice_targets_name_a_board_and_a_profile_of_the_table():
    slices = [t.mig for t in load().targets.values() if t.mig]
    assert slices
    for one in slices:
        assert find_board(one.board).profile(one.profile)


def test_slice_targets_agree_with_the_table():
    for target in load().targets.values():
        if target.mig:
            profile = find_board(target.mig.board).profile(target.mig.profile)
            assert target.sms is None or target.sms.value == profile.sms


def test_what_is_inferred_says_so():
    h200 = find_board("H200-141GB")
    assert all(p.inferred and "inferred" in p.confidence for p in h200.profiles)
    assert not find_board("H100-80GB-SXM").inferred
    for board in table().boards:
        for profile in board.profiles:
            assert profile.inferred == (profile.confidence != "confirmed")
            assert set(profile.sources) <= set(table().sources)


def test_unknown_figures_get_lower_bounds_and_no_guesses():
    h200 = find_board("H200-141GB")
    assert h200.profile("1g.35gb").memory_gib is None
    assert h200.least_memory_gib(h200.profile("1g.35gb")) == 32.5
    assert h200.least_memory_gib(h200.profile("3g.71gb")) == 65.0
    assert h200.least_sms(h200.profile("4g.71gb")) == 32
    b200 = find_board("B200-180GB")
    assert b200.least_memory_gib(b200.whole) is None
    assert b200.least_sms(b200.whole) is None


@pytest.mark.parametrize("name", BOARDS)
def test_figures_of_a_board_agree_with_each_other(name):
    """The rules behind the lower bounds hold wherever figures are known."""
    board = find_board(name)
    for one in board.profiles:
        for two in board.profiles:
            if one.memory_gib and two.memory_gib:
                assert two.memory_gib >= two.size // one.size * one.memory_gib
            inside = one.size <= two.size and one.compute_slices <= two.compute_slices
            if one.sms and two.sms and inside:
                assert one.sms <= two.sms


def test_a_broken_table_is_told_all_its_problems(tmp_path):
    raw = json.loads(DATA.read_text("utf-8"))
    first = raw["boards"]["A30-24GB"]["profiles"]
    first[0]["starts"] = [0, 4]
    first[1]["sizes"] = first[1].pop("size")
    first[2]["memory_gib"] = "much"
    first[3]["sources"] = ["hearsay"]
    first[4]["engines"]["nvdec"] = -1
    raw["boards"]["A100-40GB"]["profiles"][1]["name"] = "1g.5gb"
    raw["boards"]["A100-40GB"]["pci_ids"].append("0x20B210DE")
    raw["boards"]["B300"]["profiles"] = []
    broken = tmp_path / "table.json"
    broken.write_text(json.dumps(raw))
    with pytest.raises(ConfigError) as caught:
        read_table(broken)
    text = str(caught.value)
    for part in (
        "starts from 0 to 3, got 0, 4",
        "want `size`, got nothing",
        "want a known key, got sizes",
        "'much'",
        "got hearsay",
        "nvdec",
        "1g.5gb: want one row, got 2 rows",
        "0x20b210de: want one board, got 2 boards",
        "B300: want an object with `profiles`",
    ):
        assert part in text, part


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 9}', '{"schema": 1, "sources": []}'])
def test_a_file_that_is_no_table(tmp_path, text):
    broken = tmp_path / "table.json"
    broken.write_text(text)
    with pytest.raises((ArtifactError, ConfigError), match=r"table\.json"):
        read_table(broken)


def test_rules_are_in_the_catalog_of_policies():
    ids = {p.id for p in policies()}
    mine = {p.id for p in vars(rules).values() if isinstance(p, rules.Policy)}
    assert len(mine) >= 7
    assert mine <= ids


# --- layouts ---


@pytest.mark.parametrize("name", BOARDS)
def test_numbers_of_layouts(name):
    """The counts of an independent enumeration, for every board."""
    plain, every = OTHERS.get(name, SEVEN)
    board = find_board(name)
    assert astuple(count_layouts(board)) == plain
    assert astuple(count_layouts(board, media=True)) == every


def test_layouts_are_valid_distinct_and_ordered():
    board = find_board("A100-80GB")
    every = layouts(board)
    assert len(set(every)) == len(every) == 722
    assert every[0] == (Placement(0, 8, "7g.80gb"),)
    assert all(not check_layout(board, layout) for layout in every)
    maximal = maximal_layouts(board)
    assert set(maximal) <= set(every)
    assert (Placement(0, 4, "4g.40gb"), Placement(4, 4, "3g.40gb")) in maximal
    assert (("3g.40gb", 1), ("4g.40gb", 1)) in maximal_multisets(board)
    shown = representatives(board)
    assert len(shown) == len(maximal_multisets(board)) == 38
    assert set(shown) <= set(maximal)


def test_what_is_out_of_reach():
    board = find_board("A100-80GB")
    found = space(board)

    def locked(text: str) -> tuple[int, int]:
        return found.locked(found.bits_of(parse_layout(board, text)[0]))

    assert found.locked(0) == (0, 0)
    assert locked("3g.40gb@0,3g.40gb@4") == (1, 0)
    assert locked("1g.20gb@0,1g.20gb@2,1g.20gb@4,1g.20gb@6") == (3, 0)
    assert locked("1g.10gb@6") == (0, 1)
    assert locked("2g.20gb@4") == (0, 0)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_layouts_of_other_tools_are_valid(name):
    board = find_board(name)
    for text in PUBLISHED[name]:
        placed, free = parse_layout(board, text)
        assert not placed
        layout = arrange(board, free)
        assert sorted(p.profile for p in layout) == sorted(free)
        assert not check_layout(board, layout)
    assert not any(arrange(board, [p.name]) == () for p in board.profiles)


def test_a_known_mistake_of_another_tool_is_found():
    """nebuly-ai/nos lists 2 x 2g.20gb + 3g.20gb for an A100 80GB, which has no 3g.20gb."""
    with pytest.raises(UsageError, match=r"want a profile of A100-80GB, got 3g\.20gb"):
        parse_layout(find_board("A100-80GB"), "2g.20gb*2,3g.20gb")


# --- validity ---


def test_every_broken_rule_is_named():
    board = find_board("A100-80GB")
    text = "3g.40gb@4,1g.10gb@6,2g.20gb@1,1g.10gb+me@0,1g.10gb+me@2"
    problems = [str(p) for p in check_layout(board, parse_layout(board, text)[0])]
    assert any("2g.20gb@1: want a start of 0, 2, 4, got 1" in p for p in problems)
    assert any("3g.40gb@4 and 1g.10gb@6" in p and "both on slot 6" in p for p in problems)
    assert any("1g.10gb+me: want at most 1, got 2" in p for p in problems)
    assert any("at most 7 compute slices, got 8" in p for p in problems)
    assert any("at most 1 instance with +me" in p for p in problems)


def test_profiles_that_break_rules_wherever_they_stand():
    board = find_board("A100-80GB")
    assert "at most 7 compute slices" in str(check_profiles(board, ["4g.40gb", "4g.40gb"])[1])
    rtx = find_board("RTX-PRO-6000-BW")
    assert any("NVDEC" in str(p) for p in check_profiles(rtx, ["2g.48gb+me.all", "1g.24gb"]))
    assert not check_profiles(rtx, ["2g.48gb+me.all", "1g.24gb-me"])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("3g.40gb*2,1g.10gb", "9 slots in all"),
        ("3g.40gb*3", "at most 2, got 3"),
        ("4g.40gb,3g.40gb,1g.10gb", "at most 7 compute slices, got 8"),
        ("1g.10gb+me*2", "at most 1, got 2"),
        ("2g.20gb*3,1g.10gb*2", "at most 7 compute slices, got 8"),
        ("1g.20gb*3,1g.10gb*3", "9 slots in all"),
    ],
)
def test_sets_without_a_layout(text, reason):
    board = find_board("A100-80GB")
    with pytest.raises(ConfigError) as caught:
        arrange(board, parse_layout(board, text)[1])
    assert reason in str(caught.value)


def test_a_set_whose_sums_fit_but_whose_places_do_not():
    board = find_board("A100-80GB")
    with pytest.raises(ConfigError, match="no free places") as caught:
        arrange(board, ["3g.40gb"], [Placement(2, 1, "1g.10gb"), Placement(6, 1, "1g.10gb")])
    assert "move what stands at 1g.10gb@2, 1g.10gb@6" in str(caught.value)


def test_arrangements_leave_most_to_use():
    board = find_board("A100-80GB")
    assert arrange(board, ["3g.40gb", "1g.10gb"]) == (
        Placement(3, 1, "1g.10gb"),
        Placement(4, 4, "3g.40gb"),
    )
    kept = Placement(0, 1, "1g.10gb")
    assert kept in arrange(board, ["3g.40gb"], [kept])


@pytest.mark.parametrize("text", ["", "nonsense", "3g.40gb@4*2", "1g.10gb@x", "3g.40gb,,2g"])
def test_layouts_that_cannot_be_read(text):
    with pytest.raises(UsageError):
        parse_layout(find_board("A100-80GB"), text, "--check")


# --- creation ---


@pytest.mark.parametrize("name", BOARDS)
def test_size_descending_at_the_highest_start_never_fails(name):
    board = find_board(name)
    for media in (False, True):
        for multiset in multisets(board, media=media):
            names = [n for n, count in multiset for _ in range(count)]
            made = place_in_order(board, size_descending(board, names))
            assert made is not None, multiset
            assert not check_layout(board, made)


def test_other_orders_fail():
    board = find_board("A100-80GB")
    random_ = random.Random(7)
    failed = {True: 0, False: 0}
    for multiset in multisets(board):
        names = [n for n, count in multiset for _ in range(count)]
        for _ in range(5):
            random_.shuffle(names)
            for highest in failed:
                failed[highest] += place_in_order(board, names, highest=highest) is None
    assert failed[True] > 0
    assert failed[False] > 0
    assert place_in_order(board, ["1g.10gb", "3g.40gb", "3g.40gb"], highest=False) is None


def test_creation_order_of_placements():
    board = find_board("A100-80GB")
    placed, _ = parse_layout(board, "1g.10gb@0,3g.40gb@4,1g.10gb@3,2g.20gb@1".replace("@1", "@2"))
    placed = [p for p in placed if str(p) != "1g.10gb@3"]
    assert [str(p) for p in creation_order(placed)] == ["3g.40gb@4", "2g.20gb@2", "1g.10gb@0"]
