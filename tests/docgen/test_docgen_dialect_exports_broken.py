"""Trees that are broken or hostile: nothing runs, what is wrong is named, the rest is complete."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from docgen import digests
from docgen.catalog import to_json
from docgen.dialects import exports

RACK = Path(__file__).parent / "fixtures_exports" / "rack"
GOOD = 10
"""Entries of the fixture."""

HEAD = """
import copy, os
import code.common.constants as C
import code.fields.harness as harness_fields
import code.fields.loadgen as loadgen_fields
import code.fields.models as model_fields
KEY = C.WorkloadSetting(C.HarnessType.Custom, C.AccuracyTarget(0.99), C.PowerSetting.MaxP)
OTHER = C.WorkloadSetting(C.HarnessType.Custom, C.AccuracyTarget(0.999), C.PowerSetting.MaxP)
"""

HOSTILE = """
import os as _os, pathlib as _pathlib, subprocess as _subprocess, sys as _sys
_os.system("touch {sentinel}")
_pathlib.Path({sentinel!r}).write_text("ran")
_subprocess.run(["touch", {sentinel!r}])
open({sentinel!r}, "w").close()
_sys.exit(3)
raise RuntimeError("this module must not run")
"""

WATCH = """
import json, sys, pathlib
root, out = sys.argv[1], sys.argv[2]
seen = []
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "os.fork", "socket.connect")
def hook(event, args):
    if event in FORBIDDEN:
        seen.append([event, repr(args)])
    elif event == "exec" and getattr(args[0], "co_filename", "").startswith(root):
        seen.append([event, args[0].co_filename])
    elif event == "open" and str(args[0]).startswith(root) and args[2] & 3:
        seen.append([event, str(args[0])])
    elif event == "import" and str(args[0]).split(".")[0] in ("configs", "nvmitten"):
        seen.append([event, str(args[0])])
from docgen import digests
from docgen.dialects import exports
sys.addaudithook(hook)
catalog = exports.read(pathlib.Path(root), ())
found = list(seen)
open(out, "w").write(json.dumps({"seen": found, "lines": list(digests.lines(catalog))}))
"""


@pytest.fixture
def rack(tmp_path):
    return Path(shutil.copytree(RACK, tmp_path / "rack"))


def add(root, text, name="bad", system="Z1x1", scenario="Offline"):
    path = root / "configs" / system / scenario / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else (HEAD + text).encode())
    return path


def read(root):
    catalog = exports.read(root, ())
    good = [e for e in catalog.entries if e.target != "Z1x1"]
    assert len(good) == GOOD
    assert all(e.digest and not e.rejected for e in good)
    to_json(catalog)
    return catalog


def bad(catalog):
    return [e for e in catalog.entries if e.target == "Z1x1"]


def codes(catalog, severity="error"):
    return [d.code for d in catalog.diagnostics if d.severity == severity]


def test_nothing_of_a_hostile_tree_runs(rack, tmp_path):
    sentinel = tmp_path / "sentinel"
    expected = list(digests.lines(exports.read(rack, ())))
    for path in rack.rglob("*.py"):
        text = path.read_text()
        future = "from __future__ import annotations\n"
        rest = text.replace(future, "")
        hostile = HOSTILE.format(sentinel=str(sentinel))
        path.write_text((future if future in text else "") + hostile + rest)
    out = tmp_path / "seen.json"
    command = [sys.executable, "-c", WATCH, str(rack), str(out)]
    subprocess.run(command, check=True, capture_output=True)
    found = json.loads(out.read_text())
    assert found["seen"] == []
    assert found["lines"] == expected
    assert not sentinel.exists()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"EXPORTS = {\n", "syntax-error"),
        ("EXPORTS = {'\xe9': 1}\n".encode("latin-1"), "syntax-error"),
        (b"EXPORTS = {}\n\0", "syntax-error"),
        (b"#" * 10_000_000, "too-large"),
        (b"x = " + b"(" * 250 + b")" * 250, "syntax-error"),
        (b"EXPORTS = 5\n", "wrong-type"),
    ],
)
def test_file_that_cannot_be_read_is_named(rack, data, code):
    add(rack, data)
    catalog = read(rack)
    assert codes(catalog) == [code]
    assert catalog.diagnostics[0].source.path == "configs/Z1x1/Offline/bad.py"


@pytest.mark.parametrize("folder", ["configs/Z1x1/Offline/bad.py", "configs/Z1x1"])
def test_link_out_of_the_tree_is_not_followed(rack, tmp_path, folder):
    outside = tmp_path / "outside" / "Offline"
    outside.mkdir(parents=True)
    (outside / "bad.py").write_text(HEAD + "EXPORTS = {KEY: {loadgen_fields.min_duration: 1}}")
    link = rack / folder
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside / "bad.py" if folder.endswith(".py") else outside.parent)
    catalog = read(rack)
    assert codes(catalog) == ["outside"]
    assert bad(catalog) == []
    assert not any("Z1x1" in path for path in catalog.files)


def test_link_to_a_device_or_to_itself_is_left_alone(rack):
    folder = rack / "configs" / "Z1x1" / "Offline"
    folder.mkdir(parents=True)
    (folder / "zero.py").symlink_to("/dev/zero")
    (folder / "loop.py").symlink_to(folder / "loop.py")
    os.mkfifo(folder / "pipe.py")
    assert bad(read(rack)) == []


def test_odd_names(rack):
    add(rack, "EXPORTS = {KEY: {loadgen_fields.min_duration: 1}}\n", name="a b'<i>{{7*7}}`|x")
    add(rack, "EXPORTS = {}\n", name=os.fsdecode(b"caf\xe9"))
    catalog = read(rack)
    assert [e.workload for e in bad(catalog)] == ["a b'<i>{{7*7}}`|x"]
    assert "odd-name" in codes(catalog)


def test_200_levels_of_nesting(rack):
    nested = "[" * 90 + "1" + "]" * 90
    deep = "x = 1\n" + "x = [x]\n" * 200
    add(
        rack,
        f"{deep}EXPORTS = {{KEY: {{loadgen_fields.min_duration: {nested}}}, OTHER: {{loadgen_fields.min_duration: x}}}}\n",
    )
    first, second = bad(read(rack))
    assert first.digest
    assert second.digest


def test_value_nested_beyond_measure_is_a_finding(rack):
    add(
        rack, "x = 1\n" + "x = [x]\n" * 5000 + "EXPORTS = {KEY: {loadgen_fields.min_duration: x}}\n"
    )
    catalog = read(rack)
    assert [e.digest for e in bad(catalog)] == [""]
    assert codes(catalog) == ["unresolved"]


def test_deep_folders_do_not_matter(rack):
    folder = rack / "configs" / "Z1x1" / "Offline"
    deep = folder.joinpath(*(["d"] * 200))
    deep.mkdir(parents=True)
    (deep / "x.py").write_text("EXPORTS = {}\n")
    assert bad(read(rack)) == []


@pytest.mark.parametrize(
    "text",
    [
        "class Odd(Odd):\n    pass\nEXPORTS = {KEY: {loadgen_fields.min_duration: Odd.x}}\n",
        "d = {}\nd[harness_fields.show_help] = d\nEXPORTS = {KEY: d}\n",
        "EXPORTS = {KEY: {loadgen_fields.min_duration: open('/etc/hostname').read()}}\n",
        "EXPORTS = {KEY: {loadgen_fields.min_duration: os.environ['HOME']}}\n",
        "EXPORTS = {KEY: {loadgen_fields.min_duration: lambda: 1}}\n",
        "EXPORTS = {KEY: {loadgen_fields.min_duration: C}}\n",
        "EXPORTS = {KEY: {loadgen_fields.min_duration: 9**9**9}}\n",
        "x = [0] * 1000\n" * 1
        + "x = [x] * 1000\n" * 3
        + "EXPORTS = {KEY: {loadgen_fields.min_duration: x}}\n",
        "x = 'ab'\n" + "x = x + x\n" * 60 + "EXPORTS = {KEY: {loadgen_fields.min_duration: x}}\n",
        "x = 'ab'\n"
        + "x = f'{x}{x}'\n" * 60
        + "EXPORTS = {KEY: {loadgen_fields.min_duration: x}}\n",
        "x = [1]\n" + "x += x\n" * 60 + "EXPORTS = {KEY: {loadgen_fields.min_duration: x}}\n",
        "def f(n):\n    return f(n - 1) + f(n - 1) if n else 1\nEXPORTS = {KEY: {loadgen_fields.min_duration: f(40)}}\n",
        "x = 0\nwhile True:\n    x += 1\nEXPORTS = {KEY: {loadgen_fields.min_duration: x}}\n",
        "n = []\nfor a in range(5000):\n    for b in range(5000):\n        n.append(b)\nEXPORTS = {KEY: {loadgen_fields.min_duration: n}}\n",
        "r = range(100000)\nEXPORTS = {KEY: {loadgen_fields.min_duration: [1 for a in r for b in r for c in r]}}\n",
    ],
    ids=lambda text: text[:24],
)
def test_what_is_not_static_is_a_finding_never_a_guess(rack, text):
    add(rack, text)
    start = time.perf_counter()
    catalog = read(rack)
    assert time.perf_counter() - start < 20
    for entry in bad(catalog):
        assert "min_duration" not in entry.values
        assert entry.digest == ""
    assert "unresolved" in codes(catalog)
    assert all(d.source.line >= 1 for d in catalog.diagnostics)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("EXPORTS = {KEY: {model_fields.no_such_field: 1}}\n", "'no_such_field'"),
        ("EXPORTS = {KEY: {'min_duration': 1}}\n", "did you mean the field 'min_duration'?"),
        ("import code.fields.gone as gone\nEXPORTS = {KEY: {}}\n", "code.fields.gone"),
        ("EXPORTS = {KEY: {loadgen_fields.min_duration: undefined}}\n", "'undefined'"),
        ("EXPORTS = {KEY: {}}\nEXPORTS[OTHER] = 5\n", ""),
        ("d = {}\nEXPORTS = {KEY: {loadgen_fields.min_duration: d['x']}}\n", "the key 'x'"),
    ],
)
def test_entries_that_the_tree_itself_would_refuse_are_rejected(rack, text, reason):
    add(rack, text)
    catalog = read(rack)
    entries = bad(catalog)
    refused = [e for e in entries if e.rejected]
    assert refused
    assert reason in refused[0].rejected
    assert "configs/Z1x1/Offline/bad.py:" in refused[0].rejected
    lines = [line for line in digests.lines(catalog) if "Z1x1" in line]
    assert sum(line.endswith("\trejected") for line in lines) == len(refused)


def test_duplicate_key_holds_once_and_is_kept_as_rejected(rack):
    add(
        rack,
        "EXPORTS = {KEY: {loadgen_fields.min_duration: 1}, KEY: {loadgen_fields.min_duration: 2}}\n",
    )
    catalog = read(rack)
    holding, other = bad(catalog)
    assert (holding.values["min_duration"].resolved, holding.rejected) == (2, "")
    assert other.values["min_duration"].resolved == 1
    assert other.rejected.startswith("overwritten by the same key at configs/Z1x1/Offline/bad.py:")
    assert codes(catalog, "warning").count("duplicate-key") == 1


def test_one_value_that_is_not_static_leaves_the_others(rack):
    add(
        rack,
        "EXPORTS = {KEY: {loadgen_fields.min_duration: os.getpid(), model_fields.precision: 'fp8'}}\n",
    )
    (entry,) = bad(read(rack))
    assert {n: v.resolved for n, v in entry.values.items()} == {"precision": "fp8"}
    assert digests.key_of(entry) + "\t-\tunresolved" in list(digests.lines(read(rack)))


def test_a_statement_that_cannot_be_followed_spoils_what_it_may_change(rack):
    add(
        rack,
        "d = {loadgen_fields.min_duration: 1}\nwith open('x') as f:\n    d[loadgen_fields.min_duration] = 2\nEXPORTS = {KEY: d}\n",
    )
    (entry,) = bad(read(rack))
    assert entry.values == {}
    assert entry.digest == ""


def test_file_without_exports_and_unknown_names_are_warnings(rack):
    add(rack, "x = 1\n", name="alpha", scenario="Nowhere")
    catalog = read(rack)
    assert sorted(codes(catalog, "warning")) == ["no-exports", "unknown-name"]


def test_import_name_that_is_no_path(rack):
    add(
        rack,
        "from importlib import import_module\n"
        "a = import_module('configs.\\0')\n"
        "b = import_module('configs.' + 'x' * 5000)\n"
        "c = import_module('configs.../../../etc/passwd')\n"
        "EXPORTS = {KEY: {loadgen_fields.min_duration: a.x}}\n",
    )
    (entry,) = bad(read(rack))
    assert entry.rejected or not entry.digest
