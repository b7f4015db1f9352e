"""The short Catalog that prose is held against is that of a whole reading, made with less work."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import pytest

from docgen import extract
from docgen.dialects import registry_checks
from docgen.trees import load_source

HERE = Path(__file__).parent
TREES = [
    *(HERE / "fixtures_registry").glob("*/"),
    *(HERE / "fixtures_exports").glob("*/"),
]
PUBLIC = Path(os.environ.get("CALLIOPE_TREES", "/nowhere"))


def settings(tree: Path, tmp_path: Path):
    return dataclasses.replace(load_source(tree), cache=tmp_path / "cache")


def both(config):
    """Return the short Catalog read for itself, and that of the whole one, with the file names."""
    brief = extract.extract_brief(config)
    kept = sorted(p.name.partition("-")[0] for p in config.cache.glob("*.msgpack"))
    shutil.rmtree(config.cache)
    extract.extract(config)
    return brief, extract.extract_brief(config), kept


@pytest.mark.parametrize(
    "tree", [t for t in TREES if (t / "configs").is_dir()], ids=lambda t: t.name
)
def test_the_short_catalog_is_that_of_a_whole_reading(tree, tmp_path):
    brief, expected, _ = both(settings(tree, tmp_path))
    assert brief == expected
    assert brief.entries


def test_a_registry_is_not_asked_for_verdicts(tmp_path, monkeypatch):
    config = settings(HERE / "fixtures_registry/mill", tmp_path)
    _, _, kept = both(config)
    assert kept == ["brief"]
    shutil.rmtree(config.cache)
    monkeypatch.setattr(registry_checks.Checks, "reasons", lambda *_: pytest.fail("was asked"))
    assert extract.extract_brief(config).entries


def test_a_kept_catalog_serves_without_another_reading(tmp_path, monkeypatch):
    config = settings(HERE / "fixtures_registry/mill", tmp_path)
    whole = extract.extract(config)
    for file in config.cache.glob("brief-*"):
        file.unlink()
    monkeypatch.setattr(extract, "_read", lambda *_: pytest.fail("was read again"))
    brief = extract.extract_brief(config)
    assert [e.key for e in brief.entries] == [e.key for e in whole.entries]


def test_after_a_short_reading_the_whole_catalog_is_whole(tmp_path):
    config = settings(HERE / "fixtures_registry/mill", tmp_path)
    extract.extract_brief(config)
    found = extract.extract(config)
    assert any(e.rejected for e in found.entries)
    assert all(e.values for e in found.entries)
    assert any(e.digest for e in found.entries)


@pytest.mark.trees
@pytest.mark.parametrize("path", ["v4.1/closed/NVIDIA", "v3.0/closed/NVIDIA", "v5.1/closed/NVIDIA"])
def test_so_it_is_for_public_trees(path, tmp_path):
    if not (PUBLIC / path).is_dir():
        pytest.skip(f"CALLIOPE_TREES has no {path}")
    brief, expected, _ = both(settings(PUBLIC / path, tmp_path))
    assert brief == expected
