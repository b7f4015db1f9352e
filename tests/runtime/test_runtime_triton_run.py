"""LoadGen behind clients of a server: equal answers, bounded windows, and no false success.

The server is a program of the tests' own that speaks the real protocol; the real one has
tests of its own, `test_runtime_triton_real.py`.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from triton_leftovers import family, regions_of

from runtime.cli import main
from runtime.configs.schema import MultiStream, Offline, Server, SingleStream
from runtime.errors import (
    ArtifactError,
    ConfigError,
    HarnessError,
    MissingError,
    RunError,
    UsageError,
)
from runtime.loadgen.logs import read_answers
from runtime.loadgen.session import execute
from runtime.plan import RunPlan
from runtime.record import from_json
from runtime.triton.regions import PREFIX, SHM, SystemRegion, sweep
from runtime.triton.stats import ClientTimes, Statistics, breakdown
from runtime.tuning.served import compare, read, write
from runtime.vocabulary import HarnessKind, Mode, Scenario, SharedMemory

pytest.importorskip("tritonclient.grpc", reason="needs tritonclient, of the extra `triton`")

slow = pytest.mark.slow

SETTINGS = {
    Scenario.OFFLINE: Offline(target_qps=2_000.0, min_duration_ms=1, min_sample_count=600,
                              batch_size=64),
    Scenario.SERVER: Server(target_qps=300.0, target_latency_ms=2000.0, min_duration_ms=50,
                            min_query_count=64, batch_size=8),
    Scenario.SINGLE_STREAM: SingleStream(expected_latency_ms=0.1, min_duration_ms=50,
                                         min_query_count=64),
    Scenario.MULTI_STREAM: MultiStream(expected_latency_ms=0.1, min_duration_ms=50,
                                       min_query_count=64, batch_size=8),
}  # fmt: skip


@pytest.fixture
def faults(fake_triton):
    """Name the fake program as the server, and return what tells it to misbehave."""
    with family() as owners:
        yield fake_triton
    assert regions_of(owners) == [], "no region stays behind"


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


@pytest.mark.parametrize(
    ("scenario", "changes"),
    [
        pytest.param(Scenario.OFFLINE, {}, marks=slow),
        pytest.param(
            Scenario.OFFLINE,
            {"triton_shared_memory": SharedMemory.NONE, "triton_clients": 2},
            marks=pytest.mark.slow,
        ),
        pytest.param(Scenario.SERVER, {"triton_window": 1}, marks=pytest.mark.slow),
        pytest.param(Scenario.SINGLE_STREAM, {}, marks=pytest.mark.slow),
        (Scenario.MULTI_STREAM, {"triton_request_samples": 3}),
    ],
)
def test_answers_are_those_of_direct_inference(tmp_path, faults, direct, scenario, changes):
    record = execute(plan_of(scenario, Mode.ACCURACY, **changes), tmp_path / "run")
    logged = read_answers(tmp_path / "run" / "loadgen" / "mlperf_log_accuracy.json")
    assert [int.from_bytes(logged[i], "little", signed=True) for i in range(540)] == direct
    assert record.verdict.result == "VALID"
    assert record.key.endswith("@triton")
    counted = json.loads((tmp_path / "run" / "triton.json").read_text())
    assert counted["client"]["samples"] == counted["server"]["samples"]
    assert 540 <= counted["client"]["samples"] < 548, "LoadGen fills up the last query"
    most = changes.get("triton_request_samples", plan_of(scenario).settings.batch_size)
    assert counted["client"]["requests"] >= -(-540 // most)


@slow
def test_two_servers_share_the_work(tmp_path, faults):
    record = execute(plan_of(Scenario.OFFLINE, processes=2), tmp_path / "run")
    assert record.verdict.result == "VALID"
    assert len(json.loads((tmp_path / "run" / "triton.json").read_text())["urls"]) == 2
    assert (tmp_path / "run" / "triton-1.log").is_file()


FAULTS = [
    pytest.param(case, marks=() if quick else slow)
    for quick, case in (
        (0, ({"infer": "unavailable"}, {}, "triton-request-failed", "Server is stopping")),
        (0, ({"infer": "internal"}, {}, "triton-request-failed", "shared memory pool")),
        (0, ({"infer": "shape"}, {}, "triton-request-failed", "output of shape (64, 10)")),
        (0, ({"infer": "message"}, {}, "triton-request-failed", "want outputs in shared")),
        (
            1,
            ({"infer": "slow", "from": 6}, {"triton_deadline_ms": 300}, "triton-deadline", "0.3 s"),
        ),
        (1, ({"infer": "dies", "from": 6}, {}, "triton-server-died", "signal 9")),
        (
            0,
            ({"infer": "dies", "from": 6}, {"triton_retries": 3}, "triton-server-died", "signal 9"),
        ),
        (
            0,
            (
                {"infer": "unavailable", "from": 6},
                {"triton_retries": 2, "triton_deadline_ms": 900},
                "triton-request-failed",
                "UNAVAILABLE",
            ),
        ),
    )
]


@pytest.mark.parametrize("case", FAULTS)
def test_a_failing_server_is_never_a_success(tmp_path, faults, case):
    fault, changes, code, says = case
    faults(**fault)
    out = tmp_path / "run"
    with pytest.raises(RunError) as caught:
        execute(plan_of(Scenario.OFFLINE, **changes), out)
    assert code in caught.value.codes
    assert says in str(caught.value)
    if (out / "record.json").exists():
        record = from_json((out / "record.json").read_bytes())
        assert record.verdict.result == "PARTIAL"


@pytest.mark.parametrize(
    "mode", [Mode.ACCURACY, pytest.param(Mode.PERFORMANCE, marks=pytest.mark.slow)]
)
def test_a_run_that_needed_retries_goes_on_and_is_invalid(tmp_path, faults, direct, mode):
    faults(infer="unavailable", times=2, **{"from": 12})
    plan = plan_of(Scenario.OFFLINE, mode, triton_retries=3)
    record = execute(plan, tmp_path / "run")
    assert record.verdict.result == "INVALID"
    assert "triton-retried" in [c.code for c in record.verdict.causes]
    assert "got 2 sent again" in record.verdict.causes[-1].text
    assert record.metrics, "what was measured is kept"
    if mode is Mode.ACCURACY:
        assert record.accuracy.passed


@slow
def test_a_server_that_forgot_its_regions_is_told_again_only_with_retries(tmp_path, faults):
    faults(infer="forgets", times=1, **{"from": 12})
    with pytest.raises(RunError, match="Unable to find shared memory region"):
        execute(plan_of(Scenario.OFFLINE), tmp_path / "one")
    record = execute(plan_of(Scenario.OFFLINE, triton_retries=2), tmp_path / "two")
    assert record.verdict.result == "INVALID"
    assert "triton-retried" in [c.code for c in record.verdict.causes]


@slow
def test_a_server_of_another_model_is_refused_before_the_run(tmp_path, faults):
    faults(tensor="pixels")
    with pytest.raises(ConfigError) as caught:
        execute(plan_of(Scenario.OFFLINE), tmp_path / "run")
    assert "want input: FP32 [1, 8, 8], got pixels: FP32 [1, 8, 8]" in str(caught.value)
    assert "output of model digits" in str(caught.value)
    assert not (tmp_path / "run" / "record.json").exists()


@slow
def test_a_server_that_does_not_stop_is_noted_in_the_record(tmp_path, faults):
    faults(start="code")
    record = execute(plan_of(Scenario.OFFLINE), tmp_path / "run")
    assert record.verdict.result == "VALID"
    assert any("exit code 1" in note for note in record.notes)


def test_a_server_that_nobody_listens_on_is_an_error(tmp_path, faults):
    plan = replace(plan_of(Scenario.OFFLINE), servers=("127.0.0.1:9",))
    with pytest.raises(HarnessError, match=r"127\.0\.0\.1:9"):
        execute(plan, tmp_path / "run")


def test_a_model_that_the_server_has_no_backend_for_is_refused(tmp_path, faults):
    root = Path(os.environ["HARNESS_TRITON"])
    (root / "backends" / "python" / "libtriton_python.so").unlink()
    with pytest.raises(MissingError) as caught:
        execute(plan_of(Scenario.OFFLINE), tmp_path / "run")
    assert caught.value.codes == ("triton-backend-missing",)


# ---------------------------------------------------------------- shared memory


def test_a_region_that_cannot_be_reserved_says_how_much_is_wanted(tmp_path):
    with pytest.raises(ArtifactError, match="MiB of shared memory") as caught:
        SystemRegion("big", 1 << 50)
    assert caught.value.codes == ("triton-shared-memory",)
    assert not list(SHM.glob(f"{PREFIX}{os.getpid()}-big"))


def test_regions_of_dead_processes_are_swept_and_others_kept(tmp_path):
    (tmp_path / f"{PREFIX}999999999-0-0").touch()
    (tmp_path / f"{PREFIX}{os.getpid()}-0-0").touch()
    (tmp_path / "other").touch()
    sweep(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"{PREFIX}{os.getpid()}-0-0", "other"]


@slow
def test_cuda_memory_without_cuda_names_the_package(tmp_path, faults):
    plan = plan_of(Scenario.OFFLINE, triton_shared_memory=SharedMemory.CUDA)
    with pytest.raises(MissingError, match="triton_shared_memory=system"):
        execute(plan, tmp_path / "run")


# ---------------------------------------------------------------- where the time goes


def test_the_parts_of_a_requests_time_add_up():
    times = ClientTimes(requests=10, samples=20, waiting_ns=10_000_000, gather_ns=5_000_000,
                        call_ns=100_000_000, complete_ns=15_000_000)  # fmt: skip
    counted = Statistics(requests=10, samples=20, executions=5, total_ns=60_000_000,
                         queue_ns=10_000_000, input_ns=5_000_000, infer_ns=30_000_000,
                         output_ns=5_000_000)  # fmt: skip
    shares = {s.name: s.ms for s in breakdown(times, counted)}
    assert shares == {
        "client wait": 1.0, "client": 2.0, "transport": pytest.approx(4.0), "server queue": 1.0,
        "compute input": 0.5, "compute infer": 3.0, "compute output": 0.5, "server rest": 1.0,
    }  # fmt: skip
    assert breakdown(ClientTimes(), counted) == ()
    assert counted.since(replace(counted, requests=4)).requests == 6


@slow
def test_a_comparison_has_both_runs_their_ratio_and_a_plot(tmp_path, faults):
    pytest.importorskip("matplotlib", reason="needs matplotlib, of the extra `docs`")
    found = compare(plan_of(Scenario.SINGLE_STREAM), tmp_path / "both")
    assert write(found, tmp_path / "both") == []
    plain = json.loads((tmp_path / "both" / "report.json").read_text())
    figures = plain["figures"]
    assert plain["ratio"] == pytest.approx(
        figures["direct"]["latency_p90_ms"] / figures["triton"]["latency_p90_ms"]
    )
    assert plain["direct_ms"] == figures["direct"]["latency_mean_ms"]
    assert plain["where_ms"]["compute infer"] > 0
    assert plain["samples_per_request"] == 1
    svg = (tmp_path / "both" / "where.svg").read_text()
    assert "compute infer" in svg
    assert "var(--pst-color-text-base" in svg
    assert (tmp_path / "both" / "where.csv").read_text().count("\n") == 10
    again = read(tmp_path / "both" / "triton")
    assert again.direct is None
    assert again.shares == found.shares
    with pytest.raises(ArtifactError, match="the folder of a run through Triton"):
        read(tmp_path / "both" / "direct")


# ---------------------------------------------------------------- the commands


def run_cli(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


ENTRY = ("--target", "cpu", "--workload", "digits", "--scenario", "single-stream")


@slow
def test_run_and_report_go_through_the_server(tmp_path, faults):
    out = tmp_path / "run"
    done = run_cli("run", *ENTRY, "--harness", "triton", "--quick", "--out", out,
                   "--set", "min_duration_ms=50", "--set", "min_query_count=64")  # fmt: skip
    assert done.exit_code == 0, done.output
    record = from_json((out / "record.json").read_bytes())
    assert record.key == "cpu/digits/single-stream@triton"
    told = run_cli("triton", "report", out)
    assert told.exit_code == 0, told.output
    assert "compute infer" in told.output
    assert "Result not verified by MLCommons Association." in told.output


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("run", *ENTRY, "--triton-url", "h:1"), 2, "add --harness triton"),
        (("triton", "report"), 2, "the name of a target"),
        (("triton", "report", "a", "b", "c"), 2, "one or two folders"),
        (("triton", "report", "nowhere"), 4, "record.json"),
        (("triton", "serve", "--target", "cpu", "--out", "o"), 2, "add --workload"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_told(tmp_path, monkeypatch, arguments, code, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tritonserver").touch(mode=0o755)
    monkeypatch.setenv("HARNESS_TRITON", str(tmp_path))
    done = run_cli(*arguments)
    assert done.exit_code == code, done.output
    assert says in done.output


def test_a_run_without_a_server_is_refused_before_it_starts(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_TRITON", str(tmp_path / "nowhere"))
    done = run_cli("run", *ENTRY, "--harness", "triton", "--out", tmp_path / "run")
    assert done.exit_code == 3
    assert "triton-server-missing" in done.output
    assert not (tmp_path / "run").exists()


def test_tune_turns_the_servers_own_fields(tmp_path):
    done = run_cli("triton", "tune", "--target", "cpu", "--workload", "digits",
                   "--scenario", "server", "--dry-run", "--json")  # fmt: skip
    assert done.exit_code == 0, done.output
    for field in ("triton_window", "triton_clients", "lanes", "max_queue_delay_us"):
        assert field in done.output
    assert "processes" not in done.output


def test_a_group_without_a_server_leaves_the_served_entries_out(tmp_path, monkeypatch):
    from runtime.cli.run import _drop_unserved, make_plans
    from runtime.configs.registry import load

    request = _request(tmp_path)
    plans = make_plans(load(), request)
    assert any(p.harness is HarnessKind.TRITON for p in plans)
    monkeypatch.setattr("runtime.triton.install.server_origin", lambda: "")
    kept = _drop_unserved(plans, request)
    assert kept
    assert not any(p.harness is HarnessKind.TRITON for p in kept)
    monkeypatch.setattr("runtime.triton.install.server_origin", lambda: "here")
    assert _drop_unserved(plans, request) == plans


def _request(tmp_path):
    from runtime.cli.request import Request

    return Request(
        target="cpu", workload="digits", scenario=None, mode="performance", quick=True,
        overrides=(), model=None, data=None, out=tmp_path, record=None,
        variant={"accuracy": None, "power": None, "harness": None},
    )  # fmt: skip


def test_a_url_that_is_none_is_a_usage_error(tmp_path):
    from runtime.cli.run import make_plans
    from runtime.configs.registry import load

    variant = {"accuracy": None, "power": None, "harness": "triton"}
    asked = replace(_request(tmp_path), servers=("here", "http://a:1"), variant=variant)
    with pytest.raises(UsageError, match="HOST:PORT") as caught:
        make_plans(load(), asked)
    assert len(caught.value.problems) == 2
