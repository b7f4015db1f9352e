"""The real command in real processes: a quick run, Ctrl-C, two runs into one folder."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

import psutil
import pytest

from runtime.record import QUICK_NOTE, from_json

HARNESS = [sys.executable, "-m", "runtime"]
DIGITS = ["run", "--target", "cpu", "--workload", "digits"]


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """Return the environment of a run in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return {
        **os.environ,
        "HARNESS_RECORD_DIR": str(tmp_path / "copies"),
        "HARNESS_CACHE": str(tmp_path / "cache"),
    }


@contextlib.contextmanager
def long_run(environment, *words):
    """Start a ten-minute Server run, wait for its timed part, and end it in any case."""
    with subprocess.Popen(
        [*HARNESS, *DIGITS, "--scenario", "server", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            seen = ""
            for line in process.stderr:
                seen += line
                if "timed run" in line:
                    break
            assert "timed run" in seen, seen
            yield process
        finally:
            if process.poll() is None:
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
                process.kill()


def test_quick_run_measures_and_leaves_its_record(environment, tmp_path):
    words = ["--scenario", "offline", "--quick", "--json", "--out", "run", "--record", "r.json"]
    done = subprocess.run(
        [*HARNESS, *DIGITS, *words], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    record = from_json(done.stdout)
    assert record.verdict.result == "VALID"
    assert record.primary.name == "samples_per_s"
    assert record.primary.value > 100
    assert QUICK_NOTE in record.notes
    assert record.overrides["min_duration_ms"] == 500
    assert (tmp_path / "run" / "record.json").read_bytes() == done.stdout
    assert (tmp_path / "r.json").read_bytes() == done.stdout
    (copy,) = (tmp_path / "copies").iterdir()
    assert copy.read_bytes() == done.stdout
    assert (tmp_path / "run" / "loadgen" / "mlperf_log_summary.txt").is_file()
    assert QUICK_NOTE in done.stderr.decode()


def test_ctrl_c_keeps_a_marked_partial_record_and_leaves_no_process(environment, tmp_path):
    with long_run(environment, "--out", "run") as process:
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 130, err
        assert not [c for c in children if c.is_running() and c.status() != "zombie"]
    record = from_json((tmp_path / "run" / "record.json").read_bytes())
    assert record.verdict.result == "PARTIAL"
    assert record.verdict.causes[0].code == "interrupted"
    assert "PARTIAL  cpu/digits/server" in out
    assert "error H130" in err
    assert len(list((tmp_path / "copies").iterdir())) == 1


def test_second_run_into_a_folder_in_use_is_refused_and_the_first_goes_on(environment, tmp_path):
    with long_run(environment, "--out", "run") as first:
        second = subprocess.run(
            [*HARNESS, *DIGITS, "--scenario", "server", "--quick", "--out", "run"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 4
        assert (
            f"--out run: want a folder of its own, got one in use by process {first.pid}"
            in second.stderr
        )
        assert first.poll() is None
        assert (tmp_path / "run" / "user.conf").is_file()
