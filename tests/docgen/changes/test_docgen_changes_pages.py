"""`docgen build --since`: pages of what changed, and none without it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from docgen.cli import main

HERE = Path(__file__).resolve().parents[1]
FLOUR = "configs/flour/Offline/__init__.py"


@pytest.fixture
def trees(tmp_path, monkeypatch):
    """Return an older and a newer mill: one rate differs, one system has lost its work."""
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path / "cache"))
    old, new = (
        Path(
            shutil.copytree(
                HERE / "fixtures_registry" / "mill", tmp_path / name / "closed" / "mill"
            )
        )
        for name in ("round1", "round2")
    )
    file = new / FLOUR
    text = file.read_text().replace("offline_expected_qps = 9400", "offline_expected_qps = 9600")
    file.write_text(text.replace("KnownSystem.Tiny", "KnownSystem.G9_80GBx4"))
    return old, new


def build(new, output, *more):
    done = CliRunner().invoke(
        main,
        [
            "build",
            "--source",
            str(new),
            "--output",
            str(output),
            "--no-site",
            "--json",
            *map(str, more),
        ],
    )
    assert done.exit_code in {0, 3}, done.output
    report = json.loads(done.stdout)
    pages = Path(report["store"]).parent / "pages"
    return {p.relative_to(pages).as_posix(): p.read_text() for p in pages.rglob("*.md")}


def test_pages_since_an_older_tree(trees, tmp_path):
    old, new = trees
    pages = build(new, tmp_path / "site", "--since", old)
    changed = {p for p in pages if p.endswith("changes.md")}
    names = ("G9_80GBx1", "G9_80GBx4", "G9_80GBx8", "Tiny")
    assert changed == {"reference/changes.md", *(f"targets/{n}/changes.md" for n in names)}
    page = pages["targets/G9_80GBx1/changes.md"]
    assert "Since round1/closed/mill. 2 of 2 configurations changed" in page
    assert "9400" in page
    assert "9600" in page
    assert f"<{FLOUR}:" in page
    assert "What changed <changes>" in pages["targets/G9_80GBx1/index.md"]
    assert "What changed <changes>" not in pages["targets/G9_141GBx1/index.md"]
    assert "\nchanges\n" in pages["reference/index.md"]
    assert not [p for p, text in pages.items() if str(tmp_path) in text]


def test_no_pages_without_an_older_tree(trees, tmp_path):
    old, new = trees
    del old
    pages = build(new, tmp_path / "site")
    assert not [p for p in pages if p.endswith("changes.md")]
    assert not [p for p, text in pages.items() if "What changed" in text]


def test_a_tree_that_is_not_there(trees, tmp_path):
    _, new = trees
    done = CliRunner().invoke(
        main,
        [
            "build",
            "--source",
            str(new),
            "--output",
            str(tmp_path / "site"),
            "--no-site",
            "--since",
            "gone",
        ],
    )
    assert done.exit_code == 2
    assert "--since gone: want a folder, PATH@REV or an exported Catalog" in done.stderr


@pytest.mark.slow
@pytest.mark.site
def test_the_site_has_no_warnings(trees, tmp_path):
    old, new = trees
    done = CliRunner().invoke(
        main,
        [
            "build",
            "--source",
            str(new),
            "--output",
            str(tmp_path / "site"),
            "--since",
            str(old),
            "--json",
        ],
    )
    report = json.loads(done.stdout)
    assert report["warnings"] == []
    assert (tmp_path / "site/targets/G9_80GBx1/changes.html").is_file()
