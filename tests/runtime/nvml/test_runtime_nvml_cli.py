"""`harness detect`, `doctor` and the checks before a run, on machines that the stand-in describes."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError

import nvml_standin
import pytest
from click.testing import CliRunner

from runtime.cli import main
from runtime.configs.registry import load
from runtime.devices.detection import detect
from runtime.devices.discovery import discover
from runtime.devices.driver import check_driver

H200 = nvml_standin.Gpu(*nvml_standin.H200, cores=range(8))
UNKNOWN = nvml_standin.Gpu("NVIDIA L40", 0x26B510DE, 46_068, (8, 9), node=1)
KNOWN = tuple(load().targets.values())


@pytest.fixture
def invoke(monkeypatch, tmp_path):
    """Return a function that runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: str):
        done = CliRunner().invoke(main, list(words), prog_name="harness")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return call


def test_detect_in_a_process_of_its_own(nvml_machine):
    """The whole way: command, pynvml, the library by its name, the state of another process."""
    machine = nvml_machine(H200)
    done = subprocess.run(
        [sys.executable, "-m", "runtime", "detect", "--json"],
        env=machine.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["kind"], found["ok"], found["driver"]) == ("calliope.detect", True, "580.95.05")
    assert [g["target"] for g in found["gpus"]] == ["h200-sxm-141gb"]
    assert found["targets"] == ["cpu", "h200-sxm-141gb"]
    assert found["gpus"][0]["place"]["cores"] == list(range(8))


def test_detect_explains_the_nearest_target_and_ends_with_3(nvml_machine, monkeypatch, invoke):
    nvml_machine(H200, UNKNOWN).install(monkeypatch)
    done = invoke("detect")
    assert done.exit_code == 3
    assert "GPU 1  NVIDIA L40  none of the targets" in done.stdout
    assert "nearest by compute capability 8.9 and memory: NVIDIA L40S 48GB" in done.stdout
    assert "harness explain system-unknown" in done.stdout
    assert "GPU 0 - GPU 1  SYS: the link between NUMA nodes" in done.stdout
    assert "processors 0-7" in done.stdout
    assert json.loads(invoke("detect", "--json").stdout)["ok"] is False


def test_detect_shows_slices_with_their_targets(nvml_machine, monkeypatch, invoke):
    machine = nvml_machine("H100-80GB-SXM")
    machine.mig_on()
    machine.create(0, "1g.10gb", 0)
    machine.install(monkeypatch)
    done = invoke("detect")
    assert done.exit_code == 0
    assert "slice 1/0  1g.10gb, 10.5 GB, 16 SMs: h100-sxm-80gb-mig-1g.10gb" in done.stdout
    assert "runs here: cpu, h100-sxm-80gb-mig-1g.10gb" in done.stdout
    (gpu,) = json.loads(invoke("detect", "--json").stdout)["gpus"]
    assert gpu["slices"][0]["target"] == "h100-sxm-80gb-mig-1g.10gb"
    assert gpu["slices"][0]["uuid"].startswith("MIG-")
    machine.create(0, "3g.40gb", 4)
    assert invoke("detect").exit_code == 3


def test_detect_of_one_target(nvml_machine, monkeypatch, invoke):
    nvml_machine(H200).install(monkeypatch)
    done = invoke("detect", "--target", "h200-sxm-141gb")
    assert done.exit_code == 0
    assert "can run: 1 of 1 devices" in done.stdout
    refused = invoke("detect", "--target", "l4", "--json")
    assert refused.exit_code == 3
    assert json.loads(refused.stdout)["code"] == "device-missing"
    assert invoke("detect", "--target", "l5").exit_code == 2


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("nvmlInitWithFlags=9", "driver-missing"),
        ("nvmlInitWithFlags=18", "driver-mismatch"),
        ("nvmlInitWithFlags=4", "device-permission"),
        ("nvmlDeviceGetHandleByIndex_v2=15", "gpu-lost"),
    ],
)
def test_detect_tells_why_nothing_answers(nvml_machine, monkeypatch, invoke, fault, code):
    nvml_machine(H200).install(monkeypatch, fault)
    done = invoke("detect")
    assert done.exit_code == 3
    assert f"harness explain {code}" in done.stdout
    told = json.loads(invoke("detect", "--json").stdout)
    assert [p["code"] for p in told["problems"]] == [code]
    assert invoke("explain", code).exit_code == 0


def test_doctor_shows_gpus_and_stays_about_the_cpu_target(nvml_machine, monkeypatch, invoke):
    machine = nvml_machine(H200, UNKNOWN)
    machine.state.gpus[0].reasons = 0x8
    machine.install(monkeypatch)
    done = invoke("doctor")
    assert done.exit_code == 0
    assert "NVIDIA H200: is h200-sxm-141gb" in done.stdout
    assert "hardware slowdown" in done.stdout
    assert "580.95.05, CUDA up to 13.0" in done.stdout
    machine.state.gpus[1].lost = 1
    assert "GPU 1: want a GPU that answers, got GPU is lost" in invoke("doctor").stdout
    assert json.loads(invoke("doctor", "--json").stdout)["found"]["broken"][0]["code"] == "gpu-lost"


def versions(**known: str):
    """Return what stands for importlib.metadata.version."""

    def version(name: str) -> str:
        key = name.replace("-", "_")
        if key not in known:
            raise PackageNotFoundError(name)
        return known[key]

    return version


def test_a_driver_too_old_for_the_libraries_is_told(nvml_machine, monkeypatch):
    machine = nvml_machine(H200)
    machine.state.driver, machine.state.cuda = b"550.54.15", 12040
    machine.install(monkeypatch)
    found = discover()
    (problem,) = check_driver(found, versions(tensorrt_cu13="11.0", tensorrt_cu12="10.9"))
    assert problem.code == "driver-old"
    assert problem.want == "one for CUDA 13 (580) for tensorrt-cu13"
    assert problem.got == "550.54.15, which knows CUDA 12.4"
    assert problem.do == "update the driver, or install libraries for CUDA 12"
    runtime = tuple(check_driver(found, versions(nvidia_cuda_runtime="13.0.96")))
    assert len(runtime) == 1
    assert not tuple(check_driver(found, versions(nvidia_cuda_runtime_cu12="12.8")))


def test_an_old_driver_stops_a_run_before_it_starts(nvml_machine, monkeypatch, invoke):
    machine = nvml_machine(H200)
    machine.state.driver, machine.state.cuda = b"470.1", 11040
    machine.install(monkeypatch)
    monkeypatch.setattr(
        "runtime.devices.driver.check_driver.__defaults__", (versions(tensorrt_cu12="10.9"),)
    )
    words = ("--target", "h200-sxm-141gb", "--workload", "digits", "--scenario", "offline")
    done = invoke("run", *words, "--quick")
    assert done.exit_code == 3
    assert "470.1, which knows CUDA 11.4" in done.stderr
    assert detect(KNOWN).ok is False
