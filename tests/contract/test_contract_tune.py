"""The entry that `harness tune` writes: the registry loads it, docgen reads the same values."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from runtime.configs.registry import load
from runtime.environment import read_code, read_machine
from runtime.plan import values_of
from runtime.tuning.entry import write_entry
from runtime.tuning.model import Trial, Tuning

ASK = """
import json
from runtime.configs.registry import load
from runtime.plan import values_of
entry = load().entry({key!r})
print(json.dumps(values_of(entry.settings)))
"""


def tuning_of(key, changes, **values):
    entry = load().entry(key)
    trial = Trial(number=1, key="k", purpose="confirm", changes=changes, verdict="VALID", value=9.0)
    defaults = {
        "scenario": str(entry.scenario),
        "metric": "queries_per_s",
        "unit": "queries/s",
        "better": "higher",
        "status": "confirmed",
        "reason": "",
        "value": 2310.0,
        "own": values_of(entry.settings),
        "confirmations": 3,
        "wanted": 3,
        "failed_at": 2430.0,
        "bound_ms": 10.0,
        "percentile": 99.0,
        "full": False,
        "created": "2026-01-02T03:04:05+00:00",
        "seconds": 60.0,
        "trials": (trial,),
        "machine": read_machine(),
        "packages": {},
        "code": read_code(),
        "model": "0" * 64,
        "notes": ("a note: with a colon",),
    }
    return Tuning(key=key, changes=changes, **{**defaults, **values}), entry


def paste(source, file):
    """Put the source into a target's file the way its comments say."""
    text = file.read_text("utf-8")
    constant = re.search(r"Put it below (\w+);", source)[1]
    code, _, last = source.partition("# In ENTRIES, instead of the entry's own line:\n")
    code = "\n".join(line for line in code.splitlines() if not line.startswith("# "))
    line = "\n".join(part.removeprefix("# ") for part in last.splitlines() if part)
    if "from dataclasses import replace" not in text:
        text = text.replace(
            "from runtime.configs", "from dataclasses import replace\n\nfrom runtime.configs", 1
        )
    head, mark, tail = text.partition("TARGETS = (")
    text = f"{head}{code.strip()}\n\n{mark}{tail}"
    old = re.search(rf"^ +Entry\([^\n]*settings={constant}[^\n]*\),$", text, re.MULTILINE)
    assert old, constant
    file.write_text(text.replace(old[0], line), "utf-8")


@pytest.fixture(scope="module")
def tree(tmp_path_factory, copy_packages):
    return copy_packages(tmp_path_factory.mktemp("tuned") / "tree")


def call(tree, *words):
    env = {**os.environ, "PYTHONPATH": str(tree), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, *words], cwd=tree, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("key", "file", "changes"),
    [
        (
            "cpu/digits/server",
            "cpu.py",
            {"target_qps": 2310.0, "batch_size": 64, "lanes": 2, "max_queue_delay_us": 500},
        ),
        ("h200-sxm-141gb/resnet50/offline", "h200_sxm_141gb.py", {"batch_size": 1024}),
    ],
)
def test_the_entry_can_be_pasted(tree, key, file, changes):
    tuning, entry = tuning_of(key, changes)
    source = write_entry(tuning, entry, "Title")
    assert max(map(len, source.splitlines())) <= 100
    said = " ".join(source.split())
    assert "unverified. A note: with a colon. Result not verified by MLCommons Association" in said
    compile(source, "entry.py", "exec")
    paste(source, tree / "runtime" / "targets" / file)
    values = json.loads(call(tree, "-c", ASK.format(key=key)))
    assert {name: values[name] for name in changes} == changes
    name, value = next(iter(changes.items()))
    told = call(tree, "-m", "docgen", "explain", key, name)
    assert f"{value:g}" in told.replace(",", "").replace("\u2009", ""), told
    assert "harness tune on 2026-01-02" in told, told


def test_an_entry_without_a_constant_is_written_whole(monkeypatch):
    monkeypatch.setattr("runtime.tuning.entry.find_constant", lambda _: ("", ""))
    changes = {"target_qps": 2310.0, "batch_size": 64, "lanes": 2}
    tuning, entry = tuning_of("cpu/digits/server", changes)
    source = write_entry(tuning, entry, "Title")
    said = " ".join(source.split())
    assert "replace( Server(batch_size=32, target_qps=1_000.0, target_latency_ms=10.0)," in said
    compile(source, "entry.py", "exec")
