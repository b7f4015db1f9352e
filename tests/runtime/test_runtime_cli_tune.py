"""`harness tune` as it is typed: real runs, a second call, Ctrl-C, a plan, errors."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from click.testing import CliRunner

from runtime.cli import main

WORDS = ["tune", "--target", "cpu", "--workload", "digits"]
# A search of few trials: one field, a coarse rate, one confirming run, a bound that always holds.
SHORT = ["--trial", "0.3", "--confirm", "1", "--tolerance", "50", "--set", "batch_size=64"]
SHORT += ["--set", "intra_op_threads=1", "--set", "max_queue_delay_us=0", "--set", "lanes=1"]
SHORT += ["--set", "processes=1"]


def short(words):
    """Return the words without `--set` of fields that the settings do not have."""
    from runtime.configs.schema import Server

    if hasattr(Server(target_qps=1.0, target_latency_ms=1.0), "processes"):
        return words
    at = words.index("processes=1")
    return [*words[: at - 1], *words[at + 1 :]]


def call(*words):
    return CliRunner().invoke(main, [*WORDS, *words])


def test_dry_run_prints_a_plan_and_opens_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = call("--scenario", "server", "--dry-run", "--json", "--budget", "0.5")
    assert done.exit_code == 0, done.output
    plan = json.loads(done.stdout)
    names = [s["name"] for s in plan["stages"]]
    assert names[0] == "bracket"
    assert names[-2:] == ["bisect", "confirm"]
    assert {"batch_size", "lanes", "max_queue_delay_us"} <= set(names)
    assert all(s["why"] for s in plan["stages"])
    least, most = plan["seconds"]
    assert 0 < least <= most <= 30.0
    assert list(tmp_path.iterdir()) == []
    shown = call("--scenario", "offline", "--dry-run", "--set", "lanes=1")
    assert "stage" in shown.output
    assert "dry run: nothing was opened" in shown.output
    assert "another lane" not in shown.output, "a field that --set names is not searched"


def test_words_are_judged_all_at_once():
    done = call("--scenario", "sever", "--set", "batchsize=3", "--dry-run")
    assert done.exit_code == 2
    assert "did you mean 'server'" in done.output
    assert "batch_size" in done.output


def test_a_place_that_cannot_be_written_is_told_before_the_first_trial(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("x")
    done = call("--scenario", "server", "--out", str(blocked))
    assert done.exit_code == 4
    assert "not a folder" in done.output
    assert "for example --out" in done.output


def test_a_search_of_real_runs_and_a_second_call(tmp_path, monkeypatch):
    copies = tmp_path / "copies"
    monkeypatch.setenv("HARNESS_RECORD_DIR", str(copies))
    words = ["--scenario", "server", *short(SHORT), "--set", "target_latency_ms=40"]
    words += ["--set", "target_qps=16000", "--out", str(tmp_path / "t"), "--json"]
    first = call(*words)
    assert first.exit_code == 0, first.output
    found = json.loads(first.stdout)
    assert found["status"] == "confirmed"
    assert found["changes"]["target_qps"] >= 100
    assert "CPU_DIGITS_SERVER_TUNED = replace(" in found["entry"]
    assert "unverified" in found["entry"]
    folder = tmp_path / "t"
    for trial in found["trials"]:
        run = folder / trial["folder"]
        assert (run / "plan.json").exists()
        if trial["verdict"] in ("VALID", "INVALID"):
            record = json.loads((run / "record.json").read_bytes())
            assert record["verdict"]["result"] == trial["verdict"]
            assert record["quick"]
    assert [p.name.endswith(f"-tune-{os.getpid()}.json") for p in copies.iterdir()] == [True]
    before = sorted(p.name for p in (folder / "trials").iterdir())
    again = call(*words)
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["trials"] == found["trials"]
    assert sorted(p.name for p in (folder / "trials").iterdir()) == before
    assert "(journal" in again.stderr
    assert "Result not verified by MLCommons Association." in again.stderr


def test_ctrl_c_keeps_the_trials_and_leaves_no_process(tmp_path):
    words = ["--scenario", "server", "--trial", "0.5", "--out", str(tmp_path / "t")]
    env = {k: v for k, v in os.environ.items() if k != "HARNESS_RECORD_DIR"}
    with subprocess.Popen(
        [sys.executable, "-m", "runtime", *WORDS, *words],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        for line in process.stderr:
            if line.startswith("trial 2:"):
                break
        time.sleep(0.3)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "unconfirmed" in output
    assert "the user stopped the search" in output
    journal = json.loads((tmp_path / "t" / "journal.json").read_bytes())
    assert len(journal["trials"]) >= 2
    result = json.loads((tmp_path / "t" / "tune.json").read_bytes())
    assert result["status"] == "unconfirmed"
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []


def test_nothing_valid_is_exit_code_six(tmp_path):
    words = ["--scenario", "server", *short(SHORT), "--set", "target_latency_ms=0.001"]
    done = call(*words, "--budget", "0.1", "--out", str(tmp_path / "t"), "--set", "target_qps=500")
    assert done.exit_code == 6, done.output
    assert "nothing" in done.output


def test_two_searches_cannot_share_a_folder(tmp_path):
    from runtime.artifacts import lock_folder

    folder = tmp_path / "t"
    folder.mkdir()
    with lock_folder(folder):
        done = subprocess.run(
            [sys.executable, "-m", "runtime", *WORDS, "--scenario", "server", "--out", str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 4
    assert "in use by process" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["offline", "server", "single-stream", "multi-stream"])
def test_every_scenario_is_tuned_for_real(tmp_path, scenario):
    folder = tmp_path / "t"
    done = call("--scenario", scenario, "--budget", "1.5", "--out", str(folder), "--json")
    assert done.exit_code in (0, 6), done.output
    found = json.loads(done.stdout)
    assert found["trials"]
    assert (folder / "plot.csv").exists()
    if found["status"] == "confirmed":
        assert found["confirmations"] == 3


@pytest.mark.slow
def test_a_killed_search_goes_on_where_it_ended(tmp_path):
    folder = tmp_path / "t"
    words = ["--scenario", "offline", "--trial", "0.5", "--out", str(folder)]
    with subprocess.Popen(
        [sys.executable, "-m", "runtime", *WORDS, *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        for line in process.stderr:
            if line.startswith("trial 3:"):
                break
        process.kill()
    kept = json.loads((folder / "journal.json").read_bytes())["trials"]
    assert len(kept) >= 3
    done = call(*words, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["trials"][: len(kept)] == kept
