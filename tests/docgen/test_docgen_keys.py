"""What is kept of a tree is used again only while nothing that it depends on has changed."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from docgen import extract as module
from docgen import keys, listing
from docgen.catalog import to_json
from docgen.cli import main
from docgen.config import load
from docgen.extract import export, extract
from docgen.trees import load_source

RACK = Path(__file__).parent / "fixtures_exports" / "rack"
RIGS = Path(__file__).parent / "fixtures" / "rigs"
ALPHA = "configs/X100-SXM-80GBx2/Server/alpha.py"
HOUR = 3600


def settle(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a day go by for the stamps of a tree: it was written long ago."""
    now = time.time_ns() + 24 * HOUR * 10**9
    monkeypatch.setattr(keys.time, "time_ns", lambda: now)


@pytest.fixture
def rack(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCGEN_CACHE", str(tmp_path / "cache"))
    root = Path(shutil.copytree(RACK, tmp_path / "closed" / "rack"))
    (root / "Makefile").write_text("include rules.inc\nall:\n\tpython3 tools/run.py\n")
    (root / "rules.inc").write_text("more:\n\ttrue\n")
    (root / "tools").mkdir()
    (root / "tools/run.py").write_text(
        "import argparse\nargparse.ArgumentParser().add_argument('--fast')\n"
    )
    settle(root, monkeypatch)
    return root


@pytest.fixture
def reads(monkeypatch):
    """Return a list that gets a word for every time that a tree is really read."""
    found = []
    real = module._read
    monkeypatch.setattr(module, "_read", lambda *a: found.append("read") or real(*a))
    return found


def test_nothing_is_read_or_hashed_again_while_nothing_changed(rack, reads, monkeypatch):
    first = export(load_source(rack))
    assert reads == ["read"]
    monkeypatch.setattr(keys, "by_content", None)
    monkeypatch.setattr(module, "_choose", None)
    assert export(load_source(rack)) == first
    assert reads == ["read"]


@pytest.mark.parametrize(
    "name", [ALPHA, "Makefile", "rules.inc", "tools/run.py", "code/fields/loadgen.py"]
)
def test_a_change_of_any_file_is_seen(rack, reads, name):
    if not (rack / name).exists():
        name = next(p.relative_to(rack).as_posix() for p in (rack / "code").rglob("*.py"))
    export(load_source(rack))
    path = rack / name
    status = path.stat()
    data = path.read_bytes()
    # of equal length, and with the old time of change: only the time of the i-node tells
    path.write_bytes(data.replace(b"t", b"s", 1))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    changed = export(load_source(rack))
    assert reads == ["read", "read"]
    assert changed == (to_json(extract(load_source(rack), cache=False)), changed[1])


def test_new_and_removed_files_are_seen(rack, reads):
    _, before = export(load_source(rack))
    broken = rack / "configs/X100-SXM-80GBx2/Server/broken.py"
    broken.write_text("EXPORTS = {\n")
    _, errors = export(load_source(rack))
    assert len(errors) == len(before) + 1
    broken.unlink()
    assert export(load_source(rack))[1] == before
    assert reads == ["read", "read"]


def test_options_have_their_own_results(rack, reads):
    plain = extract(load_source(rack))
    folder = rack / "configs" / "alpha" / "Offline"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("@ConfigRegistry.register(1)\nclass A:\n    pass\n")
    config = load_source(rack)
    assert extract(config).dialect == plain.dialect == "exports"
    named = dataclasses.replace(config, dialect="registry")
    assert extract(named).dialect == "registry"
    assert extract(config).dialect == "exports"
    assert extract(dataclasses.replace(config, api=("tools",))) is not None
    assert len(reads) == 4


def test_another_docgen_reads_anew(rack, reads, tmp_path, monkeypatch):
    export(load_source(rack))
    other = tmp_path / "docgen"
    other.mkdir()
    (other / "new.py").write_text("")
    monkeypatch.setattr(keys, "own_listing", lambda: listing.listing(other))
    monkeypatch.setattr(keys, "_own_files", lambda: [other / "new.py"])
    export(load_source(rack))
    assert reads == ["read", "read"]


def test_stamps_that_are_too_young_are_not_trusted(rack, monkeypatch):
    now = max(p.stat().st_ctime_ns for p in rack.rglob("*"))
    monkeypatch.setattr(keys.time, "time_ns", lambda: now + keys.SETTLED_NS // 2)
    monkeypatch.setattr(keys, "own_listing", lambda: listing.Listing({}, ()))
    assert not keys.by_stamps(load_source(rack))
    monkeypatch.setattr(keys.time, "time_ns", lambda: now + keys.SETTLED_NS)
    assert keys.by_stamps(load_source(rack))


def test_a_linked_folder_is_followed_by_content(rack, reads, tmp_path):
    plain = extract(load_source(rack))
    outside = tmp_path / "outside"
    shutil.move(rack / "code", outside)
    (rack / "code").symlink_to(outside)
    (outside / "again").symlink_to(outside)
    assert not keys.by_stamps(load_source(rack))
    first = extract(load_source(rack))
    assert first.fields == plain.fields
    assert extract(load_source(rack)) == first
    path = outside / "fields/loadgen.py"
    path.write_text(path.read_text() + "# more\n")
    extract(load_source(rack))
    assert reads == ["read", "read"]


def test_tables_that_are_no_python_count(tmp_path, monkeypatch, reads):
    root = Path(shutil.copytree(RIGS, tmp_path / "rigs"))
    settle(root, monkeypatch)
    extract(load(root))
    table = root / "rig/mig/data/mig_profiles.json"
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text("{}")
    extract(load(root))
    assert reads == ["read", "read"]


def test_of_a_project_only_its_packages_are_looked_at(tmp_path, monkeypatch, reads):
    root = Path(shutil.copytree(RIGS, tmp_path / "rigs"))
    settle(root, monkeypatch)
    looked = []
    monkeypatch.setattr(
        keys, "listing", lambda place, **k: looked.append(place) or listing.listing(place, **k)
    )
    extract(load(root))
    names = {p.relative_to(root).as_posix() for p in looked if p.is_relative_to(root)}
    assert names == set(load(root).packages) | set(load(root).api)
    (root / "configs").mkdir()
    keys.by_stamps(load(root))
    assert root in looked, "with a folder that other dialects need, everything counts"


def test_of_a_document_the_name_alone_is_part_of_the_catalog(rack, reads):
    (rack / "README.md").write_text("Words.\n")
    export(load_source(rack))
    (rack / "README.md").write_text("Other words.\n")
    export(load_source(rack))
    assert reads == ["read"]
    (rack / "NOTES.txt").write_text("A file that a harness may open when it starts.\n")
    export(load_source(rack))
    assert reads == ["read", "read"]


def test_a_broken_kept_key_is_made_again(rack):
    first = export(load_source(rack))
    for file in load_source(rack).cache.glob("state-*"):
        file.write_bytes(b"../\xff")
    assert export(load_source(rack)) == first


def test_errors_are_kept_with_the_result(rack, tmp_path):
    (rack / "configs/Y9x1/Offline/beta.py").write_text("EXPORTS = {\n")
    told = []
    for number in range(2):
        output = tmp_path / f"{number}.json"
        done = CliRunner().invoke(main, ["export", "--source", str(rack), "--output", str(output)])
        told.append((done.exit_code, done.stderr.replace(str(output), ""), output.read_bytes()))
    assert told[0] == told[1]
    assert told[0][0] == 3
    assert "configs/Y9x1/Offline/beta.py:1:" in told[0][1]
    assert len(json.loads(told[0][2])["entries"]) == 10
