"""A site is left alone only where its input and all that it consists of are as they were."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from docgen import unchanged
from docgen.trees import load_source

RACK = Path(__file__).parent / "fixtures_exports" / "rack"
SHOWN = "code/main.py"


@pytest.fixture(name="config")
def _config(tmp_path, monkeypatch):
    """A tree with pages and a site, as a build leaves them."""
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path / "cache"))
    root = Path(shutil.copytree(RACK, tmp_path / "rack"))
    (root / SHOWN).write_text("shown = 1\n")
    config = load_source(root, tmp_path / "site")
    for path in (config.docs / "a/b.md", config.site / "a/b.html", config.site / "index.html"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    unchanged.keep("key", config, (SHOWN,), generated=3, pages=2)
    return config


def test_a_build_is_found_again(config):
    state = unchanged.find("key", config)
    assert (state.generated, state.pages) == (3, 2)
    assert unchanged.qualifies(config)


def _touch(path):
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


CHANGES = {
    "a page of the site is gone": lambda c: (c.site / "index.html").unlink(),
    "a page of the site is longer": lambda c: (c.site / "a/b.html").write_text("longer"),
    "a page of the site was written again": lambda c: _touch(c.site / "a/b.html"),
    "the site has a file more": lambda c: (c.site / "more").write_text(""),
    "a source page was edited": lambda c: (c.docs / "a/b.md").write_text("other"),
    "a file that pages show was edited": lambda c: (c.root / SHOWN).write_text("shown = 2\n"),
    "a file that pages show is gone": lambda c: (c.root / SHOWN).unlink(),
    "the state cannot be read": lambda c: (c.cache / unchanged.STATE).write_bytes(b"\xc1"),
    "another build began": unchanged.forget,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_build_does_not_count_any_more_after_a_change(config, change):
    change(config)
    assert unchanged.find("key", config) is None


def test_a_build_of_other_input_does_not_count(config):
    assert unchanged.find("other", config) is None


def test_sites_that_depend_on_more_do_not_qualify(config):
    assert not unchanged.qualifies(replace(config, since="@v1"))
    (config.docs / "conf.py").write_text("")
    assert not unchanged.qualifies(config)


def test_the_key_depends_on_source_templates_and_configuration(config, tmp_path):
    from docgen.build import read

    reading = read(config)
    key = unchanged.make_key(reading.catalog, reading.evidence, config)
    assert unchanged.make_key(reading.catalog, reading.evidence, config) == key
    url = replace(config, repository_url="https://example.org/{path}#{line}")
    templates = Path(shutil.copytree(config.templates, tmp_path / "templates"))
    own = replace(config, templates=templates)
    found = {unchanged.make_key(reading.catalog, reading.evidence, c) for c in (config, url, own)}
    with next(templates.glob("*.j2")).open("a") as file:
        file.write("\n")
    found.add(unchanged.make_key(reading.catalog, reading.evidence, own))
    name = next(iter((config.root / "configs").rglob("*.py")))
    name.write_text(name.read_text() + "\n# more\n")
    edited = read(config)
    found.add(unchanged.make_key(edited.catalog, edited.evidence, config))
    assert len(found) == 5
