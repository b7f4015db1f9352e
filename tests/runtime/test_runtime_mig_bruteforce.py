"""MIG layouts and plans against a second, naive implementation that shares no code.

The naive side reads the profile table as plain JSON, tries every combination, and counts the
objective from its definition.
"""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

import runtime.mig
from runtime.errors import ConfigError
from runtime.mig.boards import find_board, table
from runtime.mig.firstfit import first_fit
from runtime.mig.fleet import Gpu, Instance
from runtime.mig.layouts import layouts, space
from runtime.mig.needs import Need
from runtime.mig.planner import plan
from runtime.mig.solver import Limits
from runtime.mig.validity import check_layout

RAW = json.loads((Path(runtime.mig.__file__).parent / "data" / "mig_profiles.json").read_text())
BOARDS = [b.name for b in table().boards]
KINDS = ("nvdec", "nvenc", "jpeg", "ofa")


@cache
def rows(board: str) -> dict[str, dict]:
    return {row["name"]: row for row in RAW["boards"][board]["profiles"]}


def naive_valid(board: str, chosen) -> bool:
    """Judge (profile, start) pairs by the rules, one after the other."""
    raw, mine = RAW["boards"][board], rows(board)
    slots = Counter(
        slot for name, start in chosen for slot in range(start, start + mine[name]["size"])
    )
    if any(n > 1 for n in slots.values()):
        return False
    if any(start not in mine[name]["starts"] for name, start in chosen):
        return False
    counts = Counter(name for name, _ in chosen)
    if any(n > mine[name]["max_instances"] for name, n in counts.items()):
        return False
    if sum(mine[name]["compute_slices"] for name, _ in chosen) > raw["compute_slices"]:
        return False
    if sum("me" in a for n, _ in chosen for a in mine[n]["attributes"] if a[0] == "m") > 1:
        return False
    return raw["engines"] is None or all(
        sum(mine[n]["engines"][k] or 0 for n, _ in chosen) <= raw["engines"][k] for k in KINDS
    )


@cache
def naive_layouts(board: str) -> tuple[frozenset, ...]:
    """Return every valid set of (profile, start), the empty one too, grown one by one."""
    places = [(name, start) for name, row in rows(board).items() for start in row["starts"]]
    known = {frozenset()}
    edge = set(known)
    while edge:
        grown = {old | {p} for old in edge for p in places if p not in old}
        edge = {g for g in grown if g not in known and naive_valid(board, g)}
        known |= edge
    return tuple(known)


@pytest.mark.parametrize(
    "board", ["A30-24GB", "A100-80GB", "RTX-PRO-6000-BW", "RTX-PRO-5000-BW-48GB"]
)
def test_every_layout_is_found_and_no_other(board):
    found = {
        frozenset((p.profile, p.start) for p in layout)
        for layout in layouts(find_board(board), media=True)
    }
    assert found == set(naive_layouts(board)) - {frozenset()}


@pytest.mark.parametrize("board", BOARDS)
def test_validity_of_random_sets(board):
    """Check, search and naive rules agree on sets of which about half are valid."""
    random_ = random.Random(board)
    made = find_board(board)
    found = space(made, media=True)
    verdicts = Counter()
    for _ in range(150):
        chosen = random_.sample(found.candidates, min(random_.randint(1, 4), len(found.candidates)))
        expected = naive_valid(board, [(p.profile, p.start) for p in chosen])
        assert (not check_layout(made, chosen)) == expected
        assert (found.bits_of(chosen) in found) == expected
        verdicts[expected] += 1
    assert min(verdicts[True], verdicts[False]) > 10


@pytest.mark.parametrize("board", BOARDS)
def test_media_variants_do_not_change_what_a_plain_layout_can_reach(board):
    made = find_board(board)
    plain, every = space(made), space(made, media=True)
    for bits in plain.bits:
        assert plain.locked(bits) == every.locked(every.bits_of(plain.layout(bits)))


# --- plans ---


@cache
def naive_locked(board: str, chosen: frozenset) -> tuple[int, int]:
    mine, raw = rows(board), RAW["boards"][board]
    grown = [f for f in naive_layouts(board) if chosen <= f]
    compute = max(sum(mine[n]["compute_slices"] for n, _ in f) for f in grown)
    slots = max(sum(mine[n]["size"] for n, _ in f) for f in grown)
    return raw["compute_slices"] - compute, raw["slots"] - slots


def enough_memory(board: str, name: str, need: Need) -> bool:
    has = rows(board)[name]["memory_gib"]
    return not need.memory or (has is not None and has >= need.memory)


def enough_sms(board: str, name: str, need: Need) -> bool:
    has = rows(board)[name]["sms"]
    return not need.sms or (has is not None and has >= need.sms)


def eligible(board: str, name: str, need: Need) -> bool:
    row = rows(board)[name]
    if "gfx" in row["attributes"]:
        return False
    media = all((row["engines"][k] or 0) >= getattr(need, k) for k in KINDS)
    return media and enough_memory(board, name, need) and enough_sms(board, name, need)


def surplus(board: str, name: str, need: Need) -> Fraction:
    mine, raw = rows(board), RAW["boards"][board]
    least = min(r["compute_slices"] for n, r in mine.items() if enough_sms(board, n, need))
    small = min(r["size"] for n, r in mine.items() if enough_memory(board, n, need))
    return Fraction(mine[name]["compute_slices"] - least, raw["compute_slices"]) + Fraction(
        mine[name]["size"] - small, raw["slots"]
    )


def in_order(score, careful: bool):
    """Return a score in the order in which its parts count."""
    return (score[0], score[2], score[1]) if careful else score


def naive_gpu(gpu: Gpu, used: tuple, names: set[str], careful: bool):
    """Return the least (in use, stranded, destroyed) of a GPU with these instances used."""
    board = gpu.board.name
    now = {(i.profile, i.start): i for i in gpu.current}
    places = frozenset(p for p, _, _ in used)
    reused = {p for p, _, again in used if not again and p in now}
    idle = [
        p for p, i in now.items() if p not in places and not (i.workload in names and not i.keep)
    ]
    pinned = {p for p, i in now.items() if i.keep}
    best = None
    for count in range(len(idle) + 1):
        for left in itertools.combinations(idle, count):
            final = places | set(left)
            if not pinned <= set(left) or not naive_valid(board, final):
                continue
            busy = bool(used) or bool(pinned)
            lost = naive_locked(board, frozenset(final)) if busy else (0, 0)
            raw = RAW["boards"][board]
            stranded = Fraction(lost[0], raw["compute_slices"]) + Fraction(lost[1], raw["slots"])
            stranded += sum(surplus(board, p[0], need) for p, need, _ in used)
            score = (int(busy), stranded, len(now) - len(reused) - len(left))
            if best is None or in_order(score, careful) < in_order(best, careful):
                best = score
    return best


def naive_plan(needs: list[Need], gpus: list[Gpu], careful: bool = False):
    """Return the best (GPUs, stranded, destroyed) of all assignments, or None."""
    copies = [n for n in needs for _ in range(n.count)]
    names = {n.name for n in needs}
    memo: dict[tuple, tuple | None] = {}
    best = None

    def per_gpu(number: int, used: tuple):
        key = number, tuple(sorted((p, n.name, again) for p, n, again in used))
        if key not in memo:
            memo[key] = naive_gpu(gpus[number], used, names, careful)
        return memo[key]

    def place(at: int, used: list[tuple]) -> None:
        nonlocal best
        if at == len(copies):
            parts = [per_gpu(n, u) for n, u in enumerate(used)]
            if all(p is not None for p in parts):
                score = tuple(sum(x) for x in zip(*parts, strict=True))
                if best is None or in_order(score, careful) < in_order(best, careful):
                    best = score
            return
        need = copies[at]
        for number, gpu in enumerate(gpus):
            now = {(i.profile, i.start): i for i in gpu.current}
            for name, row in rows(gpu.board.name).items():
                if not eligible(gpu.board.name, name, need):
                    continue
                for start in row["starts"]:
                    p = (name, start)
                    if not naive_valid(
                        gpu.board.name, {*(x for x, _, _ in used[number]), p}
                    ) or any(x == p for x, _, _ in used[number]):
                        continue
                    old = now.get(p)
                    if old is not None and old.keep:
                        continue
                    free = old is None or old.workload in ("", need.name)
                    more = list(used)
                    more[number] = (*used[number], (p, need, not free))
                    place(at + 1, more)

    place(0, [() for _ in gpus])
    return best


def random_case(seed: int):
    random_ = random.Random(seed)
    board = find_board(random_.choice(["A30-24GB", "A30-24GB", "RTX-PRO-6000-BW", "A100-80GB"]))
    large = board.name == "A100-80GB"
    gpus = []
    for index in range(1 if large else random_.randint(1, 2)):
        current = ()
        if random_.random() < 0.7:
            layout = random_.choice(layouts(board, media=random_.random() < 0.3))
            current = tuple(
                Instance(
                    profile=p.profile,
                    start=p.start,
                    size=p.size,
                    workload=random_.choice(["", "", "w0", "other"]),
                    keep=random_.random() < 0.15,
                )
                for p in layout
                if random_.random() < 0.6
            )
        gpus.append(Gpu(index=index, board=board, current=current))
    sizes = sorted({p.memory_gib for p in board.profiles})
    sms = sorted({p.sms for p in board.profiles})
    needs = [
        Need(
            name=f"w{n}",
            count=random_.choice([1, 1, 2]) if n == 0 else 1,
            memory=random_.choice(sizes[:-1]) * random_.choice([0.6, 1]),
            sms=random_.choice([None, *sms[:-1]]),
            nvdec=int(random_.random() < 0.2),
            ofa=int(random_.random() < 0.15),
        )
        for n in range(random_.randint(1, 2))
    ]
    return needs, gpus


@pytest.mark.parametrize("block", range(8))
def test_plans_are_as_good_as_trying_everything(block):
    feasible = 0
    for seed in range(block * 12, block * 12 + 12):
        needs, gpus = random_case(seed)
        careful = seed % 3 == 0
        expected = naive_plan(needs, gpus, careful)
        if all(
            not eligible(gpus[0].board.name, p.name, n)
            for n in needs
            for p in gpus[0].board.profiles
        ):
            continue
        try:
            found = plan(needs, gpus, careful=careful)
        except ConfigError:
            assert expected is None, seed
            continue
        if expected is None:
            assert found is None, seed
            continue
        assert found is not None, seed
        assert found.proven
        score = found.score
        assert (score.gpus, score.stranded, score.destroyed) == expected, seed
        feasible += 1
    assert feasible >= 3


def test_alternatives_are_as_good_as_trying_everything():
    """Under a condition the best plan may need a layout that is not the best of its kind."""
    compared = 0
    for seed in range(200, 290):
        needs, gpus = random_case(seed)
        try:
            best = plan(needs, gpus)
        except ConfigError:
            continue
        if best is None or not best.score.destroyed:
            continue
        least = naive_plan(needs, gpus, careful=True)
        count = best.score.gpus
        if least[0] != count or least[2] == best.score.destroyed:
            continue
        other = plan(needs, gpus, limits=Limits(gpus=count, destroyed=least[2]))
        assert other is not None, seed
        assert (other.score.gpus, other.score.stranded, other.score.destroyed) == least, seed
        compared += 1
    assert compared >= 3


def test_the_naive_planner_sees_a_difference():
    """The comparison can fail: a plan that ignores what stands there scores differently."""
    board = find_board("A30-24GB")
    old = Instance(profile="1g.6gb", start=1, size=1, workload="other")
    needs = [Need(name="a", memory=10, sms=20, count=2)]
    assert naive_plan(needs, [Gpu(index=0, board=board)]) == (1, 0, 0)
    assert naive_plan(needs, [Gpu(index=0, board=board, current=(old,))]) == (1, 0, 1)


@pytest.mark.parametrize("name", ["A100-80GB", "H100-80GB-SXM", "A30-24GB", "RTX-PRO-6000-BW"])
def test_plans_are_never_worse_than_first_fit(name):
    board = find_board(name)
    random_ = random.Random(name)
    memory = sorted({p.memory_gib for p in board.profiles})
    better = 0
    for _ in range(20):
        gpus = [Gpu(index=n, board=board) for n in range(12)]
        needs = [
            Need(
                name=f"w{n}",
                memory=random_.choice(memory[:-1]) * 0.9,
                sms=random_.choice([None, 10, 20, 40]),
                nvdec=int(random_.random() < 0.1),
            )
            for n in range(random_.randint(3, 14))
        ]
        best, simple = plan(needs, gpus), first_fit(needs, gpus)
        assert best is not None
        assert best.proven
        if simple is not None:
            assert best.score <= simple.score
            better += best.score < simple.score
    assert better or name.startswith(("A30", "RTX"))
