"""`harness list`, `doctor`, `completion`, help, and `run --dry-run`."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from runtime.cli import main
from runtime.cli import run as run_module
from runtime.configs.registry import Registry, load
from runtime.errors import ConfigError, Problem
from runtime.plan import SETTINGS_CLASSES
from runtime.vocabulary import AccuracyTarget, HarnessKind, Mode, PowerSetting, Scenario

REGISTRY = load()


@pytest.fixture
def invoke(monkeypatch, tmp_path):
    """Return a function that runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HARNESS_RECORD_DIR", raising=False)
    monkeypatch.setenv("COLUMNS", "120")

    def call(*words: str):
        return make_runner().invoke(main, list(words), prog_name="harness")

    return call


def make_runner() -> CliRunner:
    """Return a runner that keeps stdout and stderr apart; click 8.1 must be told to."""
    try:
        return CliRunner(mix_stderr=False)
    except TypeError:
        return CliRunner()


def one_line(text: str) -> str:
    return " ".join(text.split())


# --- help ---


@pytest.mark.parametrize(
    "command", [(), ("list",), ("run",), ("doctor",), ("detect",), ("completion",)]
)
def test_help_teaches_with_examples(invoke, command):
    done = invoke(*command, "--help")
    assert done.exit_code == 0
    assert "harness " in done.stdout
    assert "Examples:" in done.stdout or "First steps:" in done.stdout
    assert invoke(*command, "-h").stdout == done.stdout


def test_every_option_and_command_has_a_help_text():
    for name, command in main.commands.items():
        assert command.help, name
        for param in command.params:
            assert isinstance(param, click.Argument) or param.help, f"{name} {param.name}"


def test_choices_are_the_vocabulary():
    enums = {
        "scenario": Scenario,
        "mode": Mode,
        "accuracy": AccuracyTarget,
        "power": PowerSetting,
        "harness": HarnessKind,
    }
    options = {p.name: p for p in run_module.run_entries.params}
    for name, enum in enums.items():
        assert list(options[name].type.choices) == [str(member) for member in enum]


def test_documented_environment_variables_are_in_the_help(invoke):
    text = invoke("--help").stdout
    for name in ("HARNESS_RECORD_DIR", "HARNESS_CACHE", "NO_COLOR", "130"):
        assert name in text


# --- list ---


def test_list_shows_targets_and_workloads(invoke):
    done = invoke("list")
    assert done.exit_code == 0
    for name in [*REGISTRY.targets, *REGISTRY.workloads]:
        assert name in done.stdout
    assert f"{len(REGISTRY.entries)} entries" in done.stdout


def test_list_json_is_complete(invoke):
    found = json.loads(invoke("list", "--json").stdout)
    assert {t["target"] for t in found["targets"]} == set(REGISTRY.targets)
    assert {w["workload"] for w in found["workloads"]} == set(REGISTRY.workloads)
    assert {e["entry"] for e in found["entries"]} == set(REGISTRY.entries)


def test_list_filters_by_text_and_wildcard(invoke):
    found = json.loads(invoke("list", "entries", "--filter", "h200*/server", "--json").stdout)
    keys = [e["entry"] for e in found["entries"]]
    assert keys
    assert set(found) == {"entries"}
    assert all(k.startswith("h200") and k.endswith("/server") for k in keys)
    assert "a30" in invoke("list", "targets", "--filter", "a30").stdout
    wrong = invoke("list", "targets", "--filter", "h20O")
    assert wrong.exit_code == 2
    assert "did you mean" in wrong.stderr


def test_list_here_keeps_what_can_run(invoke, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    found = json.loads(invoke("list", "--here", "--json").stdout)
    assert [t["target"] for t in found["targets"]] == ["cpu"]
    assert {e["target"] for e in found["entries"]} == {"cpu"}


def test_list_precisions_follows_the_policies(invoke):
    rows = json.loads(invoke("list", "precisions", "--json").stdout)["precisions"]
    by_name = {row["target"]: row for row in rows}
    assert "h200-sxm-141gb-x8" not in by_name
    assert by_name["h200-sxm-141gb"]["fp8"] == "yes"
    assert (by_name["a30"]["fp8"], by_name["a30"]["bf16"]) == ("-", "yes")
    assert (by_name["cpu"]["fp16"], by_name["cpu"]["capability"]) == ("-", "-")
    assert "h200-sxm-141gb" in invoke("list", "precisions", "--filter", "h200*").stdout


# --- doctor ---


def test_doctor_for_people_and_programs(invoke):
    done = invoke("doctor")
    assert done.exit_code == 0, done.output
    for word in ("usable", "mlcommons-loadgen", "accelerators", "limits", "places", "cpu can run"):
        assert word in done.stdout
    found = json.loads(invoke("doctor", "--json").stdout)
    assert found["ok"] is True
    assert found["missing"] == []
    assert found["places"]["results"]["writable"] is True
    assert {t["target"] for t in found["targets"]} == set(REGISTRY.targets)


def test_doctor_ends_with_3_where_the_cpu_target_cannot_run(invoke, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlperf_loadgen", None)
    done = invoke("doctor")
    assert done.exit_code == 3
    assert "The cpu target cannot run here" in done.stdout
    assert "python -m pip install mlcommons-loadgen" in one_line(done.stdout)
    found = json.loads(invoke("doctor", "--json").stdout)
    assert found["ok"] is False


def test_doctor_is_whole_on_a_narrow_terminal(invoke, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    lines = [x for x in invoke("doctor").stdout.splitlines() if "/" not in x]
    assert max(map(len, lines)) <= 50


def test_a_dry_run_leaves_out_what_a_server_alone_reads(invoke):
    words = ("run", "--target", "cpu", "--workload", "digits", "--scenario", "offline", "--dry-run")
    direct = invoke(*words).stdout
    assert "triton_window " not in direct
    assert "11 fields for --harness triton alone" in direct
    changed = invoke(*words, "--set", "triton_window=8").stdout
    assert re.search(r"triton_window +8 requests +<- --set, config says 4", changed)
    assert "10 fields for --harness triton alone" in changed
    served = invoke(*words, "--harness", "triton").stdout
    assert "triton_window " in served
    assert "alone" not in served
    (run,) = json.loads(invoke(*words, "--json").stdout)
    assert run["settings"]["triton_window"] == 4


# --- completion ---


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(invoke, shell):
    done = invoke("completion", shell)
    assert done.exit_code == 0
    assert "_HARNESS_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("words", "incomplete", "wanted"),
    [
        ([], "d", ["detect", "doctor"]),
        (["run", "--target"], "h200-sxm-141gb-x", ["h200-sxm-141gb-x8"]),
        (["run", "--target", "cpu", "--workload"], "d", ["digits"]),
        (["run", "--scenario"], "s", ["server", "single-stream"]),
        (
            ["run", "--scenario", "offline", "--set"],
            "min_",
            ["min_duration_ms=", "min_sample_count="],
        ),
        (["run", "--mode"], "a", ["accuracy"]),
        (["fit", "--scenario", "offline", "--set"], "min_d", ["min_duration_ms="]),
        (["mig", "run", "--set"], "m", ["main."]),
        (["mig", "run", "--set"], "main.min_d", ["main.min_duration_ms="]),
    ],
)
def test_completion_knows_our_words(words, incomplete, wanted):
    complete = ShellComplete(main, {}, "harness", "_HARNESS_COMPLETE")
    assert [c.value for c in complete.get_completions(words, incomplete)] == wanted


def test_completion_stays_quiet_on_a_broken_configuration(monkeypatch):
    def broken(*_):
        raise ConfigError(Problem("x", "y", "z", "w"))

    monkeypatch.setattr("runtime.configs.registry.load", broken)
    complete = ShellComplete(main, {}, "harness", "_HARNESS_COMPLETE")
    assert complete.get_completions(["run", "--target"], "") == []


# --- dry run ---


@pytest.mark.parametrize("target", sorted(REGISTRY.targets))
def test_dry_run_of_every_target(invoke, target, tmp_path):
    done = invoke("run", "--target", target, "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [r["key"] for r in found] == [
        k for k, e in REGISTRY.entries.items() if e.target == target
    ]
    for run in found:
        assert {"settings", "overrides", "estimate_s", "user_conf", "device", "out"} <= set(run)
        assert run["overrides"] == {}
        assert run["estimate_s"] >= 600
        assert re.search(r"^\S+ = \d", run["user_conf"], re.MULTILINE)
    assert list(tmp_path.iterdir()) == []


def test_dry_run_opens_no_heavy_library():
    code = (
        "import sys\n"
        "heavy = ('onnxruntime', 'mlperf_loadgen', 'sklearn', 'onnx', 'matplotlib', 'numpy')\n"
        "for name in heavy: sys.modules[name] = None\n"
        "from runtime.cli import main\n"
        "main(['run', '--target', 'h200-sxm-141gb', '--dry-run'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "h200-sxm-141gb/resnet50/offline" in done.stdout


def test_dry_run_says_what_came_from_where(invoke):
    words = ["run", "--target", "cpu", "--workload", "digits", "--scenario", "server", "--dry-run"]
    done = invoke(*words, "--quick", "--set", "batch_size=7")
    assert done.exit_code == 0
    assert "quick run:" in done.stdout
    assert re.search(r"batch_size +7 samples +<- --set, config says 32", done.stdout)
    assert re.search(r"min_duration_ms +2,000 ms +<- --quick, config says 600,000", done.stdout)
    assert "min_duration = 2000" in done.stdout
    found = json.loads(invoke(*words, "--quick", "--set", "batch_size=7", "--json").stdout)[0]
    assert found["changed_by"] == {
        "batch_size": "--set",
        "warmup_batches": "--quick",
        "min_duration_ms": "--quick",
        "min_query_count": "--quick",
    }
    assert found["notes"] == ["quick run: shortened durations, no official MLPerf-style run"]
    assert found["device"]["ok"] is True


def test_dry_run_of_a_gpu_says_that_it_cannot_run_here(invoke, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    done = invoke(
        "run",
        "--target",
        "h200-sxm-141gb",
        "--workload",
        "resnet50",
        "--scenario",
        "offline",
        "--dry-run",
    )
    assert done.exit_code == 0
    assert "nothing was opened or measured" in done.stdout
    assert "runs here   no:" in done.stdout


# --- bad input ---


def test_all_unknown_words_at_once(invoke):
    done = invoke(
        "run",
        "--target",
        "h200-sxm-141g",
        "--workload",
        "resnet5",
        "--scenario",
        "ofline",
        "--mode",
        "acc",
    )
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "error H100, 4 problems:" in done.stderr
    for word in ("h200-sxm-141gb", "resnet50", "offline", "accuracy"):
        assert f"did you mean '{word}'" in done.stderr


def test_unknown_field_and_bad_value(invoke):
    words = ["run", "--target", "cpu", "--workload", "digits", "--scenario", "offline", "--dry-run"]
    done = invoke(*words, "--set", "batchsize=3", "--set", "lanes=0")
    assert done.exit_code == 2
    assert "did you mean 'batch_size'" in done.stderr
    assert "--set lanes: want 1 to 64, got 0" in done.stderr


def test_broken_configuration_tells_every_problem(invoke, monkeypatch):
    problems = [Problem(f"runtime/targets/x.py:{n}", "a", "b", "c") for n in (3, 9)]

    def broken(*_) -> Registry:
        raise ConfigError(problems)

    monkeypatch.setattr("runtime.configs.registry.load", broken)
    for command in (["list"], ["doctor"], ["run", "--target", "cpu"]):
        done = invoke(*command)
        assert done.exit_code == 2
        assert "runtime/targets/x.py:3" in done.stderr
        assert "runtime/targets/x.py:9" in done.stderr


def test_record_of_several_entries_must_be_a_folder(invoke):
    done = invoke("run", "--target", "cpu", "--record", "one.json", "--dry-run")
    assert done.exit_code == 2
    assert "name a folder, or give --workload and --scenario" in done.stderr


def test_gpu_target_without_the_gpu_is_refused_before_any_work(invoke, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    done = invoke("run", "--target", "l4", "--workload", "resnet50", "--scenario", "offline")
    assert done.exit_code == 3
    assert "--target l4: want its devices on this machine" in done.stderr
    assert "--dry-run" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_python_m_runtime_is_the_command(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "runtime", "--help"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: harness ")


def test_every_settings_field_can_be_set(invoke):
    """`--set` reaches every field of every scenario, with the value that it has."""
    from runtime.plan import values_of

    for scenario, cls in SETTINGS_CLASSES.items():
        entry = REGISTRY.entries[f"cpu/digits/{scenario}"]
        assert type(entry.settings) is cls
        words = ["run", "--target", "cpu", "--workload", "digits", "--scenario", str(scenario)]
        for name, value in values_of(entry.settings).items():
            words += ["--set", f"{name}={value}"]
        found = json.loads(invoke(*words, "--dry-run", "--json").stdout)[0]
        assert found["settings"] == values_of(entry.settings)
        assert set(found["changed_by"].values()) == {"--set"}
