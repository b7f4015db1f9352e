"""Whole runs in child processes: answers, records, verdicts, and every way to end badly."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from runtime import artifacts
from runtime.configs.schema import MultiStream, Offline, Server, SingleStream
from runtime.errors import ArtifactError, ConfigError, Interrupted, MissingError, RunError
from runtime.loadgen import child
from runtime.loadgen.logs import read_answers, read_detail
from runtime.loadgen.progress import Reporter, Sampler
from runtime.loadgen.session import execute
from runtime.plan import RunPlan
from runtime.record import QUICK_NOTE, from_json
from runtime.vocabulary import AccuracyTarget, Mode, Scenario
from runtime.workloads import digits

SETTINGS = {
    Scenario.OFFLINE: Offline(
        batch_size=64, target_qps=30_000.0, min_duration_ms=100, min_sample_count=600
    ),
    Scenario.SERVER: Server(
        batch_size=16,
        target_qps=400.0,
        target_latency_ms=1000.0,
        min_duration_ms=100,
        min_query_count=459,
    ),
    Scenario.SINGLE_STREAM: SingleStream(
        expected_latency_ms=0.001, min_duration_ms=50, min_query_count=64
    ),
    Scenario.MULTI_STREAM: MultiStream(
        batch_size=8, expected_latency_ms=0.01, min_duration_ms=50, min_query_count=662
    ),
}


def plan_of(scenario, mode=Mode.PERFORMANCE, **changes):
    settings = replace(SETTINGS[scenario], **changes)
    return RunPlan(
        key=f"cpu/digits/{scenario}",
        target="cpu",
        workload="digits",
        scenario=scenario,
        mode=mode,
        quick=True,
        settings=settings,
    )


@pytest.mark.parametrize(
    ("scenario", "lanes"),
    [
        (Scenario.OFFLINE, 1),
        (Scenario.OFFLINE, 2),
        (Scenario.SERVER, 1),
        (Scenario.SERVER, 2),
        (Scenario.SINGLE_STREAM, 1),
        (Scenario.MULTI_STREAM, 1),
    ],
)
def test_answers_are_those_of_direct_inference_sample_by_sample(tmp_path, direct, scenario, lanes):
    out = tmp_path / "run"
    record = execute(plan_of(scenario, Mode.ACCURACY, lanes=lanes), out)
    logged = read_answers(out / "loadgen" / "mlperf_log_accuracy.json")
    assert sorted(logged) == list(range(540))
    answers = [int.from_bytes(logged[i], "little", signed=True) for i in range(540)]
    assert answers == direct
    labels = digits.open_samples(None).labels
    assert record.accuracy is not None
    assert record.accuracy.value == np.mean(np.asarray(direct) == labels)
    assert record.accuracy.samples == 540
    assert record.primary.name == "accuracy"
    assert record.verdict.result == "VALID"


@pytest.mark.parametrize(
    ("scenario", "lanes", "figure"),
    [
        (Scenario.OFFLINE, 2, "samples_per_s in samples/s"),
        (Scenario.SERVER, 2, "queries_per_s in queries/s"),
        (Scenario.SINGLE_STREAM, 1, "latency_p90_ms in ms"),
        (Scenario.MULTI_STREAM, 1, "latency_p99_ms in ms"),
    ],
)
def test_a_performance_run_leaves_its_record(tmp_path, monkeypatch, scenario, lanes, figure):
    copies = tmp_path / "copies"
    monkeypatch.setenv("HARNESS_RECORD_DIR", str(copies))
    seen = []
    out = tmp_path / "run"
    plan = plan_of(scenario, lanes=lanes, min_duration_ms=1 if scenario is Scenario.OFFLINE else 50)
    record = execute(plan, out, seen.append)
    assert record.verdict.result == "VALID", record.verdict
    assert f"{record.primary.name} in {record.primary.unit}" == figure
    assert record.primary.value > 0
    assert from_json((out / "record.json").read_bytes()) == record
    (copy,) = copies.glob("*.json")
    assert copy.read_bytes() == (out / "record.json").read_bytes()
    assert record.key == plan.key
    assert QUICK_NOTE in record.notes
    assert record.settings["lanes"] == lanes
    assert record.model.sha256 == digits.open_model(None, Path()).sha256
    assert record.packages["loadgen"]
    phases = list(dict.fromkeys(p.phase for p in seen))
    assert phases[0] == "load"
    assert phases[-1] == "finish"
    assert "warm-up" in phases
    detail = read_detail(out / record.logs / "mlperf_log_detail.txt")
    assert detail.values["effective_qsl_rng_seed"] != 0
    assert detail.errors == ()
    assert not (out / artifacts.LOCK_NAME).exists()


def test_progress_counts_up_to_the_total(tmp_path):
    seen = []
    plan = plan_of(Scenario.OFFLINE, min_sample_count=30_000)
    record = execute(plan, tmp_path / "run", seen.append)
    timed = [p for p in seen if p.phase == "timed"]
    assert timed[-1].done == timed[-1].total == 30_000
    assert timed[-1].unit == "samples"
    assert [p.done for p in timed] == sorted(p.done for p in timed)
    assert record.metrics[0].value == pytest.approx(30_000 / timed[-1].elapsed_s, rel=0.5)


def test_too_few_queries_name_the_count_that_is_enough(tmp_path):
    plan = plan_of(Scenario.SINGLE_STREAM, min_duration_ms=0, min_query_count=10)
    record = execute(plan, tmp_path / "short")
    assert record.verdict.result == "INVALID"
    (cause,) = record.verdict.causes
    assert cause.code == "early-stopping"
    count = int(re.search(r"min_query_count=(\d+)", cause.do).group(1))
    again = plan_of(Scenario.SINGLE_STREAM, min_duration_ms=0, min_query_count=count)
    assert execute(again, tmp_path / "enough").verdict.result == "VALID"


def test_an_offline_run_that_ends_early_names_a_rate(tmp_path):
    plan = plan_of(Scenario.OFFLINE, target_qps=100.0, min_duration_ms=20_000, min_sample_count=1)
    record = execute(plan, tmp_path / "run")
    (cause,) = record.verdict.causes
    assert cause.code == "min-duration"
    named = float(re.search(r"target_qps=([\d.]+)", cause.do).group(1))
    assert named >= record.primary.value


def test_a_missed_bound_is_told_with_measured_and_wanted_latency(tmp_path):
    plan = plan_of(Scenario.SERVER, target_latency_ms=0.001)
    record = execute(plan, tmp_path / "run")
    assert record.verdict.result == "INVALID"
    bound = next(c for c in record.verdict.causes if c.code == "latency-bound")
    p99 = next(m.value for m in record.metrics if m.name == "latency_p99_ms")
    assert f"{p99:.4g} ms" in bound.text
    assert "at most 0.001 ms" in bound.text
    assert "median" in bound.do  # no rate can meet it, and no number is made up
    assert [c.code for c in record.verdict.causes] == ["latency-bound"]
    detail = read_detail(tmp_path / "run" / "loadgen" / "mlperf_log_detail.txt")
    assert detail.values["effective_target_latency_ns"] == 1000


def test_a_list_of_queries_that_runs_out_names_a_latency(tmp_path):
    plan = plan_of(
        Scenario.SINGLE_STREAM, expected_latency_ms=100.0, min_duration_ms=300, min_query_count=70
    )
    record = execute(plan, tmp_path / "run")
    assert record.verdict.result == "INVALID"
    cause = next(c for c in record.verdict.causes if c.code == "ran-out-of-queries")
    named = float(re.search(r"expected_latency_ms=([\d.]+)", cause.do).group(1))
    assert 0 < named < 100


def test_an_accuracy_goal_out_of_reach_is_invalid(tmp_path, inject):
    inject("""
        import numpy as np
        def postprocess(outputs, out):
            out[:] = (np.argmax(outputs, axis=1) + (np.arange(len(out)) % 2)) % 10
        digits.postprocess = postprocess
    """)
    plan = replace(plan_of(Scenario.OFFLINE, Mode.ACCURACY), accuracy_goal=AccuracyTarget.P99_9)
    record = execute(plan, tmp_path / "run")
    assert record.verdict.result == "INVALID"
    assert record.verdict.causes[0].code == "accuracy-goal"
    assert not record.accuracy.passed
    assert record.accuracy.goal == pytest.approx(0.999 * record.accuracy.reference)


@pytest.fixture
def inject(tmp_path, monkeypatch):
    """Run code in the child before anything else, with `digits` imported."""

    def write(code):
        folder = tmp_path / "inject"
        folder.mkdir()
        guard = "import sys\nif any('loadgen.child' in a for a in sys.orig_argv):\n"
        body = "from runtime.workloads import digits\n" + textwrap.dedent(code)
        (folder / "sitecustomize.py").write_text(guard + textwrap.indent(body, "    "))
        monkeypatch.setenv("PYTHONPATH", str(folder))

    return write


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_lane_that_raises_ends_the_run_with_its_message(tmp_path, inject, lanes):
    inject("""
        calls = []
        real = digits.postprocess
        def postprocess(outputs, out):
            calls.append(1)
            if len(calls) > 20:
                raise ValueError("device fell off the bus")
            real(outputs, out)
        digits.postprocess = postprocess
    """)
    out = tmp_path / "run"
    with pytest.raises(RunError, match="device fell off the bus"):
        execute(plan_of(Scenario.OFFLINE, lanes=lanes, min_sample_count=20_000), out)
    record = from_json((out / "record.json").read_bytes())
    assert record.verdict.result == "PARTIAL"
    assert record.verdict.causes[0].code == "child-died"
    assert "Traceback" in (out / "child.stderr").read_text()


def test_a_child_that_is_killed_is_told_with_its_stderr(tmp_path, inject):
    inject("""
        import os, sys
        def postprocess(outputs, out):
            print("last words", file=sys.stderr, flush=True)
            os.abort()
        digits.postprocess = postprocess
    """)
    with pytest.raises(RunError, match=r"signal 6 in phase warm-up:\n(.*\n)*last words"):
        execute(plan_of(Scenario.OFFLINE), tmp_path / "run")


def test_a_run_that_stands_still_is_ended(tmp_path, inject):
    inject("""
        import time
        calls = []
        def postprocess(outputs, out):
            calls.append(1)
            time.sleep(600 if len(calls) > 10 else 0)
        digits.postprocess = postprocess
    """)
    out = tmp_path / "run"
    with pytest.raises(RunError, match="a finished query at least every 1 s"):
        execute(plan_of(Scenario.OFFLINE, min_sample_count=20_000), out, stall_s=1.0)
    assert from_json((out / "record.json").read_bytes()).verdict.causes[0].code == "stalled"


@pytest.mark.parametrize("processes", [0, 2])
def test_ctrl_c_keeps_what_was_measured(tmp_path, processes):
    out = tmp_path / "run"
    children = []

    def stop(progress):
        if progress.phase == "timed" and progress.done > 0 and progress.elapsed_s > 0.2:
            children.extend(psutil.Process().children(recursive=True))
            raise KeyboardInterrupt

    plan = plan_of(
        Scenario.OFFLINE, target_qps=50_000.0, min_duration_ms=20_000, processes=processes
    )
    began = time.monotonic()
    with pytest.raises(Interrupted, match="phase timed"):
        execute(plan, out, stop)
    assert time.monotonic() - began < 20
    record = from_json((out / "record.json").read_bytes())
    assert record.verdict.result == "PARTIAL"
    assert record.verdict.causes[0].code == "interrupted"
    assert record.primary.name == "samples_per_s"
    assert record.primary.value > 0
    assert any("partial" in note for note in record.notes)
    assert len(children) == 1 + processes
    psutil.wait_procs(children, timeout=5)  # the kernel ends workers a moment after their parent
    assert not any(c.is_running() and c.status() != psutil.STATUS_ZOMBIE for c in children)


def test_a_child_ends_when_its_parent_is_killed(tmp_path):
    plan = tmp_path / "plan.json"
    settings = {"target_qps": 50_000.0, "min_duration_ms": 60_000}
    plan.write_bytes(plan_of(Scenario.OFFLINE, **settings).to_json())
    code = f"""
        from pathlib import Path
        from runtime.loadgen.session import execute
        from runtime.plan import RunPlan
        plan = RunPlan.from_json(Path({str(plan)!r}).read_bytes())
        execute(plan, Path({str(tmp_path / "run")!r}), lambda p: print(p.phase, flush=True))
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert any("timed" in line for line in parent.stdout)
        (runner,) = psutil.Process(parent.pid).children()
        os.kill(parent.pid, signal.SIGKILL)
        gone, _ = psutil.wait_procs([runner], timeout=10)
    assert gone == [runner]


def test_two_runs_cannot_share_a_folder(tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    with artifacts.lock_folder(out), pytest.raises(ArtifactError, match=r"in use|of its own"):
        execute(plan_of(Scenario.OFFLINE), out)
    (out / "something").write_text("x")
    with pytest.raises(ArtifactError, match="an empty folder"):
        execute(plan_of(Scenario.OFFLINE), out)
    assert (out / "something").read_text() == "x"


def test_an_audit_config_in_the_working_directory_is_refused(tmp_path, monkeypatch):
    (tmp_path / "audit.config").write_text("*.*.mode = 2\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"audit\.config"):
        execute(plan_of(Scenario.OFFLINE), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_errors_of_the_child_keep_their_class_and_problems(tmp_path):
    plan = replace(plan_of(Scenario.OFFLINE), model=tmp_path / "absent.onnx")
    with pytest.raises(MissingError, match=r"absent\.onnx") as caught:
        execute(plan, tmp_path / "run")
    assert caught.value.problems[0].got == "no file"
    wrong = plan_of(Scenario.OFFLINE, execution_provider="CUDAExecutionProvider")
    with pytest.raises(MissingError, match="onnxruntime-gpu"):
        execute(wrong, tmp_path / "other")


def test_a_run_that_never_started_leaves_no_record(tmp_path):
    garbage = tmp_path / "garbage.onnx"
    garbage.write_bytes(b"no model")
    with pytest.raises(ArtifactError, match=r"garbage\.onnx"):
        execute(replace(plan_of(Scenario.OFFLINE), model=garbage), tmp_path / "out")
    assert not (tmp_path / "out" / "record.json").exists()


def test_a_quick_run_says_which_percentile_judged_it(tmp_path):
    settings = replace(plan_of(Scenario.SINGLE_STREAM).settings, target_latency_percentile=50.0)
    plan = replace(
        plan_of(Scenario.SINGLE_STREAM),
        quick=True,
        settings=settings,
        overrides={"target_latency_percentile": 50.0},
    )
    record = execute(plan, tmp_path / "out")
    assert any("judged at percentile 50" in note for note in record.notes)
    assert record.primary.name == "latency_p50_ms"


def test_a_process_runs_one_test_only(tmp_path):
    assert child._claimed.acquire(blocking=False)
    try:
        reporter = Reporter(None)
        with pytest.raises(RunError, match="one test per process"):
            child.run_test(plan_of(Scenario.OFFLINE), tmp_path, reporter, Sampler(reporter))
    finally:
        child._claimed.release()


def test_the_working_directory_cannot_shadow_the_harness(tmp_path, monkeypatch):
    if sys.version_info < (3, 11):
        pytest.skip("python -P came with 3.11")
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime" / "__init__.py").write_text("raise RuntimeError('shadow')\n")
    monkeypatch.chdir(tmp_path)
    record = execute(plan_of(Scenario.OFFLINE, Mode.ACCURACY), tmp_path / "run")
    assert record.verdict.result == "VALID"
