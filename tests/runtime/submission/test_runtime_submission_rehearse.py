"""A quick rehearsal with real LoadGen runs, what it keeps, and compliance runs on top of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from runtime.cli import main
from runtime.configs.registry import load
from runtime.errors import ArtifactError, ConfigError, InvalidResult, MissingError
from runtime.loadgen.audit import audit_text, check_audit
from runtime.plan import RunPlan
from runtime.record import Cause, Verdict, from_json
from runtime.submission import rehearse, standin
from runtime.submission.compliance import run_test, verify_test
from runtime.submission.logfile import read_log
from runtime.submission.rehearse import Rehearsal


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory):
    """Return folder, outcome and reports of one quick rehearsal."""
    out = tmp_path_factory.mktemp("rehearsal") / "out"
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_RECORD_DIR", str(out.parent / "copies"))
        done = Rehearsal(out=out, registry=load(), quick=True, on_progress=seen.append).run()
    return out, done, seen


def test_a_stand_in_is_no_evidence_of_the_benchmarks_speed(rehearsal):
    out, _, _ = rehearsal
    assert (out / "performance" / "record.json").is_file()
    assert not (out.parent / "copies").exists()


def test_a_quick_rehearsal_measures_packs_and_says_what_it_is(rehearsal):
    out, done, _ = rehearsal
    assert done.speed.verdict.result == "VALID"
    assert 0.7 < done.accuracy.accuracy.value < 0.9
    for record in (done.speed, done.accuracy):
        notes = "\n".join(record.notes)
        for words in ("quick run", "stand-in model", "2,048 generated images of the true shape"):
            assert words in notes
    readme = next((out / "tree").rglob("Offline/README.md")).read_text()
    assert "stand-in model" in readme
    assert "generated images" in readme


def test_the_check_says_why_a_quick_tree_cannot_be_submitted(rehearsal):
    _, done, _ = rehearsal
    rules = {finding.rule.id for finding in done.report.findings}
    assert rules == {"submission.min-duration", "submission.accuracy-samples"}


def test_progress_of_the_whole_never_falls_far_and_names_every_step(rehearsal):
    _, _, seen = rehearsal
    assert list(dict.fromkeys(w.step for w in seen)) == list(rehearse.STEPS)
    assert all(0 <= w.share <= 1 and w.left_s >= 0 for w in seen)
    assert seen[-1].share == pytest.approx(1)


def test_what_is_done_is_kept(rehearsal, monkeypatch):
    out, done, _ = rehearsal
    monkeypatch.setattr(rehearse, "execute", pytest.fail)
    again = Rehearsal(out=out, registry=load(), quick=True).run()
    assert again.speed == done.speed
    assert again.report.findings == done.report.findings


@pytest.mark.slow
def test_a_rehearsal_that_was_stopped_goes_on(rehearsal, tmp_path):
    out, _, _ = rehearsal
    copy = tmp_path / "out"
    shutil.copytree(out, copy)
    shutil.rmtree(copy / "accuracy" / "loadgen")
    (copy / "accuracy" / "record.json").unlink()
    again = Rehearsal(out=copy, registry=load(), quick=True).run()
    assert again.accuracy.accuracy.samples == 2048
    assert (copy / "accuracy.unused-1").is_dir()
    assert (copy / "performance" / "record.json").read_bytes() == (
        out / "performance" / "record.json"
    ).read_bytes()


def test_another_kind_of_rehearsal_needs_another_folder(rehearsal, tmp_path):
    out, _, _ = rehearsal
    with pytest.raises(ArtifactError, match="go on with the same flags"):
        Rehearsal(out=out, registry=load(), quick=False).run()
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ArtifactError, match="want an empty folder"):
        Rehearsal(out=tmp_path, registry=load(), quick=True).run()
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("wheel", ["5.1.2", "9.9.9"])
def test_a_wheel_of_no_packable_round_is_refused_before_the_runs(tmp_path, monkeypatch, wheel):
    monkeypatch.setattr(standin, "read_packages", lambda: {"loadgen": wheel})
    with pytest.raises(MissingError, match=f"want a wheel of v6.0 or later, got {wheel}"):
        Rehearsal(out=tmp_path / "out", registry=load()).run()
    assert not (tmp_path / "out").exists()


def test_a_performance_run_that_was_too_fast_is_made_again(tmp_path, factory, monkeypatch):
    cause = Cause(code="min-duration", text="short", do="more")
    verdicts = iter([Verdict(result="INVALID", causes=(cause,)), Verdict(result="VALID")])
    rates = []

    def execute(plan, out, _, *, evidence):
        rates.append(plan.settings.target_qps)
        if plan.mode == "accuracy" or out.name == "probe":
            record = factory.record_of("accuracy" if plan.mode == "accuracy" else "performance")
        else:
            record = factory.record_of("performance", verdict=next(verdicts))
        settings = record.settings | {"target_qps": plan.settings.target_qps}
        record = msgspec.structs.replace(record, settings=settings)
        factory.make_run(out, "accuracy" if plan.mode == "accuracy" else "performance", record)
        return record

    monkeypatch.setattr(rehearse, "execute", execute)
    done = Rehearsal(out=tmp_path / "out", registry=load()).run()
    assert done.report.clean
    assert rates == [1000.0, 5500.0, 5500.0, 5500.0]
    assert (tmp_path / "out" / "performance.unused-1").is_dir()


def test_a_run_that_more_queries_cannot_mend_ends_the_rehearsal(tmp_path, factory, monkeypatch):
    cause = Cause(code="loadgen-error", text="LoadGen reports an error", do="read the log")

    def execute(plan, out, _, *, evidence):
        verdict = Verdict(result="INVALID", causes=(cause,))
        record = factory.record_of("performance", verdict=verdict)
        factory.make_run(out, "performance", record)
        return record

    monkeypatch.setattr(rehearse, "execute", execute)
    with pytest.raises(InvalidResult, match="LoadGen reports an error; read the log"):
        Rehearsal(out=tmp_path / "out", registry=load()).run()
    assert not (tmp_path / "out" / "tree").exists()


def test_test01_logs_answers_that_are_the_accuracy_runs(rehearsal, tmp_path):
    out, _, _ = rehearsal
    folder = tmp_path / "test01"
    done = run_test("TEST01", out / "performance", out / "accuracy", folder)
    assert done.compared["verify_accuracy.txt"].passed
    text = (folder / "verify_accuracy.txt").read_text()
    assert "num_perf_log_data_mismatch = 0" in text
    assert text.endswith("TEST PASS\n")
    speed = (folder / "verify_performance.txt").read_text()
    assert ("TEST PASS" in speed) is done.compared["verify_performance.txt"].passed
    log = read_log((folder / "loadgen" / "mlperf_log_detail.txt").read_text())
    assert log.values["effective_accuracy_log_sampling_target"] == 4096
    record = from_json((folder / "record.json").read_bytes())
    assert record.audit == "TEST01"
    assert any("compliance test TEST01" in note for note in record.notes)
    path = out / "accuracy" / "loadgen" / "mlperf_log_accuracy.json"
    other = tmp_path / "other"
    shutil.copytree(out / "accuracy", other)
    items = json.loads(path.read_bytes())
    (other / "loadgen" / path.name).write_text(
        json.dumps([item | {"data": "FF" * 8} for item in items])
    )
    verified = verify_test("TEST01", folder, out / "performance", other)
    assert not verified.compared["verify_accuracy.txt"].passed
    assert "TEST FAIL" in (folder / "verify_accuracy.txt").read_text()


@pytest.mark.slow
def test_test04_sends_one_sample_and_the_command_says_how_it_went(rehearsal, tmp_path):
    out, _, _ = rehearsal
    folder = tmp_path / "test04"
    words = ["--performance", str(out / "performance"), "--accuracy", str(out / "accuracy")]
    done = CliRunner().invoke(
        main, ["compliance", "run", "TEST04", *words, "--out", str(folder), "--json"]
    )
    assert done.exit_code in {0, 6}  # the figure is the machine's
    said = json.loads(done.stdout)
    assert said["passed"] is (done.exit_code == 0)
    assert list(said["compared"]) == ["verify_performance.txt"]
    log = read_log((folder / "loadgen" / "mlperf_log_detail.txt").read_text())
    assert log.values["effective_performance_issue_same"] is True
    assert log.values["effective_performance_issue_same_index"] == 3
    wrong = CliRunner().invoke(
        main, ["compliance", "verify", "TEST01", *words, "--run", str(folder)]
    )
    assert wrong.exit_code == 2
    assert "want a run of TEST01, got TEST04" in wrong.output


def test_runs_of_the_wrong_kind_are_named(rehearsal, tmp_path):
    out, _, _ = rehearsal
    with pytest.raises(ConfigError) as error:
        run_test("TEST05", out / "accuracy", out / "performance", tmp_path / "x")
    told = "\n".join(map(str, error.value.problems))
    assert "want one of: TEST01, TEST04, got 'TEST05'" in told
    assert "want a run of mode performance, got accuracy" in told
    assert "want a run of mode accuracy, got performance" in told
    assert not (tmp_path / "x").exists()


def test_an_audit_config_is_for_its_own_run_alone(tmp_path):
    check_audit("", tmp_path)
    with pytest.raises(ConfigError, match=r"want the audit\.config of TEST01"):
        check_audit("TEST01", tmp_path)
    (tmp_path / "audit.config").write_text(audit_text("TEST04"))
    with pytest.raises(ConfigError, match=r"want no audit\.config"):
        check_audit("", tmp_path)
    with pytest.raises(ConfigError, match="another text"):
        check_audit("TEST01", tmp_path)
    check_audit("TEST04", tmp_path)
    with pytest.raises(ConfigError, match="did you mean 'TEST01'"):
        audit_text("TEST1")


def test_a_plan_keeps_its_test(rehearsal):
    out, _, _ = rehearsal
    text = (Path(out) / "performance" / "plan.json").read_bytes()
    plan = RunPlan.from_json(text)
    assert plan.audit == ""
    old = {k: v for k, v in json.loads(text).items() if k != "audit"}
    assert RunPlan.from_json(json.dumps(old)) == plan


def test_a_compliance_run_that_is_invalid_says_why(factory, tmp_path):
    cause = Cause(code="min-duration", text="want a run of at least 9 ms", do="set target_qps=7")
    verdict = Verdict(result="INVALID", causes=(cause,))
    speed = factory.make_run(tmp_path / "speed", "performance")
    exact = factory.make_run(tmp_path / "exact", "accuracy")
    record = factory.record_of("TEST04", verdict=verdict)
    run = factory.make_run(tmp_path / "test04", "TEST04", record)
    log = run / "loadgen" / "mlperf_log_detail.txt"
    log.write_text(log.read_text().replace('"VALID"', '"INVALID"'))
    words = ["--run", str(run), "--performance", str(speed), "--accuracy", str(exact)]
    done = CliRunner().invoke(main, ["compliance", "verify", "TEST04", *words])
    assert done.exit_code == 6
    assert done.stdout.startswith("FAIL  TEST04")
    assert "the test run is INVALID" in done.stdout
    assert "want a run of at least 9 ms; set target_qps=7" in done.stdout
    assert (run / "verify_performance.txt").read_text().startswith("TEST FAIL")


def test_a_compliance_run_that_passes_is_verified_by_the_command(factory, tmp_path):
    speed = factory.make_run(tmp_path / "speed", "performance")
    exact = factory.make_run(tmp_path / "exact", "accuracy")
    run = factory.make_run(tmp_path / "test01", "TEST01")
    words = ["--run", str(run), "--performance", str(speed), "--accuracy", str(exact)]
    done = CliRunner().invoke(main, ["compliance", "verify", "TEST01", *words])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("PASS  TEST01")
    assert (run / "verify_accuracy.txt").read_text().endswith("TEST PASS\n")
