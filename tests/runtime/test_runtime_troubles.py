"""Every message of the catalogue, provoked: by LoadGen itself where LoadGen decides."""

from __future__ import annotations

import ast
import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from msgspec import structs

import runtime
from runtime import artifacts
from runtime.cli.preflight import sudo_note
from runtime.cli.summary import show_record
from runtime.configs.registry import load
from runtime.configs.schema import Offline, Server, SingleStream
from runtime.devices.discovery import Found, Gpu, availability
from runtime.errors import ArtifactError, ConfigError, HarnessError, MissingError, UsageError
from runtime.explain import explanations
from runtime.loadgen.logs import read_detail
from runtime.loadgen.settings import refuse_audit
from runtime.loadgen.userconf import lint
from runtime.loadgen.verdict import judge_performance
from runtime.plan import resolve
from runtime.policies.rounds import check_wheel
from runtime.record import Code, DeviceTelemetry, Machine, Model, RunRecord, Verdict
from runtime.troubles.catalog import troubles
from runtime.vocabulary import CauseCode

REAL = load()

RUN = """
import sys, threading, time
import mlperf_loadgen as lg
folder, scenario, calls, slow, *lines = sys.argv[1:]
open(folder + "/user.conf", "w").write("\\n".join(lines) + "\\n")
settings = lg.TestSettings()
for _ in range(int(calls)):
    settings.FromConfig(folder + "/user.conf", "resnet50", scenario)
settings.scenario = getattr(lg.TestScenario, scenario)
settings.mode = lg.TestMode.PerformanceOnly
seen = 0
def answer(samples):
    lg.QuerySamplesComplete([lg.QuerySampleResponse(s.id, 0, 0) for s in samples])
def late(samples):
    time.sleep(0.3)
    answer(samples)
def issue(samples):
    global seen
    seen += 1
    if seen <= int(slow):
        threading.Thread(target=late, args=(samples,)).start()
    else:
        answer(samples)
output = lg.LogOutputSettings()
output.outdir, output.copy_summary_to_stdout = folder + "/logs", False
logs = lg.LogSettings()
logs.log_output, logs.enable_trace = output, False
sut = lg.ConstructSUT(issue, lambda: None)
qsl = lg.ConstructQSL(50, 50, lambda _: None, lambda _: None)
lg.StartTestWithLogSettings(sut, qsl, settings, logs)
lg.DestroyQSL(qsl)
lg.DestroySUT(sut)
"""


def loadgen(folder: Path, scenario: str, *lines: str, calls: int = 1, slow: int = 0):
    """Let LoadGen run a test of a few milliseconds and return its log."""
    (folder / "logs").mkdir(parents=True)
    arguments = [str(folder), scenario, str(calls), str(slow)]
    settings = [f"*.{scenario}.{line}" for line in lines]
    command = [sys.executable, "-c", RUN, *arguments, *settings]
    subprocess.run(command, check=True, timeout=60, cwd=folder)
    return read_detail(folder / "logs" / "mlperf_log_detail.txt")


def codes(verdict) -> list[str]:
    return [cause.code for cause in verdict.causes]


# what LoadGen decides


def test_offline_that_is_too_fast_names_a_rate_that_is_valid(tmp_path):
    settings = Offline(target_qps=10.0, min_duration_ms=200, min_sample_count=1)
    lines = ("min_duration = 200", "min_query_count = 1")
    log = loadgen(tmp_path / "a", "Offline", *lines, "target_qps = 10")
    verdict = judge_performance(log, settings)
    assert verdict.result == "INVALID"
    assert "min-duration" in codes(verdict)
    assert re.search(r"set target_qps=\d+", verdict.causes[0].do)


def test_max_duration_does_not_end_an_offline_run(tmp_path):
    lines = ("min_duration = 0", "max_duration = 1", "min_query_count = 200000")
    log = loadgen(tmp_path / "a", "Offline", *lines)
    assert log.values["generated_samples_per_query"] == 200_000
    assert log.values["result_max_latency_ns"] > 1_000_000
    assert log.valid
    (problem,) = lint("*.Offline.max_duration = 1\n")
    assert problem.code == "user-conf-no-effect"


def test_a_maximum_that_ends_the_run_is_told(tmp_path):
    lines = ("min_duration = 0", "min_query_count = 100", "max_query_count = 70")
    log = loadgen(tmp_path / "a", "SingleStream", *lines)
    verdict = judge_performance(log, SingleStream(expected_latency_ms=1.0, min_duration_ms=0))
    assert verdict.result == "INVALID"
    assert {"min-queries", "loadgen-error"} <= set(codes(verdict))


def test_queries_that_run_out_name_a_latency_that_is_enough(tmp_path):
    lines = ("min_duration = 50", "min_query_count = 70")
    log = loadgen(tmp_path / "a", "SingleStream", *lines, "target_latency = 1000")
    settings = SingleStream(expected_latency_ms=1000.0, min_duration_ms=50)
    (cause, *_) = judge_performance(log, settings).causes
    assert cause.code == "ran-out-of-queries"
    named = re.search(r"expected_latency_ms=([\d.e-]+)", cause.do)
    assert named
    again = loadgen(tmp_path / "b", "SingleStream", *lines, f"target_latency = {named[1]}")
    assert again.valid


def test_a_percentile_that_looks_met_names_the_queries_that_are_enough(tmp_path):
    lines = ("target_qps = 2000", "min_duration = 10", "target_latency = 100")
    log = loadgen(tmp_path / "a", "Server", *lines, "min_query_count = 300", slow=1)
    settings = Server(target_qps=2000.0, target_latency_ms=100.0, min_duration_ms=10)
    assert log.values["result_perf_constraints_met"] is True
    assert log.values["result_overlatency_query_count"] == 1
    (cause,) = judge_performance(log, settings).causes
    assert cause.code == "early-stopping"
    told = re.search(r"at least\s+(\d+)\s+more", log.values["early_stopping_result"])
    assert told
    needed = int(told[1]) + int(log.values["result_query_count"])
    assert f"it needs {needed} if no more miss it" in cause.text
    named = re.search(r"min_query_count=(\d+)", cause.do)
    assert named
    enough = f"min_query_count = {named[1]}"
    assert loadgen(tmp_path / "b", "Server", *lines, enough, slow=1).valid


def test_a_missed_bound_names_a_rate(tmp_path):
    lines = ("target_qps = 500", "min_duration = 10", "target_latency = 100")
    log = loadgen(tmp_path / "a", "Server", *lines, "min_query_count = 300", slow=30)
    settings = Server(target_qps=500.0, target_latency_ms=100.0, min_duration_ms=10)
    (cause,) = judge_performance(log, settings).causes
    assert cause.code == "latency-bound"
    assert "at most 100 ms" in cause.text
    assert re.search(r"set target_qps=4\d\d", cause.do)


def test_two_configurations_in_a_process_and_a_small_data_set(tmp_path):
    lines = ("min_duration = 0", "min_query_count = 70", "target_latency = 1")
    log = loadgen(tmp_path / "a", "SingleStream", *lines, calls=2)
    settings = SingleStream(expected_latency_ms=1.0, min_duration_ms=0)
    verdict = judge_performance(log, settings, least_samples=1024)
    assert verdict.result == "VALID"
    assert codes(verdict) == ["multiple-conf-files", "performance-samples"]
    assert "got 50;" in verdict.causes[1].text


def test_a_log_folder_that_is_gone_is_told(tmp_path):
    script = RUN.replace('folder + "/logs"', 'folder + "/gone"')
    command = [sys.executable, "-c", script, str(tmp_path), "SingleStream", "1", "0"]
    command.append("*.SingleStream.min_duration = 0")
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert "Failed to open summary file" in done.stdout + done.stderr
    assert done.returncode < 0, "LoadGen ends the process by a signal"
    with pytest.raises(ArtifactError) as caught:
        read_detail(tmp_path / "gone" / "mlperf_log_detail.txt")
    assert caught.value.codes == ("unreadable-log",)


def test_a_second_configuration_has_no_seeds(tmp_path):
    script = """
import json, sys
from pathlib import Path
from runtime.configs.registry import load
from runtime.errors import HarnessError
from runtime.loadgen.settings import make_settings, write_user_conf
from runtime.plan import resolve
registry = load()
plan = resolve(registry, target="cpu", workload="digits", scenario="offline", quick=True)
workload, conf = registry.workload("digits"), Path(sys.argv[1])
write_user_conf(plan, workload, 540, conf)
assert make_settings(plan, workload, conf).qsl_rng_seed != 0
try:
    make_settings(plan, workload, conf)
except HarnessError as error:
    print(error.codes[0])
"""
    command = [sys.executable, "-c", script, str(tmp_path / "user.conf")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "seeds-missing"


# settings


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("*.Offline.target_qps=1", "user-conf-form"),
        ("*.Offline.target_qps = ten", "user-conf-form"),
        ("*.Offline.target_qbs = 1", "user-conf-name"),
        ("resnet.Offline.target_qps = 1", "user-conf-name"),
        ("*.offline.target_qps = 1", "user-conf-name"),
        ("*.Server.target_latency = 1.5", "user-conf-value"),
        ("*.Server.target_latency = 15000000", "user-conf-value"),
        ("*.Server.target_latency_percentile = 0.99", "user-conf-value"),
        ("*.*.qsl_rng_seed = 1", "user-conf-seed"),
        ("*.Offline.max_query_count = 1", "user-conf-no-effect"),
    ],
)
def test_a_line_of_a_user_conf(line, code):
    (problem,) = lint(line)
    assert problem.code == code


def test_nanoseconds_are_answered_with_milliseconds():
    (problem,) = lint("resnet50.Server.target_latency = 15000000")
    assert problem.do == "write 15, if 15000000 ns is meant"
    (problem,) = lint("*.Server.target_latency_percentile = 0.99")
    assert problem.do == "write 99"


@pytest.mark.parametrize(
    ("override", "code"),
    [
        ("batch_sise=1", "config-field"),
        ("batch_size=0", "config-value"),
        ("batch_size=many", "config-value"),
        ("batch_size=65536", "memory-fit"),
    ],
)
def test_an_override_that_cannot_be(override, code):
    words = {"target": "a30", "workload": "resnet50", "scenario": "offline"}
    with pytest.raises(UsageError) as caught:
        resolve(REAL, **words, overrides=[override])
    assert caught.value.codes == (code,)


def test_the_batch_that_is_named_fits():
    words = {"target": "a30", "workload": "resnet50", "scenario": "offline"}
    with pytest.raises(UsageError) as caught:
        resolve(REAL, **words, overrides=["batch_size=65536"])
    named = int(re.search(r"at most (\d+)$", str(caught.value))[1])
    resolve(REAL, **words, overrides=[f"batch_size={named}"])
    with pytest.raises(UsageError, match="want at most 24 GB"):
        resolve(REAL, **words, overrides=[f"batch_size={named + 1}"])


def test_a_config_file_with_mistakes(tmp_path):
    from runtime.configs.diagnosis import diagnose

    path = tmp_path / "mine.py"
    path.write_text(
        "from runtime.configs.schema import Offline\n"
        "A = Offline(target_qbs=1.0)\n"
        "B = Offline(target_qps=-1.0)\n"
        "C = (\n"
    )
    (broken,) = diagnose(path, "mine")
    assert broken.code == "config-value"
    path.write_text(path.read_text().rpartition("C")[0])
    assert [p.code for p in diagnose(path, "mine")] == ["config-field", "config-value"]


def test_a_wheel_of_another_round():
    (problem,) = check_wheel("6.0.3", "v6.1")
    assert problem.code == "seeds-of-round"
    assert "pip install mlcommons-loadgen==6.0.17" in problem.do


def test_an_audit_config_that_lies_about(tmp_path):
    (tmp_path / "audit.config").write_text("*.*.mode = 2\n")
    with pytest.raises(ConfigError) as caught:
        refuse_audit(tmp_path)
    assert caught.value.codes == ("audit-config",)


# the machine


def test_no_loadgen(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'mlperf_loadgen':\n"
        "            raise ModuleNotFoundError('No module named mlperf_loadgen', name=name)\n"
        "sys.meta_path.insert(0, Block())\n"
    )
    words = ["run", "--target", "cpu", "--workload", "digits", "--scenario", "offline", "--quick"]
    done = subprocess.run(
        [sys.executable, "-m", "runtime", *words, "--out", str(tmp_path / "out")],
        check=False, capture_output=True, text=True, timeout=60, env=_with_path(tmp_path),
    )  # fmt: skip
    assert done.returncode == 3
    assert "pip install mlcommons-loadgen" in done.stderr
    assert "harness explain package-missing" in done.stderr


def test_a_provider_that_this_build_lacks():
    from runtime.backends.providers import check_provider

    with pytest.raises(MissingError) as caught:
        check_provider("QNNExecutionProvider")
    assert caught.value.codes == ("provider-missing",)


def _gpu(name: str, pci_id: str, memory_gb: float) -> Found:
    gpu = Gpu(index=0, name=name, pci_id=pci_id, memory_gb=memory_gb, uuid="", mig=False)
    return Found(gpus=(gpu,), driver="550")


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (Found(why_none="no NVIDIA driver is loaded"), "driver-missing"),
        (_gpu("Unheard Of", "0x12345678", 7.0), "system-unknown"),
        (_gpu("NVIDIA L4", "0x27B810DE", 24.1), "device-missing"),
    ],
)
def test_devices_that_are_not_there(found, code):
    known = REAL.targets.values()
    seen = availability(REAL.target("h100-sxm-80gb"), found, known)
    assert not seen.ok
    assert seen.code == code


def test_a_folder_of_another_user():
    """Another user's folder, seen from a process without root's rights."""
    script = """
import os, sys
from pathlib import Path
from runtime.artifacts import prepare_folder
from runtime.errors import ArtifactError
if os.getuid() == 0:
    import pwd
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    prepare_folder(Path(sys.argv[1]) / "run")
except ArtifactError as error:
    print(error.codes[0], error)
"""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        command = [sys.executable, "-c", script, name]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        folder.chmod(0o755)
    code, text = done.stdout.split(maxsplit=1)
    assert code == "permission-denied"
    assert f"uid {os.getuid()}" in text
    assert re.search(r"run `(sudo chown -R 65534:65534|chmod u\+rwx) ", text)


def test_a_folder_that_is_not_free(tmp_path):
    (tmp_path / "old").write_text("x")
    with pytest.raises(ArtifactError) as caught:
        artifacts.prepare_folder(tmp_path)
    assert caught.value.codes == ("folder-taken",)


def test_a_disk_that_is_full(tmp_path):
    place = artifacts.Place(path=tmp_path, existing=tmp_path, writable=True, us="uid 1", free_mib=0)
    problem = artifacts.problem_of(place, "--out")
    assert problem is not None
    assert problem.code == "disk-full"


def test_sudo_is_told_with_what_it_drops():
    assert sudo_note({}) == ""
    note = sudo_note({"SUDO_USER": "ada", "HARNESS_CACHE": "/models"})
    assert "HARNESS_RECORD_DIR are not set" in note.replace(" is ", " are ")
    assert "harness explain sudo" in note
    assert any(t.code == "sudo" for t in troubles())


def test_doctor_points_at_a_low_limit_of_locked_memory():
    def lower() -> None:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 20, 1 << 20))

    done = subprocess.run(
        [sys.executable, "-m", "runtime", "doctor"],
        check=False, capture_output=True, text=True, timeout=60, preexec_fn=lower,
    )  # fmt: skip
    assert "harness explain locked-memory" in " ".join(done.stdout.split())


# the catalogue


def test_a_board_without_sensors_is_told_beside_the_result(capsys):
    seen = DeviceTelemetry(device="A", uuid="GPU-1", slice=False, looks=3, look_ms=1.0)
    record = RunRecord(
        key="l4/digits/offline",
        target="l4",
        workload="digits",
        scenario="offline",
        mode="performance",
        quick=True,
        created="2026-01-01T00:00:00+00:00",
        seconds=1.0,
        settings={},
        overrides={},
        metrics=(),
        verdict=Verdict(result="VALID"),
        machine=Machine(cpu="x", cores=1, memory_gib=1.0, os="x", python="3"),
        packages={},
        code=Code(version="0"),
        model=Model(name="m", sha256="0"),
        telemetry=(structs.replace(seen, silent=("power_w",)),),
    )
    show_record(record, Path("run"))
    printed = capsys.readouterr().out
    assert "A: tells neither clocks nor power" in printed
    assert "harness explain " + "telemetry-missing" in printed


def test_every_code_is_provoked_and_asserted():
    """Every code stands in an assertion or a parameter of a test in this folder or below it."""
    said: set[str] = set()
    for path in Path(__file__).parent.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Assert, ast.Tuple)):
                said |= {
                    part
                    for n in ast.walk(node)
                    if isinstance(n, ast.Constant) and isinstance(n.value, str)
                    for part in (n.value, n.value.rpartition(" ")[2])
                }
    assert {t.code for t in troubles()} - said == set()


def test_every_code_that_the_source_names_has_a_section():
    known = {t.code for t in troubles()}
    assert {c.value for c in CauseCode} <= known
    for path in Path(runtime.__file__).parent.rglob("*.py"):
        for word in re.findall(r"harness explain ([a-z][a-z.-]+)", path.read_text("utf-8")):
            assert word in explanations(), path


def test_sections_are_whole():
    for trouble in troubles():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", trouble.code)
        for text in (trouble.symptom, trouble.cause, trouble.mend):
            assert text.endswith((".", "`")), trouble.code
        assert trouble.source
        assert not trouble.title.endswith(".")


def test_the_codes_of_an_error_are_its_own_where_a_problem_has_none():
    from runtime.errors import Problem

    plain = Problem("a", "b", "c", "d")
    assert UsageError([plain]).codes == ("H100",)
    coded = Problem("a", "b", "c", "d", "sudo")
    assert UsageError([coded, plain, coded]).codes == ("sudo", "H100")
    assert HarnessError(()).codes == ("H000",)
    assert str(coded) == str(plain)


def _with_path(folder: Path) -> dict[str, str]:
    root = str(Path(runtime.__file__).parents[1])
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), root])}
