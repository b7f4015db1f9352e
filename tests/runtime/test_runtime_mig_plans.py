"""Needs, plans and alternatives."""

from __future__ import annotations

import pytest

from runtime.errors import ConfigError, RunError
from runtime.mig.alternatives import alternatives
from runtime.mig.boards import find_board
from runtime.mig.columns import Use
from runtime.mig.firstfit import first_fit
from runtime.mig.fleet import Gpu, Instance
from runtime.mig.layouts import Placement
from runtime.mig.needs import Need, offers, undominated
from runtime.mig.planner import gpus_needed, plan
from runtime.mig.plans import Assigned, GpuPlan, judged
from runtime.mig.report import headline
from runtime.mig.solver import Limits
from runtime.mig.validity import parse_layout

A100 = find_board("A100-80GB")
H200 = find_board("H200-141GB")
RTX = find_board("RTX-PRO-6000-BW")


def gpu(board=A100, text: str = "", index: int = 0, **marks) -> Gpu:
    """Return a GPU with instances that all have the same marks."""
    placed = parse_layout(board, text)[0] if text else []
    current = tuple(
        Instance(profile=p.profile, start=p.start, size=p.size, **marks) for p in placed
    )
    return Gpu(index=index, board=board, current=current)


def names(board, need: Need) -> list[str]:
    return [o.profile.name for o in offers(board, need).offers]


# --- needs ---


def test_memory_sms_share_rate_and_media_choose_profiles():
    assert names(A100, Need(name="a", memory=18))[:2] == ["1g.20gb", "2g.20gb"]
    assert names(A100, Need(name="a", sms=20))[0] == "2g.20gb"
    assert names(A100, Need(name="a", rate=500, rate_per_sm=25)) == names(
        A100, Need(name="a", sms=20)
    )
    assert names(A100, Need(name="a", share=0.5))[0] == "4g.40gb"
    assert names(A100, Need(name="a", ofa=1)) == ["1g.10gb+me", "7g.80gb"]
    assert names(A100, Need(name="a", profile="3g.40gb")) == ["3g.40gb"]
    refused = dict(offers(A100, Need(name="a", memory=18)).refusals)
    assert refused == {"1g.10gb": "9.5 GiB", "1g.10gb+me": "9.5 GiB"}


def test_sms_are_not_taken_as_proportional():
    h100 = find_board("H100-80GB-SXM")
    assert "1g.20gb" in names(h100, Need(name="a", sms=26))
    assert "1g.20gb" not in names(h100, Need(name="a", sms=27))


def test_unknown_figures_are_not_assumed():
    refused = dict(offers(find_board("B200-180GB"), Need(name="a", memory=10)).refusals)
    assert set(refused.values()) == {"its memory is not known"}
    assert names(H200, Need(name="a", memory=60))[0] in ("3g.71gb", "4g.71gb")
    assert dict(offers(H200, Need(name="a", sms=60)).refusals)["4g.71gb"] == "32 SMs"


def test_larger_profiles_are_dropped_where_smaller_ones_can_stand_for_them():
    def kept(board, need):
        return {o.profile.name for o in undominated(offers(board, need).offers, board)}

    assert kept(A100, Need(name="a", memory=5)) == {"1g.10gb"}
    assert kept(A100, Need(name="a", memory=18)) == {"1g.20gb"}
    assert kept(A100, Need(name="a", nvdec=1)) == {"1g.10gb+me", "1g.20gb"}
    assert kept(RTX, Need(name="a")) == {"1g.24gb-me"}


# --- plans ---


def test_a_plan_packs_reuses_and_says_what_is_stranded():
    needs = [Need(name="llm", memory=35, sms=40), Need(name="small", memory=8, count=3)]
    best = plan(needs, [gpu(text="3g.40gb@4"), gpu(index=1)])
    assert best is not None
    assert best.proven
    assert best.score.gpus == 1
    assert best.score.destroyed == 0
    used = {str(i.placement): (str(i.use), i.workload) for i in best.gpus[0].instances}
    assert used["3g.40gb@4"] == ("reuse", "llm")
    assert sum(w == "small" for _, w in used.values()) == 3
    assert not best.gpus[1].in_use


def test_instances_that_must_stay_stay():
    needs = [Need(name="big", memory=35, count=2)]
    moved = plan(needs, [gpu(text="1g.10gb@2", workload="other")])
    assert moved is not None
    assert moved.score.destroyed == 1
    assert plan(needs, [gpu(text="1g.10gb@2", keep=True)]) is None
    two = plan(needs, [gpu(text="1g.10gb@2", keep=True), gpu(index=1)])
    assert two is not None
    assert two.score.gpus == 2
    assert two.score.destroyed == 0


def test_a_workload_goes_on_where_it_runs():
    needs = [Need(name="llm", memory=35, sms=40), Need(name="x", memory=35, sms=40)]
    best = plan(needs, [gpu(text="3g.40gb@0", workload="llm")])
    assert best is not None
    assert {str(i.placement): i.workload for i in best.gpus[0].instances} == {
        "3g.40gb@0": "llm",
        "3g.40gb@4": "x",
    }
    assert best.score.destroyed == 0


def test_a_variant_never_takes_the_name_of_what_it_replaces():
    """Two 2g and a 1g around an instance that stays: the 1g replaces another workload's."""
    places = {0: "other", 6: "other", 9: "w0"}
    current = tuple(
        Instance(profile="1g.24gb", start=s, size=3, workload=w, keep=s == 6)
        for s, w in places.items()
    )
    needs = [
        Need(name="w0", count=2, memory=47.38, sms=46, nvdec=1),
        Need(name="w1", memory=23.62),
    ]
    gpus = [Gpu(index=0, board=RTX, current=current), Gpu(index=1, board=RTX)]
    assert plan(needs, gpus) is not None


def test_plain_profiles_are_preferred_to_variants():
    best = plan([Need(name="a", memory=20, count=3)], [gpu(RTX)])
    assert best is not None
    assert {i.placement.profile for i in best.gpus[0].instances} == {"1g.24gb"}


def test_media_engines_are_shared_out():
    needs = [Need(name="video", nvdec=1, ofa=1), Need(name="a", memory=8, count=6)]
    best = plan(needs, [gpu()])
    assert best is not None
    assert max(i.placement.profile for i in best.gpus[0].instances) == "1g.10gb+me"
    assert plan([Need(name="video", ofa=1, count=2)], [gpu()]) is None
    assert gpus_needed([Need(name="video", ofa=1, count=2)], [gpu()], A100) == 1


def test_boards_may_differ():
    needs = [Need(name="a", memory=60), Need(name="b", memory=5, count=4)]
    best = plan(needs, [gpu(find_board("A30-24GB")), gpu(A100, index=1)])
    assert best is not None
    assert best.score.gpus == 2
    assert [len(g.instances) for g in best.gpus] == [4, 1]


def test_an_empty_answer_and_how_many_gpus_are_missing():
    needs = [Need(name="a", memory=30, count=9)]
    assert plan(needs, [gpu()]) is None
    assert gpus_needed(needs, [gpu()], A100) == 4
    assert gpus_needed([Need(name="a", memory=500)], [gpu()], A100) is None


def test_everything_that_is_wrong_is_said_at_once():
    needs = [
        Need(name="a", memory=-1),
        Need(name="a", rate=5),
        Need(name="b", count=0),
    ]
    bad = Instance(profile="3g.40gb", start=2, size=4)
    with pytest.raises(ConfigError) as caught:
        plan(needs, [Gpu(index=0, board=A100, current=(bad,))])
    text = str(caught.value)
    for part in ("memory", "rate_per_sm", "count", "one need of that name", "a start of 0, 4"):
        assert part in text
    with pytest.raises(ConfigError, match="at least one need"):
        plan([], [])
    with pytest.raises(ConfigError, match=r"A100-80GB: 7g\.80gb: 79 GiB"):
        plan([Need(name="a", memory=90)], [gpu()])
    with pytest.raises(ConfigError, match="no such profile"):
        plan([Need(name="a", profile="1g.5gb")], [gpu()])


def test_limits_show_what_an_alternative_costs():
    needs = [Need(name="big", memory=35, count=2)]
    gpus = [gpu(text="1g.10gb@2", workload="other", index=n) for n in range(2)]
    best = plan(needs, gpus)
    careful = plan(needs, gpus, limits=Limits(destroyed=0))
    assert best is not None
    assert careful is not None
    assert (best.score.gpus, best.score.destroyed) == (1, 1)
    assert (careful.score.gpus, careful.score.destroyed) == (2, 0)
    others = {a.name: a for a in alternatives(best, needs, gpus)}
    assert others["destroy nothing"].reason == "takes 1 more"
    assert others["first-fit-decreasing"].score.gpus == 2


def test_destroying_little_can_come_first():
    """At slot 6 an instance makes slot 7 useless; moving it saves that and costs a live one."""
    needs, gpus = [Need(name="a", profile="1g.10gb")], [gpu(text="1g.10gb@6")]
    best, careful = plan(needs, gpus), plan(needs, gpus, careful=True)
    assert best is not None
    assert careful is not None
    assert (best.score.destroyed, float(best.score.stranded)) == (1, 0.0)
    assert (careful.score.destroyed, float(careful.score.stranded)) == (0, 0.125)
    assert careful.proven
    others = {a.name: a.reason for a in alternatives(best, needs, gpus)}
    assert others["destroy nothing"] == "strands 0.12 GPU more"
    names_ = [a.name for a in alternatives(careful, needs, gpus)]
    assert "destroy nothing" not in names_


def test_why_one_gpu_less_is_impossible():
    def reason(needs, gpus):
        best = plan(needs, gpus)
        assert best is not None
        return alternatives(best, needs, gpus)[0].reason

    two = [gpu(), gpu(index=1)]
    assert "10 memory slots" in reason(
        [Need(name="a", memory=18, count=3), Need(name="b", memory=35)], two
    )
    assert "compute slices" in reason([Need(name="a", sms=50, count=2)], two)
    hard = [Need(name="a", sms=40, count=2), Need(name="b", memory=5)]
    assert "no valid layouts" in reason(hard, two) or "memory slots" in reason(hard, two)


def test_a_wrong_plan_is_refused():
    needs = [Need(name="a", memory=18)]
    small = Assigned(placement=Placement(0, 1, "1g.10gb"), use=Use.CREATE, workload="a")
    with pytest.raises(RunError, match=r"1g\.10gb@0 for a"):
        judged([GpuPlan(gpu=gpu(), instances=(small,), destroyed=())], needs)
    with pytest.raises(RunError, match="0 of 1 instances"):
        judged([GpuPlan(gpu=gpu(), instances=(), destroyed=())], needs)
    with pytest.raises(RunError, match="lost from sight"):
        judged([GpuPlan(gpu=gpu(text="1g.20gb@0"), instances=(), destroyed=())], [])


def test_first_fit_leaves_what_stands():
    best = first_fit([Need(name="a", memory=35)], [gpu(text="1g.10gb@0"), gpu(index=1)])
    assert best is not None
    assert [str(i.placement) for i in best.gpus[0].instances] == ["1g.10gb@0", "3g.40gb@4"]
    assert not best.gpus[1].in_use
    assert first_fit([Need(name="a", memory=35, count=3)], [gpu()]) is None


def test_a_gap_is_stated_when_time_runs_out(monkeypatch):
    """A solver that stops early hands over its plan with the bound it had."""
    from scipy import optimize

    real = optimize.milp

    def early(*words, **options):
        done = real(*words, **options)
        done.status, done.mip_dual_bound = 1, done.fun - 1.0
        return done

    needs = [Need(name="a", memory=35, count=3)]
    monkeypatch.setattr("runtime.mig.dynamic.MOST_STEPS", 0)
    monkeypatch.setattr(optimize, "milp", early)
    best = plan(needs, [gpu(index=n) for n in range(2)])
    assert best is not None
    assert not best.proven
    assert best.bound is not None
    assert best.bound.gpus == 1
    assert "not proven best" in headline(best)
    assert "no plan is below 1 GPUs" in headline(best)
    assert "not ruled out" in alternatives(best, needs, [gpu(index=n) for n in range(2)])[0].reason

    def nothing(*words, **options):
        done = real(*words, **options)
        done.status, done.x = 1, None
        return done

    monkeypatch.setattr(optimize, "milp", nothing)
    with pytest.raises(RunError, match="raise --time-limit"):
        plan(needs, [gpu(index=n) for n in range(2)])


def test_sixty_four_workloads():
    needs = [
        Need(name=f"w{n}", memory=(8, 18, 8, 38, 8, 18, 8, 8)[n % 8], sms=(10, 20)[n % 2])
        for n in range(64)
    ]
    best = plan(needs, [gpu(index=n) for n in range(30)])
    assert best is not None
    assert best.proven
    served = [i.workload for g in best.gpus for i in g.instances]
    assert sorted(served) == sorted(n.name for n in needs)
