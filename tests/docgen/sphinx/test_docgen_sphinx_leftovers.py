"""Only files that a build listed, and that lie in the site, are removed from it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from docgen.sphinx import leftovers


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("site/old/page.html", "site/kept.html", "site/own.html", "outside.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "trees").mkdir()
    monkeypatch.setattr(leftovers, "_outputs", lambda _: ["kept.html"])
    return SimpleNamespace(
        builder=SimpleNamespace(name="html"),
        outdir=tmp_path / "site",
        doctreedir=tmp_path / "trees",
    )


def remove(app: Any, listed: Any, exception: Exception | None = None) -> set[str]:
    place = Path(app.doctreedir) / leftovers.KEPT
    place.write_text(json.dumps(listed) if not isinstance(listed, str) else listed)
    leftovers._remove(app, exception)
    root = Path(app.outdir).parent
    return {p.relative_to(root).as_posix() for p in root.rglob("*.html")}


ALL = {"site/old/page.html", "site/kept.html", "site/own.html", "outside.html"}


def test_what_nothing_gives_any_more_goes_with_its_folder(app):
    assert remove(app, ["kept.html", "old/page.html"]) == ALL - {"site/old/page.html"}
    assert not (Path(app.outdir) / "old").exists()
    assert json.loads((Path(app.doctreedir) / leftovers.KEPT).read_text()) == ["kept.html"]


@pytest.mark.parametrize(
    "name",
    ["../outside.html", "old/../../outside.html", "", 3, None, "..\\outside.html", "gone.html"],
)
def test_a_list_that_was_tampered_with_removes_nothing(app, name):
    assert remove(app, [name]) == ALL


def test_an_absolute_name_removes_nothing(app):
    assert remove(app, [str(Path(app.outdir) / "own.html")]) == ALL


@pytest.mark.parametrize("listed", ["{", "{}", "null", "[[]]"])
def test_a_list_that_cannot_be_read_removes_nothing(app, listed):
    assert remove(app, listed) == ALL


def test_after_a_failed_build_everything_stays(app):
    assert remove(app, ["old/page.html"], RuntimeError()) == ALL
