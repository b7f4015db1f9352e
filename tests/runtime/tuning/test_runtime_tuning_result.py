"""What a search leaves: result, table, plot, and how early and disturbed trials are told."""

from __future__ import annotations

import csv
import io
import json
import sys
from xml.etree import ElementTree as ET

import msgspec
import pytest

from runtime.configs.schema import Offline, Server
from runtime.loadgen.progress import Progress
from runtime.record import QUICK_NOTE, STATEMENT
from runtime.tuning.hopeless import Hopeless, watch
from runtime.tuning.model import Trial
from runtime.tuning.plots import draw, drawing_of, table_of
from runtime.tuning.quiet import Meter
from runtime.tuning.rate import is_clear
from runtime.tuning.result import write_files

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def tuned(tmp_path, paper):
    bench = paper.bench_of(paper.System(), tmp_path / "t")
    return paper.summary(bench, paper.search_on(bench))


def test_the_result_carries_everything_that_says_so(tuned, tmp_path, monkeypatch):
    copies = tmp_path / "copies"
    monkeypatch.setenv("HARNESS_RECORD_DIR", str(copies))
    written = write_files(tuned, tmp_path / "t")
    assert written.problems == ()
    stored = json.loads((tmp_path / "t" / "tune.json").read_bytes())
    assert stored["kind"] == "calliope.tune"
    assert stored["status"] == "confirmed"
    assert stored["statement"] == STATEMENT
    assert QUICK_NOTE in stored["notes"]
    assert len(stored["trials"]) == len(tuned.trials) > 10
    assert stored["files"] == {"entry": "entry.py", "table": "plot.csv", "plot": "plot.svg"}
    for name in stored["files"].values():
        assert (tmp_path / "t" / name).stat().st_size > 100
    (copy,) = copies.iterdir()
    assert json.loads(copy.read_bytes()) == stored


def test_the_table_has_every_trial_with_units(tuned):
    rows = list(csv.reader(io.StringIO(table_of(tuned))))
    assert rows[0][:2] == ["trial", "stage"]
    assert "completed (queries/s)" in rows[0]
    assert "p99 latency (ms)" in rows[0]
    assert len(rows) == 1 + len(tuned.trials)
    assert {row[-1] for row in rows[1:]} == {t.verdict for t in tuned.trials}


def test_the_plot_has_a_mark_for_each_trial_and_starts_at_zero(tuned):
    drawing = drawing_of(tuned)
    assert sum(map(len, drawing.series.values())) <= len(tuned.trials)
    assert drawing.bound == 10.0
    assert drawing.best == tuned.value
    text = draw(drawing)
    assert draw(drawing) == text, "the same data gives the same bytes"
    root = ET.fromstring(text)
    assert root.find(f"{SVG}title").text.startswith("cpu/digits/server (confirmed): p99 latency")
    words = {"".join(e.itertext()).strip() for e in root.iter(f"{SVG}text")}
    assert {"0", "rate (queries/s)", "p99 latency (ms)", "bound 10 ms", "result"} <= words
    groups = [g for g in root.iter(f"{SVG}g") if g.get("id", "").startswith("PathCollection")]
    drawn = sum(max(1, len(list(g.iter(f"{SVG}use")))) for g in groups)
    assert drawn >= sum(map(len, drawing.series.values()))


def test_the_plot_is_readable_on_light_and_dark_pages(tuned):
    text = draw(drawing_of(tuned))
    assert "prefers-color-scheme:dark" in text
    assert "var(--pst-color-text-base, currentColor)" in text
    assert not {f"#0{n}0{n}0{n}" for n in range(1, 7)} & set(text.split())
    assert "#000000" not in text
    assert "white" not in text


def test_an_offline_plot_compares_with_the_bare_loop(tmp_path, paper):
    bench = paper.bench_of(paper.System(), tmp_path / "o", "offline")
    tuned = paper.summary(bench, paper.search_on(bench))
    drawing = drawing_of(tuned, {128: 9000.0, 64: 8000.0})
    assert drawing.across == "batch_size"
    assert drawing.lines["bare loop around the backend, one lane"][0] == (64.0, 8000.0)
    assert "bare loop" in draw(drawing)


def test_an_offline_search_without_time_for_a_field_has_a_plot(tmp_path, paper):
    bench = paper.bench_of(paper.System(), tmp_path / "o", "offline")
    tuned = paper.summary(bench, paper.search_on(bench))
    own = tuple(t for t in tuned.trials if not t.changes)
    assert own
    drawing = drawing_of(msgspec.structs.replace(tuned, trials=own, changes={}))
    assert drawing.across == "batch_size"
    (points,) = drawing.series.values()
    assert {p.x for p in points} == {float(tuned.own["batch_size"])}
    assert draw(drawing).startswith("<svg")
    assert drawing_of(msgspec.structs.replace(tuned, trials=())) is None


def test_without_matplotlib_all_but_the_plot_is_there(tuned, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    written = write_files(tuned, tmp_path / "t")
    (problem,) = written.problems
    assert "pip install 'calliope-harness[docs]'" in problem.do
    assert "no trial is repeated" in problem.do
    assert sorted(written.tuning.files) == ["entry", "table"]
    assert not (tmp_path / "t" / "plot.svg").exists()


def test_a_search_that_found_nothing_has_no_entry(tmp_path, paper):
    bench = paper.bench_of(paper.System(floor_ms=50.0), tmp_path / "t")
    tuned = paper.summary(bench, paper.search_on(bench))
    assert (tuned.status, tuned.entry, tuned.value) == ("nothing", "", None)
    written = write_files(tuned, tmp_path / "t")
    assert "entry" not in written.tuning.files


def test_a_stopped_search_says_that_its_entry_is_not_confirmed(tmp_path, paper):
    bench = paper.bench_of(paper.System(stop_at=6), tmp_path / "t")
    tuned = paper.summary(bench, paper.search_on(bench))
    assert (tuned.status, tuned.reason) == ("unconfirmed", "the user stopped the search")
    assert "Not confirmed: the user stopped the search." in tuned.entry


SERVER = Server(target_qps=1000.0, target_latency_ms=10.0, min_duration_ms=2000)
OFFLINE = Offline(target_qps=1000.0)


@pytest.mark.parametrize(
    ("settings", "done", "elapsed", "beat", "ends"),
    [
        (SERVER, 980, 1.0, None, False),  # keeps up
        (SERVER, 850, 1.0, None, False),  # behind, but not yet certain
        (SERVER, 500, 1.0, None, True),
        (SERVER, 0, 0.5, None, True),
        (SERVER, 0, 0.2, None, False),  # too early to tell
        (OFFLINE, 100, 1.0, 1000.0, True),
        (OFFLINE, 900, 1.0, 1000.0, False),
        (OFFLINE, 100, 1.0, None, False),  # nothing to beat
    ],
)
def test_a_trial_ends_early_only_when_that_is_certain(settings, done, elapsed, beat, ends):
    seen = []
    take = watch(settings, beat, seen.append)
    report = Progress(phase="timed", done=done, total=2000, unit="u", elapsed_s=elapsed)
    if ends:
        with pytest.raises(Hopeless):
            take(report)
    else:
        take(report)
    assert seen == [report]
    take(Progress(phase="load", done=0, total=1, unit="u", elapsed_s=99.0))


def test_a_disturbed_run_is_no_clear_failure():
    trial = Trial(
        number=1,
        key="k",
        purpose="bisect",
        changes={},
        verdict="ABORTED",
        value=1.0,
        saturated=True,
    )
    assert is_clear(trial, 10.0)
    assert not is_clear(msgspec.structs.replace(trial, disturbed=True), 10.0)


def test_the_meter_counts_only_the_work_of_others(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr("runtime.tuning.quiet.psutil.cpu_count", lambda: 2)
    busy, ours, now = [10.0], [1.0], [0.0]
    monkeypatch.setattr("runtime.tuning.quiet._busy_s", lambda: busy[0])
    monkeypatch.setattr("runtime.tuning.quiet._ours_s", lambda: ours[0])
    monkeypatch.setattr("runtime.tuning.quiet.monotonic", lambda: now[0])
    meter = Meter()
    busy[0], ours[0], now[0] = 13.0, 3.9, 2.0
    assert meter.read().cores == 0.05
    assert not meter.read().disturbed
    busy[0] = 14.0
    assert meter.read().cores == 0.55
    assert meter.read().disturbed
