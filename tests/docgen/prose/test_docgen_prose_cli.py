"""`docgen check` on documents: exit codes, forms, baselines, mends, history, hooks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from docgen.catalog import Source
from docgen.cli import main
from docgen.forms import Item, to_github
from docgen.prose.rules import RULES

REPOSITORY = Path(__file__).parents[3]

LIES = """\
# Mill

Run `make sweeep`, then sort with `code/sort_sacks.py`.

```console
$ make run RUN_ARGS="--test_mode=Wrong"
$ make run \\
    RUN_ARGS="--timeout_s=3"
```

Read [the guide](tuning.md). It runs 5 benchmarks.
"""

SARIF = {
    "type": "object",
    "required": ["version", "runs", "$schema"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name", "rules"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "items": {
                                            "type": "object",
                                            "required": ["id", "shortDescription"],
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["ruleId", "ruleIndex", "level", "message", "locations"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"type": "object", "required": ["text"]},
                                "locations": {"type": "array", "minItems": 1},
                                "suppressions": {
                                    "type": "array",
                                    "items": {
                                        "properties": {"kind": {"enum": ["inSource", "external"]}},
                                        "required": ["kind"],
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
"""What SARIF 2.1.0 demands of the parts that are written, in this test's own words."""


def run(*arguments: object):
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


@pytest.fixture
def lying(mill: Path) -> Path:
    (mill / "README.md").write_text(LIES)
    return mill


def prose(result):
    return json.loads(result.stdout)["prose"]


def test_a_lie_ends_with_1_and_says_where_on_both_sides(lying: Path) -> None:
    result = run("--source", lying)
    assert result.exit_code == 1
    assert "README.md:3: error make-target: make sweeep" in result.stdout
    assert "nearest is sweep; see Makefile:" in result.stdout
    assert "a file of that name is at scripts/tools/sort_sacks.py" in result.stdout
    assert "error D600" in result.stderr


def test_a_tree_that_says_the_truth_ends_with_0(mill: Path) -> None:
    (mill / "README.md").write_text("# Mill\n\nRun `make sweep`.\n")
    result = run("--source", mill)
    assert (result.exit_code, result.stdout.splitlines()[-1][:5]) == (0, "clean")
    assert "0 errors" in result.stdout


def test_warnings_fail_only_with_strict(mill: Path) -> None:
    (mill / "README.md").write_text("# Mill\n\nIt supports 5 benchmarks.\n")
    assert run("--source", mill).exit_code == 0
    assert run("--source", mill, "--strict").exit_code == 1


def test_json_has_every_finding_and_the_numbers(lying: Path) -> None:
    result = run("--source", lying, "--json")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert data["clean"] is False
    assert data["findings"] == []
    found = {row["code"]: row for row in data["prose"]}
    assert set(found) == {"make-target", "path", "flag-value", "link"}
    assert found["make-target"]["line"] == 3
    assert found["make-target"]["nearest"] == "sweep"
    assert found["flag-value"]["line"] == 6
    assert found["link"]["fix"] == {"old": "tuning.md", "new": "docs/tuning.md"}
    assert data["summary"]["errors"] == 4
    assert data["summary"]["claims"] == data["summary"]["held"] + len(data["prose"])
    again = run("--source", lying, "--json")
    assert json.loads(again.stdout) == data, "kept verdicts are the same"


def test_only_named_documents_are_read(lying: Path) -> None:
    (lying / "other.md").write_text("# Other\n\n`make run`\n")
    result = run("--source", lying, lying / "other.md", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["summary"]["documents"] == 1


def test_docstrings_are_documents_too(mill: Path) -> None:
    weigh = mill / "scripts/weigh.py"
    weigh.write_text(weigh.read_text().replace("`make sweep`", "`make swep`"))
    row = prose(run("--source", mill, "--json"))
    assert [(r["document"], r["line"], r["code"]) for r in row] == [
        ("scripts/weigh.py", 3, "make-target")
    ]
    assert prose(run("--source", mill, "scripts/weigh.py", "--json")) == row


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.md"], "no file"),
        (["Makefile"], "a document that ends in"),
        (["--write-baseline"], "give --baseline FILE too"),
        (["--write-baseline", "--baseline", "b.json"], "give --reason TEXT too"),
        (["--reason", "x"], "--reason alone"),
        (["--baseline", "b.json"], "write one with --write-baseline"),
    ],
)
def test_misuse_ends_with_2_and_what_to_do(mill: Path, arguments, words, monkeypatch) -> None:
    monkeypatch.chdir(mill)
    result = run("--source", mill, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_sarif_has_rules_places_and_fingerprints_that_survive_edits(lying: Path) -> None:
    result = run("--source", lying, "--format", "sarif")
    assert result.exit_code == 1
    log = json.loads(result.stdout)
    jsonschema.validate(log, SARIF)
    one_run = log["runs"][0]
    rules = [rule["id"] for rule in one_run["tool"]["driver"]["rules"]]
    for item in one_run["results"]:
        assert rules[item["ruleIndex"]] == item["ruleId"]
        place = item["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "README.md"
        assert place["region"]["startLine"] >= 3
        assert item["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    prints = [item["partialFingerprints"] for item in one_run["results"]]
    (lying / "README.md").write_text(LIES.replace("# Mill\n", "# Mill\n\nA new line.\n"))
    moved = json.loads(run("--source", lying, "--format", "sarif").stdout)["runs"][0]["results"]
    assert [item["partialFingerprints"] for item in moved] == prints


def test_github_annotations_are_escaped(mill: Path) -> None:
    (mill / "README.md").write_text("# Mill\n\n```console\nmake 'sweep%a,b'\nmake swep\n```\n")
    result = run("--source", mill, "--format", "github")
    assert result.exit_code == 1
    assert result.stdout.startswith("::error file=README.md,line=5,title=make-target::make swep")
    item = Item(code="a:b", severity="info", message="50%\nx", source=Source(path="c,d", line=0))
    assert to_github([item]) == "::notice file=c%2Cd,line=1,title=a%3Ab::50%25%0Ax"


def test_a_baseline_accepts_with_a_reason_and_says_what_is_left_over(lying: Path, tmp_path) -> None:
    file = tmp_path / "accepted.json"
    wrote = run("--source", lying, "--baseline", file, "--write-baseline", "--reason", "old text")
    assert wrote.exit_code == 0
    assert "4 accepted findings" in wrote.stdout
    entries = json.loads(file.read_text())["accepted"]
    assert {e["reason"] for e in entries} == {"old text"}

    result = run("--source", lying, "--baseline", file)
    assert result.exit_code == 0
    assert "4 accepted" in result.stdout
    sarif = json.loads(run("--source", lying, "--baseline", file, "--format", "sarif").stdout)
    assert sarif["runs"][0]["results"][0]["suppressions"][0]["justification"] == "old text"

    (lying / "README.md").write_text(LIES.replace("sweeep", "sweep") + "\n`make bagg`\n")
    result = run("--source", lying, "--baseline", file)
    assert result.exit_code == 1
    assert "make bagg" in result.stdout
    assert "fits no finding any more; remove it" in result.stdout
    run("--source", lying, "--baseline", file, "--write-baseline", "--reason", "newer")
    reasons = {e["claimed"]: e["reason"] for e in json.loads(file.read_text())["accepted"]}
    assert reasons.pop("make bagg") == "newer"
    assert set(reasons.values()) == {"old text"}
    assert "make sweeep" not in reasons


def test_an_entry_without_a_reason_is_refused_with_its_place(lying: Path, tmp_path) -> None:
    file = tmp_path / "accepted.json"
    file.write_text('{"accepted": [{"document": "a", "code": "path", "claimed": "x"}, 3]}')
    result = run("--source", lying, "--baseline", file)
    assert result.exit_code == 2
    assert "accepted[0].reason" in result.stderr
    assert "accepted[1]" in result.stderr


def test_diff_shows_and_fix_makes_the_safe_edits_alone(lying: Path) -> None:
    before = (lying / "README.md").read_text()
    shown = run("--source", lying, "--diff")
    assert shown.exit_code == 0
    assert "-Run `make sweeep`, then" in shown.stdout
    assert "+Read [the guide](docs/tuning.md). It" in shown.stdout
    assert (lying / "README.md").read_text() == before

    result = run("--source", lying, "--fix")
    after = (lying / "README.md").read_text()
    assert "make sweep`" in after
    assert "[the guide](docs/tuning.md)" in after
    assert "--test_mode=Wrong" in after, "a value has no one right answer"
    assert "code/sort_sacks.py" in after, "another branch of the tree may have another file"
    assert result.exit_code == 1
    assert "mended 2 findings" in result.stderr
    assert {r["code"] for r in prose(run("--source", lying, "--json"))} == {"path", "flag-value"}


def test_an_earlier_tree_says_until_when_it_was_true(lying: Path, tmp_path) -> None:
    older = tmp_path / "v1.0/closed/mill"
    shutil.copytree(lying, older)
    make = older / "Makefile"
    make.write_text(make.read_text() + "sweeep:\n\ttrue\n")
    rows = prose(run("--source", lying, "--earlier", older, "--json"))
    since = {r["code"]: r["since"] for r in rows}
    assert since["make-target"].startswith("v1.0/closed/mill (Makefile:")
    assert since["link"] is None


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_says_which_commit_still_had_it(mill: Path) -> None:
    def git(*words):
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        names = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
        command = ["git", "-C", str(mill), *names, *words]
        subprocess.run(command, check=True, capture_output=True, env=environment)

    (mill / "README.md").write_text(
        "# Mill\n\n```console\nmake old_way\npython3 scripts/gone.py\n```\n"
    )
    make = mill / "Makefile"
    now = make.read_text()
    make.write_text(now + "old_way:\n\ttrue\n")
    (mill / "scripts/gone.py").write_text("print(1)\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    git("tag", "r1")
    make.write_text(now)
    (mill / "scripts/gone.py").unlink()
    git("commit", "-qam", "two")
    rows = prose(run("--source", mill, "--history", "--json"))
    assert {r["code"]: (r["since"] or "").split(" ")[0] for r in rows} == {
        "make-target": "r1",
        "program": "r1",
    }


def test_a_tree_in_no_dialect_is_checked_by_its_build_files(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path / "cache"))
    tree = tmp_path / "plain"
    tree.mkdir()
    (tree / "Makefile").write_text("all:\n\ttrue\nsmall:\n\ttrue\n")
    (tree / "README.rst").write_text("Plain\n=====\n\nRun ``make smal`` or ``make all``.\n")
    result = run("--source", tree)
    assert result.exit_code == 1
    assert "README.rst:4: error make-target: make smal" in result.stdout


def test_an_edit_of_another_document_changes_the_verdict_on_a_link(mill: Path) -> None:
    (mill / "README.md").write_text("# Mill\n\n[stones](docs/tuning.md#choosing-a-stone)\n")
    assert run("--source", mill).exit_code == 0
    (mill / "docs/tuning.md").write_text("# Tuning\n\n## Other stones\n")
    assert [r["code"] for r in prose(run("--source", mill, "--json"))] == ["anchor"]


def test_nothing_of_a_tree_is_run_and_nothing_is_written_into_it(lying: Path) -> None:
    (lying / "Makefile").write_text(
        (lying / "Makefile").read_text() + "X := $(shell touch canary)\n"
    )
    (lying / "code/main.py").write_text("open('canary', 'w')\n")
    before = {p: p.read_bytes() for p in lying.rglob("*") if p.is_file()}
    run("--source", lying)
    assert {p: p.read_bytes() for p in lying.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# \n\n```\n",
        "```console\n$ make 'unclosed\n$ cd ; make\n```\n",
        "`make `\n\n[](#)\n\n[x]()\n\n[x](%00)\n",
        "\0\0\0",
        "- " * 2000,
        "[" * 500 + "](a)",
        "`--" + "a" * 5000 + "`",
        "Valid benchmarks are:\n\n- \n- (x)\n",
        "```python\n@ConfigRegistry.register(\n```\n",
    ],
)
def test_odd_documents_are_read_all_the_same(mill: Path, text: str) -> None:
    (mill / "README.md").write_text(text)
    (mill / "odd.rst").write_text(text)
    assert run("--source", mill).exit_code in (0, 1)


def test_own_documents_are_checked_without_sphinx() -> None:
    code = (
        "import sys; from docgen.cli import main; main(['check', '--prose'], standalone_mode=False);"
        "sys.exit(any(m.partition('.')[0] in ('sphinx', 'docutils') for m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "clean" in done.stdout


def test_the_guide_names_every_rule() -> None:
    guide = (REPOSITORY / "docs/guides/check.md").read_text()
    assert {code for code in RULES if f"| {code} |" not in guide} == set()
    for rule in RULES.values():
        assert rule.title
        assert rule.why.endswith(".")
        assert rule.severity in ("error", "warning", "info")


def test_the_hooks_start_commands_that_work(mill: Path, monkeypatch) -> None:
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())
    entries = {hook["id"]: hook["entry"].split() for hook in hooks}
    guide = (REPOSITORY / "docs/guides/check.md").read_text()
    assert set(entries) == {"docgen-check", "docgen-check-source"}
    for name, words in entries.items():
        assert name in guide
        assert " ".join(words) in guide
        assert words[0] == "docgen"
    monkeypatch.chdir(mill)
    assert CliRunner().invoke(main, entries["docgen-check-source"][1:]).exit_code == 0
    (mill / "README.md").write_text(LIES)
    assert CliRunner().invoke(main, entries["docgen-check-source"][1:]).exit_code == 1
    monkeypatch.chdir(REPOSITORY)
    assert CliRunner().invoke(main, entries["docgen-check"][1:]).exit_code == 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_action_annotates_writes_sarif_and_fails_for_a_lie(lying: Path, tmp_path) -> None:
    action = yaml.safe_load((REPOSITORY / "action.yml").read_text())
    guide = (REPOSITORY / "docs/guides/check.md").read_text()
    assert all(f"`{name}`" in guide or f"{name}:" in guide for name in action["inputs"])
    step = next(s for s in action["runs"]["steps"] if s.get("name") == "check")
    program = tmp_path / "bin/docgen"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m docgen "$@"\n')
    program.chmod(0o755)
    given = dict.fromkeys(step["env"], "") | {"SOURCE": str(lying), "SARIF": str(tmp_path / "s")}
    environment = {**os.environ, **given, "PATH": f"{program.parent}:{os.environ['PATH']}"}

    def act():
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    done = act()
    assert done.returncode == 1, done.stderr
    assert done.stdout.count("::error ") == 4
    jsonschema.validate(json.loads((tmp_path / "s").read_text()), SARIF)
    (lying / "README.md").write_text("# Mill\n\n`make run`\n")
    assert act().returncode == 0
