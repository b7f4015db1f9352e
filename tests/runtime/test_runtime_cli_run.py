"""`harness run`: outcomes, exit codes, files, with a stand-in for the measurement itself."""

from __future__ import annotations

import json
import re
import sys

import msgspec
import pytest
from click.testing import CliRunner

from runtime.cli import main
from runtime.cli.execution import exit_code
from runtime.cli.progress import describe
from runtime.errors import Interrupted, MissingError, Problem, RunError
from runtime.loadgen.progress import Progress
from runtime.plan import values_of
from runtime.record import (
    QUICK_NOTE,
    STATEMENT,
    Accuracy,
    Cause,
    Code,
    Machine,
    Metric,
    Model,
    RunRecord,
    Verdict,
    from_json,
    to_json,
)

ONE = ("run", "--target", "cpu", "--workload", "digits", "--scenario", "offline")
ALL = ("run", "--target", "cpu", "--workload", "digits")
TOO_SHORT = Cause(code="min-duration", text="want 500 ms, got 3 ms", do="set target_qps=5380")


def record_of(plan, verdict: Verdict, **more) -> RunRecord:
    metrics = (
        Metric(name="duration_ms", value=2_189.4, unit="ms", better="higher"),
        Metric(
            name="samples_per_s", value=63_968.4, unit="samples/s", better="higher", primary=True
        ),
        Metric(name="latency_p95_ms", value=1.0, unit="ms", better="lower"),
    )
    return RunRecord(
        key=plan.key,
        target=plan.target,
        workload=plan.workload,
        scenario=str(plan.scenario),
        mode=str(plan.mode),
        quick=plan.quick,
        created="2026-01-02T03:04:05+00:00",
        seconds=2.5,
        settings=values_of(plan.settings),
        overrides=plan.overrides,
        metrics=metrics,
        verdict=verdict,
        machine=Machine(cpu="c", cores=2, memory_gib=1.0, os="o", python="3"),
        packages={},
        code=Code(version="0"),
        model=Model(name="m", sha256=""),
        notes=((QUICK_NOTE,) if plan.quick else ()) + ("synthetic weights: speed only",),
        **more,
    )


@pytest.fixture
def harness(monkeypatch, tmp_path):
    """Return a function that runs the command; `plays` says how each run goes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARNESS_RECORD_DIR", raising=False)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "120")
    calls = []

    def call(*words: str, plays=(), **more):
        plan_of_play = list(plays)

        def execute(plan, out, on_progress=None):
            play = plan_of_play.pop(0) if plan_of_play else Verdict(result="VALID")
            calls.append(plan)
            for phase, done in (("load", 0), ("timed", 50), ("finish", 1)):
                on_progress(
                    Progress(phase=phase, done=done, total=100, unit="samples", elapsed_s=1.0)
                )
            partial = isinstance(play, (Interrupted, RunError))
            verdict = Verdict(result="PARTIAL", causes=(TOO_SHORT,)) if partial else play
            if isinstance(play, MissingError):
                raise play
            record = record_of(plan, verdict, **more)
            out.mkdir(parents=True)
            (out / "record.json").write_bytes(to_json(record))
            if partial:
                raise play
            return record

        monkeypatch.setattr("runtime.loadgen.session.execute", execute)
        try:
            runner = CliRunner(mix_stderr=False)
        except TypeError:
            runner = CliRunner()
        done = runner.invoke(main, list(words), prog_name="harness")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    call.plans = calls
    return call


def stop() -> Interrupted:
    return Interrupted(Problem("run", "to end by itself", "a stop", "run again"))


def died() -> RunError:
    return RunError(Problem("child process", "to end with a result", "signal 9", "see the log"))


def test_valid_run_is_told_to_a_person(harness, tmp_path):
    done = harness(*ONE, "--quick")
    assert done.exit_code == 0
    lines = done.stdout.strip().splitlines()
    assert lines[0] == "VALID  cpu/digits/offline  (performance, quick, 2.5 s)"
    assert lines[1] == "  throughput  63,968 samples/s  (unverified)"
    assert QUICK_NOTE in done.stdout
    assert "synthetic weights: speed only" in done.stdout
    assert STATEMENT in done.stdout
    assert "latency p95" not in done.stdout
    assert "changed  warmup_batches=2, min_duration_ms=500, min_sample_count=140000" in done.stdout
    (folder,) = (tmp_path / "results").iterdir()
    assert folder.name.endswith("-cpu-digits-offline")
    assert f"record   results/{folder.name}/record.json" in done.stdout
    assert "cpu/digits/offline: timed run" in done.stderr


def test_json_is_exactly_the_record(harness):
    done = harness(*ONE, "--quick", "--json")
    assert done.exit_code == 0
    record = from_json(done.stdout.encode())
    assert record.key == "cpu/digits/offline"
    assert to_json(record).decode() == done.stdout
    assert "VALID  cpu/digits/offline" in done.stderr
    assert QUICK_NOTE in done.stderr


def test_invalid_says_what_to_change_and_ends_with_6(harness):
    done = harness(*ONE, plays=[Verdict(result="INVALID", causes=(TOO_SHORT,))])
    assert done.exit_code == 6
    assert "INVALID because:" in done.stdout
    assert "min-duration  want 500 ms, got 3 ms" in done.stdout
    assert "change      set target_qps=5380" in done.stdout


def test_accuracy_is_told_with_goal_and_reference(harness):
    accuracy = Accuracy(
        metric="top-1 accuracy", value=0.98, reference=0.987, goal=0.9771, passed=True, samples=540
    )
    done = harness(*ONE, "--mode", "accuracy", accuracy=accuracy)
    assert "top-1 accuracy of 540 samples reaches the goal 0.9771 (reference 0.9870)" in done.stdout
    assert str(harness.plans[0].mode) == "accuracy"


def test_ctrl_c_keeps_the_partial_record(harness, tmp_path):
    done = harness(*ONE, "--json", "--record", "kept/r.json", plays=[stop()])
    assert done.exit_code == 130
    assert from_json(done.stdout.encode()).verdict.result == "PARTIAL"
    assert from_json((tmp_path / "kept" / "r.json").read_bytes()).verdict.result == "PARTIAL"
    assert "PARTIAL  cpu/digits/offline" in done.stderr
    assert "error H130" in done.stderr


def test_ctrl_c_ends_the_whole_series_and_keeps_what_was_measured(harness):
    done = harness(*ALL, "--json", plays=[Verdict(result="VALID"), stop()])
    assert done.exit_code == 130
    records = msgspec.json.decode(done.stdout, type=list[RunRecord])
    assert [r.verdict.result for r in records] == ["VALID", "PARTIAL"]
    assert len(harness.plans) == 2


def test_a_failure_keeps_earlier_results_and_the_next_entry_runs(harness, tmp_path):
    missing = MissingError(Problem("model", "a file", "none", "name one with --model"))
    plays = [Verdict(result="VALID"), missing, Verdict(result="INVALID"), died()]
    done = harness(*ALL, "--record", "records", plays=plays)
    assert done.exit_code == 5
    assert [p.key.rpartition("/")[2] for p in harness.plans] == [
        "offline",
        "server",
        "single-stream",
        "multi-stream",
    ]
    table = done.stdout[done.stdout.index(" entry ") :]
    for row in ("offline +VALID", "server +error H300", "stream +INVALID", "multi-stream +PARTIAL"):
        assert re.search(row, table), table
    names = sorted(p.name for p in (tmp_path / "records").iterdir())
    assert names == [
        "cpu-digits-multi-stream.json",
        "cpu-digits-offline.json",
        "cpu-digits-single-stream.json",
    ]
    assert "error H300: model: want a file, got none; name one with --model" in done.stderr
    assert "error H500" in done.stderr


def test_json_of_several_entries_is_a_list(harness):
    done = harness(*ALL, "--json")
    assert [r["key"] for r in json.loads(done.stdout)] == [p.key for p in harness.plans]
    assert len(harness.plans) == 4


def test_exit_code_is_the_gravest():
    assert exit_code([]) == 0
    assert exit_code([died(), MissingError(())]) == 5
    assert exit_code([died(), stop()]) == 130


# --- places ---


def test_out_is_the_folder_of_one_entry_and_the_parent_of_several(harness, tmp_path):
    assert harness(*ONE, "--out", "mine").exit_code == 0
    assert (tmp_path / "mine" / "record.json").is_file()
    assert harness(*ALL, "--out", "all").exit_code == 0
    assert (tmp_path / "all" / "cpu-digits-server" / "record.json").is_file()


def test_second_run_into_the_same_folder_is_refused(harness, tmp_path):
    assert harness(*ONE, "--out", "mine").exit_code == 0
    before = (tmp_path / "mine" / "record.json").read_bytes()
    done = harness(*ONE, "--out", "mine")
    assert done.exit_code == 4
    assert (
        "--out mine: want an empty or absent folder, got one that holds record.json" in done.stderr
    )
    assert (tmp_path / "mine" / "record.json").read_bytes() == before
    assert len(harness.plans) == 1


def test_named_output_that_cannot_be_written_is_an_error_with_an_offer(harness, tmp_path):
    (tmp_path / "file").write_text("")
    done = harness(*ONE, "--out", "file/run", "--record", "file/r.json")
    assert done.exit_code == 4
    assert "not a folder" in done.stderr
    assert "for example --out" in done.stderr
    assert harness.plans == []


def test_default_output_that_cannot_be_written_gives_way(harness, tmp_path, monkeypatch):
    fallback = tmp_path / "fallback"
    monkeypatch.setattr("runtime.cli.preflight.fallback_folder", lambda: fallback)
    (tmp_path / "results").write_text("a file in the way")
    done = harness(*ONE)
    assert done.exit_code == 0
    assert f"results go to {fallback} instead" in done.stderr
    assert len(list(fallback.iterdir())) == 1


def test_every_obstacle_is_told_before_any_work(harness, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlperf_loadgen", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    (tmp_path / "audit.config").write_text("")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HARNESS_RECORD_DIR", str(tmp_path / "file" / "records"))
    done = harness(*ONE)
    assert done.exit_code == 3
    assert "error H300, 4 problems:" in done.stderr
    for part in (
        "run `python -m pip install mlcommons-loadgen`",
        "run `python -m pip install scikit-learn`",
        "audit.config",
        "HARNESS_RECORD_DIR",
    ):
        assert part in done.stderr
    assert harness.plans == []


def test_progress_in_words():
    timed = Progress(phase="timed", done=50, total=150, unit="samples", elapsed_s=2.0)
    assert describe(timed) == "25 samples/s, 4.0 s left"
    assert describe(Progress(phase="load", done=5, total=9, unit="steps", elapsed_s=1.0)) == ""
    assert describe(Progress(phase="timed", done=0, total=9, unit="samples", elapsed_s=1.0)) == ""
