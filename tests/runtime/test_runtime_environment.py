"""Facts for the record are those of this process, and absent things are left out."""

from __future__ import annotations

import os
import subprocess
import sys
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


def test_devices_come_from_nvml(nvml_machine, monkeypatch):
    nvml_machine("H100-80GB-SXM", "A30-24GB").install(monkeypatch)
    names = ("NVIDIA H100 SXM 80GB", "NVIDIA A30 24GB")
    assert environment.read_devices() == (names, "580.95.05")


@pytest.mark.parametrize("fault", ["nvmlInitWithFlags=9", "nvmlDeviceGetCount_v2=999"])
def test_a_library_without_a_driver_means_no_devices(nvml_machine, monkeypatch, fault):
    nvml_machine("A30-24GB").install(monkeypatch, fault)
    assert environment.read_devices() == ((), "")


def test_no_library_means_no_devices(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert environment.read_devices() == ((), "")
