"""A server's life, with a program that behaves as `tritonserver` does: every way to fail."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest
from click.testing import CliRunner

from runtime.cli import main
from runtime.errors import HarnessError, MissingError, RunError, UsageError
from runtime.triton import server as life
from runtime.triton.fleet import Fleet
from runtime.triton.install import find_server
from runtime.triton.ports import Ports, free_ports
from runtime.triton.server import TritonServer
from runtime.triton.serverlog import read_failures


@pytest.fixture
def faults(fake_triton):
    """Name the fake program as the server, without gRPC; return what tells it to misbehave."""

    def tell(**values):
        fake_triton(**{"grpc": False, **values})

    tell()
    return tell


@pytest.fixture
def made(tmp_path, faults):
    """Return a server that was not started; whatever is left of it goes."""
    repository = tmp_path / "repository"
    repository.mkdir()
    server = TritonServer(find_server(), repository, tmp_path)
    yield server
    server.kill()


def wait_until(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    assert true()


def error_of(server, kind, **how):
    with pytest.raises(kind) as caught:
        server.start(["digits"], **how)
    assert not server.alive()
    return caught.value


def test_it_starts_on_free_loopback_ports_and_stops_with_code_0(made):
    began = time.monotonic()
    made.start(["digits"])
    assert time.monotonic() - began < 10
    assert made.alive()
    assert made.ready()
    assert made.ready("digits")
    assert len({made.ports.http, made.ports.grpc, made.ports.metrics}) == 3
    assert "--http-address=127.0.0.1" in made.command()
    made.check()
    assert made.stop() == 0
    assert not psutil.pid_exists(made.pid)
    assert made.log.read_text()


@pytest.mark.parametrize(
    "case",
    [
        ("model", RunError, "triton-model-failed", "No module named 'onnxruntime'"),
        ("poll", RunError, "triton-model-failed", "failed to read text proto"),
        ("backend", MissingError, "triton-backend-missing", "backend 'onnxruntime'"),
        ("port", UsageError, "triton-port", "already in use"),
        ("other", RunError, "triton-server-died", "failed to stat file /nowhere"),
    ],
)
def test_what_keeps_it_from_starting_is_told_in_its_own_words(made, faults, case):
    fault, kind, code, says = case
    faults(start=fault)
    error = error_of(made, kind)
    assert error.codes == (code,)
    assert says in str(error)
    assert "CudaDriver" not in str(error)
    if fault in ("model", "poll", "backend"):
        assert "model digits" in str(error)


def test_chosen_ports_that_were_taken_in_between_are_chosen_again(made, faults, tmp_path):
    faults(start="port", marker=str(tmp_path / "once"))
    made.start(["digits"])
    assert made.stop() == 0


def test_named_ports_are_tried_once(made, faults, tmp_path):
    faults(start="port", marker=str(tmp_path / "once"))
    made.name_ports(Ports(http=1, grpc=2, metrics=3))
    assert error_of(made, UsageError).codes == ("triton-port",)


def test_a_server_that_is_never_ready_is_ended(made, faults):
    faults(start="never")
    error = error_of(made, RunError, ready_s=0.5)
    assert error.codes == ("triton-not-ready",)
    assert "within 0.5 s" in str(error)


def test_a_server_that_dies_is_noticed_with_its_signal(made, faults):
    faults(start="dies", after=0.1)
    made.start(["digits"])
    wait_until(lambda: not made.alive())
    with pytest.raises(RunError, match="signal 9") as caught:
        made.check()
    assert caught.value.codes == ("triton-server-died",)


@pytest.mark.parametrize(("fault", "says"), [("stubborn", "SIGKILL after"), ("code", "code 1")])
def test_a_server_that_does_not_stop_cleanly_is_told_and_gone(made, faults, fault, says):
    faults(start=fault)
    made.start(["digits"])
    with pytest.raises(RunError, match=says) as caught:
        made.stop(deadline_s=0.5)
    assert caught.value.codes == ("triton-stop",)
    assert not psutil.pid_exists(made.pid)


def test_a_frozen_server_is_stopped_too(made):
    made.start(["digits"])
    os.kill(made.pid, signal.SIGSTOP)
    assert made.stop() == 0


def test_nothing_of_its_group_and_no_shared_memory_stays(made, faults):
    faults(start="child")
    made.start(["digits"])
    (child,) = psutil.Process(made.pid).children()
    left = life.SHM / f"{made._prefix}region"
    left.touch()
    assert made.stop() == 0
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    assert not left.exists()


def test_a_fleet_has_one_server_a_slice_and_stops_all(tmp_path, faults):
    repository = tmp_path / "repository"
    repository.mkdir()
    fleet = Fleet(find_server(), repository, tmp_path, ["MIG-a", "MIG-b"])
    try:
        fleet.start(["digits"])
        seen = [psutil.Process(s.pid).environ()["CUDA_VISIBLE_DEVICES"] for s in fleet.servers]
        assert seen == ["MIG-a", "MIG-b"]
        assert len(set(fleet.urls)) == 2
        os.kill(fleet.servers[1].pid, signal.SIGKILL)
        wait_until(lambda: not fleet.servers[1].alive())
        (dead,) = fleet.deaths()
        assert "Triton server 1" in dead.where
    finally:
        assert fleet.stop() == []
    assert not any(s.alive() for s in fleet.servers)


def test_a_fleet_whose_second_server_fails_stops_the_first(tmp_path, faults, monkeypatch):
    fleet = Fleet(find_server(), tmp_path, tmp_path, [None, None])

    def refuse(*_arguments, **_options):
        raise RunError(())

    monkeypatch.setattr(fleet.servers[1], "start", refuse)
    with pytest.raises(HarnessError):
        fleet.start(["digits"])
    assert fleet.servers[0].pid
    assert not fleet.servers[0].alive()


def test_the_server_ends_with_the_process_that_started_it(tmp_path, faults):
    repository = tmp_path / "repository"
    repository.mkdir()
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from runtime.triton.install import find_server\n"
        "from runtime.triton.server import TritonServer\n"
        f"s = TritonServer(find_server(), Path({str(repository)!r}), Path({str(tmp_path)!r}))\n"
        "s.start(['digits'])\nprint(s.pid, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as one:
        server = psutil.Process(int(one.stdout.readline()))
        one.kill()
    server.wait(10)


def test_no_server_names_what_to_install(monkeypatch, tmp_path):
    monkeypatch.delenv("HARNESS_TRITON", raising=False)
    monkeypatch.setattr("runtime.triton.install.CONTAINER", tmp_path)
    monkeypatch.setattr("runtime.triton.install._wheel_site", lambda: None)
    with pytest.raises(MissingError, match=r"calliope-harness\[triton\]") as caught:
        find_server({"PATH": str(tmp_path)})
    assert caught.value.codes == ("triton-server-missing",)


def test_a_named_server_that_is_not_there_is_not_replaced(tmp_path):
    with pytest.raises(MissingError, match="HARNESS_TRITON"):
        find_server({"HARNESS_TRITON": str(tmp_path), "PATH": os.environ["PATH"]})


def test_a_backend_that_the_server_lacks_is_refused_before_it_starts(faults):
    install = find_server()
    assert install.names == ("python",)
    with pytest.raises(MissingError) as caught:
        install.require("tensorrt")
    assert caught.value.codes == ("triton-backend-missing",)


def test_the_log_of_a_healthy_start_holds_no_failure():
    text = (
        'W1128 02:19:26 1 pinned_memory_manager.cc:273] "Unable to allocate pinned memory"\n'
        'E1128 02:19:26.26 1 server.cc:241] "CudaDriverHelper has not been initialized."\n'
        "Error: Failed to initialize NVML\n"
        'I1128 02:19:26.26 1 model_lifecycle.cc:472] "loading: digits:1"\n'
    )
    assert read_failures(text) == []


def run_cli(*arguments):
    return CliRunner().invoke(main, ["triton", *map(str, arguments)])


def test_serve_tells_its_steps_and_ends_after_its_time(tmp_path, faults):
    repository = tmp_path / "repository"
    made = run_cli("model", "--target", "cpu", "--workload", "digits", "--scenario", "server",
                   "--out", repository)  # fmt: skip
    assert made.exit_code == 0, made.output
    done = run_cli(
        "serve", "--repository", repository, "--for", 0, "--out", tmp_path / "o", "--json"
    )
    assert done.exit_code == 0, done.output
    steps = [json.loads(line) for line in done.output.splitlines()]
    assert [s["step"] for s in steps] == ["starting", "ready", "stopped"]
    assert steps[1]["models"] == ["digits"]
    assert not psutil.pid_exists(steps[1]["pid"])


def test_serve_refuses_ports_that_are_none_and_a_broken_repository(tmp_path, faults):
    bad = run_cli("serve", "--repository", tmp_path, "--ports", "80,80,x")
    assert bad.exit_code == 2
    assert "three different ports" in bad.output
    empty = run_cli("serve", "--repository", tmp_path / "server" / "bin", "--out", tmp_path / "o")
    assert empty.exit_code == 2
    assert "triton.empty" in empty.output


def test_serve_without_a_server_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_TRITON", str(tmp_path / "nowhere"))
    done = run_cli("serve", "--target", "cpu", "--workload", "digits", "--scenario", "server")
    assert done.exit_code == 3
    assert "harness explain triton-server-missing" in done.output


def test_free_ports_can_be_bound():
    ports = free_ports()
    with socket.socket() as one:
        one.bind(("127.0.0.1", ports.grpc))
