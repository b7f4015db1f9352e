"""Snippets that fail, hang, flood or print garbage, and what is left of them: nothing."""

from __future__ import annotations

import os
import sys
import threading
import time

import psutil
import pytest

from docgen.evidence import State, judge
from docgen.snippets import process
from docgen.snippets.execution import commands
from docgen.snippets.run import problems, run
from docgen.snippets.store import Store

HANGING = r"""
import os, subprocess, sys, time
kind = sys.argv[1]
if kind == "ignores":
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if kind == "detached":
    child = [sys.executable, "-c", "import time; time.sleep(600)"]
    pid = subprocess.Popen(child, start_new_session=True).pid
else:
    pid = subprocess.Popen(["sleep", "600"]).pid
print(os.getpid(), pid, flush=True)
if kind != "leaves":
    time.sleep(600)
"""


def write_hanging(config):
    (config.root / "hang.py").write_text(HANGING)
    return f"{sys.executable} {config.root}/hang.py"


def is_gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("kind", ["plain", "ignores", "detached"])
def test_a_hanging_snippet_is_killed_with_all_descendants(project, snippet, monkeypatch, kind):
    monkeypatch.setattr(process, "GRACE_S", 0.3)
    wanted = snippet(f"{write_hanging(project)} {kind}", timeout_s=1.0)
    started = time.monotonic()
    result = run([wanted], project)[0]
    assert time.monotonic() - started < 10
    assert (result.status, result.exit_code) == ("timeout", None)
    own, child = map(int, result.output.split())
    assert is_gone(own)
    assert is_gone(child)
    text = "\n".join(str(p) for p in problems(wanted, result))
    assert text == (
        "docs/index.md:3 snippet one: want an end within 1 s, got no end after 1 s; it and its "
        f"children were killed (last line: {own} {child}); raise `:timeout:`, or mend what hangs"
    )


def test_what_a_finished_snippet_left_running_is_killed(project, snippet):
    wanted = snippet(f"{write_hanging(project)} leaves", timeout_s=20.0)
    result = run([wanted], project)[0]
    assert result.status == "passed"
    assert is_gone(int(result.output.split()[1]))
    assert result.seconds < 15


def test_a_failing_snippet_says_where_what_and_why(project, snippet):
    wanted = snippet(
        "echo so far\necho 'no such device' >&2\nexit 4", expect=("output contains x",)
    )
    result = run([wanted], project)[0]
    assert (result.status, result.exit_code, result.output) == ("failed", 4, "so far\n")
    assert [str(p) for p in problems(wanted, result)] == [
        (
            "docs/index.md:3 snippet one: want exit = 0, got exit 4 (no such device); "
            "mend the command, or correct the expectation"
        ),
        (
            "docs/index.md:3 snippet one: want output contains x, got not in 'so far'; "
            "mend the command, or correct the expectation"
        ),
    ]


def test_the_first_failing_command_ends_a_snippet(project, snippet):
    result = run([snippet("false | cat\necho not reached")], project)[0]
    assert (result.exit_code, result.output) == (1, "")
    result = run([snippet("echo $UNSET_NAME")], project)[0]
    assert "UNSET_NAME" in result.checks[0].actual


def test_a_signal_is_a_failure(project, snippet):
    result = run([snippet("kill -9 $$")], project)[0]
    assert (result.status, result.checks[0].actual) == ("failed", "exit -9")


def test_garbage_is_reported_and_kept(project, snippet):
    text = r"printf '\xff\x00\x1b[31m{]'; echo '[not json' > $TINY_RECORDS/run.json"
    wanted = snippet(text, expect=("samples_per_s > 0", "json:$.a = 1"))
    result = run([wanted], project)[0]
    assert result.status == "failed"
    assert {c.expect: c.actual for c in result.checks if not c.ok} == {
        "samples_per_s > 0": "missing: no run record, and not in the output: "
        "'\ufffd\ufffd\ufffd[31m{]'",
        "json:$.a = 1": "missing: standard output is no JSON: '\ufffd\ufffd\ufffd[31m{]'",
        "run record run.json": "no JSON object: Expecting value: line 1 column 2 (char 1)"
        if sys.version_info >= (3, 11)
        else "",
    }
    assert Store(project.store).of("one") == (result,)


def test_a_flood_is_drained_and_its_end_kept(project, snippet):
    text = "head -c 60000000 /dev/zero | tr '\\0' x; head -c 9000000 /dev/zero >&2; echo; echo end"
    result = run([snippet(text, timeout_s=30.0, expect=("output contains end",))], project)[0]
    assert result.status == "passed"
    assert result.output.endswith("x\nend\n")
    assert result.output.startswith("[")
    assert len(result.output) < 21_000
    assert len(result.errors) < 21_000


def test_the_environment_is_declared(project, snippet, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    result = run([snippet("env; pwd; which python; ls -a")], project)[0]
    lines = result.output.splitlines()
    assert "COLUMNS=100" in lines
    assert "NO_COLOR=1" in lines
    assert "TINY_RECORDS=$TINY_RECORDS" in lines
    assert "hunter2" not in result.output
    assert "OMP_NUM_THREADS" not in result.output
    assert lines[-4:] == [".", "bin/python", ".", ".."]


def test_bytecode_goes_to_the_cache_where_the_caller_wants_none(project, snippet, monkeypatch):
    show = snippet("python -c 'import tiny.core, email.mime.text, sys; print(sys.pycache_prefix)'")
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    assert run([show], project)[0].output == "None\n"
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    result = run([show], project)[0]
    assert result.output == "PROJECT/build/docgen/bytecode\n"
    assert list((project.cache / "bytecode").rglob("text.*.pyc"))
    assert set(result.depends.code) == {"tiny/__init__.py", "tiny/core.py"}
    assert result.depends.files == {}
    assert not list((project.root / "tiny").rglob("*.pyc"))


def test_python_snippets_run_in_an_empty_folder(project, snippet):
    text = "import tiny.core, os\nprint(tiny.core.used(1), os.listdir('.'))"
    result = run([snippet(text, language="python")], project)[0]
    assert (result.status, result.output) == ("passed", "2 ['snippet.py']\n")
    assert set(result.depends.code["tiny/core.py"]) == {"<module>", "used"}


def test_prompts_mark_commands():
    text = "$ echo a \\\n>   b\na b\n$ true"
    assert commands(text) == ["echo a \\", "  b", "true"]
    assert commands("echo a\necho b") == ["echo a", "echo b"]


def test_a_script_of_the_project_counts_whole(project, snippet):
    script = project.root / "tool.py"
    script.write_text("def one():\n    return 1\n\n\ndef two():\n    return 2\n\n\none()\n")
    result = run([snippet(f"python {script}")], project)[0]
    assert set(result.depends.code["tool.py"]) == {"<file>"}


def test_measuring_snippets_run_alone(project, snippet):
    text = "python -c 'import time; print(time.time()); time.sleep(0.4); print(time.time())'"
    plain = [snippet(f"{text} # plain {i}", id=f"plain{i}") for i in range(2)]
    timed = [snippet(f"{text} # timed {i}", id=f"timed{i}", measures="a/b/c") for i in range(2)]
    steps = []
    results = run([timed[0], *plain, timed[1]], project, jobs=2, on_progress=steps.append)
    assert [r.snippet for r in results] == ["timed0", "plain0", "plain1", "timed1"]
    spans = {r.snippet: tuple(map(float, r.output.split())) for r in results}
    assert spans["plain0"][0] < spans["plain1"][1]
    assert spans["plain1"][0] < spans["plain0"][1]
    assert max(spans["plain0"][1], spans["plain1"][1]) <= spans["timed0"][0]
    assert spans["timed0"][1] <= spans["timed1"][0]
    assert [s.done for s in steps if s.result] == [1, 2, 3, 4]
    assert sum(s.result is None for s in steps) == 4


NAP = "python -c 'import time; time.sleep(0.4)'"


@pytest.mark.parametrize(
    "named",
    [
        {"alone": True},
        {"mode": "accuracy"},
        {"figures": ("plot.svg",)},
        {"expect": ("samples_per_s > 0",)},
    ],
)
def test_what_measures_or_asks_so_runs_alone(project, snippet, named):
    wanted = snippet(f"{NAP} # alone", id="alone", **named)
    plain = [snippet(f"{NAP} # {i}", id=f"plain{i}") for i in range(2)]
    results = {r.snippet: r for r in run([wanted, *plain], project, jobs=3)}
    assert results["alone"].beside == ()
    assert results["plain0"].beside == ("plain1",)
    assert results["plain1"].beside == ("plain0",)


def test_what_is_held_to_its_output_runs_beside_others(project, snippet):
    wanted = snippet(f"{NAP}; echo ok", expect=("exit = 0", "output contains ok", "errors lacks x"))
    plain = snippet(NAP, id="plain")
    assert [r.beside for r in run([wanted, plain], project, jobs=2)] == [("plain",), ("one",)]


def test_a_record_taken_beside_others_is_not_kept(project, snippet, tmp_path):
    text = f"echo ran >> {tmp_path}/count; {NAP}; echo '{{}}' > $TINY_RECORDS/r.json"
    hidden = snippet(text, id="hidden")
    plain = snippet(NAP, id="plain")
    steps = []
    results = run([hidden, plain], project, jobs=2, on_progress=steps.append)
    assert [(r.snippet, r.beside) for r in results] == [("hidden", ()), ("plain", ("hidden",))]
    assert results[0].records == ({},)
    assert (tmp_path / "count").read_text() == "ran\nran\n"
    assert [s.snippet.id for s in steps if s.result] == ["plain", "hidden"]
    run([hidden], project, jobs=2)
    assert (tmp_path / "count").read_text() == "ran\nran\nran\n"


def test_ctrl_c_ends_everything_and_keeps_what_was_done(project, snippet):
    snippets = [snippet("echo done", id="first"), snippet(f"{write_hanging(project)} detached")]
    marked = []

    def interrupt():
        while not Store(project.store).of("first") or not marked:
            time.sleep(0.05)
            marked[:] = [p for p in psutil.process_iter() if "hang.py" in " ".join(cmdline(p))]
        time.sleep(0.3)
        os.kill(os.getpid(), 2)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        run(snippets, project)
    assert all(is_gone(p.pid) for p in marked)
    assert Store(project.store).of("first")
    assert not Store(project.store).of("one")


def cmdline(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_what_starts_after_the_stop_ends_at_once(tmp_path):
    running = process.Running()
    running.stop_all()
    done = process.execute(
        ["sleep", "600"], folder=tmp_path, variables={}, timeout_s=60, running=running
    )
    assert done.exit_code == -9


def test_results_name_no_folder_of_this_machine(project, snippet):
    text = 'echo "{\\"logs\\": \\"$PWD/logs\\"}" > $TINY_RECORDS/r.json; echo $PWD; python -c "import tiny.gone"'
    result = run([snippet(text)], project)[0]
    assert result.records == ({"logs": "./logs"},)
    assert result.output == ".\n"
    stored = next(project.store.iterdir()).read_text("utf-8")
    assert str(project.root) not in stored


def test_the_same_commands_are_executed_once(project, snippet, tmp_path):
    text = f"echo ran >> {tmp_path}/count; echo 5"
    page = snippet(text, id="page", expect=("output contains 5",), timeout_s=5.0)
    guide = snippet(text, id="guide", expect=("output contains 6",), measures="a/b/c")
    other = snippet(text, id="other", language="python", expect=("exit = 1",))
    results = run([page, guide, other], project)
    assert (tmp_path / "count").read_text() == "ran\n"
    assert [(r.snippet, r.status) for r in results] == [
        ("page", "passed"),
        ("guide", "failed"),
        ("other", "passed"),
    ]
    assert results[0].started == results[1].started
    assert {r.snippet for r in Store(project.store).all()} == {"page", "guide", "other"}


def test_what_the_machine_lacks_skips_a_measurement(project, snippet):
    text = "echo 'error H300: --data: want a folder, got none' >&2; exit 3"
    wanted = snippet(text, measures="a/b/c", missing_exit=3)
    result = run([wanted], project)[0]
    assert result.status == "skipped"
    assert problems(wanted, result) == ()
    judged = judge([wanted], Store(project.store), project).judged[0]
    assert (judged.state, judged.needs_run) == (State.SKIPPED, False)
    assert judged.reason == "--data: want a folder, got none"
    assert run([snippet(text)], project)[0].status == "failed"
