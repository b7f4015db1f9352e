"""States follow from what an execution depended on, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from docgen.evidence import State, can_run_here, judge
from docgen.snippets import machine
from docgen.snippets.machine import Gpu
from docgen.snippets.run import run
from docgen.snippets.store import Store

CORE = "tiny/core.py"


def edit(config, path, old, new):
    file = config.root / path
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def judge_one(snippet, config, **named):
    return judge([snippet], Store(config.store), config, **named).judged[0]


def test_nothing_changed(copied):
    config, snippet, _ = copied
    judged = judge_one(snippet, config)
    assert (judged.state, judged.reason, judged.needs_run) == (State.EXECUTED, "", False)
    code = judged.result.depends.code
    assert set(code) == {
        "tiny/__init__.py",
        "tiny/app.py",
        "tiny/child.py",
        "tiny/core.py",
        "tiny/killed.py",
    }
    assert set(code[CORE]) == {
        "<module>",
        "used",
        "Lane.run",
        "in_thread",
        "in_native_thread",
        "in_child",
        "in_fork",
        "after_closing",
        "before_kill",
    }
    assert set(judged.result.depends.files) == {"tiny/data.txt", "tiny/parts/"}
    assert set(judged.result.environment) & {"msgspec", "rich"} == {"msgspec"}


@pytest.mark.parametrize(
    ("path", "old", "new", "reason"),
    [
        (CORE, "return x + 1", "return 1 + x", f"{CORE}: used changed"),
        (CORE, "return 5", "return 6", f"{CORE}: Lane.run changed"),
        (CORE, "return 11", "return 21", f"{CORE}: in_thread changed"),
        (CORE, "return 12", "return 22", f"{CORE}: in_native_thread changed"),
        (CORE, "return 13", "return 23", f"{CORE}: in_child changed"),
        (CORE, "return 14", "return 24", f"{CORE}: in_fork changed"),
        (CORE, "return 15", "return 25", f"{CORE}: after_closing changed"),
        (CORE, "return 16", "return 26", f"{CORE}: before_kill changed"),
        (CORE, "LIMIT = 7", "LIMIT = 8", f"{CORE}: module-level statements changed"),
        (CORE, "lambda: 3", "lambda: 4", f"{CORE}: module-level statements changed"),
        (CORE, "width: int = 3", "width: int = 4", f"{CORE}: module-level statements changed"),
        (CORE, "def used(x)", "def used(x, y=0)", f"{CORE}: module-level statements changed"),
        (CORE, "def in_fork", "def forked", f"{CORE}: in_fork is gone"),
        (CORE, "return 11", "return (", f"{CORE} is no valid Python"),
        ("tiny/child.py", "child", "kid", "tiny/child.py: module-level statements changed"),
        ("tiny/data.txt", "41", "42", "tiny/data.txt changed"),
    ],
)
def test_a_change_of_what_ran_is_stale(copied, path, old, new, reason):
    config, snippet, _ = copied
    edit(config, path, old, new)
    judged = judge_one(snippet, config)
    assert judged.state is State.STALE
    assert judged.needs_run
    assert reason in judged.changes
    assert judged.reason


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (CORE, "# plain", "# as said above"),
        (CORE, '"""Return one more."""', '"""Return the next number.\n\n    Always.\n    """'),
        (CORE, '"""Does little."""', '"""Does nearly nothing."""'),
        (CORE, '"""A lane."""', ""),
        (CORE, '"""How wide it is."""', '"""Its width."""'),
        (CORE, "return 0", "return 10"),
        (CORE, "return None", "return 1"),
        (CORE, "\n\n\n", "\n\n\n\n\n"),
        (CORE, "return x + 1", "return (\n        x\n        + 1\n    )"),
        ("docs/index.md", "# Tiny", "# Tiny project\n\nProse."),
        ("tiny/parts/one.txt", "1", "2"),
        ("tiny/written.txt", "new", "newer"),
    ],
)
def test_a_change_of_anything_else_reruns_nothing(copied, path, old, new):
    config, snippet, _ = copied
    edit(config, path, old, new)
    judged = judge_one(snippet, config)
    assert (judged.state, judged.changes, judged.needs_run) == (State.EXECUTED, (), False)


def test_files_that_come_and_go(copied):
    config, snippet, _ = copied
    (config.root / "tiny/parts/two.txt").write_text("2")
    (config.root / "tiny/child.py").unlink()
    (config.root / "tiny/data.txt").unlink()
    judged = judge_one(snippet, config)
    assert judged.changes == (
        "tiny/child.py is gone",
        "tiny/data.txt is gone",
        "tiny/parts/ has other files",
    )


def test_text_and_expectations_count(copied):
    config, snippet, _ = copied
    assert judge_one(msgspec.structs.replace(snippet, text="true"), config).changes == (
        "the commands changed",
    )
    stricter = msgspec.structs.replace(snippet, expect=("output contains used 42",))
    judged = judge_one(stricter, config)
    assert judged.changes == ("the expectations changed",)
    assert judge_one(msgspec.structs.replace(snippet, timeout_s=1.0), config).changes == ()


def test_another_machine_is_shown_and_asks_for_a_run(copied):
    config, snippet, store = copied
    here = machine.probe()
    other = replace(here, cpu="Another CPU", cores=64)
    judged = judge_one(snippet, config, this_machine=other)
    assert judged.state is State.EXECUTED
    assert judged.needs_run
    assert judged.reason.startswith("measured on another machine: ")
    assert here.cpu in judged.reason
    assert judge([snippet], store(), config, other).stale_here() == (judged,)
    newer = replace(here, python="3.99")
    reason = judge_one(snippet, config, this_machine=newer).reason
    assert reason == f"measured with other versions: python {here.python}, here 3.99"


def test_own_fresh_result_beats_a_newer_foreign_one(copied):
    config, snippet, store = copied
    mine = store().of(snippet.id)[0]
    environment = {**mine.environment, "cpu": "Another CPU"}
    foreign = msgspec.structs.replace(
        mine, started="2999-01-01T00:00:00+00:00", environment=environment, environment_key="f" * 9
    )
    store().save(foreign)
    judged = judge_one(snippet, config)
    assert judged.result == mine
    assert judged.history == (foreign, mine)
    edit(config, CORE, "return x + 1", "return x + 2")
    assert judge_one(snippet, config).result == mine


def test_states_without_and_with_results(project, snippet):
    h200 = "gpu=h200 & devices>=8"
    record = '{"notes": ["Emulated with CPU shares"], "metrics": []}'
    snippets = [
        snippet("true", id="never"),
        snippet("true", id="gpu", needs=h200, pci_ids=("0x233510DE",), device="H200 SXM 141GB"),
        snippet("echo --dry-run", id="dry"),
        snippet(f"echo '{record}' > $TINY_RECORDS/r.json", id="emulated"),
        snippet("exit 3", id="broken"),
        snippet("true", id="fine", measures="a/b/c"),
        snippet("echo '{\"metrics\": []}' > $TINY_RECORDS/r.json", id="figures"),
    ]
    run(snippets[2:], project)
    evidence = judge(snippets, Store(project.store), project)
    assert [j.state for j in evidence.judged] == [
        State.NEVER,
        State.SKIPPED,
        State.RESOLVED,
        State.EMULATED,
        State.FAILED,
        State.EXECUTED,
        State.MEASURED,
    ]
    assert evidence.of("gpu").reason == "needs 8 H200 SXM 141GB; this machine has no NVIDIA GPU"
    assert evidence.of("broken").reason == "want exit = 0, got exit 3"
    assert [j.snippet.id for j in evidence.stale_here()] == ["never", "broken"]
    assert evidence.measurements("a/b/c") == (evidence.of("fine"),)
    assert evidence.counts()[State.FAILED] == 1
    assert list(evidence.counts()) == [s for s in State if s is not State.STALE]
    assert not can_run_here(snippets[1])
    with pytest.raises(KeyError):
        evidence.of("unknown")


@pytest.mark.parametrize(
    ("beside", "named", "stale"),
    [
        (("other",), {"alone": True}, True),
        ((), {"alone": True}, False),
        (None, {"alone": True}, True),
        (None, {"measures": "a/b/c"}, False),
        (("other",), {}, False),
    ],
)
def test_what_should_run_alone_and_did_not_is_stale(project, snippet, beside, named, stale):
    wanted = snippet("true", **named)
    result = run([wanted], project)[0]
    Store(project.store).save(msgspec.structs.replace(result, beside=beside))
    judged = judge_one(wanted, project)
    assert judged.changes == (("it was not executed alone",) if stale else ())
    assert judged.needs_run is stale


def test_equal_commands_are_one_measurement(project, snippet):
    page = snippet("true", id="page", measures="a/b/c")
    other = snippet("true 1", id="other", measures="a/b/c")
    entry = snippet("true", id="run:a/b/c", measures="a/b/c")
    evidence = judge([page, other, entry], Store(project.store), project)
    assert [j.snippet.id for j in evidence.measurements("a/b/c")] == ["run:a/b/c", "other"]


def test_result_of_a_gpu_machine_stays_where_there_is_none(project, snippet):
    wanted = snippet("true", needs="gpu=h200", pci_ids=("0x233510DE",), device="H200")
    result = run([wanted], project)[0]
    gpus = {"gpus": "1 x NVIDIA H200", "driver": "570.1"}
    Store(project.store).save(
        msgspec.structs.replace(result, environment={**result.environment, **gpus})
    )
    judged = judge_one(wanted, project)
    assert judged.state is State.EXECUTED
    assert not judged.needs_run
    assert "1 x NVIDIA H200, driver 570.1" in judged.reason
    gpu = Gpu(name="NVIDIA H200", pci_id="0x233510DE", vram_bytes=150 * 10**9, sm=90)
    there = replace(machine.probe(), gpus=(gpu,), driver="570.1")
    assert judge_one(wanted, project, this_machine=there).needs_run is False
    assert judge_one(wanted, project, this_machine=replace(there, driver="580.2")).needs_run


def test_settings_stand_for_the_configuration_modules(
    write_project, snippet, monkeypatch, tmp_path
):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    config = write_project(
        {
            "tiny/targets/__init__.py": "",
            "tiny/targets/a.py": "VALUE = 1\n\n\ndef tune():\n    return VALUE\n",
            "tiny/targets/b.py": "VALUE = 2\n",
            "tiny/all.py": "import os\nimport tiny.targets as t\nfrom tiny.targets import a, b\n"
            "os.listdir(t.__path__[0])\na.tune()\n",
        }
    )
    entry = snippet(
        "python -m tiny.all", measures="a/x/offline", values="v1", configs=("tiny/targets/",)
    )
    plain = snippet("python -m tiny.all", id="two")
    run([entry, plain], config)
    (config.root / "tiny/targets/b.py").write_text("VALUE = 3\n")
    (config.root / "tiny/targets/c.py").write_text("VALUE = 4\n")
    evidence = judge([entry, plain], Store(config.store), config)
    assert evidence.of("one").state is State.EXECUTED
    assert evidence.of("two").changes == (
        "tiny/targets/b.py: module-level statements changed",
        "tiny/targets/ has other files",
    )
    changed = msgspec.structs.replace(entry, values="v2")
    assert judge_one(changed, config).changes == ("docs/index.md: settings of a/x/offline changed",)
    edit(config, "tiny/targets/a.py", "return VALUE", "return -VALUE")
    assert judge_one(entry, config).changes == ("tiny/targets/a.py: tune changed",)
