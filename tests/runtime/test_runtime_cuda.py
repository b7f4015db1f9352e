"""The CUDA device layer against a driver library that records calls and injects errors."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from runtime.devices.cuda import device_count, open_device
from runtime.devices.cuda_driver import FUNCTIONS, Driver
from runtime.devices.cuda_errors import MEANINGS, failure, version_text
from runtime.errors import HarnessError, MissingError, RunError
from runtime.explain import explanations

LAZY, EAGER, RANDOM = 0, 1, 2


class Stub:
    """The test's hold on the driver library."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.library = ctypes.CDLL(self.path)
        self.library.stub_log.restype = ctypes.c_char_p
        self.library.stub_used.restype = ctypes.c_size_t
        self.library.stub_blocks.restype = ctypes.c_size_t
        self.library.stub_order.argtypes = (ctypes.c_int, ctypes.c_uint64)

    def calls(self) -> list[str]:
        return [line.split()[0] for line in self.library.stub_log().decode().splitlines()]

    def fail(self, text: str) -> None:
        self.library.stub_fail(text.encode())


@pytest.fixture
def stub(cuda_library):
    made = Stub(cuda_library)
    made.fail("")
    made.library.stub_order(LAZY, 0)
    made.library.stub_clear()
    made.library.stub_forget()
    yield made
    made.fail("")


@pytest.fixture
def device(stub):
    opened = open_device(0, library=stub.path, layer="direct")
    yield opened
    opened.close()


def test_every_function_of_the_table_is_in_the_stub(stub):
    for name in FUNCTIONS:
        assert getattr(stub.library, name)
    assert len(FUNCTIONS) == 37


def test_the_device_tells_what_an_engine_is_bound_to(stub, monkeypatch):
    monkeypatch.setenv("STUB_CUDA_NAME", "NVIDIA H200 MIG 1g.18gb")
    opened = open_device(0, library=stub.path, layer="direct")
    facts = opened.facts
    assert (facts.compute_capability, facts.multiprocessors) == ("9.0", 132)
    assert facts.mig_profile == "1g.18gb"
    assert (facts.pci_bus, facts.cuda, facts.memory_bytes) == ("0000:01:00.0", 13000, 1 << 30)
    opened.close()
    monkeypatch.setenv("STUB_CUDA_NAME", "NVIDIA H200")
    opened = open_device(0, library=stub.path, layer="direct")
    assert opened.facts.mig_profile == ""
    opened.close()


def test_data_goes_in_and_out(device):
    host, back = device.pinned((4, 3), "float32"), device.pinned((4, 3), "float32")
    assert not host.any()
    host[...] = np.arange(12).reshape(4, 3)
    block, stream = device.allocate(host.nbytes, "a test"), device.stream()
    device.copy_in(block.address, host, stream)
    device.copy_out(back, block.address, stream)
    assert not back.any()  # the stub does nothing before it must
    stream.synchronize()
    np.testing.assert_array_equal(back, host)


def test_without_an_event_another_stream_reads_garbage(device):
    host, back = device.pinned((8,), "float32"), device.pinned((8,), "float32")
    host[...] = 1
    block = device.allocate(host.nbytes, "a test")
    first, second, done = device.stream(), device.stream(), device.event()
    device.copy_in(block.address, host, first)
    device.copy_out(back, block.address, second)
    second.synchronize()
    assert not (back == 1).any()
    done.record(first)
    second.wait(done)
    device.copy_out(back, block.address, second)
    second.synchronize()
    assert (back == 1).all()


def test_a_timed_event_tells_milliseconds(device):
    host, stream = device.pinned((8,), "float32"), device.stream()
    block = device.allocate(host.nbytes, "a test")
    begin, end = device.event(timed=True), device.event(timed=True)
    begin.record(stream)
    device.copy_in(block.address, host, stream)
    end.record(stream)
    end.synchronize()
    assert end.elapsed_ms(begin) > 0


def test_a_captured_graph_replays_its_copies(device, stub):
    host, back = device.pinned((8,), "float32"), device.pinned((8,), "float32")
    block, stream = device.allocate(host.nbytes, "a test"), device.stream()
    with device.capture(stream) as graphs:
        device.copy_in(block.address, host, stream)
        device.copy_out(back, block.address, stream)
    stream.synchronize()
    assert not back.any()
    for value in (1, 2):
        host[...] = value
        graphs[0].launch(stream)
        stream.synchronize()
        assert (back == value).all()
    names = stub.calls()
    assert names.index("cuStreamBeginCapture_v2") < names.index("cuGraphInstantiateWithFlags")
    assert names.count("cuGraphLaunch") == 2


def test_waiting_inside_a_capture_is_an_error_and_the_stream_lives_on(device):
    stream = device.stream()
    with pytest.raises(RunError, match=r"want success of the CUDA driver"), device.capture(stream):
        stream.synchronize()
    stream.synchronize()


def test_chosen_rows_are_gathered_on_the_device(device):
    library, rows = np.arange(40, dtype=np.float32).reshape(10, 4), np.array([7, 0, 7], np.uint32)
    host = device.pinned(library.shape, "float32")
    host[...] = library
    numbers, back = device.pinned((3,), "uint32"), device.pinned((3, 4), "float32")
    numbers[...] = rows
    stream = device.stream()
    held, chosen, batch = (device.allocate(n, "a test") for n in (host.nbytes, 12, back.nbytes))
    device.copy_in(held.address, host, stream)
    device.copy_in(chosen.address, numbers, stream)
    device.gather(batch.address, held.address, chosen.address, (3, 16), stream)
    device.copy_out(back, batch.address, stream)
    stream.synchronize()
    np.testing.assert_array_equal(back, library[rows])
    with pytest.raises(RunError, match="multiple of 4 bytes, got 6 bytes; set start_from_device"):
        device.gather(batch.address, held.address, chosen.address, (3, 6), stream)


def test_the_gather_kernel_assembles_for_every_generation():
    if not shutil.which("ptxas"):
        pytest.skip("no ptxas: the CUDA toolkit is not installed")
    source = Path(sys.modules["runtime.devices.cuda"].__file__).parent / "gather.ptx"
    for sm in ("sm_80", "sm_86", "sm_89", "sm_90", "sm_100"):
        subprocess.run(["ptxas", f"-arch={sm}", str(source), "-o", os.devnull], check=True)


def test_close_gives_everything_back(stub):
    device = open_device(0, library=stub.path, layer="direct")
    device.allocate(1 << 20, "a test")
    device.pinned((16,), "uint8")
    assert stub.library.stub_used() >= 1 << 20
    before = stub.library.stub_blocks(1)
    device.close()
    assert stub.library.stub_used() == 0
    assert stub.library.stub_blocks(1) == before - 1
    made = [n for n in stub.calls() if n == "cuDevicePrimaryCtxRetain"]
    given = [n for n in stub.calls() if n == "cuDevicePrimaryCtxRelease_v2"]
    assert len(made) == len(given) == 1


# errors


def raised(error: HarnessError) -> tuple[str, str]:
    (problem,) = error.problems
    return problem.code, f"{problem.where}: {problem.got}; {problem.do}"


def test_no_driver():
    with pytest.raises(MissingError) as told:
        Driver("libcuda-that-is-not-there.so.1")
    code, text = raised(told.value)
    assert code == "driver-missing"
    assert "--gpus all" in text


def test_no_device(stub, monkeypatch):
    monkeypatch.setenv("STUB_CUDA_DEVICES", "0")
    with pytest.raises(MissingError) as told:
        device_count(Driver(stub.path))
    code, text = raised(told.value)
    assert code == "device-missing"
    assert "CUDA_ERROR_NO_DEVICE (100)" in text
    assert "nvidia-smi -L" in text


def test_the_devices_are_counted(stub, monkeypatch):
    monkeypatch.setenv("STUB_CUDA_DEVICES", "4")
    assert device_count(Driver(stub.path)) == 4
    with pytest.raises(MissingError) as told:
        open_device(4, library=stub.path, layer="direct")
    assert raised(told.value)[0] == "device-missing"
    assert "opening device 4" in str(told.value)


def test_a_driver_that_is_too_old(stub, monkeypatch):
    monkeypatch.setenv("STUB_CUDA_DRIVER", "11020")
    with pytest.raises(MissingError) as told:
        Driver(stub.path)
    code, text = raised(told.value)
    assert code == "driver-old"
    assert "one for CUDA 11.2" in text
    assert "install a newer driver" in text


def test_a_library_that_lacks_a_function_is_too_old(tmp_path):
    if not shutil.which("gcc"):
        pytest.skip("no C compiler")
    source = tmp_path / "old.c"
    source.write_text(
        "int cuDriverGetVersion(int *v) { *v = 10020; return 0; }\nint cuInit(unsigned f) { return (int)f; }\n"
    )
    library = tmp_path / "libcuda.so.1"
    subprocess.run(["gcc", "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
    with pytest.raises(MissingError, match=r"CUDA 10\.2 without cuDeviceGetCount") as told:
        Driver(str(library))
    assert raised(told.value)[0] == "driver-old"


@pytest.mark.parametrize(
    ("result", "code"),
    [(46, "cuda-not-permitted"), (800, "cuda-not-permitted"), (803, "driver-mismatch")],
)
def test_a_driver_that_refuses(stub, result, code):
    stub.fail(f"cuDevicePrimaryCtxRetain:{result}")
    with pytest.raises(MissingError) as told:
        open_device(0, library=stub.path, layer="direct")
    assert raised(told.value)[0] == code
    assert "opening device 0 (Stub GPU)" in str(told.value)


def test_out_of_memory_tells_what_was_free(device, monkeypatch):
    device.allocate(900 << 20, "the weights")
    with pytest.raises(RunError) as told:
        device.allocate(200 << 20, "the input")
    code, text = raised(told.value)
    assert code == "cuda-out-of-memory"
    assert "allocating 200 MiB for the input on device 0" in text
    assert "124 of 1024 MiB are free" in text
    assert "lower batch_size" in text


def test_a_device_that_is_lost_stays_lost_and_closes_quietly(stub):
    device = open_device(0, library=stub.path, layer="direct")
    host, stream = device.pinned((4,), "float32"), device.stream()
    block, done = device.allocate(16, "a test"), device.event()
    stub.fail("cuEventSynchronize:719:1!")
    device.copy_in(block.address, host, stream)
    done.record(stream)
    with pytest.raises(RunError) as told:
        done.synchronize()
    code, text = raised(told.value)
    assert code == "cuda-device-lost"
    assert "CUDA_ERROR_LAUNCH_FAILED (719)" in text
    assert "Xid" in text
    with pytest.raises(RunError):
        device.copy_in(block.address, host, stream)
    device.close()


@pytest.mark.parametrize(
    "fail",
    ["cuMemcpyHtoDAsync_v2:719", "cuMemcpyDtoHAsync_v2:719", "cuEventRecord:719",
     "cuStreamWaitEvent:719", "cuStreamSynchronize:719", "cuGraphLaunch:719",
     "cuStreamBeginCapture_v2:719", "cuStreamEndCapture:719", "cuGraphInstantiateWithFlags:719",
     "cuMemHostAlloc:2", "cuStreamCreate:719", "cuEventCreate:719", "cuModuleLoadData:218",
     "cuLaunchKernel:719", "cuCtxSetCurrent:719", "cuMemGetInfo_v2:719"],
)  # fmt: skip
def test_no_call_fails_in_silence(device, stub, fail):
    host, stream = device.pinned((4,), "float32"), device.stream()
    block, done = device.allocate(64, "a test"), device.event()

    def use() -> None:
        device.attach()
        device.copy_in(block.address, host, stream)
        done.record(stream)
        stream.wait(done)
        device.gather(block.address, block.address, block.address, (1, 4), stream)
        device.copy_out(host, block.address, stream)
        with device.capture(stream) as graphs:
            device.copy_in(block.address, host, stream)
        graphs[0].launch(stream)
        stream.synchronize()
        device.pinned((4,), "float32")
        device.stream()
        device.event()
        device.free_memory()

    stub.fail(fail)
    with pytest.raises(HarnessError) as told:
        use()
    assert told.value.problems[0].code
    stub.fail("")


def test_every_meaning_has_a_section_and_the_drivers_own_name():
    for code, meaning in MEANINGS.items():
        assert meaning.trouble.code in explanations()
        told = failure(code, "a test")
        assert isinstance(told, MissingError if meaning.missing else RunError)
        assert meaning.name in str(told)
    assert "an unknown result (12345)" in str(failure(12345, "a test"))
    assert version_text(12040) == "12.4"


def test_the_codes_are_those_of_the_toolkits_header():
    header = Path("/usr/local/cuda/include/cuda.h")
    if not header.is_file():
        pytest.skip("no cuda.h: the CUDA toolkit is not installed")
    text = header.read_text(encoding="utf-8", errors="replace")
    codes = dict(re.findall(r"^\s+(CUDA_ERROR_\w+)\s*=\s*(\d+)", text, re.MULTILINE))
    assert {m.name: str(c) for c, m in MEANINGS.items()}.items() <= codes.items()
    mapped = re.sub(r"__CUDA_API_PTSZ\((\w+)\)|__CUDA_API_PTDS\((\w+)\)", r"\1\2", text)
    bare = set(re.findall(r"CUresult CUDAAPI (\w+)\(", mapped))
    mapping = dict(re.findall(r"^#\s*define (cu\w+)\s+(cu\w+)$", mapped, re.MULTILINE))
    known = bare | set(mapping.values())
    assert set(FUNCTIONS) <= known
    base = {target: name for name, target in mapping.items()}
    for name, types in FUNCTIONS.items():
        # An old form of a function may be declared, too.
        forms = f"(?:{name}|{base.get(name, name)})"
        declared = re.findall(rf"CUresult CUDAAPI {forms}\(([^)]*)\)", mapped)
        assert len(types) in {form.count(",") + 1 for form in declared}, name


# pycuda

PYCUDA = """
import sys
import numpy as np
from runtime.devices.cuda import open_device
from runtime.errors import RunError
device = open_device(0, layer="pycuda")
assert type(device).__name__ == "PycudaDevice"
host, back = device.pinned((8,), "float32"), device.pinned((8,), "float32")
host[...] = np.arange(8)
block, copy, run = device.allocate(32, "a test"), device.stream(), device.stream()
copied, begin, end = device.event(), device.event(timed=True), device.event(timed=True)
begin.record(copy)
device.copy_in(block.address, host, copy)
copied.record(copy)
run.wait(copied)
device.copy_out(back, block.address, run)
end.record(run)
end.synchronize()
assert (back == host).all() and end.elapsed_ms(begin) > 0
with device.capture(run) as graphs:
    device.copy_in(block.address, host, run)
    device.copy_out(back, block.address, run)
host[...] = 5
graphs[0].launch(run)
run.synchronize()
assert (back == 5).all()
free, total = device.free_memory()
assert 0 < free < total
try:
    device.allocate(2 << 30, "too much")
except RunError as error:
    assert error.problems[0].code == "cuda-out-of-memory", error
else:
    raise SystemExit("no error")
device.close()
print("done")
"""


def test_pycuda_does_the_same(cuda_library, tmp_path):
    module = importlib.util.find_spec("pycuda")
    if module is None:
        pytest.skip("pycuda is not installed: pip install 'calliope-harness[gpu]'")
    driver = next(Path(module.origin).parent.glob("_driver*.so"))
    names = subprocess.run(
        ["nm", "-D", "--undefined-only", str(driver)], capture_output=True, text=True, check=True
    )
    wanted = set(re.findall(r" U (cu\w+)", names.stdout)) - set(dir_of(cuda_library))
    source = tmp_path / "rest.c"
    source.write_text("".join(f"int {n}(void) {{ return 801; }}\n" for n in sorted(wanted)))
    rest = tmp_path / "librest.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-w", "-fno-builtin", str(source), "-o", str(rest)], check=True
    )
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": str(cuda_library.parent),
        "LD_PRELOAD": str(rest),
    }
    done = subprocess.run(
        [sys.executable, "-c", PYCUDA],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    assert done.stdout == "done\n", done.stderr
    assert done.returncode == 0, done.stderr


def dir_of(library: Path) -> list[str]:
    """Return the functions that a library defines."""
    shown = subprocess.run(
        ["nm", "-D", "--defined-only", str(library)], capture_output=True, text=True, check=True
    )
    return re.findall(r" T (\w+)", shown.stdout)


def test_what_an_earlier_test_left_in_a_stream_never_runs(stub):
    """The stand-in forgets late work and never gives its memory to another: it would corrupt it."""
    call = stub.library
    handle, first, second = (ctypes.c_void_p() for _ in range(3))
    data = (ctypes.c_char * 4096)(*b"\x11" * 4096)
    assert call.cuInit(0) == 0
    assert call.cuCtxSetCurrent(ctypes.c_void_p(0x1000)) == 0
    assert call.cuStreamCreate(ctypes.byref(handle), 0) == 0
    assert call.cuMemAlloc_v2(ctypes.byref(first), ctypes.c_size_t(4096)) == 0
    assert call.cuMemcpyHtoDAsync_v2(first, data, ctypes.c_size_t(4096), handle) == 0
    call.stub_forget()
    assert call.cuMemAlloc_v2(ctypes.byref(second), ctypes.c_size_t(4096)) == 0
    assert second.value != first.value
    assert call.cuStreamDestroy_v2(handle) == 0
    assert call.cuMemFree_v2(first) == 1
    host = call.stub_host
    host.restype = ctypes.c_void_p
    assert ctypes.string_at(host(second), 4096) == b"\xab" * 4096
    assert ctypes.string_at(host(first), 4096) == b"\xab" * 4096
