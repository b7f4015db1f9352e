"""Values of the source in the middle of a sentence: resolved, checked, and shown by Sphinx."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from docgen import live
from docgen.cli import main
from docgen.config import load
from docgen.errors import UsageError
from docgen.extract import extract

RIGS = Path(__file__).parents[1] / "fixtures" / "rigs"
NARROW = "\N{NARROW NO-BREAK SPACE}"
UNIT = "\N{NO-BREAK SPACE}"

PAGE = """\
# Page

There are {count}`targets` targets. Runs take {value}`run.duration` each, {value}`rig run --count`
at a time; {command}`rig run --fast` and {bench:count}`entries of beta`.
"""


@pytest.fixture(scope="module")
def catalog():
    return extract(load(RIGS), cache=False)


@pytest.fixture
def rig(tmp_path: Path) -> Path:
    root = Path(shutil.copytree(RIGS, tmp_path / "t"))
    (root / "docs").mkdir()
    (root / "docs/conf.py").write_text("")
    return root


@pytest.mark.parametrize(
    ("role", "words", "text"),
    [
        ("count", "targets", "4"),
        ("count", "workloads", "1"),
        ("count", "entries  of\nbeta", "1"),
        ("value", "run.duration", f"600{NARROW}000{UNIT}ms"),
        ("value", "rig run --count", "8"),
        ("value", "echo share", "0.75"),
        ("command", "rig run --fast alpha", "rig run --fast alpha"),
        ("command", "rig sub leaf", "rig sub leaf"),
    ],
)
def test_words_that_name_something_have_a_text(catalog, role, words, text) -> None:
    assert live.resolve(role, words, catalog)[0] == text


@pytest.mark.parametrize(
    ("role", "words", "near"),
    [
        ("count", "target", "targets"),
        ("count", "entries of alfa", "entries of alpha"),
        ("value", "run.durations", "run.duration"),
        ("value", "echo shares", "echo share"),
        ("value", "rig run --cnt", "rig run --count"),
        ("value", "beta/echo/offline batch", "beta/echo/offline batch_size"),
        ("command", "rig lst", "rig list"),
        ("command", "rig run --fats", "rig run --fast"),
        ("command", "rig sub twig", "rig sub leaf"),
        ("command", "rig 'run", ""),
    ],
)
def test_words_that_name_nothing_are_refused_with_the_nearest(catalog, role, words, near) -> None:
    with pytest.raises(UsageError) as caught:
        live.resolve(role, words, catalog)
    assert repr(near) in str(caught.value) if near else "docgen export" in str(caught.value)


def test_an_entry_s_value_has_its_unit_and_place(catalog) -> None:
    text, source = live.resolve("value", "beta/echo/offline batch_size", catalog)
    assert re.match(r"\d+", text)
    assert source is not None
    assert source.path.startswith("rig/")


def test_the_check_finds_roles_that_name_nothing(rig: Path) -> None:
    page = rig / "docs/page.md"
    page.write_text(PAGE)
    result = CliRunner().invoke(main, ["check", "--root", str(rig), "--prose"])
    assert result.exit_code == 0, result.output
    page.write_text(PAGE.replace("`targets`", "`target`").replace("--fast", "--fats"))
    result = CliRunner().invoke(main, ["check", "--root", str(rig), "--prose", "--json"])
    assert result.exit_code == 1
    found = [(r["code"], r["line"], r["claimed"]) for r in json.loads(result.stdout)["prose"]]
    assert ("live", 3, "{count}`target`") in found
    assert ("live", 4, "{command}`rig run --fats`") in found


def test_commands_of_console_scripts_are_held_against_their_declarations(rig: Path) -> None:
    page = rig / "docs/page.md"
    page.write_text("# P\n\n```console\n$ rig run alpha --count 3\n$ rig list --json\n```\n")
    good = CliRunner().invoke(main, ["check", "--root", str(rig), "--prose"])
    assert good.exit_code == 0, good.output
    page.write_text("# P\n\n```console\n$ rig runn alpha\n$ rig list --jsn\n```\n")
    result = CliRunner().invoke(main, ["check", "--root", str(rig), "--prose", "--json"])
    rows = json.loads(result.stdout)["prose"]
    assert [(r["code"], r["nearest"]) for r in rows] == [("command", "rig run"), ("flag", "--json")]


@pytest.mark.site
def test_sphinx_shows_the_values_and_reads_a_page_again_when_they_change(rig: Path) -> None:
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    docs = rig / "docs"
    (docs / "index.md").write_text(
        PAGE + "\nThe {command}`ls` of Sphinx's own, {value}`nothing` here.\n"
    )

    def build():
        import io

        read: list[str] = []
        warnings = io.StringIO()
        conf = {"extensions": ["myst_parser", "docgen.sphinx"], "docgen_root": str(rig)}
        with patch_docutils(docs), docutils_namespace():
            app = Sphinx(
                docs,
                None,
                rig / "out",
                rig / "trees",
                "html",
                confoverrides=conf,
                status=None,
                warning=warnings,
            )
            app.connect("env-before-read-docs", lambda a, e, names: read.extend(names))
            app.build()
        html = re.sub(r"<[^>]*>", "", (rig / "out/index.html").read_text())
        return html, read, warnings.getvalue()

    html, _, warnings = build()
    assert "There are 4 targets" in html
    assert f"Runs take 600{NARROW}000{UNIT}ms each, 8" in html
    assert "rig run --fast and 1." in html
    assert "{value}: want words that name something" in warnings
    assert "{command}" not in warnings
    assert build()[1] == []
    module = rig / "rig/cli/__init__.py"
    changed = module.read_text().replace("default=2**3", "default=9")
    assert changed != module.read_text()
    module.write_text(changed)
    html, read, _ = build()
    assert read == ["index"]
    assert "each, 9" in html
