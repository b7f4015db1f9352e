"""The stand-in for libnvidia-ml behaves as nvml.h says, through the real pynvml."""

from __future__ import annotations

import ctypes
import itertools
import json
import subprocess
import sys

import nvml_standin
import pytest
from nvml_standin import Gpu

from runtime.mig.boards import table
from runtime.mig.layouts import space

pynvml = pytest.importorskip("pynvml")

H200, L4 = Gpu(*nvml_standin.H200), Gpu(*nvml_standin.L4)


@pytest.fixture
def board(nvml_machine, monkeypatch):
    """Return a machine with one H100 in MIG mode, its handle, and the machine's state."""
    machine = nvml_machine("H100-80GB-SXM")
    machine.mig_on()
    machine.install(monkeypatch)
    pynvml.nvmlInit()
    yield machine, pynvml.nvmlDeviceGetHandleByIndex(0)
    pynvml.nvmlShutdown()


def place(start, size):
    return ctypes.byref(pynvml.c_nvmlGpuInstancePlacement_t(start, size))


def instances(device, profile, most=8):
    found, count = (pynvml.c_nvmlGpuInstance_t * most)(), ctypes.c_uint()
    pynvml.nvmlDeviceGetGpuInstances(device, profile, found, ctypes.byref(count))
    return list(found)[: count.value]


def test_two_gpus_tell_what_they_are(nvml_machine, monkeypatch):
    machine = nvml_machine(H200, L4)
    machine.install(monkeypatch)
    pynvml.nvmlInit()
    assert pynvml.nvmlDeviceGetCount() == 2
    assert pynvml.nvmlSystemGetDriverVersion() == "580.95.05"
    assert pynvml.nvmlSystemGetCudaDriverVersion_v2() == 13000
    one, two = map(pynvml.nvmlDeviceGetHandleByIndex, (0, 1))
    assert [pynvml.nvmlDeviceGetName(h) for h in (one, two)] == ["NVIDIA H200", "NVIDIA L4"]
    assert pynvml.nvmlDeviceGetUUID(one) != pynvml.nvmlDeviceGetUUID(two)
    again = pynvml.nvmlDeviceGetHandleByUUID(pynvml.nvmlDeviceGetUUID(two))
    assert pynvml.nvmlDeviceGetName(again) == "NVIDIA L4"
    pci = pynvml.nvmlDeviceGetPciInfo(one)
    assert (pci.pciDeviceId, pci.busId) == (0x233510DE, "00000000:17:00.0")
    assert (
        pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByPciBusId(pci.busId)) == "NVIDIA H200"
    )
    memory = pynvml.nvmlDeviceGetMemoryInfo(one, version=pynvml.nvmlMemory_v2)
    assert memory.total == 143_771 << 20
    assert memory.free + memory.used + memory.reserved == memory.total
    assert pynvml.nvmlDeviceGetCudaComputeCapability(two) == (8, 9)
    assert pynvml.nvmlDeviceGetTopologyCommonAncestor(one, two) == pynvml.NVML_TOPOLOGY_NODE
    assert list(pynvml.nvmlDeviceGetCpuAffinity(one, 2)) == [3, 0]
    with pytest.raises(pynvml.NVMLError_NotSupported):
        pynvml.nvmlDeviceGetMigMode(two)
    with pytest.raises(pynvml.NVMLError_InvalidArgument):
        pynvml.nvmlDeviceGetHandleByIndex(2)
    machine.state.gpus[0].clocks[1] = 900  # a live change is seen
    assert pynvml.nvmlDeviceGetClockInfo(one, pynvml.NVML_CLOCK_SM) == 900
    machine.state.gpus[0].lost = 1
    with pytest.raises(pynvml.NVMLError_GpuIsLost):
        pynvml.nvmlDeviceGetPowerUsage(one)
    assert pynvml.nvmlDeviceGetPowerUsage(two) == 70_500
    pynvml.nvmlShutdown()
    with pytest.raises(pynvml.NVMLError_Uninitialized):
        pynvml.nvmlDeviceGetCount()


def test_failures_of_the_start(nvml_machine, monkeypatch):
    machine = nvml_machine(H200)
    machine.install(monkeypatch)
    machine.state.loaded = 0
    with pytest.raises(pynvml.NVMLError_DriverNotLoaded):
        pynvml.nvmlInit()
    machine.state.loaded, machine.state.mismatch = 1, 1
    with pytest.raises(pynvml.NVMLError_LibRmVersionMismatch):
        pynvml.nvmlInit()


def test_faults_come_by_name_after_as_many_calls(nvml_machine, monkeypatch):
    machine = nvml_machine(H200)
    machine.install(monkeypatch, "nvmlDeviceGetPowerUsage=15@2,nvmlDeviceGetName=4")
    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    assert [pynvml.nvmlDeviceGetPowerUsage(handle) for _ in range(2)] == [70_000] * 2
    with pytest.raises(pynvml.NVMLError_GpuIsLost):
        pynvml.nvmlDeviceGetPowerUsage(handle)
    with pytest.raises(pynvml.NVMLError_NoPermission):
        pynvml.nvmlDeviceGetName(handle)
    pynvml.nvmlShutdown()
    assert machine.calls[0] == "nvmlInitWithFlags"
    assert machine.calls.count("nvmlDeviceGetPowerUsage") == 3


@pytest.mark.parametrize("name", [b.name for b in table().boards if b.pci_ids])
def test_profiles_and_placements_are_those_of_the_table(name, nvml_machine, monkeypatch):
    nvml_machine(name).install(monkeypatch)
    pynvml.nvmlInit()
    device = pynvml.nvmlDeviceGetHandleByIndex(0)
    known = next(b for b in table().boards if b.name == name)
    seen = {}
    for index in itertools.count():  # as nvml.h asks for: until the number is no profile
        try:
            info = pynvml.nvmlDeviceGetGpuInstanceProfileInfo(device, index)
        except pynvml.NVMLError_NotSupported:
            continue
        except pynvml.NVMLError_InvalidArgument:
            break
        count = ctypes.c_uint()
        pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(
            device, info.id, None, ctypes.byref(count)
        )
        found = (pynvml.c_nvmlGpuInstancePlacement_t * count.value)()
        pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(
            device, info.id, found, ctypes.byref(count)
        )
        label = info.name.decode() if isinstance(info.name, bytes) else info.name
        seen[label.removeprefix("MIG ")] = (info, [(p.start, p.size) for p in found])
    assert set(seen) == {p.name for p in known.profiles}
    for profile in known.profiles:
        info, places = seen[profile.name]
        assert places == [(start, profile.size) for start in sorted(profile.starts)]
        assert (info.sliceCount, info.instanceCount) == (
            profile.compute_slices,
            profile.max_instances,
        )
        if profile.profile_id is not None:
            assert info.id == profile.profile_id
        if profile.memory_gib:
            assert info.memorySizeMB == int(profile.memory_gib * 1024)
    pynvml.nvmlShutdown()


def test_instances_are_made_listed_and_destroyed_in_order(board):
    machine, device = board
    wide = pynvml.nvmlDeviceCreateGpuInstanceWithPlacement(device, 9, place(4, 4))
    info = pynvml.nvmlGpuInstanceGetInfo(wide)
    assert (info.profileId, info.placement.start, info.placement.size) == (9, 4, 4)
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlDeviceGetMigDeviceHandleByIndex(device, 0)
    kinds = [pynvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(wide, p, 0) for p in (0, 2)]
    assert [k.multiprocessorCount for k in kinds] == [20, 60]
    compute = pynvml.nvmlGpuInstanceCreateComputeInstance(wide, kinds[1].id)
    slice_ = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(device, 0)
    uuid = pynvml.nvmlDeviceGetUUID(slice_)
    assert uuid.startswith("MIG-")
    assert pynvml.nvmlDeviceGetGpuInstanceId(slice_) == info.id
    assert pynvml.nvmlDeviceGetAttributes(slice_).memorySizeMB == int(39.5 * 1024)
    assert pynvml.nvmlDeviceGetMemoryInfo(slice_).total == int(39.5 * 1024) << 20
    assert pynvml.nvmlDeviceGetName(slice_).endswith("MIG 3g.40gb")
    with pytest.raises(pynvml.NVMLError_InvalidArgument):
        pynvml.nvmlDeviceGetPowerUsage(slice_)
    with pytest.raises(pynvml.NVMLError_InUse):
        pynvml.nvmlGpuInstanceDestroy(wide)
    machine.start_process(0, 4242, info.id, 0)
    assert [p.pid for p in pynvml.nvmlDeviceGetComputeRunningProcesses(slice_)] == [4242]
    with pytest.raises(pynvml.NVMLError_InUse):
        pynvml.nvmlComputeInstanceDestroy(compute)
    machine.end_processes()
    pynvml.nvmlComputeInstanceDestroy(compute)
    pynvml.nvmlGpuInstanceDestroy(wide)
    assert instances(device, 9) == []
    again = pynvml.nvmlDeviceCreateGpuInstanceWithPlacement(device, 9, place(4, 4))
    pynvml.nvmlGpuInstanceCreateComputeInstance(again, kinds[1].id)
    renewed = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(device, 0)
    assert pynvml.nvmlDeviceGetUUID(renewed) != uuid


def test_rules_of_a_layout_are_kept(board):
    _, device = board
    make = pynvml.nvmlDeviceCreateGpuInstanceWithPlacement
    make(device, 9, place(0, 4))
    with pytest.raises(pynvml.NVMLError_InsufficientResources):
        make(device, 19, place(3, 1))
    with pytest.raises(pynvml.NVMLError_InvalidArgument):
        make(device, 9, place(2, 4))
    make(device, 20, place(6, 1))
    with pytest.raises(pynvml.NVMLError_InsufficientResources):
        make(device, 20, place(5, 1))
    assert pynvml.nvmlDeviceGetGpuInstanceRemainingCapacity(device, 19) == 2
    assert pynvml.nvmlDeviceGetGpuInstanceRemainingCapacity(device, 9) == 0
    with pytest.raises(pynvml.NVMLError_InsufficientResources):
        pynvml.nvmlDeviceCreateGpuInstance(device, 0)


def test_every_maximal_layout_of_the_board_can_be_made(nvml_machine, monkeypatch):
    """The stand-in's rules and the project's enumeration agree, layout by layout."""
    machine = nvml_machine("A30-24GB")
    machine.mig_on()
    machine.install(monkeypatch)
    pynvml.nvmlInit()
    device = pynvml.nvmlDeviceGetHandleByIndex(0)
    known = next(b for b in table().boards if b.name == "A30-24GB")
    found = space(known, media=True)
    made = 0
    for bits in found.bits:
        layout = [found.candidates[n] for n in found.members(bits)]
        for part in layout:
            profile = known.profile(part.profile)
            pynvml.nvmlDeviceCreateGpuInstanceWithPlacement(
                device, profile.profile_id, place(part.start, profile.size)
            )
        made += 1
        machine.reset()
    assert made == len(found.bits) > 20
    pynvml.nvmlShutdown()


def test_mode_changes_need_rights_and_an_idle_gpu(nvml_machine, monkeypatch):
    machine = nvml_machine("A100-80GB")
    machine.install(monkeypatch)
    pynvml.nvmlInit()
    device = pynvml.nvmlDeviceGetHandleByIndex(0)
    machine.state.permitted = 0
    with pytest.raises(pynvml.NVMLError_NoPermission):
        pynvml.nvmlDeviceSetMigMode(device, 1)
    machine.state.permitted = 1
    machine.start_process(0, 1)
    assert pynvml.nvmlDeviceSetMigMode(device, 1) == pynvml.NVML_ERROR_IN_USE
    assert pynvml.nvmlDeviceGetMigMode(device) == [0, 1]
    machine.end_processes()
    machine.reset()
    assert pynvml.nvmlDeviceGetMigMode(device) == [1, 1]
    machine.state.gpus[0].needs_reset = 1
    assert pynvml.nvmlDeviceSetMigMode(device, 0) == pynvml.NVML_ERROR_RESET_REQUIRED
    machine.reset()
    with pytest.raises(pynvml.NVMLError_NotSupported):
        pynvml.nvmlDeviceCreateGpuInstance(device, 19)
    pynvml.nvmlShutdown()


CHILD = """
import json, pynvml
pynvml.nvmlInit()
device = pynvml.nvmlDeviceGetHandleByIndex(0)
made = pynvml.nvmlDeviceCreateGpuInstance(device, 19)
print(json.dumps(pynvml.nvmlGpuInstanceGetInfo(made).placement.start))
"""


def test_processes_share_the_state(board):
    machine, device = board
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        env=machine.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == 6
    assert len(instances(device, 19)) == 1


def test_structures_have_the_sizes_of_the_library():
    """The header that the C files include states them; a wrong one would not compile."""
    assert nvml_standin.header().count("_Static_assert") == len(nvml_standin.STRUCTURES)
