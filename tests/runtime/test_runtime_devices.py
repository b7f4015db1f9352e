"""Finding GPUs through NVML, matching them with targets, host facts, packages."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from runtime.configs.registry import load
from runtime.devices import checkup, host, packages
from runtime.devices.discovery import (
    Found,
    Gpu,
    availability,
    discover,
    jetson_model,
    match,
)
from runtime.errors import MissingError

TARGETS = load().targets
KNOWN = tuple(TARGETS.values())


def fake_nvml(gpus, *, fails: str = "", text_as_bytes: bool = False) -> ModuleType:
    """Return a stand-in for pynvml that describes some boards."""
    nvml = ModuleType("pynvml")

    class NVMLError(Exception):
        pass

    def text(value: str):
        return value.encode() if text_as_bytes else value

    def start():
        if fails == "init":
            raise NVMLError("Driver Not Loaded")

    def mig(handle):
        if handle["mig"] is None:
            raise NVMLError("Not Supported")
        return (handle["mig"], handle["mig"])

    nvml.NVMLError = NVMLError
    nvml.nvmlInit = start
    nvml.nvmlShutdown = lambda: None
    nvml.nvmlSystemGetDriverVersion = lambda: text("580.1")
    nvml.nvmlDeviceGetCount = lambda: len(gpus)
    nvml.nvmlDeviceGetHandleByIndex = lambda i: gpus[i]
    nvml.nvmlDeviceGetName = lambda h: text(h["name"])
    nvml.nvmlDeviceGetUUID = lambda h: text("GPU-1")
    nvml.nvmlDeviceGetPciInfo = lambda h: SimpleNamespace(pciDeviceId=h["pci"])
    nvml.nvmlDeviceGetMemoryInfo = lambda h: SimpleNamespace(total=h["memory"])
    nvml.nvmlDeviceGetMigMode = mig
    nvml.nvmlDeviceGetEnforcedPowerLimit = lambda h: h["power"] * 1000
    return nvml


H200 = {"name": "NVIDIA H200", "pci": 0x233510DE, "memory": 143_771 << 20, "mig": 0, "power": 700}


def test_boards_are_described(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml([H200, {**H200, "mig": None}]))
    found = discover()
    assert found.driver == "580.1"
    assert found.why_none == ""
    assert [g.index for g in found.gpus] == [0, 1]
    gpu = found.gpus[0]
    assert (gpu.name, gpu.pci_id, gpu.mig, gpu.power_limit_w) == (
        "NVIDIA H200",
        "0x233510DE",
        False,
        700.0,
    )
    assert gpu.memory_gb == pytest.approx(150.75, abs=0.01)


def test_old_nvml_packages_give_bytes(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml([H200], text_as_bytes=True))
    assert discover().gpus[0].name == "NVIDIA H200"
    assert discover().driver == "580.1"


def test_no_package_no_driver_no_device_are_told_apart(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert "nvidia-ml-py is not installed" in discover().why_none
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml([], fails="init"))
    assert discover().why_none == "no NVIDIA driver answers: Driver Not Loaded"
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml([]))
    assert discover().why_none == "the driver is there and reports no GPU"


@pytest.mark.parametrize(
    "name", [n for n, t in TARGETS.items() if t.pci_ids and t.devices == 1 and t.mig is None]
)
def test_every_target_with_a_pci_id_matches_its_own_board(name):
    target = TARGETS[name]
    for pci in target.pci_ids:
        for share in (1.0, 1.07):
            gpu = Gpu(
                index=0,
                name=target.title,
                pci_id=pci.lower(),
                memory_gb=target.memory_gb.value * share,
            )
            found = match(gpu, KNOWN)
            assert (found.target, found.exact) == (name, True), found.why


def test_same_board_with_other_memory_is_near_but_not_the_target():
    gpu = Gpu(index=0, name="NVIDIA H200", pci_id="0x233510DE", memory_gb=80.0)
    found = match(gpu, KNOWN)
    assert (found.target, found.exact) == ("h200-sxm-141gb", False)
    assert "memory does not: 80 GB, the target has 141 GB" in found.why


def test_unknown_board_gets_the_nearest_with_the_reason():
    gpu = Gpu(index=0, name="NVIDIA L40", pci_id="0x26B510DE", memory_gb=48.0)
    found = match(gpu, KNOWN)
    assert not found.exact
    assert found.target == "l40s"
    assert "belongs to no target" in found.why
    assert match(gpu, ()).why == "no GPU target is defined"


def test_availability():
    h200 = Gpu(index=0, name="NVIDIA H200", pci_id="0x233510DE", memory_gb=150.7)
    one = Found(gpus=(h200,), driver="580.1")
    assert availability(TARGETS["cpu"], Found(why_none="x"), KNOWN).ok
    assert availability(TARGETS["h200-sxm-141gb"], one, KNOWN).ok
    eight = availability(TARGETS["h200-sxm-141gb-x8"], one, KNOWN)
    assert not eight.ok
    assert eight.reason.startswith("1 of 8 devices; this machine has NVIDIA H200 (h200-sxm-141gb)")
    assert not availability(TARGETS["l4"], one, KNOWN).ok
    none = availability(TARGETS["l4"], Found(why_none="no driver"), KNOWN)
    assert (none.ok, none.reason) == (False, "no driver")
    assert "--dry-run" in none.mend
    slice_ = TARGETS["h200-sxm-141gb-mig-1g.18gb"]
    assert "nvidia-smi -mig 1" in availability(slice_, one, KNOWN).mend


def test_jetson_is_known_by_its_board(tmp_path):
    model = tmp_path / "model"
    assert jetson_model(model) == ""
    model.write_bytes(b"NVIDIA Jetson AGX Orin Developer Kit\0")
    assert jetson_model(model) == "NVIDIA Jetson AGX Orin Developer Kit"
    model.write_bytes(b"Raspberry Pi 5\0")
    assert jetson_model(model) == ""


def test_container_quota_limits_the_cores(tmp_path):
    assert host.cgroup_cores(tmp_path) is None
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert host.cgroup_cores(tmp_path) is None
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert host.cgroup_cores(tmp_path) == 1.5
    (tmp_path / "cpu.max").unlink()
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("200000")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert host.cgroup_cores(tmp_path) == 2.0
    assert host.usable_cores() >= 1


def test_limits_say_what_is_enough():
    names = {limit.name: limit for limit in host.limits()}
    assert set(names) == {"open files (-n)", "locked memory (-l)", "stack (-s)"}
    assert all(limit.value and limit.need for limit in names.values())


@pytest.mark.parametrize(
    ("version", "seeds"),
    [("4.1.30", ""), ("5.1.2", "v5.1"), ("6.0.12", "v6.0"), ("6.0.17", "v6.1"), ("7.0", "")],
)
def test_seeds_of_loadgen_wheels(version, seeds):
    assert packages.seeds_of(version) == seeds


def test_missing_packages_are_told_at_once_with_the_line_that_installs_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlperf_loadgen", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingError) as caught:
        packages.require(["mlcommons-loadgen", "numpy", "scikit-learn"])
    assert len(caught.value.problems) == 2
    assert "run `python -m pip install mlcommons-loadgen`" in str(caught.value)
    assert "run `python -m pip install scikit-learn`" in str(caught.value)
    assert caught.value.exit_code == 3
    packages.require(["numpy"])


def test_checkup_names_what_stops_the_cpu_target(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HARNESS_RECORD_DIR", raising=False)
    found = checkup.examine(KNOWN)
    assert found.missing == ()
    assert found.loadgen_seeds == packages.seeds_of(
        next(x.version for x in found.libraries if x.name == "mlcommons-loadgen")
    )
    (tmp_path / "file").write_text("")
    (tmp_path / "audit.config").write_text("")
    monkeypatch.setenv("HARNESS_RECORD_DIR", str(tmp_path / "file" / "records"))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    texts = checkup.examine(KNOWN).missing
    assert [t.split()[0] for t in texts] == [
        "onnxruntime",
        "records",
        str(tmp_path / "audit.config"),
    ]
