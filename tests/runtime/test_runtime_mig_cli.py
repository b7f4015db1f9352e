"""`harness mig`: boards, layouts, plan."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import click
import pytest
from click.testing import CliRunner

from runtime.cli import main
from runtime.cli import mig as mig_module
from runtime.mig.boards import table


@pytest.fixture
def invoke(monkeypatch, tmp_path):
    """Return a function that runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def call(*words: str):
        try:
            runner = CliRunner(mix_stderr=False)
        except TypeError:
            runner = CliRunner()
        return runner.invoke(main, ["mig", *words], prog_name="harness")

    return call


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_help_names_every_command(invoke):
    text = invoke("--help").stdout
    assert set(mig_module.mig.commands) == {
        "boards",
        "layouts",
        "plan",
        "status",
        "apply",
        "run",
    }
    for name in mig_module.mig.commands:
        assert name in text
        shown = invoke(name, "--help")
        assert shown.exit_code == 0
        assert "Examples:" in shown.stdout
    for command in mig_module.mig.commands.values():
        options = [p for p in command.params if isinstance(p, click.Option)]
        assert all(p.help for p in options)


def test_boards_are_completed():
    found = mig_module.complete_board(None, None, "a100")
    assert [i.value for i in found] == ["A100-40GB", "A100-80GB"]


def test_help_does_not_load_the_planner():
    code = (
        "import sys, runtime.cli; print([m for m in sys.modules if 'scipy' in m or '.mig.' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_boards(invoke):
    shown = invoke("boards").stdout
    for board in table().boards:
        assert board.name in shown
    assert "inferred in part" in shown
    assert "2318" in shown
    found = json.loads(invoke("boards", "--json").stdout)["boards"]
    assert [b["name"] for b in found] == [b.name for b in table().boards]
    rows = {p["name"]: p for b in found if b["name"] == "H200-141GB" for p in b["profiles"]}
    assert rows["3g.71gb"]["inferred"] is True
    assert any("User Guide" in s for s in rows["3g.71gb"]["sources"])


def test_layouts_of_a_board(invoke):
    shown = invoke("layouts", "--board", "A100-80GB").stdout
    assert "722 layouts, 78 maximal; 77 sets of profiles, 38 maximal" in one_line(shown)
    assert "3g.40gb@4 4g.40gb@0" in shown
    assert "+me" not in shown
    media = invoke("layouts", "--board", "A100-80GB", "--media").stdout
    assert "2318 layouts" in media
    assert "1g.10gb+me" in media
    every = invoke("layouts", "--board", "A30-24GB", "--all", "--json")
    assert len(json.loads(every.stdout)["layouts"]) == 25
    some = json.loads(invoke("layouts", "--board", "0x20B710DE", "--json").stdout)
    assert len(some["layouts"]) == some["counts"]["maximal_multisets"] == 4
    inferred = invoke("layouts", "--board", "H200-141GB").stdout
    assert "inferred" in inferred
    assert ">= 65" in inferred


def test_check_of_a_valid_layout(invoke, tmp_path):
    words = ("layouts", "--board", "A100-80GB", "--check", "3g.40gb,1g.10gb*2")
    done = invoke(*words, "--svg", "out/one.svg")
    assert done.exit_code == 0
    assert "valid on A100-80GB" in done.stdout
    assert "-cgi 3g.40gb:4,1g.10gb:3,1g.10gb:2 -C" in done.stdout
    assert ET.parse(tmp_path / "out" / "one.svg").getroot().get("role") == "img"
    found = json.loads(invoke(*words, "--json").stdout)
    assert found["valid"] is True
    assert [p["profile"] for p in found["creation_order"]] == ["3g.40gb", "1g.10gb", "1g.10gb"]
    placed = invoke("layouts", "--board", "A100-80GB", "--check", "3g.40gb@0,1g.10gb@4")
    assert "3g.40gb:0,1g.10gb:4" in placed.stdout


def test_check_of_layouts_that_are_not(invoke, tmp_path):
    words = ("layouts", "--board", "A100-80GB", "--check", "3g.40gb,3g.40gb,1g.10gb")
    done = invoke(*words, "--svg", "one.svg")
    assert done.exit_code == 2
    assert "9 slots in all" in one_line(done.stderr)
    assert not (tmp_path / "one.svg").exists()
    found = invoke(*words, "--json")
    assert found.exit_code == 2
    assert json.loads(found.stdout)["valid"] is False
    assert "9 slots" in json.loads(found.stdout)["problems"][0]["got"]
    both = invoke("layouts", "--board", "A100-80GB", "--check", "3g.40gb@2,4g.40gb@0,4g.40gb*2")
    assert both.exit_code == 2
    assert "a start of 0, 4" in both.stderr
    assert "at most 1, got 3" in both.stderr
    assert invoke("layouts", "--board", "nope").exit_code == 2
    assert "--check" in invoke("layouts", "--board", "A30-24GB", "--svg", "x.svg").stderr


PLAN = (
    "plan",
    "--gpu",
    "A100-80GB*2",
    "--need",
    "bert:memory=18,count=3",
    "--need",
    "llm:memory=35",
)


def test_plan_for_people(invoke):
    done = invoke(*PLAN)
    assert done.exit_code == 0, done.stderr
    text = one_line(done.stdout)
    assert "2 of 2 GPUs in use" in text
    assert "proven best" in text
    assert "[llm" in text
    assert "1 GPU impossible: the needs take 10 memory slots at least, 1 GPU has 8" in text
    assert "first-fit-decreasing" in text
    assert re.search(r"mig -i [01] -cgi [0-9a-z.:,]*3g\.40gb:[04]", text)
    assert '"3g.40gb": 1' in text


def test_plan_for_programs(invoke, tmp_path):
    done = invoke(*PLAN, "--json", "--mig-parted", "config.yaml", "--svg", "drawn")
    found = json.loads(done.stdout)
    assert found["proven"] is True
    assert (
        found["score"]
        == found["bound"]
        == {
            "gpus": 2,
            "stranded_gpus": pytest.approx(4 / 7, abs=1e-6),
            "destroyed": 0,
        }
    )
    served = [i["workload"] for g in found["gpus"] for i in g["instances"]]
    assert sorted(served) == ["bert", "bert", "bert", "llm"]
    assert found["commands"]
    assert (tmp_path / "config.yaml").read_text() == found["mig_parted"]
    assert sorted(p.name for p in (tmp_path / "drawn").iterdir()) == ["gpu-0.svg", "gpu-1.svg"]


def test_plan_from_a_file_with_instances(invoke, tmp_path):
    (tmp_path / "plan.toml").write_text(
        'current = ["0:3g.40gb@4#2=llm", "0:1g.10gb@6"]\n'
        '[[gpu]]\nboard = "A100-80GB"\n[[need]]\nname = "llm"\nmemory = 35\n'
    )
    done = invoke("plan", "--file", "plan.toml")
    assert done.exit_code == 2
    assert "both on slot 6" in done.stderr
    (tmp_path / "plan.toml").write_text(
        'current = ["0:3g.40gb@4#2=llm"]\n'
        '[[gpu]]\nboard = "A100-80GB"\n[[need]]\nname = "llm"\nmemory = 35\nsms = 40\n'
    )
    text = one_line(invoke("plan", "--file", "plan.toml", "--careful").stdout)
    assert "used as it is" in text
    assert "# nothing to change" in text


def test_plan_that_does_not_fit(invoke):
    done = invoke("plan", "--gpu", "A100-80GB", "--need", "a:memory=35,count=3")
    assert done.exit_code == 3
    assert "give 1 more A100-80GB" in one_line(done.stderr)
    nothing = invoke("plan")
    assert nothing.exit_code == 2
    assert "--need" in nothing.stderr
    assert "--gpu" in nothing.stderr
    unknown = invoke("plan", "--gpu", "H200-141GB", "--need", "a:profile=3g.40gb")
    assert unknown.exit_code == 2
    assert "no such profile" in unknown.stderr


def test_inferred_rows_say_so_in_a_plan(invoke):
    text = invoke("plan", "--gpu", "H200-141GB", "--need", "a:memory=60").stdout
    assert "not seen in print" in text
    assert ">= 65" in text
