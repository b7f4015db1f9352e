"""Telemetry of runs: what a record holds, what a lost GPU does to a run, which devices it sees."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import replace

import nvml_standin
import pytest

from runtime.configs.registry import load
from runtime.devices.telemetry import LEAST_REST, Watch
from runtime.errors import RunError
from runtime.loadgen import telemetry
from runtime.loadgen.session import execute
from runtime.plan import resolve
from runtime.record import from_json

H200 = nvml_standin.Gpu(*nvml_standin.H200)
L4 = nvml_standin.Gpu(*nvml_standin.L4)
HOST = {"execution_provider": "CPUExecutionProvider", "batch_size": 64}


def plan_of(target="h200-sxm-141gb", **changes):
    """Return a short run of a GPU target that ONNX Runtime makes on the processor."""
    values = {**HOST, "min_duration_ms": 400, "target_qps": 20_000.0, **changes}
    return resolve(
        load(), target=target, workload="digits", scenario="offline", quick=True, overrides=values
    )


@pytest.fixture(autouse=True)
def _see_every_device(monkeypatch):
    monkeypatch.delenv(telemetry.VISIBLE, raising=False)


def test_a_record_says_what_the_gpu_did(nvml_machine, monkeypatch, tmp_path):
    machine = nvml_machine(L4, H200)
    board = machine.state.gpus[1]
    board.reasons = 0x4
    machine.install(monkeypatch)
    record = execute(plan_of(), tmp_path / "run", telemetry_s=0.02)
    (seen,) = record.telemetry
    assert (seen.device, seen.uuid, seen.slice) == ("NVIDIA H200", board.uuid.decode(), False)
    assert seen.looks >= 5
    assert (seen.sm_mhz.least, seen.sm_mhz.most) == (1755, 1755)
    assert (seen.power_w.mean, seen.temperature_c.mean) == (70.5, 45)
    assert seen.throttled == {"power cap": 1.0}
    assert seen.silent == ()
    assert from_json((tmp_path / "run" / "record.json").read_bytes()) == record
    head, *rows = (tmp_path / "run" / telemetry.TELEMETRY).read_text().splitlines()
    assert head.startswith("monotonic_s,device,sm_mhz")
    assert len(rows) >= seen.looks


def test_only_looks_of_the_timed_part_count(tmp_path):
    watch = telemetry.RunWatch((), tmp_path, 1.0)
    take = watch.follow(None)
    steps = {"done": 0, "total": 1, "unit": "samples"}
    progress = telemetry.Progress(phase="timed", elapsed_s=0.1, **steps)
    before = time.monotonic()
    take(replace(progress, phase="warm-up"))
    take(progress)
    take(replace(progress, phase="finish"))
    values = (1000.0, None, None, None, None, None, 0, None)
    look = telemetry.Look(at=before, device="GPU-1", values=values)
    late = replace(look, at=time.monotonic() + 1, values=(9.0, *values[1:]))
    early = replace(look, at=before - 1, values=(5.0, *values[1:]))
    watch._watch.looks[:] = [early, look, late]
    watch._watch.names["GPU-1"] = ("A", False)
    (seen,) = watch.summary()
    assert (seen.looks, seen.sm_mhz.mean) == (1, 1000.0)
    assert seen.silent == (
        "memory_mhz",
        "power_w",
        "temperature_c",
        "memory_used_gb",
        "busy_percent",
        "energy_j",
    )


def test_a_gpu_that_is_lost_ends_the_run_as_failed(nvml_machine, monkeypatch, tmp_path):
    machine = nvml_machine(H200)
    machine.install(monkeypatch)
    plan = plan_of(min_duration_ms=60_000, target_qps=100_000.0)
    out = tmp_path / "run"

    def lose(progress):
        if progress.phase == "timed" and progress.elapsed_s > 0.5:
            machine.state.gpus[0].lost = 1

    began = time.monotonic()
    with pytest.raises(RunError) as caught:
        execute(plan, out, lose, telemetry_s=0.05)
    assert time.monotonic() - began < 50, "the run of a minute was ended"
    (problem,) = caught.value.problems
    assert (problem.code, problem.got) == ("gpu-lost", "GPU is lost")
    assert "dmesg | grep -i xid" in problem.do
    assert caught.value.exit_code == 5
    record = from_json((out / "record.json").read_bytes())
    assert record.verdict.result == "PARTIAL"
    assert record.verdict.causes[0].code == "gpu-lost"
    assert record.telemetry[0].looks > 1


def test_a_gpu_lost_before_the_first_look_fails_the_run_too(nvml_machine, monkeypatch, tmp_path):
    machine = nvml_machine(H200)
    machine.install(monkeypatch, "nvmlDeviceGetPowerUsage=15@1")  # answers discovery only
    with pytest.raises(RunError) as caught:
        execute(plan_of(), tmp_path / "run", telemetry_s=0.05)
    assert caught.value.codes == ("gpu-lost",)


@pytest.mark.parametrize("name", ["nvmlDeviceGetHandleByUUID", "nvmlDeviceGetName"])
def test_a_gpu_lost_before_it_is_watched_is_told(nvml_machine, monkeypatch, name):
    machine = nvml_machine(H200)
    machine.install(monkeypatch, f"{name}=15")
    watch = Watch((machine.state.gpus[0].uuid.decode(),), interval_s=0.01)
    watch._run()
    assert watch.lost.code == "gpu-lost"
    assert watch.looks == []


def seen_by(machine, plan, folder):
    """Return what a watch over a run's devices sees in a moment."""
    devices, _ = telemetry.find_devices(plan)
    watch = telemetry.RunWatch(devices, folder, 0.02)
    watch.start()
    deadline = time.monotonic() + 10
    while not watch._watch.looks and time.monotonic() < deadline:
        time.sleep(0.01)
        if machine.calls.count("nvmlDeviceGetUtilizationRates") > 3:
            break
    watch.close()
    watch.check()
    return watch.summary()


def test_a_board_without_sensors_does_not_fail_a_run(nvml_machine, monkeypatch, tmp_path):
    machine = nvml_machine(H200)
    machine.state.gpus[0].has_power = machine.state.gpus[0].has_reasons = 0
    machine.install(monkeypatch, "nvmlDeviceGetUtilizationRates=999")
    assert seen_by(machine, plan_of(), tmp_path) == ()  # every look failed: nothing is said
    machine.install(monkeypatch, "nvmlDeviceGetClockInfo=3")
    machine.log.unlink()
    (seen,) = seen_by(machine, plan_of(), tmp_path)
    assert set(seen.silent) == {"sm_mhz", "memory_mhz", "power_w", "throttle_mask"}
    assert seen.temperature_c.mean == 45


def test_a_slice_is_seen_by_its_uuid_and_shares_its_board(nvml_machine, monkeypatch, tmp_path):
    machine = nvml_machine("A30-24GB")
    machine.mig_on()
    instance = machine.create(0, "1g.6gb", 2)
    machine.start_process(0, 99, instance, 0, mib=1024)
    machine.install(monkeypatch)
    (seen,) = seen_by(machine, plan_of("a30-mig-1g.6gb"), tmp_path)
    assert (seen.slice, seen.device) == (True, "NVIDIA A30 24GB MIG 1g.6gb")
    assert seen.memory_used_gb.mean == pytest.approx(1.074, abs=1e-3)
    assert seen.power_w.mean == 70.0
    assert seen.busy_percent is None
    assert "busy_percent" in seen.silent


def test_the_child_sees_the_devices_of_its_target(nvml_machine, monkeypatch):
    machine = nvml_machine(L4, H200)
    machine.install(monkeypatch)
    uuid = machine.state.gpus[1].uuid.decode()
    assert telemetry.find_devices(plan_of()) == ((uuid,), {telemetry.VISIBLE: uuid})
    assert telemetry.find_devices(plan_of(), {telemetry.VISIBLE: "1,0"}) == (("1",), {})
    cpu = resolve(load(), target="cpu", workload="digits", scenario="offline")
    assert telemetry.find_devices(cpu) == ((), {})


def test_without_nvml_there_is_no_thread_and_no_telemetry(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    before = threading.active_count()
    watch = Watch(("GPU-1",), tmp_path / "t.csv")
    watch.start()
    watch.stop()
    assert (watch.looks, watch.lost, watch.names) == ([], None, {})
    assert threading.active_count() == before
    assert not (tmp_path / "t.csv").exists()
    cpu = resolve(load(), target="cpu", workload="digits", scenario="offline", quick=True)
    short = replace(cpu, settings=replace(cpu.settings, min_duration_ms=50, min_sample_count=64))
    assert execute(short, tmp_path / "run").telemetry == ()
    assert not (tmp_path / "run" / telemetry.TELEMETRY).exists()


def test_a_slow_driver_is_asked_less_often(nvml_machine, monkeypatch):
    """Looks take at most one part in fifty of the time, whatever they cost."""
    machine = nvml_machine(H200)
    machine.install(monkeypatch)
    watch = Watch((machine.state.gpus[0].uuid.decode(),), interval_s=0.001)
    slow = watch._look
    rests = []

    def look(nvml, watched):
        time.sleep(0.01)
        return slow(nvml, watched)

    class Wake(threading.Event):
        def wait(self, timeout=None):
            rests.append(timeout)
            return len(rests) > 3

    watch._look, watch._wake = look, Wake()
    watch._run()
    assert len(watch.looks) == 3
    assert all(rest >= LEAST_REST * 0.01 for rest in rests[1:])


def test_the_command_prints_and_keeps_it(nvml_machine, tmp_path):
    """The whole way, in processes of their own."""
    machine = nvml_machine(H200)
    machine.state.gpus[0].reasons = 0x44
    words = ["run", "--target", "h200-sxm-141gb", "--workload", "digits", "--scenario", "offline"]
    values = {**HOST, "min_duration_ms": 300, "target_qps": 20_000}
    sets = [f"--set={name}={value}" for name, value in values.items()]
    done = subprocess.run(
        [sys.executable, "-m", "runtime", *words, "--quick", *sets, "--out", tmp_path / "out"],
        env=machine.environment(HARNESS_CACHE=str(tmp_path / "cache"), COLUMNS="120"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 6), done.stderr
    assert "NVIDIA H200: SM 1,755 MHz, 70 W, 45 \u00b0C, memory" in done.stdout
    assert "looks: power cap 100%, thermal, by hardware 100%" in done.stdout
    record = json.loads((tmp_path / "out" / "record.json").read_bytes())
    assert record["telemetry"][0]["throttled"] == {"power cap": 1.0, "thermal, by hardware": 1.0}
