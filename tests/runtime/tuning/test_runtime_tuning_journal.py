"""The journal: what is kept, what is found again, and what must not be."""

from __future__ import annotations

import json

import msgspec
import pytest

from runtime.errors import ArtifactError
from runtime.tuning import journal
from runtime.tuning.bench import OutOfBudget
from runtime.tuning.journal import JOURNAL, Journal
from runtime.tuning.model import Candidate


def test_a_second_call_runs_nothing_again(tmp_path, paper):
    first, second = paper.System(), paper.System()
    found = paper.search_on(paper.bench_of(first, tmp_path / "t"))
    bench = paper.bench_of(second, tmp_path / "t")
    again = paper.search_on(bench)
    assert first.calls
    assert second.calls == []
    assert (again.changes, again.value, again.confirmations) == (
        found.changes,
        found.value,
        found.confirmations,
    )
    assert bench.spent_s == 0.0


@pytest.mark.parametrize("stop_at", [1, 2, 7, 16])
def test_a_search_that_is_stopped_keeps_all_and_goes_on(tmp_path, paper, stop_at):
    whole = paper.System()
    expected = paper.search_on(paper.bench_of(whole, tmp_path / "whole"))
    stopped = paper.System(stop_at=stop_at)
    bench = paper.bench_of(stopped, tmp_path / "t")
    found = paper.search_on(bench)
    assert found.error is not None
    assert found.reason == "the user stopped the search"
    assert len(Journal(tmp_path / "t")) == stop_at - 1
    rest = paper.System()
    again = paper.search_on(paper.bench_of(rest, tmp_path / "t"))
    assert len(rest.calls) == len(whole.calls) - (stop_at - 1)
    assert again.changes == expected.changes


def test_the_order_is_the_same_every_time(tmp_path, paper):
    calls = []
    for name in ("a", "b"):
        system = paper.System()
        paper.search_on(paper.bench_of(system, tmp_path / name))
        calls.append(system.calls)
    assert calls[0] == calls[1]


def test_what_a_trial_depended_on_is_its_key(tmp_path, paper, monkeypatch):
    def key(name, **options):
        bench = paper.bench_of(paper.System(), tmp_path / name, **options)
        return bench.keys.of(bench.settings(Candidate(changes={}, purpose="x")))

    plain = key("a")
    assert key("b") == plain
    assert key("c", overrides=("lanes=2",)) != plain
    assert key("d", trial_s=2.0) != plain
    assert key("e", scenario="offline") != plain
    monkeypatch.setattr(journal, "source_digest", lambda: "other")
    assert key("f") != plain
    monkeypatch.undo()
    other = msgspec.structs.replace(journal.read_machine(), cores=999)
    monkeypatch.setattr(journal, "read_machine", lambda: other)
    assert key("g") != plain


def test_source_digest_covers_what_measures_and_nothing_else(tmp_path, monkeypatch):
    root = tmp_path / "runtime"
    for part in (*journal.MEASURING, "tuning", "cli"):
        if part.endswith(".py"):
            (root / part).write_text("a = 1\n")
            continue
        (root / part).mkdir(parents=True)
        (root / part / "a.py").write_text("a = 1\n")
    monkeypatch.setattr(journal, "__file__", str(root / "tuning" / "journal.py"))
    before = journal.source_digest()
    (root / "tuning" / "a.py").write_text("a = 2\n")
    (root / "cli" / "a.py").write_text("a = 2\n")
    assert journal.source_digest() == before
    (root / "loadgen" / "a.py").write_text("a = 2\n")
    assert journal.source_digest() != before


def test_repeated_runs_of_the_same_settings_are_used_in_order(tmp_path, paper):
    bench = paper.bench_of(paper.System(noise=0.1), tmp_path / "t", "offline")
    one = Candidate(changes={}, purpose="confirm")
    values = [bench.measure(one).value for _ in range(3)]
    assert len(set(values)) == 3
    again = paper.bench_of(paper.System(noise=0.1, seed=9), tmp_path / "t", "offline")
    assert [again.measure(one).value for _ in range(3)] == values
    assert again.measure(one).value not in values


def test_a_journal_that_is_none_is_an_error_with_its_mend(tmp_path):
    (tmp_path / JOURNAL).write_text('{"trials": [')
    with pytest.raises(ArtifactError, match=r"journal of harness tune.*move it away"):
        Journal(tmp_path)
    (tmp_path / JOURNAL).write_text(json.dumps({"trials": [], "schema": 99}))
    with pytest.raises(ArtifactError, match="version 99"):
        Journal(tmp_path)


def test_the_budget_ends_the_search_but_leaves_time_to_confirm(tmp_path, paper, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("runtime.tuning.bench.monotonic", lambda: clock[0])

    class Slow(paper.System):
        def __call__(self, plan, *rest, **named):
            clock[0] += 2.0
            return super().__call__(plan, *rest, **named)

    system = Slow()
    bench = paper.bench_of(system, tmp_path / "t", budget_s=30.0)
    found = paper.search_on(bench)
    assert found.reason == "the budget ended before every field was tried"
    assert found.confirmations == 3
    assert bench.spent_s <= 30.0
    short = paper.bench_of(Slow(), tmp_path / "u", budget_s=3.0)
    found = paper.search_on(short)
    assert found.value is None
    assert found.reason == "the budget ended before any candidate was VALID"
    with pytest.raises(OutOfBudget):
        short.measure(Candidate(changes={"target_qps": 5.0}, purpose="bracket"))
