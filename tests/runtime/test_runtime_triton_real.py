"""The real server: equal answers in every scenario, a clean life, and no false success.

Needs the extra `triton`, or a server that HARNESS_TRITON names: `nox -s triton`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from triton_leftovers import family, regions_of

from runtime.configs.schema import MultiStream, Offline, Server, SingleStream
from runtime.errors import MissingError, RunError
from runtime.loadgen.logs import read_answers
from runtime.loadgen.serving import prepare_repository
from runtime.loadgen.session import execute
from runtime.plan import RunPlan
from runtime.record import from_json
from runtime.triton.install import find_server
from runtime.triton.server import TritonServer
from runtime.vocabulary import HarnessKind, Mode, Scenario, SharedMemory
from runtime.workloads import digits

pytestmark = pytest.mark.triton

SETTINGS = {
    Scenario.OFFLINE: Offline(target_qps=20_000.0, min_duration_ms=1, min_sample_count=5_000,
                              batch_size=128),
    Scenario.SERVER: Server(target_qps=100.0, target_latency_ms=1_000.0, min_duration_ms=50,
                            min_query_count=459, batch_size=16, max_queue_delay_us=500),
    Scenario.SINGLE_STREAM: SingleStream(expected_latency_ms=0.1, min_duration_ms=50,
                                         min_query_count=64),
    Scenario.MULTI_STREAM: MultiStream(expected_latency_ms=0.1, min_duration_ms=50,
                                       min_query_count=662, batch_size=8),
}  # fmt: skip


@pytest.fixture(scope="module")
def install():
    """The server to test; without one, these tests are skipped with what would bring it."""
    pytest.importorskip("tritonclient.grpc", reason="needs tritonclient, of the extra `triton`")
    try:
        return find_server()
    except MissingError as error:
        pytest.skip(f"needs a Triton server: {error}")


MARK = "CALLIOPE_TEST_MARK"
"""Variable that every process of a test inherits: others on this machine do not have it."""


@pytest.fixture(autouse=True)
def nothing_left(install, monkeypatch):
    """No server, no stub, no shared memory of this test stays behind, whatever it did."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv(MARK, mark)
    with family() as owners:
        yield
    end = time.monotonic() + 10
    while (left := marked(mark)) and time.monotonic() < end:
        time.sleep(0.1)
    assert left == []
    assert regions_of(owners) == []


def marked(mark):
    """Return the processes anywhere on this machine that carry a test's mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.pid != os.getpid():
                found.append(process)
        except psutil.Error:
            continue  # it ended, or is another user's
    return found


def servers():
    """Return the server programs, and their stubs, that this process started."""
    names = ("tritonserver", "triton_python_b")
    return [p for p in psutil.Process().children(recursive=True) if p.name().startswith(names)]


def plan_of(scenario, mode=Mode.PERFORMANCE, **changes):
    return RunPlan(
        key=f"cpu/digits/{scenario}@triton",
        target="cpu",
        workload="digits",
        scenario=scenario,
        mode=mode,
        quick=True,
        settings=replace(SETTINGS[scenario], warmup_batches=1, **changes),
        harness=HarnessKind.TRITON,
    )


def long_plan(**changes):
    """Return a run of many seconds, of which a test disturbs what it likes."""
    return plan_of(Scenario.OFFLINE, batch_size=32, min_sample_count=400_000, **changes)


class Disturb:
    """Does something once, as soon as the timed part has finished some samples."""

    def __init__(self, what) -> None:
        self.what, self.done = what, threading.Event()

    def __call__(self, progress) -> None:
        if progress.phase == "timed" and progress.done > 200 and not self.done.is_set():
            self.done.set()
            self.what()


@pytest.fixture(scope="module")
def direct():
    """What a bare session says of each test image, one at a time."""
    import onnxruntime as ort

    images = digits.open_samples(None).load(np.arange(540))
    model = digits.open_model(None, Path())
    session = ort.InferenceSession(str(model.path), providers=["CPUExecutionProvider"])
    name, out = digits.WORKLOAD.input.name, [digits.WORKLOAD.output.name]
    return [int(session.run(out, {name: images[i : i + 1]})[0].argmax()) for i in range(540)]


def test_it_is_ready_within_ten_seconds_and_stops_with_code_0(tmp_path, install):
    repository = tmp_path / "repository"
    prepare_repository(plan_of(Scenario.OFFLINE), repository, install)
    server = TritonServer(install, repository, tmp_path)
    began = time.monotonic()
    server.start(["digits"])
    assert time.monotonic() - began < 10
    assert server.ready("digits")
    stubs = psutil.Process(server.pid).children(recursive=True)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 15
    assert not psutil.pid_exists(server.pid)
    assert not any(s.is_running() and s.status() != psutil.STATUS_ZOMBIE for s in stubs)


@pytest.mark.parametrize("memory", [SharedMemory.SYSTEM, SharedMemory.NONE])
@pytest.mark.parametrize("scenario", list(Scenario))
def test_answers_are_those_of_direct_inference_sample_by_sample(tmp_path, direct, scenario, memory):
    plan = plan_of(scenario, Mode.ACCURACY, triton_shared_memory=memory)
    record = execute(plan, tmp_path / "run")
    logged = read_answers(tmp_path / "run" / "loadgen" / "mlperf_log_accuracy.json")
    assert sorted(logged) == list(range(540))
    assert [int.from_bytes(logged[i], "little", signed=True) for i in range(540)] == direct
    assert record.verdict.result == "VALID"
    assert record.notes == ("quick run: shortened durations, no official MLPerf-style run",)


@pytest.mark.parametrize("scenario", [Scenario.OFFLINE, Scenario.SERVER])
def test_a_model_that_overlaps_gives_the_same_answers(tmp_path, direct, scenario):
    plan = plan_of(scenario, Mode.ACCURACY, batch_size=16, triton_request_samples=4,
                   triton_overlap=True, triton_window=8)  # fmt: skip
    execute(plan, tmp_path / "run")
    assert 'key: "overlap"' in (tmp_path / "run/repository/digits/config.pbtxt").read_text()
    logged = read_answers(tmp_path / "run" / "loadgen" / "mlperf_log_accuracy.json")
    assert [int.from_bytes(logged[i], "little", signed=True) for i in range(540)] == direct


@pytest.mark.parametrize("scenario", list(Scenario))
def test_a_performance_run_is_valid_and_counted_on_both_sides(tmp_path, scenario):
    record = execute(plan_of(scenario), tmp_path / "run")
    assert record.verdict.result == "VALID", record.verdict
    counted = json.loads((tmp_path / "run" / "triton.json").read_text())
    client, server = counted["client"], counted["server"]
    assert client["requests"] == server["requests"] > 0
    assert client["samples"] == server["samples"]
    # Triton counts a request until it has let go of it, which is after its answer left
    assert client["call_ns"] >= 0.95 * server["total_ns"]
    assert server["failed"] == counted["retried"] == 0


def test_several_servers_clients_and_instances(tmp_path, direct):
    plan = plan_of(
        Scenario.SERVER, Mode.ACCURACY, processes=2, lanes=2, triton_clients=2, triton_window=2
    )
    execute(plan, tmp_path / "run")
    logged = read_answers(tmp_path / "run" / "loadgen" / "mlperf_log_accuracy.json")
    assert [int.from_bytes(logged[i], "little", signed=True) for i in range(540)] == direct
    assert len(list((tmp_path / "run").glob("triton-*.log"))) == 2


def test_a_server_killed_in_the_middle_fails_the_run(tmp_path):
    disturb = Disturb(lambda: next(iter(servers())).kill())
    with pytest.raises(RunError) as caught:
        execute(long_plan(), tmp_path / "run", disturb)
    assert disturb.done.is_set()
    assert "triton-server-died" in caught.value.codes
    assert "signal 9" in str(caught.value)
    record = from_json((tmp_path / "run" / "record.json").read_bytes())
    assert record.verdict.result == "PARTIAL"
    assert record.metrics, "what it had so far is kept"


def test_a_frozen_server_fails_the_run_at_the_deadline(tmp_path):
    disturb = Disturb(lambda: next(iter(servers())).suspend())
    began = time.monotonic()
    with pytest.raises(RunError) as caught:
        execute(long_plan(triton_deadline_ms=1_500), tmp_path / "run", disturb)
    assert disturb.done.is_set()
    assert time.monotonic() - began < 40
    assert "triton-deadline" in caught.value.codes
    record = from_json((tmp_path / "run" / "record.json").read_bytes())
    assert record.verdict.result == "PARTIAL"


def test_a_server_frozen_for_less_than_the_deadline_goes_on(tmp_path):
    def freeze():
        server = next(iter(servers()))
        server.suspend()
        threading.Timer(0.5, server.resume).start()

    disturb = Disturb(freeze)
    plan = plan_of(Scenario.OFFLINE, min_sample_count=100_000)
    record = execute(plan, tmp_path / "run", disturb)
    assert disturb.done.is_set()
    assert record.verdict.result == "VALID", "it was slow, nothing was lost"


@pytest.mark.parametrize("retries", [0, 40])
def test_a_server_restarted_in_the_middle_is_no_success(tmp_path, install, retries):
    repository = tmp_path / "repository"
    plan = long_plan(triton_retries=retries, triton_deadline_ms=30_000)
    prepare_repository(plan, repository, install)
    first = TritonServer(install, repository, tmp_path, number=0)
    first.start(["digits"])
    second = TritonServer(install, repository, tmp_path, number=1, ports=first.ports)
    plan = replace(plan, servers=(first.url,))

    up, over = threading.Event(), threading.Event()

    def restart():
        first.kill()
        second.start(["digits"])
        up.set()
        over.wait()  # the server ends with the thread that started it

    disturb = Disturb(lambda: threading.Thread(target=restart, daemon=True).start())
    try:
        if retries:
            record = execute(plan, tmp_path / "run", disturb)
            assert record.verdict.result == "INVALID"
            assert "triton-retried" in [c.code for c in record.verdict.causes]
            assert any("did not start" in note for note in record.notes)
        else:
            with pytest.raises(RunError) as caught:
                execute(plan, tmp_path / "run", disturb)
            assert "triton-request-failed" in caught.value.codes
            record = from_json((tmp_path / "run" / "record.json").read_bytes())
            assert record.verdict.result == "PARTIAL"
        assert disturb.done.is_set()
    finally:
        if disturb.done.is_set():
            up.wait(30)  # killed while it starts, it would fail in its thread
        second.kill()
        first.kill()
        over.set()


SMALL = """
import sys
from pathlib import Path
from runtime.cli import main
size, fill = sys.argv[1:3]
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x00020000) or libc.mount(b"none", b"/", None, 0x44000, None) or libc.mount(
    b"tmpfs", b"/dev/shm", b"tmpfs", 0, f"size={size}".encode()
):
    print("no right to mount", flush=True)
    sys.exit(77)
if fill == "start":
    left = os.statvfs("/dev/shm")
    handle = os.open("/dev/shm/filler", os.O_CREAT | os.O_RDWR)
    os.posix_fallocate(handle, 0, left.f_bavail * left.f_frsize - int(sys.argv[3]))
if fill == "middle":
    import threading, time
    def later():
        while not any(Path("/dev/shm").glob("calliope-region-*")):
            time.sleep(0.02)
        time.sleep(0.5)
        left = os.statvfs("/dev/shm")
        handle = os.open("/dev/shm/filler", os.O_CREAT | os.O_RDWR)
        os.posix_fallocate(handle, 0, left.f_bavail * left.f_frsize)
        print("filled", flush=True)
    threading.Thread(target=later, daemon=True).start()
try:
    main(["run", "--target", "cpu", "--workload", "digits", "--scenario", "offline",
          "--harness", "triton", "--quick", *sys.argv[4:]])
finally:
    print("left", sorted(os.listdir("/dev/shm")), flush=True)
"""


def run_small(tmp_path, size, fill, left, *arguments):
    """Run an entry in a mount namespace whose /dev/shm is small; skip where we may not."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs Linux's mount namespaces")
    done = subprocess.run(
        [sys.executable, "-c", SMALL, size, fill, str(left), *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path,
    )  # fmt: skip
    if done.returncode == 77:
        pytest.skip("needs the right to mount in a namespace of its own")
    return done


def test_a_shared_memory_too_small_for_the_regions_is_told_before_the_run(tmp_path):
    out = tmp_path / "run"
    done = run_small(tmp_path, "8m", "none", 0, "--out", out, "--set", "triton_window=512")
    assert done.returncode == 4, done.stderr
    assert "MiB of shared memory" in done.stderr
    assert "triton-shared-memory" in done.stderr
    assert not (out / "record.json").exists()
    assert done.stdout.splitlines()[-1] == "left []"


def test_a_shared_memory_that_is_full_before_the_start_fails_the_run_as_documented(tmp_path):
    """With 64 KiB left, the server's own part of it cannot be had: told, and nothing is left."""
    out = tmp_path / "run"
    done = run_small(tmp_path, "2m", "start", 65_536, "--out", out)
    assert done.returncode == 5, done.stderr
    assert "model digits: want shared memory for its process" in done.stderr
    assert "No space left on device" in done.stderr, "the server's own line"
    assert "--shm-size" in done.stderr
    assert "triton-shared-memory" in done.stderr
    assert "VALID" not in done.stdout + done.stderr
    assert not (out / "record.json").exists(), "nothing was measured, so there is no record"
    assert not list((out / "loadgen").glob("mlperf_log_*")), "LoadGen never started"
    assert done.stdout.splitlines()[-1] == "left ['filler']", "only what the test put there"


def test_a_shared_memory_filled_in_the_middle_changes_nothing(tmp_path):
    """Everything was reserved before: neither side asks for more."""
    out = tmp_path / "run"
    done = run_small(tmp_path, "16m", "middle", 0, "--out", out, "--set", "min_sample_count=150000")
    assert "filled" in done.stdout, done.stderr
    assert done.returncode in (0, 6), done.stderr
    record = from_json((out / "record.json").read_bytes())
    assert record.verdict.result in ("VALID", "INVALID")
    assert not any("triton" in c.code for c in record.verdict.causes)
    assert json.loads((out / "triton.json").read_text())["server"]["failed"] == 0


def test_ctrl_c_stops_run_and_server(tmp_path):
    code = (
        "from runtime.cli import main; main(['run', '--target', 'cpu', '--workload', 'digits', "
        f"'--scenario', 'offline', '--harness', 'triton', '--out', {str(tmp_path / 'run')!r}, "
        "'--quick', '--set', 'min_sample_count=2000000'])"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as one:
        for line in one.stderr:
            if "timed run" in line:
                break
        one.send_signal(signal.SIGINT)
        rest = one.stderr.read()
        assert one.wait(60) == 130
    assert "interrupted" in rest
    record = from_json((tmp_path / "run" / "record.json").read_bytes())
    assert record.verdict.result == "PARTIAL"
