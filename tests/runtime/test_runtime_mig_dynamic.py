"""Small problems solved by tables, against HiGHS on the same model: other code, equal plans."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from runtime.mig import dynamic
from runtime.mig.boards import find_board
from runtime.mig.columns import Use
from runtime.mig.dynamic import TooLarge, solve_small
from runtime.mig.fleet import Gpu, Instance
from runtime.mig.layouts import layouts
from runtime.mig.model import build
from runtime.mig.needs import Need
from runtime.mig.planner import plan
from runtime.mig.solver import solve_whole

BOARDS = ("A100-80GB", "H100-80GB-SXM", "A30-24GB", "RTX-PRO-6000-BW")


def some_gpus(source, count, *, mixed):
    board = find_board(source.choice(BOARDS))
    made = []
    for index in range(count):
        if mixed:
            board = find_board(source.choice(BOARDS))
        layout = source.choice(layouts(board)) if source.random() < 0.6 else ()
        current = tuple(
            Instance(
                profile=p.profile,
                start=p.start,
                size=p.size,
                workload=source.choice(["", "", "w0", "w1", "other"]),
                keep=source.random() < 0.15,
            )
            for p in layout
            if source.random() < 0.6
        )
        made.append(Gpu(index=index, board=board, current=current))
    return made


def some_needs(source, gpus, count):
    made = []
    for n in range(count):
        profile = source.choice(source.choice(gpus).board.profiles)
        memory = (profile.memory_gib or 1) * source.uniform(0.4, 1)
        sms = source.choice([None, (profile.sms or 1) * source.uniform(0.5, 1)])
        made.append(Need(name=f"w{n}", memory=memory, sms=sms, count=source.choice([1, 1, 2])))
    return made


@pytest.mark.parametrize("block", range(5))
def test_the_tables_find_what_the_solver_finds(block):
    source = random.Random(block)
    feasible = 0
    for case in range(12):
        gpus = some_gpus(source, source.randint(1, 4), mixed=case % 4 == 0)
        needs = some_needs(source, gpus, source.randint(1, 4))
        model = build(needs, gpus, careful=case % 3 == 0)
        whole = solve_whole(model)
        try:
            small = solve_small(model, 30.0)
        except TooLarge:
            continue
        assert (small is None) == (whole is None), (block, case)
        if small is not None and whole is not None:
            assert whole.proven
            assert small.values == whole.values, (block, case)
            feasible += 1
    assert feasible >= 4


def test_of_equal_plans_the_one_that_creates_least():
    board = find_board("A100-80GB")
    old = Instance(profile="3g.40gb", start=4, size=4)
    needs = [Need(name="llm", memory=35, sms=40)]
    best = plan(needs, [Gpu(index=0, board=board, current=(old,))])
    assert [(str(i.placement), i.use) for i in best.gpus[0].instances] == [("3g.40gb@4", Use.REUSE)]


def test_what_is_too_large_goes_to_the_solver(monkeypatch):
    board = find_board("A100-80GB")
    gpus = [Gpu(index=n, board=board) for n in range(6)]
    many = [Need(name="a", memory=9, count=33)]
    with pytest.raises(TooLarge):
        solve_small(build(many, gpus), 30.0)
    assert plan(many, gpus).proven
    few = [Need(name="a", memory=9, count=3)]
    expected = plan(few, gpus).score
    monkeypatch.setattr(dynamic, "MOST_STEPS", 3)
    with pytest.raises(TooLarge):
        solve_small(build(few, gpus), 30.0)
    assert plan(few, gpus).score == expected


def test_no_plan_is_told_by_both():
    board = find_board("A30-24GB")
    needs = [Need(name="a", profile="4g.24gb", count=2)]
    model = build(needs, [Gpu(index=0, board=board)])
    assert solve_small(model, 30.0) is None
    assert solve_whole(model) is None


def test_small_problems_need_no_scipy():
    code = (
        "import sys; from runtime.mig.planner import plan; from runtime.mig.needs import Need;"
        "from runtime.mig.fleet import Gpu; from runtime.mig.boards import find_board;"
        "plan([Need(name='a')], [Gpu(index=0, board=find_board('A30-24GB'))]);"
        "print('scipy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
