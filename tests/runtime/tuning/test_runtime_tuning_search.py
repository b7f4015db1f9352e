"""The searches on systems whose best settings are known."""

from __future__ import annotations

import pytest

from runtime.errors import RunError
from runtime.tuning.flow import CONFIRM_STEPS
from runtime.tuning.model import Candidate


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
