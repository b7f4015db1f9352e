"""Drift between source, pages and evidence is found, all of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from docgen.check import LONGEST_DIFF, check, shorten
from docgen.config import load

pytestmark = pytest.mark.site


def failing(root: Path) -> dict[str, str]:
    return {f.where: f.text for f in check(load(root)) if f.fails}


def test_fresh_build_is_clean(pristine: Path) -> None:
    assert failing(pristine) == {}


def test_every_kind_of_drift_is_listed_and_nothing_is_written(tree: Path) -> None:
    docs = tree / "docs"
    (docs / "compare.md").write_text((docs / "compare.md").read_text() + "by hand\n")
    (docs / "health.md").unlink()
    (docs / "try.md").write_text("# T\n\n```{snippet} try-it\ntouch canary\n```\n")
    before = {p: p.read_bytes() for p in tree.rglob("*") if p.is_file()}

    findings = {f.where: f for f in check(load(tree)) if f.fails}

    assert findings["compare.md"].text == "out of date; run `docgen build`"
    assert "-by hand" in findings["compare.md"].diff
    assert findings["health.md"].text.startswith("missing")
    assert findings["try-it"].kind == "evidence"
    assert findings["try-it"].text == "never run; run `docgen build`"
    after = {p: p.read_bytes() for p in tree.rglob("*") if p.is_file() and "build" not in p.parts}
    assert after == {p: data for p, data in before.items() if "build" not in p.parts}
    assert not list(tree.rglob("canary"))


def test_edited_source_shows_as_a_difference_of_its_pages(tree: Path) -> None:
    file = tree / "runtime/targets/_hopper.py"
    assert "batch_size=2048" in file.read_text()
    file.write_text(file.read_text().replace("batch_size=2048", "batch_size=2000"))

    findings = [f for f in check(load(tree)) if f.fails]

    page = next(f for f in findings if f.where == "targets/h200-sxm-141gb/resnet50.md")
    removed = "".join(line for line in page.diff.splitlines() if line.startswith("-"))
    added = "".join(line for line in page.diff.splitlines() if line.startswith("+"))
    assert "2048" in removed
    assert "2000" in added
    assert not any(f.where.startswith("targets/cpu") for f in findings)


def test_an_edited_comment_is_no_drift_of_any_figure(tree: Path) -> None:
    file = tree / "runtime/workloads/digits/__init__.py"
    file = file if file.is_file() else next((tree / "runtime/workloads").glob("digits*"))
    file.write_text(file.read_text() + "# a comment\n")
    # only what names files or their text may differ, never a guide
    assert not [where for where in failing(tree) if where.startswith("targets/")]


def test_page_that_is_no_longer_generated_is_named(tree: Path) -> None:
    (tree / "runtime/targets/h100_sxm_80gb.py").unlink()
    found = failing(tree)
    assert found["targets/h100-sxm-80gb/index.md"].startswith("no longer generated")


def test_long_differences_are_cut() -> None:
    diff = "\n".join(f"+{n}" for n in range(LONGEST_DIFF + 7))
    assert shorten(diff).splitlines()[-1] == "... 7 more lines"
    assert shorten("+a") == "+a"
