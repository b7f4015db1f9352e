"""Hardware expressions: what they accept, and the reason in words where they do not hold."""

from __future__ import annotations

import pytest

from docgen.snippets import machine, needs
from docgen.snippets.machine import Gpu, Machine

H200 = Gpu(name="NVIDIA H200", pci_id="0x233510DE", vram_bytes=150_754_820_096, sm=90)
A30 = Gpu(
    name="NVIDIA A30",
    pci_id="0x20B710DE",
    vram_bytes=25_769_803_776,
    sm=80,
    mig=True,
    slices=("1g.6gb", "1g.6gb"),
)


def make(*gpus, cores=8, note=""):
    return Machine(
        cpu="X",
        cores=cores,
        memory_bytes=64 * 2**30,
        os="linux",
        system="Linux",
        python="3.11",
        gpus=gpus,
        driver="570" if gpus else "",
        note=note,
    )


@pytest.mark.parametrize(
    ("text", "computer"),
    [
        ("cpu", make()),
        ("cores>=2 & os=linux & memory>=16GiB & python>=3.10", make()),
        ("python=3 & os!=windows", make()),
        ("gpu", make(A30)),
        ("sm>=90 & vram>=140GiB & mig=off", make(A30, H200)),
        ("gpu=h200-sxm-141gb & devices>=8", make(*[H200] * 8)),
        ("mig=1g.6gb", make(A30)),
        ("mig=on & sm<90", make(A30)),
        ("gpu!=h200-sxm-141gb", make(A30)),
        ("package=pytest & cores>=2", make()),
        ("package!=no-such-distribution", make()),
    ],
)
def test_met(text, computer):
    assert needs.unmet(text, computer, ("0x233510de",), "H200 SXM 141GB") == ""


@pytest.mark.parametrize(
    ("text", "computer", "reason"),
    [
        ("gpu", make(), "needs 1 NVIDIA GPU; this machine has no NVIDIA GPU"),
        (
            "gpu",
            make(note="NVML fails: x"),
            "needs 1 NVIDIA GPU; this machine has no NVIDIA GPU (NVML fails: x)",
        ),
        (
            "gpu=h200-sxm-141gb",
            make(A30),
            "needs 1 H200 SXM 141GB; this machine has 1 x NVIDIA A30",
        ),
        (
            "gpu=h200-sxm-141gb & devices>=8",
            make(H200, H200),
            "needs 8 H200 SXM 141GB; this machine has 2 x NVIDIA H200",
        ),
        (
            "sm>=90 & vram>=80GiB",
            make(A30),
            (
                "needs 1 NVIDIA GPU with sm>=90 and vram>=80GiB; "
                "this machine has 1 x NVIDIA A30 (sm 80, 24.0 GiB)"
            ),
        ),
        (
            "gpu & mig=off & devices>=2",
            make(A30),
            (
                "needs 2 NVIDIA GPUs with MIG off; "
                "this machine has 1 x NVIDIA A30 (MIG on with 1g.6gb, 1g.6gb)"
            ),
        ),
        ("cores>=16", make(), "needs cores>=16; this machine has 8 cores"),
        ("memory>=1000GB", make(), "needs memory>=1000GB; this machine has 64 GiB of memory"),
        ("os=darwin & gpu", make(), "needs os=darwin; this machine has linux"),
        ("python>=3.12", make(), "needs python>=3.12; this machine has Python 3.11"),
    ],
)
def test_unmet_says_why(text, computer, reason):
    assert needs.unmet(text, computer, ("0x233510DE",), "H200 SXM 141GB") == reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`cpu`, `gpu`, or terms"),
        ("vran>=80GiB", "did you mean 'vram'?"),
        ("sm>=9.0", "a whole number after `sm`"),
        ("vram>=80", "a size with its unit, such as `vram>=80GiB`"),
        ("mig>=1", "`=` or `!=` after `mig`"),
        ("python>=new", "a version such as `python>=3.11`"),
        ("cpu | gpu", "`cpu`, `gpu`, or terms"),
        ("cpu &", "`cpu`, `gpu`, or terms"),
    ],
)
def test_malformed_expressions(text, message):
    with pytest.raises(ValueError, match=r"[\s\S]*") as caught:
        needs.parse(text)
    assert message in str(caught.value)


def test_a_target_without_pci_ids_is_known_by_name():
    assert needs.unmet("gpu=h200", make(H200)) == ""
    assert needs.unmet("gpu=h200", make(A30)) != ""


def test_this_machine_is_described():
    here = machine.probe()
    assert here.cpu
    assert here.cores >= 1
    assert here.memory_bytes > 2**28
    environment = machine.environment(here, ("msgspec", "no-such-package"))
    assert environment["cpu"] == here.cpu
    assert environment["msgspec"]
    assert "no-such-package" not in environment


NVML = """
class NVMLError(Exception): pass
def nvmlInit(): {init}
def nvmlSystemGetDriverVersion(): return "570.86"
def nvmlDeviceGetCount(): return 1
def nvmlDeviceGetHandleByIndex(i): return i
def nvmlDeviceGetName(h): return b"NVIDIA A30" if h == 0 else "NVIDIA A30 MIG 1g.6gb"
def nvmlDeviceGetCudaComputeCapability(h): return 8, 0
class Info:
    pciDeviceId = 0x20B710DE
    total = 25769803776
def nvmlDeviceGetPciInfo(h): return Info
def nvmlDeviceGetMemoryInfo(h): return Info
def nvmlDeviceGetMigMode(h): return 1, 1
def nvmlDeviceGetMaxMigDeviceCount(h): return 4
def nvmlDeviceGetMigDeviceHandleByIndex(h, k):
    if k > 1: raise NVMLError("none")
    return 10 + k
"""


@pytest.mark.parametrize("init", ["pass", "raise NVMLError('Driver Not Loaded')"])
def test_the_gpu_probe(tmp_path, monkeypatch, init):
    (tmp_path / "pynvml.py").write_text(NVML.format(init=init))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(machine.os.path, "exists", lambda path: path == "/dev/nvidiactl")
    monkeypatch.setattr(machine.util, "find_spec", lambda name: name)
    gpus, driver, note = machine._gpus()
    if init == "pass":
        assert (gpus, driver, note) == ((A30,), "570.86", "")
    else:
        assert gpus == ()
        assert note == "NVML fails: pynvml.NVMLError: Driver Not Loaded"


def test_a_gpu_without_its_library_is_said(monkeypatch):
    monkeypatch.setattr(machine.os.path, "exists", lambda path: True)
    monkeypatch.setattr(machine.util, "find_spec", lambda name: None)
    assert machine._gpus()[2].endswith("the package nvidia-ml-py is not installed")


def test_a_hanging_probe_is_given_up(monkeypatch):
    monkeypatch.setattr(machine.os.path, "exists", lambda path: True)
    monkeypatch.setattr(machine.util, "find_spec", lambda name: name)
    monkeypatch.setattr(machine, "_PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr(machine, "_PROBE_TIMEOUT_S", 0.3)
    assert "timed out" in machine._gpus()[2]


def test_declared_packages():
    project = {
        "project": {
            "name": "Tiny",
            "dependencies": ["Foo_bar>=1", "tomli; python_version < '3.11'"],
            "optional-dependencies": {"gpu": ["pycuda"], "dev": ["tiny[gpu]", "nox"]},
        }
    }
    assert machine.declared(project) == ("foo-bar", "pycuda", "tomli")
    assert machine.declared({}) == ()


def test_a_package_that_is_not_installed_is_named():
    said = needs.unmet("cpu & package=no-such-distribution", make())
    assert said == (
        "needs package=no-such-distribution; no-such-distribution is not installed here"
    )
    assert needs.unmet("package!=pytest", make()) == "needs package!=pytest; pytest is installed"
