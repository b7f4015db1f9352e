"""Worker processes: the same answers in every layout, and an end in every way to die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import psutil
import pytest

from runtime.configs.schema import MultiStream, Offline, Server, SingleStream
from runtime.errors import ArtifactError, ConfigError, MissingError, RunError
from runtime.loadgen.logs import read_answers
from runtime.loadgen.session import execute
from runtime.plan import RunPlan
from runtime.record import from_json
from runtime.vocabulary import Mode, Scenario

SETTINGS = {
    Scenario.OFFLINE: Offline(target_qps=30_000.0, min_duration_ms=50, min_sample_count=600),
    Scenario.SERVER: Server(
        target_qps=2000.0, target_latency_ms=1000.0, min_duration_ms=50, min_query_count=459
    ),
    Scenario.SINGLE_STREAM: SingleStream(
        expected_latency_ms=0.01, min_duration_ms=50, min_query_count=64
    ),
    Scenario.MULTI_STREAM: MultiStream(
        expected_latency_ms=0.05, min_duration_ms=50, min_query_count=662
    ),
}


def plan_of(scenario, mode=Mode.PERFORMANCE, **changes):
    return RunPlan(
        key=f"cpu/digits/{scenario}",
        target="cpu",
        workload="digits",
        scenario=scenario,
        mode=mode,
        quick=True,
        settings=replace(SETTINGS[scenario], **changes),
    )


def long_plan(processes=2):
    """A run of many seconds, of which a test ends what it likes."""
    return plan_of(
        Scenario.OFFLINE,
        processes=processes,
        batch_size=64,
        target_qps=50_000.0,
        min_duration_ms=15_000,
    )


@pytest.mark.parametrize(
    ("scenario", "layout"),
    [
        (Scenario.OFFLINE, {"processes": 1, "batch_size": 1}),
        (Scenario.OFFLINE, {"processes": 2, "batch_size": 128}),
        (Scenario.OFFLINE, {"processes": 2, "lanes": 2, "batch_size": 37}),
        (Scenario.OFFLINE, {"processes": 1, "lanes": 2, "batch_size": 1000}),
        (Scenario.SERVER, {"processes": 1, "batch_size": 7}),
        (Scenario.SERVER, {"processes": 2, "batch_size": 11, "max_queue_delay_us": 3000}),
        (Scenario.SINGLE_STREAM, {"processes": 1}),
        (Scenario.SINGLE_STREAM, {"processes": 2, "batch_size": 4}),
        (Scenario.MULTI_STREAM, {"processes": 1, "batch_size": 8}),
        (Scenario.MULTI_STREAM, {"processes": 2, "batch_size": 3}),
    ],
)
def test_answers_are_those_of_direct_inference_sample_by_sample(tmp_path, direct, scenario, layout):
    out = tmp_path / "run"
    record = execute(plan_of(scenario, Mode.ACCURACY, **layout), out)
    logged = read_answers(out / "loadgen" / "mlperf_log_accuracy.json")
    assert sorted(logged) == list(range(540))
    assert [int.from_bytes(logged[i], "little", signed=True) for i in range(540)] == direct
    assert record.verdict.result == "VALID"
    workers = layout["processes"]
    assert len(list(out.glob("worker-*.stderr"))) == workers


@pytest.mark.parametrize(
    ("scenario", "layout"),
    [
        (Scenario.OFFLINE, {"processes": 2, "batch_size": 64}),
        (Scenario.SERVER, {"processes": 1, "batch_size": 16, "coalesce_queries": False}),
        (Scenario.MULTI_STREAM, {"processes": 2, "batch_size": 4}),
    ],
)
def test_a_performance_run_with_workers_is_valid(tmp_path, scenario, layout):
    record = execute(plan_of(scenario, min_duration_ms=1, **layout), tmp_path / "run")
    assert record.verdict.result == "VALID", record.verdict
    assert record.settings["processes"] == layout["processes"]


def test_workers_keep_to_their_cores(tmp_path):
    cores = sorted(os.sched_getaffinity(0))
    seen = {}

    def look(progress):
        if progress.phase == "timed" and not seen:
            for worker in workers_below(psutil.Process()):
                threads = [t.id for t in worker.threads()]
                seen[worker.pid] = {c for t in threads for c in os.sched_getaffinity(t)}

    plan = replace(long_plan(), settings=replace(long_plan().settings, min_duration_ms=500))
    each = max(1, len(cores) // 2)
    settings = replace(plan.settings, cores_per_process=each, processes=min(2, len(cores)))
    execute(replace(plan, settings=settings), tmp_path / "run", look)
    taken = [c for found in seen.values() for c in found]
    assert len(seen) == settings.processes
    assert sorted(taken) == cores[: each * settings.processes]


def test_settings_that_no_worker_can_follow_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="set processes=1 or more"):
        execute(plan_of(Scenario.OFFLINE, cores_per_process=1), tmp_path / "a")
    with pytest.raises(ConfigError, match=r"at most \d+ \(workers: 2"):
        execute(plan_of(Scenario.OFFLINE, processes=2, cores_per_process=1024), tmp_path / "b")


def workers_below(process):
    return [p for p in process.children(recursive=True) if "runtime.loadgen.worker" in p.cmdline()]


def alive(processes):
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def gone_soon(processes):
    end = time.monotonic() + 5
    while alive(processes) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(processes)


def run_and_kill(out, choose):
    """Start a long run, kill what `choose` picks once answers come in; return all processes."""
    family = []

    def kill(progress):
        if progress.phase == "timed" and progress.done > 0 and not family:
            family.extend(psutil.Process().children(recursive=True))
            choose(family).kill()

    began = time.monotonic()
    with pytest.raises(RunError) as caught:
        execute(long_plan(), out, kill)
    assert time.monotonic() - began < 20
    return family, str(caught.value)


def named(family, module):
    return [p for p in family if any(module in word for word in p.cmdline())]


def test_a_killed_worker_ends_the_run_at_once(tmp_path):
    out = tmp_path / "run"
    family, message = run_and_kill(out, lambda f: named(f, "loadgen.worker")[0])
    assert "worker process" in message
    assert "signal 9" in message
    assert gone_soon(family)
    record = from_json((out / "record.json").read_bytes())
    assert record.verdict.result == "PARTIAL"
    assert "signal 9" in record.verdict.causes[0].text
    assert record.primary.value > 0
    again = execute(plan_of(Scenario.OFFLINE, Mode.ACCURACY, processes=2), tmp_path / "again")
    assert again.verdict.result == "VALID"


def test_a_killed_child_takes_its_workers_along(tmp_path):
    out = tmp_path / "run"
    family, message = run_and_kill(out, lambda f: named(f, "loadgen.child")[0])
    assert "signal 9 in phase timed" in message
    assert len(family) == 3
    assert gone_soon(family)
    assert from_json((out / "record.json").read_bytes()).verdict.result == "PARTIAL"


def test_a_killed_parent_leaves_no_process_and_nothing_that_looks_whole(tmp_path):
    plan, out = tmp_path / "plan.json", tmp_path / "run"
    plan.write_bytes(long_plan().to_json())
    code = f"""
        from pathlib import Path
        from runtime.loadgen.session import execute
        from runtime.plan import RunPlan
        plan = RunPlan.from_json(Path({str(plan)!r}).read_bytes())
        execute(plan, Path({str(out)!r}), lambda p: print(p.phase, p.done, flush=True))
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert any("timed" in line and not line.endswith(" 0\n") for line in parent.stdout)
        family = psutil.Process(parent.pid).children(recursive=True)
        os.kill(parent.pid, signal.SIGKILL)
    assert len(family) == 3
    assert gone_soon(family)
    assert not (out / "record.json").exists()
    with pytest.raises(ArtifactError, match="an empty folder"):
        execute(long_plan(), out)
    again = plan_of(Scenario.OFFLINE, Mode.ACCURACY, processes=1, batch_size=50)
    assert execute(again, tmp_path / "again").verdict.result == "VALID"


@pytest.fixture
def inject(tmp_path, monkeypatch):
    """Run code in every worker, or the processes of another module, before anything else."""

    def write(code, module="loadgen.worker"):
        folder = tmp_path / "inject"
        folder.mkdir(exist_ok=True)
        guard = f"import sys\nif any({module!r} in a for a in sys.orig_argv):\n"
        with (folder / "sitecustomize.py").open("a") as file:
            file.write(guard + textwrap.indent(textwrap.dedent(code), "    "))
        monkeypatch.setenv("PYTHONPATH", str(folder))

    return write


def test_a_worker_that_raises_ends_the_run_with_its_stderr(tmp_path, inject):
    inject("""
        from runtime.workloads import digits
        calls = []
        real = digits.postprocess
        def postprocess(outputs, out):
            calls.append(1)
            if len(calls) > 20:
                raise ValueError("device fell off the bus")
            real(outputs, out)
        digits.postprocess = postprocess
    """)
    with pytest.raises(RunError, match="device fell off the bus") as caught:
        execute(long_plan(), tmp_path / "run")
    assert "Traceback" in str(caught.value)
    assert "postprocess" in str(caught.value)


def test_a_worker_that_aborts_ends_the_run_with_its_last_words(tmp_path, inject):
    inject("""
        import os, sys
        from runtime.workloads import digits
        def postprocess(outputs, out):
            print("last words", file=sys.stderr, flush=True)
            os.abort()
        digits.postprocess = postprocess
    """)
    with pytest.raises(RunError, match=r"signal 6:\n(.*\n)*last words"):
        execute(long_plan(processes=1), tmp_path / "run")


def test_a_worker_that_cannot_start_keeps_the_class_of_its_error(tmp_path):
    plan = long_plan()
    wrong = replace(plan.settings, execution_provider="CUDAExecutionProvider")
    with pytest.raises(MissingError, match="onnxruntime-gpu"):
        execute(replace(plan, settings=wrong), tmp_path / "run")
    assert not (tmp_path / "run" / "record.json").exists()


def test_a_worker_that_stands_still_is_ended(tmp_path, inject):
    inject("""
        import time
        from runtime.workloads import digits
        calls = []
        def postprocess(outputs, out):
            calls.append(1)
            time.sleep(600 if len(calls) > 20 else 0)
        digits.postprocess = postprocess
    """)
    family = []
    with pytest.raises(RunError, match="a finished query at least every 1 s"):
        execute(
            long_plan(),
            tmp_path / "run",
            lambda _: family or family.extend(workers_below(psutil.Process())),
            stall_s=1.0,
        )
    assert gone_soon(family)


SHORT = """
    from runtime.loadgen import crew
    crew.STALL_S, crew.LOOK_S, crew.END_S = 1.5, 0.1, 1.0
"""
"""Makes LoadGen's process impatient with workers that start."""


def test_a_worker_that_stands_still_while_it_starts_is_ended(tmp_path, inject):
    inject(SHORT, module="loadgen.child")
    inject("""
        import time
        from runtime.workloads import digits
        print("waiting for the device", file=sys.stderr, flush=True)
        digits.open_model = lambda *_: time.sleep(600)
    """)
    began = time.monotonic()
    with pytest.raises(RunError, match="no computing and no reading") as caught:
        execute(long_plan(), tmp_path / "run")
    assert time.monotonic() - began < 20
    assert "waiting for the device" in str(caught.value)
    assert not workers_below(psutil.Process())
    record = from_json((tmp_path / "run" / "record.json").read_bytes())
    assert (record.verdict.result, record.metrics) == ("PARTIAL", ())


def test_a_worker_that_starts_slowly_is_waited_for(tmp_path, inject):
    inject(SHORT, module="loadgen.child")
    inject("""
        import time
        from runtime.workloads import digits
        real = digits.open_model
        def open_model(*arguments):
            end = time.monotonic() + 2.5
            while time.monotonic() < end:
                sum(range(1000))
            return real(*arguments)
        digits.open_model = open_model
    """)
    plan = plan_of(Scenario.OFFLINE, processes=1, batch_size=64, min_duration_ms=1)
    assert execute(plan, tmp_path / "run").verdict.result == "VALID"
