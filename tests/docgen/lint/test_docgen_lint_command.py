"""`docgen lint` on trees on disk: source rules, suppressions, forms, exit codes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from docgen.cli import main
from docgen.errors import UsageError
from docgen.lint import run as lint_run
from docgen.trees import load_source

HERE = Path(__file__).resolve().parents[1]
ROOT = HERE.parents[1]

CONFIGS = """
from configs.configuration import *
from configs.flour import GPUBaseConfig


class OfflineGPUBaseConfig(GPUBaseConfig):
    scenario = Scenario.Offline
    gpu_batch_size = {"flour": 128, "bran": 6}


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class G9_80GBx1(OfflineGPUBaseConfig):
    system = KnownSystem.G9_80GBx1
    offline_expected_qps = 1000


@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxP)
class G9_80GBx8(G9_80GBx1):
    system = KnownSystem.G9_80GBx8
    offline_expected_qps = 8000
"""

PLANTED = """

@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxQ)
class G9_80GBx8(G9_80GBx8):
    power_limit = 300
    offline_expected_qps = 640{tail}


class Unused(G9_80GBx1):
    options = {{"a": 1, "b": 2, "a": 3}}


for _board in (1, 2):
    @ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxQ)
    class G9_141GBx1_MaxQ(OfflineGPUBaseConfig):
        system = KnownSystem.G9_141GBx1
        power_limit = 300
    break
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def mill(tmp_path):
    """Return a tree without findings."""
    tree = Path(shutil.copytree(HERE / "fixtures_registry" / "mill", tmp_path / "mill"))
    shutil.rmtree(tree / "configs")
    shutil.copytree(
        HERE / "fixtures_registry" / "mill" / "configs",
        tree / "configs",
        ignore=shutil.ignore_patterns("Server", "3d-oats", "rye", "custom.py"),
    )
    write(tree, CONFIGS)
    return tree


def write(tree, text):
    (tree / "configs/flour/Offline/__init__.py").write_text(text.lstrip(), "utf-8")


def plant(tree, tail=""):
    write(tree, CONFIGS + PLANTED.format(tail=tail))


def run(*arguments):
    return CliRunner().invoke(main, ["lint", *map(str, arguments)])


def found(tree, *arguments):
    """Return (rule, severity, line) of every open finding but notes."""
    report = lint_run(load_source(tree))
    return [(f.code, f.severity, f.source.line) for f in report.findings if f.severity != "info"]


def line_of(tree, text):
    lines = (tree / "configs/flour/Offline/__init__.py").read_text().splitlines()
    return next(n for n, line in enumerate(lines, 1) if text in line)


def test_a_tree_without_findings(mill):
    done = run("--source", mill)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("2 configurations: 0 errors, 0 warnings, ")


def test_every_planted_oddity_is_found_where_it_stands(mill):
    plant(mill)
    assert found(mill) == [
        ("rate-power", "error", line_of(mill, "= 640")),
        ("repeated-key", "error", line_of(mill, '"a": 1')),
        ("dead-class", "warning", line_of(mill, "class Unused")),
        ("redefined-class", "warning", line_of(mill, "class G9_80GBx8(G9_80GBx8)")),
    ]
    done = run("--source", mill)
    assert done.exit_code == 1
    assert "offline_expected_qps = 640, 0.08 of it; a lost zero?" in done.stdout
    assert "error D600: lint: want configurations without findings" in done.stderr
    assert run("--source", mill, "--fail-on", "never").exit_code == 0


def test_names_that_lack_what_the_others_have(mill):
    more = [CONFIGS]
    for count in (1, 2, 4):
        for power, mark in (("MaxP", ""), ("MaxQ", "_MaxQ"))[count == 1 :]:
            more.append(
                f"\n@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.{power})\n"
                f"class G9_80GBx{count}{mark}(OfflineGPUBaseConfig):\n"
                f"    system = KnownSystem.G9_80GBx{count}\n"
                + ("    power_limit = 300\n" if mark else "    ratio = 1.0\n")
            )
    write(mill, "".join(more))
    assert found(mill) == []
    odd = (
        "\n@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxQ)\n"
        "class Eight(G9_80GBx8):\n    power_limit = 300\n    offline_expected_qps = 6400\n"
        "\n@ConfigRegistry.register(HarnessType.Custom, AccuracyTarget.k_99, PowerSetting.MaxQ)\n"
        "class Big_MaxQ(OfflineGPUBaseConfig):\n    system = KnownSystem.G9_141GBx1\n    power_limit = 300\n"
    )
    write(mill, "".join([*more, odd]))
    ((code, severity, line),) = found(mill)
    assert (code, severity) == ("name-mismatch", "warning")
    assert line == line_of(mill, "class Eight")


@pytest.mark.parametrize(
    ("tail", "left"),
    [
        ("  # docgen: ignore[rate-power] measured at 300 W", []),
        ("  # docgen: ignore[*] measured at 300 W", []),
        ("  # docgen: ignore[rate-power]", ["rate-power", "suppression"]),
        ("  # docgen: ignore[rate-powr] measured", ["rate-power", "suppression"]),
        ("  # docgen: ignore[rate-count] measured", ["rate-power", "suppression"]),
    ],
)
def test_a_comment_accepts_a_finding_with_a_reason(mill, tail, left):
    write(mill, CONFIGS + PLANTED.format(tail=tail).partition("\n\nclass Unused")[0] + "\n")
    report = lint_run(load_source(mill))
    codes = sorted(
        f.code for f in report.findings if f.code not in {"redefined-class", "unset-field"}
    )
    assert codes == left
    if not left:
        (accepted,) = report.accepted
        assert (accepted.code, accepted.reason) == ("rate-power", "measured at 300 W")


def test_comments_on_the_line_above_and_for_a_whole_file(mill):
    plant(mill)
    path = mill / "configs/flour/Offline/__init__.py"
    text = path.read_text()
    above = text.replace(
        "    offline_expected_qps = 640",
        "    # docgen: ignore[rate-power] cold room\n    offline_expected_qps = 640",
    )
    path.write_text(
        "# docgen: ignore-file[dead-class, redefined-class] kept for old scripts\n" + above
    )
    assert [code for code, _, _ in found(mill)] == ["repeated-key"]


def test_a_file_of_decisions(mill, tmp_path):
    plant(mill)
    file = tmp_path / "ignore.toml"
    file.write_text(
        '[[ignore]]\nrule = "rate-power"\nwhere = "configs/flour/*"\nreason = "cold room"\n'
        '[[ignore]]\nrule = "*"\nwhere = "configs/none.py"\nreason = "gone"\n'
    )
    done = run("--source", mill, "--ignore-file", file, "--json")
    report = json.loads(done.stdout)
    assert [(f["code"], f["reason"]) for f in report["accepted"]] == [("rate-power", "cold room")]
    idle = [f for f in report["findings"] if f["code"] == "suppression"]
    assert len(idle) == 1
    assert "got none; remove the decision" in idle[0]["message"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[ignore]]\nrule = "rate-power"\nwhere = "*"\n', "reason: want a text"),
        (
            '[[ignore]]\nrule = "rate-pover"\nwhere = "*"\nreason = "x"\n',
            "did you mean 'rate-power'?",
        ),
        (
            '[[ignore]]\nrule = "*"\nwhere = "*"\nreason = "x"\nwhy = "x"\n',
            "want one of rule, where, reason",
        ),
        ("ignore = 3\n", "want [[ignore]] tables"),
        ("ignored = []\n", "want a known key"),
        ("[[ignore\n", "want a readable TOML file"),
    ],
)
def test_a_wrong_file_of_decisions_says_what_is_wrong(mill, tmp_path, text, words):
    file = tmp_path / "ignore.toml"
    file.write_text(text)
    done = run("--source", mill, "--ignore-file", file)
    assert done.exit_code == UsageError.exit_code
    assert words in done.stderr


def test_forms_for_tools(mill):
    plant(mill)
    sarif = json.loads(run("--source", mill, "--format", "sarif").stdout)
    result = sarif["runs"][0]["results"][0]
    assert (result["ruleId"], result["level"]) == ("rate-power", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "configs/flour/Offline/__init__.py"
    assert place["region"]["startLine"] == line_of(mill, "= 640")
    assert result["relatedLocations"][0]["message"]["text"].startswith(
        "offline_expected_qps = 8000"
    )
    names = {rule["id"] for rule in sarif["runs"][0]["tool"]["driver"]["rules"]}
    assert {r["ruleId"] for r in sarif["runs"][0]["results"]} <= names
    lines = run("--source", mill, "--format", "github").stdout.splitlines()
    assert lines[0].startswith(
        f"::error file=configs/flour/Offline/__init__.py,line={line_of(mill, '= 640')},title=rate-power::want"
    )
    report = json.loads(run("--source", mill, "--json").stdout)
    assert (report["schema"], report["configurations"]) == (1, 4)
    assert report["findings"][0]["code"] == "rate-power"


def test_one_rule_alone(mill):
    plant(mill)
    report = json.loads(run("--source", mill, "--json", "--rule", "dead-class").stdout)
    assert {f["code"] for f in report["findings"]} == {"dead-class"}
    wrong = run("--source", mill, "--rule", "dead-clas")
    assert wrong.exit_code == 2
    assert "did you mean 'dead-class'?" in wrong.stderr


def test_rules_are_explained_without_a_tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = run("--explain", "rate-power").stdout
    assert "Reason: MaxQ runs the same system for efficiency" in told
    assert "Example:" in told
    listed = run("--rules").stdout
    assert "repeated-key" in listed
    assert len(listed.splitlines()) == 23
    assert run("--explain", "all").stdout.count("Reason: ") == 23
    assert run("--explain", "nothing").exit_code == 2


def test_a_stated_reason_accepts_a_rate_of_our_own_and_nothing_is_left():
    """The project's own configurations: some rates are justified by their `Why:` sections."""
    done = CliRunner().invoke(main, ["lint", "--root", str(ROOT), "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert [f for f in report["findings"] if f["severity"] != "info"] == []
    accepted = {f["code"]: f["reason"] for f in report["accepted"]}
    assert set(accepted) == {"rate-count", "rate-harness"}
    assert "LoadGen's Python binding" in accepted["rate-count"]


def test_command_lines_of_the_guide_for_continuous_integration():
    """What the guide gives for GitHub Actions and pre-commit runs as written, and passes here."""
    text = (ROOT / "docs" / "guides" / "lint.md").read_text("utf-8")
    lines = re.findall(r"(?:run|entry): docgen (lint.*)", text)
    assert len(lines) == 2
    for line in lines:
        done = CliRunner().invoke(main, [*line.split(), "--root", str(ROOT)])
        assert done.exit_code == 0, done.output


def test_an_inherited_rate_says_so(mill):
    write(
        mill,
        CONFIGS.replace("    offline_expected_qps = 8000\n", "") + "    ratio = 1.0\n",
    )
    report = lint_run(load_source(mill))
    (finding,) = [f for f in report.findings if f.code == "rate-count"]
    assert (
        "got offline_expected_qps = 1000 (inherited from G9_80GBx1), 0.12 of that"
        in finding.message
    )
    assert finding.keys[0].startswith("FLOUR/Offline/G9_80GBx8/")
