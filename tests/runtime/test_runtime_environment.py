"""Facts for the record are those of this process, and absent things are left out."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from importlib import metadata

import psutil
import pytest

from runtime import __version__, environment


def test_machine_is_the_one_we_run_on():
    machine = environment.read_machine()
    assert machine.cpu
    assert machine.cores == len(os.sched_getaffinity(0))
    assert machine.memory_gib == pytest.approx(psutil.virtual_memory().total / 2**30, abs=0.1)
    assert os.uname().release in machine.os
    assert machine.python == ".".join(map(str, sys.version_info[:3]))


def test_cores_follow_the_affinity():
    mine = os.sched_getaffinity(0)
    code = "from runtime.environment import read_machine; print(read_machine().cores)"
    one = min(mine)
    done = subprocess.run(
        [sys.executable, "-c", f"import os; os.sched_setaffinity(0, [{one}]); {code}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "1"


def test_packages_are_the_installed_ones():
    found = environment.read_packages()
    assert found["loadgen"] == metadata.version("mlcommons-loadgen")
    assert found["numpy"] == metadata.version("numpy")
    assert all(found.values())


def git(folder, *arguments):
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_code_says_commit_and_state_of_its_own_checkout(tmp_path, monkeypatch):
    package = tmp_path / "runtime"
    package.mkdir()
    source = package / "environment.py"
    source.write_text("x = 1\n")
    monkeypatch.setattr(environment, "__file__", str(source))
    assert environment.read_code().commit == ""
    git(tmp_path, "init", "-q")
    assert environment.read_code().commit == ""
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "one")
    code = environment.read_code()
    assert code.commit == git(tmp_path, "rev-parse", "HEAD")
    assert (code.version, code.modified) == (__version__, False)
    source.write_text("x = 2\n")
    assert environment.read_code().modified


class NVMLError(Exception):
    pass


def nvml(**changes):
    """Return a stand-in for the NVML bindings with two devices."""
    module = types.ModuleType("pynvml")
    module.NVMLError = NVMLError
    module.nvmlInit = lambda: None
    module.nvmlShutdown = lambda: None
    module.nvmlDeviceGetCount = lambda: 2
    module.nvmlDeviceGetHandleByIndex = lambda index: index
    module.nvmlDeviceGetName = lambda handle: [b"Old GPU", "New GPU"][handle]
    module.nvmlSystemGetDriverVersion = lambda: "570.1"
    for name, value in changes.items():
        setattr(module, name, value)
    return module


def fail():
    raise NVMLError("no driver")


def test_devices_come_from_nvml(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", nvml())
    assert environment.read_devices() == (("Old GPU", "New GPU"), "570.1")


@pytest.mark.parametrize("broken", ["nvmlInit", "nvmlDeviceGetCount"])
def test_a_library_without_a_driver_means_no_devices(monkeypatch, broken):
    monkeypatch.setitem(sys.modules, "pynvml", nvml(**{broken: fail}))
    assert environment.read_devices() == ((), "")


def test_no_library_means_no_devices(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert environment.read_devices() == ((), "")
