"""Whatever is edited: what is written again is what a build from nothing gives, byte by byte."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from docgen import unchanged, views
from docgen.build import read
from docgen.manifest import MANIFEST
from docgen.parts import Parts
from docgen.render import render, write
from docgen.trees import load_source

HERE = Path(__file__).parent
TREES = {"mill": HERE / "fixtures_registry/mill", "rack": HERE / "fixtures_exports/rack"}
NUMBER = re.compile(r"(?<== )[1-9][0-9]*$", re.MULTILINE)
DOCSTRING = re.compile(r'(?<=""")[A-Z][^"\n]+(?=""")')


def _pick(root, chance, holds):
    """Return a configuration, by chance, whose text has something; None without one."""
    files = [f for f in sorted((root / "configs").rglob("*.py")) if holds(f.read_text())]
    return chance.choice(files) if files else None


def _replace_one(root, chance, pattern, make):
    file = _pick(root, chance, pattern.search)
    if file is None:
        return
    text = file.read_text()
    found = chance.choice(list(pattern.finditer(text)))
    file.write_text(text[: found.start()] + make(found[0]) + text[found.end() :])


def _edit_value(root, chance):
    _replace_one(root, chance, NUMBER, lambda text: str(int(text) + chance.randint(1, 9)))


def _edit_base(root, chance):
    shift = re.compile(r"1 << [0-9]+")
    _replace_one(root, chance, shift, lambda _: f"1 << {chance.randint(4, 40)}")


def _edit_docstring(root, chance):
    _replace_one(root, chance, DOCSTRING, lambda _: f"Edited {chance.random()} <b> `c`.")


def _shift_lines(root, chance):
    file = _pick(root, chance, bool)
    file.write_text("# a comment that stands above all\n" + file.read_text())


def _remove_file(root, chance):
    """Remove a configuration that no other file needs: pages of a broken tree are kept."""
    alone = root / "configs/rye/Offline/__init__.py"
    if (root / "configs/flour").is_dir():
        alone.unlink(missing_ok=True)
        return
    file = _pick(root, chance, lambda text: "EXPORTS" in text)
    if file is not None:
        file.unlink()


def _add_system(root, chance):
    known = root / "configs/Y9x1"
    if known.is_dir():
        name = f"Y9x{chance.randint(2, 99)}"
        shutil.copytree(known, root / "configs" / name, dirs_exist_ok=True)
        return
    name = f"Partner_G9x{chance.randint(10, 99)}"
    for path in ("configs/flour/Offline/custom.py", "code/common/systems/custom_list.py"):
        text = (root / path).read_text()
        (root / path).write_text(text.replace("Partner_G9x3", name))


def _write_document(root, chance):
    (root / "README.md").write_text(f"# Read me\n\nBuilt {chance.random()} times.\n")


EDITS = (
    *(_edit_value, _edit_base, _edit_docstring, _shift_lines),
    *(_remove_file, _add_system, _write_document),
)


@pytest.fixture(name="root", params=TREES)
def _root(request, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path / "cache"))
    return Path(shutil.copytree(TREES[request.param], tmp_path / request.param, symlinks=True))


@pytest.fixture(name="made")
def _made(monkeypatch):
    """Return the list of the words of parts that were made."""
    found = []
    real = views.parts

    def counted(*given):
        for part in real(*given):

            def make(part=part):
                found.append(part.words)
                return list(part.make())

            yield replace(part, make=make)

    monkeypatch.setattr(views, "parts", counted)
    return found


def _write(config, made):
    """Write what must be written, compare with a rendering from nothing, return what was made."""
    reading = read(config)
    made.clear()
    write(reading.catalog, reading.evidence, config, parts=Parts.of(reading.evidence, config))
    again = [words for words in made if words]
    fresh = render(reading.catalog, reading.evidence, config)
    there = {
        p.relative_to(config.docs).as_posix(): p.read_text()
        for p in config.docs.rglob("*")
        if p.is_file() and p.name != MANIFEST
    }
    assert there == fresh
    return again


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 6))]
)
def test_pages_after_edits_by_chance_are_those_of_a_rendering_from_nothing(
    root, tmp_path, made, seed
):
    chance = random.Random(seed)
    config = load_source(root, tmp_path / "site")
    assert _write(config, made)
    for edit in chance.sample(EDITS, len(EDITS)):
        edit(root, chance)
        _write(config, made)
    assert _write(config, made) == []


def test_an_edit_of_one_value_makes_few_parts_again(tmp_path, made, monkeypatch):
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path / "cache"))
    root = Path(shutil.copytree(TREES["mill"], tmp_path / "mill"))
    config = load_source(root, tmp_path / "site")
    every = _write(config, made)
    file = root / "configs/3d-oats/Offline/__init__.py"
    text = file.read_text()
    assert NUMBER.search(text)
    file.write_text(NUMBER.sub("77", text, count=1))
    again = _write(config, made)
    assert again
    assert set(again) < set(every)


def test_parts_depend_on_templates_tools_and_files_on_disk(tmp_path, made, monkeypatch):
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path / "cache"))
    root = Path(shutil.copytree(TREES["mill"], tmp_path / "mill"))
    config = load_source(root, tmp_path / "site")
    templates = Path(shutil.copytree(config.templates, tmp_path / "templates"))
    config = replace(config, templates=templates)
    every = _write(config, made)
    assert _write(config, made) == []

    pages = sorted((config.docs / "targets").glob("*/*.md"))
    page = next(p for p in pages if p.name != "index.md")
    page.write_text("written by somebody")
    assert len(_write(config, made)) == 1

    settings = templates / "settings.md.j2"
    settings.write_text(settings.read_text().replace("#}", "#}\nA template of one's own.\n", 1))
    assert _write(config, made) == every
    assert "A template of one's own." in page.read_text()

    monkeypatch.setattr(unchanged, "hash_tools", lambda: b"another docgen")
    assert _write(config, made) == every

    (config.cache / "parts.msgpack").write_bytes(b"\xc1")
    assert _write(config, made) == every


def _build(root, site, cache):
    command = [sys.executable, "-m", "docgen", "build", "--source", str(root)]
    done = subprocess.run(
        [*command, "--output", str(site), "--jobs", "1", "--json"],
        env={**os.environ, "DOCGEN_CACHE": str(cache)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    report = json.loads(done.stdout)
    assert not report["warnings"], done.stderr.decode()
    return report


def _files(site):
    """Return every file of a site but what Sphinx alone keeps for itself."""
    return {
        p.relative_to(site).as_posix(): p.read_bytes()
        for p in site.rglob("*")
        if p.is_file() and not p.name.startswith(".buildinfo")
    }


def _check_site(root, site, tmp_path, name):
    fresh = tmp_path / name
    _build(root, fresh, tmp_path / f"cache-{name}")
    mine, theirs = _files(site), _files(fresh)
    assert mine.keys() == theirs.keys()
    assert [path for path in mine if mine[path] != theirs[path]] == []


@pytest.mark.site
def test_a_site_after_edits_is_that_of_a_build_from_nothing(tmp_path):
    chance = random.Random(4)
    root = Path(shutil.copytree(TREES["rack"], tmp_path / "rack", symlinks=True))
    site, cache = tmp_path / "site", tmp_path / "cache"
    _build(root, site, cache)
    for edits in ((_edit_value,), (_add_system, _shift_lines), (_edit_docstring, _write_document)):
        for edit in edits:
            edit(root, chance)
        _build(root, site, cache)
    _check_site(root, site, tmp_path, "fresh")


@pytest.mark.site
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_site_after_each_edit_is_that_of_a_build_from_nothing(root, tmp_path, seed):
    chance = random.Random(seed)
    site, cache = tmp_path / "site", tmp_path / "cache-site"
    _build(root, site, cache)
    for number, edit in enumerate(chance.sample(EDITS, len(EDITS))):
        edit(root, chance)
        _build(root, site, cache)
        _check_site(root, site, tmp_path, f"fresh{number}")
