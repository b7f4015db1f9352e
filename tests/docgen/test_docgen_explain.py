"""Explaining a value in the terminal, and the two commands that read the Catalog."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from rich.console import Console

from docgen import catalog as c
from docgen import explain as e
from docgen.cli import main
from docgen.config import load
from docgen.errors import UsageError
from docgen.extract import extract

RIGS = Path(__file__).parent / "fixtures" / "rigs"


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    root = tmp_path_factory.mktemp("explain") / "t"
    shutil.copytree(RIGS, root)
    return root


@pytest.fixture(scope="module")
def catalog(rig):
    return extract(load(rig), cache=False)


def run(*args: str):
    return CliRunner().invoke(main, list(args))


def printed(catalog, key, field) -> str:
    stream = io.StringIO()
    e.print_one(e.explain(catalog, key, field), Console(file=stream, width=100, highlight=False))
    return stream.getvalue()


def test_chain_in_words(catalog):
    text = printed(catalog, "alpha-x8/echo/offline", "target_qps")
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[0] == "target_qps of alpha-x8/echo/offline = 8000 samples/s"
    assert lines[1] == "Expected rate."
    order = ["_base.BASE_OFFLINE", "alpha.ALPHA_OFFLINE", "alpha.ALPHA_X8_OFFLINE"]
    positions = [text.index(name) for name in order]
    assert positions == sorted(positions)
    assert "   at rig/targets/_base.py:11:34" in lines
    assert "   source: not measured: a guess." in lines
    assert "   why: eight times one." in lines
    assert "3. 8000 samples/s   ALPHA_OFFLINE.target_qps * SCALE   holds" in lines
    assert "   alpha/echo/offline = 1000 samples/s" in lines


def test_others_are_of_the_same_workload_and_scenario(catalog):
    found = e.explain(catalog, "alpha/echo/offline", "layout")
    assert [(o.key, o.resolved) for o in found.others] == [("beta/echo/offline", "nhwc")]
    assert found.spec.owner == "Settings"
    assert e.explain(catalog, "alpha/echo/server", "target_qps").spec.owner == "Server"


def test_unknown_words_get_a_suggestion(catalog):
    with pytest.raises(UsageError, match="did you mean 'alpha/echo/server'"):
        e.explain(catalog, "alpha/echo/sever", "layout")
    with pytest.raises(
        UsageError, match="add one of its entries: alpha/echo/offline, alpha/echo/s"
    ):
        e.explain(catalog, "alpha", "layout")
    with pytest.raises(UsageError, match="did you mean 'batch_size'"):
        e.explain(catalog, "alpha/echo/server", "batchsize")
    with pytest.raises(UsageError, match="use one of: beta/echo/offline, "):
        e.find_entry(catalog, "zzz")


def test_command_explain(rig):
    one = run("explain", "alpha/echo/offline", "batch_size", "--root", str(rig))
    assert one.exit_code == 0, one.output
    assert "= 32 samples" in one.output
    table = run("explain", "alpha/echo/offline", "--root", str(rig))
    assert table.exit_code == 0
    for name in ("batch_size", "precision", "tags", "layout", "target_qps"):
        assert name in table.output
    as_json = json.loads(
        run("explain", "alpha/echo/offline", "batch_size", "--json", "--root", str(rig)).output
    )
    assert as_json["value"]["resolved"] == 32
    assert len(as_json["value"]["chain"]) == 2
    whole = json.loads(run("explain", "alpha/echo/offline", "--json", "--root", str(rig)).output)
    assert next(item["field"] for item in whole) == "batch_size"
    wrong = run("explain", "alpha/echo/ofline", "--root", str(rig))
    assert wrong.exit_code == UsageError.exit_code
    assert "did you mean 'alpha/echo/offline'" in wrong.output


def test_command_export(rig, tmp_path):
    out = tmp_path / "catalog.json"
    done = run("export", "--root", str(rig), "--output", str(out))
    assert done.exit_code == 0, done.output
    assert c.from_json(out.read_bytes()).entries[0].key == "beta/echo/offline"
    assert run("export", "--root", str(rig)).output == out.read_text(encoding="utf-8")
    schema = json.loads(run("export", "--schema").output)
    jsonschema.validate(json.loads(out.read_bytes()), schema)


def test_export_of_a_broken_tree_names_every_place(tmp_path):
    root = tmp_path / "t"
    shutil.copytree(RIGS, root)
    path = root / "rig/targets/beta.py"
    text = path.read_text(encoding="utf-8").replace("5.0", "float('5'), bach_size=3")
    path.write_text(text, encoding="utf-8")
    done = run("export", "--root", str(root))
    assert done.exit_code == 3
    assert "rig/targets/beta.py:7:34: want a static value, got a call of float()" in done.output
    assert "did you mean 'batch_size'?" in done.output
    lenient = run("export", "--root", str(root), "--lenient", "--output", str(tmp_path / "c.json"))
    assert lenient.exit_code == 0
    kept = c.from_json((tmp_path / "c.json").read_bytes())
    assert {d.code for d in kept.diagnostics if d.severity == "error"} == {
        "unresolved",
        "unknown-field",
    }
    gone = run("explain", "beta/echo/offline", "target_qps", "--root", str(root))
    assert gone.exit_code == 2
    assert "got a call of float()" in gone.output


def test_export_to_a_place_that_refuses(rig, tmp_path):
    done = run("export", "--root", str(rig), "--output", str(tmp_path / "no" / "where.json"))
    assert done.exit_code == 6
    assert "want a place to write to" in done.output
