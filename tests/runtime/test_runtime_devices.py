"""Finding GPUs through NVML, matching them with targets, host facts, packages."""

from __future__ import annotations

import sys
from dataclasses import replace

import nvml_standin as standin
import pytest

from runtime.configs.registry import load
from runtime.devices import checkup, host, inventory, nvml, packages
from runtime.devices.discovery import (
    Found,
    Gpu,
    availability,
    discover,
    jetson_model,
    match,
    match_slice,
)
from runtime.errors import MissingError

TARGETS = load().targets
KNOWN = tuple(TARGETS.values())


H200 = standin.Gpu(*standin.H200)
L4 = standin.Gpu(*standin.L4, power_w=72)


def test_boards_are_described(nvml_machine, monkeypatch):
    machine = nvml_machine(H200, L4)
    machine.state.gpus[0].reasons = 0x4 | 0x20
    machine.start_process(0, 4711)
    machine.install(monkeypatch)
    found = discover()
    assert (found.driver, found.cuda, found.why_none) == ("580.95.05", "13.0", "")
    assert [g.index for g in found.gpus] == [0, 1]
    gpu = found.gpus[0]
    assert (gpu.name, gpu.pci_id, gpu.mig, gpu.mig_pending) == (
        "NVIDIA H200",
        "0x233510DE",
        False,
        None,
    )
    assert gpu.memory_gb == pytest.approx(150.75, abs=0.01)
    assert (gpu.power.limit_w, gpu.power.draw_w, gpu.power.least_w) == (700.0, 70.0, 210.0)
    assert (gpu.clocks.sm_mhz, gpu.clocks.sm_most_mhz) == (1755, 1980)
    assert (gpu.temperature_c, gpu.compute_capability) == (45, "9.0")
    assert gpu.throttled == ("power cap", "thermal, by software")
    assert gpu.processes == (4711,)
    assert gpu.place.cores == (0, 1)
    assert (gpu.place.numa_node, gpu.place.link) == (0, "gen 5 x16 of gen 5 x16")
    assert [(x.one, x.other, x.level) for x in found.links] == [(0, 1, "NODE")]


def test_a_board_that_tells_little_is_described_all_the_same(nvml_machine, monkeypatch):
    machine = nvml_machine(L4)
    machine.state.gpus[0].has_power = machine.state.gpus[0].has_reasons = 0
    silent = ("nvmlDeviceGetCpuAffinity", "nvmlDeviceGetEccMode", "nvmlDeviceGetClockInfo")
    machine.install(monkeypatch, ",".join(f"{name}=3" for name in silent))
    (gpu,) = discover().gpus
    assert (gpu.power.draw_w, gpu.power_limit_w, gpu.ecc, gpu.clocks.sm_mhz) == (None,) * 4
    assert (gpu.throttled, gpu.place.cores) == ((), ())
    assert gpu.clocks.sm_most_mhz == 1980


def test_a_driver_before_535_tells_throttle_reasons_by_the_old_name(nvml_machine, monkeypatch):
    machine = nvml_machine(L4)
    machine.state.gpus[0].reasons = 0x40
    machine.install(monkeypatch, "nvmlDeviceGetCurrentClocksEventReasons=13")
    assert discover().gpus[0].throttled == ("thermal, by hardware",)


def test_slices_are_described_and_matched(nvml_machine, monkeypatch):
    machine = nvml_machine("H200-141GB")
    machine.mig_on()
    machine.create(0, "1g.18gb", 0)
    machine.create(0, "3g.71gb", 4, computes=(1, 2))
    machine.install(monkeypatch)
    (gpu,) = discover().gpus
    assert (gpu.mig, len(gpu.slices)) == (True, 3)
    small, part, _ = gpu.slices
    assert (small.profile, small.shared, small.sms) == ("1g.18gb", False, 16)
    assert small.memory_gb == pytest.approx(17.18, abs=0.01)
    assert small.uuid.startswith("MIG-")
    assert (part.profile, part.shared, part.instance) == ("3g.71gb", True, 2)
    found = match_slice(gpu, small, KNOWN)
    assert (found.target, found.exact) == ("h200-sxm-141gb-mig-1g.18gb", True), found.why
    other = match_slice(gpu, part, KNOWN)
    assert (other.target, other.exact) == ("h200-sxm-141gb-mig-1g.18gb", False)
    assert "belongs to no target; nearest by board and memory" in other.why


@pytest.mark.parametrize("name", [n for n, t in TARGETS.items() if t.mig is not None])
def test_every_slice_target_matches_its_own_slice(name, nvml_machine, monkeypatch):
    target = TARGETS[name]
    machine = nvml_machine(target.mig.board)
    machine.mig_on()
    machine.create(0, target.mig.profile, 0)
    machine.install(monkeypatch)
    found = discover()
    seen = match_slice(found.gpus[0], found.gpus[0].slices[0], KNOWN)
    assert (seen.target, seen.exact) == (name, True), seen.why
    here = availability(target, found, KNOWN)
    assert (here.ok, here.uuids) == (True, (found.gpus[0].slices[0].uuid,))
    whole = TARGETS[name.partition("-mig-")[0]]
    refused = availability(whole, found, KNOWN)
    assert not refused.ok
    assert "sudo nvidia-smi -i 0 -mig 0" in refused.mend


def test_a_slice_that_is_missing_is_told_with_the_command_that_makes_it(nvml_machine, monkeypatch):
    target = TARGETS["h200-sxm-141gb-mig-1g.18gb"]
    machine = nvml_machine("H200-141GB")
    machine.install(monkeypatch)
    off = availability(target, discover(), KNOWN)
    assert "-mig 1` and `sudo nvidia-smi mig -i 0 -cgi 1g.18gb -C`" in off.mend
    machine.mig_on()
    machine.create(0, "7g.141gb", 0)
    other = availability(target, discover(), KNOWN)
    assert other.reason == "0 of 1 slices 1g.18gb; there are: 7g.141gb"
    machine = nvml_machine(L4)
    machine.install(monkeypatch)
    assert "no board for 1g.18gb" in availability(target, discover(), KNOWN).reason


def test_no_package_is_told_apart_from_no_driver(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    found = discover()
    assert "nvidia-ml-py is not installed" in found.why_none
    assert "pip install" in found.problem.do


def test_no_library_means_no_driver(monkeypatch, nvml_library):
    import pynvml

    monkeypatch.setattr(pynvml, "nvmlLib", None)
    found = discover()  # this machine has no driver, or answers
    if found.problem is not None:
        assert "libnvidia-ml.so.1" in found.why_none
        assert "--gpus all" in found.problem.do


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("loaded", ("driver-missing", "Driver Not Loaded", "modprobe nvidia")),
        ("mismatch", ("driver-mismatch", "version mismatch", "reload the kernel module")),
    ],
)
def test_why_nvml_does_not_start(nvml_machine, monkeypatch, field, expected):
    machine = nvml_machine(H200)
    setattr(machine.state, field, 0 if field == "loaded" else 1)
    machine.install(monkeypatch)
    code, words, mend = expected
    problem = discover().problem
    assert problem.code == code
    assert words in problem.got
    assert mend in problem.do


@pytest.mark.parametrize(
    ("fault", "code", "mend"),
    [
        ("nvmlInitWithFlags=4", "device-permission", "ls -l /dev/nvidia*"),
        ("nvmlSystemGetDriverVersion=4", "device-permission", "ls -l /dev/nvidia*"),
        ("nvmlDeviceGetCount_v2=13", "driver-old", "update the driver"),
        ("nvmlDeviceGetCount_v2=999", "driver-missing", "nvidia-smi"),
    ],
)
def test_refusals_of_the_driver_are_told(nvml_machine, monkeypatch, fault, code, mend):
    nvml_machine(H200).install(monkeypatch, fault)
    found = discover()
    assert (found.problem.code, found.gpus) == (code, ())
    assert mend in found.problem.do


def test_a_lost_gpu_does_not_hide_the_others(nvml_machine, monkeypatch):
    machine = nvml_machine(H200, L4)
    machine.state.gpus[0].lost = 1
    machine.install(monkeypatch)
    found = discover()
    assert [g.name for g in found.gpus] == ["NVIDIA L4"]
    (problem,) = found.broken
    assert (problem.where, problem.got, problem.code) == ("GPU 0", "GPU is lost", "gpu-lost")
    here = availability(TARGETS["h200-sxm-141gb"], found, KNOWN)
    assert "GPU 0 does not answer (GPU is lost)" in here.reason
    machine.state.gpus[1].lost = 1
    assert discover().why_none.startswith("no GPU answers: GPU is lost")


def test_a_machine_without_gpus_says_so(nvml_machine, monkeypatch):
    nvml_machine().install(monkeypatch)
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
    assert "nvidia-smi -i 0 -mig 1" in availability(slice_, one, KNOWN).mend


def test_a_jetson_says_that_nvml_is_not_its_way(tmp_path, monkeypatch):
    board = tmp_path / "model"
    board.write_bytes(b"NVIDIA Jetson AGX Orin Developer Kit\0")
    monkeypatch.setattr(nvml, "DEVICE_TREE", board)
    monkeypatch.setitem(sys.modules, "pynvml", None)
    found = discover()
    assert found.why_none == (
        "a Jetson (NVIDIA Jetson AGX Orin Developer Kit), whose NVML does not describe its GPU; "
        "nothing: the module is known by its board name; use `tegrastats` for clocks and power"
    )
    assert availability(TARGETS["jetson-agx-orin"], found, KNOWN).ok
    assert not availability(TARGETS["l4"], found, KNOWN).ok


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


def test_processors_next_to_a_device_follow_the_visible_devices(nvml_machine, monkeypatch):
    near, far = replace(H200, cores=range(4)), replace(L4, cores=range(64, 70))
    machine = nvml_machine(near, far)
    machine.install(monkeypatch)
    uuid = machine.state.gpus[1].uuid.decode()
    assert inventory.near_cores(0, {}) == (0, 1, 2, 3)
    assert inventory.near_cores(0, {"CUDA_VISIBLE_DEVICES": uuid}) == tuple(range(64, 70))
    assert inventory.near_cores(1, {"CUDA_VISIBLE_DEVICES": "1,0"}) == (0, 1, 2, 3)
    assert inventory.near_cores(2, {"CUDA_VISIBLE_DEVICES": "1,0"}) == ()
    machine.state.loaded = 0
    assert inventory.near_cores(0, {}) == ()


def test_processors_come_from_the_kernel_where_nvml_is_silent(tmp_path):
    folder = tmp_path / "0000:17:00.0"
    folder.mkdir()
    (folder / "local_cpulist").write_text("0-3,8\n")
    (folder / "numa_node").write_text("1\n")
    assert host.local_cores("00000000:17:00.0", tmp_path) == (0, 1, 2, 3, 8)
    assert host.numa_node("00000000:17:00.0", tmp_path) == 1
    (folder / "numa_node").write_text("-1\n")
    assert host.numa_node("00000000:17:00.0", tmp_path) is None
    assert host.numa_node("00000000:18:00.0", tmp_path) is None
