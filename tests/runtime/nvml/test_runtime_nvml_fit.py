"""`harness fit`, and the refusal of entries that the memory free on a GPU cannot hold."""

from __future__ import annotations

import json

import nvml_standin
import pytest
from click.testing import CliRunner

from runtime.cli import main

L4 = nvml_standin.Gpu(*nvml_standin.L4)
WORDS = ("--target", "l4", "--workload", "digits", "--scenario", "offline")


@pytest.fixture
def invoke(monkeypatch, tmp_path):
    """Return a function that runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "160")

    def call(*words: str):
        done = CliRunner().invoke(main, list(words), prog_name="harness")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return call


def test_one_entry_is_shown_part_by_part(invoke):
    done = invoke("fit", *WORDS)
    assert done.exit_code == 0
    assert "l4/digits/offline  fits" in done.stdout
    assert "52,298 numbers in FP32 x" in done.stdout
    assert "free here" not in done.stdout


def test_a_batch_that_is_too_big_ends_with_3_and_names_the_largest(invoke):
    words = ("fit", *WORDS, "--memory", "0.1", "--batch", "65536", "--json")
    done = invoke(*words)
    assert done.exit_code == 3
    (found,) = json.loads(done.stdout)["entries"]
    assert found["verdict"] == "does not fit"
    assert found["total_bytes"] == sum(p["bytes"] for p in found["parts"])
    again = invoke("fit", *WORDS, "--memory", "0.1", "--batch", str(found["largest_batch"]))
    assert again.exit_code == 0
    assert "fits" in again.stdout


def test_every_gpu_target_in_one_table(invoke):
    done = invoke("fit", "--workload", "digits")
    assert done.exit_code == 0
    assert "h200-sxm-141gb-mig-1g.18gb/digits/offline" in done.stdout
    assert "-x8" not in done.stdout
    assert "cpu/" not in done.stdout


def test_words_that_are_wrong_are_told_at_once(invoke):
    done = invoke("fit", *WORDS, "--set", "lanez=2", "--set", "batch_size=0")
    assert done.exit_code == 2
    assert "lanez" in done.stderr
    assert "batch_size" in done.stderr


def test_what_is_free_here_is_told_and_decides(nvml_machine, monkeypatch, invoke):
    machine = nvml_machine(L4)
    machine.install(monkeypatch)
    assert "free here" in invoke("fit", *WORDS).stdout
    machine.start_process(0, 77, mib=22_300)
    done = invoke("fit", *WORDS, "--batch", "65536")
    assert done.exit_code == 0, "it fits into the target's memory"
    assert "does not fit now" in done.stdout
    run = invoke("run", *WORDS, "--quick", "--set", "batch_size=65536")
    assert "which are free on this machine's device" in run.stderr
    assert "set batch_size to at most" in run.stderr
    assert "memory-fit" in run.stderr


def test_a_slice_has_its_own_memory(nvml_machine, monkeypatch, invoke):
    machine = nvml_machine("A30-24GB")
    machine.mig_on()
    machine.create(0, "1g.6gb", 0)
    machine.install(monkeypatch)
    done = invoke("fit", "--target", "a30-mig-1g.6gb", "--workload", "digits", "--json")
    rows = json.loads(done.stdout)["entries"]
    assert {round(row["free_here_bytes"] / 1e9, 2) for row in rows} == {6.24}
