"""Extraction: executes nothing, always gives the same bytes, keeps what has not changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from docgen import api
from docgen import extract as module
from docgen.catalog import to_json
from docgen.config import load
from docgen.dialects import ours
from docgen.extract import extract

RIGS = Path(__file__).parent / "fixtures" / "rigs"
REPOSITORY = Path(__file__).parents[2]

HOSTILE = """
import os, pathlib, subprocess, sys
os.system("touch {sentinel}")
pathlib.Path({sentinel!r}).write_text("ran")
subprocess.run(["touch", {sentinel!r}])
open({sentinel!r}, "w").close()
sys.exit(3)
raise RuntimeError("this module must not run")
"""

WATCH = """
import json, sys
root, out = sys.argv[1], sys.argv[2]
seen = []
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "os.fork", "socket.connect")
def hook(event, args):
    if event in FORBIDDEN:
        seen.append([event, repr(args)])
    elif event == "exec" and getattr(args[0], "co_filename", "").startswith(root):
        seen.append([event, args[0].co_filename])
    elif event == "import" and str(args[0]).split(".")[0] == "rig":
        seen.append([event, str(args[0])])
    elif event == "open" and str(args[0]).startswith(root) and args[2] & 3:
        seen.append([event, str(args[0])])
import docgen.extract, docgen.config, docgen.dialects.ours, docgen.api, griffe
sys.addaudithook(hook)
catalog = docgen.extract.extract(docgen.config.load(root), cache=False)
found = list(seen)
open(out, "w").write(json.dumps({"seen": found, "entries": len(catalog.entries),
    "errors": [d.message for d in catalog.diagnostics if d.severity == "error"],
    "imported": [n for n in sys.modules if n.split(".")[0] == "rig"]}))
"""


@pytest.fixture
def rig(tmp_path):
    shutil.copytree(RIGS, tmp_path / "t")
    return tmp_path / "t"


def test_hostile_source_is_read_and_not_run(rig, tmp_path):
    sentinel = tmp_path / "ran"
    lines = HOSTILE.format(sentinel=str(sentinel))
    for path in sorted((rig / "rig").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        head = '"""'.join(text.split('"""')[:2]) + '"""\n'
        future = "from __future__ import annotations\n"
        rest = text[len(head) :].replace(future, "", 1)
        path.write_text(head + future + lines + rest, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-B", "-c", WATCH, str(rig), str(tmp_path / "out.json")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = msgspec.json.decode((tmp_path / "out.json").read_bytes())
    assert result["seen"] == []
    assert result["imported"] == []
    assert result["errors"] == []
    assert result["entries"] == 6
    assert not sentinel.exists()


def test_the_watch_of_the_hostile_test_sees_execution(rig, tmp_path):
    broken = WATCH.replace("catalog = ", "sys.path.insert(0, root); import rig.errors\ncatalog = ")
    done = subprocess.run(
        [sys.executable, "-B", "-c", broken, str(rig), str(tmp_path / "out.json")],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = msgspec.json.decode((tmp_path / "out.json").read_bytes())
    assert {event for event, _ in result["seen"]} == {"exec", "import"}
    assert "rig.errors" in result["imported"]


def test_a_package_whose_init_raises(rig):
    before = extract(load(rig), cache=False)
    path = rig / "rig/__init__.py"
    path.write_text(path.read_text(encoding="utf-8") + "raise RuntimeError\n", encoding="utf-8")
    after = extract(load(rig), strict=True, cache=False)
    assert after.entries == before.entries
    assert after.targets == before.targets


def test_same_bytes_whatever_the_hash_seed(tmp_path):
    code = (
        "import sys; from docgen.config import load; from docgen.extract import extract;"
        "from docgen.catalog import to_json;"
        "sys.stdout.buffer.write(to_json(extract(load(sys.argv[1]), cache=False)))"
    )
    outputs = []
    for seed in ("0", "1", "4711"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(RIGS)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            check=True,
        )
        outputs.append(done.stdout)
    assert len(outputs[0]) > 10_000
    assert outputs[0] == outputs[1] == outputs[2]


def test_nothing_of_the_machine_is_in_the_catalog(rig):
    assert str(rig) not in to_json(extract(load(rig), cache=False)).decode()


def test_unchanged_source_is_not_read_again(rig, monkeypatch):
    first = extract(load(rig))

    def refuse(*_args, **_kwargs):
        raise AssertionError("read again")

    monkeypatch.setattr(ours, "read", refuse)
    assert extract(load(rig)) == first
    path = rig / "rig/terms.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="read again"):
        extract(load(rig))
    with pytest.raises(AssertionError, match="read again"):
        extract(load(rig, api=()))


def test_only_changed_files_are_visited_again(rig, monkeypatch):
    extract(load(rig))
    visited = []
    real = api.read_module
    monkeypatch.setattr(api, "read_module", lambda root, m: visited.append(m.name) or real(root, m))
    path = rig / "rig/terms.py"
    path.write_text(path.read_text(encoding="utf-8") + 'NEW = 1\n"""New."""\n', encoding="utf-8")
    changed = extract(load(rig))
    assert visited == ["rig.terms"]
    assert changed == extract(load(rig), cache=False)
    assert [i.name for i in changed.api if i.name == "rig.terms.NEW"]


def test_a_broken_cache_is_ignored_and_old_ones_go(rig):
    first = extract(load(rig))
    cache = load(rig).cache
    for file in cache.glob("*.msgpack"):
        file.write_bytes(b"\xc1garbage")
    assert extract(load(rig)) == first
    path = rig / "rig/terms.py"
    for number in range(module.KEPT + 2):
        path.write_text(path.read_text(encoding="utf-8") + f"# {number}\n", encoding="utf-8")
        extract(load(rig))
        time.sleep(0.01)
    assert len(list(cache.glob("catalog-*.msgpack"))) == module.KEPT
    assert not list(cache.glob(".*"))


def test_a_cache_that_cannot_be_written_is_none(rig):
    blocked = rig / "blocked"
    blocked.write_text("a file", encoding="utf-8")
    found = extract(load(rig, cache=blocked / "inside"))
    assert len(found.entries) == 6
