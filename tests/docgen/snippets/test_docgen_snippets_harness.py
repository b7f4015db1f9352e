"""The real harness, driven by the real LoadGen: what its figures depend on."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from docgen.config import load
from docgen.evidence import State, judge
from docgen.snippets.run import run
from docgen.snippets.store import Store

ROOT = Path(__file__).parents[3]
COMMAND = (
    "python -m runtime run --target cpu --workload digits --scenario single-stream --quick "
    "--set min_duration_ms=200 --set min_query_count=64"
)


@pytest.fixture(scope="module")
def harness(tmp_path_factory):
    root = tmp_path_factory.mktemp("harness")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "runtime", root / "runtime", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", root)
    for folder in ("docs", "templates", "docgen"):
        (root / folder).mkdir()
    return load(root)


def test_figures_depend_on_what_loadgen_called(harness, snippet, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(harness.root))
    wanted = snippet(
        COMMAND,
        measures="cpu/digits/single-stream",
        values="v1",
        configs=("runtime/targets/",),
        expect=("latency_p90_ms > 0",),
    )
    result = run([wanted], harness)[0]
    assert result.status == "passed", result
    assert result.records[0]["key"] == "cpu/digits/single-stream"
    code = result.depends.code
    called = {f"{path}:{name}" for path, table in code.items() for name in table}
    assert {"runtime/loadgen/child.py:<module>", "runtime/loadgen/sut.py:<module>"} <= called
    assert any(c.startswith("runtime/loadgen/sut.py:") and "<" not in c for c in called)
    assert any(c.startswith("runtime/backends/onnxruntime.py:") and "<" not in c for c in called)
    assert not any(
        path.startswith("runtime/targets/") and "<module>" in t for path, t in code.items()
    )
    assert {"numpy", "onnxruntime", "mlcommons-loadgen"} <= set(result.environment)

    name = next(n for n in code["runtime/loadgen/sut.py"] if n != "<module>")
    source = harness.root / "runtime/loadgen/sut.py"
    text = source.read_text("utf-8")
    source.write_text(text + "\n# A remark.\n", "utf-8")
    assert state(wanted, harness) == (State.MEASURED, ())
    function = name.rpartition(".")[2]
    source.write_text(insert_statement(text, function), "utf-8")
    assert state(wanted, harness) == (State.STALE, (f"runtime/loadgen/sut.py: {name} changed",))


def state(wanted, config):
    judged = judge([wanted], Store(config.store), config).judged[0]
    return judged.state, judged.changes


def insert_statement(text, function):
    tree = ast.parse(text)
    node = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == function)
    last = node.body[-1]
    lines = text.split("\n")
    lines.insert(last.lineno - 1, " " * last.col_offset + "int(0)")
    return "\n".join(lines)
