"""The docgen command: exit codes, messages, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from docgen import errors
from docgen.cli import main
from docgen.cli.build import read_jobs
from docgen.cli.group import DocgenGroup
from docgen.errors import Problem, UsageError

COMMANDS = ("build", "check", "completion", "diff", "explain", "export", "lint", "serve", "test")


def run(*args: str):
    return CliRunner().invoke(main, list(args))


def test_every_command_has_help_with_a_sentence() -> None:
    assert set(main.commands) == set(COMMANDS)
    for name in COMMANDS:
        result = run(name, "--help")
        assert result.exit_code == 0
        assert main.commands[name].help.strip().splitlines()[0].endswith((".", ":", ",", "="))
        for option in main.commands[name].params:
            if isinstance(option, click.Option):
                assert option.help, (name, option.name)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0
    assert "_DOCGEN_COMPLETE" in result.output


def test_unknown_words_are_usage_errors(tmp_path: Path) -> None:
    assert run("biuld").exit_code == 2
    assert run("build", "--no-rnu").exit_code == 2
    result = run("build", "--root", str(tmp_path / "gone"))
    assert result.exit_code == 2
    assert "error D100: " in result.stderr
    assert "want the folder of a source tree" in result.stderr


@pytest.mark.parametrize(
    "error",
    [
        errors.UsageError,
        errors.SourceError,
        errors.TemplateError,
        errors.SnippetError,
        errors.OutputError,
        errors.DriftError,
        errors.SiteError,
    ],
)
def test_each_error_has_its_exit_code_and_shows_every_problem(error) -> None:
    @click.group(cls=DocgenGroup)
    @click.option("--traceback", is_flag=True)
    def group(traceback: bool) -> None:
        pass

    @group.command()
    def fail() -> None:
        raise error([Problem("a", "b", "c", "d"), Problem("e", "f", "g", "h")])

    result = CliRunner().invoke(group, ["fail"])
    assert result.exit_code == error.exit_code != 0
    assert f"error {error.code}, 2 problems: a: want b, got c; d" in result.stderr
    assert "e: want f, got g; h" in result.stderr
    assert isinstance(CliRunner().invoke(group, ["--traceback", "fail"]).exception, error)


def test_exit_codes_are_told_apart() -> None:
    classes = errors.DocgenError.__subclasses__()
    assert len({c.exit_code for c in classes}) == len({c.code for c in classes}) == len(classes)


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (ZeroDivisionError("oops"), 70, "unexpected error: ZeroDivisionError: oops"),
        (ModuleNotFoundError("x", name="sphinx.application"), 2, "want the package sphinx, got"),
        (KeyboardInterrupt(), 130, "results that were finished are kept"),
    ],
)
def test_what_nobody_foresaw_ends_in_two_lines(monkeypatch, raised, code, words) -> None:
    def fail(*_) -> None:
        raise raised

    monkeypatch.setattr("docgen.cli.check.load_config", fail)
    result = run("check")
    assert result.exit_code == code
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) <= 2


def test_traceback_flag_shows_where(monkeypatch) -> None:
    def fail(*_) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("docgen.cli.check.load_config", fail)
    assert isinstance(run("--traceback", "check").exception, ZeroDivisionError)


def test_jobs() -> None:
    assert 1 <= read_jobs("auto") <= 2
    assert read_jobs("3") == 3
    for wrong in ("0", "-1", "x", "1.5"):
        with pytest.raises(UsageError, match="--jobs: want auto or a whole number from 1"):
            read_jobs(wrong)


@pytest.mark.site
def test_build_report_as_json_and_as_text(tree: Path) -> None:
    page = "---\norphan: true\n---\n# T\n\n```{snippet} try-it\nexit 4\n```\n"
    (tree / "docs/try.md").write_text(page)
    result = run("build", "--root", str(tree), "--json", "--jobs", "1")
    assert result.exit_code == 5
    report = json.loads(result.stdout)
    assert report["executed"] == ["try-it"]
    assert report["failed"][0]["snippet"] == "try-it"
    assert Path(report["site"]).is_file()
    assert set(report["seconds"]) == {"extract", "run", "render", "site"}
    assert "error D400: try-it: want a snippet that passes" in result.stderr

    result = run("build", "--root", str(tree), "--no-run", "--no-site")
    assert result.exit_code == 5, "a failure that is kept stays a failure"
    assert "snippets   1 failed; 0 executed now" in result.stdout


@pytest.mark.site
def test_check_ends_with_1_and_every_reason_or_0(tree: Path) -> None:
    result = run("check", "--root", str(tree))
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (
        0,
        "clean: everything that was checked agrees with the source",
    )
    (tree / "docs/compare.md").unlink()
    (tree / "docs/health.md").write_text("x\n")
    result = run("check", "--root", str(tree))
    assert result.exit_code == 1
    assert "page compare.md: missing" in result.stdout
    assert "page health.md: out of date" in result.stdout
    assert "-x" in result.stdout
    assert "error D600: " in result.stderr
    result = run("check", "--root", str(tree), "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["clean"] is False
    assert {f["where"] for f in found["findings"] if f["fails"]} == {"compare.md", "health.md"}


@pytest.mark.site
def test_tests_run_in_pytest_with_further_arguments(tree: Path) -> None:
    page = "# T\n\n```{snippet} try-good\ntrue\n```\n\n```{snippet} try-bad\nfalse\n```\n"
    (tree / "docs/try.md").write_text(page)
    junit = tree / "junit.xml"
    args = ("test", "--root", str(tree), "--only", "try", "--", f"--junitxml={junit}")
    assert run(*args).exit_code == 1
    text = junit.read_text()
    assert 'tests="2"' in text
    assert 'failures="1"' in text
    assert run("test", "--root", str(tree), "--only", "good").exit_code == 0
