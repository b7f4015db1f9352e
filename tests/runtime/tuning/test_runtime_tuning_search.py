"""The searches on systems whose best settings are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.errors import Problem, RunError
from runtime.tuning.atrate import CONFIRM_STEPS
from runtime.tuning.axes import axes_of, make_fits
from runtime.tuning.model import Candidate
from runtime.tuning.shape import affordable
from runtime.vocabulary import HarnessKind


def settings_of(bench, found):
    import dataclasses

    return dataclasses.replace(bench.plan.settings, **found.changes)


@pytest.mark.parametrize("base", [3.0, 170.0, 1_000.0, 9_000.0, 400_000.0])
def test_server_finds_the_highest_rate_of_the_best_values(tmp_path, paper, base):
    system = paper.System(base=base)
    bench = paper.bench_of(system, tmp_path / "t")
    found = paper.search_on(bench)
    best = settings_of(bench, found)
    assert found.confirmations == 3
    assert (best.lanes, best.batch_size) == (2, 64), found.changes
    limit = system.best_rate(best)
    assert limit / 1.06 <= found.value <= limit * 1.001
    assert limit * 0.99 <= found.failed_at
    grid = 17 * 4 * 5 * 4  # batch sizes, lanes, delays, threads
    assert len(system.calls) < grid / 20


def test_server_settles_for_less_on_a_noisy_machine_but_confirms_it(tmp_path, paper):
    for seed in range(12):
        system = paper.System(base=1_000.0, hiccup=0.15, seed=seed)
        bench = paper.bench_of(system, tmp_path / f"t{seed}")
        found = paper.search_on(bench, fields=["lanes"])
        assert found.value is not None, seed
        assert found.confirmations == 3, seed
        assert [t.verdict for t in found.runs] == ["VALID"] * 3
        limit = system.best_rate(settings_of(bench, found))
        assert limit * 0.5 < found.value <= limit, (seed, found.value, limit)


def test_a_value_counts_only_where_it_holds_what_the_old_one_could_not(tmp_path, paper):
    system = paper.System(base=1_000.0, knee=32, lanes=1)  # the entry's own values are the best
    bench = paper.bench_of(system, tmp_path / "t")
    found = paper.search_on(bench)
    assert set(found.changes) == {"target_qps"}


def test_server_without_a_rate_that_holds_says_so(tmp_path, paper):
    system = paper.System(base=1_000.0, floor_ms=50.0)  # the bound is 10 ms
    bench = paper.bench_of(system, tmp_path / "t")
    found = paper.search_on(bench)
    assert found.value is None
    assert found.changes == {}
    assert found.confirmations == 0
    assert len(system.calls) < 30


def test_a_rate_that_is_never_confirmed_is_no_result(tmp_path, paper):
    class Fickle(paper.System):
        def __call__(self, plan, *rest, **named):
            self.hiccup = 1.0 if "confirm" in str(rest[0]) else 0.0
            return super().__call__(plan, *rest, **named)

    bench = paper.bench_of(Fickle(base=1_000.0), tmp_path / "t")
    found = paper.search_on(bench, fields=[])
    assert found.value is None
    assert sum(t.purpose == "confirm" for t in bench.used) == CONFIRM_STEPS


@pytest.mark.parametrize(("noise", "least"), [(0.0, 0.999), (0.04, 0.9)])
def test_offline_finds_the_knee(tmp_path, paper, noise, least):
    system = paper.System(base=1_000.0, noise=noise, seed=3)
    bench = paper.bench_of(system, tmp_path / "t", "offline")
    found = paper.search_on(bench)
    best = settings_of(bench, found)
    top = max(
        paper.System(base=1_000.0).capacity(
            settings_of(bench, type(found)(changes={"batch_size": b, "lanes": k}))
        )
        for b in (16, 32, 64, 128, 256)
        for k in (1, 2, 4)
    )
    assert paper.System(base=1_000.0).capacity(best) >= least * top
    assert found.confirmations >= 3
    assert found.changes["target_qps"] == pytest.approx(found.value, rel=0.01)
    assert len(system.calls) < 40


def test_a_tie_goes_to_the_entry_itself(tmp_path, paper):
    class Flat(paper.System):
        def capacity(self, settings):
            return 50_000.0 * (1 + 1e-4 * settings.lanes)

    bench = paper.bench_of(Flat(), tmp_path / "t", "offline")
    found = paper.search_on(bench)
    assert set(found.changes) == {"target_qps"}


def test_offline_sizes_its_query_by_what_it_measures(tmp_path, paper):
    system = paper.System(base=5.0)  # the entry expects thousands of times as much
    bench = paper.bench_of(system, tmp_path / "t", "offline")
    found = paper.search_on(bench, fields=["lanes"])
    assert found.confirmations == 3
    sizes = [s.min_sample_count for s in system.calls]
    assert sizes[0] > 50 * sizes[-1]


def test_streams_look_for_the_lowest_latency(tmp_path, paper):
    bench = paper.bench_of(paper.System(), tmp_path / "s", "single-stream")
    found = paper.search_on(bench)
    assert found.changes["intra_op_threads"] == 4
    assert found.changes["expected_latency_ms"] < found.value
    bench = paper.bench_of(paper.System(), tmp_path / "m", "multi-stream")
    found = paper.search_on(bench)
    assert found.changes["intra_op_threads"] == 4
    assert "batch_size" not in found.changes  # the whole query is the entry's own


def test_a_candidate_whose_run_dies_is_passed_over(tmp_path, paper):
    system = paper.System(dies_from=64)
    bench = paper.bench_of(system, tmp_path / "t")
    found = paper.search_on(bench)
    assert found.confirmations == 3
    assert settings_of(bench, found).batch_size == 32
    assert "FAILED" in {t.verdict for t in bench.used}
    with pytest.raises(RunError):  # but an entry that does not run at all is an error
        paper.search_on(paper.bench_of(paper.System(dies_from=1), tmp_path / "u"))


def test_hopeless_trials_end_early(tmp_path, paper):
    bench = paper.bench_of(paper.System(base=1_000.0, lanes=1, knee=32), tmp_path / "t")
    paper.search_on(bench)
    aborted = [t for t in bench.used if t.verdict == "ABORTED"]
    assert aborted
    assert all(t.saturated and "wait" in t.cause and t.latency_ms is None for t in aborted)


def test_full_confirms_with_the_entrys_own_durations(tmp_path, paper):
    system = paper.System(base=1_000.0)
    bench = paper.bench_of(system, tmp_path / "t")
    found = paper.search_on(bench, fields=["lanes"], full=True, confirmations=2)
    assert [t.full for t in found.runs] == [True, True]
    assert [s.min_duration_ms for s in system.calls[-2:]] == [600_000, 600_000]
    assert max(s.min_duration_ms for s in system.calls[:-2]) == 1_000


def test_a_server_trial_is_long_enough_to_show_an_overload(tmp_path, paper):
    bench = paper.bench_of(
        paper.System(), tmp_path / "t", overrides=("target_latency_ms=500",), trial_s=0.5
    )
    sized = bench.settings(Candidate(changes={}, purpose="bracket"))
    assert sized.min_duration_ms == 10_000


def test_the_budget_keeps_time_for_what_trials_really_cost(paper, tmp_path, monkeypatch):
    """A trial that starts a server costs seconds beside its timed part: the end is confirmed."""
    now = [0.0]
    monkeypatch.setattr("runtime.tuning.bench.monotonic", lambda: now[0])
    system = paper.System(noise=0.02)

    def execute(*arguments, **options):
        now[0] += 6.0
        return system(*arguments, **options)

    bench = paper.bench_of(execute, tmp_path / "s", scenario="offline", budget_s=90.0)
    found = paper.search_on(bench)
    assert found.confirmations == 3
    assert found.reason.startswith("the budget ended before every field was tried")
    assert bench.spent_s <= 90.0


def test_a_budget_that_is_too_short_says_what_would_do(paper, tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("runtime.tuning.bench.monotonic", lambda: now[0])
    system = paper.System()

    def execute(*arguments, **options):
        now[0] += 6.0
        return system(*arguments, **options)

    bench = paper.bench_of(execute, tmp_path / "s", scenario="offline", budget_s=22.0)
    found = paper.search_on(bench)
    tuning = paper.summary(bench, found)
    assert tuning.status == "unconfirmed"
    assert f"{found.confirmations} of 3 VALID runs" in tuning.reason
    assert "call it again with --budget" in tuning.reason


def test_a_run_that_fails_while_it_is_confirmed_is_made_up_for(paper, tmp_path):
    system, runs = paper.System(), []

    def execute(plan, out, on_progress=None, *, evidence=True):
        runs.append(out.name)
        if sum("confirm" in name for name in runs) == 2 and "confirm" in out.name:
            raise RunError(Problem("child process", "to end with a result", "signal 11", "see"))
        return system(plan, out, on_progress, evidence=evidence)

    bench = paper.bench_of(execute, tmp_path / "s", scenario="offline")
    found = paper.search_on(bench, fields=())
    assert [t.verdict for t in found.runs if not t.valid] == ["FAILED"]
    assert found.confirmations == 3


@pytest.mark.parametrize(
    ("left_s", "want"), [(None, 4), (80.0, 4), (79.0, 3), (69.0, 2), (59.0, 1), (0.0, 1)]
)
def test_finalists_are_as_many_as_the_time_decides(left_s, want):
    assert affordable(4, 3, 10.0, left_s) == want


def test_samples_of_a_request_go_down_from_the_largest_batch(paper):
    entry = paper.registry.entry("cpu/digits/offline@triton")
    axes = axes_of(entry.settings, paper.registry.target("cpu"), HarnessKind.TRITON)
    axis = next(a for a in axes if a.field == "triton_request_samples")
    assert axis.steps(0) == (None, 64)
    assert axis.steps(64) == (None, 32)
    fits = make_fits(paper.registry.target("cpu"), paper.registry.workload("digits"))
    settings = replace(entry.settings, triton_request_samples=64, batch_size=32)
    assert "more samples than the largest batch" in fits(settings)
